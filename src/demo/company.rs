//! Builds the company's year: every release of every repository, pushed and tagged in order.

use std::collections::BTreeMap;

use super::artifact::{Artifact, attestation, chart, signature};
use super::base::{self, Release};
use super::blueprint::{self, Builder, Chart, Mirror, Naming, Repository, Signing};
use super::content::Contents;
use super::error::DemoError;
use super::generated;
use super::image::{Format, Image, Layer, index};
use crate::oci::Digest;
use chrono::{DateTime, Duration, NaiveDate, Utc};

/// The compressed size of a created directory, the result of a `WORKDIR`.
const WORKDIR_BYTES: u64 = 93;

/// Everything the registry ever held, and the last moment of its year. If the year is to end on another day than the
/// company's own, every time moves by the difference.
pub(super) fn build(ends: Option<NaiveDate>) -> Result<(Contents, DateTime<Utc>), DemoError> {
    let (bases, company) = blueprint::read()?;
    let shift = ends.unwrap_or(company.ends) - company.ends;
    let mut releases = BTreeMap::new();
    for base in &bases {
        let mut of_base = base::releases(base, company.ends)?;
        for release in &mut of_base {
            release.put_off(shift);
        }
        releases.insert(base.name.clone(), of_base);
    }
    let mut year = Year {
        contents: Contents::default(),
        releases,
        ends: base::start_of_day(company.ends) + shift,
    };
    for repository in &company.repository {
        year.images(repository)?;
    }
    for chart in &company.chart {
        year.charts(chart);
    }
    for mirror in &company.mirror {
        year.mirror(mirror)?;
    }
    Ok((year.contents, year.ends))
}

struct Year {
    contents: Contents,
    releases: BTreeMap<String, Vec<Release>>,
    ends: DateTime<Utc>,
}

impl Year {
    fn images(&mut self, repository: &Repository) -> Result<(), DemoError> {
        let times = self.times(
            &repository.name,
            repository.tags,
            repository.days,
            repository.ended,
        );
        let mut built: Vec<Release> = Vec::new();
        let mut tags = Vec::new();
        for (number, &time) in times.iter().enumerate() {
            let base_time = if repository.pinned { times[0] } else { time };
            let mut images = BTreeMap::new();
            for platform in &repository.platforms {
                let base = match &repository.base {
                    Some(name) => self.base(name, base_time, platform, &repository.name)?,
                    None => Image::scratch(platform, time),
                };
                let previous = built.last().and_then(|release| release.images.get(platform));
                images.insert(platform.clone(), finish(repository, base, previous, number, time));
            }
            let digest = self.push(repository, &images);
            tags.push(Tagged::new(&repository.name, repository.naming, number, time));
            for tag in &tags[number].all {
                self.contents
                    .tag(&repository.name, tag.clone(), time, Some(digest));
            }
            if let Some(gone) = repository.keep.and_then(|keep| number.checked_sub(keep)) {
                self.contents
                    .tag(&repository.name, tags[gone].all[0].clone(), time, None);
            }
            if let Some(signing) = repository.signed {
                self.sign(repository, signing, digest, time);
            }
            built.push(Release { since: time, images });
        }
        self.releases.insert(repository.name.clone(), built);
        Ok(())
    }

    /// The image of a base that a build at this time uses.
    fn base(&self, name: &str, time: DateTime<Utc>, platform: &str, of: &str) -> Result<Image, DemoError> {
        self.releases
            .get(name)
            .and_then(|releases| base::current(releases, time))
            .and_then(|release| release.images.get(platform))
            .cloned()
            .ok_or_else(|| DemoError::Data(format!("{of}: no base {name} for {platform}")))
    }

    /// The times of the releases: `days` apart, varied by some hours, in working time.
    fn times(&self, name: &str, count: u32, days: u32, ended: u32) -> Vec<DateTime<Utc>> {
        (0..count)
            .map(|number| {
                let days_ago = i64::from(ended) + i64::from(days) * i64::from(count - 1 - number) + 1;
                let minutes = 8 * 60 + generated::number(&format!("{name} release {number}"), 9 * 60);
                self.ends - Duration::days(days_ago) + Duration::minutes(minutes.cast_signed())
            })
            .collect()
    }

    /// Pushes one release: a manifest, or an index if there are several platforms or attestations.
    fn push(&mut self, repository: &Repository, images: &BTreeMap<String, Image>) -> Digest {
        // BuildKit uses OCI media types when it attaches attestations.
        let format = if repository.attestations {
            Format::Oci
        } else {
            Format::Docker
        };
        let mut annotations = BTreeMap::new();
        if let Some(base) = &repository.base_annotation {
            annotations.insert("org.opencontainers.image.base.name", base.as_str());
        }
        let mut manifests = Vec::new();
        let mut attestations = Vec::new();
        for image in images.values() {
            let (config, manifest) = image.documents(format, &annotations);
            if repository.attestations {
                let attestation = attestation(&repository.name, &manifest);
                attestations.push(attestation.descriptor.clone());
                self.push_artifact(&repository.name, attestation);
            }
            self.contents.push(&repository.name, config);
            let digest = manifest.digest;
            manifests.push(image.descriptor(&manifest));
            self.contents.push(&repository.name, manifest);
            if images.len() == 1 && !repository.attestations {
                return digest;
            }
        }
        manifests.append(&mut attestations);
        let index = index(format, manifests, &annotations);
        let digest = index.digest;
        self.contents.push(&repository.name, index);
        digest
    }

    fn push_artifact(&mut self, repository: &str, artifact: Artifact) {
        self.contents.push(repository, artifact.config);
        self.contents.push(repository, artifact.manifest);
    }

    fn sign(&mut self, repository: &Repository, signing: Signing, digest: Digest, time: DateTime<Utc>) {
        let Some(subject) = self.contents.document(&digest) else {
            return;
        };
        let signature = signature(subject, signing);
        match signing {
            Signing::Referrers => {
                let descriptor = signature.descriptor.clone();
                self.contents.refer(&repository.name, digest, descriptor);
            }
            Signing::Tag => {
                let tag = format!("sha256-{}.sig", digest.hex());
                self.contents
                    .tag(&repository.name, tag, time, Some(signature.manifest.digest));
            }
        }
        self.push_artifact(&repository.name, signature);
    }

    fn charts(&mut self, chart_repository: &Chart) {
        let name = &chart_repository.name;
        let times = self.times(name, chart_repository.tags, chart_repository.days, 0);
        for (number, &time) in times.iter().enumerate() {
            let tag = Tagged::new(name, Naming::Semver, number, time).all.swap_remove(0);
            let chart = chart(name, &tag, chart_repository.bytes);
            self.contents.tag(name, tag, time, Some(chart.manifest.digest));
            self.push_artifact(name, chart);
        }
    }

    /// Copies public images unchanged; a mirror's tags move with each upstream release.
    fn mirror(&mut self, mirror: &Mirror) -> Result<(), DemoError> {
        for (tag, name) in &mirror.tags {
            let releases = self
                .releases
                .get(name)
                .ok_or_else(|| DemoError::Data(format!("{}: no base {name}", mirror.name)))?;
            for release in releases {
                let mut children = Vec::new();
                for image in release.images.values() {
                    let (config, manifest) = image.documents(Format::Oci, &BTreeMap::new());
                    children.push(image.descriptor(&manifest));
                    self.contents.push(&mirror.name, config);
                    self.contents.push(&mirror.name, manifest);
                }
                let index = index(Format::Oci, children, &BTreeMap::new());
                self.contents
                    .tag(&mirror.name, tag.clone(), release.since, Some(index.digest));
                self.contents.push(&mirror.name, index);
            }
        }
        Ok(())
    }
}

/// One platform's image of a release: the base, then the repository's own steps. Layers of the `previous` release are
/// reused if Docker's build cache would reuse them.
fn finish(
    repository: &Repository,
    base: Image,
    previous: Option<&Image>,
    number: usize,
    time: DateTime<Utc>,
) -> Image {
    let mut image = Image {
        created: time,
        ..base
    };
    for (at, step) in repository.steps.iter().enumerate() {
        let bytes = step.bytes.or_else(|| {
            // Only the classic builder creates no layer for it.
            let leaves = step.step.starts_with("WORKDIR ") && repository.builder != Builder::Classic;
            leaves.then_some(WORKDIR_BYTES)
        });
        let layer = bytes.map(|bytes| {
            let position = image.layers.len();
            let cached = previous
                .filter(|_| {
                    generated::number(&format!("{} step {at} of {number}", repository.name), 100)
                        >= step.changes
                })
                .filter(|previous| shares_layers_so_far(previous, &image))
                .and_then(|previous| previous.layers.get(position))
                .cloned();
            cached.unwrap_or_else(|| {
                let platform = &image.architecture;
                let key = format!(
                    "{} {platform} step {at} built for release {number}",
                    repository.name
                );
                // Images grow: the first release has about four fifths of the newest one's size.
                let grown = bytes * (800 + 200 * (number as u64 + 1) / u64::from(repository.tags)) / 1000;
                Layer {
                    digest: generated::digest(&key),
                    bytes: generated::jitter(grown, &key).max(32),
                    is_foreign: false,
                    compression: repository.compression,
                }
            })
        });
        image.add_step(step, repository.builder, layer);
    }
    image
}

/// Whether all layers of the new image so far are the first layers of the previous one.
fn shares_layers_so_far(previous: &Image, image: &Image) -> bool {
    previous.layers.len() > image.layers.len()
        && previous
            .layers
            .iter()
            .zip(&image.layers)
            .all(|(one, other)| one.digest == other.digest)
}

/// The tags of one release: its own, then those that move to it.
struct Tagged {
    all: Vec<String>,
}

impl Tagged {
    fn new(repository: &str, naming: Naming, number: usize, time: DateTime<Utc>) -> Self {
        let all = match naming {
            Naming::Semver => {
                let (minor, patch) = (number / 4, number % 4);
                vec![
                    format!("1.{minor}.{patch}"),
                    format!("1.{minor}"),
                    "latest".to_owned(),
                ]
            }
            Naming::Commit => {
                let commit = generated::digest(&format!("{repository} commit {number}")).hex();
                vec![format!("main-{}", &commit[..7]), "main".to_owned()]
            }
            Naming::Date => vec![time.format("%Y.%m.%d").to_string(), "latest".to_owned()],
        };
        Self { all }
    }
}
