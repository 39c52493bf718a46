//! The metrics for Prometheus.

use std::sync::Arc;

use actix_web::HttpResponse;
use chrono::DateTime;

use crate::api::access::Access;
use crate::api::call::Call;
use crate::api::operation::{AnswerForm, Content, Operation};
use crate::api::problem::Problem;
use crate::api::reply::Reply;
use crate::metrics::{CONTENT_TYPE, Snapshot, StoreState, render};

pub(super) fn operations(is_open: bool) -> Vec<Operation> {
    let mut metrics = Operation::get(
        "/metrics",
        "get_metrics",
        "Metrics for Prometheus",
        AnswerForm::new("text", "text/plain", Content::Text),
        |call| Box::pin(metrics(call)),
    )
    .about(
        "Answers without a database (`tare_store_up` is 0) and before figures are ready. Needs a key without limits.",
    );
    metrics.answer.is_cacheable = false;
    if is_open {
        metrics = metrics
            .about("Answers without a database (`tare_store_up` is 0) and before figures are ready.")
            .access(Access::Open);
    }
    vec![metrics]
}

async fn metrics(call: Call) -> Result<HttpResponse, Problem> {
    if !call.caller.sees_everything() {
        return Err(Problem::limited_key());
    }
    let snapshot = call.api.snapshots.current();
    let crawls = call
        .api
        .query_store(|store| async move { store.crawl_health().await })
        .await
        .ok();
    let notifications = call
        .api
        .query_store(|store| async move { store.notification_counts().await })
        .await
        .ok();
    let events = call
        .api
        .query_store(|store| async move { store.event_states().await })
        .await
        .ok();
    if let Some(snapshot) = snapshot.clone() {
        // The first scrape of a snapshot renders its figures.
        let api = Arc::clone(&call.api);
        call.api
            .run_blocking(move || snapshot.metrics(&api.settings.metrics).map(drop))
            .await??;
    }
    let report = snapshot
        .as_deref()
        .map(|snapshot| snapshot.metrics(&call.api.settings.metrics))
        .transpose()?;
    for issuer in call.api.authenticator.issuers() {
        // The epoch until the issuer has answered once, so that the alert fires.
        let renewed_at = issuer.keys_renewed_at().unwrap_or(DateTime::UNIX_EPOCH);
        let name = issuer.settings().issuer.as_str();
        call.api.counters.note_issuer_keys(name, renewed_at);
    }
    let text = render(
        &Snapshot {
            report,
            crawls: crawls.as_deref(),
            notifications: notifications.as_deref(),
            events: events.as_deref(),
            store: StoreState {
                answers: crawls.is_some(),
                connections: call.api.store.connections(),
            },
            settings: &call.api.settings.metrics,
        },
        &call.api.counters,
    )
    .map_err(Problem::internal)?;
    call.reply(Reply::new(CONTENT_TYPE, text.into_bytes()))
}
