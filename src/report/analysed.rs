//! Analysed registries, kept to answer many queries.

use std::borrow::Cow;
use std::sync::Arc;

use chrono::{DateTime, Datelike as _, Utc};

use super::alpine::AlpineAnswers;
use super::analysed_registry::AnalysedRegistry;
use super::build::{RegistryAnswers, ReportOptions};
use super::content::RegistryContent;
use super::cost::RegistryCosts;
use super::document::Report;
use super::error::ReportError;
use super::explain::{ImageExplanation, explain};
use super::image::{ImageRow, ImageRows};
use super::inputs::AnalysisInputs;
use super::left_out::{LeftOut, accounted};
use super::reference::Found;
use super::usage::{CostPeriod, registry_usage, usage_if};
use crate::base_image::Catalogue;
use crate::cost::{self, CostError, CostPlan, RegistryUsage, Statement, WorthStatement};
use crate::inventory::{Accounting, RepositoryNode, UntaggedAges};
use crate::oci::{RegistryName, RepositoryName};
use crate::units::Period;
use crate::whatif::{AnalysisContext, Counterfactual, Outcome};

/// All registries with their analyses.
#[derive(Debug)]
pub struct Analysed {
    /// The registries, in the order in which they were given.
    pub registries: Vec<AnalysedRegistry>,
    /// The registries whose sizes cannot be added up. They have no figures, and the others are as if they did not exist.
    pub left_out: Vec<LeftOut>,
    /// The known bases and twins, including those that the registries contain.
    pub catalogue: Arc<Catalogue>,
}

impl Analysed {
    /// Analyses registries. Bases and twins are learnt from all of them.
    ///
    /// # Errors
    /// As with [`Self::from_chosen`].
    pub fn new(registries: Vec<RegistryContent>, inputs: &AnalysisInputs) -> Result<Self, ReportError> {
        Self::from_chosen(registries.into_iter().map(Arc::new).collect(), inputs, |_| true)
    }

    /// Analyses the chosen registries. Bases and twins are learnt from all registries given.
    ///
    /// # Errors
    /// If sizes overflow, if a catalogue file is invalid, or if the release of Alpine that was asked for is not known.
    pub fn from_chosen(
        registries: Vec<Arc<RegistryContent>>,
        inputs: &AnalysisInputs,
        is_chosen: impl Fn(&RegistryName) -> bool,
    ) -> Result<Self, ReportError> {
        Self::after(None, registries, inputs, is_chosen)
    }

    /// The same, taking from an earlier analysis with the same inputs what depends only on content that has not changed.
    ///
    /// # Errors
    /// As with [`Self::from_chosen`].
    pub fn after(
        earlier: Option<&Self>,
        registries: Vec<Arc<RegistryContent>>,
        inputs: &AnalysisInputs,
        is_chosen: impl Fn(&RegistryName) -> bool,
    ) -> Result<Self, ReportError> {
        let (registries, mut left_out) = accounted(registries);
        let contents = registries.iter().map(|(content, _)| &**content);
        let latest = contents.clone().map(|content| content.source.as_of).max();
        let day = latest.map(|latest| latest.date_naive());
        let earlier = earlier.map(|earlier| &*earlier.catalogue);
        let catalogue = inputs.catalogue_after(earlier, contents, day)?;
        inputs.check_release(&catalogue)?;
        let context = inputs.context(&catalogue);
        let mut analysed = Vec::with_capacity(registries.len());
        for (content, accounting) in registries {
            if !is_chosen(&content.source.registry) {
                continue;
            }
            let left = LeftOut::new(&content.source);
            match AnalysedRegistry::new(content, accounting, &context) {
                Ok(registry) => analysed.push(registry),
                Err(ReportError::Overflow { .. }) => left_out.push(left),
                Err(error) => return Err(error),
            }
        }
        left_out.retain(|left| is_chosen(&left.registry));
        Ok(Self {
            registries: analysed,
            left_out,
            catalogue: catalogue.into(),
        })
    }

    /// The same registries with verdicts made by other settings. Images are not examined again, which takes most of
    /// the time, so `inputs` must have the same catalogue files and rules.
    ///
    /// # Errors
    /// If sizes overflow, or if the release of Alpine that was asked for is not known.
    pub fn reanalysed_with(&self, inputs: &AnalysisInputs) -> Result<Self, ReportError> {
        inputs.check_release(&self.catalogue)?;
        let context = inputs.context(&self.catalogue);
        let registries = self.registries.iter();
        Ok(Self {
            registries: registries
                .map(|registry| registry.reanalysed_with(&context))
                .collect::<Result<_, _>>()?,
            left_out: self.left_out.clone(),
            catalogue: Arc::clone(&self.catalogue),
        })
    }

    /// The report on all registries.
    ///
    /// # Errors
    /// If sizes overflow.
    pub fn report(&self, inputs: &AnalysisInputs, options: &ReportOptions) -> Result<Report, ReportError> {
        self.report_if(inputs, options, |registry| {
            Ok(Switched {
                graph: Cow::Borrowed(&registry.analysis.counterfactual),
                outcome: registry.analysis.outcome.clone(),
            })
        })
    }

    /// The report on all registries if other repositories switched: `switched` says for each registry which, and what
    /// comes of it.
    ///
    /// # Errors
    /// If sizes overflow, or if `switched` fails.
    pub fn report_if<'a>(
        &'a self,
        inputs: &AnalysisInputs,
        options: &ReportOptions,
        switched: impl Fn(&'a AnalysedRegistry) -> Result<Switched<'a>, ReportError>,
    ) -> Result<Report, ReportError> {
        let context = inputs.context(&self.catalogue);
        let mut left_out = self.left_out.clone();
        let mut answers = Vec::with_capacity(self.registries.len());
        for registry in &self.registries {
            let answer = switched(registry)
                .and_then(|switched| registry.answers(&switched, inputs, &context, options.images));
            match answer {
                Ok(answer) => answers.push(answer),
                Err(ReportError::Overflow { .. }) => left_out.push(LeftOut::new(&registry.content.source)),
                Err(error) => return Err(error),
            }
        }
        Ok(Report::build_without(answers, &left_out, options)?)
    }

    /// Explains an image of one of these registries; `None` if it is not among them.
    ///
    /// # Errors
    /// If sizes overflow.
    pub fn explain(
        &self,
        found: Found<'_>,
        inputs: &AnalysisInputs,
    ) -> Result<Option<ImageExplanation>, ReportError> {
        let registry = &found.content.source.registry;
        match self.registries.iter().find(|own| own.name() == registry) {
            Some(own) => explain(found, &own.analysis, &inputs.context(&self.catalogue)),
            None => Ok(None),
        }
    }
}

/// The year of Docker's first release. An image that says it is older states no real date.
const FIRST_YEAR_OF_IMAGES: i32 = 2013;

/// A registry if some repositories switched.
#[derive(Debug)]
pub struct Switched<'a> {
    /// The graph that answers what other choices of repositories would save.
    pub graph: Cow<'a, Counterfactual>,
    /// What this choice comes to.
    pub outcome: Outcome,
}

impl AnalysedRegistry {
    /// What a report shows of it if these repositories switched.
    fn answers(
        &self,
        switched: &Switched<'_>,
        inputs: &AnalysisInputs,
        context: &AnalysisContext<'_>,
        with_images: bool,
    ) -> Result<RegistryAnswers, ReportError> {
        let costs = &inputs.costs;
        let today = CostPeriod::MonthAt(self.content.source.as_of.date_naive());
        let usage = registry_usage(self, &switched.outcome, costs, today);
        let RegistryContent {
            source,
            inventory,
            images,
            ..
        } = &*self.content;
        Ok(RegistryAnswers {
            source: source.clone(),
            accounting: Accounting::clone(&self.accounting),
            untagged_ages: UntaggedAges::new(inventory, source.as_of)
                .map_err(ReportError::overflow(&source.registry))?,
            reconciliation: self.reconciliation(inputs)?,
            labels: usage
                .repositories
                .iter()
                .map(|repository| repository.labels.clone())
                .collect(),
            costs: match today.period() {
                Ok(period) => self.costs(&usage, switched, costs, period)?,
                Err(_) => Err(CostError::EndOfCalendar),
            },
            oldest_images: inventory
                .repositories
                .iter()
                .map(|node| self.oldest_image(node))
                .collect(),
            alpine: Some(AlpineAnswers::new(
                inventory,
                images,
                &self.analysis,
                &switched.outcome,
                context,
                with_images,
            )),
        })
    }

    /// When the oldest image that a tag of a repository reaches was built; `None` if no image says.
    fn oldest_image(&self, node: &RepositoryNode) -> Option<DateTime<Utc>> {
        let configs = self.image_places(node).into_iter();
        let configs = configs.filter_map(|place| self.content.images[place].config.as_ref());
        configs
            .filter_map(|config| config.created)
            // Reproducible builds state a fixed moment, often the epoch.
            .filter(|built| built.year() >= FIRST_YEAR_OF_IMAGES)
            .min()
    }

    /// What it costs over a period, and which of the repositories that switch are worth it.
    ///
    /// # Errors
    /// If sizes overflow. That costs cannot be computed is part of the answer.
    fn costs(
        &self,
        usage: &RegistryUsage,
        switched: &Switched<'_>,
        costs: &CostPlan,
        period: Period,
    ) -> Result<Result<Option<RegistryCosts>, CostError>, ReportError> {
        let statement = match cost::statement(costs, usage, period) {
            Ok(Some(statement)) => statement,
            Ok(None) => return Ok(Ok(None)),
            Err(error) => return Ok(Err(error)),
        };
        let worth = WorthStatement::new(costs, usage, period, |moves| {
            let outcome = switched.graph.switching(|place| moves[place]);
            let outcome = outcome.map_err(ReportError::overflow(self.name()))?;
            Ok::<_, ReportError>(usage_if(self, usage, &outcome))
        });
        match worth {
            Ok(worth) => Ok(Ok(Some(RegistryCosts {
                statement,
                worth,
                rule: costs.worth,
            }))),
            Err(ReportError::Costs(error)) => Ok(Err(error)),
            Err(error) => Err(error),
        }
    }

    /// The graph in which every image can move that has a twin, whatever its verdict.
    pub fn every_move(&self, context: &AnalysisContext<'_>) -> Counterfactual {
        context.every_move(&self.content.inventory, &self.content.images, &self.analysis)
    }

    /// The images of one of its repositories; empty if it has no such repository.
    pub fn images_of(&self, repository: &RepositoryName, context: &AnalysisContext<'_>) -> Vec<ImageRow> {
        match self.place_of(repository) {
            Some(place) => self.image_rows(context).of_repository(place, &self.places),
            None => Vec::new(),
        }
    }

    /// The representative image of a repository, if it has one.
    pub fn representative_of(
        &self,
        repository: &RepositoryName,
        context: &AnalysisContext<'_>,
    ) -> Option<ImageRow> {
        let place = self.place_of(repository)?;
        let representative = self.analysis.repositories[place].representative?;
        self.image_rows(context).of_image(place, representative)
    }

    pub(super) fn image_rows<'a>(&'a self, context: &'a AnalysisContext<'a>) -> ImageRows<'a> {
        ImageRows {
            inventory: &self.content.inventory,
            images: &self.content.images,
            analysis: &self.analysis,
            context,
        }
    }

    /// What it costs, with what it would cost if these repositories switched; `None` if no price book is configured
    /// for it.
    ///
    /// # Errors
    /// If the price book does not exist or does not fit what is stored and moved.
    pub fn statement(
        &self,
        outcome: &Outcome,
        inputs: &AnalysisInputs,
        over: CostPeriod<'_>,
    ) -> Result<Option<Statement>, CostError> {
        let period = over.period().map_err(|_| CostError::EndOfCalendar)?;
        let usage = registry_usage(self, outcome, &inputs.costs, over);
        cost::statement(&inputs.costs, &usage, period)
    }
}
