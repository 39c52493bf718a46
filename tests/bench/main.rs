//! How long Tare takes for what must stay fast, each at two sizes, so that one run shows how it grows:
//!
//! ```text
//! cargo bench                # all of them
//! cargo bench -- analysis    # those with this word in their name
//! ```
//!
//! Values are measured by repositories of three tags each, crawls and answers by tags of a generated registry. `scale.py`
//! measures large registries, and `load.py` a running service.

mod crawl;
mod events;
mod generated;
mod order;
mod pure;
mod service;
// The tests use the rest of it.
#[allow(dead_code, unused_imports)]
#[path = "../support/mod.rs"]
mod support;

/// How many repositories are measured: a small registry, and one ten times as large.
const REPOSITORIES: [usize; 2] = [50, 500];

fn main() {
    divan::main();
}
