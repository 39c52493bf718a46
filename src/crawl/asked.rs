//! Single tags and manifests, asked for because an event told of them. They are read and reported as a crawl would.

use std::collections::BTreeMap;

use futures::StreamExt as _;
use futures::stream;
use tokio::sync::mpsc;

use super::finding_sender::FindingSender;
use super::repository::Visit;
use super::run::run_concurrently;
use super::walk::{ManifestTarget, TagWalk, Walk};
use super::{CrawlPlan, Known, Progress, ReferrersPolicy};
use crate::inventory::Finding;
use crate::oci::{Digest, Manifest, Reference, RepositoryName};
use crate::registry::{Client, ErrorKind, FetchedManifest, RegistryError};

/// A question to a registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// The repository.
    pub repository: RepositoryName,
    /// The tag or manifest; `None` for the repository as a whole.
    pub reference: Option<Reference>,
}

/// The first answer to a question, before anything below it has been read.
#[derive(Debug)]
pub struct Answered {
    question: Question,
    first: First,
}

#[derive(Debug)]
enum First {
    Manifest(FetchedManifest),
    /// The repository still has tags.
    Exists,
    Missing,
    Failed(String),
}

impl First {
    fn from_error(error: &RegistryError) -> Self {
        match error.kind() {
            ErrorKind::NotFound => Self::Missing,
            _ => Self::Failed(error.to_string()),
        }
    }
}

/// The answer to a question.
#[derive(Debug)]
pub enum Answer {
    /// The registry has this manifest, and it has been reported.
    Found {
        /// The digest of the manifest.
        digest: Digest,
        /// Whether everything below it has been read, or has vanished.
        is_complete: bool,
    },
    /// The repository still has tags.
    Exists,
    /// The registry does not have it, or the repository has no tags.
    Missing,
    /// The registry gives no answer, or an invalid one.
    Failed(String),
}

impl Answered {
    /// The digests whose content may be known already: the manifest and what it refers to.
    pub fn digests(&self) -> Vec<Digest> {
        let First::Manifest(fetched) = &self.first else {
            return Vec::new();
        };
        let mut digests = vec![fetched.digest];
        if let Ok(manifest) = Manifest::parse(&fetched.content, fetched.content_type.as_deref()) {
            let below = manifest.config.iter().chain(&manifest.children);
            digests.extend(below.map(|descriptor| descriptor.digest));
        }
        digests
    }
}

/// Asks each question with one request, at most `plan.concurrent_tags` at a time.
pub async fn fetch(client: &Client, plan: &CrawlPlan, questions: Vec<Question>) -> Vec<Answered> {
    stream::iter(questions)
        .map(async |question| {
            let first = match &question.reference {
                Some(reference) => match client.get_manifest(&question.repository, reference).await {
                    Ok(fetched) => First::Manifest(fetched),
                    Err(error) => First::from_error(&error),
                },
                None => match client.tags_page(&question.repository, None).await {
                    Ok(page) if page.items.is_empty() => First::Missing,
                    Ok(_) => First::Exists,
                    Err(error) => First::from_error(&error),
                },
            };
            Answered { question, first }
        })
        .buffered(plan.concurrent_tags.max(1))
        .collect()
        .await
}

/// Reads what is below the fetched manifests and not known, and sends all of it as findings. Answers are in the order of the
/// questions.
///
/// What is attached to a manifest is not asked for: the registry tells of it by an event of its own.
pub async fn answer(
    client: &Client,
    plan: &CrawlPlan,
    known: &Known,
    answered: Vec<Answered>,
    findings: mpsc::Sender<Finding>,
) -> Vec<Answer> {
    let plan = CrawlPlan {
        tags: None,
        referrers: ReferrersPolicy::Off,
        ..plan.clone()
    };
    let progress = Progress::default();
    let walk = Walk::new(client, &plan, FindingSender::new(findings, &progress));
    let mut answers = BTreeMap::new();
    let reading = answered.into_iter().enumerate().map(|(place, answered)| {
        let walk = &walk;
        async move { (place, one(walk, known, answered).await) }
    });
    run_concurrently(plan.concurrent_tags, reading, |(place, answer)| {
        answers.insert(place, answer);
    })
    .await;
    answers.into_values().collect()
}

async fn one(walk: &Walk<'_>, known: &Known, answered: Answered) -> Answer {
    let Question {
        repository,
        reference,
    } = answered.question;
    let fetched = match answered.first {
        First::Manifest(fetched) => fetched,
        First::Exists => return Answer::Exists,
        First::Missing => return Answer::Missing,
        First::Failed(why) => return Answer::Failed(why),
    };
    let digest = fetched.digest;
    let visit = Visit::new(walk, &repository, known);
    let is_complete = match &reference {
        Some(Reference::Tag(tag)) => visit.resolved(tag, digest, Some(fetched)).await,
        _ => visit.untagged_manifest(digest, fetched).await,
    };
    Answer::Found { digest, is_complete }
}

impl Visit<'_> {
    /// Reports a manifest without what is below it, as a crawl reports those that no tag reaches, and to what it is attached.
    /// Returns whether it is valid.
    async fn untagged_manifest(&self, digest: Digest, fetched: FetchedManifest) -> bool {
        let target = ManifestTarget {
            digest,
            depth: 0,
            fetched: Some(fetched),
            listed_size: None,
            tag: None,
        };
        let Ok((manifest, _)) = self.read_manifest(target, &TagWalk::default()).await else {
            return false;
        };
        if let Some(subject) = manifest.subject {
            let repository = self.repository.clone();
            self.walk
                .sender
                .send(Finding::Referrer {
                    repository,
                    subject,
                    digest,
                })
                .await;
        }
        true
    }
}
