//! Authentication: which scheme the registry wants, and tokens with their renewal.

mod azure_scopes;
mod entra;
mod exchange;
mod secrets;
mod service;
mod token;
mod token_request;
mod token_scope;
mod token_service;

use std::collections::HashMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, TimeDelta, Utc};
use parking_lot::{Mutex, RwLock};
use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::OwnedMutexGuard;

use self::azure_scopes::{AzureScopes, Refusal};
use self::exchange::EntraLogin;
use self::secrets::repeats;
use self::token::{Token, TokenCache};
pub(super) use self::token_scope::TokenScope;
use self::token_service::TokenService;
use super::azure::is_azure_registry;
use super::challenge::{Bearer, Challenges};
use super::connection::Connection;
use super::explanation::{credentials_rejected, no_right, unsupported_challenge};
use super::{ClientError, ClientSettings, Credentials, Origin, Reason};
use crate::oci::RepositoryName;

/// From which age on a refused token may be out of date. Our choice: tokens live for minutes.
const RENEWED_AFTER: TimeDelta = TimeDelta::seconds(30);

/// The authentication scheme of the registry.
#[derive(Debug, Clone)]
enum AuthScheme {
    /// Not known yet.
    Unknown,
    /// The registry has asked for no credentials so far.
    Anonymous,
    /// User name and password.
    Basic,
    /// A token from this service.
    Bearer(Arc<TokenService>),
}

/// What one attempt sends to authenticate.
pub(super) struct Authorization {
    credential: Credential,
    /// Held by the first request while the scheme is unknown. Other requests wait for its result, so that only
    /// one of them is refused.
    probe_lock: Option<OwnedMutexGuard<()>>,
}

enum Credential {
    None,
    /// A header that is sent as it is: Basic, or the operator's access token.
    Fixed(HeaderValue),
    Token {
        token: Arc<Token>,
        cache: Arc<TokenCache<Token>>,
        /// What the token was asked for.
        scope: String,
    },
}

impl Authorization {
    pub fn header(&self) -> Option<&HeaderValue> {
        match &self.credential {
            Credential::None => None,
            Credential::Fixed(header) => Some(header),
            Credential::Token { token, .. } => Some(&token.header),
        }
    }

    /// Whether a text repeats the credential that was sent.
    pub fn is_repeated_in(&self, text: &str) -> bool {
        self.header()
            .and_then(|header| header.to_str().ok())
            .and_then(|header| header.split_once(' '))
            .is_some_and(|(_, secret)| repeats(text, secret))
    }
}

/// The authentication state of one registry.
pub(super) struct Auth {
    credentials: Credentials,
    /// The header that needs no token service: Basic, or the operator's access token.
    fixed: Option<HeaderValue>,
    scheme: RwLock<AuthScheme>,
    probing: Arc<tokio::sync::Mutex<()>>,
    /// Scopes for which the registry's challenge uses another text than ours.
    scope_overrides: Mutex<HashMap<String, String>>,
    caches: Mutex<HashMap<String, Arc<TokenCache<Token>>>>,
    azure_scopes: AzureScopes,
    /// The source of refresh tokens, if the login uses Entra ID.
    entra: Option<EntraLogin>,
}

impl Auth {
    pub fn new(
        credentials: Credentials,
        origin: &Origin,
        settings: &ClientSettings,
    ) -> Result<Self, ClientError> {
        let entra = match &credentials {
            Credentials::Azure { identity, any_host } => {
                Some(EntraLogin::new(identity.clone(), *any_host, origin, settings)?)
            }
            _ => None,
        };
        let fixed = match &credentials {
            Credentials::Basic { username, password } => {
                if username.contains(':') {
                    let problem = "a user name must not hold a colon".to_owned();
                    return Err(ClientError::Setting {
                        setting: "credentials",
                        problem,
                    });
                }
                Some(basic(username, password)?)
            }
            Credentials::BearerToken(token) => {
                Some(secret_header(format!("Bearer {}", token.expose_secret()))?)
            }
            Credentials::Anonymous | Credentials::IdentityToken(_) | Credentials::Azure { .. } => None,
        };
        // An access token is sent as it is, so there is no scheme to learn.
        let scheme = match credentials {
            Credentials::BearerToken(_) => AuthScheme::Basic,
            _ => AuthScheme::Unknown,
        };
        let host = origin.url().host_str().unwrap_or_default();
        let is_azure = settings.is_azure || entra.is_some() || is_azure_registry(host);
        let azure_scopes = AzureScopes::new(is_azure);
        if let Credentials::IdentityToken(token) = &credentials {
            azure_scopes.learn_from(token.expose_secret());
        }
        Ok(Self {
            credentials,
            fixed,
            azure_scopes,
            scheme: RwLock::new(scheme),
            probing: Arc::default(),
            scope_overrides: Mutex::default(),
            caches: Mutex::default(),
            entra,
        })
    }

    fn scheme(&self) -> AuthScheme {
        self.scheme.read().clone()
    }

    fn set_scheme(&self, scheme: AuthScheme) {
        *self.scheme.write() = scheme;
    }

    /// Prepares for requests to these repositories.
    pub fn expect(&self, repositories: &[RepositoryName]) {
        self.azure_scopes.expect(repositories);
    }

    /// Records that the registry accepted this authorization.
    pub fn on_success(&self, authorization: &Authorization, wanted: &TokenScope<'_>) {
        if let Credential::Token { scope, .. } = &authorization.credential {
            self.azure_scopes.accepted(scope, wanted);
        }
        if matches!(authorization.credential, Credential::None) && authorization.probe_lock.is_some() {
            let mut scheme = self.scheme.write();
            if matches!(*scheme, AuthScheme::Unknown) {
                *scheme = AuthScheme::Anonymous;
            }
        }
    }

    /// Discards a refused token that is older than 30 seconds, so that the next attempt fetches a new one. Returns
    /// whether it was discarded.
    pub fn invalidate_if_old(&self, authorization: &Authorization, now: DateTime<Utc>) -> bool {
        match &authorization.credential {
            Credential::Token { token, cache, .. } if now - token.obtained > RENEWED_AFTER => {
                cache.invalidate(token);
                true
            }
            _ => false,
        }
    }

    /// The token cache of a service and scope. All requests with the same scope share one token.
    fn cache(&self, service: &TokenService, scope: &str) -> Arc<TokenCache<Token>> {
        let key = format!(
            "{} {} {scope}",
            service.realm,
            service.name.as_deref().unwrap_or_default()
        );
        let mut caches = self.caches.lock();
        Arc::clone(caches.entry(key).or_default())
    }

    /// The text of a scope, as the registry writes it.
    fn scope_text(&self, scope: &TokenScope<'_>) -> String {
        if let Some(scope) = self.azure_scopes.scope(scope) {
            return scope;
        }
        let ours = scope.text();
        let scope_overrides = self.scope_overrides.lock();
        scope_overrides.get(&ours).cloned().unwrap_or(ours)
    }
}

impl Auth {
    /// The authorization for the next attempt. May fetch a token, or wait for one that is being fetched.
    pub async fn authorize(
        &self,
        connection: &Connection,
        scope: &TokenScope<'_>,
    ) -> Result<Authorization, Reason> {
        let mut probe_lock = None;
        loop {
            let scheme = self.scheme();
            if !matches!(scheme, AuthScheme::Unknown) {
                // Another request has learned the scheme meanwhile, so nothing needs to wait for this one.
                probe_lock = None;
            }
            let credential = match scheme {
                AuthScheme::Unknown if probe_lock.is_none() => {
                    probe_lock = Some(Arc::clone(&self.probing).lock_owned().await);
                    continue;
                }
                AuthScheme::Unknown if !matches!(self.credentials, Credentials::Anonymous) => {
                    self.probe(connection, scope).await?;
                    continue;
                }
                AuthScheme::Unknown | AuthScheme::Anonymous => Credential::None,
                AuthScheme::Basic => self.fixed.clone().map_or(Credential::None, Credential::Fixed),
                AuthScheme::Bearer(service) => {
                    if let Some(login) = &self.entra {
                        let refresh_token = login.refresh_token(connection, &service).await?;
                        self.azure_scopes.learn_from(refresh_token.secret.expose_secret());
                    }
                    let asked = self.scope_text(scope);
                    let cache = self.cache(&service, &asked);
                    let now = connection.clock.now();
                    let token = match cache.current(now) {
                        Some(token) => Ok(token),
                        None => {
                            cache
                                .renew(now, || self.fetch_token(connection, &service, &asked))
                                .await
                        }
                    };
                    match token {
                        Ok(token) => Credential::Token {
                            token,
                            cache,
                            scope: asked,
                        },
                        Err(Reason::Unauthorized(_))
                            if AzureScopes::is_wildcard(&asked)
                                && self.azure_scopes.refused(&asked, scope, false) == Refusal::AskForLess =>
                        {
                            continue;
                        }
                        Err(reason) => return Err(reason),
                    }
                }
            };
            return Ok(Authorization {
                credential,
                probe_lock,
            });
        }
    }

    /// Asks the registry for its scheme before the first authenticated request. A registry that shows a part of
    /// its content to everyone would otherwise show us only that part.
    async fn probe(&self, connection: &Connection, scope: &TokenScope<'_>) -> Result<(), Reason> {
        let scheme_without_challenge = match self.fixed {
            Some(_) => AuthScheme::Basic,
            None => AuthScheme::Anonymous,
        };
        match connection.probe_challenge().await {
            Some(headers) => {
                let anonymous = Authorization {
                    credential: Credential::None,
                    probe_lock: None,
                };
                let challenges = Challenges::from_headers(&headers);
                self.on_challenge(connection, challenges, scope, &anonymous, &mut 0)
            }
            None => {
                self.set_scheme(scheme_without_challenge);
                Ok(())
            }
        }
    }

    /// Handles a 401: learns the scheme, or returns why it cannot be satisfied.
    pub fn on_challenge(
        &self,
        connection: &Connection,
        challenges: Challenges,
        scope: &TokenScope<'_>,
        authorization: &Authorization,
        refused_tokens: &mut u32,
    ) -> Result<(), Reason> {
        match &authorization.credential {
            Credential::Token {
                token,
                cache,
                scope: asked_for,
            } => {
                let bearer = challenges.bearer.as_ref();
                let teaches_scope = bearer.is_some_and(|bearer| self.teaches_scope(bearer, scope));
                // A token for several repositories, or for all, was asked for more than any challenge names.
                let may_ask_otherwise = teaches_scope && *asked_for == scope.text();
                let is_new = connection.clock.now() - token.obtained <= RENEWED_AFTER && !may_ask_otherwise;
                match self.azure_scopes.refused(asked_for, scope, is_new) {
                    Refusal::AskForLess => {}
                    Refusal::NoRight => return Err(no_right()),
                    Refusal::Unclear => {
                        cache.invalidate(token);
                        *refused_tokens += 1;
                        if *refused_tokens > 1 {
                            return Err(credentials_rejected());
                        }
                        if bearer.is_some_and(|bearer| bearer.lacks_scope) && !teaches_scope {
                            return Err(Reason::Unauthorized(
                                "the registry says that these credentials lack the right to it (insufficient_scope)"
                                    .into(),
                            ));
                        }
                    }
                }
            }
            Credential::Fixed(_) if challenges.bearer.is_none() || !self.can_fetch_tokens() => {
                return Err(Reason::Unauthorized(
                    "the registry refuses the credentials".into(),
                ));
            }
            Credential::Fixed(_) | Credential::None => {}
        }
        if let Some(bearer) = challenges.bearer.filter(|_| self.can_fetch_tokens()) {
            return self.set_token_service(connection, bearer, scope);
        }
        if challenges.basic {
            if self.fixed.is_none() {
                return Err(Reason::Unauthorized(
                    "the registry requires a user name and password".into(),
                ));
            }
            self.set_scheme(AuthScheme::Basic);
            return Ok(());
        }
        Err(unsupported_challenge(
            challenges
                .unsupported
                .filter(|header| !authorization.is_repeated_in(header)),
        ))
    }

    /// Whether a challenge names a scope that was not asked for and may be.
    fn teaches_scope(&self, bearer: &Bearer, scope: &TokenScope<'_>) -> bool {
        let asked = bearer.scope.as_deref().filter(|asked| scope.covers(asked));
        asked.is_some_and(|asked| asked != self.scope_text(scope))
    }

    fn can_fetch_tokens(&self) -> bool {
        !matches!(self.credentials, Credentials::BearerToken(_))
    }

    fn set_token_service(
        &self,
        connection: &Connection,
        bearer: Bearer,
        scope: &TokenScope<'_>,
    ) -> Result<(), Reason> {
        let service = TokenService {
            realm: connection.url_policy.realm(&bearer.realm)?,
            name: bearer.service,
        };
        if let Some(asked) = bearer.scope.filter(|asked| scope.covers(asked)) {
            let ours = scope.text();
            if asked != ours {
                let mut scope_overrides = self.scope_overrides.lock();
                scope_overrides.insert(ours, asked);
            }
        }
        match self.scheme() {
            AuthScheme::Bearer(known) if *known == service => {}
            _ => self.set_scheme(AuthScheme::Bearer(Arc::new(service))),
        }
        Ok(())
    }
}

fn basic(username: &str, password: &SecretString) -> Result<HeaderValue, ClientError> {
    let pair = format!("{username}:{}", password.expose_secret());
    secret_header(format!("Basic {}", STANDARD.encode(pair)))
}

fn secret_header(text: String) -> Result<HeaderValue, ClientError> {
    let mut header = HeaderValue::from_str(&text).map_err(|_| ClientError::Setting {
        setting: "credentials",
        problem: "they contain characters that cannot be sent in a header".into(),
    })?;
    header.set_sensitive(true);
    Ok(header)
}
