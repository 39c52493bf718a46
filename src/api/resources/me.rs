//! The caller itself.

use actix_web::HttpResponse;
use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;

use crate::api::access::Access;
use crate::api::call::Call;
use crate::api::operation::{AnswerForm, Operation};
use crate::api::problem::Problem;
use crate::api::reply::Reply;
use crate::identity::{CredentialKind, Scope};
use crate::oci::RegistryPattern;

pub(super) fn operations() -> Vec<Operation> {
    let mut me = Operation::get(
        "/v1/me",
        "get_me",
        "Who the caller is, and what it may do and see",
        AnswerForm::json::<Me<'_>>("Me"),
        |call| Box::pin(me(call)),
    )
    .about("For a key, a token or a login with any scope. Answers 401 if the request has none and one is needed.")
    .access(Access::AnyCaller);
    me.answer.is_cacheable = false;
    vec![me]
}

/// The caller.
#[derive(Serialize, JsonSchema)]
struct Me<'a> {
    /// The name of the key, or the name in the token or login with its identity provider; `anonymous` if the service asks
    /// for no credentials.
    name: &'a str,
    /// How the caller has shown who it is.
    authenticated_by: CredentialKind,
    /// What the caller may do: `read`, `crawl`, `ingest`, or `admin`, which stands for all.
    scopes: Vec<&'static str>,
    /// The names and patterns of the registries that the caller may see; null for all.
    registries: Option<Vec<&'a str>>,
    /// The cost centres whose repositories the caller may see; null for all.
    cost_centres: Option<&'a [String]>,
    /// When the key, token or login expires; null for never.
    expires_at: Option<DateTime<Utc>>,
}

async fn me(call: Call) -> Result<HttpResponse, Problem> {
    let caller = &call.caller;
    let registries = caller.registries();
    let reply = Reply::json(&Me {
        name: &caller.name,
        authenticated_by: caller.credential.kind,
        scopes: caller.scopes().iter().copied().map(Scope::as_str).collect(),
        registries: registries.map(|all| all.iter().map(RegistryPattern::as_str).collect()),
        cost_centres: caller.cost_centres(),
        expires_at: caller.credential.expires_at,
    })?;
    call.reply(reply)
}
