use crate::base_image::BaseId;
use crate::oci::Digest;

use super::composition::Composition;

/// An image that exists on both systems: the prediction made without knowing its own Alpine variant, and the variant's
/// actual size.
#[derive(Debug, Clone, PartialEq)]
pub struct Pair {
    /// The repository. All of it was hidden when the composition was made.
    pub repository: String,
    /// The image's tag, or another name for people.
    pub name: String,
    /// The image.
    pub image: Digest,
    /// Its actual Alpine variant in the catalogue.
    pub twin: BaseId,
    /// The image's predicted composition.
    pub composition: Composition,
    /// The current bytes of its layers.
    pub bytes: u64,
    /// The bytes of the actual variant's layers.
    pub on_alpine: u64,
}

impl Pair {
    /// The error of a prediction as a fraction of the actual size.
    pub(super) fn error(&self, expected: f64) -> f64 {
        (expected - self.on_alpine as f64).abs() / (self.on_alpine as f64).max(1.0)
    }

    /// The error of the predicted saving as a share of the current size.
    pub(super) fn share_error(&self, expected: f64) -> f64 {
        (expected - self.on_alpine as f64).abs() / (self.bytes as f64).max(1.0)
    }
}
