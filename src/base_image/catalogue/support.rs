//! Which Alpine images still get security fixes, and which of several is the best to move to.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use chrono::NaiveDate;

use super::alpine_tags::AlpineRating;
use super::{BaseId, Catalogue, Scope};
use crate::base_image::{AlpineRelease, AlpineSupport};

/// The place of an Alpine image by its release; smaller is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Standing {
    /// Whether its release gets no security fixes and was not asked for.
    pub is_unsupported: bool,
    /// Whether another release is preferred.
    is_other_release: bool,
    /// Whether its release is not known.
    is_unknown: bool,
    /// Its release, if supported.
    newest_first: Reverse<Option<AlpineRelease>>,
}

impl Catalogue {
    /// The releases of Alpine that are known: those with dates, and those of base images. Oldest first.
    pub fn known_alpine(&self) -> BTreeSet<AlpineRelease> {
        self.alpine_dates.names().chain(self.alpine_releases()).collect()
    }

    /// Whether an Alpine image gets security fixes on the catalogue's day: by its release, else by its build date.
    /// Unknown for a catalogue without a day.
    pub fn support_of(&self, id: BaseId) -> AlpineSupport {
        let Some(day) = self.day else {
            return AlpineSupport::Unknown;
        };
        let base = self.base(id);
        if let Some(release) = base.alpine_release() {
            return self.alpine_dates.support(release, day);
        }
        match base.created.as_deref().and_then(|created| created.parse().ok()) {
            Some(built) => self.alpine_dates.support_of_build(built, day),
            None => AlpineSupport::Unknown,
        }
    }

    /// Rates the images that tags call Alpine images, so that it is done once for each.
    pub(super) fn rate_alpine(&mut self) {
        let bases = self
            .repositories
            .iter()
            .flat_map(|repository| repository.alpine.bases());
        let ratings = bases.map(|id| (id, self.rating(id))).collect();
        self.ratings = ratings;
    }

    fn rating(&self, id: BaseId) -> AlpineRating {
        AlpineRating {
            release: self.base(id).alpine_release(),
            support: self.support_of(id),
        }
    }

    /// The first day without security fixes for a release of Alpine, if that is not after the catalogue's day.
    pub fn end_of_support(&self, release: AlpineRelease) -> Option<NaiveDate> {
        match self.alpine_dates.support(release, self.day?) {
            AlpineSupport::EndedOn(day) => Some(day),
            AlpineSupport::Supported | AlpineSupport::Unknown => None,
        }
    }

    /// The place of an Alpine image by its release. The preferred release comes first. Then come supported releases,
    /// newest first, then images whose release is not known, then releases without support.
    pub(super) fn standing(&self, id: BaseId, scope: &Scope) -> Standing {
        let preferred = scope.release();
        let AlpineRating { release, support } = match self.ratings.get(&id) {
            Some(rating) => *rating,
            None => self.rating(id),
        };
        let is_preferred = preferred.is_some() && release == preferred;
        Standing {
            is_unsupported: matches!(support, AlpineSupport::EndedOn(_)) && !is_preferred,
            is_other_release: preferred.is_some() && !is_preferred,
            is_unknown: support == AlpineSupport::Unknown,
            // Releases without support are as bad as each other: the nearest tag decides among them.
            newest_first: Reverse(release.filter(|_| support == AlpineSupport::Supported)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base_image::BaseName;
    use crate::base_image::testing::{Image, catalogue_on};
    use crate::oci::Platform;

    const DAY: &str = "2026-12-01";

    /// Bare Alpine as a registry holds it.
    fn alpine(tag: &'static str, archive: &str) -> Image {
        Image::new("mirror/library/alpine", tag).layer(
            archive,
            2_000_000,
            &format!("ADD alpine-minirootfs-{archive}-x86_64.tar.gz / # buildkit"),
        )
    }

    fn platform(text: &str) -> Platform {
        let mut words = text.split('/').map(ToOwned::to_owned);
        Platform {
            os: words.next().unwrap(),
            architecture: words.next().unwrap(),
            variant: words.next(),
            os_version: None,
        }
    }

    fn best(catalogue: &Catalogue, name: &str, scope: &Scope) -> (String, Option<String>) {
        let (repository, tag) = name.split_once(':').unwrap();
        let twins = catalogue.twins_of_name(&BaseName::new(repository, tag), &platform("linux/amd64"), scope);
        let best = catalogue.base(twins[0].base);
        let release = best.alpine_release().map(|release| release.to_string());
        (best.name().to_string(), release)
    }

    #[test]
    fn a_crawled_release_without_support_does_not_displace_the_newest_supported_one() {
        let images = [alpine("3.7", "3.7.0").facts(), alpine("latest", "3.7.0").facts()];
        let catalogue = catalogue_on(DAY, &images);
        for system in ["debian:trixie", "ubuntu:24.04", "centos:7"] {
            let (_, release) = best(&catalogue, system, &Scope::all());
            assert_eq!(release.as_deref(), Some("3.24"), "{system}");
        }
        // A supported release in the registry is still not the newest.
        let images = [alpine("3.22", "3.22.6").facts()];
        let (_, release) = best(&catalogue_on(DAY, &images), "debian:trixie", &Scope::all());
        assert_eq!(release.as_deref(), Some("3.24"));
        // The same release in the registry is preferred, because its layers are shared.
        let images = [alpine("3.24", "3.24.2").facts()];
        let catalogue = catalogue_on(DAY, &images);
        let twins = catalogue.alpine(&platform("linux/amd64"), &Scope::all());
        assert!(catalogue.base(twins[0]).is_in_registry());
    }

    #[test]
    fn the_release_that_was_asked_for_wins_even_without_support() {
        let images = [alpine("3.7", "3.7.0").facts()];
        let catalogue = catalogue_on(DAY, &images);
        let scope = Scope::all().preferring(Some("3.7".parse().unwrap()));
        let (name, release) = best(&catalogue, "debian:trixie", &scope);
        assert_eq!((name.as_str(), release.as_deref()), ("alpine:3.7", Some("3.7")));
        assert_eq!(
            catalogue.end_of_support("3.7".parse().unwrap()),
            Some("2019-11-01".parse().unwrap())
        );
        assert_eq!(catalogue.end_of_support("3.24".parse().unwrap()), None);
    }

    #[test]
    fn support_is_judged_on_the_day_of_the_report() {
        let newest = |day: &str| best(&catalogue_on(day, &[]), "debian:trixie", &Scope::all()).1;
        assert_eq!(newest("2026-12-01").as_deref(), Some("3.24"));
        // After the end of all releases that are known, the last one known is named.
        assert_eq!(newest("2040-01-01").as_deref(), Some("3.24"));
        let last = catalogue_on("2040-01-01", &[]).end_of_support("3.24".parse().unwrap());
        assert_eq!(last, Some("2028-06-01".parse().unwrap()));
    }

    #[test]
    fn a_supported_variant_of_a_nearby_release_wins_over_an_unsupported_one_of_the_same() {
        let old = Image::new("node", "22.3-alpine")
            .layer(
                "old alpine",
                3_000_000,
                "ADD alpine-minirootfs-3.20.0-x86_64.tar.gz / # buildkit",
            )
            .layer("node", 40_000_000, "RUN addgroup -g 1000 node")
            .variable("NODE_VERSION", "22.3.0");
        let catalogue = catalogue_on(DAY, &[old.facts()]);
        let (name, release) = best(&catalogue, "node:22.3.0", &Scope::all());
        assert_eq!(
            (name.as_str(), release.as_deref()),
            ("node:22-alpine", Some("3.24"))
        );
    }
}
