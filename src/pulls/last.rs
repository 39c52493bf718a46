use std::collections::{BTreeMap, HashMap};

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::Serialize;

use super::counts::PullCounts;
use crate::oci::{Digest, RegistryName, RepositoryName, Tag};
use crate::units::Period;

/// The last day on which something was pulled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PulledOn {
    /// The registry.
    pub registry: RegistryName,
    /// The repository.
    pub repository: RepositoryName,
    /// The tag that was asked for, if it is known.
    pub tag: Option<Tag>,
    /// The manifest that was asked for, if it is known.
    pub digest: Option<Digest>,
    /// The day, in UTC.
    pub day: NaiveDate,
}

/// When repositories and images were last pulled, as far as pulls were counted.
#[derive(Debug, Clone, Default)]
pub struct LastPulls(HashMap<(RegistryName, RepositoryName), RepositoryPulls>);

#[derive(Debug, Clone, Default)]
struct RepositoryPulls {
    last: Option<NaiveDate>,
    tags: BTreeMap<Tag, NaiveDate>,
    digests: BTreeMap<Digest, NaiveDate>,
    /// The last pull of which neither tag nor digest is known.
    of_unknown_image: Option<NaiveDate>,
}

/// Whether something was pulled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PullState {
    /// A pull was counted.
    Pulled,
    /// Pulls were counted, and none was of it.
    NotPulled,
    /// Pulls were not counted.
    Unknown,
}

/// What a last pull is known for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PullLevel {
    /// For the image itself.
    Image,
    /// For its repository only: the source of pulls does not say which image was pulled.
    Repository,
}

/// When something was last pulled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct LastPull {
    /// Whether it was pulled.
    pub state: PullState,
    /// The day of the last pull, in UTC; null if no pull was counted.
    pub day: Option<NaiveDate>,
    /// The days without a gap on which all pulls were counted, up to the last such day; null if pulls were not counted.
    pub counted: Option<Period>,
    /// What this is known for.
    pub level: PullLevel,
}

impl LastPull {
    /// Whether it is known that there was no pull on a day or later, as far as pulls were counted; `None` if that is not
    /// known.
    pub fn is_unused_since(&self, since: NaiveDate) -> Option<bool> {
        if self.day.is_some_and(|day| day >= since) {
            return Some(false);
        }
        let counted = self.counted?;
        counted.contains(since).then_some(true)
    }
}

impl LastPulls {
    /// The last pulls of these repositories, tags and manifests.
    pub fn new(pulled: impl IntoIterator<Item = PulledOn>) -> Self {
        let mut pulls: HashMap<_, RepositoryPulls> = HashMap::new();
        for pulled in pulled {
            let own = pulls.entry((pulled.registry, pulled.repository)).or_default();
            own.last = own.last.max(Some(pulled.day));
            if pulled.tag.is_none() && pulled.digest.is_none() {
                own.of_unknown_image = own.of_unknown_image.max(Some(pulled.day));
            }
            if let Some(tag) = pulled.tag {
                let day = own.tags.entry(tag).or_insert(pulled.day);
                *day = pulled.day.max(*day);
            }
            if let Some(digest) = pulled.digest {
                let day = own.digests.entry(digest).or_insert(pulled.day);
                *day = pulled.day.max(*day);
            }
        }
        Self(pulls)
    }

    /// The last pull of a repository. `counts` says on which days pulls were counted.
    pub fn of_repository(
        &self,
        counts: &PullCounts,
        registry: &RegistryName,
        repository: &RepositoryName,
    ) -> LastPull {
        let own = self.0.get(&(registry.clone(), repository.clone()));
        let counted = counts.last_day(registry, repository);
        let day = own.and_then(|own| own.last).max(counted);
        last_pull(day, counts.counted(registry, repository), PullLevel::Repository)
    }

    /// The last pull of an image: by its digest, by that of an index that lists it, or by a tag that reaches it now. If the
    /// source of pulls does not say which image was pulled, that of its repository.
    pub fn of_image(
        &self,
        counts: &PullCounts,
        (registry, repository): (&RegistryName, &RepositoryName),
        digests: &[Digest],
        tags: &[Tag],
    ) -> LastPull {
        let of_repository = || self.of_repository(counts, registry, repository);
        let Some(own) = self.0.get(&(registry.clone(), repository.clone())) else {
            let whole = of_repository();
            // None of its images was pulled if the repository was not.
            let level = match whole.state {
                PullState::NotPulled => PullLevel::Image,
                PullState::Pulled | PullState::Unknown => PullLevel::Repository,
            };
            return LastPull { level, ..whole };
        };
        if own.of_unknown_image.is_some() {
            return of_repository();
        }
        let by_digest = digests.iter().filter_map(|digest| own.digests.get(digest));
        let by_tag = tags.iter().filter_map(|tag| own.tags.get(tag));
        let day = by_digest.chain(by_tag).max().copied();
        last_pull(day, counts.counted(registry, repository), PullLevel::Image)
    }
}

fn last_pull(day: Option<NaiveDate>, counted: Option<Period>, level: PullLevel) -> LastPull {
    LastPull {
        state: match (day, counted) {
            (Some(_), _) => PullState::Pulled,
            (None, Some(_)) => PullState::NotPulled,
            (None, None) => PullState::Unknown,
        },
        day,
        counted,
        level,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pulls::{CountedBy, CountedSpan};

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn registry() -> RegistryName {
        "reg.example.com".parse().unwrap()
    }

    fn repository() -> RepositoryName {
        "api".parse().unwrap()
    }

    fn pulled(tag: &str, word: &str, on: &str) -> PulledOn {
        PulledOn {
            registry: registry(),
            repository: repository(),
            tag: (!tag.is_empty()).then(|| tag.parse().unwrap()),
            digest: (!word.is_empty()).then(|| Digest::sha256_of(word.as_bytes())),
            day: day(on),
        }
    }

    fn counts(spans: &[(&str, &str)]) -> PullCounts {
        let spans = spans.iter().map(|(start, end)| CountedSpan {
            registry: registry(),
            repository: None,
            period: Period::new(day(start), day(end)).unwrap(),
            by: CountedBy::Imported,
        });
        PullCounts::default().with([], spans)
    }

    fn of_image(last: &LastPulls, counts: &PullCounts, tag: &str, word: &str) -> LastPull {
        let digests = [Digest::sha256_of(word.as_bytes())];
        last.of_image(
            counts,
            (&registry(), &repository()),
            &digests,
            &[tag.parse().unwrap()],
        )
    }

    #[test]
    fn an_image_was_last_pulled_by_its_digest_or_its_tag() {
        let last = LastPulls::new([pulled("1", "", "2026-11-01"), pulled("", "image 2", "2026-11-05")]);
        let counts = counts(&[("2026-10-01", "2026-11-20")]);
        let one = of_image(&last, &counts, "1", "image 1");
        assert_eq!(
            (one.state, one.day, one.level),
            (PullState::Pulled, Some(day("2026-11-01")), PullLevel::Image)
        );
        assert_eq!(
            of_image(&last, &counts, "2", "image 2").day,
            Some(day("2026-11-05"))
        );
        let never = of_image(&last, &counts, "3", "image 3");
        assert_eq!((never.state, never.day), (PullState::NotPulled, None));
        assert_eq!(never.is_unused_since(day("2026-10-15")), Some(true));
        assert_eq!(
            never.is_unused_since(day("2026-09-15")),
            None,
            "nothing was counted then"
        );
        assert_eq!(one.is_unused_since(day("2026-11-02")), Some(true));
        assert_eq!(one.is_unused_since(day("2026-11-01")), Some(false));
    }

    #[test]
    fn a_pull_of_an_unknown_image_leaves_only_what_is_known_of_the_repository() {
        let last = LastPulls::new([pulled("1", "", "2026-11-01"), pulled("", "", "2026-11-03")]);
        let found = of_image(&last, &counts(&[]), "2", "image 2");
        assert_eq!(
            (found.level, found.day),
            (PullLevel::Repository, Some(day("2026-11-03")))
        );
    }

    #[test]
    fn without_counted_days_nothing_is_known() {
        let found = of_image(&LastPulls::default(), &PullCounts::default(), "1", "image 1");
        assert_eq!((found.state, found.counted), (PullState::Unknown, None));
        assert_eq!(found.is_unused_since(day("2026-11-01")), None);
    }

    #[test]
    fn counted_days_are_those_without_a_gap_up_to_the_last() {
        let counts = counts(&[
            ("2026-08-01", "2026-08-10"),
            ("2026-09-01", "2026-10-01"),
            ("2026-09-15", "2026-11-01"),
        ]);
        let counted = counts.counted(&registry(), &repository()).unwrap();
        assert_eq!(
            (counted.start(), counted.end()),
            (day("2026-09-01"), day("2026-11-01"))
        );
    }
}
