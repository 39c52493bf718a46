//! The events of a crawl, live, as server-sent events.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::HttpResponse;
use actix_web::web::Bytes;
use chrono::{DateTime, Utc};
use schemars::{Schema, SchemaGenerator, json_schema};
use serde_json::json;

use super::crawl_status::{Prospects, event_text};
use super::crawls::named;
use crate::api::Api;
use crate::api::call::Call;
use crate::api::event_stream::{self, COMMENT, EventStream, HEARTBEAT, LONGEST_RESPONSE};
use crate::api::openapi::Shape;
use crate::api::operation::{AnswerForm, Content, Operation};
use crate::api::parameter::{Form, Parameter};
use crate::api::problem::Problem;
use crate::store::CrawlEvent;

/// The interval between two queries for new events. Our choice: readers see progress within a second, with few queries.
const POLL_INTERVAL: Duration = Duration::from_millis(700);
/// The maximum number of events per query. Our choice: limits the memory for each client.
const EVENTS_PER_QUERY: u32 = 500;

pub(super) fn operations() -> Vec<Operation> {
    let mut events = Operation::get(
        "/v1/crawls/{id}/events",
        "follow_crawl",
        "Events of a crawl, live",
        AnswerForm::new(
            "events",
            "text/event-stream",
            Content::Shaped(Shape::written("CrawlEvent", event_schema)),
        ),
        |call| Box::pin(follow(call)),
    )
    .group("crawls")
    .about(
        "Server-sent events: first the past ones, then new ones until the crawl ends. A client that sends \
         `Last-Event-ID` continues after that event.",
    );
    let number = Form::Number {
        least: 0,
        most: i64::MAX as u64,
        default: None,
    };
    events.in_headers = vec![Parameter::new(
        "Last-Event-ID",
        number,
        "The number of the last event that the client has.",
    )];
    events.answer.is_cacheable = false;
    events.answer.about = "The events";
    vec![events]
}

/// The schema of a server-sent event, which is not JSON.
fn event_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "description": "A server-sent event.",
        "type": "object",
        "properties": {
            "id": {
                "type": "string",
                "description": "The number of the event, for `Last-Event-ID`. `waiting` has that of the event before.",
            },
            "event": {"type": "string", "description": "The kind of event."},
            "data": {
                "type": "string",
                "description": "What happened, as JSON.",
                "contentMediaType": "application/json",
                "contentSchema": {
                    "description": "What happened. Other members depend on the kind; a key that is limited to cost centres \
                        sees none of them.",
                    "type": "object",
                    "properties": {
                        "at": {"type": "string", "format": "date-time", "description": "When it happened."},
                        "kind": {
                            "type": "string",
                            "description": "`queued`, `waiting` (nothing happens; `reason` says why), `started`, \
                                `listed`, `progress`, `worker_joined`, `worker_left`, `worker_lost`, `cancelling`, or \
                                the final state of the crawl, which is the last event.",
                        },
                        "text": {"type": "string", "description": "The event in a sentence."},
                    },
                    "required": ["at", "kind", "text"],
                },
            },
        },
        "required": ["id", "event", "data"],
    })
}

/// The stream of a crawl's events to one client.
struct CrawlStream {
    api: Arc<Api>,
    crawl: i64,
    /// The last event that was sent.
    last: i64,
    /// Events that have been read but not sent.
    pending: VecDeque<CrawlEvent>,
    /// Why the crawl makes no progress, if it makes none.
    stuck: Option<String>,
    /// The reason that the client was told.
    told: Option<String>,
    /// Whether the client may read the details of events. They tell about the whole registry: its repositories, the
    /// processes that crawl it, messages with any name.
    sees_details: bool,
    /// Whether the crawl had ended before the events were last read, so that none can be missing.
    is_over: bool,
    started: Instant,
    /// When an event or a comment line was last sent.
    last_sent: Instant,
}

async fn follow(call: Call) -> Result<HttpResponse, Problem> {
    let record = named(&call).await?;
    let last = call.values.number("Last-Event-ID", 0);
    let stream = CrawlStream {
        api: Arc::clone(&call.api),
        crawl: record.id,
        last: i64::try_from(last).unwrap_or(i64::MAX),
        pending: VecDeque::new(),
        stuck: None,
        told: None,
        sees_details: call.caller.sees_whole_registries(),
        is_over: false,
        started: Instant::now(),
        last_sent: Instant::now(),
    };
    event_stream::response(&call.api, stream).await
}

impl EventStream for CrawlStream {
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if let Some(event) = self.pending.pop_front() {
                self.last = event.id;
                self.last_sent = Instant::now();
                return Some(encoded(&event, self.sees_details));
            }
            if self.told != self.stuck {
                self.told.clone_from(&self.stuck);
                if let Some(reason) = &self.told {
                    self.last_sent = Instant::now();
                    return Some(waiting(self.last, reason, self.api.clock.now()));
                }
            }
            if self.is_over || self.started.elapsed() > LONGEST_RESPONSE {
                return None;
            }
            if let Err(problem) = self.poll_store().await {
                // The client reconnects.
                tracing::debug!(?problem, "event stream ended early");
                return None;
            }
            if !self.pending.is_empty() || self.is_over || self.told != self.stuck {
                continue;
            }
            if self.last_sent.elapsed() > HEARTBEAT {
                self.last_sent = Instant::now();
                return Some(Bytes::from_static(COMMENT));
            }
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    }
}

impl CrawlStream {
    /// Reads new events from the store.
    async fn poll_store(&mut self) -> Result<(), Problem> {
        let (crawl, last) = (self.crawl, self.last);
        let (record, events) = self
            .api
            .query_store(move |store| async move {
                // The state is read first: a crawl that has ended adds no events after those that are read next.
                let record = store.crawl(crawl).await?;
                let events = store.crawl_events(crawl, last, EVENTS_PER_QUERY).await?;
                Ok((record, events))
            })
            .await?;
        self.stuck = match &record {
            Some(record) if !record.has_worker && !record.state.is_over() => {
                Prospects::read(&self.api).await?.stuck_reason(record)
            }
            _ => None,
        };
        let is_over = record.is_none_or(|record| record.state.is_over());
        self.is_over = is_over && events.len() < EVENTS_PER_QUERY as usize;
        self.pending.extend(events);
        Ok(())
    }
}

/// An event in the format of server-sent events. Its data has the time, the kind and a sentence as members, and details if
/// the reader may see them.
fn encoded(event: &CrawlEvent, with_details: bool) -> Bytes {
    let details = event.data.as_object().filter(|_| with_details);
    let mut members = details.cloned().unwrap_or_default();
    members.insert("at".to_owned(), json!(event.at));
    members.insert("kind".to_owned(), json!(event.kind));
    members.insert("text".to_owned(), json!(event_text(&event.kind)));
    let data = serde_json::Value::from(members);
    Bytes::from(format!(
        "id: {}\nevent: {}\ndata: {data}\n\n",
        event.id, event.kind
    ))
}

/// The event of a crawl that makes no progress. It is not stored, so it has the number of the event before.
fn waiting(last: i64, reason: &str, at: DateTime<Utc>) -> Bytes {
    let data =
        json!({"at": at, "kind": "waiting", "text": "Nothing happens at the moment.", "reason": reason});
    Bytes::from(format!("id: {last}\nevent: waiting\ndata: {data}\n\n"))
}
