//! For how long manifests have had no tag.

use chrono::{DateTime, TimeDelta, Utc};
use schemars::JsonSchema;
use serde::Serialize;

use super::accounting::repositories_sharing;
use super::graph::{Inventory, RepositoryNode};
use super::untagged::Untagged;
use crate::units::{ByteCount, ByteOverflow};

/// The ages, in days, by which untagged content is divided: common limits of retention policies. Our choice.
const DAYS: [u32; 4] = [7, 30, 90, 365];

/// How old a registry's untagged content is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct UntaggedAges {
    /// Since when the oldest manifest without a tag has not changed; null if the registry does not say.
    pub oldest: Option<DateTime<Utc>>,
    /// How much has not changed for so many days or more, at the registry's last crawl: for 7, 30, 90 and 365 days.
    pub older_than: Vec<UntaggedOlderThan>,
    /// Manifests without a tag of which the registry does not say when they last changed. They are in none of the rows
    /// of `older_than`.
    pub unknown_manifests: usize,
}

/// Untagged content of some age or more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct UntaggedOlderThan {
    /// The age in days.
    pub days: u32,
    /// The bytes that are freed if all manifests without a tag are deleted that have not changed for so long.
    pub bytes: ByteCount,
    /// How many manifests these are.
    pub manifests: usize,
}

impl UntaggedAges {
    /// The ages of a registry's untagged content at a moment; `None` if the registry does not list it, or has none.
    ///
    /// # Errors
    /// If sizes add up to more than 63 bits.
    pub fn new(inventory: &Inventory, at: DateTime<Utc>) -> Result<Option<Self>, ByteOverflow> {
        let repositories = &inventory.repositories;
        let lists_any = repositories.iter().any(|repository| {
            repository
                .untagged
                .as_ref()
                .is_some_and(|nodes| !nodes.is_empty())
        });
        if !lists_any {
            return Ok(None);
        }
        let tagged = repositories_sharing(inventory);
        let all = Untagged::new(inventory, &tagged)?;
        let counted = |untagged: &Untagged| {
            (
                untagged.bytes.unwrap_or_default(),
                untagged.manifests.unwrap_or(0),
            )
        };
        let (bytes, manifests) = counted(&all);
        let mut older_than = Vec::with_capacity(DAYS.len());
        for days in DAYS {
            let limit = at - TimeDelta::days(i64::from(days));
            let rest = Untagged::of_manifests(inventory, &tagged, |place, node| {
                let since = idle_since(&repositories[place], node);
                since.is_none_or(|since| since > limit)
            })?;
            let (rest_bytes, rest_manifests) = counted(&rest);
            // A part is never larger than the whole.
            older_than.push(UntaggedOlderThan {
                days,
                bytes: bytes.get().saturating_sub(rest_bytes.get()).try_into()?,
                manifests: manifests.saturating_sub(rest_manifests),
            });
        }
        let known = Untagged::of_manifests(inventory, &tagged, |place, node| {
            idle_since(&repositories[place], node).is_none()
        })?;
        Ok(Some(Self {
            oldest: repositories
                .iter()
                .filter_map(RepositoryNode::oldest_untagged)
                .min(),
            older_than,
            unknown_manifests: known.manifests.unwrap_or(0),
        }))
    }
}

impl RepositoryNode {
    /// Since when the oldest of its manifests without a tag has not changed; `None` if there is none, or if the registry
    /// does not say.
    pub fn oldest_untagged(&self) -> Option<DateTime<Utc>> {
        let untagged = self.untagged.iter().flatten();
        untagged.filter_map(|&node| idle_since(self, node)).min()
    }
}

fn idle_since(repository: &RepositoryNode, node: super::ManifestId) -> Option<DateTime<Utc>> {
    repository.times.get(&node)?.idle_since()
}

#[cfg(test)]
mod tests {
    use super::super::examples::{digest, image, name, representative};
    use super::super::{DedupScope, ManifestTimes};
    use super::*;

    fn day(number: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::days(number)
    }

    #[test]
    fn untagged_content_is_divided_by_the_time_of_its_last_change() {
        let mut builder = representative(DedupScope::Registry);
        for (word, layer, created, changed) in [
            ("old", 50, Some(day(0)), None),
            ("retagged", 60, Some(day(0)), Some(day(360))),
            ("new", 70, Some(day(399)), Some(day(399))),
            ("silent", 80, None, None),
        ] {
            let own = format!("{word} layer");
            let (digest, size, manifest) = image(word, &[("base", 1000), ("shared", 9), (&own, layer)]);
            builder.manifest(digest, size, manifest);
            builder.listed(name("web"), [digest]);
            builder.times(name("web"), digest, ManifestTimes { created, changed });
        }
        let inventory = builder.finish();
        let ages = UntaggedAges::new(&inventory, day(400)).unwrap().unwrap();
        assert_eq!(ages.oldest, Some(day(0)));
        assert_eq!(ages.unknown_manifests, 1);
        let rows: Vec<_> = ages
            .older_than
            .iter()
            .map(|row| (row.days, row.bytes.get(), row.manifests))
            .collect();
        // Manifest 10, configuration 20 and the layer of its own; what newer ones share stays.
        let (old, retagged) = (10 + 20 + 50, 10 + 20 + 60);
        assert_eq!(
            rows,
            [
                (7, old + retagged, 2),
                (30, old + retagged, 2),
                (90, old, 1),
                (365, old, 1)
            ]
        );
    }

    #[test]
    fn a_registry_that_lists_nothing_or_has_no_untagged_manifest_has_no_ages() {
        let inventory = representative(DedupScope::Registry).finish();
        assert_eq!(UntaggedAges::new(&inventory, day(1)), Ok(None));
        let mut builder = representative(DedupScope::Registry);
        builder.listed(name("web"), [digest("web 1")]);
        assert_eq!(UntaggedAges::new(&builder.finish(), day(1)), Ok(None));
    }
}
