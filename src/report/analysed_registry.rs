use std::collections::HashMap;
use std::sync::Arc;

use super::content::RegistryContent;
use super::error::ReportError;
use crate::inventory::{Accounting, ManifestId, RepositoryNode};
use crate::oci::{RegistryName, RepositoryName};
use crate::whatif::{AnalysisContext, RegistryAnalysis};

/// One registry with its accounting and its analysis.
#[derive(Debug)]
pub struct AnalysedRegistry {
    /// Its content.
    pub content: Arc<RegistryContent>,
    /// The accounting of its bytes.
    pub accounting: Arc<Accounting>,
    /// Its images and repositories, and what Alpine would change.
    pub analysis: RegistryAnalysis,
    /// The place of each image that the inventory counts.
    pub(super) places: Arc<HashMap<ManifestId, usize>>,
}

impl AnalysedRegistry {
    /// Analyses a registry that has been accounted for.
    ///
    /// # Errors
    /// If sizes overflow.
    pub(super) fn new(
        content: Arc<RegistryContent>,
        accounting: Arc<Accounting>,
        context: &AnalysisContext<'_>,
    ) -> Result<Self, ReportError> {
        let analysis = context
            .analyse(&content.inventory, &content.images)
            .map_err(ReportError::overflow(&content.source.registry))?;
        let places = analysis.places();
        Ok(Self {
            content,
            accounting,
            analysis,
            places: places.into(),
        })
    }

    /// The same registry with verdicts made in another context. What the images show of themselves is kept.
    ///
    /// # Errors
    /// If sizes overflow.
    pub(super) fn reanalysed_with(&self, context: &AnalysisContext<'_>) -> Result<Self, ReportError> {
        let analysis = context
            .reevaluate(&self.content.inventory, &self.content.images, &self.analysis)
            .map_err(ReportError::overflow(self.name()))?;
        Ok(Self {
            content: Arc::clone(&self.content),
            accounting: Arc::clone(&self.accounting),
            analysis,
            places: Arc::clone(&self.places),
        })
    }

    /// The registry's name.
    pub fn name(&self) -> &RegistryName {
        &self.content.source.registry
    }

    /// The place of a repository in the inventory; `None` if the registry has no such repository.
    pub(super) fn place_of(&self, repository: &RepositoryName) -> Option<usize> {
        self.content.repository_place(repository)
    }

    /// The places of a repository's images, each once, in ascending order.
    pub(super) fn image_places(&self, node: &RepositoryNode) -> Vec<usize> {
        let inventory = &self.content.inventory;
        let mut places: Vec<usize> = node
            .tags
            .iter()
            .flat_map(|tag| inventory.images_of(tag.manifest))
            .filter_map(|manifest| self.places.get(&manifest).copied())
            .collect();
        places.sort_unstable();
        places.dedup();
        places
    }
}
