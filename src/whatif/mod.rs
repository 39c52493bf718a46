//! The image and the registry as they would be on Alpine.
//!
//! An image is taken apart into a [`Composition`]: the Alpine variant that would replace its base, and its current layers
//! above the base with the kinds of their steps. An [`AlpineModel`] computes an [`Estimate`] from it. [`calibrate`] and
//! [`evaluate`] measure the model on pairs of images that exist on both systems. A [`Verdict`] states whether to switch,
//! and why.
//!
//! A [`Counterfactual`] is the whole graph with both states of every image that can move, so that bytes are saved where
//! the last user of a layer leaves it, and nowhere else. [`Counterfactual::switching`] answers for any choice of
//! repositories. [`AnalysisContext::analyse`] does all of this for one registry.
//!
//! Sizes are integers. The model's factors are floats, rounded to bytes once per layer, and the same input always gives
//! the same result.

mod analysis;
#[cfg(test)]
mod analysis_tests;
mod change;
mod class;
mod compose;
mod composition;
mod confidence;
mod counterfactual;
mod estimate;
mod evaluation;
mod examine;
mod fit;
mod glibc;
mod image;
mod interval;
mod layer_kind;
mod model;
mod outcome;
mod package_sources;
mod pair;
mod pairs;
mod parsed_steps;
mod replace;
mod replacement;
mod statistics;
#[cfg(test)]
mod testing;
mod verdict;

pub use analysis::{AnalysisContext, RegistryAnalysis, RepositoryAnalysis};
pub use class::EvidenceClass;
pub use compose::{compose, own_twin};
pub use composition::{Composition, LayerAbove, LayerOnAlpine, Twin, TwinLayer};
pub use confidence::ConfidenceLevel;
pub use counterfactual::Counterfactual;
pub use estimate::{Estimate, SavingEstimate};
pub use evaluation::{Calibration, Evaluation, EvaluationRow, RepositoryScore, calibrate, evaluate};
pub use glibc::{GlibcBlockers, GlibcRules, MatchedBases, RuleError, StepMatches};
pub use image::{ImageAnalysis, ImageTraits};
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
