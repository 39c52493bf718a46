use super::content::RegistryContent;
use crate::base_image::{Catalogue, CatalogueBuilder, CatalogueError};
use crate::cost::CostPlan;
use crate::whatif::{AlpineModel, AnalysisContext, GlibcRules, VerdictSettings};

/// What an analysis depends on besides the content of the registries: the shipped data and what the operator adds.
#[derive(Debug, Clone)]
pub struct AnalysisInputs {
    /// The model of layer sizes on Alpine.
    pub model: AlpineModel,
    /// The rules that find images tied to glibc.
    pub rules: GlibcRules,
    /// How verdicts are made.
    pub verdicts: VerdictSettings,
    /// Catalogue files in addition to the shipped ones: name and text.
    pub catalogue_files: Vec<(String, String)>,
    /// Price books, pulls and cost centres.
    pub costs: CostPlan,
}

impl Default for AnalysisInputs {
    /// The shipped data and the default settings.
    fn default() -> Self {
        Self {
            model: AlpineModel::shipped(),
            rules: GlibcRules::shipped(),
            verdicts: VerdictSettings::default(),
            catalogue_files: Vec::new(),
            costs: CostPlan::default(),
        }
    }
}

impl AnalysisInputs {
    /// The catalogue: the shipped files, the operator's files, and the bases that these registries contain.
    ///
    /// # Errors
    /// If a catalogue file is invalid. The error names the file and the place.
    pub fn catalogue(&self, registries: &[RegistryContent]) -> Result<Catalogue, CatalogueError> {
        let mut builder = CatalogueBuilder::new();
        builder.shipped()?;
        for (name, text) in &self.catalogue_files {
            builder.file(name, text)?;
        }
        for content in registries {
            for facts in &content.images {
                builder.image(&content.source.registry, facts);
            }
        }
        Ok(builder.finish())
    }

    /// The inputs together with a catalogue, as the analysis of images takes them.
    pub fn context<'a>(&'a self, catalogue: &'a Catalogue) -> AnalysisContext<'a> {
        AnalysisContext {
            catalogue,
            model: &self.model,
            rules: &self.rules,
            settings: &self.verdicts,
        }
    }
}
