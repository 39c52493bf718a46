//! Server-sent events: how a response of them begins, stays open and ends.

use std::time::Duration;

use actix_web::http::header;
use actix_web::web::Bytes;
use actix_web::{Error, HttpResponse};
use futures::stream::{StreamExt as _, unfold};
use tracing::{Instrument as _, Span};

use super::Api;
use super::problem::Problem;

/// Idle time after which a comment line is sent, so that proxies do not close the connection. Our choice.
pub(super) const HEARTBEAT: Duration = Duration::from_secs(15);
/// Maximum duration of one response. Clients reconnect with the last event id. Our choice.
pub(super) const LONGEST_RESPONSE: Duration = Duration::from_secs(3600);
/// The comment line.
pub(super) const COMMENT: &[u8] = b": heartbeat\n\n";

/// What one client is sent.
pub(super) trait EventStream: 'static {
    /// The next chunk; `None` at the end.
    fn next(&mut self) -> impl Future<Output = Option<Bytes>>;
}

/// A response with the chunks of a stream, until it ends or the service stops: clients reconnect to the next process. What
/// the stream logs has the span of the request.
///
/// # Errors
/// If too many streams are open.
pub(super) async fn response(api: &Api, stream: impl EventStream) -> Result<HttpResponse, Problem> {
    let turn = api.streams.next().await?;
    let span = Span::current();
    let mut is_stopping = api.is_stopping.subscribe();
    let stopped = async move {
        // The sender is part of the API, so it outlives its requests.
        let _ = is_stopping.wait_for(|&is_stopping| is_stopping).await;
    };
    let body = unfold((stream, turn), move |(mut stream, turn)| {
        let next = async move {
            let chunk = stream.next().await?;
            Some((Ok::<Bytes, Error>(chunk), (stream, turn)))
        };
        next.instrument(span.clone())
    });
    let answer = HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "text/event-stream"))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        // Compression would hold events back until there are many of them; so would nginx.
        .insert_header((header::CONTENT_ENCODING, "identity"))
        .insert_header(("X-Accel-Buffering", "no"))
        .streaming(body.take_until(stopped));
    Ok(answer)
}
