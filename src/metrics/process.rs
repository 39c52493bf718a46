use std::time::Duration;

use chrono::{DateTime, Utc};
use prometheus::process_collector::ProcessCollector;
use prometheus::proto::MetricFamily;
use prometheus::{HistogramOpts, HistogramVec, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry};

/// Buckets of response times in seconds. Our choice: most responses take some milliseconds, and clients give up after ten
/// seconds.
const BUCKETS: &[f64] = &[
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0,
];

/// Counters of this process since it started. Clones share them.
#[derive(Debug, Clone)]
pub struct ProcessCounters {
    registry: Registry,
    requests: IntCounterVec,
    durations: HistogramVec,
    in_flight: IntGauge,
    refused_tokens: IntCounterVec,
    issuer_keys: IntGaugeVec,
    events: IntCounterVec,
}

/// What became of an event that a registry sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventOutcome {
    /// It is new.
    Accepted,
    /// It was received before.
    Duplicate,
    /// It is invalid, or about something that is not recorded.
    Skipped,
    /// Its sender may not see the repository.
    Refused,
}

impl EventOutcome {
    fn label(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Duplicate => "duplicate",
            Self::Skipped => "skipped",
            Self::Refused => "refused",
        }
    }
}

/// A request in progress. Ends when dropped.
#[derive(Debug)]
pub struct RequestInFlight(IntGauge);

impl Drop for RequestInFlight {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl ProcessCounters {
    /// Creates counters at zero.
    ///
    /// # Errors
    /// If two counters have the same name, which no input causes.
    pub fn new() -> Result<Self, prometheus::Error> {
        let counters = Self {
            registry: Registry::new(),
            requests: IntCounterVec::new(
                Opts::new(
                    "tare_http_requests_total",
                    "Finished requests by method, route and status code.",
                ),
                &["method", "route", "code"],
            )?,
            durations: HistogramVec::new(
                HistogramOpts::new(
                    "tare_http_request_duration_seconds",
                    "Response time, from the request's headers to the response's headers.",
                )
                .buckets(BUCKETS.to_vec()),
                &["method", "route"],
            )?,
            in_flight: IntGauge::new("tare_http_requests_in_flight", "Requests in progress.")?,
            refused_tokens: IntCounterVec::new(
                Opts::new(
                    "tare_tokens_refused_total",
                    "Refused access tokens of identity providers by reason.",
                ),
                &["reason"],
            )?,
            issuer_keys: IntGaugeVec::new(
                Opts::new(
                    "tare_issuer_keys_renewed_timestamp_seconds",
                    "When the keys of an identity provider were last fetched; 0 for never.",
                ),
                &["issuer"],
            )?,
            events: IntCounterVec::new(
                Opts::new(
                    "tare_events_total",
                    "Events of registries that this process received, by what became of them.",
                ),
                &["registry", "outcome"],
            )?,
        };
        counters.registry.register(Box::new(counters.requests.clone()))?;
        counters.registry.register(Box::new(counters.durations.clone()))?;
        counters.registry.register(Box::new(counters.in_flight.clone()))?;
        counters
            .registry
            .register(Box::new(counters.refused_tokens.clone()))?;
        counters
            .registry
            .register(Box::new(counters.issuer_keys.clone()))?;
        counters.registry.register(Box::new(counters.events.clone()))?;
        counters
            .registry
            .register(Box::new(ProcessCollector::for_self()))?;
        Ok(counters)
    }

    /// Counts a request that starts.
    pub fn begin_request(&self) -> RequestInFlight {
        self.in_flight.inc();
        RequestInFlight(self.in_flight.clone())
    }

    /// How many requests are in progress.
    pub fn requests_in_flight(&self) -> i64 {
        self.in_flight.get()
    }

    /// Counts a finished request.
    ///
    /// `route` is the matched pattern (`/v1/registries/{registry}`) and not the path, which clients choose; it is empty if
    /// no route matched.
    pub fn count_request(&self, method: &str, route: &str, status: u16, took: Duration) {
        let method = known_method(method);
        self.requests
            .with_label_values(&[method, route, status.to_string().as_str()])
            .inc();
        self.durations
            .with_label_values(&[method, route])
            .observe(took.as_secs_f64());
    }

    /// Counts a refused access token, by one of a few reasons.
    pub fn count_refused_token(&self, reason: &'static str) {
        self.refused_tokens.with_label_values(&[reason]).inc();
    }

    /// Records when the keys of an identity provider were last fetched.
    pub fn note_issuer_keys(&self, issuer: &str, now: DateTime<Utc>) {
        self.issuer_keys.with_label_values(&[issuer]).set(now.timestamp());
    }

    /// Counts events of a known registry.
    pub fn count_events(&self, registry: &str, outcome: EventOutcome, events: u64) {
        let labels = [registry, outcome.label()];
        self.events.with_label_values(&labels).inc_by(events);
    }

    pub(super) fn gather(&self) -> Vec<MetricFamily> {
        self.registry.gather()
    }
}

/// Clients can send any method; only these have a series.
fn known_method(method: &str) -> &'static str {
    const KNOWN: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    KNOWN
        .into_iter()
        .find(|known| *known == method)
        .unwrap_or("other")
}
