use actix_web::body::SizedStream;
use actix_web::http::StatusCode;
use actix_web::web::Bytes;
use actix_web::{HttpResponse, HttpResponseBuilder};
use futures::{StreamExt as _, stream};
use serde_json::{Value, json};
use std::io;
use std::time::Duration;
use tokio::sync::watch;

/// What the registry is about to answer, in a form that a test can still change.
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers, without `Content-Length`, which follows from the body.
    pub headers: Vec<(String, String)>,
    /// What follows the headers.
    pub body: Body,
    /// How long the registry takes before it says anything.
    pub delay: Duration,
    /// What it waits for besides.
    pub held: Option<watch::Receiver<bool>>,
}

/// What follows the headers of an answer.
pub enum Body {
    /// All of it, with its length announced.
    Whole(Bytes),
    /// The length of the whole is announced, half of it is sent, and the connection breaks.
    Half(Bytes),
    /// Half of it is sent at once and the rest after a pause.
    Slow(Bytes, Duration),
    /// This many zero bytes, without an announced length.
    Zeros(u64),
    /// Nothing, and the connection breaks.
    Broken,
}

impl Answer {
    pub fn new(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Body::Whole(Bytes::new()),
            delay: Duration::ZERO,
            held: None,
        }
    }

    pub fn json(document: &Value) -> Self {
        Self::new(200)
            .with("Content-Type", "application/json")
            .bytes(document.to_string().into_bytes())
    }

    /// An error in the envelope of the distribution specification.
    pub fn error(status: u16, code: &str) -> Self {
        Self {
            status,
            ..Self::json(&json!({"errors": [{"code": code, "message": code.to_lowercase()}]}))
        }
    }

    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.retain(|(held, _)| !held.eq_ignore_ascii_case(name));
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    pub fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(held, _)| !held.eq_ignore_ascii_case(name));
        self
    }

    pub fn bytes(mut self, bytes: impl Into<Bytes>) -> Self {
        self.body = Body::Whole(bytes.into());
        self
    }

    /// The bytes of the body, where it has any of its own.
    pub fn content(&self) -> Bytes {
        match &self.body {
            Body::Whole(bytes) | Body::Half(bytes) | Body::Slow(bytes, _) => bytes.clone(),
            Body::Zeros(_) | Body::Broken => Bytes::new(),
        }
    }

    pub(super) fn into_response(self) -> HttpResponse {
        let status = StatusCode::from_u16(self.status).expect("a test chose a status that HTTP has");
        let mut response = HttpResponseBuilder::new(status);
        for (name, value) in self.headers {
            response.append_header((name, value));
        }
        match self.body {
            Body::Whole(bytes) => response.body(bytes),
            Body::Half(bytes) => {
                let half = bytes.slice(..bytes.len() / 2);
                // The server drops what it has not yet sent when a body fails, so it gets time to send.
                let failure = async {
                    actix_web::rt::time::sleep(Duration::from_millis(20)).await;
                    Err(broken())
                };
                let parts = stream::iter([Ok(half)]).chain(stream::once(failure));
                response.body(SizedStream::new(bytes.len() as u64, Box::pin(parts)))
            }
            Body::Slow(bytes, pause) => {
                let (length, middle) = (bytes.len() as u64, bytes.len() / 2);
                let parts = stream::unfold(0, move |step| {
                    let bytes = bytes.clone();
                    async move {
                        match step {
                            0 => Some((Ok::<_, io::Error>(bytes.slice(..middle)), 1)),
                            1 => {
                                actix_web::rt::time::sleep(pause).await;
                                Some((Ok(bytes.slice(middle..)), 2))
                            }
                            _ => None,
                        }
                    }
                });
                response.body(SizedStream::new(length, Box::pin(parts)))
            }
            Body::Zeros(length) => {
                const CHUNK: u64 = 64 * 1024;
                let zeros = Bytes::from(vec![0; CHUNK as usize]);
                let chunks = (0..length.div_ceil(CHUNK)).map(move |_| Ok::<_, io::Error>(zeros.clone()));
                response.streaming(stream::iter(chunks))
            }
            Body::Broken => response.body(SizedStream::new(1, stream::iter([Err(broken())]))),
        }
    }
}

fn broken() -> io::Error {
    io::Error::other("broken on purpose")
}
