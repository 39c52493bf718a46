//! Names that stay what they are. Advice such as `FROM alpine:latest` means another image next month, so an image
//! whose tags all move is named by a numbered release where that is known.

use std::collections::HashMap;
use std::sync::Arc;

use super::base::{Base, BaseId};
use super::build::CatalogueBuilder;
use super::peers::Bases;
use super::tag::{AlpineTag, TagParts};
use crate::base_image::texts::Chain;
use crate::base_image::{AlpineRelease, BaseName};

/// Words of tags that mean whatever is newest. From the tags of Docker's official images, 2026-12-01.
const MOVING_WORDS: [&str; 8] = [
    "latest", "stable", "mainline", "current", "lts", "edge", "nightly", "rolling",
];

/// A name of the content of a base in a repository, by layers, platform and repository.
type SameContent<'a> = HashMap<(Chain, u32, &'a str), Option<Arc<BaseName>>>;

impl CatalogueBuilder<'_> {
    /// Gives each base whose first name moves a precise name, if one is known.
    pub(super) fn name_precisely(&mut self) {
        let mut known = SameContent::new();
        let precise: Vec<(BaseId, Arc<BaseName>)> = (0..self.catalogue.bases.len() as u32)
            .map(BaseId)
            .filter_map(|id| Some((id, self.precise_name(id, &mut known)?)))
            .collect();
        for (id, precise) in precise {
            let repository = self.repository(&precise.repository);
            let tag = precise.tag.as_deref().unwrap_or_default();
            let catalogue = &mut self.catalogue;
            // A tag that the catalogue or a registry has itself is known better.
            let tags = &mut catalogue.repositories[repository.0 as usize].tags;
            tags.entry(tag.into()).or_insert_with(|| vec![id]);
            catalogue.bases[id.0 as usize].precise = Some(precise);
        }
    }

    /// In this order: another of its names, a name of the same content, the release of an operating system's own image,
    /// the version that the image states of itself. `None` if its first name is precise, or if none of them is known.
    fn precise_name<'c>(&'c self, id: BaseId, known: &mut SameContent<'c>) -> Option<Arc<BaseName>> {
        let base = self.catalogue.base(id);
        let moving = base.name();
        if moving.tag.is_none() || self.is_precise(moving) {
            return None;
        }
        let of_same_repository = |name: &&Arc<BaseName>| name.repository == moving.repository;
        let own = base.names.iter().filter(of_same_repository);
        if let Some(own) = own.into_iter().find(|name| self.is_precise(name)) {
            return Some(Arc::clone(own));
        }
        // None of its own names is precise, so the first of its content is another's.
        let key = (
            base.layer_chain(),
            self.catalogue.platform_of(id),
            moving.repository.as_str(),
        );
        let same_content = known.entry(key).or_insert_with(|| {
            let names = self.same_content(id).flat_map(|other| &other.names);
            let mut names = names.filter(of_same_repository);
            names.find(|name| self.is_precise(name)).cloned()
        });
        if let Some(other) = same_content {
            return Some(Arc::clone(other));
        }
        let own = self.system_release(base).or_else(|| self.stated_version(base));
        own.map(Arc::new)
    }

    /// The bases with the same layers and platform.
    fn same_content(&self, id: BaseId) -> impl Iterator<Item = &Base> {
        let catalogue = &self.catalogue;
        let base = catalogue.base(id);
        let same = catalogue.bases_of_layers(base.layer_chain());
        let mut same: Vec<BaseId> = same.into_iter().flat_map(Bases::iter).collect();
        same.sort_unstable();
        same.into_iter()
            .map(|other| catalogue.base(other))
            .filter(move |other| other.platform == base.platform && other.layers.len() == base.layers.len())
    }

    /// Whether a name has a number or a codename of a release.
    fn is_precise(&self, name: &BaseName) -> bool {
        let Some(tag) = &name.tag else { return false };
        if let Some(system) = self.catalogue.systems.with_image(&name.repository) {
            return system.release_of_tag(tag).release.is_some();
        }
        !TagParts::parse(tag).release.is_empty()
    }

    /// `alpine:3.24` for an image of Alpine's own repository with this release in it.
    fn system_release(&self, base: &Base) -> Option<BaseName> {
        let name = base.name();
        let info = self.catalogue.systems.with_image(&name.repository)?;
        let system = base.system.as_deref().filter(|system| system.name == info.name)?;
        let parts = TagParts::parse(name.tag.as_deref()?);
        if !other_words(&parts).is_empty() || parts.alpine == Some(AlpineTag::Edge) {
            return None;
        }
        let release = match AlpineRelease::from_system(system) {
            Some(release) => release.to_string(),
            None => system.release.clone()?,
        };
        let slim = if parts.slim { "-slim" } else { "" };
        Some(BaseName::new(&name.repository, format!("{release}{slim}")))
    }

    /// `nginx:1.31.6-alpine` for `nginx:alpine` with this version in its variables: official images are published
    /// under their full version and the words of their variant.
    fn stated_version(&self, base: &Base) -> Option<BaseName> {
        let name = base.name();
        let repository = self.catalogue.repository(&name.repository)?;
        let variable = self.catalogue.repositories[repository.0 as usize]
            .version_variable
            .as_ref()?;
        let version = plain_version(base.variables.get(variable)?)?;
        let tag = name.tag.as_deref()?;
        // A company's own words in a mirror, such as `prod-alpine`, do not exist upstream.
        if base.is_in_registry() && !other_words(&TagParts::parse(tag)).is_empty() {
            return None;
        }
        let words = tag.split('-').filter(|word| !MOVING_WORDS.contains(word));
        let tag: Vec<&str> = std::iter::once(version).chain(words).collect();
        Some(BaseName::new(&name.repository, tag.join("-")))
    }
}

/// The variants of a tag that do not just mean the newest.
fn other_words(parts: &TagParts) -> Vec<&str> {
    let words = parts.variants.iter().map(String::as_str);
    words.filter(|word| !MOVING_WORDS.contains(word)).collect()
}

/// `1.20.1` of `v1.20.1`; `None` if the text is not numbers and dots.
fn plain_version(text: &str) -> Option<&str> {
    let version = text.strip_prefix('v').unwrap_or(text);
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    version.split('.').all(is_number).then_some(version)
}

#[cfg(test)]
mod tests {
    use crate::base_image::testing::{Image, catalogue, catalogue_on};
    use crate::base_image::{BaseName, Catalogue, Scope};
    use crate::oci::Platform;

    fn amd64() -> Platform {
        Platform {
            os: "linux".into(),
            architecture: "amd64".into(),
            variant: None,
            os_version: None,
        }
    }

    fn advised(catalogue: &Catalogue, repository: &str, tag: &str) -> String {
        let twins = catalogue.twins_of_name(&BaseName::new(repository, tag), &amd64(), &Scope::all());
        catalogue.base(twins[0].base).precise_name().to_string()
    }

    #[test]
    fn no_shipped_base_is_advised_by_a_moving_tag_if_its_release_is_known() {
        let catalogue = catalogue_on("2026-12-01", &[]);
        for (repository, tag, expected) in [
            ("debian", "trixie-slim", "alpine:3.24"),
            ("ubuntu", "24.04", "alpine:3.24"),
            ("buildpack-deps", "trixie", "alpine:3.24"),
            ("nginx", "latest", "nginx:1.31.6-alpine"),
            ("httpd", "latest", "httpd:2.4.68-alpine"),
            ("erlang", "slim", "erlang:29.1.1-alpine"),
            ("elixir", "latest", "elixir:1.20.1-alpine"),
            ("nextcloud", "fpm", "nextcloud:34.0.4-fpm-alpine"),
            ("mediawiki", "stable-fpm", "mediawiki:1.46.0-fpm-alpine"),
            ("rabbitmq", "management", "rabbitmq:4.3.5-management-alpine"),
            ("node", "22", "node:22-alpine"),
        ] {
            assert_eq!(advised(&catalogue, repository, tag), expected);
        }
    }

    #[test]
    fn every_moving_alpine_variant_of_the_shipped_catalogue_with_a_stated_version_has_a_precise_name() {
        let catalogue = catalogue(&[]);
        let mut moving: Vec<String> = catalogue
            .bases()
            .filter(|(_, base)| base.name().tag.as_ref().is_some_and(|tag| tag.contains("alpine")))
            .map(|(_, base)| base.precise_name())
            .filter(|name| !name.to_string().contains(|letter: char| letter.is_ascii_digit()))
            .map(ToString::to_string)
            .collect();
        moving.dedup();
        // WordPress states the version of PHP only.
        assert_eq!(moving, ["wordpress:fpm-alpine"]);
    }

    #[test]
    fn the_release_that_is_advised_can_be_looked_up() {
        let catalogue = catalogue(&[]);
        let found = catalogue.find(&BaseName::new("alpine", "3.24"), &amd64());
        assert_eq!(catalogue.base(found[0]).name().to_string(), "alpine:latest");
    }

    #[test]
    fn a_mirror_s_moving_tag_is_named_by_what_the_image_states() {
        let image = |repository, tag| {
            Image::new(repository, tag)
                .layer(
                    "alpine",
                    3_000_000,
                    "ADD alpine-minirootfs-3.24.1-x86_64.tar.gz / # buildkit",
                )
                .layer(tag, 40_000_000, "RUN addgroup -g 1000 node")
                .variable("NODE_VERSION", "27.1.0")
        };
        let images = [
            image("mirror/library/node", "alpine").facts(),
            image("mirror/library/node", "prod-alpine").facts(),
            image("team/app", "alpine").facts(),
        ];
        let catalogue = catalogue(&images);
        let names: Vec<String> = catalogue
            .bases()
            .filter(|(_, base)| base.is_in_registry())
            .map(|(_, base)| base.precise_name().to_string())
            .collect();
        assert_eq!(
            names,
            ["node:27.1.0-alpine", "node:prod-alpine", "team/app:alpine"]
        );
    }

    #[test]
    fn a_registry_s_latest_alpine_is_named_by_the_release_in_it() {
        let alpine = Image::new("mirror/library/alpine", "latest").layer(
            "root",
            3_000_000,
            "ADD alpine-minirootfs-3.23.2-x86_64.tar.gz / # buildkit",
        );
        let catalogue = catalogue(&[alpine.facts()]);
        let own = catalogue.bases().find(|(_, base)| base.is_in_registry());
        assert_eq!(own.unwrap().1.precise_name().to_string(), "alpine:3.23");
    }
}
