use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::asks::Asks;
use super::error::IssuerError;
use super::fetch::Fetcher;
use super::keys::KeySet;
use super::settings::IssuerSettings;
use crate::clock::Clock;
use crate::metrics::ProcessCounters;

/// How often keys are renewed: so long is a key accepted that its issuer has taken back.
const RENEW_EVERY: Duration = Duration::from_secs(600);
/// The shortest wait after a renewal that failed; it doubles with each.
const RETRY_AFTER: Duration = Duration::from_secs(5);
/// How long keys are used while their issuer is away.
const KEPT_FOR: TimeDelta = TimeDelta::hours(24);

/// An issuer whose tokens are accepted, with the keys that it had when it was last asked.
#[derive(Debug)]
pub(in crate::api) struct Issuer {
    settings: IssuerSettings,
    fetcher: Fetcher,
    held: RwLock<Option<Held>>,
    asks: Mutex<Asks>,
    /// Held by whoever asks the issuer, so that nobody else does at the same time.
    turn: tokio::sync::Mutex<()>,
    counters: ProcessCounters,
}

/// Keys, and when the issuer had them.
#[derive(Debug, Clone)]
struct Held {
    keys: Arc<KeySet>,
    since: DateTime<Utc>,
}

impl Held {
    fn are_fresh(&self, now: DateTime<Utc>) -> bool {
        now - self.since < KEPT_FOR
    }
}

impl Issuer {
    /// Readies what asks the issuer, and asks nothing yet.
    ///
    /// # Errors
    /// Where requests to it cannot be set up.
    pub fn new(
        settings: IssuerSettings,
        counters: ProcessCounters,
        now: DateTime<Utc>,
    ) -> Result<Self, IssuerError> {
        let fetcher = Fetcher::new(&settings)?;
        // Never yet, and an alert may ask for how long.
        counters.note_issuer_keys(settings.issuer.as_str(), DateTime::UNIX_EPOCH);
        Ok(Self {
            fetcher,
            settings,
            held: RwLock::default(),
            asks: Mutex::new(Asks::new(now)),
            turn: tokio::sync::Mutex::default(),
            counters,
        })
    }

    pub fn settings(&self) -> &IssuerSettings {
        &self.settings
    }

    /// The keys as they are known; none before the issuer has answered for the first time, and none after it has been
    /// away for too long.
    pub(super) fn keys(&self, now: DateTime<Utc>) -> Option<Arc<KeySet>> {
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        held.as_ref()
            .filter(|held| held.are_fresh(now))
            .map(|held| Arc::clone(&held.keys))
    }

    /// The keys, asked for anew because a token names one that is not among those in `seen`, unless the issuer has
    /// been asked for such tokens too often.
    pub(super) async fn newer_keys(
        &self,
        seen: Option<Arc<KeySet>>,
        now: DateTime<Utc>,
    ) -> Option<Arc<KeySet>> {
        let _turn = self.turn.lock().await;
        let present = self.keys(now);
        // Whoever had the turn before may have brought newer ones.
        let are_seen = match (&present, &seen) {
            (Some(present), Some(seen)) => Arc::ptr_eq(present, seen),
            (present, _) => present.is_none(),
        };
        if !are_seen || !self.asks.lock().unwrap_or_else(PoisonError::into_inner).take(now) {
            return present;
        }
        if let Err(error) = self.renew(now).await {
            tracing::warn!(issuer = %self.settings.issuer, %error, "keys of the issuer could not be fetched");
        }
        self.keys(now)
    }

    /// Renews the keys again and again. It ends when it is dropped.
    pub async fn keep_fresh(self: Arc<Self>, clock: Arc<dyn Clock>) {
        let mut after_failure = RETRY_AFTER;
        loop {
            let now = clock.now();
            let renewed = {
                let _turn = self.turn.lock().await;
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
        let held = Held { keys, since: now };
        let before = self
            .held
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .replace(held);
        if before.is_none() {
            tracing::info!(issuer = %self.settings.issuer, keys = count, "tokens of the issuer are accepted");
        }
        self.counters.note_issuer_keys(self.settings.issuer.as_str(), now);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_outlast_their_issuers_absence_for_a_day() {
        let keys = json_keys();
        let held = Held {
            keys: Arc::new(keys),
            since: DateTime::UNIX_EPOCH,
        };
        let after = |hours| DateTime::UNIX_EPOCH + TimeDelta::hours(hours);
        assert!(held.are_fresh(after(0)) && held.are_fresh(after(23)));
        assert!(!held.are_fresh(after(24)));
    }

    fn json_keys() -> KeySet {
        let key = serde_json::json!({"kty": "OKP", "crv": "Ed25519", "x": "AA"});
        KeySet::parse(serde_json::json!({"keys": [key]}).to_string().as_bytes()).unwrap()
    }
}
