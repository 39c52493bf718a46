//! Runs crawls and keeps what they find, as a store would.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use tare::clock::SystemClock;
use tare::crawl::{CrawlPlan, CrawlSummary, Known, Progress, ProgressSnapshot, StopFlag, crawl};
use tare::inventory::{
    Accounting, ConfigFact, DedupScope, Fault, FaultKind, Finding, InventoryBuilder, ManifestFact,
    ManifestListing, RepositoryListing, account,
};
use tare::oci::{Digest, ManifestKind, RepositoryName, Tag};
use tare::registry::{Client, ClientSettings, Credentials, Origin};
use tokio::sync::mpsc;

use crate::support::faulty_registry::FaultyRegistry;

/// Everything one crawl said.
pub struct Crawled {
    pub summary: CrawlSummary,
    pub findings: Vec<Finding>,
    pub progress: ProgressSnapshot,
}

impl Crawled {
    pub fn faults(&self) -> Vec<&Fault> {
        let mut faults = Vec::new();
        for finding in &self.findings {
            if let Finding::Fault(fault) = finding {
                faults.push(fault);
            }
        }
        faults
    }

    /// Repository, reference and kind of each fault, in order.
    pub fn fault_kinds(&self) -> Vec<(String, String, FaultKind)> {
        let mut kinds: Vec<_> = self
            .faults()
            .into_iter()
            .map(|fault| {
                let repository = fault.repository.as_ref().map(ToString::to_string);
                (
                    repository.unwrap_or_default(),
                    fault.reference.clone().unwrap_or_default(),
                    fault.kind,
                )
            })
            .collect();
        kinds.sort();
        kinds
    }

    pub fn listing(&self, repository: &str) -> &RepositoryListing {
        let mut listings = self.findings.iter().filter_map(|finding| match finding {
            Finding::Repository(listing) if listing.repository.as_str() == repository => Some(listing),
            _ => None,
        });
        let listing = listings.next().expect("each repository is reported");
        assert!(listings.next().is_none(), "{repository} is reported once");
        listing
    }
}

/// What has been saved from all crawls so far.
#[derive(Default)]
pub struct Saved {
    pub manifests: HashMap<Digest, ManifestFact>,
    pub configs: HashMap<Digest, ConfigFact>,
    pub tags: BTreeMap<(RepositoryName, Tag), Digest>,
    pub referrers: BTreeSet<(RepositoryName, Digest, Digest)>,
    /// All manifests of the repositories that say so.
    pub listed: BTreeMap<RepositoryName, Vec<Digest>>,
    /// What is referred to and missing.
    pub missing: BTreeSet<(RepositoryName, Digest)>,
    /// How many crawls were saved.
    pub crawls: u64,
}

impl Saved {
    /// Saves findings in their order, and checks what the order promises.
    pub fn add(&mut self, findings: &[Finding]) {
        let mut finished = HashSet::new();
        let mut faulty = false;
        for finding in findings {
            match finding {
                Finding::Manifest(fact) => {
                    let is_back = self.missing.iter().any(|(_, digest)| *digest == fact.digest);
                    let is_unsound = fact.manifest.left_out_layers > 0;
                    assert!(
                        is_back || is_unsound || !self.manifests.contains_key(&fact.digest),
                        "each is reported once"
                    );
                }
                Finding::Config(fact) => {
                    assert!(!self.configs.contains_key(&fact.digest), "each is reported once");
                }
                Finding::Tag {
                    repository,
                    tag,
                    digest,
                } => {
                    assert!(
                        !finished.contains(repository),
                        "{repository} was done before {tag}"
                    );
                    assert!(
                        self.manifests.contains_key(digest),
                        "{tag} comes after its manifest"
                    );
                    assert!(
                        faulty || self.is_complete(digest),
                        "{tag} comes after everything below it"
                    );
                }
                Finding::Referrer { digest, .. } => {
                    assert!(
                        self.manifests.contains_key(digest),
                        "what is attached comes first"
                    );
                }
                Finding::Repository(listing) => assert!(finished.insert(listing.repository.clone())),
                Finding::SoftDeleted(_) => {}
                Finding::Fault(_) => faulty = true,
            }
            self.keep(finding);
        }
        self.crawls += 1;
    }

    /// Saves a finding.
    pub fn keep(&mut self, finding: &Finding) {
        match finding.clone() {
            Finding::Manifest(fact) => {
                self.missing.retain(|(_, digest)| *digest != fact.digest);
                self.manifests.insert(fact.digest, *fact);
            }
            Finding::Config(fact) => {
                self.configs.insert(fact.digest, *fact);
            }
            Finding::Tag {
                repository,
                tag,
                digest,
            } => {
                self.tags.insert((repository, tag), digest);
            }
            Finding::Referrer {
                repository,
                subject,
                digest,
            } => {
                self.referrers.insert((repository, subject, digest));
            }
            Finding::Repository(listing) => match listing.manifests {
                ManifestListing::Listed(manifests) | ManifestListing::Partial(manifests) => {
                    let digests = manifests.into_iter().map(|row| row.digest).collect();
                    self.listed.insert(listing.repository, digests);
                }
                ManifestListing::Unavailable => {
                    self.listed.remove(&listing.repository);
                }
                ManifestListing::Unread => {}
            },
            Finding::Fault(fault) if fault.kind == FaultKind::Broken => {
                let digest = fault.reference.unwrap().parse().unwrap();
                self.missing.insert((fault.repository.unwrap(), digest));
            }
            Finding::Fault(_) | Finding::SoftDeleted(_) => {}
        }
    }

    fn is_complete(&self, digest: &Digest) -> bool {
        self.manifests.get(digest).is_some_and(|fact| {
            let manifest = &fact.manifest;
            if manifest.left_out_layers > 0 {
                return false;
            }
            let needs_config = manifest.kind == ManifestKind::Image;
            let mut config = manifest.config.iter().filter(|_| needs_config);
            let mut manifests = manifest
                .children
                .iter()
                .filter(|child| child.kind().is_manifest());
            config.all(|config| self.configs.contains_key(&config.digest))
                && manifests.all(|child| self.is_complete(&child.digest))
        })
    }

    pub fn known(&self) -> Known {
        let manifests = self.manifests.keys().filter(|digest| self.is_complete(digest));
        let complete = manifests.chain(self.configs.keys()).copied();
        let mut known = Known {
            complete: Arc::new(complete.collect()),
            crawls: self.crawls,
            ..Known::default()
        };
        for (repository, digest) in &self.missing {
            known
                .missing
                .entry(repository.clone())
                .or_default()
                .insert(*digest);
        }
        for (digest, fact) in &self.manifests {
            let children = fact.manifest.children.iter().map(|child| child.digest);
            known.children.insert(*digest, children.collect());
            if !self.is_complete(digest) && fact.manifest.left_out_layers == 0 {
                known.partial.insert(*digest, fact.manifest.clone());
            }
        }
        for (repository, listed) in &self.listed {
            known.listed.insert(repository.clone(), listed.len());
        }
        for (repository, tag) in self.tags.keys() {
            known
                .tags
                .entry(repository.clone())
                .or_default()
                .insert(tag.clone());
        }
        known
    }

    pub fn accounting(&self) -> Accounting {
        let registry = "reg.example.com".parse().unwrap();
        let mut builder = InventoryBuilder::new(registry, DedupScope::Registry);
        for fact in self.manifests.values() {
            builder.manifest(fact.digest, fact.size, fact.manifest.clone());
        }
        for fact in self.configs.values() {
            builder.config_platform(fact.digest, fact.config.platform.clone());
        }
        for ((repository, tag), digest) in &self.tags {
            builder.tag(repository.clone(), tag.clone(), *digest);
        }
        for (_, subject, digest) in &self.referrers {
            builder.referrer(*subject, *digest);
        }
        for (repository, manifests) in &self.listed {
            builder.listed(repository.clone(), manifests.iter().copied());
        }
        for (_, digest) in &self.missing {
            builder.missing([*digest]);
        }
        account(&builder.finish()).unwrap()
    }
}

/// A client that loses no time.
pub fn client(registry: &FaultyRegistry) -> Client {
    client_of(registry.url(), Credentials::Anonymous, quick())
}

/// Settings that lose no time.
pub fn quick() -> ClientSettings {
    ClientSettings {
        requests_per_minute: 0,
        max_attempts: 2,
        retry_base_delay: Duration::from_millis(1),
        retry_max_delay: Duration::from_millis(2),
        read_timeout: Duration::from_secs(5),
        ..ClientSettings::default()
    }
}

/// A client of the registry at this URL.
pub fn client_of(url: &str, credentials: Credentials, settings: ClientSettings) -> Client {
    // Fails where another test was first, which is fine.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let origin = Origin::parse(url).unwrap();
    Client::new(origin, credentials, settings, Arc::new(SystemClock)).unwrap()
}

/// Crawls with this plan and this inputs.
pub async fn crawl_with(registry: &FaultyRegistry, plan: &CrawlPlan, known: &Known) -> Crawled {
    crawl_until(registry, plan, known, usize::MAX).await
}

/// Crawls everything with what is saved, and saves what is found.
pub async fn crawl_all(registry: &FaultyRegistry, saved: &mut Saved) -> Crawled {
    let crawled = crawl_with(registry, &CrawlPlan::default(), &saved.known()).await;
    saved.add(&crawled.findings);
    crawled
}

/// Crawls, and raises the stop flag after so many findings.
pub async fn crawl_until(
    registry: &FaultyRegistry,
    plan: &CrawlPlan,
    known: &Known,
    findings_wanted: usize,
) -> Crawled {
    crawl_by(&client(registry), plan, known, findings_wanted).await
}

/// Crawls as this client, and raises the stop flag after so many findings.
pub async fn crawl_by(client: &Client, plan: &CrawlPlan, known: &Known, findings_wanted: usize) -> Crawled {
    let (sender, mut receiver) = mpsc::channel(1);
    let (stop, progress) = (StopFlag::new(), Progress::default());
    let mut findings = Vec::new();
    let collect = async {
        while let Some(finding) = receiver.recv().await {
            findings.push(finding);
            if findings.len() >= findings_wanted {
                stop.stop();
            }
        }
    };
    let crawling = crawl(client, plan, known.clone(), &progress, sender, &stop);
    let (summary, ()) = tokio::join!(crawling, collect);
    Crawled {
        summary,
        findings,
        progress: progress.snapshot(),
    }
}

pub fn repository(name: &str) -> RepositoryName {
    name.parse().unwrap()
}
