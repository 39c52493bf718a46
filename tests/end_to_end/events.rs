//! A push to a real registry server that notifies the service of it.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};
use tare::oci::Digest;

use super::with_new_database;
use crate::support::docker_registry::DockerRegistry;
use crate::support::service::Service;
use crate::support::storage_folder::StorageFolder;

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// A client that pushes to a registry.
pub(super) struct Pusher<'a> {
    pub(super) service: &'a Service,
    pub(super) registry: &'a str,
}

impl Pusher<'_> {
    fn put(
        &self,
        method: Method,
        url: &str,
        media_type: &str,
        body: Vec<u8>,
    ) -> crate::support::service::Answer {
        let request = self.service.request_elsewhere(method, url);
        self.service
            .send(request.header("content-type", media_type).body(body))
    }

    fn blob(&self, repository: &str, content: &[u8]) -> Digest {
        let digest = Digest::sha256_of(content);
        let uploads = format!("{}/v2/{repository}/blobs/uploads/", self.registry);
        let begun = self.put(Method::POST, &uploads, "application/octet-stream", Vec::new());
        assert_eq!(begun.status, 202, "{}", begun.text());
        let place = begun.header("location");
        let sign = if place.contains('?') { '&' } else { '?' };
        let url = format!("{place}{sign}digest={digest}");
        let stored = self.put(Method::PUT, &url, "application/octet-stream", content.to_vec());
        assert_eq!(stored.status, 201, "{}", stored.text());
        digest
    }

    /// Pushes an image with one layer, and gives the digest of its manifest.
    pub(super) fn image(&self, repository: &str, tag: &str, layer: &[u8]) -> Digest {
        let (digest, _) = self.image_for("amd64", repository, tag, layer);
        digest
    }

    /// Pushes an index of images for two processors, each with one layer.
    pub(super) fn index(&self, repository: &str, tag: &str, layer: &[u8]) {
        let children: Vec<Value> = ["amd64", "arm64"]
            .into_iter()
            .map(|processor| {
                let layer = [layer, processor.as_bytes()].concat();
                let (digest, size) =
                    self.image_for(processor, repository, &format!("{tag}-{processor}"), &layer);
                json!({
                    "mediaType": MANIFEST, "digest": digest, "size": size,
                    "platform": {"os": "linux", "architecture": processor},
                })
            })
            .collect();
        let index = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": children}).to_string();
        let url = format!("{}/v2/{repository}/manifests/{tag}", self.registry);
        let stored = self.put(Method::PUT, &url, INDEX, index.into_bytes());
        assert_eq!(stored.status, 201, "{}", stored.text());
    }

    /// Pushes an image with one layer, and gives digest and size of its manifest.
    fn image_for(&self, processor: &str, repository: &str, tag: &str, layer: &[u8]) -> (Digest, usize) {
        let layer_digest = self.blob(repository, layer);
        let config = json!({
            "architecture": processor, "os": "linux", "config": {}, "history": [],
            "rootfs": {"type": "layers", "diff_ids": [layer_digest]},
        })
        .to_string();
        let config_digest = self.blob(repository, config.as_bytes());
        let manifest = json!({
            "schemaVersion": 2, "mediaType": MANIFEST,
            "config": {
                "mediaType": "application/vnd.oci.image.config.v1+json", "size": config.len(), "digest": config_digest,
            },
            "layers": [{
                "mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "size": layer.len(), "digest": layer_digest,
            }],
        })
        .to_string();
        let url = format!("{}/v2/{repository}/manifests/{tag}", self.registry);
        let stored = self.put(Method::PUT, &url, MANIFEST, manifest.clone().into_bytes());
        assert_eq!(stored.status, 201, "{}", stored.text());
        (Digest::sha256_of(manifest.as_bytes()), manifest.len())
    }
}

/// Waits until an answer is as wanted, and says how long that took.
pub(super) fn until(service: &Service, path: &str, is_so: impl Fn(&Value) -> bool) -> Duration {
    let began = Instant::now();
    loop {
        let answer = service.get(path);
        if answer.status == 200 && is_so(&answer.json()) {
            return began.elapsed();
        }
        assert!(
            began.elapsed() < Duration::from_secs(60),
            "{path}: {}",
            answer.text()
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A free port. Another process may take it before the service does, which is rare.
pub(super) fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).and_then(|listener| listener.local_addr());
    listener.expect("a free port").port()
}

/// Vendors: Distribution.
#[test]
fn a_push_and_a_deletion_show_in_the_api_within_seconds() {
    let folder = StorageFolder::new();
    folder.image("team/api", "v1", &[b"base", b"first"]);
    let port = free_port();
    let registry = DockerRegistry::serve_with_notifications(folder.path(), |registry| {
        format!("http://127.0.0.1:{port}/v1/registries/{registry}/events")
    });
    let program = with_new_database();
    let service = program.serve_at(&format!("127.0.0.1:{port}"), &["--registry", registry.url()]);
    let name = registry.url().trim_start_matches("http://");
    until(&service, "/v1/registries", |list| {
        list["items"][0]["last_crawl"]["state"] == "complete"
    });

    let pusher = Pusher {
        service: &service,
        registry: registry.url(),
    };
    let asked_before = registry.access_log().len();
    let digest = pusher.image("team/web", "v1", &[7; 50_000]);
    let repository = format!("/v1/repositories/{name}/team%2Fweb");
    let took = until(&service, &repository, |row| {
        row["stored_bytes"].as_u64().is_some_and(|bytes| bytes > 50_000)
    });
    let asked: Vec<String> = registry.access_log().split_off(asked_before);
    let by_tare: Vec<&String> = asked
        .iter()
        .filter(|line| line.contains("registry-tare/") && line.contains("/manifests/"))
        .collect();
    println!("a push shows after {took:?}");
    assert!(took < Duration::from_secs(2), "{took:?}");
    assert_eq!(by_tare.len(), 1, "{asked:?}");

    let url = format!("{}/v2/team/web/manifests/{digest}", registry.url());
    let deleted = service.send(service.request_elsewhere(Method::DELETE, &url));
    assert_eq!(deleted.status, 202, "{}", deleted.text());
    until(&service, &repository, |row| row["tags"] == 0);
    // The crawl that follows finds nothing that events had not told.
    let crawl = service.post("/v1/crawls", &json!({"registry": name})).json();
    let crawl = format!("/v1/crawls/{}", crawl["id"]);
    until(&service, &crawl, |crawl| crawl["state"] == "complete");
    assert_eq!(service.json(&crawl)["events"], json!({"told": 2, "missed": 0}));
}
