//! Repositories without a catalogue: Google Artifact Registry lists below each path what is there.

use std::collections::{HashSet, VecDeque};

use super::Progress;
use super::walk::Walk;
use crate::oci::RepositoryName;
use crate::registry::RegistryError;

/// The most paths that are looked at. Our choice, far above what a project has.
const MAX_PATHS: usize = 100_000;

/// What was found below the paths.
pub(super) enum Below {
    /// The repositories that the plan chooses.
    Found(Vec<RepositoryName>),
    /// The registry does not list what is below a path.
    NotListed,
    /// A path could not be read.
    Failed(RegistryError),
}

impl Walk<'_> {
    /// Lists the chosen repositories below some paths.
    pub(super) async fn repositories_below(&self, folders: Vec<RepositoryName>) -> Below {
        let choice = &self.plan.repositories;
        let mut seen: HashSet<RepositoryName> = folders.iter().cloned().collect();
        let mut waiting = VecDeque::from(folders);
        let mut found = Vec::new();
        while let Some(path) = waiting.pop_front() {
            let page = match self.client.tags_page(&path, None).await {
                Ok(page) => page,
                Err(error) => return Below::Failed(error),
            };
            let Some(children) = page.children else {
                return Below::NotListed;
            };
            let holds_images = !page.items.is_empty() || page.manifests.is_some_and(|rows| !rows.is_empty());
            if holds_images && choice.matches(&path) {
                Progress::add(&self.sender.progress.repositories_listed, 1);
                found.push(path.clone());
            }
            for child in children {
                let Ok(child) = format!("{path}/{child}").parse::<RepositoryName>() else {
                    continue;
                };
                if seen.len() < MAX_PATHS && seen.insert(child.clone()) {
                    waiting.push_back(child);
                }
            }
        }
        Below::Found(found)
    }
}
