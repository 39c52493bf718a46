use std::fmt;

use rust_decimal::{Decimal, RoundingStrategy};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::significant::{grouped, two_digits};
use super::{Currency, Inexact, NoWeight, apportion_signed, exact_product, exact_sum};

/// An exact amount in a currency; may be negative.
///
/// Every digit is kept. Amounts are rounded to the minor unit only when they are formatted: by `{}`, by
/// [`Money::rounded`] or, for rows that must add up, by [`round_rows`]. Serialized as
/// `{"amount": "18.6", "currency": "USD"}`: as text, because many JSON readers turn numbers into floats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[schemars(description = "An exact amount of money, not rounded.")]
pub struct Money {
    /// The amount in decimal digits.
    amount: Decimal,
    /// The code of ISO 4217.
    currency: Currency,
}

/// Why an operation on amounts failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// The amounts are in different currencies. There are no exchange rates here.
    #[error("amounts in {left} and {right} cannot be added without an exchange rate")]
    CurrencyMismatch {
        /// The currency of the first amount.
        left: Currency,
        /// The currency of the second.
        right: Currency,
    },
    /// The result would have to be rounded.
    #[error(transparent)]
    Inexact(#[from] Inexact),
    /// All weights are zero, so the amount cannot be divided.
    #[error(transparent)]
    NoWeight(#[from] NoWeight),
}

impl Money {
    /// Creates an amount. Trailing zeros are dropped, so equal amounts look equal.
    pub fn new(amount: Decimal, currency: Currency) -> Self {
        Self {
            amount: amount.normalize(),
            currency,
        }
    }

    /// Zero in a currency.
    pub const fn zero(currency: Currency) -> Self {
        Self {
            amount: Decimal::ZERO,
            currency,
        }
    }

    /// The exact amount.
    pub const fn amount(self) -> Decimal {
        self.amount
    }

    /// The currency.
    pub const fn currency(self) -> Currency {
        self.currency
    }

    /// Whether the amount is exactly zero.
    pub fn is_zero(self) -> bool {
        self.amount.is_zero()
    }

    /// The exact sum.
    pub fn checked_add(self, other: Self) -> Result<Self, MoneyError> {
        if self.currency != other.currency {
            return Err(MoneyError::CurrencyMismatch {
                left: self.currency,
                right: other.currency,
            });
        }
        Ok(Self::new(exact_sum(self.amount, other.amount)?, self.currency))
    }

    /// The exact difference.
    pub fn checked_sub(self, other: Self) -> Result<Self, MoneyError> {
        self.checked_add(Self {
            amount: -other.amount,
            ..other
        })
    }

    /// A unit price times a quantity, exactly.
    pub fn checked_mul(self, quantity: Decimal) -> Result<Self, MoneyError> {
        Ok(Self::new(exact_product(self.amount, quantity)?, self.currency))
    }

    /// The exact sum of many amounts in one currency; zero if there are none.
    pub fn checked_total(
        currency: Currency,
        amounts: impl IntoIterator<Item = Self>,
    ) -> Result<Self, MoneyError> {
        amounts
            .into_iter()
            .try_fold(Self::zero(currency), Self::checked_add)
    }

    /// Divides the amount by weights, which may be negative. The parts add up to it exactly.
    ///
    /// Parts are cut at the amount's last digit, or at nine decimals if it has fewer.
    pub fn divide(self, weights: &[i128]) -> Result<Vec<Self>, MoneyError> {
        /// Our choice: a billionth of a currency unit is below every price in a price book.
        const MIN_DECIMALS: u32 = 9;
        let finer = MIN_DECIMALS.saturating_sub(self.amount.scale());
        let total = self
            .amount
            .mantissa()
            .checked_mul(10_i128.pow(finer))
            .ok_or(Inexact)?;
        let scale = self.amount.scale() + finer;
        let part = |mantissa| {
            let amount = Decimal::try_from_i128_with_scale(mantissa, scale).map_err(|_| Inexact)?;
            Ok(Self::new(amount, self.currency))
        };
        apportion_signed(total, weights)?.into_iter().map(part).collect()
    }

    /// The amount rounded to the currency's minor unit, halves away from zero.
    pub fn rounded(self) -> Self {
        let decimals = self.currency.decimals();
        let amount = self
            .amount
            .round_dp_with_strategy(decimals, RoundingStrategy::MidpointAwayFromZero);
        Self { amount, ..self }
    }

    /// The amount as text where it is a guess: two significant digits, never finer than the minor unit, such as
    /// `880 USD` for 883.10. `{}` shows all digits of the minor unit.
    pub fn approximate(self) -> String {
        format!("{} {}", self.approximate_number(), self.currency)
    }

    /// [`Self::approximate`] without the currency.
    pub fn approximate_number(self) -> String {
        let amount = two_digits(self.rounded().amount);
        // 5 USD is written 5.0 USD: the second digit is known, and it is zero.
        let is_small = amount.abs() < Decimal::TEN && !amount.is_zero() && amount.scale() == 0;
        let text = if is_small && self.currency.decimals() > 0 {
            format!("{amount:.1}")
        } else {
            amount.to_string()
        };
        grouped(&text)
    }
}

/// Rounded to the minor unit with the currency: `18.60 USD`. `{:#}` omits the currency.
impl fmt::Display for Money {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let decimals = self.currency.decimals() as usize;
        let amount = self.rounded().amount;
        // A rounded -0.001 is zero, and zero has no sign.
        let amount = if amount.is_zero() { Decimal::ZERO } else { amount };
        let text = if formatter.alternate() {
            format!("{amount:.decimals$}")
        } else {
            format!("{amount:.decimals$} {}", self.currency)
        };
        formatter.pad_integral(true, "", &text)
    }
}

/// Rounds rows to the minor unit so that they add up to their rounded total.
///
/// Each row is rounded down, and the minor units missing from the total go one each to the rows that lost most. So no
/// row differs from its exact amount by a whole minor unit.
pub fn round_rows(rows: &[Money]) -> Result<Vec<Money>, MoneyError> {
    let Some(first) = rows.first() else {
        return Ok(Vec::new());
    };
    let currency = first.currency;
    let decimals = currency.decimals();
    let mut missing = Money::checked_total(currency, rows.iter().copied())?.rounded();
    let mut rounded = Vec::with_capacity(rows.len());
    let mut lost = Vec::with_capacity(rows.len());
    for (index, row) in rows.iter().enumerate() {
        let floor = row
            .amount
            .round_dp_with_strategy(decimals, RoundingStrategy::ToNegativeInfinity);
        let floor = Money::new(floor, currency);
        missing = missing.checked_sub(floor)?;
        lost.push((row.checked_sub(floor)?.amount, index));
        rounded.push(floor);
    }
    lost.sort_by(|(one, first), (other, second)| other.cmp(one).then(first.cmp(second)));
    let minor_unit = Money::new(Decimal::new(1, decimals), currency);
    for (_, index) in lost {
        if missing.amount <= Decimal::ZERO {
            break;
        }
        rounded[index] = rounded[index].checked_add(minor_unit)?;
        missing = missing.checked_sub(minor_unit)?;
    }
    Ok(rounded)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn usd(text: &str) -> Money {
        Money::new(text.parse().unwrap(), Currency::USD)
    }

    #[test]
    fn shows_the_minor_unit_and_keeps_the_rest() {
        assert_eq!(usd("18.6").to_string(), "18.60 USD");
        assert_eq!(usd("0.005").to_string(), "0.01 USD");
        assert_eq!(usd("-0.001").to_string(), "0.00 USD");
        assert_eq!(format!("{:#}", usd("-1.5")), "-1.50");
        assert_eq!(format!("{:>10}", usd("1")), "  1.00 USD");
        let yen = Money::new("99.5".parse().unwrap(), "JPY".parse().unwrap());
        assert_eq!(yen.to_string(), "100 JPY");
        assert_eq!(
            serde_json::to_string(&usd("18.60")).unwrap(),
            r#"{"amount":"18.6","currency":"USD"}"#
        );
        let read: Money = serde_json::from_str(r#"{"amount":"18.600","currency":"USD"}"#).unwrap();
        assert_eq!(read, usd("18.6"));
    }

    #[test]
    fn a_guess_has_two_digits_and_is_never_finer_than_the_minor_unit() {
        for (exact, shown) in [
            ("883.104", "880 USD"),
            ("2433.21", "2,400 USD"),
            ("1234567.8", "1,200,000 USD"),
            ("41.63", "42 USD"),
            ("5.04", "5.0 USD"),
            ("0.2749", "0.27 USD"),
            ("0.0049", "0 USD"),
            ("-17.5", "-18 USD"),
        ] {
            assert_eq!(usd(exact).approximate(), shown);
        }
        let yen = Money::new("7.4".parse().unwrap(), "JPY".parse().unwrap());
        assert_eq!(yen.approximate(), "7 JPY");
    }

    #[test]
    fn refuses_to_add_currencies() {
        let euro = Money::zero("EUR".parse().unwrap());
        assert!(matches!(
            usd("1").checked_add(euro),
            Err(MoneyError::CurrencyMismatch { .. })
        ));
    }

    #[test]
    fn divides_to_the_last_digit() {
        assert_eq!(
            usd("0.1").divide(&[1, 1, 1]).unwrap(),
            [usd("0.033333334"), usd("0.033333333"), usd("0.033333333")]
        );
        assert_eq!(usd("10").divide(&[3, -1]).unwrap(), [usd("15"), usd("-5")]);
        assert_eq!(usd("0").divide(&[0, 0]).unwrap(), [usd("0"), usd("0")]);
        assert!(usd("1").divide(&[0, 0]).is_err());
    }

    #[test]
    fn three_thirds_of_a_dime_add_up() {
        let rows = [usd("0.0333333333"), usd("0.0333333333"), usd("0.0333333334")];
        assert_eq!(
            round_rows(&rows).unwrap(),
            [usd("0.03"), usd("0.03"), usd("0.04")]
        );
    }

    proptest! {
        #[test]
        fn rounded_rows_add_up_and_stay_near(parts in prop::collection::vec(-1_000_000_i64..1_000_000, 1..30)) {
            let rows: Vec<Money> = parts.iter().map(|&part| Money::new(Decimal::new(part, 5), Currency::USD)).collect();
            let shown = round_rows(&rows).unwrap();
            let total = Money::checked_total(Currency::USD, rows.iter().copied()).unwrap().rounded();
            prop_assert_eq!(Money::checked_total(Currency::USD, shown.iter().copied()).unwrap(), total);
            for (row, shown) in rows.iter().zip(&shown) {
                prop_assert!((row.amount() - shown.amount()).abs() < Decimal::new(1, 2));
            }
        }
    }
}
