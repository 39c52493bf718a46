use std::collections::BTreeMap;

use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::Serialize;

use crate::cost::CostParts;
use crate::pulls::PullSource;
use crate::units::{Currency, Money, MoneyError};

/// The decimals of a share. Our choice: hundredths of a per cent.
const SHARE_DECIMALS: u32 = 4;

/// How the pulls are known that a cost rests on. Intervals of amounts are of image sizes: they hold if pulls are as
/// assumed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PullBasis {
    /// The number of repositories by the source of their pull counts.
    #[schemars(with = "BTreeMap<String, usize>")]
    pub pulls_sources: BTreeMap<PullSource, usize>,
    /// The part of `transfer` that rests on assumed pulls.
    pub assumed_transfer: Money,
    /// The share of `month` that rests on assumed pulls, from 0 to 1; null if the month costs nothing.
    #[schemars(with = "Option<String>")]
    pub assumed_pulls_share: Option<Decimal>,
}

impl PullBasis {
    /// No repositories.
    pub(super) fn zero(currency: Currency) -> Self {
        Self {
            pulls_sources: BTreeMap::new(),
            assumed_transfer: Money::zero(currency),
            assumed_pulls_share: None,
        }
    }

    /// Adds a repository. The share is stale until [`Self::of_month`].
    ///
    /// # Errors
    /// If the currencies differ, or a sum is too large to be exact.
    pub(super) fn add(&mut self, source: PullSource, parts: CostParts) -> Result<(), MoneyError> {
        *self.pulls_sources.entry(source).or_default() += 1;
        if source == PullSource::Assumed {
            self.assumed_transfer = self.assumed_transfer.checked_add(parts.transfer)?;
        }
        Ok(())
    }

    /// Computes the share of a whole month's cost.
    pub(super) fn of_month(&mut self, month: Money) {
        self.assumed_pulls_share = share(self.assumed_transfer, month);
    }
}

/// The share of a repository's cost that rests on assumed pulls; `None` if it costs nothing.
pub(super) fn assumed_share(source: PullSource, parts: CostParts) -> Option<Decimal> {
    let assumed = match source {
        PullSource::Assumed => parts.transfer,
        PullSource::None | PullSource::Imported | PullSource::Metered => Money::zero(parts.total.currency()),
    };
    share(assumed, parts.total)
}

fn share(part: Money, whole: Money) -> Option<Decimal> {
    let share = part.amount().checked_div(whole.amount())?;
    Some(share.round_dp(SHARE_DECIMALS).normalize())
}
