//! The documents of one release of a repository: computed from their number, and the same every time.

use std::collections::BTreeMap;

use chrono::{DateTime, Days, Utc};
use serde_json::Value;

use super::draw::Draw;
use super::plan::Plan;
use super::repository::{ALL_PLATFORMS, Kind, Parent, Repository};
use crate::demo::artifact::{Artifact, attestation, chart, signature};
use crate::demo::blueprint::{Builder, Compression, Signing};
use crate::demo::content::Document;
use crate::demo::image::{Format, Image, Layer, index};
use crate::oci::Digest;

// What is drawn for a layer, each from a source of its own.
const LAYER: u64 = 20;
const SIZE: u64 = 21;
const PERIOD: u64 = 22;
const CHART: u64 = 23;

/// The compressed sizes of layers in Docker's official images of January 2018, in bytes.
const SIZE_QUANTILES: [(u64, u64); 9] = [
    (0, 91),
    (267, 600),
    (421, 100_000),
    (503, 1_000_000),
    (644, 10_000_000),
    (873, 50_000_000),
    (955, 100_000_000),
    (990, 201_000_000),
    (1_000, 400_000_000),
];
/// Days between two releases of a repository. Our choice.
const RELEASE_DAYS: u64 = 7;
/// Everything that is pushed with one release.
pub(super) struct Release {
    /// In the order in which they are pushed. The last is what the tags point to.
    pub documents: Vec<Document>,
    /// What is attached to it: the documents, and the entry in an answer of the referrers API.
    pub attached: Option<(Vec<Document>, Value)>,
    /// The layers that the registry stores: digest and bytes, each as often as it is used.
    pub layers: Vec<(Digest, u64)>,
}

impl Release {
    /// What the tags point to.
    pub fn top(&self) -> Option<&Document> {
        self.documents.last()
    }

    /// All documents, those that are attached included.
    pub fn all(&self) -> impl Iterator<Item = &Document> {
        let attached = self.attached.iter().flat_map(|(documents, _)| documents);
        self.documents.iter().chain(attached)
    }

    fn push(&mut self, artifact: Artifact) -> Value {
        self.layers.extend(artifact.layers);
        self.documents.extend([artifact.config, artifact.manifest]);
        artifact.descriptor
    }
}

impl Plan {
    /// A release of a repository: the first is 0.
    pub(super) fn release(&self, repository: &Repository, number: usize) -> Release {
        let mut release = Release {
            documents: Vec::new(),
            attached: None,
            layers: Vec::new(),
        };
        match repository.kind {
            Kind::Charts => {
                let bytes = 2_000 + repository.draw.of(CHART).below(60_000);
                release.push(chart(&repository.name, &number.to_string(), bytes));
            }
            Kind::Images { attests, signs, .. } => {
                self.push_images(repository, number, attests, &mut release);
                if let Some(top) = release.documents.last().filter(|_| signs) {
                    let signature = signature(top, Signing::Referrers);
                    release.layers.extend(signature.layers);
                    release.attached =
                        Some((vec![signature.config, signature.manifest], signature.descriptor));
                }
            }
        }
        release
    }

    fn push_images(&self, repository: &Repository, number: usize, attests: bool, release: &mut Release) {
        // BuildKit uses OCI media types when it attaches attestations.
        let format = if attests { Format::Oci } else { Format::Docker };
        let (mut manifests, mut attestations) = (Vec::new(), Vec::new());
        for platform in self.platforms(repository) {
            let image = self.image(repository, number, platform);
            let (config, manifest) = image.documents(format, &BTreeMap::new());
            let stored = image.layers.iter().filter(|layer| !layer.is_foreign);
            release
                .layers
                .extend(stored.map(|layer| (layer.digest, layer.bytes)));
            if attests {
                attestations.push(release.push(attestation(&repository.name, &manifest)));
            }
            manifests.push(image.descriptor(&manifest));
            release.documents.extend([config, manifest]);
        }
        if manifests.len() > 1 || attests {
            manifests.append(&mut attestations);
            release.documents.push(index(format, manifests, &BTreeMap::new()));
        }
    }

    /// The platforms that a repository is built for.
    fn platforms(&self, repository: &Repository) -> &[&'static str] {
        match repository.kind {
            Kind::Charts => &[],
            Kind::Images {
                parent, platforms, ..
            } => {
                let possible = match parent {
                    Parent::Scratch => &ALL_PLATFORMS,
                    Parent::Public(base) => self.bases[base].platforms(),
                    Parent::Repository(parent) => self.platforms(&self.repositories[parent]),
                };
                &possible[..platforms.min(possible.len())]
            }
        }
    }

    /// The image of a release for one platform: the base of that time, then the repository's own layers.
    fn image(&self, repository: &Repository, number: usize, platform: &str) -> Image {
        let Kind::Images { parent, layers, .. } = repository.kind else {
            return Image::scratch(platform, self.ends);
        };
        let (base, base_since) = match parent {
            Parent::Scratch => (Image::scratch(platform, self.ends), 0),
            Parent::Public(base) => {
                let releases = self.bases[base].releases.len();
                let (used, since) = drift(number, repository.releases, releases);
                (self.bases[base].image(used, platform), since)
            }
            Parent::Repository(parent) => {
                let parent = &self.repositories[parent];
                let (used, since) = drift(number, repository.releases, parent.releases);
                (self.image(parent, used, platform), since)
            }
        };
        if layers == 0 {
            return base;
        }
        let created = self.created(repository, number);
        self.build(base, base_since, repository.draw, layers, number, created)
    }

    /// Adds a repository's own layers to its base. A layer is built anew when its step changes, and whenever anything
    /// below it was, as Docker's cache does.
    fn build(
        &self,
        base: Image,
        base_since: usize,
        draw: Draw,
        layers: u64,
        number: usize,
        created: DateTime<Utc>,
    ) -> Image {
        let platform = self.platform_number(&base);
        let mut image = Image { created, ..base };
        let mut built = base_since;
        for step in 0..layers {
            let of_step = draw.of(LAYER).of(step);
            // The last step is new in each release.
            let period = if step + 1 == layers {
                1
            } else {
                1 + of_step.of(PERIOD).below(8) as usize
            };
            built = built.max(number - number % period);
            let of_layer = of_step.of(platform).of(built as u64);
            let size = of_step.of(SIZE).quantile(&SIZE_QUANTILES);
            // Releases differ by up to two percent.
            let bytes = size * (980 + of_layer.of(SIZE).below(41)) / 1_000;
            let layer = Layer {
                digest: of_layer.digest(),
                bytes: bytes.max(32),
                is_foreign: false,
                compression: Compression::Gzip,
            };
            let turn = if step + 1 == layers {
                self.layer_steps.len() - 1
            } else {
                step as usize % self.layer_steps.len()
            };
            image.add_step(&self.layer_steps[turn], Builder::BuildKit, Some(layer));
        }
        for step in &self.other_steps {
            image.add_step(step, Builder::BuildKit, None);
        }
        image
    }

    /// When a release was built: the newest at the end, each earlier one a week before.
    fn created(&self, repository: &Repository, number: usize) -> DateTime<Utc> {
        let back = (repository.releases - 1 - number) as u64 * RELEASE_DAYS;
        self.ends.checked_sub_days(Days::new(back)).unwrap_or(self.ends)
    }

    fn platform_number(&self, image: &Image) -> u64 {
        let name = format!("{}/{}", image.os, image.architecture);
        let at = ALL_PLATFORMS.iter().position(|platform| *platform == name);
        at.unwrap_or(ALL_PLATFORMS.len()) as u64
    }
}

/// Which release of a base a release of a repository uses, and the first of its releases that used it: both drift from
/// their first to their newest at the same time.
fn drift(number: usize, releases: usize, base_releases: usize) -> (usize, usize) {
    let used = number * base_releases / releases;
    (used, (used * releases).div_ceil(base_releases))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repository_moves_through_the_releases_of_its_base_in_order() {
        for (releases, of_base) in [(1, 9), (4, 9), (9, 9), (30, 9), (7, 1)] {
            let mut before = (0, 0);
            for number in 0..releases {
                let (used, since) = drift(number, releases, of_base);
                assert!(
                    used < of_base && since <= number,
                    "{number} of {releases}: {used} since {since}"
                );
                assert_eq!(drift(since, releases, of_base), (used, since));
                assert!((used, since) >= before);
                before = (used, since);
            }
        }
    }
}
