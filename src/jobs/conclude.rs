//! The end of a crawl: faults of the whole, deleted repositories, and the totals.

use anyhow::Context as _;

use super::conclusion::Conclusion;
use super::part::PartWork;
use super::spent::Spent;
use super::writing::retry_transient;
use crate::analysis::CrawledContent;
use crate::inventory::{Fault, FaultKind};
use crate::oci::RepositoryName;
use crate::store::{CrawlEnd, CrawlSaver, CrawlState};

impl PartWork<'_> {
    /// Ends the crawl. `early` is the state of a crawl that was stopped or cancelled before its end.
    pub(super) async fn conclude(
        &self,
        saver: &mut CrawlSaver,
        mut faults: Vec<Fault>,
        early: Option<CrawlState>,
        spent: &Spent<'_>,
    ) -> anyhow::Result<Conclusion> {
        let part = saver.part().clone();
        let in_scope = |name: &RepositoryName| self.plan.repositories.matches(name);
        let listed = retry_transient!(part.listed()).context("cannot read what was listed")?;
        // A crawl that was stopped has not looked at every repository in the catalogue.
        let catalogue_listed = listed == Some(true) && early.is_none();
        let deleted = retry_transient!(saver.deleted_at_the_end(catalogue_listed, &in_scope))
            .context("cannot read what was listed")?;
        let (registry, platforms) = (self.registry, &self.plan.platforms);
        let content = retry_transient!(CrawledContent::load(self.store, registry, platforms, &deleted))
            .context("cannot read back what was saved")?
            .context("the registry that was just crawled is not there")?;
        let contradictions = contradictions(&content);
        let has_losses = retry_transient!(part.has_losses()).context("cannot read what the crawl met")?;
        let state = if let Some(early) = early {
            early
        } else if has_losses || !contradictions.is_empty() {
            CrawlState::Incomplete
        } else {
            CrawlState::Complete
        };
        let end = CrawlEnd {
            cost: spent.so_far(),
            tags_done: self.progress.snapshot().tags_done,
            state,
            catalogue_listed,
            in_scope: &in_scope,
            faults: &contradictions,
        };
        let now = self.clock.now();
        retry_transient!(saver.finish(&end, now)).context("cannot record how the crawl ended")?;
        let cost = end.cost;
        faults.extend(contradictions);
        Ok(Conclusion {
            crawl: part.crawl(),
            state,
            content: content.ended_at(now),
            cost,
            faults,
        })
    }
}

/// Faults of the whole, although each part of it could be read.
fn contradictions(content: &CrawledContent) -> Vec<Fault> {
    let fault = |reference: Option<String>, fault: &str| Fault {
        repository: None,
        reference,
        kind: FaultKind::Invalid,
        fault: fault.to_owned(),
    };
    let sizes = content.inventory().conflicting_sizes().iter().map(|digest| {
        fault(
            Some(digest.to_string()),
            "manifests disagree about the size of this content; the first of them is believed",
        )
    });
    let overflow = content
        .accounting()
        .err()
        .map(|error| fault(None, &format!("sizes that overflow: {error}")));
    sizes.chain(overflow).collect()
}
