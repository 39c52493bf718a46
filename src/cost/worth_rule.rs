//! Whether a saving is worth the work.

use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr, VariantArray};

use super::error::CostError;
use crate::pricing::{Effort, Payback, payback};
use crate::units::{Currency, Money};

/// Whether moving a repository to Alpine is worth it.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    IntoStaticStr,
    EnumString,
    VariantArray,
    JsonSchema,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Worth {
    /// It saves enough, and soon enough.
    WorthIt,
    /// It gets smaller, but costs as much as before or more.
    SavesNothing,
    /// It saves less than `[worth] minimum_saving`.
    SavesTooLittle,
    /// The work is paid back later than `[worth] longest_payback`.
    PaysBackTooLate,
}

impl Worth {
    /// The word in the database and in answers.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// What makes a move worth it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WorthRule {
    /// What a repository must save in a month.
    pub minimum_saving: MinimumSaving,
    /// After how many months the work on a repository must be paid back, where the effort is known.
    pub longest_payback: u32,
}

/// The least saving that is worth any work, in a month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MinimumSaving {
    /// The amount.
    pub amount: Decimal,
    /// Its currency; `None` for the currency of each price book.
    pub currency: Option<Currency>,
}

impl MinimumSaving {
    /// The amount in the currency of a price book; `None` if it is set in another currency.
    pub fn in_currency(self, currency: Currency) -> Option<Money> {
        let is_other = self.currency.is_some_and(|own| own != currency);
        (!is_other).then(|| Money::new(self.amount, currency))
    }
}

impl Default for WorthRule {
    /// Ten units of the currency a month: about two hours of an engineer's time in a year. Twelve months: the move pays
    /// within one budget. Our choice, December 2026.
    fn default() -> Self {
        Self {
            minimum_saving: MinimumSaving {
                amount: Decimal::TEN,
                currency: None,
            },
            longest_payback: 12,
        }
    }
}

impl WorthRule {
    /// Whether a move that saves so much a month is worth this effort.
    ///
    /// # Errors
    /// If the currencies of saving, minimum and effort differ.
    pub fn judge(&self, saving: Money, effort: Option<Effort>) -> Result<Worth, CostError> {
        if saving.rounded().amount() <= Decimal::ZERO {
            return Ok(Worth::SavesNothing);
        }
        let minimum = self.minimum_saving.in_currency(saving.currency());
        let minimum = minimum.ok_or(CostError::MinimumSaving {
            currency: saving.currency(),
        })?;
        if saving.checked_sub(minimum)?.amount() < Decimal::ZERO {
            return Ok(Worth::SavesTooLittle);
        }
        let months = effort.map(|effort| payback(effort, saving)).transpose()?;
        Ok(match months {
            Some(Payback::Months(months)) if months > Decimal::from(self.longest_payback) => {
                Worth::PaysBackTooLate
            }
            Some(Payback::Never) => Worth::PaysBackTooLate,
            Some(Payback::Months(_) | Payback::AtOnce) | None => Worth::WorthIt,
        })
    }
}
