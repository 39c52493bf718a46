//! Changes of all crawls, live, as server-sent events: for pages that show crawls without reloading.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::HttpResponse;
use actix_web::web::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use schemars::{Schema, SchemaGenerator, json_schema};
use serde_json::json;

use super::crawl_status::Prospects;
use super::crawls::Crawl;
use crate::api::Api;
use crate::api::call::Call;
use crate::api::event_stream::{self, COMMENT, EventStream, HEARTBEAT, LONGEST_RESPONSE};
use crate::api::openapi::Shape;
use crate::api::operation::{AnswerForm, Content, Operation};
use crate::api::problem::Problem;
use crate::api::snapshot::Snapshot;
use crate::identity::Caller;
use crate::store::CrawlOrder;

/// The interval between two queries. Our choice: readers see changes within a second or two, with few queries.
const POLL_INTERVAL: Duration = Duration::from_millis(1000);
/// How long a response goes on without an event. Our choice: clients reconnect, and a program that waits for the end of an
/// answer gets one.
const IDLE: Duration = Duration::from_secs(30);
/// When clients reconnect.
const RETRY: &str = "retry: 1000\n\n";
/// Crawls that ended so recently are sent to a new client, so that a client that reconnects misses none. Our choice:
/// longer than reconnecting takes.
const RECENT: TimeDelta = TimeDelta::minutes(1);
/// How many of the latest crawls are watched. Our choice: more than run at once.
const WATCHED: u32 = 50;

pub(super) fn operations() -> Vec<Operation> {
    let mut changes = Operation::get(
        "/v1/crawls/events",
        "follow_crawls",
        "Changes of all crawls, live",
        AnswerForm::new(
            "events",
            "text/event-stream",
            Content::Shaped(Shape::written("CrawlChange", change_schema)),
        ),
        |call| Box::pin(follow(call)),
    )
    .group("crawls")
    .about(
        "Server-sent events. `crawl`: a crawl changed; `data` is the crawl, as in `/v1/crawls`. At first there is one for \
         each unfinished crawl and for each that ended within the last minute. `figures`: figures are ready; `data.as_of` is \
         their time. The answer ends when nothing has happened for half a minute; clients reconnect (`EventSource` does so \
         by itself).",
    );
    changes.answer.is_cacheable = false;
    changes.answer.about = "The events";
    vec![changes]
}

/// The schema of a server-sent event, which is not JSON.
fn change_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "description": "A server-sent event.",
        "type": "object",
        "properties": {
            "event": {
                "type": "string",
                "enum": ["crawl", "figures"],
                "description": "The kind of event: a crawl changed, or figures are ready.",
            },
            "data": {
                "type": "string",
                "description": "The crawl, or the time of the figures (`as_of`), as JSON.",
                "contentMediaType": "application/json",
            },
        },
        "required": ["event", "data"],
    })
}

/// The stream to one client.
struct ChangeStream {
    api: Arc<Api>,
    caller: Caller,
    /// What was last sent of each watched crawl; `None` before the first query.
    sent: Option<BTreeMap<i64, String>>,
    /// The figures that the client knows.
    figures: Option<Arc<Snapshot>>,
    /// The time of the figures that the client was told; `None` before it was told any.
    told_as_of: Option<Option<DateTime<Utc>>>,
    pending: VecDeque<Bytes>,
    started: Instant,
    /// When an event was last sent.
    last_event: Instant,
    last_sent: Instant,
}

async fn follow(call: Call) -> Result<HttpResponse, Problem> {
    let stream = ChangeStream {
        api: Arc::clone(&call.api),
        caller: call.caller.clone(),
        sent: None,
        figures: None,
        told_as_of: None,
        pending: VecDeque::from([Bytes::from_static(RETRY.as_bytes())]),
        started: Instant::now(),
        last_event: Instant::now(),
        last_sent: Instant::now(),
    };
    event_stream::response(&call.api, stream).await
}

impl EventStream for ChangeStream {
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if let Some(chunk) = self.pending.pop_front() {
                self.last_event = Instant::now();
                self.last_sent = Instant::now();
                return Some(chunk);
            }
            if self.last_event.elapsed() > IDLE || self.started.elapsed() > LONGEST_RESPONSE {
                return None;
            }
            let is_first = self.sent.is_none();
            if !is_first {
                tokio::time::sleep(POLL_INTERVAL).await;
            }
            if let Err(problem) = self.poll().await {
                // The client reconnects.
                tracing::debug!(?problem, "stream of changes ended early");
                return None;
            }
            if self.pending.is_empty() && (is_first || self.last_sent.elapsed() > HEARTBEAT) {
                self.last_sent = Instant::now();
                return Some(Bytes::from_static(COMMENT));
            }
        }
    }
}

impl ChangeStream {
    async fn poll(&mut self) -> Result<(), Problem> {
        let prospects = Prospects::read(&self.api).await?;
        let records = self
            .api
            .crawls(&self.caller, None, None, WATCHED, CrawlOrder::NewestFirst)
            .await?;
        let mut now = BTreeMap::new();
        for record in records.iter().rev() {
            let crawl = Crawl::new(&self.caller, record, &prospects);
            let text = serde_json::to_string(&crawl).map_err(Problem::internal)?;
            let is_news = match &self.sent {
                None => record
                    .finished_at
                    .is_none_or(|ended| ended > self.api.clock.now() - RECENT),
                Some(sent) => sent.get(&record.id) != Some(&text),
            };
            if is_news {
                self.pending.push_back(encoded("crawl", &text));
            }
            now.insert(record.id, text);
        }
        self.sent = Some(now);
        if let Some(figures) = self.api.snapshots.current()
            && !self
                .figures
                .as_ref()
                .is_some_and(|known| Arc::ptr_eq(known, &figures))
        {
            let rows = figures.report.registries.iter();
            let seen = rows.filter(|row| figures.shows(&self.caller, &row.registry));
            let as_of = seen.map(|row| row.as_of).max();
            // Figures of other registries are no news to a caller who does not see them.
            if self.caller.sees_everything() || self.told_as_of != Some(as_of) {
                self.told_as_of = Some(as_of);
                self.pending
                    .push_back(encoded("figures", &json!({"as_of": as_of}).to_string()));
            }
            self.figures = Some(figures);
        }
        Ok(())
    }
}

fn encoded(event: &str, data: &str) -> Bytes {
    Bytes::from(format!("event: {event}\ndata: {data}\n\n"))
}
