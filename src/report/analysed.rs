//! Registries with everything worked out, kept so that many questions can be answered from it.

use std::collections::HashMap;
use std::sync::Arc;

use super::alpine::AlpineAnswers;
use super::answer::{RegistryHoldings, ReportError, catalogue_of};
use super::build::{RegistryAnswers, ReportOptions};
use super::explain::{ImageExplanation, explain_analysed};
use super::image::{ImageRow, ImageRows};
use super::reference::Found;
use super::usage::CostPeriod;
use super::{Knowledge, Report};
use crate::base_image::Catalogue;
use crate::cost::{self, CostError, CostPlan, Statement};
use crate::inventory::{Accounting, ManifestId, RepositoryNode, account};
use crate::oci::{RegistryName, RepositoryName};
use crate::whatif::{Counterfactual, Judgement, Outcome, RegistryAnalysis};

/// One registry with what was worked out of it.
#[derive(Debug)]
pub struct AnalysedRegistry {
    /// What it holds.
    pub holdings: Arc<RegistryHoldings>,
    /// What its bytes stand for.
    pub accounting: Arc<Accounting>,
    /// Its images and repositories, and what Alpine would change.
    pub analysis: RegistryAnalysis,
    places: Arc<HashMap<ManifestId, usize>>,
}

/// All registries with what was worked out of them.
#[derive(Debug)]
pub struct Analysed {
    /// The registries, in the order in which they were given.
    pub registries: Vec<AnalysedRegistry>,
    /// The bases and twins that are known, those among them that the registries show.
    pub catalogue: Arc<Catalogue>,
}

impl AnalysedRegistry {
    /// Works everything out.
    ///
    /// # Errors
    /// Where sizes overflow.
    pub(super) fn of(holdings: RegistryHoldings, judgement: &Judgement<'_>) -> Result<Self, ReportError> {
        let overflow = |source| ReportError::Overflow {
            registry: holdings.source.registry.clone(),
            source,
        };
        let accounting = account(&holdings.inventory).map_err(overflow)?;
        let analysis = judgement
            .analyse(&holdings.inventory, &holdings.images)
            .map_err(overflow)?;
        let places = analysis.places();
        Ok(Self {
            holdings: holdings.into(),
            accounting: accounting.into(),
            analysis,
            places: places.into(),
        })
    }

    /// The same by another judgement on what its images show of themselves.
    fn judged_by(&self, judgement: &Judgement<'_>) -> Result<Self, ReportError> {
        let RegistryHoldings {
            inventory, images, ..
        } = &*self.holdings;
        let analysis = judgement
            .reevaluate(inventory, images, &self.analysis)
            .map_err(|source| ReportError::Overflow {
                registry: self.name().clone(),
                source,
            })?;
        Ok(Self {
            holdings: Arc::clone(&self.holdings),
            accounting: Arc::clone(&self.accounting),
            analysis,
            places: Arc::clone(&self.places),
        })
    }

    /// What a report shows of it if these repositories switched.
    pub(super) fn answers(
        &self,
        outcome: &Outcome,
        costs: &CostPlan,
        judgement: &Judgement<'_>,
        with_images: bool,
    ) -> RegistryAnswers {
        let today = CostPeriod::MonthAt(self.holdings.source.as_of.date_naive());
        let usage = self.usage(outcome, costs, today);
        let RegistryHoldings {
            source,
            inventory,
            images,
        } = &*self.holdings;
        RegistryAnswers {
            source: source.clone(),
            accounting: Accounting::clone(&self.accounting),
            labels: usage
                .repositories
                .iter()
                .map(|repository| repository.labels.clone())
                .collect(),
            costs: today
                .period()
                .map_err(|_| CostError::EndOfCalendar)
                .and_then(|period| cost::statement(costs, &usage, period)),
            alpine: Some(AlpineAnswers::of(
                inventory,
                images,
                &self.analysis,
                outcome,
                judgement,
                with_images,
            )),
        }
    }

    /// The graph in which every image can move that has a twin, whatever its verdict.
    pub fn every_move(&self, judgement: &Judgement<'_>) -> Counterfactual {
        let RegistryHoldings {
            inventory, images, ..
        } = &*self.holdings;
        judgement.every_move(inventory, images, &self.analysis)
    }

    /// The images of one of its repositories; none where it has no such repository.
    pub fn images_of(&self, repository: &RepositoryName, judgement: &Judgement<'_>) -> Vec<ImageRow> {
        match self.place_of(repository) {
            Some(place) => self.rows(judgement).of_repository(place, &self.places),
            None => Vec::new(),
        }
    }

    /// The image that speaks for one of its repositories, where there is one.
    pub fn speaker_of(&self, repository: &RepositoryName, judgement: &Judgement<'_>) -> Option<ImageRow> {
        let place = self.place_of(repository)?;
        let speaker = self.analysis.repositories[place].speaker?;
        self.rows(judgement).of_image(place, speaker)
    }

    fn rows<'a>(&'a self, judgement: &'a Judgement<'a>) -> ImageRows<'a> {
        ImageRows {
            inventory: &self.holdings.inventory,
            images: &self.holdings.images,
            analysis: &self.analysis,
            judgement,
        }
    }

    /// The places of a repository's images, each once.
    pub(super) fn image_places(&self, node: &RepositoryNode) -> Vec<usize> {
        let inventory = &self.holdings.inventory;
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

    /// A repository's place in the inventory.
    fn place_of(&self, repository: &RepositoryName) -> Option<usize> {
        // They are in order of their names.
        let repositories = &self.holdings.inventory.repositories;
        repositories
            .binary_search_by(|node| node.name.cmp(repository))
            .ok()
    }

    /// What it costs, with what it would cost if these repositories switched; none where nothing says which price
    /// book it is billed by.
    ///
    /// # Errors
    /// Where the price book is not there or does not fit what is stored and moved.
    pub fn statement(
        &self,
        outcome: &Outcome,
        knowledge: &Knowledge,
        over: CostPeriod<'_>,
    ) -> Result<Option<Statement>, CostError> {
        let period = over.period().map_err(|_| CostError::EndOfCalendar)?;
        let usage = self.usage(outcome, &knowledge.costs, over);
        cost::statement(&knowledge.costs, &usage, period)
    }

    /// The registry.
    pub fn name(&self) -> &RegistryName {
        &self.holdings.source.registry
    }
}

impl Analysed {
    /// Works everything out of what is known of these registries. Bases and twins are learnt from all.
    ///
    /// # Errors
    /// Where sizes overflow, and where a file of the catalogue cannot be used.
    pub fn of(registries: Vec<RegistryHoldings>, knowledge: &Knowledge) -> Result<Self, ReportError> {
        let catalogue = catalogue_of(&registries, knowledge)?;
        let judgement = knowledge.judgement(&catalogue);
        let registries = registries
            .into_iter()
            .map(|holdings| AnalysedRegistry::of(holdings, &judgement))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            registries,
            catalogue: catalogue.into(),
        })
    }

    /// The same with verdicts made by other settings. Images are not looked at again, which takes most of the time, so
    /// `knowledge` must know the same bases and rules.
    ///
    /// # Errors
    /// Where sizes overflow.
    pub fn judged_by(&self, knowledge: &Knowledge) -> Result<Self, ReportError> {
        let judgement = knowledge.judgement(&self.catalogue);
        let registries = self.registries.iter();
        Ok(Self {
            registries: registries
                .map(|registry| registry.judged_by(&judgement))
                .collect::<Result<_, _>>()?,
            catalogue: Arc::clone(&self.catalogue),
        })
    }

    /// The report on all registries.
    ///
    /// # Errors
    /// Where sizes overflow.
    pub fn report(&self, knowledge: &Knowledge, options: &ReportOptions) -> Result<Report, ReportError> {
        self.report_if(knowledge, options, |registry| {
            Ok(registry.analysis.outcome.clone())
        })
    }

    /// The report on all registries if other repositories switched: `outcome` says for each registry which, and what
    /// comes of it.
    ///
    /// # Errors
    /// Where sizes overflow, or `outcome` fails.
    pub fn report_if(
        &self,
        knowledge: &Knowledge,
        options: &ReportOptions,
        outcome: impl Fn(&AnalysedRegistry) -> Result<Outcome, ReportError>,
    ) -> Result<Report, ReportError> {
        let judgement = knowledge.judgement(&self.catalogue);
        let answers = self
            .registries
            .iter()
            .map(|registry| {
                Ok(registry.answers(&outcome(registry)?, &knowledge.costs, &judgement, options.images))
            })
            .collect::<Result<_, ReportError>>()?;
        Ok(Report::build(answers, options)?)
    }

    /// Explains an image of one of these registries; none where `found` is of another.
    ///
    /// # Errors
    /// Where sizes overflow.
    pub fn explain(
        &self,
        found: Found<'_>,
        knowledge: &Knowledge,
    ) -> Result<Option<ImageExplanation>, ReportError> {
        let registry = &found.holdings.source.registry;
        let Some(own) = self.registries.iter().find(|own| own.name() == registry) else {
            return Ok(None);
        };
        let place = own
            .holdings
            .images
            .iter()
            .position(|image| image.digest == found.image.digest);
        let repository = own.place_of(found.repository);
        let (Some(place), Some(repository)) = (place, repository) else {
            return Ok(None);
        };
        let judgement = knowledge.judgement(&self.catalogue);
        let of_repository = &own.analysis.repositories[repository].verdict;
        explain_analysed(found, &own.analysis.images[place], of_repository, &judgement)
            .map(Some)
            .map_err(|source| ReportError::Overflow {
                registry: registry.clone(),
                source,
            })
    }
}
