use std::cmp::Ordering;

use chrono::{DateTime, NaiveTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;
use strum::IntoStaticStr;

use crate::inventory::ManifestId;
use crate::oci::{Digest, RegistryName, RepositoryName, Tag};
use crate::pulls::{LastPull, PullState};

/// A repository as policies see it.
#[derive(Debug, Clone)]
pub struct RepositoryContent {
    /// Its place in the inventory.
    pub place: usize,
    /// The registry.
    pub registry: RegistryName,
    /// Its name.
    pub repository: RepositoryName,
    /// Its tags, in the order of the inventory.
    pub tags: Vec<TagFacts>,
    /// The manifests that the registry lists and no tag reaches, in the order of the inventory; `None` if the registry
    /// does not list them.
    pub untagged: Option<Vec<UntaggedFacts>>,
}

/// A tag as policies see it.
#[derive(Debug, Clone)]
pub struct TagFacts {
    /// The tag.
    pub tag: Tag,
    /// The manifest that it points to.
    pub manifest: ManifestId,
    /// Its digest.
    pub digest: Digest,
    /// When it was pushed; `None` if that is not known at all.
    pub pushed: Option<PushTime>,
    /// When it was last pulled.
    pub last_pull: LastPull,
    /// Whether an index of the repository lists its manifest.
    pub is_listed: bool,
}

/// Pulls are not counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct UnknownPulls;

/// An untagged manifest as policies see it.
#[derive(Debug, Clone, Copy)]
pub struct UntaggedFacts {
    /// The manifest.
    pub manifest: ManifestId,
    /// Its digest.
    pub digest: Digest,
    /// When it was pushed; `None` if the registry does not say.
    pub pushed: Option<DateTime<Utc>>,
    /// Since when it has not changed, and so has had no tag; `None` if the registry does not say.
    pub idle_since: Option<DateTime<Utc>>,
    /// Whether another untagged manifest lists it, or it is attached to one.
    pub is_part: bool,
}

/// When a tag was pushed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PushTime {
    /// The moment.
    pub at: DateTime<Utc>,
    /// How it is known.
    pub basis: PushTimeBasis,
}

/// How it is known when a tag was pushed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum PushTimeBasis {
    /// The registry says so.
    Registry,
    /// A crawl or an event saw the tag appear.
    FirstSeen,
    /// It was there at the first crawl; its image was built then.
    ImageBuilt,
    /// It was there at the first crawl, and its image does not say when it was built: it is at least as old.
    FirstCrawl,
}

impl PushTimeBasis {
    /// The word in answers.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

impl PushTime {
    /// The best that is known: the registry's own time, the moment at which the tag was seen to appear, the time at which
    /// its image was built, or the moment at which it was first seen.
    pub fn best(
        registry: Option<DateTime<Utc>>,
        first_seen: Option<DateTime<Utc>>,
        appeared: bool,
        built: Option<DateTime<Utc>>,
    ) -> Option<Self> {
        let time = |at, basis| Some(Self { at, basis });
        match (registry, first_seen, built) {
            (Some(at), ..) => time(at, PushTimeBasis::Registry),
            (None, Some(at), _) if appeared => time(at, PushTimeBasis::FirstSeen),
            (None, _, Some(at)) => time(at, PushTimeBasis::ImageBuilt),
            (None, Some(at), None) => time(at, PushTimeBasis::FirstCrawl),
            (None, None, None) => None,
        }
    }
}

impl TagFacts {
    /// Since when it is known not to have been pulled: since its last pull, or since its push if it never was. `None` if that is
    /// not known.
    pub(super) fn unused_since(&self) -> Option<DateTime<Utc>> {
        match (self.last_pulled_at(), self.pushed) {
            (Ok(Some(pulled)), _) => Some(pulled),
            (Ok(None), Some(pushed)) => {
                let counted = self.last_pull.counted?.start().and_time(NaiveTime::MIN).and_utc();
                Some(pushed.at.max(counted))
            }
            (Ok(None), None) | (Err(UnknownPulls), _) => None,
        }
    }

    /// When it was last pulled; `None` if no pull was counted.
    pub(super) fn last_pulled_at(&self) -> Result<Option<DateTime<Utc>>, UnknownPulls> {
        match self.last_pull.state {
            PullState::Unknown => Err(UnknownPulls),
            PullState::NotPulled | PullState::Pulled => Ok(self
                .last_pull
                .day
                .map(|day| day.and_time(NaiveTime::MIN).and_utc())),
        }
    }

    /// Whether it was pushed before this moment.
    pub(super) fn is_pushed_before(&self, limit: DateTime<Utc>) -> bool {
        self.pushed.is_some_and(|pushed| pushed.at < limit)
    }
}

impl RepositoryContent {
    /// The places of these tags, the newest first; tags of which nothing is known are left out.
    pub(super) fn newest_first(&self, is_chosen: impl Fn(&TagFacts) -> bool) -> Vec<usize> {
        let mut dated: Vec<(DateTime<Utc>, usize)> = self
            .tags
            .iter()
            .enumerate()
            .filter(|(_, tag)| is_chosen(tag))
            .filter_map(|(place, tag)| Some((tag.pushed?.at, place)))
            .collect();
        dated.sort_by(|one, other| {
            let names = || by_number(self.tags[other.1].tag.as_str(), self.tags[one.1].tag.as_str());
            other.0.cmp(&one.0).then_with(names)
        });
        dated.into_iter().map(|(_, place)| place).collect()
    }
}

/// Compares names with numbers as people do: `v9` comes before `v10`.
fn by_number(one: &str, other: &str) -> Ordering {
    let (mut one_rest, mut other_rest) = (one, other);
    loop {
        let (one_part, one_next) = first_part(one_rest);
        let (other_part, other_next) = first_part(other_rest);
        if one_part.is_empty() || other_part.is_empty() {
            return one_part.len().cmp(&other_part.len()).then_with(|| one.cmp(other));
        }
        let digits = |part: &str| part.starts_with(|first: char| first.is_ascii_digit());
        let order = if digits(one_part) && digits(other_part) {
            let significant = |part: &'_ str| part.trim_start_matches('0').len();
            let numbers = || {
                one_part
                    .trim_start_matches('0')
                    .cmp(other_part.trim_start_matches('0'))
            };
            significant(one_part)
                .cmp(&significant(other_part))
                .then_with(numbers)
        } else {
            one_part.cmp(other_part)
        };
        if order != Ordering::Equal {
            return order;
        }
        (one_rest, other_rest) = (one_next, other_next);
    }
}

/// A name's first run of digits or of other characters, and the rest.
fn first_part(text: &str) -> (&str, &str) {
    let is_digit = text.starts_with(|first: char| first.is_ascii_digit());
    let end = text.find(|next: char| next.is_ascii_digit() != is_digit);
    text.split_at(end.unwrap_or(text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_names_are_compared_as_numbers() {
        let mut names = [
            "v10", "v9", "v9-rc", "v", "latest", "v09", "1.2.10", "1.2.9", "10", "9",
        ];
        names.sort_by(|one, other| by_number(one, other));
        assert_eq!(
            names,
            [
                "1.2.9", "1.2.10", "9", "10", "latest", "v", "v09", "v9", "v9-rc", "v10"
            ]
        );
    }
}
