use crate::oci::{Digest, RepositoryName};
use crate::units::ByteCount;

/// Why one of several sizes counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SizeBasis {
    /// The content was read: it is a manifest.
    Content,
    /// The registry was asked.
    Registry,
    /// Most manifests state it, or it is the largest of those that equally many state.
    Manifests,
}

/// Content for which manifests state different sizes. Only a broken or hostile registry has any.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SizeConflict {
    /// The content.
    pub digest: Digest,
    /// The size that counts.
    pub counted: ByteCount,
    /// Why it counts.
    pub basis: SizeBasis,
    /// The other size that most manifests state.
    pub other: ByteCount,
    /// The first manifest that states the other size.
    pub stated_by: Digest,
    /// The first repository, by name, of which a tag reaches that manifest. `None` if only a listing leads to it.
    pub stated_in: Option<RepositoryName>,
    /// The first repository, by name, of which a tag reaches the first manifest that states the counted size.
    pub counted_in: Option<RepositoryName>,
    /// How many manifests state another size than the one that counts.
    pub manifests: usize,
}
