use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use parking_lot::{Mutex, RwLock};

use super::error::IssuerError;
use super::fetch::Fetcher;
use super::keys::KeySet;
use super::lookup_budget::LookupBudget;
use super::settings::IssuerSettings;
use crate::clock::Clock;

/// How often keys are renewed. A key that its issuer has withdrawn is accepted for at most as long. Our choice: providers
/// announce new keys hours before they use them.
const RENEW_EVERY: Duration = Duration::from_secs(600);
/// The wait after the first renewal that failed; it doubles with each further one, up to [`RENEW_EVERY`]. Our choice: a
/// restart of the issuer takes about as long.
const RETRY_AFTER: Duration = Duration::from_secs(5);
/// How long keys are used while their issuer does not answer. Our choice: an outage of one night does not lock users out.
const KEPT_FOR: TimeDelta = TimeDelta::hours(24);

/// An issuer whose tokens are accepted, with the keys that it had when it was last asked.
#[derive(Debug)]
pub struct Issuer {
    settings: IssuerSettings,
    fetcher: Fetcher,
    held: RwLock<Option<HeldKeys>>,
    lookups: Mutex<LookupBudget>,
    /// Locked while the issuer is asked, so that one request at a time asks it.
    renewal: tokio::sync::Mutex<()>,
}

/// Keys, and when the issuer gave them.
#[derive(Debug, Clone)]
struct HeldKeys {
    keys: Arc<KeySet>,
    since: DateTime<Utc>,
}

impl HeldKeys {
    fn are_fresh(&self, now: DateTime<Utc>) -> bool {
        now - self.since < KEPT_FOR
    }
}

impl Issuer {
    /// Prepares requests to the issuer; sends none yet.
    ///
    /// # Errors
    /// If requests cannot be set up.
    pub fn new(settings: IssuerSettings, now: DateTime<Utc>) -> Result<Self, IssuerError> {
        let fetcher = Fetcher::new(&settings)?;
        Ok(Self {
            fetcher,
            settings,
            held: RwLock::default(),
            lookups: Mutex::new(LookupBudget::new(now)),
            renewal: tokio::sync::Mutex::default(),
        })
    }

    /// The settings of this issuer.
    pub fn settings(&self) -> &IssuerSettings {
        &self.settings
    }

    /// When the issuer last gave its keys; `None` if it never has since the service started.
    pub fn keys_renewed_at(&self) -> Option<DateTime<Utc>> {
        let held = self.held.read();
        held.as_ref().map(|held| held.since)
    }

    /// The keys that the issuer gave last; `None` before it has answered for the first time, and after it has not answered
    /// for too long.
    pub(super) fn keys(&self, now: DateTime<Utc>) -> Option<Arc<KeySet>> {
        let held = self.held.read();
        held.as_ref()
            .filter(|held| held.are_fresh(now))
            .map(|held| Arc::clone(&held.keys))
    }

    /// The keys, fetched anew because a token names one that is not in `seen`, unless that happened too often.
    pub(super) async fn newer_keys(
        &self,
        seen: Option<Arc<KeySet>>,
        now: DateTime<Utc>,
    ) -> Option<Arc<KeySet>> {
        let _renewal = self.renewal.lock().await;
        let present = self.keys(now);
        // A request that waited for the lock before this one may have brought newer ones.
        let are_seen = match (&present, &seen) {
            (Some(present), Some(seen)) => Arc::ptr_eq(present, seen),
            (present, _) => present.is_none(),
        };
        if !are_seen || !self.lookups.lock().take(now) {
            return present;
        }
        if let Err(error) = self.renew(now).await {
            tracing::warn!(issuer = %self.settings.issuer, %error, "keys of the issuer could not be fetched");
        }
        self.keys(now)
    }

    /// Renews the keys every ten minutes, until it is dropped.
    pub async fn keep_fresh(self: Arc<Self>, clock: Arc<dyn Clock>) {
        let mut after_failure = RETRY_AFTER;
        loop {
            let now = clock.now();
            let renewed = {
                let _renewal = self.renewal.lock().await;
                self.renew(now).await
            };
            let wait = match renewed {
                Ok(()) => {
                    after_failure = RETRY_AFTER;
                    RENEW_EVERY
                }
                Err(error) => {
                    tracing::warn!(
                        issuer = %self.settings.issuer,
                        are_tokens_accepted = self.keys(now).is_some(),
                        %error,
                        "keys of the issuer could not be renewed"
                    );
                    let wait = after_failure;
                    after_failure = (after_failure * 2).min(RENEW_EVERY);
                    wait
                }
            };
            tokio::time::sleep(wait).await;
        }
    }

    async fn renew(&self, now: DateTime<Utc>) -> Result<(), IssuerError> {
        let keys = Arc::new(self.fetcher.keys().await?);
        let count = keys.len();
        let held = HeldKeys { keys, since: now };
        let before = self.held.write().replace(held);
        if before.is_none() {
            tracing::info!(issuer = %self.settings.issuer, keys = count, "tokens of the issuer are accepted");
        }
        Ok(())
    }
}
