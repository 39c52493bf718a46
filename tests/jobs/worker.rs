//! A worker in a process of its own, to be killed: this test binary, started once more.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use sqlx::{Connection as _, PgConnection};
use tare::clock::{Clock as _, SystemClock};
use tare::crawl::StopFlag;
use tare::store::{DatabaseLocation, Store, StoreSettings};

use super::scheduler;

const DATABASE: &str = "TEST_WORKER_DATABASE";
const REGISTRY: &str = "TEST_WORKER_REGISTRY";
const UNTAGGED: &str = "TEST_WORKER_UNTAGGED";

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

/// How long a worker's claims hold without a sign of life. So long that a living one never loses them, whatever else the
/// machine has to do; those of a dead one lapse when a test says so: [`let_lapse`].
pub const LEASE: Duration = Duration::from_secs(24 * 3600);

/// Lets the lease of a killed worker lapse, as it does by itself some time after its last sign of life.
pub async fn let_lapse(database: &str, worker: &str) {
    let mut connection = PgConnection::connect(database).await.expect("a connection");
    // The server may still be at what the worker said last.
    for _ in 0..PATIENCE {
        let lapsed = "UPDATE crawl_worker SET lease_until = '-infinity' WHERE name = $1 AND left_at IS NULL";
        let lapsed = sqlx::query(lapsed).bind(worker).execute(&mut connection).await;
        let at_work = lapsed.expect("an answer").rows_affected();
        if at_work == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("nobody buries {worker}");
}

/// How often something is looked for that must come, a tenth of a second apart: five minutes, after which it will not.
pub const PATIENCE: usize = 3000;

/// Starts a worker that takes part in the crawls of a registry until it is killed, and asks for untagged manifests too.
pub fn start(database: &str, registry: &str) -> Child {
    start_as(database, registry, true)
}

/// The same, with the choice whether it asks for untagged manifests, which not every registry lists.
pub fn start_as(database: &str, registry: &str, untagged: bool) -> Child {
    Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", "jobs::worker::works_until_it_is_killed", "--ignored"])
        .env(DATABASE, database)
        .env(REGISTRY, registry)
        .env(UNTAGGED, untagged.to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("a worker")
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "no test: the process that `start` starts"]
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
    scheduler.registries[0].plan.untagged = variable(UNTAGGED).as_deref() == Some("true");
    scheduler.run(StopFlag::new()).await;
}
