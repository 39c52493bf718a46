//! The store, on both databases it runs on: every test of [`on_both_databases`] runs on the embedded
//! database and on a PostgreSQL server.

mod api_keys;
mod clocks;
mod closing;
mod crawls;
mod durability;
mod events;
mod finance;
mod health;
mod hostile;
mod images;
mod inconsistent;
mod incremental;
mod metering;
mod opening;
mod pulls;
mod reports;
pub mod retention;
mod sample;
mod saving;
mod side_by_side;
mod tombstones;
mod untagged;
mod work;

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use chrono::{DateTime, Utc};
use secrecy::ExposeSecret as _;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions as _, PgConnection};
use tare::inventory::Inventory;
use tare::oci::{Digest, DigestSet, Manifest, RegistryName, RepositoryName, Tag};
use tare::store::{CrawlCost, CrawlEnd, CrawlState, CrawledRegistry, DatabaseLocation, Store, StoreSettings};
use tempfile::TempDir;

use crate::support::postgres::PostgresServer;

/// An empty database of a test's own.
pub struct TestDatabase {
    pub location: DatabaseLocation,
    _folder: Option<TempDir>,
}

impl TestDatabase {
    #[cfg(feature = "embedded")]
    pub fn embedded() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        Self {
            location: DatabaseLocation::Embedded(folder.path().join("data")),
            _folder: Some(folder),
        }
    }

    pub async fn server() -> Self {
        Self {
            location: DatabaseLocation::Server(PostgresServer::shared().new_database().await.into()),
            _folder: None,
        }
    }

    pub async fn open(&self) -> Store {
        self.open_with_lease(Duration::from_secs(30)).await
    }

    /// As a process whose claims lapse so long after its last sign of life.
    pub async fn open_with_lease(&self, lease: Duration) -> Store {
        let settings = StoreSettings {
            lease,
            ..StoreSettings::at(self.location.clone())
        };
        Store::open(&settings, day(1)).await.expect("an open store")
    }
}

/// An embedded database stops on a thread of its own when its store is dropped, and would write into the
/// folder while that is removed. Its lock says when it is done.
impl Drop for TestDatabase {
    fn drop(&mut self) {
        let DatabaseLocation::Embedded(folder) = &self.location else {
            return;
        };
        let Ok(lock) = std::fs::File::open(folder.join("lock")) else {
            return;
        };
        for _ in 0..200 {
            if lock.try_lock().is_ok() {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
    }
}

/// What the store holds of the registry of these tests.
async fn saved_inventory(store: &Store) -> Inventory {
    inventory_at(store, None).await
}

/// The same at a moment of the past.
async fn inventory_at(store: &Store, as_of: Option<DateTime<Utc>>) -> Inventory {
    let found = store.content(&registry().name, &[], as_of).await;
    found
        .expect("an answer")
        .expect("the registry")
        .inventory
        .finish()
}

/// The end of a crawl that has read everything.
fn complete_end() -> CrawlEnd<'static> {
    CrawlEnd {
        cost: CrawlCost::default(),
        tags_done: 0,
        state: CrawlState::Complete,
        catalogue_listed: true,
        in_scope: &|_| true,
        faults: &[],
    }
}

/// Noon of a day in November 2026.
fn day(day: u32) -> DateTime<Utc> {
    format!("2026-11-{day:02}T12:00:00Z").parse().expect("a time")
}

fn registry() -> CrawledRegistry {
    CrawledRegistry {
        name: "reg.example.com".parse().expect("a name"),
        origin_url: "https://reg.example.com".into(),
        dedup_scope: tare::inventory::DedupScope::Registry,
    }
}

/// Runs each of these functions on both databases.
macro_rules! on_both_databases {
    ($($name:ident),+ $(,)?) => {
        #[cfg(feature = "embedded")]
        mod embedded {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                super::$name($crate::store::TestDatabase::embedded()).await;
            })+
        }

        mod server {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                super::$name($crate::store::TestDatabase::server().await).await;
            })+
        }
    };
}
pub(crate) use on_both_databases;

/// A connection to the database of a test on a server.
pub async fn connect(database: &TestDatabase) -> PgConnection {
    let DatabaseLocation::Server(url) = &database.location else {
        unreachable!("the test runs on a server")
    };
    let options: PgConnectOptions = url.expose_secret().parse().expect("a URL");
    options.connect().await.expect("a connection")
}

/// What a crawl of a registry would not request again.
pub struct Known {
    pub complete: DigestSet,
    pub incomplete: DigestSet,
    pub partial: HashMap<Digest, Manifest>,
    pub tags: HashMap<RepositoryName, HashSet<Tag>>,
    pub missing: HashMap<RepositoryName, HashSet<Digest>>,
}

/// What a crawl of all repositories with tags would not request again.
pub async fn what_is_known(store: &Store, registry: &RegistryName) -> Known {
    let digests = store.known_digests().await.unwrap();
    let repositories = store.tagged_repositories(registry).await.unwrap();
    let own = store.known_repositories(registry, &repositories).await.unwrap();
    Known {
        complete: digests.complete,
        incomplete: digests.incomplete,
        partial: own.partial,
        tags: own.tags,
        missing: own.missing,
    }
}
