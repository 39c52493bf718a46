use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::Deserialize;

use super::AlpineRelease;

/// A release of Alpine with its dates, as a catalogue file gives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AlpineReleaseDates {
    /// The release.
    pub name: AlpineRelease,
    /// The day it came out.
    pub released: NaiveDate,
    /// The first day without security fixes.
    pub end_of_life: NaiveDate,
}

/// The known releases of Alpine with their dates.
#[derive(Debug, Clone, Default)]
pub struct AlpineReleases(BTreeMap<AlpineRelease, AlpineReleaseDates>);

/// Whether an Alpine image still gets security fixes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AlpineSupport {
    /// Its release gets security fixes.
    Supported,
    /// Its release is not known.
    Unknown,
    /// Its release gets no security fixes since this day, or since an earlier one if only the image's build date is
    /// known.
    EndedOn(NaiveDate),
}

impl AlpineReleases {
    /// Adds a release. One with the same name that was added before is replaced.
    pub(super) fn insert(&mut self, dates: AlpineReleaseDates) {
        self.0.insert(dates.name, dates);
    }

    /// Whether the release is known.
    pub fn contains(&self, release: AlpineRelease) -> bool {
        self.0.contains_key(&release)
    }

    /// The known releases, oldest first.
    pub fn names(&self) -> impl DoubleEndedIterator<Item = AlpineRelease> + '_ {
        self.0.keys().copied()
    }

    /// Whether a release gets security fixes on a day. A release that is newer than all known ones does.
    pub fn support(&self, release: AlpineRelease, day: NaiveDate) -> AlpineSupport {
        match self.0.get(&release) {
            Some(dates) if day < dates.end_of_life => AlpineSupport::Supported,
            Some(dates) => AlpineSupport::EndedOn(dates.end_of_life),
            None if self.names().next_back().is_some_and(|newest| release > newest) => {
                AlpineSupport::Supported
            }
            None => AlpineSupport::Unknown,
        }
    }

    /// Whether an Alpine image of unknown release that was built on one day can get security fixes on another. It
    /// cannot be on a release that came out after it was built.
    pub fn support_of_build(&self, built: NaiveDate, day: NaiveDate) -> AlpineSupport {
        let newest = self.0.values().rev().find(|dates| dates.released <= built);
        match newest {
            Some(dates) if dates.end_of_life <= day => AlpineSupport::EndedOn(dates.end_of_life),
            // Reproducible builds set a build date before any release.
            Some(_) | None => AlpineSupport::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn releases() -> AlpineReleases {
        let mut releases = AlpineReleases::default();
        for (name, released, end_of_life) in [
            ("3.21", "2024-12-05", "2026-11-01"),
            ("3.22", "2025-05-30", "2027-05-01"),
        ] {
            releases.insert(AlpineReleaseDates {
                name: name.parse().unwrap(),
                released: day(released),
                end_of_life: day(end_of_life),
            });
        }
        releases
    }

    #[test]
    fn support_ends_on_the_day_of_the_end_of_life() {
        let releases = releases();
        let support = |release: &str, on| releases.support(release.parse().unwrap(), day(on));
        assert_eq!(support("3.21", "2026-10-31"), AlpineSupport::Supported);
        assert_eq!(
            support("3.21", "2026-11-01"),
            AlpineSupport::EndedOn(day("2026-11-01"))
        );
        assert_eq!(support("3.22", "2026-11-01"), AlpineSupport::Supported);
        assert_eq!(
            support("3.23", "2026-11-01"),
            AlpineSupport::Supported,
            "newer than all"
        );
        assert_eq!(support("2.9", "2026-11-01"), AlpineSupport::Unknown);
    }

    #[test]
    fn an_image_is_on_no_release_that_came_out_after_it_was_built() {
        let releases = releases();
        let support = |built, on| releases.support_of_build(day(built), day(on));
        assert_eq!(
            support("2025-01-10", "2026-12-01"),
            AlpineSupport::EndedOn(day("2026-11-01"))
        );
        assert_eq!(support("2025-06-10", "2026-12-01"), AlpineSupport::Unknown);
        assert_eq!(support("1970-01-01", "2026-12-01"), AlpineSupport::Unknown);
    }
}
