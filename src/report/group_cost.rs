use schemars::JsonSchema;
use serde::Serialize;

use super::pull_basis::PullBasis;
use crate::cost::{CostParts, MonthlyCostParts, WorthSums};
use crate::units::{Currency, Money};

/// What a group costs in a month, in one currency.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct GroupCost {
    /// The cost by kind. The total includes `unallocated`, which has no kind here.
    #[serde(flatten, with = "MonthlyCostParts")]
    pub parts: CostParts,
    /// The part of `month` that is not allocated to a repository.
    pub unallocated: Money,
    /// The former name of `on_alpine`.
    #[schemars(extend("deprecated" = true))]
    pub alpine_month: Money,
    /// What the month would cost if every repository switched that should; the best single estimate.
    pub on_alpine: Money,
    /// What would be saved; the best single estimate.
    pub saving: Money,
    /// What would be saved if only the repositories moved that are worth it; the best single estimate.
    pub worth_it_saving: Money,
    /// The part of `worth_it_saving` that comes from moved bytes; the rest comes from stored bytes.
    pub worth_it_transfer_saving: Money,
    /// How many of the repositories that should switch are worth it and how many are not, with what they save if all
    /// that should switch do.
    pub worth: WorthSums,
    /// How the pulls are known that the transfer rests on.
    #[serde(flatten)]
    pub pulls: PullBasis,
}

impl GroupCost {
    /// A group that costs nothing.
    pub(super) fn zero(currency: Currency) -> Self {
        let zero = Money::zero(currency);
        Self {
            parts: CostParts::zero(currency),
            unallocated: zero,
            alpine_month: zero,
            on_alpine: zero,
            saving: zero,
            worth_it_saving: zero,
            worth_it_transfer_saving: zero,
            worth: WorthSums::zero(currency),
            pulls: PullBasis::zero(currency),
        }
    }
}
