use serde_json::json;
use tare::oci::Digest;

use super::sample::{image, manifest, tag};
use super::{TestDatabase, day, on_both_databases, registry};

on_both_databases!(images_come_with_their_names_and_with_what_their_index_says);

async fn images_come_with_their_names_and_with_what_their_index_says(database: TestDatabase) {
    let store = database.open().await;
    let base = "org.opencontainers.image.base.name";
    let (api, mut findings) = image("api");
    let (web, more) = image("web");
    findings.extend(more);
    let listed = |digest: Digest| {
        json!({"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": digest, "size": 500,
               "platform": {"os": "linux", "architecture": "amd64"}, "annotations": {base: "debian:trixie"}})
    };
    // The index names one of its manifests twice, and one that nobody has read.
    let unread = Digest::sha256_of(b"unread");
    let (both, index) = manifest(
        &json!({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json",
                "manifests": [listed(api), listed(api), listed(web), listed(unread)]}),
    );
    findings.extend([index, tag("team/all", "latest", both), tag("team/api", "1", api)]);
    let mut saver = store.begin_crawl(&registry(), 3, day(1)).await.unwrap();
    saver.save(&findings, day(1)).await.unwrap();

    let content = |platform: &str| {
        let (store, platforms) = (store.clone(), [platform.parse().unwrap()]);
        async move {
            let content = store.content(&registry().name, &platforms, None).await;
            content.unwrap().unwrap()
        }
    };
    let found = content("linux/amd64").await;
    assert_eq!(found.images.len(), 2);
    let names = |digest: Digest| -> Vec<String> {
        let image = found.images.iter().find(|image| image.digest == digest).unwrap();
        assert_eq!(image.annotations[base], "debian:trixie");
        assert_eq!(image.config.as_ref().unwrap().variables["NODE_VERSION"], "22.1.0");
        assert_eq!((image.layers.len(), image.layer_bytes()), (2, 1010));
        let names = image.names.iter();
        names
            .map(|(repository, tag)| format!("{repository}:{tag}"))
            .collect()
    };
    assert_eq!(names(api), ["team/all:latest", "team/api:1"]);
    assert_eq!(names(web), ["team/all:latest"]);
    assert_eq!(found.inventory.finish().repositories.len(), 2);

    assert_eq!(content("linux/arm64").await.images.len(), 0);
    let unknown = store
        .content(&"other.example.com".parse().unwrap(), &[], None)
        .await;
    assert!(unknown.unwrap().is_none());
}
