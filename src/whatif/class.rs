use std::fmt;

use serde::{Deserialize, Serialize};

/// How good the evidence for an image's size on Alpine is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
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
    /// Every class, best first.
    pub const ALL: [Self; 4] = [Self::A, Self::B, Self::C, Self::D];

    /// The class as in API answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::A => "A",
            Self::B => "B",
            Self::C => "C",
            Self::D => "D",
        }
    }
}

impl fmt::Display for EvidenceClass {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}
