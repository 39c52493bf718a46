use schemars::JsonSchema;
use serde::Serialize;

use crate::store::StoreError;

/// The state of a crawl.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
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
    /// Every state.
    pub const ALL: [Self; 6] = [
        Self::Queued,
        Self::Running,
        Self::Complete,
        Self::Incomplete,
        Self::Interrupted,
        Self::Failed,
    ];

    /// The state as it is written in the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Complete => "complete",
            Self::Incomplete => "incomplete",
            Self::Interrupted => "interrupted",
            Self::Failed => "failed",
        }
    }

    /// Whether it has come to an end of whatever kind.
    pub fn is_over(self) -> bool {
        !matches!(self, Self::Queued | Self::Running)
    }

    pub(in crate::store) fn parse(text: &str) -> Result<Self, StoreError> {
        Self::ALL
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or_else(|| StoreError::inconsistent("crawl", format!("state {text}")))
    }
}
