//! What a generated registry consists of: its repositories, and the public bases that they are built on.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::draw::Draw;
use super::repository::{ALL_PLATFORMS, Bases, Repository};
use super::steps::steps;
use crate::demo::base::{self, start_of_day};
use crate::demo::blueprint::{self, BuildStep};
use crate::demo::error::DemoError;
use crate::demo::image::Image;

/// A public base: its releases, oldest first, for each platform.
pub(super) struct PublicBase {
    pub releases: Vec<BTreeMap<String, Image>>,
    is_linux: bool,
}

impl PublicBase {
    /// The platforms that it is built for.
    pub fn platforms(&self) -> &[&'static str] {
        if self.is_linux {
            &ALL_PLATFORMS
        } else {
            &["windows/amd64"]
        }
    }

    /// The image of a release.
    pub fn image(&self, release: usize, platform: &str) -> Image {
        self.releases[release][platform].clone()
    }

    fn new(releases: Vec<base::Release>, draw: Draw) -> Self {
        let is_linux = releases
            .iter()
            .all(|release| release.images.contains_key("linux/amd64"));
        let mut releases: Vec<_> = releases.into_iter().map(|release| release.images).collect();
        if is_linux {
            for images in &mut releases {
                for platform in ALL_PLATFORMS {
                    if !images.contains_key(platform) {
                        let image = ported(&images["linux/amd64"], platform, draw);
                        images.insert(platform.to_owned(), image);
                    }
                }
            }
        }
        Self { releases, is_linux }
    }
}

/// The image of a base for a platform that is not in the data of the demo: the same steps, with layers of its own.
fn ported(image: &Image, platform: &str, draw: Draw) -> Image {
    let mut ported = image.clone();
    let blank = Image::scratch(platform, image.created);
    (ported.os, ported.architecture) = (blank.os, blank.architecture);
    for layer in &mut ported.layers {
        // By digest, so that bases that share a layer share it on each platform.
        let start = layer
            .digest
            .to_string()
            .bytes()
            .fold(draw, |draw, byte| draw.of(byte.into()));
        let of_platform = platform.bytes().fold(start, |draw, byte| draw.of(byte.into()));
        layer.digest = of_platform.digest();
        layer.bytes = layer.bytes * (900 + of_platform.below(200)) / 1_000;
    }
    ported
}

/// A generated registry, without its documents.
pub(super) struct Plan {
    pub bases: Vec<PublicBase>,
    /// By number.
    pub repositories: Vec<Repository>,
    /// The numbers of the repositories, sorted by name.
    pub by_name: Vec<u32>,
    /// When the newest releases were built.
    pub ends: DateTime<Utc>,
    pub layer_steps: Vec<BuildStep>,
    pub other_steps: Vec<BuildStep>,
}

impl Plan {
    /// The registry of a seed with exactly so many tags.
    ///
    /// # Errors
    /// If the data compiled into the program are inconsistent, or there are more than 2³² repositories.
    pub fn new(tags: usize, seed: u64) -> Result<Self, DemoError> {
        let (described, company) = blueprint::read()?;
        let draw = Draw::new(seed);
        let bases = described
            .iter()
            .map(|base| Ok(PublicBase::new(base::releases(base, company.ends)?, draw)))
            .collect::<Result<Vec<_>, DemoError>>()?;
        let names: Vec<String> = described.into_iter().map(|base| base.name).collect();
        let releases = bases.iter().map(|base| base.releases.len()).min().unwrap_or(1);
        let sizes = Bases {
            names: &names,
            releases,
        };
        let mut repositories = Vec::new();
        let mut left = tags;
        // The largest of Docker's official repositories has an eighth of their tags.
        let most_tags = (tags / 8).max(3);
        while left > 0 {
            let number = repositories.len();
            let repository = Repository::new(number, draw.of(number as u64), sizes, left.min(most_tags));
            left -= repository.tags;
            repositories.push(repository);
        }
        let count = u32::try_from(repositories.len())
            .map_err(|_| DemoError::Data("a registry has at most 2³² repositories".to_owned()))?;
        let mut by_name: Vec<u32> = (0..count).collect();
        by_name.sort_unstable_by(|one, other| {
            let name = |number: &u32| &repositories[*number as usize].name;
            name(one).cmp(name(other))
        });
        let (layer_steps, other_steps) = steps();
        Ok(Self {
            bases,
            repositories,
            by_name,
            ends: start_of_day(company.ends),
            layer_steps,
            other_steps,
        })
    }

    /// The number of the repository of a name.
    pub fn number(&self, name: &str) -> Option<usize> {
        let of = |number: &u32| self.repositories[*number as usize].name.as_str();
        let at = self
            .by_name
            .binary_search_by(|number| of(number).cmp(name))
            .ok()?;
        Some(self.by_name[at] as usize)
    }

    /// The names of the repositories in order, from the first one after another.
    pub fn names_after(&self, after: Option<&str>) -> impl Iterator<Item = &str> {
        let of = |number: &u32| self.repositories[*number as usize].name.as_str();
        let from = self
            .by_name
            .partition_point(|number| after.is_some_and(|after| of(number) <= after));
        self.by_name[from..].iter().map(of)
    }
}
