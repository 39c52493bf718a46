//! Access tokens of identity providers (OpenID Connect), as an alternative to keys of our own.
//!
//! A token is a JWT that somebody else has signed. Which issuers are believed, and what their tokens' claims
//! allow, the operator says ([`IssuerSettings`]). The issuer's keys are held in memory and renewed now and then,
//! so that a request waits for nobody; only a token that names a key not seen before makes us ask the issuer,
//! and strangers cannot make us ask often. An issuer that is away for a while locks nobody out, and the service
//! starts without it.
//!
//! What is decided is apart from what waits: `discovery`, `keys`, `verify` and `rights` take values and give
//! values, `fetch` asks, `issuer` remembers.

mod asks;
mod discovery;
mod error;
mod fetch;
mod issuer;
mod keys;
mod refusal;
mod rights;
mod settings;
mod signatures;
mod verify;

pub use error::IssuerError;
pub use settings::{ClaimRule, InvalidIssuer, IssuerSettings, IssuerUrl};

pub(super) use issuer::Issuer;
pub(super) use refusal::Refusal;

use std::sync::Arc;

use tracing::Instrument as _;

use super::access::Caller;
use crate::clock::Clock;
use keys::NoKey;
use verify::Unverified;

/// Asks an issuer for its document and its keys once, and says how many of them tokens can be checked with.
///
/// # Errors
/// Where the issuer cannot be asked, or what it answers will not do.
pub async fn check_issuer(settings: &IssuerSettings) -> Result<usize, IssuerError> {
    let keys = fetch::Fetcher::new(settings)?.keys().await?;
    Ok(keys.len())
}

/// Whether a bearer credential is formed like a token, three parts with dots between, and not like a key of ours.
pub(super) fn is_token(bearer: &str) -> bool {
    !bearer.starts_with(super::keys::PREFIX) && bearer.split('.').count() == 3
}

/// Whose token this is.
///
/// # Errors
/// Why it is not accepted, or that its claims give no right.
pub(super) async fn caller(
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
            let asking = async move { issuer.newer_keys(present, now).await };
            let newer = runtime.spawn(asking.in_current_span());
            newer.await.ok().flatten().ok_or(Refusal::NoKeys)?
        }
    };
    let settings = issuer.settings();
    let claims = verify::claims(token, &unverified, &keys, settings, clock.now())?;
    rights::caller(&claims, settings).ok_or_else(|| Refusal::NoRule(rights::expected(settings)))
}
