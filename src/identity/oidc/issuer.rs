use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use parking_lot::{Mutex, RwLock};

use super::client_secret;
use super::discovery::LoginEndpoints;
use super::error::IssuerError;
use super::fetch::{Fetcher, Published};
use super::keys::{KeySet, NoKey};
use super::lookup_budget::LookupBudget;
use super::settings::IssuerSettings;
use super::verify::Unverified;
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
    login: Result<LoginEndpoints, IssuerError>,
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
        if let Some(login) = &settings.login {
            client_secret::read(login)?;
        }
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

    /// The keys that can check a token, fetched anew if none of those that are held has its name.
    pub(super) async fn keys_for(&self, unverified: &Unverified, now: DateTime<Utc>) -> Option<Arc<KeySet>> {
        let held = self.keys(now);
        match held {
            Some(keys) if !matches!(unverified.key(&keys), Err(NoKey::Unknown)) => Some(keys),
            held => self.newer_keys(held, now).await,
        }
    }

    /// The endpoints for logins, as the issuer last published them.
    ///
    /// # Errors
    /// If it has never answered, or has no such endpoints.
    pub(super) async fn login_endpoints(&self, now: DateTime<Utc>) -> Result<LoginEndpoints, IssuerError> {
        let held = || self.held.read().as_ref().map(|held| held.login.clone());
        if let Some(login) = held() {
            return login;
        }
        let _renewal = self.renewal.lock().await;
        // A request that waited for the lock before this one may have brought them.
        if let Some(login) = held() {
            return login;
        }
        // Anybody can begin a login, so an issuer that is away is asked only so often.
        if !self.lookups.lock().take(now) {
            return Err(IssuerError::Unreachable {
                url: self.settings.issuer.document(),
                reason: "it has not answered since the service started".to_owned(),
            });
        }
        self.renew(now).await?;
        held().unwrap_or(Err(IssuerError::NoDocument))
    }

    /// Sends requests to the issuer.
    pub(super) fn fetcher(&self) -> &Fetcher {
        &self.fetcher
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
        let Published { keys, login } = self.fetcher.published().await?;
        let count = keys.len();
        let held = HeldKeys {
            keys: Arc::new(keys),
            login,
            since: now,
        };
        let before = self.held.write().replace(held);
        if before.is_none() {
            tracing::info!(issuer = %self.settings.issuer, keys = count, "tokens of the issuer are accepted");
        }
        Ok(())
    }
}
