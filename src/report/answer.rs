use super::analysed::AnalysedRegistry;
use super::build::{RegistrySource, ReportOptions};
use super::group::GroupError;
use super::{AnalysisInputs, Report};
use crate::base_image::{Catalogue, CatalogueError, ImageFacts};
use crate::inventory::Inventory;
use crate::oci::RegistryName;
use crate::units::ByteOverflow;

/// All that is known of one registry.
#[derive(Debug)]
pub struct RegistryContent {
    /// How it was come by.
    pub source: RegistrySource,
    /// What it holds.
    pub inventory: Inventory,
    /// What is known of its images.
    pub images: Vec<ImageFacts>,
}

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
    /// A file of the catalogue cannot be used.
    #[error(transparent)]
    Catalogue(#[from] CatalogueError),
}

/// The report on registries, with what Alpine would change.
///
/// Bases and twins are learnt from all registries given; `is_shown` says which of them the report is on.
///
/// # Errors
/// Where sizes overflow, and where a file of the catalogue cannot be used.
pub fn answer(
    registries: Vec<RegistryContent>,
    is_shown: impl Fn(&RegistryName) -> bool,
    inputs: &AnalysisInputs,
    options: &ReportOptions,
) -> Result<Report, ReportError> {
    let catalogue = catalogue_of(&registries, inputs)?;
    let context = inputs.context(&catalogue);
    let mut answers = Vec::new();
    for content in registries {
        if is_shown(&content.source.registry) {
            let analysed = AnalysedRegistry::of(content, &context)?;
            answers.push(analysed.answers(
                &analysed.analysis.outcome,
                &inputs.costs,
                &context,
                options.images,
            ));
        }
    }
    Ok(Report::build(answers, options)?)
}

/// The catalogue with all that these registries show.
///
/// # Errors
/// Where a file of the catalogue cannot be used.
pub fn catalogue_of(
    registries: &[RegistryContent],
    inputs: &AnalysisInputs,
) -> Result<Catalogue, CatalogueError> {
    inputs.catalogue(registries.iter().flat_map(|content| {
        let registry = &content.source.registry;
        content.images.iter().map(move |facts| (registry, facts))
    }))
}
