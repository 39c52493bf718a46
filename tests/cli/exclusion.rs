//! One crawl of a registry at a time, whoever crawls.

use std::time::{Duration, Instant};

use super::{company, stderr};
use crate::end_to_end::with_new_database;
use crate::support::faulty_registry::{FaultyRegistry, Spoil};

/// A registry that never answers when asked for a certain manifest.
fn stalling() -> FaultyRegistry {
    let registry = company().start();
    registry
        .on(|request| request.path.contains("/team-b/web/manifests/"))
        .spoil(Spoil::Stall(Duration::from_secs(3600)));
    registry
}

fn wait_for_the_stall(registry: &FaultyRegistry) {
    let begin = Instant::now();
    while registry.count("GET", "/team-b/web/manifests/") == 0 {
        assert!(begin.elapsed() < Duration::from_secs(60), "no crawl begins");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_second_crawl_says_who_is_at_it_and_since_when() {
    let registry = stalling();
    let program = with_new_database();
    let mut first = program.spawn(&["crawl", registry.url()]);
    wait_for_the_stall(&registry);
    let begin = Instant::now();
    let second = program.run(&["crawl", registry.url()]);
    // A sign of life comes every second; a killed one's lease is half a minute.
    assert!(begin.elapsed() < Duration::from_secs(20));
    assert_eq!(second.status.code(), Some(1));
    let said = stderr(&second);
    let holder = format!("is being crawled by process {} on ", first.id());
    assert!(said.contains(&holder) && said.contains("since 20"), "{said}");
    assert!(
        said.contains(&format!("`{}", env!("CARGO_BIN_EXE_tare"))),
        "{said}"
    );
    first.kill().expect("it runs");
    first.wait().expect("it was started");
}

#[test]
fn a_killed_crawl_is_made_up_for_by_the_next_when_its_lease_has_lapsed() {
    let registry = stalling();
    let program = with_new_database().variable("TARE_STORE_LEASE", "2s");
    let mut first = program.spawn(&["crawl", registry.url()]);
    wait_for_the_stall(&registry);
    first.kill().expect("it runs");
    first.wait().expect("it was started");
    registry.heal();
    let next = program.crawl(registry.url());
    assert_eq!(next["status"], "complete");
    assert_eq!(next["tags"], 3);
}
