use crate::analysis::CrawledContent;
use crate::inventory::Fault;
use crate::store::{CrawlCost, CrawlState};

/// The result of a crawl.
pub(super) struct Conclusion {
    pub(super) crawl: i64,
    pub(super) state: CrawlState,
    /// What the registry contains now.
    pub(super) content: CrawledContent,
    /// What this worker's part in it cost.
    pub(super) cost: CrawlCost,
    /// What this worker could not read, and what is wrong with the whole.
    pub(super) faults: Vec<Fault>,
}
