use std::collections::HashMap;

use crate::oci::{RegistryName, RepositoryName};
use crate::pulls::PullCounts;
use crate::report::RegistryHistory;
use crate::units::{Period, Window};

/// What the repositories of a registry stored and served on each day of a month.
#[derive(Debug, Clone, Default)]
pub struct DailyUsage {
    repositories: HashMap<RepositoryName, Days>,
}

/// One value for each day of the month.
#[derive(Debug, Clone)]
struct Days {
    byte_seconds: Vec<i128>,
    pulls: Vec<i128>,
}

impl DailyUsage {
    /// The usage on each day of a month, from the history of stored bytes and the pulls.
    pub fn new(
        registry: &RegistryName,
        month: Period,
        history: &RegistryHistory,
        pulls: &PullCounts,
    ) -> Self {
        let days = month.split(Window::Day);
        let repositories = history.attributed.iter().map(|(repository, attributed)| {
            let byte_seconds = days.iter().map(|&day| {
                // A day's byte-seconds have at most 80 bits.
                i128::try_from(attributed.byte_seconds_in(day)).unwrap_or(i128::MAX)
            });
            let pulls = pulls.daily(registry, repository, month);
            let usage = Days {
                byte_seconds: byte_seconds.collect(),
                pulls: pulls.into_iter().map(i128::from).collect(),
            };
            (repository.clone(), usage)
        });
        Self {
            repositories: repositories.collect(),
        }
    }

    /// The byte-seconds of each day; `None` if nothing was stored.
    pub(super) fn byte_seconds(&self, repository: &RepositoryName) -> Option<&[i128]> {
        not_zero(&self.repositories.get(repository)?.byte_seconds)
    }

    /// The pulls of each day; `None` if there were none.
    pub(super) fn pulls(&self, repository: &RepositoryName) -> Option<&[i128]> {
        not_zero(&self.repositories.get(repository)?.pulls)
    }
}

fn not_zero(weights: &[i128]) -> Option<&[i128]> {
    weights.iter().any(|&weight| weight > 0).then_some(weights)
}
