use std::time::Duration;

use chrono::{DateTime, Utc};
use prometheus::process_collector::ProcessCollector;
use prometheus::proto::MetricFamily;
use prometheus::{HistogramOpts, HistogramVec, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry};

/// From five milliseconds, in which most answers should be there, to the ten seconds after which nobody waits.
const BUCKETS: &[f64] = &[
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0,
];

/// What this process has done since it started. Clones share it.
#[derive(Debug, Clone)]
pub struct ProcessCounters {
    registry: Registry,
    requests: IntCounterVec,
    durations: HistogramVec,
    in_flight: IntGauge,
    refused_tokens: IntCounterVec,
    issuer_keys: IntGaugeVec,
}

/// A request that is being answered; it counts as such until this is dropped.
#[derive(Debug)]
pub struct RequestInFlight(IntGauge);

impl Drop for RequestInFlight {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl ProcessCounters {
    /// Counters at zero.
    ///
    /// # Errors
    /// Only where two counters have one name, which no input causes.
    pub fn new() -> Result<Self, prometheus::Error> {
        let counters = Self {
            registry: Registry::new(),
            requests: IntCounterVec::new(
                Opts::new(
                    "tare_http_requests_total",
                    "Requests answered, by method, route and status code.",
                ),
                &["method", "route", "code"],
            )?,
            durations: HistogramVec::new(
                HistogramOpts::new(
                    "tare_http_request_duration_seconds",
                    "How long answering took, from the request's head to the answer's head.",
                )
                .buckets(BUCKETS.to_vec()),
                &["method", "route"],
            )?,
            in_flight: IntGauge::new("tare_http_requests_in_flight", "Requests being answered.")?,
            refused_tokens: IntCounterVec::new(
                Opts::new(
                    "tare_tokens_refused_total",
                    "Access tokens of identity providers that were not accepted, by reason.",
                ),
                &["reason"],
            )?,
            issuer_keys: IntGaugeVec::new(
                Opts::new(
                    "tare_issuer_keys_renewed_timestamp_seconds",
                    "When the keys of an identity provider were last had from it; 0 for never.",
                ),
                &["issuer"],
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
        counters
            .registry
            .register(Box::new(ProcessCollector::for_self()))?;
        Ok(counters)
    }

    /// Counts a request that has begun.
    pub fn begin_request(&self) -> RequestInFlight {
        self.in_flight.inc();
        RequestInFlight(self.in_flight.clone())
    }

    /// Counts a request that has been answered.
    ///
    /// `route` is the pattern that matched (`/v1/registries/{registry}`), not the path, which anybody can
    /// make up; where none matched it is empty.
    pub fn count_request(&self, method: &str, route: &str, status: u16, took: Duration) {
        let method = known_method(method);
        self.requests
            .with_label_values(&[method, route, status.to_string().as_str()])
            .inc();
        self.durations
            .with_label_values(&[method, route])
            .observe(took.as_secs_f64());
    }

    /// Counts an access token that was not accepted, for one of a few reasons.
    pub fn count_refused_token(&self, reason: &'static str) {
        self.refused_tokens.with_label_values(&[reason]).inc();
    }

    /// Notes when an identity provider of the configuration last gave its keys.
    pub fn note_issuer_keys(&self, issuer: &str, now: DateTime<Utc>) {
        self.issuer_keys.with_label_values(&[issuer]).set(now.timestamp());
    }

    pub(super) fn gather(&self) -> Vec<MetricFamily> {
        self.registry.gather()
    }
}

/// Methods are whatever a client sends; only these get series.
fn known_method(method: &str) -> &'static str {
    const KNOWN: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    KNOWN
        .into_iter()
        .find(|known| *known == method)
        .unwrap_or("other")
}
