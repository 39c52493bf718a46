use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;

use super::catalogue::BaseId;
use super::{BaseName, Because, Builder, Confidence, Evidence, LayerSteps, System};

/// What an image is, as far as moving it to Alpine goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Nature {
    /// On a full operating system.
    System,
    /// Already on Alpine.
    Alpine,
    /// Already on another small base: distroless, Wolfi, BusyBox, a micro image.
    Small,
    /// From scratch: no operating system to replace.
    Scratch,
    /// A Windows image.
    Windows,
    /// Not a container image: a chart, a signature, an attestation.
    NotAnImage,
    /// The base could not be recognised.
    Unknown,
}

/// An image that may be the base.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Candidate {
    /// Its name.
    pub name: Arc<BaseName>,
    /// The base in the catalogue; `None` if an annotation names one that is not there.
    pub base: Option<BaseId>,
    /// The number of first layers that belong to it. If the evidence is not about layers, it is computed from
    /// the steps or taken from the base.
    pub layers: usize,
    /// The evidence.
    pub evidence: Evidence,
    /// The confidence that it is right.
    pub confidence: Confidence,
    /// What shows it, which can be written in plain words.
    pub because: Because,
}

/// The operating system of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SystemFinding {
    /// The operating system.
    pub system: Arc<System>,
    /// The number of first layers that are the bare system: normally one, several for old Ubuntu.
    pub layers: usize,
    /// The evidence.
    pub evidence: Evidence,
    /// The confidence that it is right.
    pub confidence: Confidence,
}

/// What is known about the base of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Detection {
    /// The kind of the image.
    pub nature: Nature,
    /// The operating system.
    pub system: Option<SystemFinding>,
    /// The images it may be built from, best first; empty if there is no evidence. Operating systems' own
    /// images are among them. The image itself is not, except under the name of the upstream image that
    /// it is a copy of.
    pub candidates: Box<[Candidate]>,
    /// The program that built it.
    pub builder: Option<Builder>,
    /// The step that made each layer.
    pub steps: LayerSteps,
}

impl Detection {
    /// The best candidate.
    pub fn base(&self) -> Option<&Candidate> {
        self.candidates.first()
    }
}
