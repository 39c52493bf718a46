//! Pulls by a real client through a real registry server, metered by its notifications.

use std::collections::BTreeMap;

use oci_distribution::client::{ClientConfig, ClientProtocol};
use oci_distribution::secrets::RegistryAuth;
use oci_distribution::{Client, Reference};
use tare::clock::{Clock as _, SystemClock};
use tare::oci::{RegistryName, RepositoryName};
use tare::pricing::Period;
use tare::store::{DatabaseLocation, Store, StoreSettings};
use tare::units::ByteCount;

use super::events::{Pusher, free_port, until};
use super::with_new_database;
use crate::support::docker_registry::DockerRegistry;
use crate::support::storage_folder::StorageFolder;

const LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
/// Repositories, each with an image and an index of images for two processors.
const REPOSITORIES: usize = 10;

/// What the access log says that clients other than Tare were served: how many images, and how many bytes of blobs.
#[derive(Debug, Default, PartialEq, Eq)]
struct Served {
    images: u64,
    bytes: u64,
}

/// Reads an access log in the combined format. An index is not an image.
fn served(log: &[String]) -> BTreeMap<RepositoryName, Served> {
    let mut served: BTreeMap<RepositoryName, Served> = BTreeMap::new();
    for line in log.iter().filter(|line| line.contains("\"oci-client/")) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let method = words.iter().position(|word| *word == "\"GET");
        let Some([path, _, status, bytes]) = method.map(|at| &words[at + 1..at + 5]) else {
            continue;
        };
        let path = path.trim_start_matches("/v2/");
        if *status != "200" {
            continue;
        }
        if let Some((repository, reference)) = path.split_once("/manifests/")
            && reference != "all"
        {
            served
                .entry(repository.parse().expect("a name"))
                .or_default()
                .images += 1;
        }
        if let Some((repository, _)) = path.split_once("/blobs/") {
            let own = served.entry(repository.parse().expect("a name")).or_default();
            own.bytes += bytes.parse::<u64>().expect("a size");
        }
    }
    served
}

/// Vendors: Distribution.
#[test]
fn pulls_by_a_real_client_are_metered_as_the_access_log_has_them() {
    let folder = StorageFolder::new();
    folder.image("team/first", "v1", &[b"base"]);
    let port = free_port();
    let registry = DockerRegistry::serve_with_notifications(folder.path(), |registry| {
        format!("http://127.0.0.1:{port}/v1/registries/{registry}/events")
    });
    let program = with_new_database();
    let service = program.serve_at(&format!("127.0.0.1:{port}"), &["--registry", registry.url()]);
    let address = registry.url().trim_start_matches("http://").to_owned();
    until(&service, "/v1/registries", |list| {
        list["items"][0]["last_crawl"]["state"] == "complete"
    });
    let pusher = Pusher {
        service: &service,
        registry: registry.url(),
    };
    let repositories: Vec<String> = (0..REPOSITORIES)
        .map(|number| format!("team/service-{number}"))
        .collect();
    for (number, repository) in repositories.iter().enumerate() {
        let content = |salt: u8| vec![salt; 1_000 + number * 10];
        pusher.image(repository, "one", &content(1));
        pusher.index(repository, "all", &content(2));
    }

    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let store = program.database().expect("a database").to_owned();
    let settings = StoreSettings::at(DatabaseLocation::Server(store.into()));
    let now = SystemClock.now();
    let store = runtime
        .block_on(Store::open(&settings, now))
        .expect("an open store");
    // Everyone runs on one of the two processors of the indexes; which one decides nothing.
    let client = |processor: &'static str| {
        Client::new(ClientConfig {
            protocol: ClientProtocol::Http,
            platform_resolver: Some(Box::new(move |entries| {
                let own = entries.iter().find(|entry| {
                    let platform = entry.platform.as_ref();
                    platform.is_some_and(|platform| platform.architecture.to_string() == processor)
                });
                own.map(|entry| entry.digest.clone())
            })),
            ..ClientConfig::default()
        })
    };
    runtime.block_on(async {
        for processor in ["amd64", "arm64"] {
            let client = client(processor);
            for repository in &repositories {
                let tags: &[&str] = match processor {
                    "amd64" => &["one", "all"],
                    _ => &["all"],
                };
                for tag in tags {
                    let reference =
                        Reference::with_tag(address.clone(), repository.clone(), (*tag).to_owned());
                    let pulled = client
                        .pull(&reference, &RegistryAuth::Anonymous, vec![LAYER])
                        .await;
                    assert_eq!(pulled.expect("an image").layers.len(), 1);
                }
            }
        }
    });

    let log = registry.access_log();
    let expected = served(&log);
    assert_eq!(
        expected.values().map(|served| served.images).sum::<u64>(),
        3 * REPOSITORIES as u64
    );
    let name: RegistryName = address.parse().expect("a name");
    let today = Period::new(now.date_naive(), now.date_naive() + chrono::Days::new(2)).expect("days");
    let metered = || {
        let pulls = runtime.block_on(store.pull_counts(None)).expect("pulls");
        let count = |repository: &RepositoryName| {
            let (images, _) = pulls.pulls_in(&name, repository, today);
            let each = pulls
                .bytes_each(&name, repository, today)
                .map_or(0, ByteCount::get);
            (images, each)
        };
        expected
            .keys()
            .map(|repository| (repository.clone(), count(repository)))
            .collect::<BTreeMap<_, _>>()
    };
    let wanted: BTreeMap<RepositoryName, (u64, u64)> = expected
        .iter()
        .map(|(repository, served)| (repository.clone(), (served.images, served.bytes / served.images)))
        .collect();
    // Notifications arrive in the order of the requests, some time after them.
    let began = std::time::Instant::now();
    while metered() != wanted && began.elapsed() < std::time::Duration::from_secs(20) {
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    assert_eq!(metered(), wanted);
    runtime.block_on(store.close());
}
