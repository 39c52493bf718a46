use schemars::JsonSchema;
use serde::Serialize;
use strum::{EnumString, IntoStaticStr, VariantArray};

/// The state of a crawl.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    IntoStaticStr,
    EnumString,
    VariantArray,
    JsonSchema,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum CrawlState {
    /// It has been asked for and waits for a worker.
    Queued,
    /// It has not ended, or its process was killed and nobody has noticed.
    Running,
    /// Everything in its scope could be read.
    Complete,
    /// Faults cost it something.
    Incomplete,
    /// It never came to its end. What it had saved is used.
    Interrupted,
    /// It could not be done at all; its message says why.
    Failed,
}

impl CrawlState {
    /// The state as it is written in the store.
    pub const fn as_str(self) -> &'static str {
        self.into_str()
    }

    /// Whether it has come to an end of whatever kind.
    pub fn is_over(self) -> bool {
        !matches!(self, Self::Queued | Self::Running)
    }
}
