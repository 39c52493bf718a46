use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr, VariantArray};

use super::class::EvidenceClass;
use super::composition::Composition;

/// How sure the size on Alpine is.
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
pub enum ConfidenceLevel {
    /// The image exists on Alpine, and its size there is known.
    Measured,
    /// An Alpine variant of its base image is known.
    High,
    /// Only its operating system is known. Try one build first.
    Low,
}

impl ConfidenceLevel {
    /// The level as in API answers.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

impl Composition {
    /// How sure the size on Alpine is; `None` for an image from scratch, for which Alpine replaces nothing.
    pub fn confidence(&self) -> Option<ConfidenceLevel> {
        match self.class {
            _ if self.twin.is_own => Some(ConfidenceLevel::Measured),
            EvidenceClass::A | EvidenceClass::B => Some(ConfidenceLevel::High),
            EvidenceClass::C => Some(ConfidenceLevel::Low),
            EvidenceClass::D => None,
        }
    }
}
