//! Keeps the figures and the keys up to date with the store.

use std::sync::Arc;
use std::time::Duration;

use super::Api;
use super::snapshot::{Fingerprint, Snapshot};
use crate::units::milliseconds;

/// The maximum wait between two attempts to reach a store that does not answer.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// Polls the store until it is dropped.
pub(super) async fn refresh(api: Arc<Api>) {
    let mut shown: Option<Fingerprint> = None;
    let every = api.settings.refresh_every;
    let mut wait = every;
    loop {
        match look(&api, &mut shown).await {
            Ok(()) => wait = every,
            Err(error) => {
                // The present figures stay until newer ones are ready.
                tracing::warn!(error = format!("{error:#}"), "figures could not be renewed");
                wait = (wait * 2).clamp(every, LONGEST_WAIT.max(every));
            }
        }
        tokio::time::sleep(wait).await;
    }
}

/// Reads the keys, and computes the figures if the store has changed.
async fn look(
    api: &Arc<Api>,
    shown: &mut Option<Fingerprint>,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    api.authenticator.reload_keys().await?;
    let registries = api.store.registries().await?;
    let found = Fingerprint::new(&registries, &api.store.pull_imports().await?);
    if shown.as_ref() == Some(&found) {
        return Ok(());
    }
    let started = std::time::Instant::now();
    let analysed = api.analysis.analysed().await?;
    let today = api.clock.now().date_naive();
    let inputs = Arc::new(api.analysis.inputs_with_recent_pulls(today).await?);
    let snapshot = tokio::task::spawn_blocking(move || Snapshot::new(analysed, inputs)).await??;
    tracing::info!(
        registries = snapshot.report.registries.len(),
        repositories = snapshot.report.repositories.len(),
        milliseconds = milliseconds(started.elapsed()),
        "figures renewed"
    );
    api.snapshots.replace(snapshot);
    *shown = Some(found);
    Ok(())
}
