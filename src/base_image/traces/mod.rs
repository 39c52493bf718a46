//! Traces that systems and builders leave in an image's configuration.

mod builders;
mod systems;
mod usage;

use self::builders::{builder, is_scratch, noted_bases};
use self::systems::{built, labelled, root_files, stated};
use self::usage::used;
use super::catalogue::Catalogue;
use super::steps::Instruction;
use super::{Builder, Confidence, ImageFacts, System};
use crate::oci::ImageConfig;

/// What a configuration gives away.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::base_image) struct Traces {
    /// The system beneath.
    pub system: Option<(System, Confidence)>,
    /// What put the image together.
    pub builder: Option<Builder>,
    /// Names of images that builders noted as the one they started from, and how sure that makes it.
    pub base_names: Vec<String>,
    /// Whether the steps show that there is no system at all.
    pub scratch: bool,
}

/// How many steps of a history are searched for the traces of a system: they come first.
const SYSTEM_STEPS: usize = 12;

/// Whether a manifest is something other than an image that runs: a chart, a signature, an attestation.
pub(in crate::base_image) fn is_artifact(facts: &ImageFacts) -> bool {
    let media_type = facts.config_media_type.as_str();
    let is_image_config = media_type.is_empty()
        || media_type.starts_with("application/vnd.oci.image.config.")
        || media_type.starts_with("application/vnd.docker.container.image.");
    !is_image_config
        || facts.platform.is_unknown()
        || facts
            .annotations
            .get("vnd.docker.reference.type")
            .is_some_and(|kind| kind == "attestation-manifest")
}

/// Whether an image is for Windows.
pub(in crate::base_image) fn is_windows(facts: &ImageFacts) -> bool {
    facts.platform.os == "windows"
        || facts
            .platform
            .os_version
            .as_deref()
            .is_some_and(|v| v.starts_with("10.0."))
        || facts.config.as_ref().is_some_and(|config| {
            config
                .history
                .iter()
                .take(2)
                .any(|step| step.created_by.contains("Apply image 10.0."))
        })
}

/// Reads the traces in a configuration.
pub(in crate::base_image) fn read(config: &ImageConfig, catalogue: &Catalogue) -> Traces {
    let steps: Vec<Instruction<'_>> = config
        .history
        .iter()
        .take(SYSTEM_STEPS)
        .map(|step| Instruction::read(&step.created_by))
        .collect();
    let mut traces = Traces {
        builder: builder(config),
        base_names: noted_bases(config),
        ..Traces::default()
    };
    traces.system = labelled(config, catalogue)
        .or_else(|| stated(config, catalogue))
        .or_else(|| root_files(config, &steps, catalogue))
        .or_else(|| built(config, traces.builder))
        .map(|(system, percent)| (system, Confidence::percent(percent)));
    traces.scratch = traces.system.is_none() && is_scratch(config);
    if traces.system.is_none() && !traces.scratch {
        traces.system =
            used(config, catalogue).map(|(system, percent)| (system, Confidence::percent(percent)));
    }
    traces
}

/// A system, and how many percent sure that is.
type Found = Option<(System, u8)>;
