use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;

use super::{Answer, Body, FaultyRegistry};

/// A request as the registry received it.
#[derive(Debug, Clone)]
pub struct Request {
    pub method: String,
    /// The path with its query, as sent.
    pub path: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: String,
    pub at: Instant,
}

impl Request {
    pub fn is_get(&self, part_of_path: &str) -> bool {
        self.method == "GET" && self.path.contains(part_of_path)
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(held, _)| held == name)
            .map(|(_, value)| value.as_str())
    }

    /// A parameter of the query, decoded; the first where it is given several times.
    pub fn parameter(&self, name: &str) -> Option<String> {
        let query = self.path.split_once('?')?.1;
        url::form_urlencoded::parse(query.as_bytes())
            .find(|(held, _)| held == name)
            .map(|(_, value)| value.into_owned())
    }
}

type Change = Arc<dyn Fn(&Request, Answer) -> Answer + Send + Sync>;

/// How an answer is spoilt. What is not listed can be done with [`Spoil::With`].
#[derive(Clone)]
pub enum Spoil {
    /// An error with this status instead.
    Status(u16),
    /// An error with this status and this `Retry-After`.
    RetryAfter(u16, String),
    /// The connection breaks before a byte of the body.
    Drop,
    /// The connection breaks in the middle of the body.
    Truncate,
    /// Nothing is said for so long.
    Stall(Duration),
    /// The body pauses in its middle for so long.
    StallBody(Duration),
    /// This header is added or replaced.
    Header(&'static str, String),
    /// This header is left out.
    NoHeader(&'static str),
    /// Another body under the same headers.
    Body(Vec<u8>),
    /// A body of so many bytes, without an announced length.
    Oversize(u64),
    /// A small compressed body that unpacks to so many bytes.
    GzipBomb(u64),
    /// A redirect with this status to this URL.
    Redirect(u16, String),
    /// Anything else.
    With(Change),
}

impl Spoil {
    pub fn with(change: impl Fn(&Request, Answer) -> Answer + Send + Sync + 'static) -> Self {
        Self::With(Arc::new(change))
    }

    fn apply(&self, request: &Request, mut answer: Answer) -> Answer {
        match self {
            Self::Status(status) => Answer::error(*status, "SPOILT"),
            Self::RetryAfter(status, after) => Answer::error(*status, "SPOILT").with("Retry-After", after),
            Self::Drop => {
                answer.body = Body::Broken;
                answer
            }
            Self::Truncate => {
                answer.body = Body::Half(answer.content());
                answer
            }
            Self::Stall(delay) => {
                answer.delay = *delay;
                answer
            }
            Self::StallBody(pause) => {
                answer.body = Body::Slow(answer.content(), *pause);
                answer
            }
            Self::Header(name, value) => answer.with(name, value),
            Self::NoHeader(name) => answer.without(name),
            Self::Body(bytes) => answer.bytes(bytes.clone()),
            Self::Oversize(length) => {
                answer.body = Body::Zeros(*length);
                answer
            }
            Self::GzipBomb(length) => answer.with("Content-Encoding", "gzip").bytes(bomb(*length)),
            Self::Redirect(status, target) => Answer::new(*status).with("Location", target),
            Self::With(change) => change(request, answer),
        }
    }
}

fn bomb(length: u64) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    let zeros = [0; 64 * 1024];
    for _ in 0..length.div_ceil(zeros.len() as u64) {
        encoder.write_all(&zeros).expect("memory takes any write");
    }
    encoder.finish().expect("memory takes any write")
}

type Matches = Box<dyn Fn(&Request) -> bool + Send + Sync>;

/// Which requests are answered with a spoilt answer, and how often.
pub(super) struct Rule {
    matches: Matches,
    left: usize,
    spoil: Spoil,
}

impl Rule {
    /// Spoils the answer by the first rule that matches and is not used up.
    pub(super) fn apply_first(rules: &mut [Self], request: &Request, answer: Answer) -> Answer {
        let rule = rules
            .iter_mut()
            .find(|rule| rule.left > 0 && (rule.matches)(request));
        match rule {
            Some(rule) => {
                rule.left -= 1;
                rule.spoil.apply(request, answer)
            }
            None => answer,
        }
    }
}

/// A rule in the making; see [`FaultyRegistry::on`].
pub struct RuleBuilder<'a> {
    pub(super) registry: &'a FaultyRegistry,
    pub(super) matches: Matches,
    pub(super) times: usize,
}

impl RuleBuilder<'_> {
    /// Only the next so many requests that match.
    pub fn times(self, times: usize) -> Self {
        Self { times, ..self }
    }

    /// From now on, answers that way.
    pub fn spoil(self, spoil: Spoil) {
        self.registry.add_rule(Rule {
            matches: self.matches,
            left: self.times,
            spoil,
        });
    }
}
