//! Releases of base images over the year, and the one that a build on a given day used.

use std::collections::BTreeMap;

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta, Utc};

use super::blueprint::{Base, Compression};
use super::error::DemoError;
use super::generated;
use super::image::{Image, Layer, buildkit_text, leaves_layer};
use crate::oci::HistoryStep;

/// Days between two releases of a base. Our choice.
const RELEASE_DAYS: u64 = 48;

/// A release of a base, or of a company's own base repository: its image for each platform.
pub(super) struct Release {
    /// When builds start to use it.
    pub since: DateTime<Utc>,
    pub images: BTreeMap<String, Image>,
}

impl Release {
    /// Moves the release in time. The steps of the base keep their own dates, which are part of its text.
    pub(super) fn put_off(&mut self, by: TimeDelta) {
        self.since += by;
        for image in self.images.values_mut() {
            image.created += by;
        }
    }
}

/// The releases of a base in the year before `ends`, oldest first. The last one is the one in the file; each earlier one
/// is a little smaller and has its own digests.
pub(super) fn releases(base: &Base, ends: NaiveDate) -> Result<Vec<Release>, DemoError> {
    let mut releases = Vec::new();
    for age in (0..=366 / RELEASE_DAYS + 1).rev() {
        let created = days_before(base.created, age * RELEASE_DAYS);
        if created > ends {
            continue;
        }
        let images = base
            .layers
            .iter()
            .map(|(platform, layers)| Ok((platform.clone(), image(base, platform, layers, created, age)?)))
            .collect::<Result<_, DemoError>>()?;
        releases.push(Release {
            since: start_of_day(created) + chrono::Duration::days(1),
            images,
        });
    }
    Ok(releases)
}

/// The release that a build at `time` uses: the newest at that time, or the oldest there is.
pub(super) fn current(releases: &[Release], time: DateTime<Utc>) -> Option<&Release> {
    releases
        .iter()
        .rev()
        .find(|release| release.since <= time)
        .or_else(|| releases.first())
}

fn image(
    base: &Base,
    platform: &str,
    layers: &[(String, u64)],
    created: NaiveDate,
    age: u64,
) -> Result<Image, DemoError> {
    let mut image = Image::scratch(platform, start_of_day(created));
    image.author.clone_from(&base.author);
    image.os_version.clone_from(&base.os_version);
    image.labels.clone_from(&base.labels);
    image.environment = base
        .environment
        .iter()
        .map(|(name, value)| (name.clone(), version(name, value, age)))
        .collect();
    for (beginning, bytes) in layers {
        let (digest, bytes) = if age == 0 {
            let digest = generated::digest_beginning(beginning)
                .ok_or_else(|| DemoError::Data(format!("{}: {beginning} begins no digest", base.name)))?;
            (digest, *bytes)
        } else {
            // Keyed by the layer, so that bases that share a layer now also shared it then.
            let digest = generated::digest(&format!("{beginning}, {age} releases ago"));
            (digest, bytes - bytes * age * 3 / 1000)
        };
        image.layers.push(Layer {
            digest,
            bytes,
            is_foreign: base.foreign_layers,
            compression: Compression::Gzip,
        });
    }
    image.history = base
        .steps
        .iter()
        .map(|step| history(base, &image, step))
        .collect();
    let with_layer = image.history.iter().filter(|step| !step.empty_layer).count();
    if with_layer != image.layers.len() {
        let found = image.layers.len();
        return Err(DemoError::Data(format!(
            "{} has {found} layers for {platform} and {with_layer} steps that leave one",
            base.name
        )));
    }
    Ok(image)
}

fn history(base: &Base, image: &Image, step: &str) -> HistoryStep {
    let mut words = buildkit_text(step)
        .replace("{arch}", &image.architecture)
        .replace(
            "{machine}",
            if image.architecture == "arm64" {
                "aarch64"
            } else {
                "x86_64"
            },
        )
        .replace("{epoch}", &image.created.timestamp().to_string());
    // Only in these instructions: in a command, `${NAME}` belongs to the shell.
    if step.starts_with("ENV ") || step.starts_with("ARG ") {
        for (name, value) in &image.environment {
            words = words.replace(&format!("{{{name}}}"), value);
        }
    }
    // Debian's root file system, Windows and Bazel write their own form; the rest comes from Dockerfiles.
    let comment = if step.starts_with('#') {
        "debuerreotype 0.15"
    } else if step.starts_with("/bin/sh") || base.author.is_some() || base.foreign_layers {
        ""
    } else {
        "buildkit.dockerfile.v0"
    };
    HistoryStep {
        created: Some(image.created.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)),
        created_by: words,
        comment: comment.to_owned(),
        author: base.author.clone().unwrap_or_default(),
        empty_layer: !leaves_layer(step),
    }
}

/// A base's version a number of releases ago: the last number of `1.2.3` counted down, at least 0.
fn version(name: &str, value: &str, age: u64) -> String {
    let earlier = || {
        let (front, last) = value.rsplit_once('.')?;
        let last: u64 = last.parse().ok()?;
        Some(format!("{front}.{}", last.saturating_sub(age)))
    };
    let is_version = name.ends_with("_VERSION") && name != "YARN_VERSION" && name != "GOSU_VERSION";
    is_version
        .then(earlier)
        .flatten()
        .unwrap_or_else(|| value.to_owned())
}

fn days_before(day: NaiveDate, days: u64) -> NaiveDate {
    day.checked_sub_days(Days::new(days)).unwrap_or(day)
}

/// Midnight of a day.
pub(super) fn start_of_day(day: NaiveDate) -> DateTime<Utc> {
    day.and_time(NaiveTime::MIN).and_utc()
}
