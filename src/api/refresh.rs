//! Keeps the figures and the keys up to date with the store.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use tokio::time::sleep;
use tracing::Span;

use super::Api;
use super::snapshot::{Fingerprint, Snapshot};
use crate::analysis::AnalysisError;
use crate::report::ReportError;
use crate::store::StoreError;
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

/// How often the store is asked whether events have changed something. Our choice: a push shows within two seconds, and the
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
                ReportError::Overflow { .. } | ReportError::OverflowOfAll(_) => {
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
    let mut current: Option<Fingerprint> = None;
    let every = api.settings.refresh_every;
    let mut wait = every;
    loop {
        let started = Instant::now();
        let applied = api.store.events_applied(None).await.ok().flatten();
        match poll(&api, &mut current).await {
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
            () = events_since(&api, applied, rest) => {}
        }
    }
}

/// Waits until events have changed something since a moment, and at least for a while.
async fn events_since(api: &Api, known: Option<DateTime<Utc>>, rest: Duration) {
    sleep(rest).await;
    loop {
        // If the store does not answer, the next poll says so.
        if let Ok(applied) = api.store.events_applied(None).await
            && applied != known
        {
            return;
        }
        sleep(EVENTS_EVERY).await;
    }
}

/// Reads the keys, ends the parts of lost workers, and computes the figures if the store has changed.
async fn poll(api: &Arc<Api>, current: &mut Option<Fingerprint>) -> Result<(), RefreshError> {
    api.authenticator.reload_keys().await?;
    // A crawl whose process was killed does not stay "running", even if no crawler is left to notice.
    api.store.expire_workers(api.clock.now()).await?;
    let registries = api.store.registries().await?;
    let found = Fingerprint::new(&registries, &api.store.pull_imports().await?);
    if current.as_ref() == Some(&found) {
        return Ok(());
    }
    let started = Instant::now();
    let analysed = api.analysis.analysed().await?;
    let today = api.clock.now().date_naive();
    let inputs = Arc::new(api.analysis.inputs_with_recent_pulls(today).await?);
    let span = Span::current();
    let snapshot =
        tokio::task::spawn_blocking(move || span.in_scope(|| Snapshot::new(analysed, inputs))).await??;
    let forecast = api.analysis.forecast(&snapshot.report).await?;
    let snapshot = snapshot.with_forecast(forecast);
    tracing::info!(
        registries = snapshot.report.registries.len(),
        repositories = snapshot.report.repositories.len(),
        milliseconds = milliseconds(started.elapsed()),
        "figures renewed"
    );
    api.snapshots.replace(snapshot);
    *current = Some(found);
    Ok(())
}
