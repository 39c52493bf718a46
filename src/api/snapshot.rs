//! The figures that the service answers from: computed in the background once for each state of the store, by this process
//! or by another one that saved them, then only read.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::io::Write;
use std::sync::{Arc, OnceLock};

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
    self, Analysed, AnalysedRegistry, AnalysisInputs, Forecast, GroupBy, GroupRow, Groups, ImageRow,
    LastCrawl, Note, NoteKind, RegistryRow, Report, ReportError, ReportOptions, RepositoryRow, SavedAnswers,
    groups,
};
use crate::whatif::{AnalysisContext, Counterfactual};

/// The figures of one state of the store.
pub(super) struct Snapshot {
    /// The version of these figures.
    pub id: String,
    /// The inputs of the answers besides the crawls.
    pub inputs: Arc<AnalysisInputs>,
    /// Every registry and repository.
    pub report: Report,
    /// The inputs of the figures.
    pub versions: Versions,
    places: HashMap<(RegistryName, RepositoryName), usize>,
    /// All repositories in groups, for each kind of group, computed at the first request.
    groups: [OnceLock<Groups>; GroupBy::ALL.len()],
    /// The report's metrics, computed at the first scrape.
    metrics: OnceLock<String>,
    /// Lists of repositories that callers without limits asked for, by filters and order.
    lists: Mutex<HashMap<String, Arc<RepositoryList>>>,
    /// How the last crawl of each registry went, in the order of the report.
    last_crawls: Vec<LastCrawl>,
    /// The representative image of each repository, in the order of the report.
    representatives: Vec<Option<ImageRow>>,
    /// The releases of Alpine that are known.
    pub alpine_releases: BTreeSet<AlpineRelease>,
    /// The whole analysis; `None` where the figures were read and not computed.
    graph: Option<Graph>,
}

/// A list of repositories in order, all pages of it.
pub(super) struct RepositoryList {
    /// The places of the rows in the report.
    pub places: Vec<u32>,
    /// Their sums.
    pub totals: GroupRow,
    /// What the filters have to say.
    pub notes: Vec<String>,
}

/// How many lists are kept. Our choice: the pages of a few readers, who scroll through one list each.
const KEPT_LISTS: usize = 32;

/// An analysis, and what is computed from it at the first request.
struct Graph {
    analysed: Arc<Analysed>,
    /// The analysis for the release of Alpine that was last asked for. One is kept: each takes as much memory as the
    /// figures.
    other_release: Mutex<Option<(Option<AlpineRelease>, Arc<Analysed>)>>,
    /// For each registry the graph in which everything can move.
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

impl Snapshot {
    /// Makes figures from an analysis.
    ///
    /// # Errors
    /// If sizes overflow.
    pub(super) fn new(analysed: Arc<Analysed>, inputs: Arc<AnalysisInputs>) -> Result<Self, ReportError> {
        let report = analysed.report(&inputs, &ReportOptions::default())?;
        let answers = SavedAnswers::new(&analysed, report, &inputs);
        Ok(Self {
            graph: Some(Graph {
                every_move: analysed.registries.iter().map(|_| OnceLock::new()).collect(),
                other_release: Mutex::default(),
                analysed,
            }),
            ..Self::from_answers(answers, inputs)
        })
    }

    /// Makes figures from answers that were saved. What needs the graph of a registry cannot be answered from them.
    pub(super) fn from_answers(answers: SavedAnswers, inputs: Arc<AnalysisInputs>) -> Self {
        let SavedAnswers {
            report,
            last_crawls,
            representatives,
            alpine_releases,
        } = answers;
        let places = report
            .repositories
            .iter()
            .enumerate()
            .map(|(place, row)| ((row.registry.clone(), row.totals.repository.clone()), place))
            .collect();
        let mut hash = Hashing(Sha256::new());
        // Writing into a hash does not fail.
        let _ = serde_json::to_writer(&mut hash, &report);
        Self {
            id: hex::encode(&hash.0.finalize()[..8]),
            versions: versions(&inputs, report.registries.iter()),
            inputs,
            groups: Default::default(),
            metrics: OnceLock::new(),
            lists: Mutex::default(),
            report,
            places,
            last_crawls,
            representatives,
            alpine_releases,
            graph: None,
        }
    }

    /// The same figures with what they are expected to cost in the next months.
    #[must_use]
    pub(super) fn with_forecast(mut self, forecast: Option<Forecast>) -> Self {
        self.report.forecast = forecast;
        self
    }

    /// Whether the whole analysis is there.
    pub(super) fn is_whole(&self) -> bool {
        self.graph.is_some()
    }

    /// The whole analysis.
    ///
    /// # Errors
    /// If the figures were read and not computed; see `Call::whole_snapshot`.
    pub(super) fn analysed(&self) -> Result<&Arc<Analysed>, Problem> {
        self.graph().map(|graph| &graph.analysed)
    }

    fn graph(&self) -> Result<&Graph, Problem> {
        let missing = || Problem::internal("the figures were read without their analysis");
        self.graph.as_ref().ok_or_else(missing)
    }

    /// The inputs of the analysis.
    ///
    /// # Errors
    /// As with [`Self::analysed`].
    pub(super) fn context(&self) -> Result<AnalysisContext<'_>, Problem> {
        Ok(self.inputs.context(&self.analysed()?.catalogue))
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

    /// A list of repositories, kept for callers without limits, for whom its key names it.
    ///
    /// # Errors
    /// If it cannot be made.
    pub(super) fn list(
        &self,
        caller: &Caller,
        key: String,
        make: impl FnOnce() -> Result<RepositoryList, Problem>,
    ) -> Result<Arc<RepositoryList>, Problem> {
        if !caller.sees_everything() {
            return make().map(Arc::new);
        }
        if let Some(known) = self.lists.lock().get(&key) {
            return Ok(Arc::clone(known));
        }
        let made = Arc::new(make()?);
        let mut lists = self.lists.lock();
        if lists.len() >= KEPT_LISTS {
            lists.clear();
        }
        lists.insert(key, Arc::clone(&made));
        Ok(made)
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
        let graph = self.graph.as_ref()?;
        let registries = &graph.analysed.registries;
        let place = registries.iter().position(|own| own.name() == registry)?;
        let context = self.inputs.context(&graph.analysed.catalogue);
        Some(graph.every_move[place].get_or_init(|| registries[place].every_move(&context)))
    }

    /// The analysis for another release of Alpine. Waits while one is being computed.
    ///
    /// # Errors
    /// If sizes overflow, or if the release is not known.
    pub(super) fn on_release(&self, inputs: &AnalysisInputs) -> Result<Arc<Analysed>, Problem> {
        let release = inputs.verdicts.alpine_release;
        let graph = self.graph()?;
        let mut kept = graph.other_release.lock();
        if let Some((of, analysed)) = kept.as_ref()
            && *of == release
        {
            return Ok(Arc::clone(analysed));
        }
        let analysed = Arc::new(graph.analysed.reanalysed_with(inputs)?);
        *kept = Some((release, Arc::clone(&analysed)));
        Ok(analysed)
    }

    /// A registry's row.
    ///
    /// # Errors
    /// If there is no such registry.
    pub(super) fn registry_row(&self, name: &str) -> Result<&RegistryRow, Problem> {
        let mut rows = self.report.registries.iter();
        rows.find(|row| row.registry.as_str() == name)
            .ok_or_else(|| unknown_registry(name))
    }

    /// A registry's row and its analysis.
    ///
    /// # Errors
    /// If there is no such registry, and as with [`Self::analysed`].
    pub(super) fn registry(&self, name: &str) -> Result<(&RegistryRow, &AnalysedRegistry), Problem> {
        let row = self.registry_row(name)?;
        let mut registries = self.analysed()?.registries.iter();
        let analysed = registries.find(|own| own.name() == &row.registry);
        Ok((row, analysed.ok_or_else(|| unknown_registry(name))?))
    }

    /// How the last crawl of a registry went.
    pub(super) fn last_crawl(&self, registry: &RegistryName) -> LastCrawl {
        let mut rows = self.report.registries.iter();
        let place = rows.position(|row| row.registry == *registry);
        place.map_or(LastCrawl::Unfinished, |place| self.last_crawls[place])
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
        let found = registry.parse().ok().zip(repository.parse().ok());
        let place = found.and_then(|(registry, repository)| self.place_of(registry, repository));
        place
            .map(|place| &self.report.repositories[place])
            .ok_or_else(|| {
                Problem::not_found(format!(
                    "there is no repository {} in {}",
                    printable(repository),
                    printable(registry)
                ))
            })
    }

    /// The image that determines a repository's verdict, if there is one.
    pub(super) fn representative_of(&self, row: &RepositoryRow) -> Option<&ImageRow> {
        let place = self.place_of(row.registry.clone(), row.totals.repository.clone())?;
        self.representatives[place].as_ref()
    }

    /// The place of a row in the report.
    pub(super) fn place(&self, row: &RepositoryRow) -> Option<u32> {
        let place = self.place_of(row.registry.clone(), row.totals.repository.clone())?;
        u32::try_from(place).ok()
    }

    fn place_of(&self, registry: RegistryName, repository: RepositoryName) -> Option<usize> {
        self.places.get(&(registry, repository)).copied()
    }
}

/// The problem for an unknown registry.
pub(super) fn unknown_registry(name: &str) -> Problem {
    Problem::not_found(format!(
        "the registry {} is unknown or not crawled yet; see /v1/registries",
        printable(name)
    ))
}

/// Hashes what is written, which need not be in memory as a whole.
struct Hashing(Sha256);

impl Write for Hashing {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
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
    pub(super) fn replace(&self, snapshot: Arc<Snapshot>) {
        *self.current.write() = Some(snapshot);
    }
}
