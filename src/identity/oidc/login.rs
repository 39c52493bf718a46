//! Logins of people with a browser: the authorisation code flow (OpenID Connect Core 1.0, section 3.1) with PKCE
//! (RFC 7636).

use std::sync::Arc;

use chrono::{DateTime, Utc};
use oauth2::basic::{
    BasicErrorResponse, BasicRevocationErrorResponse, BasicTokenIntrospectionResponse, BasicTokenType,
};
use oauth2::{
    AuthType, AuthUrl, AuthorizationCode, ClientId, CsrfToken, EndpointNotSet, EndpointSet, ExtraTokenFields,
    PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, RequestTokenError, Scope, StandardRevocableToken,
    StandardTokenResponse, TokenUrl,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

use super::discovery::LoginEndpoints;
use super::error::IssuerError;
use super::issuer::Issuer;
use super::refusal::Refusal;
use super::settings::LoginSettings;
use super::verify::{Claims, Unverified, checked_claims};
use super::{claims, client_secret};
use crate::oci::text::excerpt;

/// A login that a browser was sent to its identity provider with. The browser keeps it, in a cookie that scripts cannot
/// read, until it comes back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginAttempt {
    /// Ties the answer to this browser (RFC 6749, section 10.12).
    pub state: String,
    /// Ties the ID token to this login.
    pub nonce: String,
    /// Proves that the code is redeemed by the client that asked for it.
    pub verifier: String,
}

/// Why a login fails.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LoginError {
    /// The provider cannot be asked.
    #[error("{0}")]
    Issuer(#[from] IssuerError),
    /// The provider refuses.
    #[error("{}", refusal_text(code, description.as_deref()))]
    Refused {
        /// The error code of RFC 6749.
        code: String,
        /// The provider's own words.
        description: Option<String>,
    },
    /// The provider's answer is not one of RFC 6749 with an ID token.
    #[error("its answer cannot be used: {0}")]
    Answer(String),
    /// The ID token is not accepted, or allows nothing.
    #[error("its ID token is not accepted: {0}")]
    Token(Refusal),
}

fn refusal_text(code: &str, description: Option<&str>) -> String {
    match description {
        Some(description) => format!("{code}: {description}"),
        None => code.to_owned(),
    }
}

impl LoginError {
    /// A refusal in the words of the provider, which are not trusted.
    pub fn refused(code: &str, description: Option<&str>) -> Self {
        Self::Refused {
            code: excerpt(code),
            description: description.map(excerpt),
        }
    }
}

/// The members of a token answer that OpenID Connect adds to OAuth's.
#[derive(Debug, Serialize, Deserialize)]
struct WithIdToken {
    id_token: Option<String>,
}

impl ExtraTokenFields for WithIdToken {}

type Client = oauth2::Client<
    BasicErrorResponse,
    StandardTokenResponse<WithIdToken, BasicTokenType>,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointSet,
>;

fn client(
    endpoints: &LoginEndpoints,
    settings: &LoginSettings,
    redirect: &Url,
) -> Result<Client, IssuerError> {
    let client = oauth2::Client::new(ClientId::new(settings.client_id.clone()))
        .set_auth_uri(AuthUrl::from_url(endpoints.authorization.clone()))
        .set_token_uri(TokenUrl::from_url(endpoints.token.clone()))
        .set_redirect_uri(RedirectUrl::from_url(redirect.clone()))
        .set_auth_type(if endpoints.takes_basic {
            AuthType::BasicAuth
        } else {
            AuthType::RequestBody
        });
    Ok(match client_secret::read(settings)? {
        Some(secret) => client.set_client_secret(secret),
        None => client,
    })
}

/// Where to send a browser that wants to log in, and what it must bring back. `redirect` is where the provider sends it.
///
/// # Errors
/// If the provider cannot be asked for its endpoints, or has none for logins.
pub(in crate::identity) async fn begin(
    issuer: &Issuer,
    settings: &LoginSettings,
    redirect: &Url,
    now: DateTime<Utc>,
) -> Result<(Url, LoginAttempt), LoginError> {
    let endpoints = issuer.login_endpoints(now).await?;
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let nonce = CsrfToken::new_random().into_secret();
    let client = client(&endpoints, settings, redirect)?;
    let request = client
        .authorize_url(CsrfToken::new_random)
        .add_scopes(settings.scopes.iter().cloned().map(Scope::new))
        .add_extra_param("nonce", nonce.clone())
        .set_pkce_challenge(challenge);
    let (url, state) = request.url();
    let attempt = LoginAttempt {
        state: state.into_secret(),
        nonce,
        verifier: verifier.into_secret(),
    };
    Ok((url, attempt))
}

/// Redeems the code that a browser brought back, and checks the ID token: signature, issuer, audience, times, nonce.
///
/// # Errors
/// If the provider does not accept the code, or its ID token is not accepted, or no rule allows its claims anything.
pub(in crate::identity) async fn finish(
    issuer: &Arc<Issuer>,
    settings: &LoginSettings,
    attempt: LoginAttempt,
    code: String,
    redirect: &Url,
    now: DateTime<Utc>,
) -> Result<Claims, LoginError> {
    let endpoints = issuer.login_endpoints(now).await?;
    let client = client(&endpoints, settings, redirect)?;
    let fetcher = issuer.fetcher().clone();
    let http = move |request| {
        let fetcher = fetcher.clone();
        async move { fetcher.exchange(request).await }
    };
    let answer = client
        .exchange_code(AuthorizationCode::new(code))
        .set_pkce_verifier(PkceCodeVerifier::new(attempt.verifier))
        .request_async(&http)
        .await
        .map_err(|error| match error {
            RequestTokenError::ServerResponse(answer) => LoginError::refused(
                answer.error().as_ref(),
                answer.error_description().map(String::as_str),
            ),
            RequestTokenError::Request(error) => error.into(),
            // What could not be parsed may hold a token, so it is not repeated.
            RequestTokenError::Parse(..) => LoginError::Answer("it is no token answer (RFC 6749)".to_owned()),
            RequestTokenError::Other(problem) => LoginError::Answer(excerpt(&problem)),
        })?;
    let token =
        answer.extra_fields().id_token.as_deref().ok_or_else(|| {
            LoginError::Answer("it has no ID token; is openid among login_scopes?".to_owned())
        })?;
    let claims = id_token_claims(token, issuer, settings, &attempt.nonce, now).await?;
    let issuer_settings = issuer.settings();
    if claims::caller(&claims, issuer_settings).is_none() {
        return Err(LoginError::Token(Refusal::NoRule(claims::expected(
            issuer_settings,
        ))));
    }
    Ok(claims::needed(claims, issuer_settings))
}

async fn id_token_claims(
    token: &str,
    issuer: &Issuer,
    settings: &LoginSettings,
    nonce: &str,
    now: DateTime<Utc>,
) -> Result<Claims, LoginError> {
    let unverified = Unverified::read(token).map_err(LoginError::Token)?;
    let expected = issuer.settings().issuer.as_str();
    if unverified.issuer != expected {
        return Err(LoginError::Token(Refusal::unknown_issuer(&unverified.issuer)));
    }
    let keys = issuer
        .keys_for(&unverified, now)
        .await
        .ok_or(LoginError::Token(Refusal::NoKeys))?;
    let audience = std::slice::from_ref(&settings.client_id);
    let claims =
        checked_claims(token, &unverified, &keys, expected, audience, now).map_err(LoginError::Token)?;
    if claims.get("nonce").and_then(Value::as_str) != Some(nonce) {
        return Err(LoginError::Token(Refusal::Nonce));
    }
    // OpenID Connect Core 1.0, 3.1.3.7: a token for several parties names the one that it was made for.
    match claims.get("azp") {
        Some(party) if party.as_str() != Some(&settings.client_id) => {
            Err(LoginError::Token(Refusal::Audience(excerpt(&party.to_string()))))
        }
        _ => Ok(claims),
    }
}

/// Where a browser ends its session at the provider (OpenID Connect RP-Initiated Logout 1.0), which then sends it to
/// `home`; `None` if the provider offers none.
pub(in crate::identity) async fn end_session(
    issuer: &Issuer,
    settings: &LoginSettings,
    home: &str,
    now: DateTime<Utc>,
) -> Option<Url> {
    let endpoints = issuer.login_endpoints(now).await.ok()?;
    let mut url = endpoints.end_session.clone()?;
    url.query_pairs_mut()
        .append_pair("client_id", &settings.client_id)
        .append_pair("post_logout_redirect_uri", home);
    Some(url)
}
