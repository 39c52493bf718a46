use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr, VariantArray};

/// The kinds of events that a receiver can choose.
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
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum EventKind {
    /// Once a week: the headline, what changed, and the budgets.
    WeeklySummary,
    /// The cost of a month has reached a level of its budget.
    BudgetExceeded,
    /// A coming month is expected to exceed its budget.
    BudgetForecast,
    /// A crawl failed or could not read everything, and the one before did.
    CrawlFailed,
    /// A registry is priced by another price book or another edition of it.
    PriceChange,
    /// `tare notify test` was run. It cannot be chosen.
    Test,
}

impl EventKind {
    /// The name in settings, templates and messages.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}
