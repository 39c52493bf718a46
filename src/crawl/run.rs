use std::collections::HashSet;
use std::future::Future;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use tokio::sync::mpsc;

use super::outbox::{Outbox, kind_of};
use super::walk::Walk;
use super::{CrawlPlan, CrawlStatus, CrawlSummary, Known, Progress, StopFlag};
use crate::inventory::{FaultKind, Finding};
use crate::oci::RepositoryName;
use crate::registry::{Client, ErrorKind};

/// How many refused names of one listing are reported one by one.
const REFUSED_NAMES_SHOWN: usize = 20;

/// Walks a registry and sends what it finds.
///
/// Faults do not end it; they are among the findings, and the summary says whether something is missing
/// because of them. Where `stop` is raised or the receiver of the findings goes away, it ends at once:
/// requests under way are dropped, and what has been sent stays true.
pub async fn crawl(
    client: &Client,
    plan: &CrawlPlan,
    known: &Known,
    progress: &Progress,
    findings: mpsc::Sender<Finding>,
    stop: &StopFlag,
) -> CrawlSummary {
    let walk = Walk::new(client, plan, known, Outbox::new(findings, progress));
    let catalogue_complete = AtomicBool::new(false);
    let came_to_its_end = tokio::select! {
        biased;
        () = stop.stopped() => false,
        () = walk.outbox.closed() => false,
        () = everything(&walk, &catalogue_complete) => true,
    };
    let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    let counts = &walk.outbox.counts;
    CrawlSummary {
        status: match (came_to_its_end, read(&counts.losses)) {
            (false, _) => CrawlStatus::Interrupted,
            (true, 0) => CrawlStatus::Complete,
            (true, _) => CrawlStatus::Incomplete,
        },
        catalogue_complete: catalogue_complete.load(Ordering::Relaxed),
        repositories: read(&counts.repositories),
        tags: read(&counts.tags),
        manifests: read(&counts.manifests),
        configs: read(&counts.configs),
        faults: read(&counts.faults),
    }
}

async fn everything(walk: &Walk<'_>, catalogue_complete: &AtomicBool) {
    let (repositories, complete) = chosen_repositories(walk).await;
    catalogue_complete.store(complete, Ordering::Relaxed);
    let visits = repositories.iter().map(|repository| walk.repository(repository));
    side_by_side(walk.plan.concurrent_repositories, visits, |()| {}).await;
}

/// The repositories to walk, each once, and whether the registry listed all it has.
///
/// The catalogue is read to its end first, because its links may expire while repositories are walked,
/// and so that the progress has something to be measured by.
async fn chosen_repositories(walk: &Walk<'_>) -> (Vec<RepositoryName>, bool) {
    let choice = &walk.plan.repositories;
    let progress = walk.outbox.progress;
    let mut chosen = choice.named().to_vec();
    Progress::add(&progress.repositories_listed, chosen.len());
    if !choice.needs_catalogue() {
        return (chosen, true);
    }
    let mut seen: HashSet<_> = chosen.iter().cloned().collect();
    let mut refused = Vec::new();
    let mut next = None;
    let complete = loop {
        match walk.client.catalog_page(next).await {
            Ok(page) => {
                let before = chosen.len();
                let new = page.items.into_iter().filter(|name| choice.means(name));
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
    report_refused_names(&walk.outbox, None, &refused).await;
    (chosen, complete)
}

/// Reports names that a listing gave and that are not names. They come escaped and shortened.
pub(super) async fn report_refused_names(
    outbox: &Outbox<'_>,
    repository: Option<&RepositoryName>,
    refused: &[String],
) {
    let (what, listing) = match repository {
        Some(_) => ("tag", "tags/list"),
        None => ("repository", "_catalog"),
    };
    for name in refused.iter().take(REFUSED_NAMES_SHOWN) {
        let fault = format!("listed a {what} whose name the specification does not allow");
        outbox.fault(repository, name, FaultKind::Invalid, fault).await;
    }
    let more = refused.len().saturating_sub(REFUSED_NAMES_SHOWN);
    if more > 0 {
        let fault = format!("listed {more} more names of that kind");
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
