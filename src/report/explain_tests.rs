//! Images of a small registry, found and explained.

use chrono::{DateTime, Utc};
use serde_json::json;

use super::*;
use crate::base_image::ImageFacts;
use crate::inventory::{DedupScope, InventoryBuilder, KnownManifest};
use crate::oci::{Digest, ImageConfig, Manifest, RepositoryPattern};
use crate::units::ByteCount;
use crate::whatif::{Verdict, VerdictOverride};

/// A registry with one image of three layers on Debian under the given names, one image each.
pub(super) fn registry(host: &str, names: &[(&str, &str, &str)]) -> RegistryContent {
    let mut builder = InventoryBuilder::new(host.parse().unwrap(), DedupScope::Registry);
    let mut images = Vec::new();
    for (number, (repository, tag, architecture)) in names.iter().enumerate() {
        let layer = |name: &str, size: u64| {
            let digest = Digest::sha256_of(name.as_bytes());
            json!({"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "digest": digest, "size": size})
        };
        let steps = [
            "# debian.sh --arch 'amd64' out/ 'bookworm' '@1789'",
            "RUN apt-get update && apt-get install -y gcc # buildkit",
            "COPY \u{1b}[2Japp /srv/ # buildkit",
        ];
        let history: Vec<_> = steps.iter().map(|step| json!({"created_by": step})).collect();
        let config = json!({
            "os": "linux", "architecture": architecture, "created": "2026-11-01T00:00:00Z",
            "history": history, "rootfs": {"type": "layers", "diff_ids": []},
        });
        let config = config.to_string();
        let config_digest = Digest::sha256_of(config.as_bytes());
        let document = json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": {
                "mediaType": "application/vnd.oci.image.config.v1+json",
                "digest": config_digest, "size": config.len(),
            },
            "layers": [layer("debian", 48_000_000), layer("gcc", 60_000_000), layer(&format!("app {number}"), 9_000_000)],
        });
        let document = document.to_string();
        let digest = Digest::sha256_of(document.as_bytes());
        let manifest = Manifest::parse(document.as_bytes(), None).unwrap();
        let config = ImageConfig::parse(config.as_bytes()).unwrap();
        let name = (repository.parse().unwrap(), tag.parse().unwrap());
        builder.config_platform(config_digest, config.platform.clone());
        builder.tag(repository.parse().unwrap(), tag.parse().unwrap(), digest);
        let size = ByteCount::try_from(document.len() as u64).unwrap();
        let manifest = KnownManifest::new(size, manifest);
        images.push(ImageFacts::new(
            digest,
            &manifest,
            None,
            Some(config.into()),
            vec![name],
        ));
        builder.known(digest, manifest.into());
    }
    RegistryContent {
        source: RegistrySource {
            registry: host.parse().unwrap(),
            as_of: DateTime::<Utc>::UNIX_EPOCH,
            last_crawl: LastCrawl::Complete,
            dedup_scope: DedupScope::Registry,
            unread_manifests: 0,
            conflicting_sizes: 0,
            missing_tags: 0,
            soft_deleted: None,
            event_coverage: None,
        },
        inventory: builder.finish(),
        images,
        accounting: None,
    }
}

fn company() -> Vec<RegistryContent> {
    vec![
        registry(
            "reg.example.com:5000",
            &[
                ("team-a/api", "1.2", "arm64"),
                ("team-a/web", "latest", "amd64"),
                ("shared", "1", "amd64"),
            ],
        ),
        registry("b.example.com", &[("shared", "1", "amd64")]),
    ]
}

fn found(text: &str) -> Result<String, String> {
    let registries = company();
    find(&registries, text, None)
        .map(|found| format!("{}/{}", found.content.source.registry, found.repository))
        .map_err(|error| error.to_string())
}

#[test]
fn references_are_found_as_people_write_them() {
    let api = Ok("reg.example.com:5000/team-a/api".to_owned());
    let digest = company()[0].images[0].digest.to_string();
    for text in [
        "team-a/api:1.2",
        "reg.example.com:5000/team-a/api:1.2",
        "https://reg.example.com:5000/team-a/api:1.2",
        &format!("team-a/api@{digest}"),
        &format!("team-a/api:whatever@{}", &digest[..20]),
    ] {
        assert_eq!(found(text), api, "{text}");
    }
    assert_eq!(
        found("team-a/web"),
        Ok("reg.example.com:5000/team-a/web".to_owned())
    );
    assert_eq!(
        found("b.example.com/shared:1"),
        Ok("b.example.com/shared".to_owned())
    );
}

#[test]
fn unclear_references_are_answered_with_clear_ones() {
    for (text, says) in [
        (
            "shared:1",
            "name one of reg.example.com:5000/shared:1, b.example.com/shared:1",
        ),
        ("api:1.2", "did you mean team-a/api:1.2?"),
        ("team-a/apo:1.2", "did you mean"),
        ("sharde:1", "did you mean shared:1?"),
        ("team-a/api", "team-a/api:1.2"),
        ("zzzzzzzz:9", "nothing that has been crawled is called zzzzzzzz:9"),
        ("\u{1b}[2J", "\\u{1b}"),
    ] {
        let error = found(text).unwrap_err();
        assert!(
            error.contains(says) && !error.contains('\u{1b}'),
            "{text}: {error}"
        );
    }
    let registries = company();
    let platform = "linux/amd64".parse().unwrap();
    let error = find(&registries, "team-a/api:1.2", Some(&platform)).unwrap_err();
    assert!(error.to_string().contains("it is for linux/arm64"), "{error}");
}

#[test]
fn the_parts_of_an_explained_image_are_the_whole_and_nothing_steers_a_terminal() {
    let registries = company();
    let found = find(&registries, "team-a/web", None).unwrap();
    let inputs = AnalysisInputs::default();
    let catalogue = inputs.catalogue(&registries).unwrap();
    let context = inputs.context(&catalogue);
    let analysis = context
        .analyse(&found.content.inventory, &found.content.images)
        .unwrap();
    let explained = explain(found, &analysis, &context).unwrap().unwrap();
    let alpine = explained.alpine.as_ref().unwrap();
    let above: u64 = explained
        .layers
        .iter()
        .filter_map(|layer| layer.alpine_bytes)
        .map(|bytes| bytes.expected.get())
        .sum();
    let added = alpine.added_bytes.map_or(0, |bytes| bytes.expected.get());
    assert_eq!(
        alpine.twin_bytes.get() + above + added,
        alpine.bytes.expected.get()
    );
    assert_eq!(explained.layers[0].alpine_bytes, None, "the base goes");
    assert!(explained.layers[0].is_of_base && !explained.layers[2].is_of_base);
    assert_eq!(explained.compressed_bytes.get(), 117_000_000);

    let text = explanation_table(&explained, 100);
    assert!(
        text.contains("COPY \\u{1b}[2Japp") && !text.contains('\u{1b}'),
        "{text}"
    );
    assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
    // Programs get the text as it is.
    let document: serde_json::Value = serde_json::from_str(&json(&explained).unwrap()).unwrap();
    assert_eq!(
        document["layers"][2]["command"],
        "COPY \u{1b}[2Japp /srv/ # buildkit"
    );
}

/// The image or the repository of another registry must not be answered with the first one of this registry.
#[test]
fn what_a_registry_does_not_contain_is_not_explained_by_something_else() {
    let registries = company();
    let inputs = AnalysisInputs::default();
    let catalogue = inputs.catalogue(&registries).unwrap();
    let context = inputs.context(&catalogue);
    let own = &registries[1];
    let analysis = context.analyse(&own.inventory, &own.images).unwrap();
    let other = find(&registries, "team-a/web", None).unwrap();
    let (repository, image) = (&own.inventory.repositories[0].name, &own.images[0]);
    let found = |repository, image| Found {
        content: own,
        repository,
        tag: None,
        image,
    };
    let explained = |found| explain(found, &analysis, &context).unwrap();
    assert!(explained(found(repository, image)).is_some());
    assert_eq!(explained(found(other.repository, image)), None);
    assert_eq!(explained(found(repository, other.image)), None);
}

#[test]
fn an_operators_decision_holds_for_the_repository_and_its_images() {
    let mut inputs = AnalysisInputs::default();
    let repositories = RepositoryPattern::new("team-a/*").unwrap();
    let decision = VerdictOverride::new(repositories, Verdict::Blocked, Some("not now".to_owned()));
    inputs.verdicts.overrides.push(decision);
    let options = ReportOptions {
        images: true,
        ..ReportOptions::default()
    };
    let analysed = Analysed::new(company(), &inputs).unwrap();
    let report = analysed.report(&inputs, &options).unwrap();
    for row in &report.repositories {
        let judged = row.judged.as_ref().unwrap();
        let is_decided = row.totals.repository.as_str().starts_with("team-a/");
        assert_eq!(judged.reason == "not now", is_decided, "{row:?}");
    }
    let images = report.images.unwrap();
    assert_eq!(images.len(), 4);
    assert_eq!(images.iter().filter(|image| image.reason == "not now").count(), 2);
}
