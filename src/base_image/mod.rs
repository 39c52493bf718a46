//! Finds the base of an image, with evidence and confidence.
//!
//! A [`Catalogue`] contains base images and their Alpine variants: from the shipped files, from the user's
//! files, and from crawled registries. [`detect`] ranks the images that an image may be built from.
//! [`read_step`] classifies a build step. Everything here is pure and works on saved facts. "Unknown" is a
//! valid answer, and every finding comes with its evidence.

mod alpine_release;
mod alpine_support;
mod because;
mod builder;
mod candidates;
mod catalogue;
mod confidence_table;
mod detect;
mod detection;
mod evidence;
mod facts;
mod hash;
mod layer_steps;
mod mirror;
mod name;
mod search;
#[cfg(test)]
mod search_tests;
mod steps;
mod system;
mod systems;
#[cfg(test)]
pub(crate) mod testing;
mod texts;
mod traces;
mod variables;

pub use alpine_release::{AlpineRelease, NoAlpineRelease};
pub use alpine_support::{AlpineReleases, AlpineSupport};
pub use because::Because;
pub use builder::Builder;
pub use catalogue::{
    Base, BaseId, BaseLayer, BaseLayers, Catalogue, CatalogueBuilder, CatalogueError, Explanation, LayerKey,
    Origin, RepositoryId, Role, Scope, Twin, TwinRule, tag_without_system,
};
pub use detect::{Detector, detect};
pub use detection::{Candidate, Detection, Nature, SystemFinding};
pub use evidence::{Confidence, Evidence};
pub use facts::{ImageFacts, LayerFact};
pub(crate) use hash::{KeyHash, KeyMap, KeySet};
pub use layer_steps::{LayerSteps, Matching};
pub use name::BaseName;
pub use steps::{
    Command, Instruction, Keyword, Language, PackageKind, Shell, Step, StepKind, parse as parse_shell,
    read_step,
};
pub use system::{Libc, PackageFamily, System, SystemInfo};
