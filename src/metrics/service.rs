use prometheus::proto::MetricFamily;

use super::family::{Family, single};
use crate::report::Report;
use crate::store::{Connections, CrawlHealth};

/// What a scrape shows beside what this process has counted.
#[derive(Debug, Clone, Copy)]
pub struct Snapshot<'a> {
    /// The latest answers, with every repository; none where there are none yet.
    pub report: Option<&'a Report>,
    /// How the crawls go; none where the database did not say.
    pub crawls: Option<&'a [CrawlHealth]>,
    /// How the database stands.
    pub store: StoreState,
    /// How many repositories of each registry get series of their own; the others get one together.
    pub repositories: usize,
}

/// How the database stands.
#[derive(Debug, Clone, Copy)]
pub struct StoreState {
    /// Whether it answered this scrape.
    pub answers: bool,
    /// The connections to it.
    pub connections: Connections,
}

/// What is told of this program and of its database.
pub(super) fn families(snapshot: &Snapshot<'_>) -> Vec<MetricFamily> {
    let Connections { most, open, idle } = snapshot.store.connections;
    let mut connections = Family::new(
        "tare_store_connections",
        "Open connections to the database, by whether one is in use.",
    );
    connections.set(&[("state", "idle")], idle.into());
    connections.set(&[("state", "used")], (open - idle).into());
    [
        single(
            "tare_build_info",
            "The program that runs; always 1.",
            &[("version", env!("CARGO_PKG_VERSION"))],
            1.0,
        ),
        single(
            "tare_store_up",
            "Whether the database answered this scrape (1) or not (0).",
            &[],
            f64::from(u8::from(snapshot.store.answers)),
        ),
        connections.finish(),
        single(
            "tare_store_max_connections",
            "The most connections to the database that there may be.",
            &[],
            most.into(),
        ),
    ]
    .into_iter()
    .flatten()
    .collect()
}
