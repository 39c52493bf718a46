//! The service as clients meet it: over HTTP, with figures of a crawled registry.

mod answers;
mod base_path;
mod cleanup;
mod contract;
mod costs;
mod crawls;
mod events;
#[cfg(feature = "embedded")]
mod examples;
mod keys;
mod limited_keys;
#[cfg(feature = "embedded")]
mod lists;
mod logging;
mod login_sessions;
mod logins;
mod openapi;
mod overload;
#[cfg(feature = "embedded")]
mod plan;
mod plans;
mod problems;
#[cfg(feature = "embedded")]
mod questions;
mod replicas;
mod running;
mod strangers;
mod tokens;
mod whatif;

use std::process::Child;
use std::sync::OnceLock;

use serde_json::Value;

use crate::end_to_end::with_new_database;
use crate::support::faulty_registry::{FaultyRegistry, image};
use crate::support::keeper::remove_at_the_end;
use crate::support::program::Program;

/// Repositories that share a base of 1,000 bytes, one of which has a name with slashes; and what a crawl of
/// them has saved.
fn company() -> (FaultyRegistry, Program) {
    let registry = FaultyRegistry::holding(|content| {
        let base = || image().layer("base", 1000);
        for (repository, tags) in [
            ("team-a/api", 3),
            ("team-a/deep/worker", 2),
            ("web", 1),
            ("tools", 2),
        ] {
            for tag in 0..tags {
                let layer = format!("{repository} {tag}");
                content
                    .repository(repository)
                    .tag(&format!("v{tag}"), base().layer(&layer, 10 + tag));
            }
        }
    })
    .start();
    let program = with_new_database();
    std::fs::create_dir_all(program.home().join(".config/tare")).expect("a folder");
    std::fs::write(program.home().join(".config/tare/tare.toml"), SETTINGS).expect("a configuration");
    program.crawl(registry.url());
    (registry, program)
}

/// The same for tests that only read: crawled once for all of them.
fn shared_company() -> (&'static FaultyRegistry, &'static Program) {
    static COMPANY: OnceLock<(FaultyRegistry, Program, Child)> = OnceLock::new();
    let (registry, program, _) = COMPANY.get_or_init(|| {
        let (registry, program) = company();
        let keeper = remove_at_the_end(program.home());
        (registry, program, keeper)
    });
    (registry, program)
}

/// What the company pays, and who answers for what.
const SETTINGS: &str = "[prices]\nbook = \"azure-container-registry-premium\"\n\
    [serve]\nrefresh = \"300ms\"\n\
    [[cost_centre]]\nrepositories = [\"team-a/**\"]\nteam = \"a\"\ncost_centre = \"CC-1\"\n\
    [[pulls]]\nrepositories = [\"**\"]\nper_month = 100\n\
    [[budget]]\nmonthly = \"90\"\ncurrency = \"USD\"\n\
    [[budget]]\ncost_centre = \"CC-1\"\nmonthly = \"40.50\"\ncurrency = \"USD\"\n";

/// Makes the service believe that a process crawls every registry, so that crawls can be requested. None takes them, so
/// they stay queued.
fn announce_crawler(program: &Program) {
    use sqlx::Connection as _;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let url = program.database().expect("a database on a server");
        let mut connection = sqlx::PgConnection::connect(url).await.expect("a connection");
        let announce = "INSERT INTO crawler (registry_id, process, is_configured, lease_until)
                        SELECT id, 'a test', true, clock_timestamp() + interval '1 hour' FROM registry";
        sqlx::query(announce)
            .execute(&mut connection)
            .await
            .expect("rows");
    });
}

/// The name of a test's registry.
fn name_of(registry: &FaultyRegistry) -> String {
    registry.url().trim_start_matches("http://").to_owned()
}

/// The names of a list's repositories.
fn names(list: &Value) -> Vec<&str> {
    let items = list["items"].as_array().expect("a list");
    items
        .iter()
        .map(|row| row["repository"].as_str().expect("a name"))
        .collect()
}
