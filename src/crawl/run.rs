use std::collections::HashSet;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use futures::StreamExt as _;
use futures::stream::{self, FuturesUnordered, Stream};
use tokio::sync::mpsc;

use super::children::Below;
use super::finding_sender::{FindingSender, kind_of};
use super::walk::Walk;
use super::{CrawlPlan, CrawlStatus, CrawlSummary, Known, Progress, StopFlag};
use crate::inventory::{FaultKind, Finding, SoftDeleted};
use crate::oci::RepositoryName;
use crate::registry::{Client, ErrorKind};

/// How many invalid names of one listing are reported individually. Our choice.
const MAX_REPORTED_NAMES: usize = 20;

/// In one of how many crawls a registry is asked for deleted repositories, if it kept none last time. Our choice: most
/// registries keep none.
const TURNS_OF_DELETED: u64 = 4;

/// A repository to walk, and what was known when it was assigned.
#[derive(Debug, Clone)]
pub struct Assignment {
    /// The repository.
    pub repository: RepositoryName,
    /// What is already saved.
    pub known: Arc<Known>,
}

/// The repositories that a plan chooses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// The repositories, without repeats.
    pub repositories: Vec<RepositoryName>,
    /// Whether the list was read to its end. Always true if the plan names each repository.
    pub is_complete: bool,
}

/// Walks a registry and sends its findings.
///
/// Faults do not end the crawl: they are findings, and the summary says whether something is missing because of
/// them. If `stop` is raised or the receiver goes away, the crawl ends at once: requests under way are dropped, and
/// everything sent so far stays true.
pub async fn crawl(
    client: &Client,
    plan: &CrawlPlan,
    known: Known,
    progress: &Progress,
    findings: mpsc::Sender<Finding>,
    stop: &StopFlag,
) -> CrawlSummary {
    let walk = Walk::new(client, plan, FindingSender::new(findings, progress));
    let known = Arc::new(known);
    let catalogue_complete = AtomicBool::new(false);
    let everything = async {
        let listing = chosen_repositories(&walk, &known).await;
        client.expect_repositories(&listing.repositories);
        catalogue_complete.store(listing.is_complete, Ordering::Relaxed);
        let assignments = listing.repositories.into_iter().map(|repository| Assignment {
            repository,
            known: Arc::clone(&known),
        });
        walk_all(&walk, stream::iter(assignments)).await;
    };
    let ran_to_the_end = unless_stopped(&walk, stop, everything).await.is_some();
    CrawlSummary {
        catalogue_complete: catalogue_complete.load(Ordering::Relaxed),
        ..summary(&walk, ran_to_the_end)
    }
}

/// The first half of [`crawl`]: lists the repositories that the plan chooses. `None` if it was stopped.
pub async fn list(
    client: &Client,
    plan: &CrawlPlan,
    known: &Known,
    progress: &Progress,
    findings: mpsc::Sender<Finding>,
    stop: &StopFlag,
) -> Option<Listing> {
    let walk = Walk::new(client, plan, FindingSender::new(findings, progress));
    let listing = unless_stopped(&walk, stop, chosen_repositories(&walk, known)).await?;
    client.expect_repositories(&listing.repositories);
    Some(listing)
}

/// The second half of [`crawl`]: walks repositories as long as more are assigned. The summary treats them as all
/// repositories of the registry.
pub async fn visit(
    client: &Client,
    plan: &CrawlPlan,
    assignments: mpsc::Receiver<Assignment>,
    progress: &Progress,
    findings: mpsc::Sender<Finding>,
    stop: &StopFlag,
) -> CrawlSummary {
    let walk = Walk::new(client, plan, FindingSender::new(findings, progress));
    let assignments = stream::unfold(assignments, async |mut assignments| {
        Some((assignments.recv().await?, assignments))
    });
    let ran_to_the_end = unless_stopped(&walk, stop, walk_all(&walk, assignments))
        .await
        .is_some();
    summary(&walk, ran_to_the_end)
}

async fn unless_stopped<Work: Future>(walk: &Walk<'_>, stop: &StopFlag, work: Work) -> Option<Work::Output> {
    tokio::select! {
        biased;
        () = stop.stopped() => None,
        () = walk.sender.closed() => None,
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
    walk.send_held_back().await;
    walk.send_denied().await;
}

fn summary(walk: &Walk<'_>, ran_to_the_end: bool) -> CrawlSummary {
    let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    let counts = &walk.sender.counts;
    CrawlSummary {
        status: match (ran_to_the_end, read(&counts.losses)) {
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

/// The repositories to walk, each once, and whether the list was read to its end.
///
/// The catalogue is read to its end first, because its links may expire while repositories are walked, and so that
/// the progress has a total.
async fn chosen_repositories(walk: &Walk<'_>, known: &Known) -> Listing {
    let choice = &walk.plan.repositories;
    let progress = walk.sender.progress;
    let mut chosen = choice.named().to_vec();
    Progress::add(&progress.repositories_listed, chosen.len());
    if !choice.needs_catalogue() {
        return Listing {
            repositories: chosen,
            is_complete: true,
        };
    }
    report_soft_deleted(walk, known).await;
    if walk.client.lists_children()
        && let Some(listing) = listed_below(walk, &chosen).await
    {
        return listing;
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
                if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Denied)
                    && let Some(listing) = listed_below(walk, &chosen).await
                {
                    return listing;
                }
                // The catalogue itself was not listed, so it cannot have vanished: this registry has none.
                let (kind, advice) = match error.kind() {
                    ErrorKind::NotFound => (FaultKind::Unavailable, "; name the repositories to be read"),
                    ErrorKind::Denied => (FaultKind::Denied, "; name the repositories to be read"),
                    _ => (kind_of(&error), ""),
                };
                let fault = format!("{error}{advice}");
                walk.sender.fault(None, "_catalog", kind, fault).await;
                break false;
            }
        }
    };
    report_refused_names(&walk.sender, None, "repository", &refused).await;
    Listing {
        repositories: chosen,
        is_complete: complete,
    }
}

/// The chosen repositories, found below the paths that globs name, if the registry lists what is below a path. `None` if
/// it does not, or if a glob may choose a repository anywhere.
async fn listed_below(walk: &Walk<'_>, named: &[RepositoryName]) -> Option<Listing> {
    let folders = walk.plan.repositories.folders()?;
    let (found, is_complete) = match walk.repositories_below(folders).await {
        Below::Found(found) => (found, true),
        Below::NotListed => return None,
        // The error of the catalogue says what to do.
        Below::Failed(_) if !walk.client.lists_children() => return None,
        Below::Failed(error) => {
            let kind = match error.kind() {
                ErrorKind::NotFound => FaultKind::Unavailable,
                _ => kind_of(&error),
            };
            let fault =
                format!("{error}; name repositories, or the path above them as in PROJECT/REPOSITORY/**");
            walk.sender.fault(None, "tags/list", kind, fault).await;
            (Vec::new(), false)
        }
    };
    let mut repositories = named.to_vec();
    repositories.extend(found.into_iter().filter(|name| !named.contains(name)));
    Some(Listing {
        repositories,
        is_complete,
    })
}

/// Reports what Azure still stores of deleted repositories. Most identities may not list it, and a registry without soft
/// delete does not, so a refusal says nothing.
async fn report_soft_deleted(walk: &Walk<'_>, known: &Known) {
    let is_turn = known.keeps_deleted || known.crawls.is_multiple_of(TURNS_OF_DELETED);
    if !walk.plan.untagged || !is_turn {
        return;
    }
    let deleted = match walk.client.deleted_repositories().await {
        Ok(deleted) => deleted,
        // Nothing is kept any more.
        Err(error) if known.keeps_deleted && error.kind() == ErrorKind::NotFound => Vec::new(),
        Err(_) => return,
    };
    let deleted = SoftDeleted {
        repositories: deleted.len(),
        since: deleted
            .iter()
            .filter_map(|repository| repository.deleted_at)
            .min(),
    };
    walk.sender.send(Finding::SoftDeleted(deleted)).await;
}

/// Reports invalid entries of a listing of repositories, tags or manifests. They are already escaped and shortened.
pub(super) async fn report_refused_names(
    sender: &FindingSender<'_>,
    repository: Option<&RepositoryName>,
    what: &str,
    refused: &[String],
) {
    let (listing, problem) = match what {
        "repository" => ("_catalog", "whose name the specification does not allow"),
        "tag" => ("tags/list", "whose name the specification does not allow"),
        _ => ("_manifests", "without a digest that the specification allows"),
    };
    for name in refused.iter().take(MAX_REPORTED_NAMES) {
        let fault = format!("listed a {what} {problem}");
        sender.fault(repository, name, FaultKind::Invalid, fault).await;
    }
    let more = refused.len().saturating_sub(MAX_REPORTED_NAMES);
    if more > 0 {
        let fault = format!("{more} more entries like this");
        sender.fault(repository, listing, FaultKind::Invalid, fault).await;
    }
}

/// Runs futures to completion, at most `at_a_time` at once, and creates each one only when its turn comes.
pub(super) async fn run_concurrently<Running: Future>(
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
