use std::collections::HashMap;

use chrono::{DateTime, Utc};

use crate::oci::{RegistryName, RepositoryName, Tag};

/// Since when the tags of a registry point to what they point to.
#[derive(Debug, Clone, Default)]
pub struct TagTimes {
    first_crawl: Option<DateTime<Utc>>,
    earliest: Option<DateTime<Utc>>,
    seen: HashMap<RepositoryName, HashMap<Tag, DateTime<Utc>>>,
}

/// Since when the tags of several registries point to what they point to.
pub type TagTimesByRegistry = HashMap<RegistryName, TagTimes>;

impl TagTimes {
    /// The times at which tags were first seen. `first_crawl` is the end of the first crawl of the registry: what was seen
    /// by then may be of any age.
    pub fn new(
        first_crawl: Option<DateTime<Utc>>,
        seen: impl IntoIterator<Item = (RepositoryName, Tag, DateTime<Utc>)>,
    ) -> Self {
        let mut by_repository: HashMap<RepositoryName, HashMap<Tag, DateTime<Utc>>> = HashMap::new();
        let mut earliest: Option<DateTime<Utc>> = None;
        for (repository, tag, at) in seen {
            earliest = Some(earliest.map_or(at, |earliest| earliest.min(at)));
            by_repository.entry(repository).or_default().insert(tag, at);
        }
        Self {
            first_crawl,
            earliest,
            seen: by_repository,
        }
    }

    /// When a tag was first seen with its present target; `None` if the times of its repository are not known. All tags that
    /// the first crawl found have one time, since nothing is known of their order.
    pub fn first_seen(&self, repository: &RepositoryName, tag: &Tag) -> Option<DateTime<Utc>> {
        let seen = *self.seen.get(repository)?.get(tag)?;
        if self.appeared(seen) {
            Some(seen)
        } else {
            self.earliest
        }
    }

    /// Whether a tag that was first seen then appeared after the first crawl, and so was pushed shortly before.
    pub fn appeared(&self, first_seen: DateTime<Utc>) -> bool {
        self.first_crawl.is_some_and(|first| first_seen > first)
    }
}
