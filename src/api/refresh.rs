//! Keeps the figures and the keys up to date with the store.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::time::sleep;
use tracing::{Instrument as _, Span};

use super::Api;
use super::call::Call;
use super::problem::Problem;
use super::snapshot::Snapshot;
use crate::analysis::{AnalysisError, AnswersState};
use crate::report::{AnalysisInputs, ReportError};
use crate::store::{LatestChanges, StoreError};
use crate::units::milliseconds;

/// The maximum wait between two attempts to reach a store that does not answer. Our choice: the service recovers soon
/// after the store, and many instances do not load it.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// The reasons why figures are not renewed.
#[derive(Debug, thiserror::Error)]
enum RefreshError {
    /// The store fails.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The analysis fails.
    #[error(transparent)]
    Analysis(#[from] AnalysisError),
    /// The report cannot be computed.
    #[error(transparent)]
    Report(#[from] ReportError),
    /// The computation panicked.
    #[error("the computation of figures stopped: {0}")]
    Stopped(#[from] tokio::task::JoinError),
}

/// How often the store is asked whether events have changed something, or another process has saved answers. Our choice: a push shows within two seconds, and the
/// query is small.
const EVENTS_EVERY: Duration = Duration::from_millis(250);
/// Figures are renewed because of events at most so often that this takes a fifth of the time. Our choice: a registry in
/// use sends events all day.
const EVENTS_SHARE: u32 = 4;

impl RefreshError {
    /// Whether the database did not answer.
    fn is_connection(&self) -> bool {
        matches!(self, Self::Store(error) | Self::Analysis(AnalysisError::Store(error)) if error.is_transient())
    }

    /// The reason for everyone who may ask whether the service is ready: it names no registry, file or host.
    fn reason(&self) -> &'static str {
        match self {
            Self::Store(error) | Self::Analysis(AnalysisError::Store(error)) => match error.is_transient() {
                true => "the database does not answer",
                false => "the database holds something that this version cannot read",
            },
            Self::Analysis(AnalysisError::Report(error)) | Self::Report(error) => match error {
                ReportError::Overflow { .. } | ReportError::OverflowOfAll(_) | ReportError::Plan { .. } => {
                    "the crawled registries claim sizes that cannot be added up"
                }
                ReportError::Costs(_) => "costs cannot be computed with the configured price books",
                ReportError::Catalogue(_) => "a catalogue file cannot be used",
                ReportError::UnknownAlpine(_) => "the configured release of Alpine is not known",
            },
            Self::Analysis(_) | Self::Stopped(_) => "the computation of the figures failed",
        }
    }
}

/// Polls the store until it is dropped.
pub(super) async fn refresh(api: Arc<Api>) {
    let mut shown = Shown::default();
    let every = api.settings.refresh_every;
    let mut wait = every;
    loop {
        let started = Instant::now();
        let known = api.store.latest_changes().await.ok();
        let renewed = api.analysis.renewed();
        match poll(&api, &mut shown).await {
            Ok(()) => {
                api.snapshots.remember_failure(None);
                wait = every;
            }
            Err(error) => {
                api.snapshots.remember_failure(Some(error.reason()));
                // The present figures stay until newer ones are ready.
                let cause = match error.is_connection() {
                    // The embedded database has one connection, which is in use.
                    true if !api.store.is_embedded() => api.store.connection_fault().await,
                    _ => None,
                };
                tracing::warn!(
                    error = format!("{error:#}"),
                    cause,
                    "figures could not be renewed"
                );
                wait = (wait * 2).clamp(every, LONGEST_WAIT.max(every));
            }
        }
        let rest = started.elapsed() * EVENTS_SHARE;
        tokio::select! {
            () = sleep(wait) => {}
            () = changes_since(&api, known, rest) => {}
            () = renewed => {}
        }
    }
}

/// Waits until events have changed something or another process has saved answers, and at least for a while.
async fn changes_since(api: &Api, known: Option<LatestChanges>, rest: Duration) {
    sleep(rest).await;
    loop {
        // If the store does not answer, the next poll says so.
        if let Ok(latest) = api.store.latest_changes().await
            && Some(latest) != known
        {
            return;
        }
        sleep(EVENTS_EVERY).await;
    }
}

/// What the service shows.
#[derive(Default)]
struct Shown {
    /// The state of the store whose figures are shown, if they are current.
    current: Option<AnswersState>,
    /// The id of the state of the saved answers that were read last.
    read: Option<String>,
}

/// Reads the keys, ends the parts of lost workers, and renews the figures if the store has changed.
async fn poll(api: &Arc<Api>, shown: &mut Shown) -> Result<(), RefreshError> {
    api.authenticator.reload_keys().await?;
    let now = api.clock.now();
    // A crawl whose process was killed does not stay "running", even if no crawler is left to notice.
    api.store.expire_workers(now).await?;
    let state = api.analysis.answers_state().await?;
    if shown.current.as_ref() == Some(&state) {
        return Ok(());
    }
    // A crawler in this process has analysed it already.
    let is_analysed = api.analysis.has_analysed(&state).await;
    if !is_analysed {
        if read(api, shown, &state).await? {
            return Ok(());
        }
        // Another process computes the figures; those that are shown stand until it has saved them.
        if !api.analysis.claim_answers(&state, now).await? && api.snapshots.current().is_some() {
            return Ok(());
        }
    }
    match compute(api, &state, !is_analysed).await {
        Ok(()) => shown.current = Some(state),
        Err(error) => {
            // If this fails too, the claim ends by itself.
            let _ = api.analysis.release_answers(&state).await;
            return Err(error);
        }
    }
    Ok(())
}

/// Shows the answers that another process saved, and returns whether they are of this state. Older ones are shown until
/// newer ones are there.
async fn read(api: &Arc<Api>, shown: &mut Shown, state: &AnswersState) -> Result<bool, RefreshError> {
    let id = state.id();
    if let Some((found, answers)) = api.analysis.saved_answers(shown.read.as_deref()).await? {
        let is_current = found == id;
        shown.read = Some(found);
        if is_current || api.snapshots.current().is_none() {
            let inputs = inputs(api).await?;
            let snapshot = in_background(move || Ok(Snapshot::from_answers(answers, inputs))).await?;
            show(api, snapshot).await?;
        }
        if is_current {
            shown.current = Some(state.clone());
            return Ok(true);
        }
    }
    Ok(false)
}

/// Computes the figures of a state, shows them, and saves them for other processes.
async fn compute(api: &Arc<Api>, state: &AnswersState, save: bool) -> Result<(), RefreshError> {
    let snapshot = show(api, whole(api).await?).await?;
    if save && let Ok(analysed) = snapshot.analysed() {
        let (report, inputs) = (snapshot.report.clone(), Arc::clone(&snapshot.inputs));
        let now = api.clock.now();
        api.analysis
            .save_answers(state, analysed, report, &inputs, now)
            .await?;
    }
    Ok(())
}

/// The figures with the analysis that they rest on.
async fn whole(api: &Arc<Api>) -> Result<Snapshot, RefreshError> {
    let analysed = api.analysis.analysed().await?;
    let inputs = inputs(api).await?;
    in_background(move || Snapshot::new(analysed, inputs)).await
}

async fn inputs(api: &Arc<Api>) -> Result<Arc<AnalysisInputs>, RefreshError> {
    let today = api.clock.now().date_naive();
    Ok(Arc::new(api.analysis.inputs_with_recent_pulls(today).await?))
}

async fn in_background(
    work: impl FnOnce() -> Result<Snapshot, ReportError> + Send + 'static,
) -> Result<Snapshot, RefreshError> {
    let span = Span::current();
    Ok(tokio::task::spawn_blocking(move || span.in_scope(work)).await??)
}

/// Shows figures from now on.
async fn show(api: &Arc<Api>, snapshot: Snapshot) -> Result<Arc<Snapshot>, RefreshError> {
    let started = Instant::now();
    let forecast = api.analysis.forecast(&snapshot.report).await?;
    let snapshot = Arc::new(snapshot.with_forecast(forecast));
    tracing::info!(
        registries = snapshot.report.registries.len(),
        repositories = snapshot.report.repositories.len(),
        computed = snapshot.is_whole(),
        milliseconds = milliseconds(started.elapsed()),
        "figures renewed"
    );
    api.snapshots.replace(Arc::clone(&snapshot));
    Ok(snapshot)
}

impl Call {
    /// The figures with the analysis that they rest on. Where they were read and not computed, the first request computes
    /// them.
    ///
    /// # Errors
    /// If there are no figures, or if they cannot be computed.
    pub(super) async fn whole_snapshot(&self) -> Result<Arc<Snapshot>, Problem> {
        let present = self.snapshot()?;
        if present.is_whole() {
            return Ok(present);
        }
        let _turn = self.api.wholes.lock().await;
        // Another request may have waited for them.
        let present = self.snapshot()?;
        if present.is_whole() {
            return Ok(present);
        }
        let api = Arc::clone(&self.api);
        // A client that goes away does not end the computation.
        let work = async move { show(&api, whole(&api).await?).await };
        let task = self.api.runtime.spawn(work.in_current_span());
        task.await.map_err(Problem::internal)?.map_err(|error| {
            Problem::unavailable(
                format!("the figures cannot be computed, because {}", error.reason()),
                30,
            )
        })
    }
}
