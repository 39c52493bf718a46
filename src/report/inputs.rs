use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::content::RegistryContent;
use super::error::UnknownAlpineRelease;
use crate::base_image::{Catalogue, CatalogueBuilder, CatalogueError};
use crate::cost::CostPlan;
use crate::inventory::ReportedUsage;
use crate::oci::RegistryName;
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
    /// What registries report about their own size.
    pub reported_usage: BTreeMap<RegistryName, RegistryOwnFigure>,
}

/// What a registry reports about its own size, and what its settings say about the comparison.
#[derive(Debug, Clone)]
pub struct RegistryOwnFigure {
    /// The registry's figure.
    pub usage: ReportedUsage,
    /// Whether it is Azure Container Registry, which may keep deleted content and convert images.
    pub is_azure: bool,
    /// Whether crawls leave out repositories or platforms on purpose.
    pub is_partly_read: bool,
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
            reported_usage: BTreeMap::new(),
        }
    }
}

impl AnalysisInputs {
    /// The catalogue: the shipped files, the operator's files, and the bases that these registries contain. Support of
    /// Alpine's releases is judged on the day of the latest crawl, so that the same facts give the same answer.
    ///
    /// # Errors
    /// If a catalogue file is invalid. The error names the file and the place.
    pub fn catalogue<'a>(
        &self,
        registries: impl IntoIterator<Item = &'a RegistryContent> + Clone,
    ) -> Result<Catalogue, CatalogueError> {
        let contents = registries.clone().into_iter();
        let latest = contents.map(|content| content.source.as_of).max();
        self.catalogue_on(registries, latest.map(|latest| latest.date_naive()))
    }

    /// The same catalogue on another day; without a day, support does not matter.
    ///
    /// # Errors
    /// As with [`Self::catalogue`].
    pub fn catalogue_on<'a>(
        &self,
        registries: impl IntoIterator<Item = &'a RegistryContent>,
        day: Option<NaiveDate>,
    ) -> Result<Catalogue, CatalogueError> {
        self.catalogue_after(None, registries, day)
    }

    /// The same catalogue, taking what an earlier one with these inputs read in configurations.
    ///
    /// # Errors
    /// As with [`Self::catalogue`].
    pub(super) fn catalogue_after<'a>(
        &self,
        earlier: Option<&'a Catalogue>,
        registries: impl IntoIterator<Item = &'a RegistryContent>,
        day: Option<NaiveDate>,
    ) -> Result<Catalogue, CatalogueError> {
        let mut builder = CatalogueBuilder::new();
        if let Some(earlier) = earlier {
            builder.after(earlier);
        }
        if let Some(day) = day {
            builder.on_day(day);
        }
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

    /// Checks that the release of Alpine that was asked for is known.
    ///
    /// # Errors
    /// If it is not.
    pub fn check_release(&self, catalogue: &Catalogue) -> Result<(), UnknownAlpineRelease> {
        match self.verdicts.alpine_release {
            Some(release) => UnknownAlpineRelease::check(release, catalogue),
            None => Ok(()),
        }
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
