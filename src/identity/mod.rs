//! Who sends a request, and what they may do and see: API keys, access tokens of identity providers
//! (OpenID Connect), failed logins.
//!
//! Knows nothing of HTTP servers and of reports: it is asked about a credential and gives a [`Caller`], which answers
//! questions about scopes, registries and cost centres.

mod api_key;
mod authenticator;
mod caller;
mod failed_logins;
mod oidc;
mod visible;

pub use api_key::{KeyRing, NewKey};
pub use authenticator::{Authenticator, Rejection};
pub use caller::{Caller, Scope};
pub use oidc::{
    ClaimRule, InvalidIssuer, Issuer, IssuerError, IssuerSettings, IssuerUrl, Refusal, check_issuer,
};
pub use visible::Visible;
