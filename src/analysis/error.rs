use chrono::{DateTime, Utc};

use crate::cost::CostError;
use crate::oci::RegistryName;
use crate::report::{ReportError, UnclearReference};
use crate::store::StoreError;
use crate::units::FutureMonth;

/// Why an analysis gives no answer.
#[derive(Debug, thiserror::Error)]
pub enum AnalysisError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The content cannot be analysed.
    #[error(transparent)]
    Report(#[from] ReportError),
    /// A registry's costs cannot be computed.
    #[error("cannot draw up the bill of {registry}: {reason}")]
    Statement {
        /// The registry.
        registry: RegistryName,
        /// What is wrong.
        reason: CostError,
    },
    /// A document that is to be kept cannot be written.
    #[error("cannot write {document} as JSON: {reason}")]
    Json {
        /// The document.
        document: &'static str,
        /// What is wrong.
        reason: serde_json::Error,
    },
    /// The month to close, as `YYYY-MM`, is not over.
    #[error("{0} is not over yet, so it cannot be closed; it can be exported")]
    MonthNotOver(String),
    /// The month has not begun.
    #[error(transparent)]
    Future(#[from] FutureMonth),
    /// The history begins after the moment that was asked for.
    #[error("nothing is known of {}; {}", .moment.format("%Y-%m-%d"), begins(.first.as_ref()))]
    BeforeHistory {
        /// The moment.
        moment: DateTime<Utc>,
        /// When the history begins; `None` if there is none.
        first: Option<DateTime<Utc>>,
    },
    /// The tags of the moment that was asked for are no longer kept.
    #[error(
        "{registry} cannot be shown as of {}: the tags of that day are no longer kept (retention.tag_history), or other platforms \
         counted then; its bytes and costs of that day are in the history", .moment.format("%Y-%m-%d")
    )]
    HistoryPruned {
        /// The registry.
        registry: RegistryName,
        /// The moment.
        moment: DateTime<Utc>,
    },
    /// The store holds no registry.
    #[error("nothing has been crawled yet: try tare crawl https://reg.example.com, or tare demo")]
    NothingCrawled,
    /// A registry was asked for that was never crawled.
    #[error("{registry} has not been crawled; there are {}", names(.crawled))]
    UnknownRegistry {
        /// The registry that was asked for.
        registry: RegistryName,
        /// The registries that were crawled.
        crawled: Vec<RegistryName>,
    },
    /// A pattern was asked for that no crawled repository matches.
    #[error("no crawled repository matches; tare report lists the repositories")]
    NoRepository,
    /// A reference does not name one image.
    #[error(transparent)]
    Reference(#[from] UnclearReference),
    /// No crawled image exists both on Alpine and on another base.
    #[error(
        "no image exists both on Alpine and on another system, so there is nothing to measure. A mirror of base \
         images, crawled by tare catalogue refresh, has many"
    )]
    NoPairs,
    /// The thread that worked on it ended early.
    #[error("the analysis ended early: {0}")]
    Ended(#[from] tokio::task::JoinError),
}

impl AnalysisError {
    /// Whether another request would get an answer: the caller asked for something that does not exist, or too early.
    pub fn is_usage(&self) -> bool {
        matches!(
            self,
            Self::MonthNotOver(_)
                | Self::Future(_)
                | Self::BeforeHistory { .. }
                | Self::HistoryPruned { .. }
                | Self::UnknownRegistry { .. }
                | Self::NoRepository
                | Self::Reference(_)
                | Self::Report(ReportError::UnknownAlpine(_))
        )
    }
}

fn begins(first: Option<&DateTime<Utc>>) -> String {
    match first {
        Some(first) => format!("the history begins on {}", first.format("%Y-%m-%d")),
        None => "there is no history yet".to_owned(),
    }
}

fn names(registries: &[RegistryName]) -> String {
    let names: Vec<&str> = registries.iter().map(RegistryName::as_str).collect();
    names.join(", ")
}
