//! Liveness and readiness.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;

use crate::api::access::Access;
use crate::api::call::Call;
use crate::api::operation::{AnswerForm, Operation};
use crate::api::problem::Problem;
use crate::api::reply::Reply;

pub(super) fn operations() -> Vec<Operation> {
    let mut healthy = Operation::get(
        "/healthz",
        "get_health",
        "Whether the process is alive",
        AnswerForm::json::<Health>("Health"),
        |call| Box::pin(health(call)),
    )
    .about("Uses neither the database nor the figures. Restart the process if it does not answer.")
    .access(Access::Open);
    healthy.answer.is_cacheable = false;
    let mut ready = Operation::get(
        "/readyz",
        "get_readiness",
        "Whether the service can answer: database, schema, figures",
        AnswerForm::json::<Readiness>("Readiness"),
        |call| Box::pin(readiness(call)),
    )
    .about("Send requests elsewhere while this is 503; `detail` says what is missing.")
    .access(Access::Open);
    ready.answer.is_cacheable = false;
    vec![healthy, ready]
}

/// The process is alive.
#[derive(Serialize, JsonSchema)]
struct Health {
    status: Alive,
}

/// The only state in which the process answers.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
enum Alive {
    Alive,
}

async fn health(call: Call) -> Result<HttpResponse, Problem> {
    let health = Reply::json(&Health { status: Alive::Alive })?;
    // Must not be cached.
    call.reply(health.with_status(StatusCode::OK))
}

/// The service can answer.
#[derive(Serialize, JsonSchema)]
struct Readiness {
    status: Ready,
    /// How old the oldest registry's figures are, in seconds; null if nothing has been crawled.
    #[schemars(range(min = 0))]
    oldest_figures_seconds: Option<i64>,
}

/// The only state in which the service receives requests.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
enum Ready {
    Ready,
}

async fn readiness(call: Call) -> Result<HttpResponse, Problem> {
    let snapshot = call.snapshot()?;
    call.api
        .query_store(|store| async move { store.registries().await })
        .await?;
    let now = call.api.clock.now();
    let registries = snapshot.report.registries.iter();
    let oldest = registries.map(|row| (now - row.as_of).num_seconds().max(0)).max();
    if let (Some(age), Some(limit)) = (oldest, call.api.settings.oldest_figures)
        && u64::try_from(age).unwrap_or_default() > limit.as_secs()
    {
        return Err(Problem::unavailable(
            format!(
                "the oldest figures are {age} s old, and serve.oldest_figures allows {}",
                limit.as_secs()
            ),
            60,
        ));
    }
    call.reply(Reply::json(&Readiness {
        status: Ready::Ready,
        oldest_figures_seconds: oldest,
    })?)
}
