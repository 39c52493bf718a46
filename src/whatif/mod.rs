//! The image and the registry as they would be on Alpine.
//!
//! An image is taken apart into a [`Composition`]: the twin that would lie beneath and the layers of
//! today that stay above, each with what its step does. An [`AlpineModel`] makes an [`Estimate`] of it,
//! and [`calibrate`] and [`evaluate`] tell how good that is on pairs of images that exist on both. A
//! [`Verdict`] says whether to switch, and why.
//!
//! A [`Counterfactual`] is the whole graph with every image that can move in both states, so that bytes
//! are saved where the last user of a layer leaves it and nowhere else; [`Counterfactual::switching`]
//! answers for any choice of repositories. [`AnalysisContext::analyse`] does all of it for one registry.
//!
//! Sizes are integers; factors of the model are floating-point numbers, rounded to bytes once for each
//! layer, and the same input always gives the same answer.

mod analysis;
#[cfg(test)]
mod analysis_tests;
mod class;
mod compose;
mod composition;
mod counterfactual;
mod estimate;
mod evaluation;
mod fit;
mod glibc;
mod interval;
mod layer_kind;
mod model;
mod outcome;
mod pair;
mod pairs;
mod parsed_steps;
mod replace;
mod replacement;
mod statistics;
#[cfg(test)]
mod testing;
mod verdict;

pub use analysis::{AnalysisContext, ImageAnalysis, RegistryAnalysis, RepositoryAnalysis};
pub use class::EvidenceClass;
pub use compose::{compose, own_twin};
pub use composition::{Composition, LayerAbove, LayerOnAlpine, Twin, TwinLayer};
pub use counterfactual::Counterfactual;
pub use estimate::{Estimate, SavingEstimate};
pub use evaluation::{Calibration, Evaluation, EvaluationRow, RepositoryScore, calibrate, evaluate};
pub use glibc::{GlibcBlockers, GlibcRules, RuleError, StepMatches};
pub use layer_kind::LayerKind;
pub use model::{
    Addition, Additions, AlpineModel, Coverage, KindFactor, Measured, ModelError, Provenance, Scale, Scales,
    TwinUncertainty,
};
pub use outcome::{Outcome, RegistryOnAlpine, RepositoryOnAlpine};
pub use pair::Pair;
pub use pairs::pairs;
pub use parsed_steps::ParsedSteps;
pub use replace::{ImageMove, ReplacementBuilder};
pub use replacement::{ErrorSource, LayerIdentity, NewLayer, Replacement, UncertainSize};
pub use verdict::{ReasonedVerdict, Verdict, VerdictOverride, VerdictSettings};
