//! What happens in a crawl while it happens, as server-sent events.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::http::header;
use actix_web::web::Bytes;
use actix_web::{Error, HttpResponse};
use futures::stream;
use schemars::{Schema, SchemaGenerator, json_schema};
use serde_json::json;
use tracing::{Instrument as _, Span};

use super::crawls::named;
use crate::api::Api;
use crate::api::call::Call;
use crate::api::openapi::Shape;
use crate::api::operation::{AnswerForm, Content, Operation};
use crate::api::parameter::{Form, Parameter};
use crate::api::problem::Problem;
use crate::store::CrawlEvent;

/// How often the store is asked for what happened.
const LOOK_EVERY: Duration = Duration::from_millis(700);
/// After how long without an event a line is sent all the same, so that nobody in between gives up.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How long one answer goes on. Clients come back by themselves, with the last event that they have.
const LONGEST_ANSWER: Duration = Duration::from_secs(3600);
/// Events that are read at once.
const AT_ONCE: u32 = 500;

pub(super) fn operations() -> Vec<Operation> {
    let mut events = Operation::get(
        "/v1/crawls/{id}/events",
        "follow_crawl",
        "What happens in a crawl, while it happens",
        AnswerForm::new(
            "events",
            "text/event-stream",
            Content::Shaped(Shape::written("CrawlEvent", event_schema)),
        ),
        |call| Box::pin(follow(call)),
    )
    .group("crawls")
    .about(
        "Server-sent events: what happened so far, then what happens, until the crawl has ended. Who comes back \
         with `Last-Event-ID` goes on from there.",
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
    events.answer.is_kept = false;
    events.answer.about = "The events";
    vec![events]
}

/// The schema of a server-sent event, whose form is not JSON.
fn event_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "description": "A server-sent event.",
        "type": "object",
        "properties": {
            "id": {"type": "string", "description": "The number of the event, for `Last-Event-ID`."},
            "event": {"type": "string", "description": "The kind of event."},
            "data": {
                "type": "string",
                "description": "What happened, as JSON.",
                "contentMediaType": "application/json",
                "contentSchema": {
                    "description": "What happened. Other members depend on the kind.",
                    "type": "object",
                    "properties": {
                        "at": {"type": "string", "format": "date-time", "description": "When it happened."},
                        "kind": {
                            "type": "string",
                            "description": "`queued`, `started`, `listed`, `progress`, `worker_joined`, \
                                `worker_left`, `worker_lost`, or the state that the crawl ended in, which is the last \
                                event.",
                        },
                    },
                    "required": ["at", "kind"],
                },
            },
        },
        "required": ["id", "event", "data"],
    })
}

/// One client that follows a crawl.
struct Following {
    api: Arc<Api>,
    crawl: i64,
    /// The last event that was sent.
    last: i64,
    waiting: VecDeque<CrawlEvent>,
    /// Whether the client may read messages, which can name any repository.
    sees_messages: bool,
    /// Whether the crawl had ended before the events were last read, so that none can be missing.
    is_over: bool,
    started: Instant,
    said: Instant,
}

async fn follow(call: Call) -> Result<HttpResponse, Problem> {
    let record = named(&call).await?;
    let last = call.values.number("Last-Event-ID", 0);
    let following = Following {
        api: Arc::clone(&call.api),
        crawl: record.id,
        last: i64::try_from(last).unwrap_or(i64::MAX),
        waiting: VecDeque::new(),
        sees_messages: call.caller.sees_whole_registries(),
        is_over: false,
        started: Instant::now(),
        said: Instant::now(),
    };
    let span = Span::current();
    let body = stream::unfold(following, move |mut following| {
        let next = async move {
            let chunk = following.next().await?;
            Some((Ok::<Bytes, Error>(chunk), following))
        };
        next.instrument(span.clone())
    });
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "text/event-stream"))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        // Compression would hold events back until there are many of them; so would nginx.
        .insert_header((header::CONTENT_ENCODING, "identity"))
        .insert_header(("X-Accel-Buffering", "no"))
        .streaming(body))
}

impl Following {
    /// What is sent next; none at the end.
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if let Some(event) = self.waiting.pop_front() {
                self.last = event.id;
                self.said = Instant::now();
                return Some(shown(&event, self.sees_messages));
            }
            if self.is_over || self.started.elapsed() > LONGEST_ANSWER {
                return None;
            }
            if let Err(problem) = self.look().await {
                // The client comes back by itself.
                tracing::debug!(?problem, "event stream ended early");
                return None;
            }
            if !self.waiting.is_empty() || self.is_over {
                continue;
            }
            if self.said.elapsed() > HEARTBEAT {
                self.said = Instant::now();
                return Some(Bytes::from_static(b": still there\n\n"));
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    async fn look(&mut self) -> Result<(), Problem> {
        let (crawl, last) = (self.crawl, self.last);
        let (is_over, events) = self
            .api
            .ask(move |store| async move {
                // In this order: what has ended by now has no events after those that are read next.
                let record = store.crawl(crawl).await?;
                let events = store.crawl_events(crawl, last, AT_ONCE).await?;
                Ok((record.is_none_or(|record| record.state.is_over()), events))
            })
            .await?;
        self.is_over = is_over && events.len() < AT_ONCE as usize;
        self.waiting.extend(events);
        Ok(())
    }
}

/// An event on the wire: what it says, with the moment and the kind beside it.
fn shown(event: &CrawlEvent, with_messages: bool) -> Bytes {
    let mut said = event.data.as_object().cloned().unwrap_or_default();
    if !with_messages {
        said.remove("message");
    }
    said.insert("at".to_owned(), json!(event.at));
    said.insert("kind".to_owned(), json!(event.kind));
    let data = serde_json::Value::from(said);
    Bytes::from(format!(
        "id: {}\nevent: {}\ndata: {data}\n\n",
        event.id, event.kind
    ))
}
