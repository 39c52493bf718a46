//! The types of the OCI image and distribution specifications, and of Docker's older ones: names, digests, media types,
//! platforms, manifests, indexes and configs.
//!
//! Everything a registry sends is parsed here once, strictly, and is hostile text until then. A value of one of these
//! types is well-formed; other rooms decide what it means.

mod descriptor;
mod digest;
mod digest_set;
mod document;
mod host;
mod image_config;
mod kept;
mod layer_document;
mod manifest;
mod media_type;
mod name;
mod platform;
mod redaction;
mod registry_pattern;
mod repository_patterns;
pub mod text;
mod vendor;

pub use descriptor::Descriptor;
pub use digest::{Digest, InvalidDigest};
pub use digest_set::{DigestKey, DigestSet};
pub use host::host_without_port;
pub use image_config::{HistoryStep, ImageConfig, ImageConfigError};
pub use kept::{is_kept_label, is_kept_variable};
pub use manifest::{Manifest, ManifestError, ManifestKind};
pub use media_type::{ACCEPTED_MANIFESTS, MediaType};
pub use name::{InvalidName, Reference, RegistryName, RepositoryName, Tag};
pub use platform::{InvalidPlatform, Platform, PlatformFilter};
pub use registry_pattern::{InvalidRegistryPattern, RegistryPattern};
pub use repository_patterns::{
    InvalidRepositoryPattern, InvalidRepositoryPatterns, RepositoryPattern, RepositoryPatterns,
};
pub use vendor::{AZURE_DOMAINS, Vendor, VendorFacts};
