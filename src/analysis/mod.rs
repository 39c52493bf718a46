//! Analysis: loads what is stored, works the answers out, keeps them, drafts and closes months.
//!
//! This is the only room that loads the content of registries. [`AnalysisService`] is what the command line, the
//! service and the scheduler share: all of them get their answers from it. A crawl hands its content on as
//! [`CrawledContent`], so that it is read and accounted for once, for the crawl's own result and for the report. A
//! process that goes on keeps what it read, and a [`ContentReader`] reads only what is new.

mod answers;
mod cleanup;
mod closing;
mod content;
mod drafts;
mod error;
mod images;
mod months;
mod past;
mod plan;
mod platforms;
mod recompute;
mod service;

pub use answers::AnswersState;
pub use closing::{Closed, Closing, Difference};
pub use content::{ContentReader, CrawledContent};
pub use drafts::DraftStatement;
pub use error::AnalysisError;
pub use images::{KnownImages, ModelPairs};
pub use months::RegistryMonth;
pub use plan::PlanLimits;
pub use platforms::PlatformSelection;
pub use recompute::{Comparison, Recomputed};
pub use service::AnalysisService;
