//! Days of work as the whole numbers of which an order is computed.

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;

use crate::cost::CostPlan;
use crate::oci::{RegistryName, RepositoryName};
use crate::pricing::Effort;

/// The work of a repository for which none is configured. Our choice: then the order is by what each repository saves.
pub(super) const ASSUMED_DAYS: Decimal = Decimal::ONE;
/// Days are counted in thousandths. Our choice: half a minute of work.
const PARTS_OF_A_DAY: u64 = 1000;

/// The largest effort that a plan can be limited to, in days. Our choice: a million years of work.
pub const MOST_PLAN_DAYS: u32 = 365_000_000;

/// Reads days of work that a plan is limited to, such as `20` or `2.5`; `None` if they are none, or more than
/// [`MOST_PLAN_DAYS`].
pub fn plan_days(text: &str) -> Option<Decimal> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let days = text.parse::<Decimal>().ok().filter(|_| is_plain)?;
    (days <= Decimal::from(MOST_PLAN_DAYS)).then_some(days)
}

/// The work of switching a repository.
#[derive(Debug, Clone, Copy)]
pub(super) struct RepositoryEffort {
    /// In thousandths of a day.
    pub(super) parts: u64,
    /// As configured.
    pub(super) configured: Option<Effort>,
}

impl RepositoryEffort {
    pub(super) fn new(plan: &CostPlan, registry: &RegistryName, repository: &RepositoryName) -> Self {
        let configured = plan.effort(registry, repository);
        let days = configured.map_or(ASSUMED_DAYS, |effort| effort.days);
        Self {
            parts: parts(days),
            configured,
        }
    }
}

/// Days in thousandths, rounded. What is too large becomes the largest number, which no order accepts.
pub(super) fn parts(days: Decimal) -> u64 {
    let parts = days.checked_mul(Decimal::from(PARTS_OF_A_DAY));
    parts.and_then(|parts| parts.round().to_u64()).unwrap_or(u64::MAX)
}

/// Thousandths of a day as days.
pub(super) fn days(parts: u64) -> Decimal {
    (Decimal::from(parts) / Decimal::from(PARTS_OF_A_DAY)).normalize()
}

/// What so many bytes in so many thousandths of a day come to in a day; `None` without effort.
pub(super) fn per_day(bytes: i128, parts: u64) -> Option<i128> {
    (bytes * i128::from(PARTS_OF_A_DAY)).checked_div(i128::from(parts))
}

/// The largest amount of which all efforts are multiples.
pub(super) fn common_unit(efforts: impl IntoIterator<Item = u64>) -> u64 {
    efforts.into_iter().fold(0, num_integer::gcd).max(1)
}
