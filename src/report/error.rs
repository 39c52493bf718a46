use super::group::GroupError;
use crate::base_image::CatalogueError;
use crate::cost::CostError;
use crate::oci::RegistryName;
use crate::units::ByteOverflow;

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// Sizes that no registry can have.
    #[error("{registry} claims sizes that no registry can have: {source}")]
    Overflow {
        /// The registry.
        registry: RegistryName,
        /// The sum that failed.
        source: ByteOverflow,
    },
    /// The registries together come to more than a report can hold.
    #[error("the registries together come to more than can be added up: {0}")]
    OverflowOfAll(#[from] GroupError),
    /// Costs cannot be computed.
    #[error(transparent)]
    Costs(#[from] CostError),
    /// A file of the catalogue cannot be used.
    #[error(transparent)]
    Catalogue(#[from] CatalogueError),
}

impl ReportError {
    /// The error for a registry whose sizes overflow.
    pub(super) fn overflow(registry: &RegistryName) -> impl FnOnce(ByteOverflow) -> Self + use<> {
        let registry = registry.clone();
        move |source| Self::Overflow { registry, source }
    }
}
