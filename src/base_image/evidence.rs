use schemars::JsonSchema;
use serde::Serialize;
use strum::{IntoStaticStr, VariantArray};

/// The kinds of evidence for a base, best first.
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
    IntoStaticStr,
    VariantArray,
    JsonSchema,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Evidence {
    /// An annotation or label gives the base's digest, and that manifest is known.
    BaseDigest,
    /// The image's layers begin with all layers of the base.
    LayerDigests,
    /// The same for uncompressed layers: the layers are stored with another compression.
    DiffIds,
    /// An annotation or label gives the base's name.
    BaseName,
    /// The image's steps begin with all steps of the base, apart from numbers and hashes: the base has been
    /// rebuilt since.
    StepTexts,
    /// All version variables of the base are present.
    Variables,
    /// The image's first layer is that of an operating system.
    SystemLayer,
    /// A trace that an operating system or a builder leaves in the configuration.
    SystemTrace,
}

impl Evidence {
    /// The kind as written in answers.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// The kind as one bit, for sets of kinds.
    pub(super) fn bit(self) -> u8 {
        1 << (self as u8)
    }
}

/// The confidence that a finding is right, in percent.
///
/// For step texts and version variables it was measured on images whose base is known from their layers: better evidence
/// was hidden, and the rest was compared with the truth. All others are our choice, in `confidence_table.rs`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Confidence(u8);

impl Confidence {
    /// A confidence; values above 100 percent become 100.
    pub const fn percent(percent: u8) -> Self {
        Self(if percent > 100 { 100 } else { percent })
    }

    /// The percentage.
    pub const fn get(self) -> u8 {
        self.0
    }
}
