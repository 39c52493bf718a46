use super::base::BaseId;
use crate::base_image::ImageFacts;
use crate::base_image::texts::Chain;

/// An image that has become a base.
#[derive(Debug)]
pub(super) struct Growth<'a> {
    /// The base.
    pub base: BaseId,
    /// What is known of the image.
    pub facts: &'a ImageFacts,
    /// All its layers.
    pub layers: Chain,
    /// All its uncompressed layers, if their number is that of its layers.
    pub diff_ids: Option<Chain>,
}
