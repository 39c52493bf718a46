//! The end of a crawl: faults of the whole, deleted repositories, and the totals.

use anyhow::Context as _;

use super::conclusion::Conclusion;
use super::part::PartWork;
use super::spent::Spent;
use super::writing::retry_transient;
use crate::analysis::CrawledContent;
use crate::inventory::{Fault, FaultKind, FaultLimit, Inventory, SizeBasis, SizeConflict};
use crate::oci::{Digest, Manifest, RepositoryName};
use crate::store::{CrawlEnd, CrawlSaver, CrawlState};
use crate::units::ByteCount;

/// Of how many contents one crawl asks the size. Our choice: a registry that is not made to harm has none.
const MAX_CONFIRMED: usize = 100;

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
        let mut content = self.content(&deleted).await?;
        let confirmed = match early {
            None => self.confirm_sizes(content.inventory()).await,
            Some(_) => Vec::new(),
        };
        if !confirmed.is_empty() {
            retry_transient!(saver.save_confirmed_sizes(&confirmed, self.clock.now()))
                .context("cannot save the sizes that the registry confirmed")?;
            content = self.content(&deleted).await?;
        }
        let contradictions = contradictions(&content);
        let has_losses = retry_transient!(part.has_losses()).context("cannot read what the crawl met")?;
        let state = if let Some(early) = early {
            early
        } else if has_losses || contradictions.iter().any(|fault| fault.kind.is_loss()) {
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

impl PartWork<'_> {
    async fn content(&self, deleted: &[RepositoryName]) -> anyhow::Result<CrawledContent> {
        let (registry, platforms) = (self.registry, &self.plan.platforms);
        retry_transient!(self.reader.crawled(registry, platforms, deleted))
            .context("cannot read back what was saved")?
            .context("the registry that was just crawled is not there")
    }

    /// Asks the registry for the sizes of content for which manifests state different ones. An answer is kept, so each is
    /// asked for once. Where it does not answer, as behind a store that refuses HEAD, the manifests decide.
    async fn confirm_sizes(&self, inventory: &Inventory) -> Vec<(Digest, ByteCount)> {
        let mut confirmed = Vec::new();
        let unconfirmed = inventory
            .size_conflicts()
            .iter()
            .filter(|conflict| conflict.basis == SizeBasis::Manifests);
        for conflict in unconfirmed.take(MAX_CONFIRMED) {
            for repository in [&conflict.counted_in, &conflict.stated_in].into_iter().flatten() {
                match self.client.blob_size(repository, &conflict.digest).await {
                    Ok(Some(size)) if size <= Manifest::LARGEST_SIZE => {
                        confirmed.push((conflict.digest, size));
                        break;
                    }
                    Ok(_) => {}
                    Err(error) => tracing::debug!(%error, "the size of disputed content was not confirmed"),
                }
            }
        }
        confirmed
    }
}

/// Faults of the whole, although each part of it could be read.
fn contradictions(content: &CrawledContent) -> Vec<Fault> {
    let mut limit = FaultLimit::new(FaultLimit::OF_TAG);
    let conflicts = content.inventory().size_conflicts().iter();
    let mut faults: Vec<Fault> = conflicts
        .map(conflict)
        .filter(|fault| limit.admits(fault.kind))
        .collect();
    if let Some((count, kind)) = limit.beyond() {
        faults.push(Fault {
            repository: None,
            reference: None,
            kind,
            fault: format!("and {count} more contents for which manifests state different sizes"),
        });
    }
    if let Err(error) = content.accounting() {
        faults.push(Fault {
            repository: None,
            reference: None,
            kind: FaultKind::Invalid,
            fault: format!("sizes that overflow: {error}"),
        });
    }
    faults
}

/// The fault of content for which manifests state different sizes. It names the one who does not tell the truth.
fn conflict(conflict: &SizeConflict) -> Fault {
    let others = match conflict.manifests {
        0 | 1 => String::new(),
        count => format!(" and {} more", count - 1),
    };
    let (kind, reason) = match conflict.basis {
        // The size of a manifest is checked when it is read, too, with the same result.
        SizeBasis::Content => (FaultKind::Invalid, "is how long it is"),
        SizeBasis::Registry => (FaultKind::Conflicting, "the registry confirms"),
        SizeBasis::Manifests => (FaultKind::Conflicting, "most manifests state"),
    };
    Fault {
        repository: conflict.stated_in.clone(),
        reference: Some(conflict.digest.to_string()),
        kind,
        fault: format!(
            "manifest {}{others} states {} bytes for this content; {} bytes count, which {reason}",
            conflict.stated_by.short(),
            conflict.other.get(),
            conflict.counted.get(),
        ),
    }
}
