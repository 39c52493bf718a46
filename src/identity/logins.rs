//! People who log in with a browser at an identity provider, and their sessions.
//!
//! A session is a row in the store, so that it works with every replica and survives a restart. The browser has its id
//! in a cookie. The rules of the configuration are applied to the stored claims with each request: a rule that was
//! changed or removed also changes what a session may do.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use sha2::{Digest as _, Sha256};
use tracing::Instrument as _;
use url::Url;

use super::caller::{Caller, Credential, CredentialKind};
use super::oidc::{Issuer, LoginAttempt, LoginError, LoginSettings, login, session_caller};
use crate::clock::Clock;
use crate::store::{LoginSessionRecord, Store, StoreError};

/// Random bytes of a session's id: 256 bits, as many as its SHA-256 has.
const ID_BYTES: usize = 32;
/// How precisely the last use of a session is stored. Our choice: at most one write a minute for each session.
const USE_PRECISION: TimeDelta = TimeDelta::minutes(1);

/// How people log in.
#[derive(Debug, Clone)]
pub struct LoginOptions {
    /// The address of the page, to which providers send browsers after a logout.
    pub home: Url,
    /// The address to which providers send browsers after a login.
    pub redirect: Url,
    /// How long a session lasts, however often it is used.
    pub lifetime: Duration,
    /// How long a session lasts without being used.
    pub idle_timeout: Duration,
}

/// Logins at the identity providers that are configured for them.
pub struct Logins {
    store: Store,
    providers: Vec<(Arc<Issuer>, LoginSettings)>,
    options: LoginOptions,
    clock: Arc<dyn Clock>,
    /// The runtime of the store's connections, on which providers are queried.
    runtime: tokio::runtime::Handle,
}

/// A session that has just begun. This is the only time that its id is known.
pub struct NewSession {
    /// The id, for the browser's cookie.
    pub id: String,
    /// The person, for the log.
    pub name: String,
    /// How long it lasts at most.
    pub lifetime: Duration,
}

/// Why a login or a session does not work.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// No such provider is configured for logins.
    #[error("there is no identity provider {0} for logins")]
    UnknownProvider(usize),
    /// The login failed.
    #[error(transparent)]
    Login(#[from] LoginError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The system has no random numbers, or a task was interrupted.
    #[error("{0}")]
    Internal(String),
}

impl Logins {
    /// Logins at those of the issuers that are configured for them.
    pub fn new(
        store: Store,
        issuers: &[Arc<Issuer>],
        options: LoginOptions,
        clock: Arc<dyn Clock>,
        runtime: tokio::runtime::Handle,
    ) -> Self {
        let providers = issuers
            .iter()
            .filter_map(|issuer| Some((Arc::clone(issuer), issuer.settings().login.clone()?)))
            .collect();
        Self {
            store,
            providers,
            options,
            clock,
            runtime,
        }
    }

    /// The hosts of the providers, for people to choose from. The place in the list is the provider's number.
    pub fn providers(&self) -> impl Iterator<Item = String> {
        let providers = self.providers.iter();
        providers.map(|(issuer, _)| issuer.settings().issuer.host())
    }

    /// The issuer of a provider, as its tokens name it.
    pub fn issuer(&self, provider: usize) -> Option<&str> {
        let (issuer, _) = self.providers.get(provider)?;
        Some(issuer.settings().issuer.as_str())
    }

    /// Begins a login: where to send the browser, and what it must bring back.
    ///
    /// # Errors
    /// If there is no such provider, or it cannot be asked.
    pub async fn begin(&self, provider: usize) -> Result<(Url, LoginAttempt), SessionError> {
        let (issuer, settings) = self.provider(provider)?;
        let (redirect, now) = (self.options.redirect.clone(), self.clock.now());
        self.run(async move { Ok(login::begin(&issuer, &settings, &redirect, now).await?) })
            .await
    }

    /// Finishes a login with the code that the browser brought back, and begins a session.
    ///
    /// # Errors
    /// If the provider or its ID token does not let the person in, or the store fails.
    pub async fn finish(
        &self,
        provider: usize,
        attempt: LoginAttempt,
        code: String,
    ) -> Result<NewSession, SessionError> {
        let (issuer, settings) = self.provider(provider)?;
        let mut random = [0_u8; ID_BYTES];
        getrandom::fill(&mut random).map_err(|error| SessionError::Internal(error.to_string()))?;
        let id = URL_SAFE_NO_PAD.encode(random);
        let (redirect, now) = (self.options.redirect.clone(), self.clock.now());
        let (lifetime, idle_since) = (self.options.lifetime, self.idle_since(now));
        let (store, id_sha256) = (self.store.clone(), digest(&id));
        let name = self
            .run(async move {
                let claims = login::finish(&issuer, &settings, attempt, code, &redirect, now).await?;
                let caller = session_caller(&claims, issuer.settings());
                let session = LoginSessionRecord {
                    id_sha256,
                    issuer: issuer.settings().issuer.as_str().to_owned(),
                    claims: claims.into(),
                    created_at: now,
                    used_at: now,
                    expires_at: now + delta(lifetime),
                };
                store.add_login_session(&session, idle_since).await?;
                Ok(caller.map(|caller| caller.name).unwrap_or_default())
            })
            .await?;
        Ok(NewSession { id, name, lifetime })
    }

    /// The person whose session has this id; `None` if there is none, it has expired, or the rules allow the person
    /// nothing any more.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn caller(&self, id: &str) -> Result<Option<Caller>, SessionError> {
        if !is_id(id) {
            return Ok(None);
        }
        let now = self.clock.now();
        let (store, id_sha256, idle_since) = (self.store.clone(), digest(id), self.idle_since(now));
        let precision = USE_PRECISION.min(delta(self.options.idle_timeout) / 4);
        let session = self
            .run(async move {
                let session = store.login_session(&id_sha256, now, idle_since).await?;
                if session
                    .as_ref()
                    .is_some_and(|session| now - session.used_at >= precision)
                {
                    store.touch_login_session(&id_sha256, now).await?;
                }
                Ok(session)
            })
            .await?;
        Ok(session.and_then(|session| self.caller_of(&session)))
    }

    fn caller_of(&self, session: &LoginSessionRecord) -> Option<Caller> {
        let (issuer, _) = self
            .providers
            .iter()
            .find(|(issuer, _)| issuer.settings().issuer.as_str() == session.issuer)?;
        let caller = session_caller(session.claims.as_object()?, issuer.settings())?;
        Some(caller.authenticated_by(Credential {
            kind: CredentialKind::Login,
            expires_at: Some(session.expires_at),
        }))
    }

    /// Ends a session. Returns where the browser can end the provider's own session, if the provider offers that.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn end(&self, id: &str) -> Result<Option<Url>, SessionError> {
        if !is_id(id) {
            return Ok(None);
        }
        let (store, id_sha256) = (self.store.clone(), digest(id));
        let ended = self
            .run(async move { Ok(store.end_login_session(&id_sha256).await?) })
            .await?;
        let provider = self
            .providers
            .iter()
            .find(|(issuer, _)| Some(issuer.settings().issuer.as_str()) == ended.as_deref());
        let Some((issuer, settings)) = provider.cloned() else {
            return Ok(None);
        };
        let (home, now) = (self.options.home.to_string(), self.clock.now());
        self.run(async move { Ok(login::end_session(&issuer, &settings, &home, now).await) })
            .await
    }

    fn provider(&self, number: usize) -> Result<(Arc<Issuer>, LoginSettings), SessionError> {
        let provider = self.providers.get(number).cloned();
        provider.ok_or(SessionError::UnknownProvider(number))
    }

    /// A session that was last used then has expired now.
    fn idle_since(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        now.checked_sub_signed(delta(self.options.idle_timeout))
            .unwrap_or(DateTime::UNIX_EPOCH)
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, SessionError>> + Send + 'static,
    ) -> Result<T, SessionError> {
        let task = self.runtime.spawn(work.in_current_span());
        task.await
            .map_err(|error| SessionError::Internal(error.to_string()))?
    }
}

fn digest(id: &str) -> Vec<u8> {
    Sha256::digest(id).to_vec()
}

/// Whether a text has the form of an id, so that others are not looked up.
fn is_id(text: &str) -> bool {
    URL_SAFE_NO_PAD
        .decode(text)
        .is_ok_and(|bytes| bytes.len() == ID_BYTES)
}

/// A setting as a difference of moments. The longest that is accepted is far below what a moment can hold.
fn delta(duration: Duration) -> TimeDelta {
    TimeDelta::from_std(duration)
        .unwrap_or(TimeDelta::days(365))
        .min(TimeDelta::days(365))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_texts_with_the_form_of_an_id_are_looked_up() {
        let id = URL_SAFE_NO_PAD.encode([7; ID_BYTES]);
        assert!(is_id(&id));
        for other in ["", "x", &id[1..], &format!("{id}A"), &id.replace('B', "+"), "é"] {
            assert!(!is_id(other), "{other}");
        }
    }
}
