use std::net::IpAddr;
use std::sync::Arc;

use tracing::Instrument as _;

use super::Caller;
use super::api_key::KeyRing;
use super::failed_logins::FailedLogins;
use super::oidc::{Issuer, IssuerError, IssuerSettings, Refusal, is_token, token_caller};
use crate::clock::Clock;
use crate::store::{Store, StoreError};

/// Finds out who sends a request, by an API key or by an access token of an identity provider.
pub struct Authenticator {
    store: Store,
    keys: Arc<KeyRing>,
    issuers: Vec<Arc<Issuer>>,
    failed_logins: FailedLogins,
    clock: Arc<dyn Clock>,
    /// The runtime of the store's connections, on which issuers are queried.
    runtime: tokio::runtime::Handle,
}

/// Why a credential is not accepted.
#[derive(Debug, thiserror::Error)]
pub enum Rejection {
    /// The credential is neither a key nor a token.
    #[error("the header Authorization is not Bearer with a key or token")]
    NotBearer,
    /// No such key is valid.
    #[error("this key is not accepted: it is unknown, expired or revoked")]
    UnknownKey,
    /// The access token is not accepted, or allows nothing.
    #[error("an access token was refused: {0}")]
    Token(Refusal),
    /// The credential is not accepted, and the address has had too many failed logins.
    #[error("too many failed logins; try again in {wait_seconds} s")]
    TooManyFailures {
        /// The seconds to wait.
        wait_seconds: u64,
        /// Why the credential was not accepted, if it is a token.
        refusal: Option<Refusal>,
    },
    /// The keys could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Reading the keys was interrupted.
    #[error(transparent)]
    Interrupted(#[from] tokio::task::JoinError),
}

impl Rejection {
    /// Why an access token was not accepted; `None` if the rejection is about something else.
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Token(refusal) => Some(refusal),
            Self::TooManyFailures { refusal, .. } => refusal.as_ref(),
            _ => None,
        }
    }
}

impl Authenticator {
    /// An authenticator without keys; [`reload_keys`](Self::reload_keys) reads them. No issuer is asked yet.
    ///
    /// `runtime` is where the store's connections live.
    ///
    /// # Errors
    /// If requests to an issuer cannot be set up; names the issuer.
    pub fn new(
        store: Store,
        issuers: &[IssuerSettings],
        clock: Arc<dyn Clock>,
        runtime: tokio::runtime::Handle,
    ) -> Result<Self, (String, IssuerError)> {
        let prepare = |settings: &IssuerSettings| {
            Issuer::new(settings.clone(), clock.now())
                .map(Arc::new)
                .map_err(|error| (settings.issuer.to_string(), error))
        };
        Ok(Self {
            store,
            keys: Arc::default(),
            issuers: issuers.iter().map(prepare).collect::<Result<_, _>>()?,
            failed_logins: FailedLogins::default(),
            clock,
            runtime,
        })
    }

    /// The issuers whose tokens are accepted beside keys.
    pub fn issuers(&self) -> &[Arc<Issuer>] {
        &self.issuers
    }

    /// Reads the keys from the store. Call it on the runtime where the store's connections live.
    ///
    /// # Errors
    /// If the store fails; the keys that were read before stay in use.
    pub async fn reload_keys(&self) -> Result<(), StoreError> {
        self.keys.reload(&self.store).await
    }

    /// Finds out who sends a request with this bearer credential, `None` if it has another one. Failed logins are
    /// counted by the address.
    ///
    /// # Errors
    /// If the credential is not accepted or cannot be checked.
    pub async fn authenticate(
        &self,
        bearer: Option<&str>,
        address: Option<IpAddr>,
    ) -> Result<Caller, Rejection> {
        let rejection = match self.check(bearer).await {
            Ok(caller) => return Ok(caller),
            Err(rejection) => rejection,
        };
        let is_failed_login = match &rejection {
            // The issuer does not answer, or the token is valid and allows nothing: not an attempt at guessing.
            Rejection::Token(Refusal::NoKeys | Refusal::NoRule(_)) => false,
            Rejection::NotBearer | Rejection::UnknownKey | Rejection::Token(_) => true,
            _ => false,
        };
        if is_failed_login && let Some(wait_seconds) = self.failed_logins.note(address) {
            let refusal = match rejection {
                Rejection::Token(refusal) => Some(refusal),
                _ => None,
            };
            return Err(Rejection::TooManyFailures {
                wait_seconds,
                refusal,
            });
        }
        Err(rejection)
    }

    /// Counts a failed login by other means than a key or token. Returns the seconds to wait if the address has had too many.
    pub fn note_failed_login(&self, address: Option<IpAddr>) -> Option<u64> {
        self.failed_logins.note(address)
    }

    async fn check(&self, bearer: Option<&str>) -> Result<Caller, Rejection> {
        match bearer {
            Some(token) if !self.issuers.is_empty() && is_token(token) => {
                let caller = token_caller(token, &self.issuers, &*self.clock, &self.runtime).await;
                caller.map_err(Rejection::Token)
            }
            Some(key) => self.owner(key).await,
            None => Err(Rejection::NotBearer),
        }
    }

    /// The caller that a key was made for.
    async fn owner(&self, key: &str) -> Result<Caller, Rejection> {
        let now = self.clock.now();
        if let Some(caller) = self.keys.find(key, now) {
            return Ok(caller);
        }
        if self.keys.may_reload() {
            let (keys, store) = (Arc::clone(&self.keys), self.store.clone());
            let reload = async move { keys.reload(&store).await };
            self.runtime.spawn(reload.in_current_span()).await??;
            if let Some(caller) = self.keys.find(key, now) {
                return Ok(caller);
            }
        }
        Err(Rejection::UnknownKey)
    }
}
