//! Images and bases that the crawled registries contain: the catalogue, one image explained, pairs to measure the
//! model by.

use chrono::NaiveDate;

use super::{AnalysisError, AnalysisService};
use crate::base_image::Catalogue;
use crate::oci::{PlatformFilter, RegistryName};
use crate::report::{self, Found, ImageExplanation, RegistryContent, ReportError};
use crate::whatif::{Pair, ParsedSteps, pairs};

/// All images of the crawled registries, with the catalogue that they are part of.
#[derive(Debug)]
pub struct KnownImages {
    /// The registries with their images; empty if nothing has been crawled.
    pub registries: Vec<RegistryContent>,
    /// The shipped bases and twins, the operator's, and those of the registries.
    pub catalogue: Catalogue,
}

/// Images that exist both on Alpine and on another base.
#[derive(Debug)]
pub struct ModelPairs {
    /// The pairs; never empty.
    pub pairs: Vec<Pair>,
    /// The registries that they come from.
    pub registries: Vec<RegistryName>,
}

impl KnownImages {
    /// The image that a reference names.
    ///
    /// # Errors
    /// If nothing has been crawled, or if the reference does not name one image.
    pub fn find(
        &self,
        reference: &str,
        platform: Option<&PlatformFilter>,
    ) -> Result<Found<'_>, AnalysisError> {
        if self.registries.is_empty() {
            return Err(AnalysisError::NothingCrawled);
        }
        Ok(report::find(&self.registries, reference, platform)?)
    }
}

impl AnalysisService {
    /// All known images with their catalogue, which judges support of Alpine's releases today. There need not be any.
    ///
    /// # Errors
    /// If the store fails, or if a catalogue file is invalid.
    pub async fn known_images(&self, today: NaiveDate) -> Result<KnownImages, AnalysisError> {
        let registries = self.contents(None).await?;
        let catalogue = self.inputs.catalogue_on(&registries, Some(today));
        let catalogue = catalogue.map_err(ReportError::from)?;
        Ok(KnownImages {
            registries,
            catalogue,
        })
    }

    /// Explains the image that a reference names.
    ///
    /// # Errors
    /// If nothing has been crawled, if the reference does not name one image, and as with [`Self::analysed`].
    pub async fn explanation(
        &self,
        reference: &str,
        platform: Option<&PlatformFilter>,
    ) -> Result<ImageExplanation, AnalysisError> {
        let registries = self.contents(None).await?;
        let known = KnownImages {
            catalogue: self.inputs.catalogue(&registries).map_err(ReportError::from)?,
            registries,
        };
        let found = known.find(reference, platform)?;
        let context = self.inputs.context(&known.catalogue);
        let content = found.content;
        let analysis = context
            .analyse(&content.inventory, &content.images)
            .map_err(|source| ReportError::Overflow {
                registry: content.source.registry.clone(),
                source,
            })?;
        let explanation = report::explain(found, &analysis, &context)?;
        explanation.ok_or_else(|| report::UnclearReference::not_an_image(reference).into())
    }

    /// The pairs of images by which the model of sizes can be measured.
    ///
    /// # Errors
    /// If nothing has been crawled or there are no pairs, and as with [`Self::known_images`].
    pub async fn model_pairs(&self) -> Result<ModelPairs, AnalysisError> {
        let registries = self.contents(None).await?;
        // Pairs of any age measure the model, so support does not matter.
        let catalogue = self.inputs.catalogue_on(&registries, None);
        let catalogue = catalogue.map_err(ReportError::from)?;
        if registries.is_empty() {
            return Err(AnalysisError::NothingCrawled);
        }
        let images = || registries.iter().flat_map(|content| &content.images);
        let readings = ParsedSteps::from_images(images());
        let pairs = pairs(images(), &catalogue, &readings);
        if pairs.is_empty() {
            return Err(AnalysisError::NoPairs);
        }
        Ok(ModelPairs {
            pairs,
            registries: registries
                .into_iter()
                .map(|content| content.source.registry)
                .collect(),
        })
    }
}
