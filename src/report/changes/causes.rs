use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::Serialize;

use crate::units::{Currency, Money, MoneyError};

/// What can change: bytes, pulls and prices.
pub(super) const FACTORS: usize = 3;
/// The factor of bytes, as a bit of a combination.
pub(super) const BYTES: usize = 1;
/// The factor of pulls.
pub(super) const PULLS: usize = 2;
/// The factor of prices.
pub(super) const PRICES: usize = 4;
/// The number of combinations of changed factors.
pub(super) const COMBINATIONS: usize = 1 << FACTORS;

/// The decimals of a cause before what rounding leaves over is added to the largest. Our choice: far below a minor
/// unit.
const DECIMALS: u32 = 12;

/// The parts of a difference in cost, by cause. They add up to the difference to the last digit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ChangeCauses {
    /// Because of how often images are pulled.
    pub pulls: Money,
    /// The stored bytes, how they are shared, and the bytes that a pull moves.
    pub bytes: Money,
    /// Because of other prices in a newer edition of the price book, or another length of the month.
    pub prices: Money,
    /// The whole cost of repositories that are new, less that of those that are gone.
    pub new_or_gone: Money,
}

/// A change of cost: a calendar month at the level of each moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct CostChange {
    /// The cost of a month at the first moment.
    pub before: Money,
    /// The cost of a month at the second moment.
    pub after: Money,
    /// `after` less `before`.
    pub difference: Money,
    /// The parts of the difference by cause. They add up to it to the last digit.
    pub because: ChangeCauses,
}

impl ChangeCauses {
    /// Nothing.
    pub(super) fn zero(currency: Currency) -> Self {
        let zero = Money::zero(currency);
        Self {
            pulls: zero,
            bytes: zero,
            prices: zero,
            new_or_gone: zero,
        }
    }

    /// The causes of the difference between no factor changed and all changed, given the cost in every combination.
    ///
    /// # Errors
    /// If the currencies differ, or amounts leave the range of exact numbers.
    pub(super) fn from_combinations(costs: &[Money; COMBINATIONS]) -> Result<Self, MoneyError> {
        let currency = costs[0].currency();
        let difference = costs[COMBINATIONS - 1].checked_sub(costs[0])?;
        let mut parts = [Money::zero(currency); FACTORS];
        for (part, factor) in parts.iter_mut().zip([BYTES, PULLS, PRICES]) {
            *part = shapley_value(costs, factor)?;
        }
        let sum = Money::checked_total(currency, parts)?;
        let left = difference.checked_sub(sum)?;
        if let Some(largest) = parts.iter_mut().max_by_key(|part| part.amount().abs()) {
            *largest = largest.checked_add(left)?;
        }
        let [bytes, pulls, prices] = parts;
        Ok(Self {
            pulls,
            bytes,
            prices,
            new_or_gone: Money::zero(currency),
        })
    }

    /// The sum, cause by cause.
    pub(super) fn checked_add(self, other: Self) -> Result<Self, MoneyError> {
        Ok(Self {
            pulls: self.pulls.checked_add(other.pulls)?,
            bytes: self.bytes.checked_add(other.bytes)?,
            prices: self.prices.checked_add(other.prices)?,
            new_or_gone: self.new_or_gone.checked_add(other.new_or_gone)?,
        })
    }
}

/// The mean change that a factor adds, over all orders in which three factors can change, rounded.
fn shapley_value(costs: &[Money; COMBINATIONS], factor: usize) -> Result<Money, MoneyError> {
    let currency = costs[0].currency();
    let mut sixths = Money::zero(currency);
    for before in (0..COMBINATIONS).filter(|combination| combination & factor == 0) {
        let added = costs[before | factor].checked_sub(costs[before])?;
        // Of the six orders, two begin with the factor, two end with it, and one each has one other before it.
        let orders = match before.count_ones() {
            1 => 1,
            _ => 2,
        };
        sixths = sixths.checked_add(added.checked_mul(Decimal::from(orders))?)?;
    }
    let mean = (sixths.amount() / Decimal::from(6)).round_dp(DECIMALS);
    Ok(Money::new(mean, currency))
}
