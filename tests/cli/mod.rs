//! The program's own promises: what it prints where, its exit status, and what it makes of its settings.

mod alpine;
mod cleanup;
mod copying;
mod costs;
mod crawling;
#[cfg(feature = "embedded")]
mod demo;
mod exclusion;
mod formats;
#[cfg(all(feature = "embedded", target_os = "linux"))]
mod full_disk;
mod messages;
mod plan;
mod recompute;
mod reporting;
mod settings;
mod tables;
mod untagged;
mod width;

use std::process::Output;

use serde_json::Value;

use crate::support::faulty_registry::{FaultyRegistry, Setup, image};

/// Two repositories that share their base: 1,000 bytes, with 10 and 20 bytes above it.
fn company() -> Setup {
    FaultyRegistry::holding(|content| {
        let base = || image().layer("base", 1000);
        content
            .repository("team-a/api")
            .tag("1", base().layer("api", 10))
            .tag("2", base().layer("api", 10));
        content
            .repository("team-b/web")
            .tag("latest", base().layer("web", 20));
    })
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The JSON objects of an output, one on each line.
fn json_lines(output: &Output) -> Vec<Value> {
    stdout(output)
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON on each line"))
        .collect()
}
