use serde::Serialize;

use crate::units::Money;

/// What a group costs in a month.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GroupCost {
    /// All of it.
    pub month: Money,
    /// Its part of flat fees.
    pub fee: Money,
    /// Its part of what is paid for stored bytes.
    pub storage: Money,
    /// Its part of what is paid for moved bytes.
    pub transfer: Money,
    /// What of `month` is no repository's; it counts to what is unassigned.
    pub unallocated: Money,
    /// What it would cost if all switched that should; the single best figure.
    pub alpine_month: Money,
    /// What would be saved; the single best figure.
    pub saving: Money,
}
