use schemars::JsonSchema;
use serde::Serialize;

use crate::cost::{CostParts, MonthlyCostParts};
use crate::units::Money;

/// What a group costs in a month, in one currency.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct GroupCost {
    /// The cost by kind. The total includes `unallocated`, which has no kind here.
    #[serde(flatten, with = "MonthlyCostParts")]
    pub parts: CostParts,
    /// The part of `month` that is not allocated to a repository.
    pub unallocated: Money,
    /// What the month would cost if every repository switched that should; the best single estimate.
    pub alpine_month: Money,
    /// What would be saved; the best single estimate.
    pub saving: Money,
}
