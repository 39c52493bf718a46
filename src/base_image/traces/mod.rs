//! Traces that systems and builders leave in an image's configuration.

mod builders;
mod finding;
mod systems;
mod usage;

use std::sync::Arc;

use self::builders::{builder, is_scratch, noted_bases};
use self::finding::SYSTEM_STEPS;
use self::systems::{built, labelled, root_files, stated};
use self::usage::used;
use super::steps::Instruction;
use super::systems::Systems;
use super::{Builder, Confidence, System};
use crate::oci::ImageConfig;

/// The traces in a configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::base_image) struct Traces {
    /// The operating system.
    pub system: Option<(Arc<System>, Confidence)>,
    /// What put the image together.
    pub builder: Option<Builder>,
    /// Names of images that builders noted as the base, with the confidence.
    pub base_names: Vec<String>,
    /// Whether the steps show that there is no operating system.
    pub scratch: bool,
}

/// Reads the traces in a configuration.
pub(in crate::base_image) fn read(config: &ImageConfig, known: &Systems) -> Traces {
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
    traces.system = labelled(config, known)
        .or_else(|| stated(config, known))
        .or_else(|| root_files(config, &steps, known))
        .or_else(|| built(config, traces.builder))
        .map(|(system, percent)| (system.into(), Confidence::percent(percent)));
    traces.scratch = traces.system.is_none() && is_scratch(config);
    if traces.system.is_none() && !traces.scratch {
        traces.system =
            used(config, known).map(|(system, percent)| (system.into(), Confidence::percent(percent)));
    }
    traces
}
