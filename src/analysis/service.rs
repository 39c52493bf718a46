use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use tokio::sync::futures::OwnedNotified;
use tokio::sync::{Mutex, Notify};
use tracing::Span;

use super::content::{ContentReader, CrawledContent};
use super::drafts::KeptDrafts;
use super::{AnalysisError, PlatformSelection};
use crate::oci::RegistryName;
use crate::report::{
    Analysed, AnalysisInputs, CostReading, FORECAST_HISTORY, Forecast, RegistryContent, Report, ReportOptions,
};
use crate::store::{RegistryPoint, RegistryRecord, ReportOfCrawl, SavedState, Store};

/// How far back counted pulls are looked at to find their present pace: a year and a day, our choice, since a registry
/// may not have been crawled for a while.
const LOOKED_AT_FOR_PACE: Days = Days::new(366);

/// Analyses what the store holds of registries. Clones share the store and what they keep.
#[derive(Clone)]
pub struct AnalysisService {
    pub(super) store: Store,
    pub(super) reader: ContentReader,
    pub(super) inputs: Arc<AnalysisInputs>,
    pub(super) platforms: PlatformSelection,
    /// Identifies inputs and platforms, once it was asked for.
    pub(super) answers_key: Arc<OnceLock<String>>,
    pub(super) keeps: bool,
    /// The latest analysis, if it is kept, and the state of the store that it is of. The lock is held while an analysis
    /// is running, so that it is not repeated at the same time.
    kept: Arc<Mutex<Option<Kept>>>,
    /// Tells that another analysis is kept.
    renewed: Arc<Notify>,
    /// The drafts of past months, if they are kept.
    pub(super) drafts: Arc<Mutex<KeptDrafts>>,
}

struct Kept {
    state: SavedState,
    analysed: Arc<Analysed>,
}

impl Kept {
    /// The content of a registry, if it is the same in another state of the store.
    fn content_of(&self, name: &RegistryName, other: &SavedState) -> Option<Arc<RegistryContent>> {
        let mut known = self.analysed.registries.iter();
        let known = known.find(|registry| registry.name() == name)?;
        let is_same = self.state.is_same_of(name, other);
        is_same.then(|| Arc::clone(&known.content))
    }
}

impl AnalysisService {
    /// Analyses the content of `store` with these inputs. Only images for the selected platforms count.
    pub fn new(store: Store, inputs: Arc<AnalysisInputs>, platforms: PlatformSelection) -> Self {
        Self {
            reader: ContentReader::new(store.clone()),
            store,
            inputs,
            platforms,
            answers_key: Arc::default(),
            keeps: false,
            kept: Arc::default(),
            renewed: Arc::default(),
            drafts: Arc::default(),
        }
    }

    /// Keeps the latest analysis and the drafts of past months until another crawl has ended: for a process that answers from it all the time.
    #[must_use]
    pub fn keeping(mut self) -> Self {
        self.keeps = true;
        self.reader = self.reader.keeping();
        self
    }

    /// Reads the content of registries from the same store, with what this keeps.
    pub fn reader(&self) -> &ContentReader {
        &self.reader
    }

    /// The inputs. Pulls that were counted are in the store and not in these.
    pub fn inputs(&self) -> &Arc<AnalysisInputs> {
        &self.inputs
    }

    /// The inputs with the pulls that were counted since a day, or ever.
    ///
    /// # Errors
    /// If the store fails.
    pub(super) async fn inputs_with_pulls(
        &self,
        since: Option<NaiveDate>,
    ) -> Result<AnalysisInputs, AnalysisError> {
        let counts = self.store.pull_counts(since).await?;
        let mut inputs = AnalysisInputs::clone(&self.inputs);
        inputs.costs.pulls = inputs.costs.pulls.merged(counts);
        Ok(inputs)
    }

    /// The inputs with the counted pulls that show the present pace.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn inputs_with_recent_pulls(&self, today: NaiveDate) -> Result<AnalysisInputs, AnalysisError> {
        self.inputs_with_pulls(today.checked_sub_days(LOOKED_AT_FOR_PACE))
            .await
    }

    /// The analysis of all registries. Base images and Alpine variants are learnt from every registry, so none can be left out.
    ///
    /// # Errors
    /// If the store fails, if sizes overflow, or if a catalogue file is invalid.
    pub async fn analysed(&self) -> Result<Arc<Analysed>, AnalysisError> {
        self.analysed_after(Vec::new()).await
    }

    /// The same analysis, taking the content of registries from crawls that have just ended, and that of registries that have
    /// not changed from the analysis that is kept.
    async fn analysed_after(&self, crawled: Vec<CrawledContent>) -> Result<Arc<Analysed>, AnalysisError> {
        let mut kept = self.kept.lock().await;
        let registries = self.store.registries().await?;
        let state = SavedState::new(&registries);
        if let Some(kept) = kept.as_ref().filter(|kept| kept.state == state) {
            return Ok(Arc::clone(&kept.analysed));
        }
        let mut crawled: HashMap<RegistryName, CrawledContent> = crawled
            .into_iter()
            .map(|content| (content.registry().clone(), content))
            .collect();
        let mut contents = Vec::with_capacity(registries.len());
        for record in &registries {
            let name = &record.registry.name;
            let crawled = crawled.remove(name);
            let unchanged = kept.as_ref().and_then(|kept| kept.content_of(name, &state));
            match unchanged {
                Some(content) => contents.push(content),
                None => contents.extend(self.content(record, crawled).await?.map(Arc::new)),
            }
        }
        let earlier = kept.as_ref().map(|kept| Arc::clone(&kept.analysed));
        let analysed = Arc::new(self.analyse(earlier, contents).await?);
        if self.keeps {
            *kept = Some(Kept {
                state,
                analysed: Arc::clone(&analysed),
            });
            self.renewed.notify_waiters();
        }
        Ok(analysed)
    }

    /// Ends when another analysis is kept than at the time of this call.
    pub fn renewed(&self) -> OwnedNotified {
        Arc::clone(&self.renewed).notified_owned()
    }

    /// Whether the analysis of a state is kept.
    pub(super) async fn keeps_analysis_of(&self, state: &SavedState) -> bool {
        let kept = self.kept.lock().await;
        kept.as_ref().is_some_and(|kept| kept.state == *state)
    }

    /// The content of a registry: what a crawl handed on if that is current, else what the store holds.
    async fn content(
        &self,
        record: &RegistryRecord,
        crawled: Option<CrawledContent>,
    ) -> Result<Option<RegistryContent>, AnalysisError> {
        let name = &record.registry.name;
        let platforms = self.platforms.for_registry(name);
        match crawled.filter(|crawled| crawled.is_current(record, platforms)) {
            Some(crawled) => Ok(crawled.into_content(&self.store).await?),
            None => Ok(self.reader.load(name, platforms, None).await?),
        }
    }

    /// The content of every crawled registry, at a moment of the past or as it is.
    pub(super) async fn contents(
        &self,
        as_of: Option<DateTime<Utc>>,
    ) -> Result<Vec<RegistryContent>, AnalysisError> {
        let mut contents = Vec::new();
        for record in self.store.registries().await? {
            let name = &record.registry.name;
            let platforms = self.platforms.for_registry(name);
            contents.extend(self.reader.load(name, platforms, as_of).await?);
        }
        Ok(contents)
    }

    /// The content of every crawled registry, of which some are asked for.
    ///
    /// # Errors
    /// If nothing has been crawled, or if one of those that are asked for has not.
    pub(super) async fn crawled_contents(
        &self,
        asked: &[RegistryName],
    ) -> Result<Vec<RegistryContent>, AnalysisError> {
        let contents = self.contents(None).await?;
        if contents.is_empty() {
            return Err(AnalysisError::NothingCrawled);
        }
        known_only(asked, contents.iter().map(|content| &content.source.registry))?;
        Ok(contents)
    }

    /// The analysis of all registries as they were at a moment of the past.
    ///
    /// # Errors
    /// As with [`Self::analysed`].
    pub(super) async fn analysed_at(&self, as_of: DateTime<Utc>) -> Result<Analysed, AnalysisError> {
        let contents = self.contents(Some(as_of)).await?;
        let contents = contents.into_iter().map(Arc::new).collect();
        self.analyse(None, contents).await
    }

    /// Analyses registries, after an earlier analysis with the same inputs.
    async fn analyse(
        &self,
        earlier: Option<Arc<Analysed>>,
        contents: Vec<Arc<RegistryContent>>,
    ) -> Result<Analysed, AnalysisError> {
        let inputs = Arc::clone(&self.inputs);
        let span = Span::current();
        let work = move || span.in_scope(|| Analysed::after(earlier.as_deref(), contents, &inputs, |_| true));
        // It takes a second or more, which must not block the other tasks of this thread.
        Ok(tokio::task::spawn_blocking(work).await??)
    }

    /// The report on some registries, or on all if none is named, with all pulls that were ever counted.
    ///
    /// # Errors
    /// If nothing has been crawled or a registry has not, and as with [`Self::analysed`].
    pub async fn report(
        &self,
        registries: &[RegistryName],
        options: &ReportOptions,
    ) -> Result<Report, AnalysisError> {
        let contents = self.crawled_contents(registries).await?;
        let inputs = self.inputs_with_pulls(None).await?;
        let is_chosen = |name: &RegistryName| registries.is_empty() || registries.contains(name);
        let contents = contents.into_iter().map(Arc::new).collect();
        let analysed = Analysed::from_chosen(contents, &inputs, is_chosen)?;
        let mut report = analysed.report(&inputs, options)?;
        report.forecast = self.forecast(&report).await?;
        Ok(report)
    }

    /// What the registries of a report are expected to cost in the next months. `None` if the saved costs of one of them
    /// are those of another price book than the report's, or if there are none.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn forecast(&self, report: &Report) -> Result<Option<Forecast>, AnalysisError> {
        let (from, until) = (
            report.as_of - FORECAST_HISTORY,
            report.as_of + TimeDelta::seconds(1),
        );
        let mut courses = Vec::new();
        for row in &report.registries {
            let Some(cost) = &row.cost else { continue };
            let points = self.store.registry_history(&row.registry, from, until).await?;
            let course: Vec<CostReading> = points.iter().filter_map(RegistryPoint::cost_reading).collect();
            let book = format!("{} {}", cost.price_book.id, cost.price_book.version);
            if course.last().is_none_or(|last| last.price_book != book) {
                return Ok(None);
            }
            courses.push(course);
        }
        let forecast = Forecast::new(&courses);
        Ok(forecast.basis.is_some().then_some(forecast))
    }

    /// The report on all registries with the counted pulls that show the present pace. It is what [`Self::save_report`]
    /// saves.
    ///
    /// # Errors
    /// As with [`Self::analysed`].
    pub async fn current_report(&self, today: NaiveDate) -> Result<Report, AnalysisError> {
        let analysed = self.analysed().await?;
        let inputs = self.inputs_with_recent_pulls(today).await?;
        Ok(analysed.report(&inputs, &ReportOptions::default())?)
    }

    /// Analyses all registries after crawls and saves the report. The content that the crawls hand on is not read again.
    ///
    /// # Errors
    /// As with [`Self::analysed`]; nothing is saved then.
    pub async fn save_report(
        &self,
        crawled: Vec<CrawledContent>,
        now: DateTime<Utc>,
    ) -> Result<Arc<Analysed>, AnalysisError> {
        let state = self.answers_state().await?;
        // Processes that only answer wait for these answers.
        self.claim_answers(&state, now).await?;
        let analysed = self.analysed_after(crawled).await?;
        let inputs = Arc::new(self.inputs_with_recent_pulls(now.date_naive()).await?);
        let report = analysed.report(&inputs, &ReportOptions::default())?;
        self.store
            .save_report(ReportOfCrawl {
                report: &report,
                versions: &self.inputs.versions(),
                computed_at: now,
            })
            .await?;
        self.save_answers(&state, &analysed, report, &inputs, now).await?;
        Ok(analysed)
    }
}

/// Checks that all registries that were asked for are known.
///
/// # Errors
/// Names the first that is not.
pub(super) fn known_only<'a>(
    asked: &[RegistryName],
    known: impl Iterator<Item = &'a RegistryName> + Clone,
) -> Result<(), AnalysisError> {
    let unknown = asked
        .iter()
        .find(|name| !known.clone().any(|known| known == *name));
    unknown.map_or(Ok(()), |unknown| {
        Err(AnalysisError::UnknownRegistry {
            registry: unknown.clone(),
            crawled: known.cloned().collect(),
        })
    })
}
