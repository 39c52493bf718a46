//! Who sends a request, and what they may do and see: API keys, access tokens of identity providers
//! (OpenID Connect), logins with a browser and their sessions, failed logins.
//!
//! Knows nothing of HTTP servers and of reports: it is asked about a credential and gives a [`Caller`], which answers
//! questions about scopes, registries and cost centres.

mod api_key;
mod authenticator;
mod caller;
mod failed_logins;
mod logins;
mod oidc;
mod visible;

pub use api_key::{KeyRing, NewKey};
pub use authenticator::{Authenticator, Rejection};
pub use caller::{Caller, Credential, CredentialKind, Scope};
pub use logins::{LoginOptions, Logins, NewSession, SessionError};
pub use oidc::{
    ClaimRule, InvalidIssuer, Issuer, IssuerError, IssuerSettings, IssuerUrl, LoginAttempt, LoginError,
    LoginSettings, Refusal, check_issuer,
};
pub use visible::Visible;
