//! The Alpine images of a repository, found by the release and the variant that their tags name.

use std::collections::HashMap;

use super::base::BaseId;
use super::tag::TagParts;
use crate::base_image::{AlpineRelease, AlpineSupport};

/// The images of one repository whose tags name Alpine.
#[derive(Debug, Default)]
pub(super) struct AlpineTags {
    tags: Vec<AlpineTagged>,
    /// The places of tags by their variants, then by their release.
    by_words: HashMap<Vec<String>, HashMap<Vec<String>, Vec<u32>>>,
}

/// An image under one of its tags.
#[derive(Debug)]
pub(super) struct AlpineTagged {
    /// The tag.
    pub parts: TagParts,
    /// The image.
    pub base: BaseId,
}

impl AlpineTags {
    /// Adds a tag that names Alpine.
    pub fn push(&mut self, parts: TagParts, base: BaseId) {
        let place = self.tags.len() as u32;
        let of_variants = match self.by_words.get_mut(&parts.variants) {
            Some(known) => known,
            None => self.by_words.entry(parts.variants.clone()).or_default(),
        };
        match of_variants.get_mut(&parts.release) {
            Some(known) => known.push(place),
            None => {
                of_variants.insert(parts.release.clone(), vec![place]);
            }
        }
        self.tags.push(AlpineTagged { parts, base });
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.tags.is_empty()
    }

    /// The images, once for each of their tags.
    pub fn bases(&self) -> impl Iterator<Item = BaseId> {
        self.tags.iter().map(|tagged| tagged.base)
    }

    /// The tags that may be Alpine variants of a tag, each with its distance, in the order in which they were added.
    pub fn near(&self, parts: &TagParts) -> Vec<(usize, &AlpineTagged)> {
        let Some(by_release) = self.by_words.get(&parts.variants) else {
            return Vec::new();
        };
        // An Alpine tag names the same release or less of it, so only the beginnings of the release are looked up.
        let mut places: Vec<u32> = (0..=parts.release.len())
            .filter_map(|count| by_release.get(&parts.release[..count]))
            .flatten()
            .copied()
            .collect();
        places.sort_unstable();
        places
            .into_iter()
            .filter_map(|place| {
                let tagged = &self.tags[place as usize];
                Some((parts.distance_to(&tagged.parts)?, tagged))
            })
            .collect()
    }
}

/// What of an Alpine image decides which of several is taken, apart from the release that is preferred.
#[derive(Debug, Clone, Copy)]
pub(super) struct AlpineRating {
    /// Its release, if known.
    pub release: Option<AlpineRelease>,
    /// Whether the release gets security fixes.
    pub support: AlpineSupport,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tags_that_are_near_are_found_in_order() {
        let tags = [
            "3-alpine",
            "alpine",
            "3.1-alpine",
            "3-fpm-alpine",
            "3-alpine3.20",
            "3.1.2-alpine",
            "4-alpine",
        ];
        let mut known = AlpineTags::default();
        for (place, tag) in (0..).zip(tags) {
            known.push(TagParts::parse(tag), BaseId(place));
        }
        for wanted in ["3", "3.1.2-slim", "latest", "3-fpm", "5", "3-apache"] {
            let parts = TagParts::parse(wanted);
            let found: Vec<(usize, u32)> = known
                .near(&parts)
                .iter()
                .map(|(near, tag)| (*near, tag.base.0))
                .collect();
            let each: Vec<(usize, u32)> = (0..)
                .zip(tags)
                .filter_map(|(place, tag)| Some((parts.distance_to(&TagParts::parse(tag))?, place)))
                .collect();
            assert_eq!(found, each, "{wanted}");
        }
    }
}
