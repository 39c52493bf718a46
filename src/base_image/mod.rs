//! Which base is beneath an image, by which evidence, and how sure that is.
//!
//! A [`Catalogue`] knows bases and their twins on Alpine: those that come with the program, those of the
//! user's files, and all that the crawled registries show by themselves. [`detect`] ranks what an image
//! may be built from; [`read_step`] says what each of its build steps does. All of it is pure, linear in
//! layer references, and works on what a crawl has saved. "Unknown" is an answer, and no finding is
//! given without its evidence.

mod alpine_release;
mod builder;
mod candidates;
mod catalogue;
mod detect;
mod detection;
mod evidence;
mod facts;
mod layer_steps;
mod mirror;
mod name;
mod search;
mod steps;
mod system;
mod systems;
#[cfg(test)]
pub(crate) mod testing;
mod texts;
mod traces;
mod variables;

pub use alpine_release::{AlpineRelease, NoAlpineRelease};
pub use builder::Builder;
pub use catalogue::{
    Base, BaseId, BaseLayer, Catalogue, CatalogueBuilder, CatalogueError, Explanation, LayerKey, Origin,
    RepositoryId, Role, Scope, Twin, TwinRule, tag_without_system,
};
pub use detect::detect;
pub use detection::{Candidate, Detection, Nature, SystemFinding};
pub use evidence::{Confidence, Evidence};
pub use facts::{ImageFacts, LayerFact};
pub use layer_steps::{LayerSteps, Matching};
pub use name::BaseName;
pub use steps::{
    Command, Instruction, Keyword, Language, PackageKind, Shell, Step, StepKind, parse as parse_shell,
    read_step,
};
pub use system::{Libc, PackageFamily, System, SystemInfo};
