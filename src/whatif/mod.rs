//! The image and the registry as they would be on Alpine.
//!
//! A [`Replacement`] says what one image would consist of. A [`Counterfactual`] is the whole graph with
//! every image that can move in both states, so that bytes are saved where the last user of a layer
//! leaves it and nowhere else; [`Counterfactual::switching`] answers for any choice of repositories.
//! Sizes are integers; factors of the model are floating-point numbers, rounded to bytes once for each
//! layer, and the same input always gives the same answer.

mod counterfactual;
mod estimate;
mod outcome;
mod replacement;
#[cfg(test)]
mod testing;

pub use counterfactual::Counterfactual;
pub use estimate::{Estimate, SavingEstimate};
pub use outcome::{Outcome, RegistryOnAlpine, RepositoryOnAlpine};
pub use replacement::{ErrorSource, LayerAfter, LayerIdentity, Replacement, Spread};
