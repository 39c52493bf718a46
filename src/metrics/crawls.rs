use prometheus::proto::MetricFamily;

use super::family::{Family, timestamp};
use crate::store::{CrawlHealth, CrawlState, EndedCrawl};
use crate::units::RequestCounts;

/// A metric of the latest finished crawl.
struct Figure {
    name: &'static str,
    help: &'static str,
    of: fn(&EndedCrawl) -> f64,
}

/// Crawls are rare and each is complete in itself, so these are gauges of the latest one: all replicas report the same,
/// and a restart loses nothing.
const LAST: &[Figure] = &[
    Figure {
        name: "tare_registry_up",
        help: "Whether the last finished crawl read everything (1) or not (0).",
        of: |crawl| f64::from(u8::from(crawl.state == CrawlState::Complete)),
    },
    Figure {
        name: "tare_crawl_last_end_timestamp_seconds",
        help: "When the last crawl ended, successfully or not.",
        of: |crawl| timestamp(crawl.ended),
    },
    Figure {
        name: "tare_crawl_last_duration_seconds",
        help: "How long the last crawl took.",
        of: |crawl| crawl.duration.as_secs_f64(),
    },
    Figure {
        name: "tare_crawl_last_retried_requests",
        help: "Retried requests of the last crawl.",
        of: |crawl| crawl.cost.requests.retried as f64,
    },
    Figure {
        name: "tare_crawl_last_rate_limited_requests",
        help: "Requests of the last crawl that the registry throttled.",
        of: |crawl| crawl.cost.requests.rate_limited as f64,
    },
    Figure {
        name: "tare_crawl_last_wait_seconds",
        help: "How long requests of the last crawl waited for the registry's limits, summed over all requests.",
        of: |crawl| crawl.cost.waited.as_secs_f64(),
    },
    Figure {
        name: "tare_crawl_last_received_bytes",
        help: "Bytes of response bodies received by the last crawl.",
        of: |crawl| crawl.cost.bytes_received.get() as f64,
    },
];

/// All metrics of crawls.
pub(super) fn families(crawls: &[CrawlHealth]) -> Vec<MetricFamily> {
    let mut families: Vec<MetricFamily> = LAST
        .iter()
        .filter_map(|figure| {
            let mut family = Family::new(figure.name, figure.help);
            for (registry, last) in ended(crawls) {
                family.set(&[("registry", registry)], (figure.of)(last));
            }
            family.finish()
        })
        .collect();
    let others = [
        successes(crawls),
        requests(crawls),
        answers(crawls),
        faults(crawls),
        unfinished(crawls),
    ];
    families.extend(others.into_iter().filter_map(Family::finish));
    families
}

fn ended(crawls: &[CrawlHealth]) -> impl Iterator<Item = (&str, &EndedCrawl)> {
    crawls
        .iter()
        .filter_map(|health| Some((health.registry.as_str(), health.last.as_ref()?)))
}

fn successes(crawls: &[CrawlHealth]) -> Family {
    let mut family = Family::new(
        "tare_crawl_last_success_timestamp_seconds",
        "When a complete crawl last ended; 0 if there was none.",
    );
    for health in crawls {
        let value = health.last_success.map_or(0.0, timestamp);
        family.set(&[("registry", health.registry.as_str())], value);
    }
    family
}

fn requests(crawls: &[CrawlHealth]) -> Family {
    let mut family = Family::new(
        "tare_crawl_last_requests",
        "Requests of the last crawl by method, including retries and requests for tokens.",
    );
    for (registry, EndedCrawl { cost, .. }) in ended(crawls) {
        let RequestCounts { total, get, head, .. } = cost.requests;
        let other = total.saturating_sub(get).saturating_sub(head);
        for (method, count) in [("GET", get), ("HEAD", head), ("other", other)] {
            family.set(&[("registry", registry), ("method", method)], count as f64);
        }
    }
    family
}

fn answers(crawls: &[CrawlHealth]) -> Family {
    let mut family = Family::new(
        "tare_crawl_last_answers",
        "Responses to requests of the last crawl by status class; requests without a response are not counted.",
    );
    for (registry, EndedCrawl { cost, .. }) in ended(crawls) {
        for (code, count) in [
            ("2xx", cost.answers.successes),
            ("3xx", cost.answers.redirections),
            ("4xx", cost.answers.refusals),
            ("5xx", cost.answers.failures),
        ] {
            family.set(&[("registry", registry), ("code", code)], count as f64);
        }
    }
    family
}

fn faults(crawls: &[CrawlHealth]) -> Family {
    let mut family = Family::new(
        "tare_crawl_last_faults",
        "Faults of the last crawl by kind; denied, unavailable and invalid ones may make the figures too small.",
    );
    for (registry, last) in ended(crawls) {
        for (kind, count) in &last.faults {
            family.set(&[("registry", registry), ("kind", kind.as_str())], *count as f64);
        }
    }
    family
}

/// The states of an unfinished crawl. Each has a series, even at zero.
const UNFINISHED: [CrawlState; 2] = [CrawlState::Queued, CrawlState::Running];

fn unfinished(crawls: &[CrawlHealth]) -> Family {
    let mut family = Family::new(
        "tare_crawl_unfinished",
        "Crawls that wait for a replica (queued) or are running.",
    );
    for health in crawls {
        for state in UNFINISHED {
            let count = health.unfinished.get(&state).copied().unwrap_or_default();
            family.set(
                &[("registry", health.registry.as_str()), ("state", state.as_str())],
                count as f64,
            );
        }
    }
    family
}
