//! What a process works out from what it keeps is what another one works out from nothing.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use sqlx::Connection as _;
use tare::analysis::{AnalysisService, PlatformSelection};
use tare::inventory::{ConfigFact, DedupScope, Finding};
use tare::oci::{Digest, ImageConfig};
use tare::report::{Analysed, AnalysisInputs, ReportOptions};
use tare::store::{CrawledRegistry, DatabaseLocation, KeptContent, Store, StoredContent};
use tare::units::ByteCount;

use super::sample::{document, index, layer, listing, listing_all, manifest, tag};
use super::{TestDatabase, complete_end, day};

/// Random numbers of a test, the same for the same seed (xorshift, Marsaglia 2003).
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(end).expect("a number")).expect("a number")
    }

    fn one_of<T: Clone>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())].clone()
    }
}

/// An image: content, size and step of each layer, and its variables.
#[derive(Clone, Default)]
struct Built {
    layers: Vec<(String, u64, String)>,
    variables: Vec<String>,
    base_name: Option<String>,
    /// Whether an index lists it, with an image for another platform.
    is_indexed: bool,
}

impl Built {
    fn with(mut self, content: &str, bytes: u64, step: &str) -> Self {
        self.layers.push((content.to_owned(), bytes, step.to_owned()));
        self
    }

    /// The digest that a tag points to, and everything below it.
    fn findings(&self) -> (Digest, Vec<Finding>) {
        let (amd64, mut findings) = self.image("amd64");
        if !self.is_indexed {
            return (amd64, findings);
        }
        let (arm64, others) = self.image("arm64");
        findings.extend(others);
        let (index, finding) = index(&[amd64, arm64]);
        findings.push(finding);
        (index, findings)
    }

    fn image(&self, architecture: &str) -> (Digest, Vec<Finding>) {
        let of_platform = |content: &str| format!("{content} {architecture}");
        let history: Vec<Value> = self
            .layers
            .iter()
            .map(|(_, _, step)| json!({"created_by": step}))
            .collect();
        let diff_ids: Vec<Digest> = self
            .layers
            .iter()
            .map(|(content, ..)| Digest::sha256_of(format!("diff {}", of_platform(content)).as_bytes()))
            .collect();
        let (config_digest, config) = document(&json!({
            "os": "linux", "architecture": architecture, "created": "2026-10-01T00:00:00Z",
            "config": {"Env": self.variables}, "history": history,
            "rootfs": {"type": "layers", "diff_ids": diff_ids},
        }));
        let layers: Vec<Value> = self
            .layers
            .iter()
            .map(|(content, bytes, _)| layer(&of_platform(content), *bytes))
            .collect();
        let annotations = match &self.base_name {
            Some(name) => json!({"org.opencontainers.image.base.name": name}),
            None => json!({}),
        };
        let (digest, found) = manifest(&json!({
            "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": {"mediaType": "application/vnd.oci.image.config.v1+json",
                       "digest": config_digest, "size": config.len()},
            "layers": layers, "annotations": annotations,
        }));
        let fact = ConfigFact {
            digest: config_digest,
            size: ByteCount::try_from(config.len() as u64).expect("a length"),
            config: ImageConfig::parse(&config).expect("a configuration"),
        };
        (digest, vec![found, Finding::Config(Box::new(fact))])
    }
}

type Tags = BTreeMap<String, Built>;

/// Two registries that change.
struct World {
    random: Random,
    registries: [BTreeMap<String, Tags>; 2],
    builds: u32,
}

const NAMES: [&str; 2] = ["reg.example.com", "other.example.com"];

impl World {
    fn new(seed: u64) -> Self {
        let mut world = Self {
            random: Random(seed),
            registries: Default::default(),
            builds: 0,
        };
        for registry in 0..2 {
            for _ in 0..4 {
                world.rebuild_bases(registry);
                world.push(registry);
            }
        }
        world
    }

    fn next(&mut self) -> u32 {
        self.builds += 1;
        self.builds
    }

    fn set(&mut self, registry: usize, repository: &str, tag: &str, image: Built) {
        let tags = self.registries[registry]
            .entry(repository.to_owned())
            .or_default();
        tags.insert(tag.to_owned(), image);
    }

    /// Publishes one of the bases anew.
    fn rebuild_bases(&mut self, registry: usize) {
        let (build, patch) = (self.next(), self.random.below(4));
        let debian = Built::default().with(
            &format!("debian {patch}"),
            29_000_000,
            "# debian.sh --arch 'amd64' 'bookworm'",
        );
        let node = |system: Built, step: &str| {
            let mut image = system.with(&format!("node {patch}"), 50_000_000 + u64::from(build), step);
            image.variables.push(format!("NODE_VERSION=22.{patch}.0"));
            image
        };
        let curl = "RUN curl -fsSLO https://nodejs.org/dist/node.tar.xz";
        match self.random.below(4) {
            0 => self.set(registry, "library/debian", "bookworm", debian),
            1 => self.set(registry, "library/node", "22", node(debian, curl)),
            2 => self.set(
                registry,
                "library/node",
                &format!("22.{patch}.0"),
                node(debian, curl),
            ),
            _ => {
                let alpine =
                    Built::default().with("alpine", 3_500_000, "ADD alpine-minirootfs.tar.gz / # buildkit");
                self.set(registry, "library/alpine", "3.22", alpine.clone());
                self.set(
                    registry,
                    "library/node",
                    "22-alpine",
                    node(alpine, "RUN apk add --no-cache libstdc++ && node"),
                );
            }
        }
    }

    fn existing(&mut self, registry: usize) -> Option<(String, String)> {
        let all: Vec<(String, String)> = self.registries[registry]
            .iter()
            .flat_map(|(repository, tags)| tags.keys().map(|tag| (repository.clone(), tag.clone())))
            .collect();
        (!all.is_empty()).then(|| self.random.one_of(&all))
    }

    /// Builds an application on any image that is there.
    fn push(&mut self, registry: usize) {
        let Some((repository, tag)) = self.existing(registry) else {
            return;
        };
        let build = self.next();
        let mut image = self.registries[registry][&repository][&tag].clone();
        image.layers.truncate(4);
        image = image.with(
            &format!("application {build}"),
            1_000 + u64::from(build),
            "COPY . /app",
        );
        image.is_indexed = self.random.below(4) == 0;
        image.base_name = (self.random.below(3) == 0).then(|| format!("docker.io/{repository}:{tag}"));
        let name = format!("team/app-{}", self.random.below(5));
        let tag = self.random.one_of(&["1", "2", "latest", "1-alpine"]);
        self.set(registry, &name, tag, image);
    }

    fn change(&mut self, registry: usize) {
        let existing = self.existing(registry);
        match (self.random.below(10), existing) {
            (0, _) => self.rebuild_bases(registry),
            (1, Some((repository, _))) => {
                self.registries[registry].remove(&repository);
            }
            (2 | 3, Some((repository, tag))) => {
                if let Some(tags) = self.registries[registry].get_mut(&repository) {
                    tags.remove(&tag);
                }
            }
            // A copy under another name, in any registry.
            (4 | 5, Some((repository, tag))) => {
                let image = self.registries[registry][&repository][&tag].clone();
                let (target, name) = (self.random.below(2), format!("live/app-{}", self.random.below(3)));
                self.set(target, &name, "stable", image);
            }
            _ => self.push(registry),
        }
    }

    /// Crawls a registry as it is.
    async fn crawl(&self, registry: usize, store: &Store, now: DateTime<Utc>) {
        let crawled = CrawledRegistry {
            name: NAMES[registry].parse().expect("a name"),
            origin_url: format!("https://{}", NAMES[registry]),
            // The second one keeps a copy for each repository, and lists its manifests.
            dedup_scope: [DedupScope::Registry, DedupScope::Repository][registry],
        };
        let mut saver = store.begin_crawl(&crawled, 1, now).await.expect("a crawl");
        for (repository, tags) in &self.registries[registry] {
            let mut findings = Vec::new();
            let mut manifests = Vec::new();
            for (name, image) in tags {
                let (digest, found) = image.findings();
                findings.extend(found);
                findings.push(tag(repository, name, digest));
                manifests.push(digest);
            }
            let names: Vec<&str> = tags.keys().map(String::as_str).collect();
            findings.push(match registry {
                0 => listing(repository, &names),
                _ => listing_all(repository, &names, &manifests),
            });
            saver.save(&findings, now).await.expect("saved findings");
        }
        let end = complete_end();
        saver.finish(&end, now).await.expect("the end of the crawl");
    }
}

/// Compares everything that answers are made of.
fn assert_identical(kept: &Analysed, plain: &Analysed, inputs: &AnalysisInputs, case: &str) {
    assert_eq!(kept.registries.len(), plain.registries.len(), "{case}");
    for (kept, plain) in kept.registries.iter().zip(&plain.registries) {
        assert_eq!(kept.accounting, plain.accounting, "{case}");
        assert!(kept.content.images == plain.content.images, "{case}: images");
        assert!(kept.analysis == plain.analysis, "{case}: analyses");
        assert_eq!(
            kept.content.inventory.repositories, plain.content.inventory.repositories,
            "{case}"
        );
        assert_eq!(
            format!("{:?}", kept.content.source),
            format!("{:?}", plain.content.source),
            "{case}"
        );
    }
    let options = ReportOptions {
        images: true,
        ..ReportOptions::default()
    };
    let report = |analysed: &Analysed| analysed.report(inputs, &options).expect("a report");
    assert!(report(kept) == report(plain), "{case}: reports");
}

#[tokio::test(flavor = "multi_thread")]
async fn any_sequence_of_crawls_gives_what_working_everything_out_gives() {
    let inputs = Arc::new(AnalysisInputs::default());
    for seed in [1, 2026, 0x9e37_79b9] {
        let store = TestDatabase::server().await.open().await;
        let plain = AnalysisService::new(store.clone(), Arc::clone(&inputs), PlatformSelection::default());
        let keeping = plain.clone().keeping();
        let mut world = World::new(seed);
        let mut now = day(1);
        for step in 0..10 {
            let registry = world.random.below(2);
            for _ in 0..=world.random.below(3) {
                world.change(registry);
            }
            now += TimeDelta::hours(7);
            world.crawl(registry, &store, now).await;
            let case = format!("seed {seed}, step {step}");
            let (kept, all) = (keeping.analysed().await.unwrap(), plain.analysed().await.unwrap());
            assert_identical(&kept, &all, &inputs, &case);
        }
    }
}

async fn read(store: &Store, kept: Option<&mut KeptContent>) -> StoredContent {
    let name = NAMES[0].parse().unwrap();
    let content = store.current_content(&name, &[], &[], kept).await.unwrap();
    content.expect("the registry")
}

#[tokio::test(flavor = "multi_thread")]
async fn manifests_and_configurations_that_are_kept_are_not_read_again() {
    let database = TestDatabase::server().await;
    let store = database.open().await;
    let mut world = World::new(7);
    world.crawl(0, &store, day(1)).await;
    let mut kept = KeptContent::default();
    let first = read(&store, Some(&mut kept)).await;
    let counts = kept.counts();
    assert!(counts.0 > 0 && counts.1 > 0, "{counts:?}");

    // What is no longer used is dropped, and what is new is read.
    let (repository, _) = world.existing(0).unwrap();
    world.registries[0].remove(&repository);
    world.push(0);
    world.crawl(0, &store, day(2)).await;
    let second = read(&store, Some(&mut kept)).await;
    let plain = read(&store, None).await;
    assert_eq!(second.images, plain.images);
    assert_ne!(first.images, second.images);

    // The rows could be gone: they are not looked at.
    let DatabaseLocation::Server(url) = &database.location else {
        unreachable!()
    };
    let url = secrecy::ExposeSecret::expose_secret(url);
    let mut connection = sqlx::PgConnection::connect(url).await.unwrap();
    for statement in [
        "DELETE FROM image_config",
        "UPDATE manifest SET layer_sizes = ARRAY(SELECT size + 1 FROM unnest(layer_sizes) AS size)",
    ] {
        sqlx::raw_sql(statement).execute(&mut connection).await.unwrap();
    }
    assert_eq!(read(&store, Some(&mut kept)).await.images, second.images);
    assert_ne!(read(&store, None).await.images, second.images);
}
