use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Deserialize, Serialize};

use crate::units::Money;

use super::bill::Bill;
use super::error::PricingError;
use super::line::Charge;

/// The difference between two bills: before less after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Saving {
    /// The exact difference; negative where the change costs more.
    pub amount: Money,
    /// Why it is zero, if it is.
    pub nothing_because: Option<NoSaving>,
}

/// Why fewer bytes save nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoSaving {
    /// Stored bytes are already within the included quota.
    BelowQuota,
    /// The plan has no price per byte.
    FreeOfCharge,
    /// The change does not affect what is billed.
    NothingBilledLess,
}

impl NoSaving {
    /// The reason as a sentence.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::BelowQuota => "what is stored is within the included quota, so fewer bytes cost the same",
            Self::FreeOfCharge => "the plan has no price per byte, so fewer bytes cost the same",
            Self::NothingBilledLess => "the change leaves what is billed as it is",
        }
    }
}

/// Compares two bills of one registry over one period under one price book.
///
/// # Errors
/// If the bills differ in period, book or currency.
pub fn saving(before: &Bill, after: &Bill) -> Result<Saving, PricingError> {
    if (&before.book, &before.book_version, before.period) != (&after.book, &after.book_version, after.period)
    {
        return Err(PricingError::Mismatch(
            "only bills of one period under one edition of a price book can be compared".to_owned(),
        ));
    }
    let amount = before.total.checked_sub(after.total)?;
    let nothing_because = if amount.is_zero() {
        Some(why_nothing(before))
    } else {
        None
    };
    Ok(Saving {
        amount,
        nothing_because,
    })
}

impl Saving {
    /// Divides the saving among repositories by the drop of their attributed bytes (negative if they grow), in the given
    /// order. The parts add up to it exactly; if nothing is saved, every part is zero.
    ///
    /// # Errors
    /// If there is a saving and the drops add up to zero.
    pub fn divide(&self, drops: &[i128]) -> Result<Vec<Money>, PricingError> {
        Ok(self.amount.divide(drops)?)
    }
}

fn why_nothing(before: &Bill) -> NoSaving {
    let by_bytes = |charge: Charge| charge.is_storage() || charge.is_transfer();
    let mut lines = before.lines.iter().filter(|line| by_bytes(line.charge));
    if lines.any(|line| !line.cost.is_zero()) {
        return NoSaving::NothingBilledLess;
    }
    let has_worth = before
        .lines
        .iter()
        .filter_map(|line| line.worth)
        .any(|worth| !worth.is_zero());
    if has_worth {
        NoSaving::BelowQuota
    } else {
        NoSaving::FreeOfCharge
    }
}

/// The effort of moving to Alpine: days of work at a rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Effort {
    /// Days of work.
    pub days: Decimal,
    /// The cost of a day.
    pub day_rate: Money,
}

impl Effort {
    /// The cost, exactly.
    ///
    /// # Errors
    /// If it cannot be exact.
    pub fn cost(self) -> Result<Money, PricingError> {
        Ok(self.day_rate.checked_mul(self.days)?)
    }
}

/// When an effort has paid for itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Payback {
    /// Immediately: it costs nothing.
    AtOnce,
    /// After this many months, rounded up to a tenth.
    Months(Decimal),
    /// Never: nothing is saved.
    Never,
}

/// How many months of the saving pay for the effort.
///
/// # Errors
/// If the currencies differ.
pub fn payback(effort: Effort, saved_per_month: Money) -> Result<Payback, PricingError> {
    let cost = effort.cost()?;
    // Fails if the currencies differ.
    cost.checked_sub(saved_per_month)?;
    if cost.amount() <= Decimal::ZERO {
        return Ok(Payback::AtOnce);
    }
    if saved_per_month.amount() <= Decimal::ZERO {
        return Ok(Payback::Never);
    }
    let months = cost
        .amount()
        .checked_div(saved_per_month.amount())
        .ok_or(PricingError::Overflow)?;
    let rounded = months.round_dp_with_strategy(1, RoundingStrategy::ToPositiveInfinity);
    Ok(Payback::Months(rounded.normalize()))
}

#[cfg(test)]
mod tests {
    use crate::units::Currency;

    use super::*;

    fn usd(text: &str) -> Money {
        Money::new(text.parse().unwrap(), Currency::USD)
    }

    #[test]
    fn an_effort_pays_back_or_never_does() {
        let effort = Effort {
            days: "1.5".parse().unwrap(),
            day_rate: usd("800"),
        };
        // 1200 / 110 = 10.909…
        assert_eq!(
            payback(effort, usd("110")),
            Ok(Payback::Months("11".parse().unwrap()))
        );
        assert_eq!(
            payback(effort, usd("115")),
            Ok(Payback::Months("10.5".parse().unwrap()))
        );
        assert_eq!(payback(effort, usd("0")), Ok(Payback::Never));
        assert_eq!(payback(effort, usd("-3")), Ok(Payback::Never));
        assert_eq!(
            payback(
                Effort {
                    days: Decimal::ZERO,
                    ..effort
                },
                usd("0")
            ),
            Ok(Payback::AtOnce)
        );
        let euro = Money::zero("EUR".parse().unwrap());
        assert!(payback(effort, euro).is_err());
    }
}
