use schemars::JsonSchema;
use serde::Serialize;

use crate::base_image::ImageFacts;
use crate::units::ByteCount;
use crate::whatif::{Estimate, ImageAnalysis};

/// The change of base that moves a repository, with the size of its representative image before and after.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Replacement {
    /// The base that is replaced, such as `node:22`; null for an image from scratch.
    pub from: Option<String>,
    /// The Alpine image that replaces it, such as `node:22-alpine`.
    pub to: String,
    /// The compressed bytes of the image today.
    pub bytes: ByteCount,
    /// Its compressed bytes on Alpine. If low and high are equal, they are measured and not predicted.
    pub alpine_bytes: Estimate,
}

impl Replacement {
    /// The replacement of an image's base; `None` if it cannot move.
    pub(super) fn new(facts: &ImageFacts, image: &ImageAnalysis) -> Option<Self> {
        let composition = image.composition.as_ref()?;
        Some(Self {
            from: composition.replaced.clone(),
            to: composition.twin.name.clone(),
            bytes: ByteCount::try_from(facts.layer_bytes()).ok()?,
            alpine_bytes: image.estimate?,
        })
    }
}
