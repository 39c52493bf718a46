use std::collections::HashSet;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use futures::StreamExt as _;
use futures::stream::{self, FuturesUnordered, Stream};
use tokio::sync::mpsc;

use super::outbox::{Outbox, kind_of};
use super::walk::Walk;
use super::{CrawlPlan, CrawlStatus, CrawlSummary, Known, Progress, StopFlag};
use crate::inventory::{FaultKind, Finding};
use crate::oci::RepositoryName;
use crate::registry::{Client, ErrorKind};

/// How many refused names of one listing are reported one by one.
const REFUSED_NAMES_SHOWN: usize = 20;

/// A repository that is to be walked, and what was known when that was decided.
#[derive(Debug, Clone)]
pub struct Assignment {
    /// The repository.
    pub repository: RepositoryName,
    /// What is saved already.
    pub known: Arc<Known>,
}

/// The repositories that a plan means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// Each of them once.
    pub repositories: Vec<RepositoryName>,
    /// Whether the list came to its end. Always so where the plan names each repository.
    pub is_complete: bool,
}

/// Walks a registry and sends what it finds.
///
/// Faults do not end it; they are among the findings, and the summary says whether something is missing
/// because of them. Where `stop` is raised or the receiver of the findings goes away, it ends at once:
/// requests under way are dropped, and what has been sent stays true.
pub async fn crawl(
    client: &Client,
    plan: &CrawlPlan,
    known: Known,
    progress: &Progress,
    findings: mpsc::Sender<Finding>,
    stop: &StopFlag,
) -> CrawlSummary {
    let walk = Walk::new(client, plan, Outbox::new(findings, progress));
    let known = Arc::new(known);
    let catalogue_complete = AtomicBool::new(false);
    let everything = async {
        let listing = chosen_repositories(&walk).await;
        catalogue_complete.store(listing.is_complete, Ordering::Relaxed);
        let assignments = listing.repositories.into_iter().map(|repository| Assignment {
            repository,
            known: Arc::clone(&known),
        });
        walk_all(&walk, stream::iter(assignments)).await;
    };
    let came_to_its_end = unless_stopped(&walk, stop, everything).await.is_some();
    CrawlSummary {
        catalogue_complete: catalogue_complete.load(Ordering::Relaxed),
        ..summary(&walk, came_to_its_end)
    }
}

/// Only the beginning of [`crawl`]: finds out which repositories the plan means. None where it was stopped.
pub async fn list(
    client: &Client,
    plan: &CrawlPlan,
    progress: &Progress,
    findings: mpsc::Sender<Finding>,
    stop: &StopFlag,
) -> Option<Listing> {
    let walk = Walk::new(client, plan, Outbox::new(findings, progress));
    unless_stopped(&walk, stop, chosen_repositories(&walk)).await
}

/// Only the rest of [`crawl`]: walks repositories for as long as more are assigned. The summary takes
/// them for all that the registry has.
pub async fn visit(
    client: &Client,
    plan: &CrawlPlan,
    assignments: mpsc::Receiver<Assignment>,
    progress: &Progress,
    findings: mpsc::Sender<Finding>,
    stop: &StopFlag,
) -> CrawlSummary {
    let walk = Walk::new(client, plan, Outbox::new(findings, progress));
    let assignments = stream::unfold(assignments, async |mut assignments| {
        Some((assignments.recv().await?, assignments))
    });
    let came_to_its_end = unless_stopped(&walk, stop, walk_all(&walk, assignments))
        .await
        .is_some();
    summary(&walk, came_to_its_end)
}

async fn unless_stopped<Work: Future>(walk: &Walk<'_>, stop: &StopFlag, work: Work) -> Option<Work::Output> {
    tokio::select! {
        biased;
        () = stop.stopped() => None,
        () = walk.outbox.closed() => None,
        output = work => Some(output),
    }
}

async fn walk_all(walk: &Walk<'_>, assignments: impl Stream<Item = Assignment>) {
    let at_a_time = walk.plan.concurrent_repositories.max(1);
    assignments
        .for_each_concurrent(at_a_time, async |assignment| {
            walk.repository(&assignment.repository, &assignment.known).await;
        })
        .await;
}

fn summary(walk: &Walk<'_>, came_to_its_end: bool) -> CrawlSummary {
    let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    let counts = &walk.outbox.counts;
    CrawlSummary {
        status: match (came_to_its_end, read(&counts.losses)) {
            (false, _) => CrawlStatus::Interrupted,
            (true, 0) => CrawlStatus::Complete,
            (true, _) => CrawlStatus::Incomplete,
        },
        catalogue_complete: true,
        repositories: read(&counts.repositories),
        tags: read(&counts.tags),
        manifests: read(&counts.manifests),
        configs: read(&counts.configs),
        faults: read(&counts.faults),
    }
}

/// The repositories to walk, each once, and whether the registry listed all it has.
///
/// The catalogue is read to its end first, because its links may expire while repositories are walked,
/// and so that the progress has something to be measured by.
async fn chosen_repositories(walk: &Walk<'_>) -> Listing {
    let choice = &walk.plan.repositories;
    let progress = walk.outbox.progress;
    let mut chosen = choice.named().to_vec();
    Progress::add(&progress.repositories_listed, chosen.len());
    if !choice.needs_catalogue() {
        return Listing {
            repositories: chosen,
            is_complete: true,
        };
    }
    let mut seen: HashSet<_> = chosen.iter().cloned().collect();
    let mut refused = Vec::new();
    let mut next = None;
    let complete = loop {
        match walk.client.catalog_page(next).await {
            Ok(page) => {
                let before = chosen.len();
                let new = page.items.into_iter().filter(|name| choice.matches(name));
                chosen.extend(new.filter(|name| seen.insert(name.clone())));
                Progress::add(&progress.repositories_listed, chosen.len() - before);
                refused.extend(page.invalid);
                next = page.next;
                if next.is_none() {
                    break true;
                }
            }
            Err(error) => {
                // Nobody listed the catalogue, so it cannot have vanished: this registry has none.
                let (kind, advice) = match error.kind() {
                    ErrorKind::NotFound => (FaultKind::Unavailable, "; name the repositories to be read"),
                    ErrorKind::Denied => (FaultKind::Denied, "; name the repositories to be read"),
                    _ => (kind_of(&error), ""),
                };
                let fault = format!("{error}{advice}");
                walk.outbox.fault(None, "_catalog", kind, fault).await;
                break false;
            }
        }
    };
    report_refused_names(&walk.outbox, None, "repository", &refused).await;
    Listing {
        repositories: chosen,
        is_complete: complete,
    }
}

/// Reports entries of a listing that are not what is listed: repositories, tags or manifests. They come
/// escaped and shortened.
pub(super) async fn report_refused_names(
    outbox: &Outbox<'_>,
    repository: Option<&RepositoryName>,
    what: &str,
    refused: &[String],
) {
    let (listing, problem) = match what {
        "repository" => ("_catalog", "whose name the specification does not allow"),
        "tag" => ("tags/list", "whose name the specification does not allow"),
        _ => ("_manifests", "without a digest that the specification allows"),
    };
    for name in refused.iter().take(REFUSED_NAMES_SHOWN) {
        let fault = format!("listed a {what} {problem}");
        outbox.fault(repository, name, FaultKind::Invalid, fault).await;
    }
    let more = refused.len().saturating_sub(REFUSED_NAMES_SHOWN);
    if more > 0 {
        let fault = format!("listed {more} more of that kind");
        outbox.fault(repository, listing, FaultKind::Invalid, fault).await;
    }
}

/// Runs futures to their ends, so many at a time, and makes each only when its turn has come.
pub(super) async fn side_by_side<Running: Future>(
    at_a_time: usize,
    futures: impl Iterator<Item = Running>,
    mut each: impl FnMut(Running::Output),
) {
    let mut running = FuturesUnordered::new();
    for future in futures {
        if running.len() >= at_a_time.max(1)
            && let Some(output) = running.next().await
        {
            each(output);
        }
        running.push(future);
    }
    while let Some(output) = running.next().await {
        each(output);
    }
}
