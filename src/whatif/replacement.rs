use crate::inventory::BlobId;
use crate::oci::Digest;

/// What an image would consist of on Alpine.
#[derive(Debug, Clone, PartialEq)]
pub struct Replacement {
    /// The Alpine variant, by a name common to all images on it and its platform (`node:22-alpine linux/amd64`). Layers
    /// built on different variants are different layers.
    pub twin: String,
    /// The layers in order: the variant's, then those above.
    pub layers: Vec<NewLayer>,
}

/// A layer of an image after the move.
#[derive(Debug, Clone, PartialEq)]
pub struct NewLayer {
    /// What identifies the layer across images.
    pub identity: LayerIdentity,
    /// Its expected size and uncertainty.
    pub size: UncertainSize,
}

/// What makes two layers after the move the same stored blob.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum LayerIdentity {
    /// A layer of an Alpine variant with a known digest: shared with every image that has it now.
    Published(Digest),
    /// A layer of an Alpine variant without a known digest, by its index in the variant.
    Position(u32),
    /// A current layer, rebuilt on the variant. Images that move to the same variant keep sharing it. It is another blob
    /// than the one on the old base: the same command run later gives other bytes.
    Rebuilt(BlobId),
    /// What images on Alpine need in addition, by the first layer above the base: images that share that layer share the
    /// addition.
    Addition(Option<BlobId>),
}

/// An expected size, how far the actual one may lie below and above, and the source of the error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UncertainSize {
    /// The expected bytes.
    pub expected: u64,
    /// How many bytes less it may be.
    pub below: u64,
    /// How many bytes more it may be.
    pub above: u64,
    /// The source of the error. Sizes with the same source err in the same direction (errors add up); sizes with
    /// different sources err independently (errors add up in quadrature).
    pub source: ErrorSource,
}

/// A common source of errors, as a number that the caller chooses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ErrorSource(pub u32);

impl UncertainSize {
    /// A known size.
    pub fn exact(bytes: u64) -> Self {
        Self {
            expected: bytes,
            below: 0,
            above: 0,
            source: ErrorSource(0),
        }
    }
}
