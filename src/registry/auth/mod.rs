//! Proof of who we are: which proof the registry wants, tokens and their renewal.

mod asking;
mod entra;
mod exchange;
mod service;
mod token;

use std::collections::HashMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, TimeDelta, Utc};
use parking_lot::{Mutex, RwLock};
use reqwest::header::{HeaderMap, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::OwnedMutexGuard;
use url::Url;

use self::exchange::EntraLogin;
use self::token::{Shelf, Token};
use super::answer::refused_proof;
use super::challenge::{Bearer, Challenges};
use super::client::Inner;
use super::{ClientError, ClientSettings, Credentials, Origin, Reason};
use crate::oci::RepositoryName;

/// What a question needs leave for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Scope<'s> {
    /// Listing the registry's repositories.
    Catalog,
    /// Reading a repository.
    Pull(&'s RepositoryName),
    /// Reading what Azure Container Registry tells of a repository beyond its content.
    Metadata(&'s RepositoryName),
}

impl Scope<'_> {
    fn text(&self) -> String {
        match self {
            Self::Catalog => "registry:catalog:*".to_owned(),
            Self::Pull(repository) => format!("repository:{repository}:pull"),
            Self::Metadata(repository) => format!("repository:{repository}:metadata_read"),
        }
    }

    /// Whether a scope that the registry asks for is no more than this one: the same resource, read only.
    /// A registry that shares its token service with others could else make us fetch a token for them.
    fn covers(&self, asked: &str) -> bool {
        asked.split(' ').all(|part| match self {
            Self::Catalog => part == "registry:catalog:*",
            Self::Pull(repository) | Self::Metadata(repository) => part
                .strip_prefix("repository:")
                .and_then(|part| part.strip_prefix(repository.as_str()))
                .and_then(|part| part.strip_prefix(':'))
                .is_some_and(|actions| {
                    actions
                        .split(',')
                        .all(|action| matches!(action, "pull" | "metadata_read"))
                }),
        })
    }
}

/// What the registry wants, as far as it is known.
#[derive(Debug, Clone)]
enum Wanted {
    /// It has not been asked yet.
    Unknown,
    /// Nothing, so far.
    Nothing,
    /// The user's name and password.
    Basic,
    /// A token from this service.
    Bearer(Arc<Service>),
}

/// A token service that the registry may name.
#[derive(Debug, PartialEq, Eq)]
struct Service {
    realm: Url,
    name: Option<String>,
}

/// The proof that goes with one attempt.
pub(super) struct Authorization {
    proof: Proof,
    /// Held by the first question to a registry of which nothing is known; the others wait for what it
    /// learns instead of being turned away one by one.
    scout: Option<OwnedMutexGuard<()>>,
}

enum Proof {
    None,
    /// Sent as it is: Basic, or an access token that the operator gave.
    Fixed(HeaderValue),
    Token {
        token: Arc<Token>,
        shelf: Arc<Shelf<Token>>,
    },
}

impl Authorization {
    pub fn header(&self) -> Option<&HeaderValue> {
        match &self.proof {
            Proof::None => None,
            Proof::Fixed(header) => Some(header),
            Proof::Token { token, .. } => Some(&token.header),
        }
    }

    /// Whether a text repeats what was sent as proof.
    pub fn is_repeated_in(&self, text: &str) -> bool {
        self.header()
            .and_then(|header| header.to_str().ok())
            .and_then(|header| header.split_once(' '))
            .is_some_and(|(_, secret)| repeats(text, secret))
    }
}

/// Whether a text holds a secret, be it the Basic form of one or its password.
pub(super) fn repeats(text: &str, secret: &str) -> bool {
    let decoded = STANDARD
        .decode(secret)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok());
    let password = decoded
        .as_deref()
        .and_then(|pair| pair.split_once(':'))
        .map(|(_, password)| password);
    [Some(secret), password]
        .into_iter()
        .flatten()
        .any(|secret| !secret.is_empty() && text.contains(secret))
}

/// The state of proof for one registry.
pub(super) struct Auth {
    credentials: Credentials,
    /// The header that needs no token service: Basic, or the operator's own access token.
    fixed: Option<HeaderValue>,
    wanted: RwLock<Wanted>,
    scouting: Arc<tokio::sync::Mutex<()>>,
    /// Scopes that the registry words differently than we do.
    worded: Mutex<HashMap<String, String>>,
    shelves: Mutex<HashMap<String, Arc<Shelf<Token>>>>,
    /// Where refresh tokens come from, if we log in with Entra ID.
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
        // An access token is meant to be sent as it is, so there is nothing to learn.
        let wanted = match credentials {
            Credentials::BearerToken(_) => Wanted::Basic,
            _ => Wanted::Unknown,
        };
        Ok(Self {
            credentials,
            fixed,
            wanted: RwLock::new(wanted),
            scouting: Arc::default(),
            worded: Mutex::default(),
            shelves: Mutex::default(),
            entra,
        })
    }

    fn wanted(&self) -> Wanted {
        self.wanted.read().clone()
    }

    fn want(&self, wanted: Wanted) {
        *self.wanted.write() = wanted;
    }

    /// A question was answered: whatever proof went with it was enough.
    pub fn accepted(&self, authorization: &Authorization) {
        if matches!(authorization.proof, Proof::None) && authorization.scout.is_some() {
            let mut wanted = self.wanted.write();
            if matches!(*wanted, Wanted::Unknown) {
                *wanted = Wanted::Nothing;
            }
        }
    }

    /// Forgets a token that is not quite new, so that the next attempt gets another. Says whether it did.
    pub fn forget_if_old(&self, authorization: &Authorization, now: DateTime<Utc>) -> bool {
        match &authorization.proof {
            Proof::Token { token, shelf } if now - token.obtained > TimeDelta::seconds(30) => {
                shelf.forget(token);
                true
            }
            _ => false,
        }
    }

    /// The shelf for a service and scope: one token for all who need it.
    fn shelf(&self, service: &Service, scope: &str) -> Arc<Shelf<Token>> {
        let key = format!(
            "{} {} {scope}",
            service.realm,
            service.name.as_deref().unwrap_or_default()
        );
        let mut shelves = self.shelves.lock();
        Arc::clone(shelves.entry(key).or_default())
    }

    /// How the registry words a scope.
    fn wording(&self, scope: &Scope<'_>) -> String {
        let ours = scope.text();
        let worded = self.worded.lock();
        worded.get(&ours).cloned().unwrap_or(ours)
    }
}

impl Inner {
    /// The proof for the next attempt; may have to fetch a token, or wait for one that is being fetched.
    pub async fn authorize(&self, scope: &Scope<'_>) -> Result<Authorization, Reason> {
        let mut scout = None;
        loop {
            let wanted = self.auth.wanted();
            if !matches!(wanted, Wanted::Unknown) {
                // Somebody has found out meanwhile; only the one who does not know holds the others back.
                scout = None;
            }
            let proof = match wanted {
                Wanted::Unknown if scout.is_none() => {
                    scout = Some(Arc::clone(&self.auth.scouting).lock_owned().await);
                    continue;
                }
                Wanted::Unknown if !matches!(self.auth.credentials, Credentials::Anonymous) => {
                    self.probe(scope).await?;
                    continue;
                }
                Wanted::Unknown | Wanted::Nothing => Proof::None,
                Wanted::Basic => self.auth.fixed.clone().map_or(Proof::None, Proof::Fixed),
                Wanted::Bearer(service) => {
                    let scope = self.auth.wording(scope);
                    let shelf = self.auth.shelf(&service, &scope);
                    let now = self.clock.now();
                    let token = match shelf.current(now) {
                        Some(token) => token,
                        None => shelf.renew(now, || self.fetch_token(&service, &scope)).await?,
                    };
                    Proof::Token { token, shelf }
                }
            };
            return Ok(Authorization { proof, scout });
        }
    }

    /// Asks the registry what proof it wants, before the first question of somebody who has some. Without
    /// this, a registry that shows a part of itself to everybody would show us only that part.
    async fn probe(&self, scope: &Scope<'_>) -> Result<(), Reason> {
        let nothing_wanted = match self.auth.fixed {
            Some(_) => Wanted::Basic,
            None => Wanted::Nothing,
        };
        match self.first_answer().await {
            Some(headers) => {
                let turned_away = Authorization {
                    proof: Proof::None,
                    scout: None,
                };
                self.challenged(&headers, scope, &turned_away, &mut 0)
            }
            None => {
                self.auth.want(nothing_wanted);
                Ok(())
            }
        }
    }

    /// The registry turned an attempt away: learn what it wants, or say why it cannot have it.
    pub fn challenged(
        &self,
        headers: &HeaderMap,
        scope: &Scope<'_>,
        authorization: &Authorization,
        refused_tokens: &mut u32,
    ) -> Result<(), Reason> {
        let challenges = Challenges::of(headers);
        match &authorization.proof {
            Proof::Token { token, shelf } => {
                shelf.forget(token);
                *refused_tokens += 1;
                if *refused_tokens > 1 {
                    return Err(refused_proof());
                }
            }
            Proof::Fixed(_) if challenges.bearer.is_none() || !self.can_fetch_tokens() => {
                return Err(Reason::Unauthorized(
                    "the registry refuses the credentials".into(),
                ));
            }
            Proof::Fixed(_) | Proof::None => {}
        }
        if let Some(bearer) = challenges.bearer.filter(|_| self.can_fetch_tokens()) {
            return self.learn_service(bearer, scope);
        }
        if challenges.basic {
            if self.auth.fixed.is_none() {
                return Err(Reason::Unauthorized(
                    "the registry wants a user name and password".into(),
                ));
            }
            self.auth.want(Wanted::Basic);
            return Ok(());
        }
        Err(Reason::Unauthorized(
            "the registry turns us away without saying what it wants".into(),
        ))
    }

    fn can_fetch_tokens(&self) -> bool {
        !matches!(self.auth.credentials, Credentials::BearerToken(_))
    }

    fn learn_service(&self, bearer: Bearer, scope: &Scope<'_>) -> Result<(), Reason> {
        let service = Service {
            realm: self.destinations.realm(&bearer.realm)?,
            name: bearer.service,
        };
        if let Some(asked) = bearer.scope.filter(|asked| scope.covers(asked)) {
            let ours = scope.text();
            if asked != ours {
                let mut worded = self.auth.worded.lock();
                worded.insert(ours, asked);
            }
        }
        match self.auth.wanted() {
            Wanted::Bearer(known) if *known == service => {}
            _ => self.auth.want(Wanted::Bearer(Arc::new(service))),
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
        problem: "they hold characters that cannot be sent".into(),
    })?;
    header.set_sensitive(true);
    Ok(header)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registry_gets_no_scope_beyond_what_is_asked_of_it() {
        let repository = "team/api".parse().unwrap();
        let scope = Scope::Pull(&repository);
        for (asked, covered) in [
            ("repository:team/api:pull", true),
            ("repository:team/api:pull,metadata_read", true),
            ("repository:team/api:pull repository:team/api:metadata_read", true),
            ("repository:team/api:pull,push", false),
            ("repository:team/api2:pull", false),
            ("repository:other/secret:pull", false),
            ("repository:team/api:pull repository:other/secret:pull", false),
            ("registry:catalog:*", false),
            ("", false),
        ] {
            assert_eq!(scope.covers(asked), covered, "{asked}");
        }
        assert!(Scope::Metadata(&repository).covers("repository:team/api:metadata_read"));
        assert!(!Scope::Metadata(&repository).covers("repository:team/api:metadata_write"));
        assert!(Scope::Catalog.covers("registry:catalog:*"));
        assert!(!Scope::Catalog.covers("repository:team/api:pull"));
    }

    #[test]
    fn a_repeated_secret_is_noticed_in_both_forms() {
        let encoded = STANDARD.encode("me:hunter2");
        assert!(repeats("you said hunter2", &encoded));
        assert!(repeats(&format!("you said {encoded}"), &encoded));
        assert!(!repeats("you said nothing", &encoded));
    }
}
