use crate::base_image::{Catalogue, CatalogueBuilder, CatalogueError, ImageFacts};
use crate::cost::CostPlan;
use crate::oci::RegistryName;
use crate::whatif::{AlpineModel, GlibcRules, Judgement, VerdictSettings};

/// What answers rest on beside what the registries hold: the shipped data, and what the operator adds.
#[derive(Debug, Clone)]
pub struct Knowledge {
    /// How large layers are on Alpine.
    pub model: AlpineModel,
    /// What ties images to glibc.
    pub rules: GlibcRules,
    /// How verdicts are made.
    pub verdicts: VerdictSettings,
    /// Files of the catalogue beside the shipped ones: name and text.
    pub catalogue_files: Vec<(String, String)>,
    /// What registries and repositories cost, and whose they are.
    pub costs: CostPlan,
}

impl Default for Knowledge {
    /// What comes with the program.
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

impl Knowledge {
    /// The catalogue: the shipped files, the operator's, and all that these images show.
    ///
    /// # Errors
    /// Where a file is not one of the catalogue's, naming file and place.
    pub fn catalogue<'a>(
        &self,
        images: impl IntoIterator<Item = (&'a RegistryName, &'a ImageFacts)>,
    ) -> Result<Catalogue, CatalogueError> {
        let mut builder = CatalogueBuilder::new();
        builder.shipped()?;
        for (name, text) in &self.catalogue_files {
            builder.file(name, text)?;
        }
        for (registry, facts) in images {
            builder.image(registry, facts);
        }
        Ok(builder.finish())
    }

    /// What images are judged by, with a catalogue.
    pub fn judgement<'a>(&'a self, catalogue: &'a Catalogue) -> Judgement<'a> {
        Judgement {
            catalogue,
            model: &self.model,
            rules: &self.rules,
            settings: &self.verdicts,
        }
    }
}
