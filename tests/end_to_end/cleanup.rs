//! What a clean-up is said to free is what a real registry's garbage collection deletes from its disk, to the byte.

use reqwest::{Client, StatusCode};
use serde_json::Value;

use super::with_new_database;
use crate::support::docker_registry::DockerRegistry;
use crate::support::storage_folder::StorageFolder;

/// A registry with layers that tags, platforms and repositories share.
fn folder() -> StorageFolder {
    let folder = StorageFolder::new();
    let base = [7; 5000];
    for number in 1..=4_u8 {
        let own = vec![number; 100 * usize::from(number)];
        folder.image("shop/api", &format!("1.{number}.0"), &[&base, &own]);
    }
    // A multi-platform image whose images have no tag, and one of them is an image of its own elsewhere.
    folder.image("shop/api", "amd64", &[&base, &[21; 300]]);
    folder.image("shop/api", "arm64", &[&[8; 4000], &[22; 310]]);
    folder.index("shop/api", "multi", &["amd64", "arm64"]);
    folder.untag("shop/api", "amd64");
    folder.untag("shop/api", "arm64");
    folder.image("shop/web", "old", &[&base, &[1; 100], &[31; 50]]);
    folder.image("shop/web", "new", &[&[9; 6000], &[32; 60]]);
    folder.image("tools", "only", &[&[9; 6000], &[22; 310]]);
    folder
}

async fn delete(registry: &DockerRegistry, answer: &Value) {
    let client = Client::builder().build().expect("a client");
    for repository in answer["repositories"].as_array().expect("a list") {
        let name = repository["repository"].as_str().expect("a name");
        for digest in repository["manifest_digests"].as_array().expect("a list") {
            let digest = digest.as_str().expect("a digest");
            let url = format!("{}/v2/{name}/manifests/{digest}", registry.url());
            let status = client.delete(url).send().await.expect("an answer").status();
            assert_eq!(status, StatusCode::ACCEPTED, "{name}@{digest}");
        }
    }
}

#[test]
fn a_clean_up_frees_what_the_registrys_disk_loses() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let program = with_new_database();
    for rules in [
        &["--delete", "1.[12].0"][..],
        &["--delete", "multi"],
        &["--keep-newest", "1"],
        &["--keep-newest-minors", "2", "--repository", "shop/*"],
        &["--delete", "*", "--keep", "o*"],
        &["--delete", "*"],
    ] {
        let folder = folder();
        let registry = DockerRegistry::serve_for_deletion(folder.path());
        program.crawl(registry.url());
        let mut arguments = vec!["cleanup", "--format", "json", "--registry", registry.url()];
        arguments.extend(rules);
        let answer = program.json(&arguments);
        let before = folder.stored_bytes();
        assert_eq!(answer["stored_bytes"], before, "{rules:?}");
        runtime.block_on(delete(&registry, &answer));
        registry.collect_garbage();
        let lost = before - folder.stored_bytes();
        assert_eq!(answer["freed_bytes"], lost, "{rules:?}");
        assert!(lost > 0, "{rules:?}");
    }
}
