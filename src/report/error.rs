use std::collections::BTreeSet;

use super::group::GroupError;
use crate::base_image::{AlpineRelease, Catalogue, CatalogueError};
use crate::cost::CostError;
use crate::oci::RegistryName;
use crate::plan::TooLarge;
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
    /// The best order cannot be computed.
    #[error("{registry}: the order of switching cannot be computed: {source}")]
    Plan {
        /// The registry.
        registry: RegistryName,
        /// What is too large.
        source: TooLarge,
    },
    /// Costs cannot be computed.
    #[error(transparent)]
    Costs(#[from] CostError),
    /// A file of the catalogue cannot be used.
    #[error(transparent)]
    Catalogue(#[from] CatalogueError),
    /// The release of Alpine that was asked for does not exist.
    #[error(transparent)]
    UnknownAlpine(#[from] UnknownAlpineRelease),
}

/// A release of Alpine was asked for that is not known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Alpine {release} is not known; known are {}", listed(.known))]
pub struct UnknownAlpineRelease {
    release: AlpineRelease,
    known: BTreeSet<AlpineRelease>,
}

impl UnknownAlpineRelease {
    /// Checks that a release is known.
    ///
    /// # Errors
    /// If it is not.
    pub fn check(release: AlpineRelease, catalogue: &Catalogue) -> Result<(), Self> {
        let known = catalogue.known_alpine();
        match known.contains(&release) {
            true => Ok(()),
            false => Err(Self { release, known }),
        }
    }
}

/// The releases, newest first.
fn listed(releases: &BTreeSet<AlpineRelease>) -> String {
    let names: Vec<String> = releases.iter().rev().map(ToString::to_string).collect();
    names.join(", ")
}

impl ReportError {
    /// The error for a registry whose sizes overflow.
    pub(super) fn overflow(registry: &RegistryName) -> impl FnOnce(ByteOverflow) -> Self + use<> {
        let registry = registry.clone();
        move |source| Self::Overflow { registry, source }
    }
}
