use crate::inventory::BlobId;
use crate::oci::Digest;

/// What an image would consist of on Alpine.
#[derive(Debug, Clone, PartialEq)]
pub struct Replacement {
    /// The twin beneath, by a name that is the same for all images on it and its platform
    /// (`node:22-alpine linux/amd64`). It tells the layers built on one twin from those built on another.
    pub twin: String,
    /// The layers in order: the twin's, then those above.
    pub layers: Vec<NewLayer>,
}

/// One layer of an image as it would be.
#[derive(Debug, Clone, PartialEq)]
pub struct NewLayer {
    /// What makes it the same layer in two images.
    pub identity: LayerIdentity,
    /// The expected size and how uncertain it is.
    pub size: UncertainSize,
}

/// What makes two layers of the registry as it would be one stored blob.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum LayerIdentity {
    /// A layer of a twin with a known digest: shared with every image that has it today.
    Published(Digest),
    /// A layer of a twin whose digest is not known, by its place in the twin.
    Position(u32),
    /// A layer of today's image, made anew on the twin. It stays shared as it is today between images
    /// that move to the same twin, and is another blob than the one on the old base: the same command
    /// run later gives other bytes.
    Rebuilt(BlobId),
    /// What images on Alpine need in addition, by the layer that is the first above the base: images
    /// that share that layer share the addition.
    Addition(Option<BlobId>),
}

/// An expected size, how far the truth may lie below and above, and whose error that is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UncertainSize {
    /// The expected bytes.
    pub expected: u64,
    /// How many bytes fewer it may be.
    pub below: u64,
    /// How many bytes more it may be.
    pub above: u64,
    /// The common cause of the error. All sizes with one source are off in the same direction together
    /// (their errors add up); sizes with different sources are off independently of each other (their
    /// errors add up in quadrature).
    pub source: ErrorSource,
}

/// The common cause of errors, as a number that the caller chooses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ErrorSource(pub u32);

impl UncertainSize {
    /// A size that is known.
    pub fn exact(bytes: u64) -> Self {
        Self {
            expected: bytes,
            below: 0,
            above: 0,
            source: ErrorSource(0),
        }
    }
}
