use crate::base_image::BaseId;
use crate::oci::Digest;

use super::composition::Composition;

/// An image that exists on both: what would be predicted for it without knowing its own twin, and what
/// its twin really weighs.
#[derive(Debug, Clone, PartialEq)]
pub struct Pair {
    /// The repository; everything of it was hidden when the composition was made.
    pub repository: String,
    /// The image's tag, or another name for people.
    pub name: String,
    /// The image.
    pub image: Digest,
    /// Its real twin in the catalogue.
    pub twin: BaseId,
    /// The image taken apart.
    pub composition: Composition,
    /// The bytes of its layers today.
    pub bytes: u64,
    /// The bytes of its real twin's layers.
    pub on_alpine: u64,
}

impl Pair {
    /// The error of a prediction as a fraction of the truth.
    pub(super) fn error(&self, expected: f64) -> f64 {
        (expected - self.on_alpine as f64).abs() / (self.on_alpine as f64).max(1.0)
    }

    /// The error of the predicted saving as a share of today's size.
    pub(super) fn share_error(&self, expected: f64) -> f64 {
        (expected - self.on_alpine as f64).abs() / (self.bytes as f64).max(1.0)
    }
}
