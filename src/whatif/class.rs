use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantArray};

/// How good the evidence for an image's size on Alpine is.
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
    VariantArray,
    JsonSchema,
)]

pub enum EvidenceClass {
    /// The runtime's Alpine variant is known, and almost only content is above it.
    A,
    /// The runtime's Alpine variant is known; packages or compiled programs are above it.
    B,
    /// Only the operating system is known.
    C,
    /// From scratch: there is no system to replace, so Alpine would make the image larger.
    D,
}

impl EvidenceClass {
    /// The class as in API answers.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

impl fmt::Display for EvidenceClass {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}
