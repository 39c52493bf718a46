use std::time::Duration;

use serde_json::json;
use tare::inventory::{ConfigFact, Finding, KnownManifest, ManifestFact, account};
use tare::oci::{Digest, ImageConfig, Manifest, Platform};
use tare::units::ByteCount;

use super::sample::{document, image, layer, listing, manifest, tag};
use super::{TestDatabase, day, on_both_databases, registry, saved_inventory};

on_both_databases!(
    characters_that_the_database_refuses_are_replaced,
    text_that_looks_like_syntax_stays_text,
    another_registrys_lie_about_a_size_changes_nothing_here,
    very_large_documents_fit,
);

async fn characters_that_the_database_refuses_are_replaced(database: TestDatabase) {
    let store = database.open().await;
    let (config_digest, config) = document(&json!({
        "os": "li\0nux", "architecture": "\0", "variant": "v\u{0}8", "author": "\0\0",
        "config": {"Env": ["NODE_VERSION=2\u{0}2"], "Labels": {"version": "1\0"}},
        "history": [{"created_by": "RUN \0", "comment": "\\u0000", "author": "a\0"}],
    }));
    let (digest, finding) = manifest(&json!({
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "artifactType": "application/\0",
        "annotations": {"org.opencontainers.image.title": "a\0b"},
        "config": {"mediaType": "\0", "digest": config_digest, "size": 1},
        "layers": [{"mediaType": "a\0\"},{", "digest": Digest::sha256_of(b"x"), "size": 1,
                    "annotations": {"org.opencontainers.image.title": "\0"}}],
    }));
    let fact = ConfigFact {
        digest: config_digest,
        size: ByteCount::from(1_u32),
        config: ImageConfig::parse(&config).unwrap(),
    };
    let findings = [finding, Finding::Config(Box::new(fact)), tag("api", "1", digest)];
    let mut saver = store.begin_crawl(&registry(), 3, day(1)).await.unwrap();
    saver.save(&findings, day(1)).await.unwrap();

    let saved = store
        .configs(&[config_digest])
        .await
        .unwrap()
        .remove(&config_digest)
        .unwrap();
    let expected = Platform {
        os: "li\u{fffd}nux".into(),
        architecture: "\u{fffd}".into(),
        variant: Some("v\u{fffd}8".into()),
        os_version: None,
    };
    assert_eq!(saved.platform, expected);
    assert_eq!(saved.history[0].comment, "\\u0000");
    assert_eq!(saved.variables["NODE_VERSION"], "2\u{fffd}2");
    let inventory = saved_inventory(&store).await;
    assert_eq!(account(&inventory).unwrap().registry.blobs, 3);
}

async fn text_that_looks_like_syntax_stays_text(database: TestDatabase) {
    let store = database.open().await;
    let types = [
        r#"{"a","b"}"#,
        "NULL",
        "",
        r"\",
        "'; DROP TABLE tag; --",
        "\u{202e}é🦀",
    ];
    let layers: Vec<_> = types
        .iter()
        .map(|media_type| {
            json!({"mediaType": media_type, "digest": Digest::sha256_of(media_type.as_bytes()), "size": 3,
                   "annotations": {"org.opencontainers.image.title": media_type}})
        })
        .collect();
    let (digest, finding) = manifest(&json!({
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {"mediaType": types.join(" "), "digest": Digest::sha256_of(b"config"), "size": 1},
        "layers": layers,
    }));
    let Finding::Manifest(fact) = &finding else {
        unreachable!()
    };
    let expected = KnownManifest::new(fact.size, fact.manifest.clone());
    let mut saver = store.begin_crawl(&registry(), 3, day(1)).await.unwrap();
    let findings = [finding, tag("api", "1", digest), listing("api", &["1"])];
    saver.save(&findings, day(1)).await.unwrap();
    let saved = store
        .content(&registry().name, &[], None)
        .await
        .unwrap()
        .unwrap()
        .inventory;
    assert_eq!(saved.known_manifest(&digest), Some(&expected));
}

async fn another_registrys_lie_about_a_size_changes_nothing_here(database: TestDatabase) {
    let store = database.open_with_lease(Duration::ZERO).await;
    let (liar, lie) = manifest(&json!({
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {"mediaType": "application/vnd.oci.image.config.v1+json",
                   "digest": Digest::sha256_of(b"config"), "size": 1},
        "layers": [layer("base", 1_000_000_000_000_000)],
    }));
    let mut hostile = registry();
    hostile.name = "hostile.example.com".parse().unwrap();
    let mut saver = store.begin_crawl(&hostile, 3, day(1)).await.unwrap();
    saver
        .save(&[lie, tag("api", "1", liar), listing("api", &["1"])], day(1))
        .await
        .unwrap();

    let (api, mut findings) = image("api");
    findings.push(tag("api", "1", api));
    let mut saver = store.begin_crawl(&registry(), 3, day(1)).await.unwrap();
    saver.save(&findings, day(1)).await.unwrap();
    let inventory = saved_inventory(&store).await;
    assert_eq!(inventory.size_conflicts(), []);
    assert!(account(&inventory).unwrap().registry.stored_bytes.get() < 10_000);

    // Within one registry the lie is noticed.
    let mut saver = store.begin_crawl(&registry(), 3, day(2)).await.unwrap();
    saver.save(&[tag("api", "2", liar)], day(2)).await.unwrap();
    let inventory = saved_inventory(&store).await;
    let conflicts = inventory.size_conflicts();
    assert_eq!(conflicts.len(), 1);
    assert_eq!(conflicts[0].digest, Digest::sha256_of(b"base"));
}

async fn very_large_documents_fit(database: TestDatabase) {
    let store = database.open().await;
    let many: Vec<_> = (0..Manifest::MAX_LAYERS)
        .map(|number| layer(&number.to_string(), 1))
        .collect();
    let (digest, finding) = manifest(&json!({
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {"mediaType": "application/vnd.example", "digest": Digest::sha256_of(b"{}"), "size": 2},
        "layers": many,
    }));
    let steps: Vec<_> = (0..250)
        .map(|_| json!({"created_by": "x".repeat(16 * 1024)}))
        .collect();
    let (config_digest, config) = document(&json!({"history": steps}));
    let config = ConfigFact {
        digest: config_digest,
        size: ByteCount::MAX,
        config: ImageConfig::parse(&config).unwrap(),
    };
    let Finding::Manifest(fact) = finding else {
        unreachable!()
    };
    let fact = ManifestFact {
        size: ByteCount::MAX,
        ..*fact
    };
    let findings = [
        Finding::Manifest(Box::new(fact)),
        Finding::Config(Box::new(config)),
        tag("api", "1", digest),
    ];
    let mut saver = store.begin_crawl(&registry(), 3, day(1)).await.unwrap();
    saver.save(&findings, day(1)).await.unwrap();
    let inventory = saved_inventory(&store).await;
    // The sum does not fit; that is said and is no crash.
    assert!(account(&inventory).is_err());
    assert_eq!(
        store.configs(&[config_digest]).await.unwrap()[&config_digest]
            .history
            .len(),
        250
    );
}
