//! The figures that the service answers from: computed in the background once for each state of the store, then
//! only read.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, OnceLock};

use chrono::{DateTime, Utc};
use parking_lot::{Mutex, RwLock};
use schemars::JsonSchema;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::access::sees_registry;
use super::problem::Problem;
use super::visible::visible_notes;
use crate::base_image::AlpineRelease;
use crate::identity::Caller;
use crate::metrics::{MetricsSettings, render_report};
use crate::oci::text::printable;
use crate::oci::{RegistryName, RepositoryName};
use crate::report::{
    self, Analysed, AnalysedRegistry, AnalysisInputs, Forecast, GroupBy, Groups, Note, NoteKind, RegistryRow,
    Report, ReportError, ReportOptions, RepositoryRow, groups,
};
use crate::store::{PullImportRecord, RegistryRecord, SavedState};
use crate::whatif::{AnalysisContext, Counterfactual};

/// The figures of one state of the store.
pub(super) struct Snapshot {
    /// The version of these figures.
    pub id: String,
    /// The inputs of the answers besides the crawls.
    pub inputs: Arc<AnalysisInputs>,
    /// The whole analysis.
    pub analysed: Arc<Analysed>,
    /// Every registry and repository.
    pub report: Report,
    /// The inputs of the figures.
    pub versions: Versions,
    places: HashMap<(RegistryName, RepositoryName), usize>,
    /// All repositories in groups, for each kind of group, computed at the first request.
    groups: [OnceLock<Groups>; GroupBy::ALL.len()],
    /// The report's metrics, computed at the first scrape.
    metrics: OnceLock<String>,
    /// The analysis for the release of Alpine that was last asked for. One is kept: each takes as much memory as the
    /// figures.
    other_release: Mutex<Option<(Option<AlpineRelease>, Arc<Analysed>)>>,
    /// For each registry the graph in which everything can move, computed at the first request.
    every_move: Vec<OnceLock<Counterfactual>>,
}

/// The inputs of figures besides the crawls.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub(super) struct Versions {
    #[serde(flatten)]
    inputs: report::Versions,
    /// The price books in use.
    price_books: Vec<BookVersion>,
}

/// A price book in one edition.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub(super) struct BookVersion {
    /// The identifier of the price book.
    pub id: String,
    /// Its edition.
    pub version: String,
}

/// Identifies a state of the store, to see whether figures are current.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fingerprint {
    crawls: SavedState,
    pulls: Option<DateTime<Utc>>,
}

impl Fingerprint {
    /// The fingerprint of the saved data. A running crawl does not count until it has ended.
    pub(super) fn new(registries: &[RegistryRecord], pulls: &[PullImportRecord]) -> Self {
        Self {
            crawls: SavedState::new(registries),
            pulls: pulls.iter().map(|import| import.imported_at).max(),
        }
    }
}

impl Snapshot {
    /// Makes figures from an analysis.
    ///
    /// # Errors
    /// If sizes overflow.
    pub(super) fn new(analysed: Arc<Analysed>, inputs: Arc<AnalysisInputs>) -> Result<Self, ReportError> {
        let report = analysed.report(&inputs, &ReportOptions::default())?;
        let places = report
            .repositories
            .iter()
            .enumerate()
            .map(|(place, row)| ((row.registry.clone(), row.totals.repository.clone()), place))
            .collect();
        let text = serde_json::to_vec(&report).unwrap_or_default();
        Ok(Self {
            id: short_digest(&text),
            versions: versions(&inputs, report.registries.iter()),
            inputs,
            every_move: analysed.registries.iter().map(|_| OnceLock::new()).collect(),
            other_release: Mutex::default(),
            groups: Default::default(),
            metrics: OnceLock::new(),
            analysed,
            report,
            places,
        })
    }

    /// The same figures with what they are expected to cost in the next months.
    #[must_use]
    pub(super) fn with_forecast(mut self, forecast: Option<Forecast>) -> Self {
        self.report.forecast = forecast;
        self
    }

    /// The inputs of the analysis.
    pub(super) fn context(&self) -> AnalysisContext<'_> {
        self.inputs.context(&self.analysed.catalogue)
    }

    /// All repositories in groups.
    ///
    /// # Errors
    /// If sums exceed the range of exact numbers.
    pub(super) fn groups(&self, by: GroupBy) -> Result<&Groups, Problem> {
        let mut cells = GroupBy::ALL.iter().zip(&self.groups);
        let cell = cells.find_map(|((_, known), cell)| (*known == by).then_some(cell));
        let cell = cell.ok_or_else(|| Problem::internal(format!("{by:?} is no known grouping")))?;
        if let Some(groups) = cell.get() {
            return Ok(groups);
        }
        let groups = groups(&self.report, by).map_err(Problem::internal)?;
        Ok(cell.get_or_init(|| groups))
    }

    /// The report's metrics. The first request waits for them.
    ///
    /// # Errors
    /// Only if two metrics have one name, which no report causes.
    pub(super) fn metrics(&self, settings: &MetricsSettings) -> Result<&str, Problem> {
        if let Some(text) = self.metrics.get() {
            return Ok(text);
        }
        let text = render_report(&self.report, settings).map_err(Problem::internal)?;
        Ok(self.metrics.get_or_init(|| text))
    }

    /// The graph of a registry in which every repository with an Alpine variant can switch. The first request waits
    /// for it.
    pub(super) fn every_move(&self, registry: &RegistryName) -> Option<&Counterfactual> {
        let registries = &self.analysed.registries;
        let place = registries.iter().position(|own| own.name() == registry)?;
        Some(self.every_move[place].get_or_init(|| registries[place].every_move(&self.context())))
    }

    /// The analysis for another release of Alpine. Waits while one is being computed.
    ///
    /// # Errors
    /// If sizes overflow, or if the release is not known.
    pub(super) fn on_release(&self, inputs: &AnalysisInputs) -> Result<Arc<Analysed>, ReportError> {
        let release = inputs.verdicts.alpine_release;
        let mut kept = self.other_release.lock();
        if let Some((of, analysed)) = kept.as_ref()
            && *of == release
        {
            return Ok(Arc::clone(analysed));
        }
        let analysed = Arc::new(self.analysed.reanalysed_with(inputs)?);
        *kept = Some((release, Arc::clone(&analysed)));
        Ok(analysed)
    }

    /// A registry's row and its analysis.
    ///
    /// # Errors
    /// If there is no such registry.
    pub(super) fn registry(&self, name: &str) -> Result<(&RegistryRow, &AnalysedRegistry), Problem> {
        let row = self
            .report
            .registries
            .iter()
            .find(|row| row.registry.as_str() == name);
        let analysed = self
            .analysed
            .registries
            .iter()
            .find(|own| own.name().as_str() == name);
        row.zip(analysed).ok_or_else(|| unknown_registry(name))
    }

    /// Whether a caller may see anything of a registry.
    pub(super) fn shows(&self, caller: &Caller, registry: &RegistryName) -> bool {
        sees_registry(caller, registry, &self.report.repositories)
    }

    /// The inputs of the figures that a caller may see: the price books of other registries are left out.
    pub(super) fn versions_for(&self, caller: &Caller) -> Cow<'_, Versions> {
        if caller.sees_everything() {
            return Cow::Borrowed(&self.versions);
        }
        let rows = self.report.registries.iter();
        let seen = rows.filter(|row| self.shows(caller, &row.registry));
        Cow::Owned(versions(&self.inputs, seen))
    }

    /// What a caller must know about a registry's figures, or about those of all registries that it may see.
    pub(super) fn notes_for(&self, caller: &Caller, registry: Option<&RegistryName>) -> Vec<Cow<'_, Note>> {
        let notes = self.report.notes.iter();
        visible_notes(caller, notes, &self.report.repositories)
            .filter(|note| registry.is_none_or(|registry| note.registry == *registry))
            .collect()
    }

    /// Which registries have no figures, and why, for a caller who may see them.
    pub(super) fn left_out(&self, caller: &Caller) -> Vec<String> {
        let notes = self.notes_for(caller, None).into_iter();
        notes
            .filter(|note| note.kind == NoteKind::LeftOut)
            .map(|note| format!("{}: {}", note.registry, note.note))
            .collect()
    }

    /// The names of the registries that a caller may see, or of the one that was asked for.
    ///
    /// # Errors
    /// If the caller sees no registry of the name that was asked for.
    pub(super) fn registry_names(
        &self,
        caller: &Caller,
        wanted: Option<&str>,
    ) -> Result<Vec<RegistryName>, Problem> {
        let names: Vec<RegistryName> = self
            .report
            .registries
            .iter()
            .map(|row| &row.registry)
            .filter(|name| self.shows(caller, name) && wanted.is_none_or(|wanted| wanted == name.as_str()))
            .cloned()
            .collect();
        match wanted.filter(|_| names.is_empty()) {
            Some(wanted) => Err(unknown_registry(wanted)),
            None => Ok(names),
        }
    }

    /// A repository's row.
    ///
    /// # Errors
    /// If there is no such repository.
    pub(super) fn repository(&self, registry: &str, repository: &str) -> Result<&RepositoryRow, Problem> {
        let found = registry
            .parse()
            .ok()
            .zip(repository.parse().ok())
            .and_then(|key| self.places.get(&key));
        found
            .map(|&place| &self.report.repositories[place])
            .ok_or_else(|| {
                Problem::not_found(format!(
                    "there is no repository {} in {}",
                    printable(repository),
                    printable(registry)
                ))
            })
    }
}

/// The problem for an unknown registry.
pub(super) fn unknown_registry(name: &str) -> Problem {
    Problem::not_found(format!(
        "the registry {} is unknown or not crawled yet; see /v1/registries",
        printable(name)
    ))
}

/// The first 16 hexadecimal digits of a digest.
fn short_digest(bytes: &[u8]) -> String {
    hex::encode(&Sha256::digest(bytes)[..8])
}

fn versions<'r>(inputs: &AnalysisInputs, registries: impl Iterator<Item = &'r RegistryRow>) -> Versions {
    let costs = registries.filter_map(|row| row.cost.as_ref());
    let books: BTreeSet<BookVersion> = costs
        .map(|cost| BookVersion {
            id: cost.price_book.id.clone(),
            version: cost.price_book.version.clone(),
        })
        .collect();
    Versions {
        inputs: inputs.versions(),
        price_books: books.into_iter().collect(),
    }
}

/// The present figures, which readers share and the refresher replaces.
#[derive(Default)]
pub(super) struct Snapshots {
    current: RwLock<Option<Arc<Snapshot>>>,
    /// Why the last attempt to renew the figures failed; `None` if it did not.
    failure: RwLock<Option<&'static str>>,
}

impl Snapshots {
    /// The present figures; `None` before the first have been computed.
    pub(super) fn current(&self) -> Option<Arc<Snapshot>> {
        self.current.read().clone()
    }

    /// The problem of a request that needs figures before there are any.
    pub(super) fn none_yet(&self) -> Problem {
        match *self.failure.read() {
            Some(reason) => Problem::unavailable(
                format!("there are no figures, because {reason}; the log of the service says more"),
                30,
            ),
            None => Problem::unavailable(
                "figures are not ready yet; this takes some seconds after the start",
                2,
            ),
        }
    }

    /// Remembers why figures could not be renewed, or that they were.
    pub(super) fn remember_failure(&self, failure: Option<&'static str>) {
        *self.failure.write() = failure;
    }

    /// Replaces the present figures. Readers of the old ones can finish.
    pub(super) fn replace(&self, snapshot: Snapshot) {
        *self.current.write() = Some(Arc::new(snapshot));
    }
}
