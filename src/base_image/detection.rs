use schemars::JsonSchema;
use serde::Serialize;

use super::catalogue::BaseId;
use super::{BaseName, Builder, Confidence, Evidence, LayerSteps, System};

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
    /// From scratch: there is no system to replace.
    Scratch,
    /// A Windows image.
    Windows,
    /// Not an image that runs: a chart, a signature, an attestation.
    NotAnImage,
    /// Nothing tells what is beneath.
    Unknown,
}

/// An image that may be the base.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Its name.
    pub name: BaseName,
    /// The base in the catalogue; `None` if an annotation names one that is not there.
    pub base: Option<BaseId>,
    /// How many of the image's first layers belong to it. With evidence that does not see layers this is
    /// worked out from the steps, or taken from the base itself.
    pub layers: usize,
    /// What the finding rests on.
    pub evidence: Evidence,
    /// How likely it is the right one.
    pub confidence: Confidence,
    /// What was seen, in words.
    pub because: String,
}

/// The operating system beneath an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SystemFinding {
    /// Which.
    pub system: System,
    /// How many of the image's first layers are the bare system: one as a rule, several for old Ubuntu.
    pub layers: usize,
    /// What the finding rests on.
    pub evidence: Evidence,
    /// How likely it is right.
    pub confidence: Confidence,
}

/// What is known of the base beneath an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Detection {
    /// What the image is.
    pub nature: Nature,
    /// The operating system beneath.
    pub system: Option<SystemFinding>,
    /// The images it may be built from, best first; empty if there is no evidence. Operating systems' own
    /// images are among them. The image itself is not, except under the name of the upstream image that
    /// it is a copy of.
    pub candidates: Vec<Candidate>,
    /// What put it together.
    pub builder: Option<Builder>,
    /// Which step made which layer.
    pub steps: LayerSteps,
}

impl Detection {
    /// The best candidate.
    pub fn base(&self) -> Option<&Candidate> {
        self.candidates.first()
    }
}
