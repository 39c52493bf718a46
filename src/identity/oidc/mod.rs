//! Access tokens of identity providers (OpenID Connect), as an alternative to keys of our own.
//!
//! A token is a JWT that the provider has signed. The operator configures which issuers are trusted and what the claims
//! of their tokens allow ([`IssuerSettings`]). The keys of an issuer are held in memory and renewed in the background, so
//! that a request waits for no issuer. Only a token that names an unknown key makes us ask the issuer, and only so often.
//! Users are not locked out if an issuer does not answer for a while, and the service starts without it.
//!
//! People can also log in at the provider with a browser, if the operator has registered Tare there.
//!
//! `discovery`, `keys`, `verify` and `claims` decide, and take and give values; `fetch` sends requests; `issuer` keeps the
//! keys; `login` is the authorisation code flow.

mod claims;
mod client_secret;
mod discovery;
mod error;
mod fetch;
mod issuer;
mod keys;
pub(super) mod login;
mod lookup_budget;
mod refusal;
mod settings;
mod signatures;
mod verify;

pub use error::IssuerError;
pub use issuer::Issuer;
pub use login::{LoginAttempt, LoginError};
pub use refusal::Refusal;
pub use settings::{ClaimRule, InvalidIssuer, IssuerSettings, IssuerUrl, LoginSettings};

use std::sync::Arc;

use tracing::Instrument as _;

use super::caller::{Caller, Credential, CredentialKind};
use crate::clock::Clock;
use keys::NoKey;
use verify::Unverified;

/// Asks an issuer for its document and its keys once. Returns how many of the keys can check tokens.
///
/// # Errors
/// If the issuer cannot be asked, or its answer cannot be used; also for logins, if they are configured.
pub async fn check_issuer(settings: &IssuerSettings) -> Result<usize, IssuerError> {
    let published = fetch::Fetcher::new(settings)?.published().await?;
    if let Some(login) = &settings.login {
        client_secret::read(login)?;
        published.login?;
    }
    Ok(published.keys.len())
}

/// Whether a bearer credential has the form of a JWT, three parts separated by dots, and not that of an API key.
pub(super) fn is_token(bearer: &str) -> bool {
    !bearer.starts_with(super::api_key::PREFIX) && bearer.split('.').count() == 3
}

/// Checks a token and says what its bearer may do.
///
/// # Errors
/// If the token is not accepted, or no rule allows its claims anything.
pub(super) async fn token_caller(
    token: &str,
    issuers: &[Arc<Issuer>],
    clock: &dyn Clock,
    runtime: &tokio::runtime::Handle,
) -> Result<Caller, Refusal> {
    let unverified = Unverified::read(token)?;
    let issuer = issuers
        .iter()
        .find(|issuer| issuer.settings().issuer.as_str() == unverified.issuer)
        .ok_or_else(|| Refusal::unknown_issuer(&unverified.issuer))?;
    let present = issuer.keys(clock.now());
    let is_known = |keys: &Arc<keys::KeySet>| !matches!(unverified.key(keys), Err(NoKey::Unknown));
    let keys = match present {
        Some(keys) if is_known(&keys) => keys,
        present => {
            let (issuer, now) = (Arc::clone(issuer), clock.now());
            let newer = async move { issuer.newer_keys(present, now).await };
            let newer = runtime.spawn(newer.in_current_span());
            newer.await.ok().flatten().ok_or(Refusal::NoKeys)?
        }
    };
    let settings = issuer.settings();
    let (expected, audiences) = (settings.issuer.as_str(), &settings.audiences);
    let claims = verify::checked_claims(token, &unverified, &keys, expected, audiences, clock.now())?;
    let caller = claims::caller(&claims, settings);
    let caller = caller.ok_or_else(|| Refusal::NoRule(claims::expected(settings)))?;
    Ok(caller.authenticated_by(Credential {
        kind: CredentialKind::Token,
        expires_at: verify::moment(&claims, "exp")?,
    }))
}

/// The person who logged in with these claims, by the rules of today; `None` if no rule matches.
pub(super) fn session_caller(claims: &verify::Claims, settings: &IssuerSettings) -> Option<Caller> {
    claims::caller(claims, settings)
}
