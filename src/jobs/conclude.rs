//! The end of a crawl: what is wrong with the whole, what is gone, and what it all came to.

use anyhow::Context as _;

use super::part::PartWork;
use super::spent::Spent;
use super::writing::retry_transient;
use crate::inventory::{Fault, FaultKind, Inventory, account};
use crate::store::{CrawlCost, CrawlEnd, CrawlSaver, CrawlState};

/// What a crawl came to.
pub(super) struct Conclusion {
    pub(super) crawl: i64,
    pub(super) state: CrawlState,
    /// What the registry holds now of what was to be read.
    pub(super) inventory: Inventory,
    /// What this worker's part in it cost.
    pub(super) cost: CrawlCost,
    /// What this worker could not read, and what is wrong with the whole.
    pub(super) faults: Vec<Fault>,
}

impl PartWork<'_> {
    pub(super) async fn conclude(
        &self,
        saver: &mut CrawlSaver,
        mut faults: Vec<Fault>,
        was_stopped: bool,
        spent: &Spent<'_>,
    ) -> anyhow::Result<Conclusion> {
        let part = saver.part().clone();
        let platforms = &self.plan.platforms;
        let mut inventory = retry_transient!(self.store.inventory(self.registry, platforms, None))
            .context("cannot read back what was saved")?
            .context("the registry that was just crawled is not there")?
            .finish();
        inventory
            .repositories
            .retain(|repository| self.plan.repositories.matches(&repository.name));
        let contradictions = contradictions(&inventory);
        let has_losses = retry_transient!(part.has_losses()).context("cannot read what the crawl met")?;
        let listed = retry_transient!(part.listed()).context("cannot read what was listed")?;
        let state = if was_stopped {
            CrawlState::Interrupted
        } else if has_losses || !contradictions.is_empty() {
            CrawlState::Incomplete
        } else {
            CrawlState::Complete
        };
        let end = CrawlEnd {
            cost: spent.so_far(),
            tags_done: self.progress.snapshot().tags_done,
            state,
            // A crawl that was stopped has not looked at every repository in the catalogue.
            catalogue_listed: listed == Some(true) && !was_stopped,
            in_scope: &|name| self.plan.repositories.matches(name),
            faults: &contradictions,
        };
        let deleted = retry_transient!(saver.finish(&end, self.clock.now()))
            .context("cannot record how the crawl ended")?;
        inventory
            .repositories
            .retain(|repository| !deleted.contains(&repository.name));
        let cost = end.cost;
        faults.extend(contradictions);
        Ok(Conclusion {
            crawl: part.crawl(),
            state,
            inventory,
            cost,
            faults,
        })
    }
}

/// What is wrong with the whole, though each part of it could be read.
fn contradictions(inventory: &Inventory) -> Vec<Fault> {
    let fault = |reference: Option<String>, fault: &str| Fault {
        repository: None,
        reference,
        kind: FaultKind::Invalid,
        fault: fault.to_owned(),
    };
    let sizes = inventory.conflicting_sizes().iter().map(|digest| {
        fault(
            Some(digest.to_string()),
            "manifests disagree about the size of this content; the first of them is believed",
        )
    });
    let overflow = account(inventory)
        .err()
        .map(|error| fault(None, &format!("sizes that overflow: {error}")));
    sizes.chain(overflow).collect()
}
