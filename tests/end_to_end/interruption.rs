//! A crawl that is killed with -9, at any moment, loses at most what was under way.

use std::thread::sleep;
use std::time::Instant;

use serde_json::Value;

use crate::support::program::Program;

/// How often a crawl is killed, each time at another moment.
const KILLS: u32 = 10;

/// Crawls the demo's registry with a new store for each round, kills the crawl some way through, and
/// compares what the next one gives with what an undisturbed one does.
fn killed_crawls_are_made_up_for(new_program: impl Fn() -> Program) {
    let registry = tare::demo::serve().expect("the demo's registry");
    let undisturbed = new_program();
    let begin = Instant::now();
    let whole = undisturbed.crawl(registry.url());
    let took = begin.elapsed();
    let truth = figures(&undisturbed.report());
    let mut spared = 0;
    for round in 0..KILLS {
        let program = new_program();
        let mut crawl = program.spawn(&["crawl", registry.url(), "--requests-per-minute", "0"]);
        let moment = took.mul_f64(chance(round));
        sleep(moment);
        let _ = crawl.kill();
        crawl.wait().expect("it was started");
        let next = program.crawl(registry.url());
        assert_eq!(figures(&program.report()), truth, "killed after {moment:?}");
        assert_eq!(next["tags"], whole["tags"]);
        spared += u32::from(requests(&next) < requests(&whole));
    }
    // What a killed crawl had saved is not asked for again. The earliest kills come before anything is.
    assert!(
        spared >= KILLS / 2,
        "only {spared} of {KILLS} went on from what was saved"
    );
}

/// Somewhere in the round's own tenth of a crawl, elsewhere each time the test is run.
fn chance(round: u32) -> f64 {
    use std::hash::{BuildHasher as _, RandomState};
    let within = f64::from(u32::try_from(RandomState::new().hash_one(round) % 1000).expect("small")) / 1000.0;
    (f64::from(round) + within) / f64::from(KILLS)
}

/// A report without the time at which it was made.
fn figures(report: &Value) -> Value {
    let mut report = report.clone();
    if let Some(report) = report.as_object_mut() {
        report.retain(|key, _| key == "registries" || key == "repositories");
    }
    for registry in report["registries"].as_array_mut().expect("a list") {
        registry.as_object_mut().expect("an object").remove("as_of");
    }
    report
}

fn requests(crawl: &Value) -> u64 {
    crawl["requests"]["total"].as_u64().expect("a number")
}

#[test]
fn on_a_server() {
    // The next crawl waits until the lease of the killed one has lapsed.
    killed_crawls_are_made_up_for(|| super::with_new_database().variable("TARE_STORE_LEASE", "1s"));
}

#[cfg(feature = "embedded")]
#[test]
fn on_the_embedded_database() {
    killed_crawls_are_made_up_for(Program::with_embedded_store);
}
