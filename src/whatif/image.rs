use std::sync::Arc;

use crate::base_image::Detection;
use crate::inventory::ManifestId;

use super::composition::Composition;
use super::estimate::Estimate;
use super::glibc::GlibcBlockers;
use super::layer_kind::LayerKind;
use super::verdict::ReasonedVerdict;

/// The analysis of one image.
#[derive(Debug, Clone, PartialEq)]
pub struct ImageAnalysis {
    /// The image in the inventory; `None` if the inventory does not count it.
    pub manifest: Option<ManifestId>,
    /// Its properties, independent of settings.
    pub traits: Arc<ImageTraits>,
    /// Its composition on Alpine; `None` if it cannot move.
    pub composition: Option<Composition>,
    /// The bytes of its layers on Alpine.
    pub estimate: Option<Estimate>,
    /// What to do with it.
    pub verdict: ReasonedVerdict,
}

/// The properties of an image, independent of the settings it is judged by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageTraits {
    /// Its detected base.
    pub detection: Detection,
    /// The kind of each of its layers.
    pub kinds: Box<[LayerKind]>,
    /// What ties it to glibc, and what its owner should check before moving it.
    pub glibc: GlibcBlockers,
}
