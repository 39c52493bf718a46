//! A worker in a process of its own, to be killed: this test binary, started once more.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tare::clock::{Clock as _, SystemClock};
use tare::crawl::StopFlag;
use tare::store::{DatabaseLocation, Store, StoreSettings};

use super::scheduler;

const DATABASE: &str = "TEST_WORKER_DATABASE";
const REGISTRY: &str = "TEST_WORKER_REGISTRY";

/// Opens a store as a process whose claims lapse so long after its last sign of life.
pub async fn open(database: &str, lease: Duration) -> Store {
    let settings = StoreSettings {
        lease,
        ..StoreSettings::at(DatabaseLocation::Server(database.to_owned().into()))
    };
    Store::open(&settings, SystemClock.now())
        .await
        .expect("an open store")
}

/// How long a killed worker holds the others up. Long enough for a living one to give a sign of life on a
/// machine that has much else to do.
pub const LEASE: Duration = Duration::from_secs(6);

/// Starts a worker that takes part in the crawls of a registry until it is killed.
pub fn start(database: &str, registry: &str) -> Child {
    Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", "jobs::worker::works_until_it_is_killed", "--ignored"])
        .env(DATABASE, database)
        .env(REGISTRY, registry)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("a worker")
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "it is what `start` runs in a process of its own"]
async fn works_until_it_is_killed() {
    let variable = |name| {
        std::env::vars()
            .find(|(given, _)| given == name)
            .map(|(_, value)| value)
    };
    let (Some(database), Some(registry)) = (variable(DATABASE), variable(REGISTRY)) else {
        return;
    };
    let store = open(&database, LEASE).await;
    let mut scheduler = scheduler(store, &registry, None);
    scheduler.registries[0].plan.untagged = true;
    scheduler.run(StopFlag::new()).await;
}
