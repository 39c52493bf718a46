//! What a registry and each of its repositories cost over a period, now and on Alpine.

mod labels;
mod pulls;
mod repositories;

pub use labels::{CostCentreRule, CostCentres, ImageLabelNames, Labels, newest_labels};
pub use pulls::{CountedBy, CountedPulls, CountedSpan, PullAssumption, PullCounts, PullSource};
pub use repositories::{InvalidRepositories, Repositories};

#[cfg(test)]
mod pull_tests;
