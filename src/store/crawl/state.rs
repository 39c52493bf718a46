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
#[strum(serialize_all = "snake_case")]
pub enum CrawlState {
    /// Requested, waiting for a worker.
    Queued,
    /// In progress, or its process was killed and that has not been noticed yet.
    Running,
    /// In progress, but a user cancelled it: it stops within seconds. Stored as running, with the time of the request.
    Cancelling,
    /// Everything in its scope was read.
    Complete,
    /// Something could not be read.
    Incomplete,
    /// It ended early. What it saved stays.
    Interrupted,
    /// It could not be done at all; its message says why.
    Failed,
    /// A user cancelled it. What it saved stays, and the next crawl continues from it.
    Cancelled,
}

impl CrawlState {
    /// The state as stored in the database.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Whether the crawl has ended, in any way.
    pub fn is_over(self) -> bool {
        !matches!(self, Self::Queued | Self::Running | Self::Cancelling)
    }
}
