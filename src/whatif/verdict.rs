//! Whether an image, and a repository, should switch; and why, in plain words.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr, VariantArray};

use crate::base_image::{
    AlpineRelease, Catalogue, Detection, ImageFacts, Nature, PackageKind, Role, StepKind,
};
use crate::oci::{RepositoryName, RepositoryPattern};
use crate::units::ByteCount;

use super::class::EvidenceClass;
use super::composition::{Composition, Twin};
use super::confidence::ConfidenceLevel;
use super::estimate::Estimate;
use super::glibc::GlibcBlockers;
use super::layer_kind::LayerKind;
use super::model::Coverage;

/// What to do with an image or a repository: switch it to Alpine, or not and why not.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    IntoStaticStr,
    EnumString,
    VariantArray,
    JsonSchema,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Verdict {
    /// Build it on Alpine.
    Switch,
    /// It is on Alpine or on another minimal base.
    AlreadySmall,
    /// No clear gain: it would not get smaller, not certainly, or by too little.
    NotSmaller,
    /// A build image or a base image. Move the images built from it instead.
    Builder,
    /// Something in it needs glibc or Windows, or no Alpine image replaces its base.
    Blocked,
    /// The base image could not be recognised.
    UnknownBase,
    /// A chart, a signature or an attestation.
    NotAnImage,
}

impl Verdict {
    /// The verdict as it is written in answers.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// How verdicts are made.
#[derive(Debug, Clone)]
pub struct VerdictSettings {
    /// How sure intervals are. An image switches only if all of its interval is smaller than it is today.
    pub coverage: Coverage,
    /// The share of an image, in percent, that must be expected to go before the work is worth it.
    pub minimum_saving_percent: u8,
    /// The release of Alpine that images are to move to; where there is none, or none of a base is known on it, the
    /// newest one.
    pub alpine_release: Option<AlpineRelease>,
    /// What the operator has decided; the first that matches a repository counts.
    pub overrides: Vec<VerdictOverride>,
}

impl Default for VerdictSettings {
    fn default() -> Self {
        Self {
            coverage: Coverage::default(),
            minimum_saving_percent: 5,
            alpine_release: None,
            overrides: Vec::new(),
        }
    }
}

/// An operator's decision for some repositories.
#[derive(Debug, Clone)]
pub struct VerdictOverride {
    repositories: RepositoryPattern,
    /// The verdict.
    pub verdict: Verdict,
    /// Why, in the operator's words.
    pub reason: Option<String>,
}

impl VerdictOverride {
    /// A decision for all repositories that a pattern matches.
    pub fn new(repositories: RepositoryPattern, verdict: Verdict, reason: Option<String>) -> Self {
        Self {
            repositories,
            verdict,
            reason,
        }
    }

    /// The pattern, as the operator wrote it.
    pub fn pattern(&self) -> &str {
        self.repositories.as_str()
    }

    /// Whether it is about this repository.
    pub fn matches(&self, repository: &RepositoryName) -> bool {
        self.repositories.matches(repository)
    }

    fn reason(&self) -> String {
        self.reason
            .clone()
            .unwrap_or_else(|| "decided in the configuration".to_owned())
    }
}

/// A verdict with its reason in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ReasonedVerdict {
    /// What to do.
    pub verdict: Verdict,
    /// Why, in one line.
    pub reason: String,
}

impl ReasonedVerdict {
    fn new(verdict: Verdict, reason: impl Into<String>) -> Self {
        Self {
            verdict,
            reason: reason.into(),
        }
    }
}

/// What the verdict on one image depends on.
pub(super) struct VerdictInput<'a> {
    pub(super) facts: &'a ImageFacts,
    pub(super) detection: &'a Detection,
    pub(super) kinds: &'a [LayerKind],
    pub(super) catalogue: &'a Catalogue,
    pub(super) composition: Option<&'a Composition>,
    pub(super) estimate: Option<Estimate>,
    pub(super) glibc: &'a GlibcBlockers,
}

/// An image of which this share of the bytes is compilers and headers is there to build with. Our choice: an
/// application that only runs has next to none of them.
const COMPILERS_PERCENT: u64 = 20;

impl VerdictInput<'_> {
    /// What to do with the image.
    ///
    /// What something is comes before what it could be: what cannot move is not judged by its size. An
    /// image is told to switch only if the high end of its estimate is smaller than it is today, so that
    /// a wrong "switch" needs an error that the intervals were calibrated to leave out.
    pub(super) fn verdict(&self, settings: &VerdictSettings) -> ReasonedVerdict {
        use Verdict::{AlreadySmall, Blocked, NotAnImage, NotSmaller, Switch, UnknownBase};
        match self.detection.nature {
            Nature::NotAnImage => {
                return ReasonedVerdict::new(
                    NotAnImage,
                    "it is not a container image, but a chart, a signature or an attestation",
                );
            }
            Nature::Windows => return ReasonedVerdict::new(Blocked, "it is a Windows image"),
            Nature::Alpine => return ReasonedVerdict::new(AlreadySmall, "it is on Alpine already"),
            Nature::Small => {
                let system = self.system_name().unwrap_or_else(|| "a small base".to_owned());
                return ReasonedVerdict::new(
                    AlreadySmall,
                    format!("it is already minimal: built on {system}"),
                );
            }
            Nature::Unknown if self.composition.is_none() => {
                return ReasonedVerdict::new(UnknownBase, "the base image could not be recognised");
            }
            Nature::Scratch => {
                return ReasonedVerdict::new(
                    NotSmaller,
                    "it is already minimal: built from scratch, so Alpine would add a system to it",
                );
            }
            Nature::System | Nature::Unknown => {}
        }
        let is_own = self
            .composition
            .is_some_and(|composition| composition.twin.is_own);
        if let Some(reason) = self.glibc.blocked.as_ref().filter(|_| !is_own) {
            return ReasonedVerdict::new(Blocked, &**reason);
        }
        if let Some(reason) = self.builds_others() {
            return ReasonedVerdict::new(Verdict::Builder, reason);
        }
        let (Some(composition), Some(estimate)) = (self.composition, self.estimate) else {
            let system = self.system_name().unwrap_or_else(|| "its base".to_owned());
            let platform = &self.facts.platform;
            return ReasonedVerdict::new(
                Blocked,
                format!("no Alpine image is known that replaces {system} on {platform}"),
            );
        };
        let today = self.facts.layer_bytes();
        let on_alpine = if estimate.low == estimate.high {
            format!("{} on Alpine (measured)", estimate.expected)
        } else {
            format!(
                "{} on Alpine ({} to {})",
                estimate.expected, estimate.low, estimate.high
            )
        };
        let sizes = format!("{} today, {on_alpine}", bytes_in_words(today));
        if estimate.expected.get() >= today {
            let reason = format!("no clear gain: it would not get smaller: {sizes}");
            return ReasonedVerdict::new(NotSmaller, reason);
        }
        if estimate.high.get() >= today {
            let reason = format!("no clear gain: it is not certain to get smaller: {sizes}");
            return ReasonedVerdict::new(NotSmaller, reason);
        }
        let saved = u128::from(today - estimate.expected.get()) * 100;
        let minimum = settings.minimum_saving_percent;
        if saved < u128::from(today) * u128::from(minimum) {
            let reason = format!("no clear gain: smaller by less than {minimum} %: {sizes}");
            return ReasonedVerdict::new(NotSmaller, reason);
        }
        let from = composition.replaced.as_deref().unwrap_or("scratch");
        let trial = match composition.confidence() {
            Some(ConfidenceLevel::Low) => "try one build first: ",
            _ => "",
        };
        let support = support_in_words(&composition.twin, settings.alpine_release);
        ReasonedVerdict::new(
            Switch,
            format!("{trial}{from} to {}: {sizes}{support}", composition.twin.name),
        )
    }

    /// Why the image is one to build others on or with, if it is.
    fn builds_others(&self) -> Option<String> {
        let repositories = self.facts.names.iter().map(|(repository, _)| repository);
        let built_on: usize = repositories
            .filter_map(|repository| self.catalogue.repository(repository.as_str()))
            .map(|id| self.catalogue.built_on_count(id))
            .max()
            .unwrap_or(0);
        if built_on > 0 {
            return Some(match built_on {
                1 => "a base image: 1 other repository is built on it. Move that instead".to_owned(),
                _ => {
                    format!("a base image: {built_on} other repositories are built on it. Move those instead")
                }
            });
        }
        let repositories = self.facts.names.iter().map(|(repository, _)| repository);
        let is_kit = repositories
            .filter_map(|repository| self.catalogue.repository(repository.as_str()))
            .any(|id| self.catalogue.role(id) == Role::Builder);
        if is_kit {
            return Some("a build image: move the images built with it instead".to_owned());
        }
        let best = self.detection.base();
        let is_system_alone = self
            .composition
            .is_some_and(|composition| composition.above.is_empty() && !composition.twin.is_runtime);
        if is_system_alone {
            return Some(
                "an operating system and nothing else: move the images built on it instead".to_owned(),
            );
        }
        let kit = best.filter(|candidate| {
            let role = candidate.base.map(|id| self.catalogue.base(id).role);
            // A kit that has no twin of its own, such as buildpack-deps, counts by the compilers in it.
            role == Some(Role::Builder)
                && self
                    .composition
                    .is_some_and(|composition| composition.twin.is_runtime && !composition.twin.is_own)
        });
        if let Some(kit) = kit {
            return Some(format!(
                "a build image: it contains the build tools of {}. Move the images built with it instead",
                kit.name
            ));
        }
        // What a runtime's own image holds is not this image's doing.
        let of_runtime = best.filter(|candidate| {
            let role = candidate.base.map(|id| self.catalogue.base(id).role);
            !matches!(role, None | Some(Role::Builder | Role::System))
        });
        let of_twin = self.composition.filter(|composition| composition.twin.is_runtime);
        let first_above = of_runtime
            .map_or(0, |candidate| candidate.layers)
            .max(of_twin.map_or(0, |composition| composition.base_layers));
        let compilers: u64 = self
            .facts
            .layers
            .iter()
            .zip(self.kinds)
            .skip(first_above)
            .filter(|(_, kind)| matches!(kind.step, StepKind::Packages(_, PackageKind::Compilers)))
            .map(|(layer, _)| layer.bytes)
            .sum();
        let today = self.facts.layer_bytes();
        (compilers > 0 && u128::from(compilers) * 100 >= u128::from(today) * u128::from(COMPILERS_PERCENT))
            .then(|| {
                format!(
                    "it contains compilers ({}): build in one stage, and copy the result to Alpine in another",
                    bytes_in_words(compilers)
                )
            })
    }

    fn system_name(&self) -> Option<String> {
        self.detection
            .system
            .as_ref()
            .map(|finding| finding.system.to_string())
    }
}

/// That the release of Alpine no longer gets security fixes, if so.
fn support_in_words(twin: &Twin, wanted: Option<AlpineRelease>) -> String {
    match (twin.support_ended, twin.release) {
        (None, _) => String::new(),
        (Some(day), Some(release)) if wanted == Some(release) => {
            format!("; Alpine {release} is past its end of life since {day}")
        }
        (Some(day), Some(release)) => format!(
            "; only its variant on Alpine {release} is known, which is past its end of life since {day}"
        ),
        (Some(day), None) => format!(
            "; only its variant on a release of Alpine is known that is past its end of life since {day} or earlier"
        ),
    }
}

fn bytes_in_words(bytes: u64) -> String {
    ByteCount::try_from(bytes).unwrap_or(ByteCount::MAX).to_string()
}

/// One image of a repository, as the verdict on the repository takes it.
pub(super) struct ImageSample<'a> {
    pub(super) created: Option<i64>,
    pub(super) class: Option<EvidenceClass>,
    pub(super) bytes: u64,
    pub(super) image: &'a ReasonedVerdict,
}

/// The number of newest images that decide the verdict on a repository. Our choice: old images that are no longer
/// rebuilt must not outweigh present ones.
const SAMPLED_IMAGES: usize = 20;

/// What to do with a repository: the verdict of its newest images, weighted by their bytes, unless the operator has
/// decided. Also returns the index of its representative image.
///
/// Bytes decide because a repository whose many tags are small and on Alpine, and whose few large ones are
/// not, has something to gain. What is not an image has no say beside what is.
pub(super) fn repository_verdict(
    repository: &RepositoryName,
    images: &[ImageSample<'_>],
    settings: &VerdictSettings,
) -> (ReasonedVerdict, Option<usize>) {
    let is_image = |at: usize| images[at].image.verdict != Verdict::NotAnImage;
    let has_images = (0..images.len()).any(is_image);
    let mut order: Vec<usize> = (0..images.len())
        .filter(|&at| is_image(at) || !has_images)
        .collect();
    order.sort_by_key(|&at| (std::cmp::Reverse(images[at].created), at));
    let mut weights: BTreeMap<Verdict, (u128, usize)> = BTreeMap::new();
    for &at in order.iter().take(SAMPLED_IMAGES) {
        let weight = weights.entry(images[at].image.verdict).or_default();
        weight.0 += u128::from(images[at].bytes);
        weight.1 += 1;
    }
    let winner = weights
        .iter()
        .max_by(|(one, first), (two, second)| first.cmp(second).then(two.cmp(one)))
        .map(|(&verdict, _)| verdict);
    // Among those who say so the one with the best evidence gives the reason, and of equals the newest.
    let representative = order
        .iter()
        .copied()
        .filter(|&at| Some(images[at].image.verdict) == winner)
        .min_by_key(|&at| images[at].class.map_or(u8::MAX, |class| class as u8));
    if let Some(decision) = settings
        .overrides
        .iter()
        .find(|decision| decision.matches(repository))
    {
        return (
            ReasonedVerdict::new(decision.verdict, decision.reason()),
            representative,
        );
    }
    match representative {
        Some(at) => (images[at].image.clone(), representative),
        None => (
            ReasonedVerdict::new(Verdict::NotAnImage, "it contains no image"),
            None,
        ),
    }
}

/// Whether an image moves if its repository switches: by its own verdict, or because the operator wants
/// it and something can take the place of its base.
pub(super) fn moves(own: Verdict, composition: Option<&Composition>, is_forced: bool) -> bool {
    let can_move = composition.is_some_and(|composition| composition.class != EvidenceClass::D);
    can_move && (own == Verdict::Switch || is_forced)
}
