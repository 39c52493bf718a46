//! What Prometheus is told: sums that stay true, series that vanish, and a format that Prometheus' own tool
//! finds nothing wrong with.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use chrono::{TimeZone as _, Utc};
use tare::inventory::{Accounting, DedupScope, FaultKind, RegistryTotals, RepositoryTotals};
use tare::metrics::{OTHER_REPOSITORIES, ProcessCounters, Snapshot, StoreState, render};
use tare::report::{
    AlpineAnswers, BaseNames, LastCrawl, RegistryAlpine, RegistryAnswers, RegistrySource, Report,
    ReportOptions, RepositoryAlpine, RepositoryVerdict,
};
use tare::store::{Connections, CrawlCost, CrawlHealth, CrawlState, EndedCrawl};
use tare::units::ByteCount;
use tare::whatif::{Estimate, SavingEstimate, Verdict};

const REGISTRY: &str = "reg.example.com";

fn bytes(count: u64) -> ByteCount {
    count.try_into().expect("a number of bytes")
}

/// A registry whose repositories `r1`, `r2`, … have one, two, … megabytes that no other uses.
fn report(repositories: u64) -> Report {
    let size = |number: u64| number * 1_000_000;
    let stored: u64 = (1..=repositories).map(size).sum();
    let totals = (1..=repositories).map(|number| RepositoryTotals {
        repository: format!("r{number}").parse().expect("a name"),
        tags: 2,
        images: 2,
        logical_bytes: bytes(2 * size(number)),
        stored_bytes: bytes(size(number)),
        exclusive_bytes: bytes(size(number)),
        attributed_bytes: bytes(size(number)),
    });
    let after = |bytes_now: u64| Estimate::around(u128::from(bytes_now / 2), 100, 200).expect("an estimate");
    let judged = (1..=repositories).map(|number| RepositoryVerdict {
        verdict: Verdict::Switch,
        reason: "debian:12 to alpine".to_owned(),
        base: Some(BaseNames {
            name: Some("debian:\"12\"\n\u{1b}[31m".to_owned()),
            runtime: None,
        }),
        alpine: RepositoryAlpine {
            stored_bytes: after(size(number)),
            attributed_bytes: after(size(number)),
            solo_saving_bytes: after(size(number)).saved_from(bytes(size(number))),
            joint_saving_bytes: after(size(number)).saved_from(bytes(size(number))),
            break_even_repositories: Some(1),
        },
    });
    let answers = RegistryAnswers {
        source: RegistrySource {
            registry: REGISTRY.parse().expect("a name"),
            as_of: Utc.with_ymd_and_hms(2026, 11, 23, 7, 0, 0).unwrap(),
            last_crawl: LastCrawl::Complete,
            dedup_scope: DedupScope::Registry,
            unread_manifests: 0,
            conflicting_sizes: 0,
            missing_tags: 0,
        },
        accounting: Accounting {
            registry: RegistryTotals {
                repositories: usize::try_from(repositories).expect("few"),
                stored_bytes: bytes(stored),
                logical_bytes: bytes(2 * stored),
                ..RegistryTotals::default()
            },
            repositories: totals.collect(),
        },
        alpine: Some(AlpineAnswers {
            registry: RegistryAlpine {
                stored_bytes: after(stored),
                saving_bytes: SavingEstimate::around(i128::from(stored / 2), 1, 1).expect("an estimate"),
                naive_saving_bytes: 0,
                verdicts: BTreeMap::from([(Verdict::Switch, usize::try_from(repositories).expect("few"))]),
                switching_at_a_loss: 0,
            },
            repositories: judged.collect(),
            images: Vec::new(),
        }),
    };
    Report::build(vec![answers], &ReportOptions::default()).expect("a report")
}

fn crawls() -> Vec<CrawlHealth> {
    let ended = Utc.with_ymd_and_hms(2026, 11, 23, 7, 0, 0).unwrap();
    vec![CrawlHealth {
        registry: REGISTRY.parse().expect("a name"),
        last_success: None,
        last: Some(EndedCrawl {
            state: CrawlState::Incomplete,
            ended,
            duration: Duration::from_millis(1500),
            cost: CrawlCost {
                requests: 10,
                get: 6,
                head: 3,
                ..CrawlCost::default()
            },
            faults: BTreeMap::from([(FaultKind::Denied, 4)]),
        }),
        unfinished: BTreeMap::from([("queued".to_owned(), 1)]),
    }]
}

fn scrape(report: &Report, limit: usize) -> String {
    let process = ProcessCounters::new().expect("counters");
    let request = process.begin_request();
    process.count_request("GET", "/v1/registries", 200, Duration::from_millis(3));
    process.count_request("BREW", "", 404, Duration::from_millis(1));
    let snapshot = Snapshot {
        report: Some(report),
        crawls: Some(&crawls()),
        store: StoreState {
            answers: true,
            connections: Connections {
                most: 5,
                open: 3,
                idle: 1,
            },
        },
        repositories: limit,
    };
    let text = render(&snapshot, &process).expect("metrics");
    drop(request);
    text
}

/// The values of a metric by its labels.
fn values<'a>(text: &'a str, metric: &str) -> BTreeMap<&'a str, f64> {
    text.lines()
        .filter_map(|line| {
            let (labels, value) = line.strip_prefix(metric)?.rsplit_once(' ')?;
            (labels.is_empty() || labels.starts_with('{')).then(|| (labels, value.parse().expect("a number")))
        })
        .collect()
}

fn sum(text: &str, metric: &str) -> f64 {
    values(text, metric).values().sum()
}

#[test]
fn the_largest_repositories_have_series_and_the_others_one_together_so_that_sums_stay_true() {
    let report = report(20);
    for limit in [0, 1, 7, 20, 1000] {
        let text = scrape(&report, limit);
        let shares = values(&text, "tare_repository_attributed_bytes");
        assert_eq!(shares.len(), limit.min(20) + usize::from(limit < 20), "{limit}");
        assert_eq!(
            sum(&text, "tare_repository_attributed_bytes"),
            sum(&text, "tare_registry_stored_bytes"),
            "{limit}"
        );
        for metric in ["logical_bytes", "saving_bytes"] {
            assert_eq!(
                sum(&text, &format!("tare_repository_{metric}")),
                sum(&text, &format!("tare_registry_{metric}")),
                "{limit} {metric}"
            );
        }
    }
    let text = scrape(&report, 1);
    let shares = values(&text, "tare_repository_attributed_bytes");
    let label = |repository| format!("{{registry=\"{REGISTRY}\",repository=\"{repository}\"}}");
    assert_eq!(shares[label("r20").as_str()], 20e6);
    assert_eq!(shares[label(OTHER_REPOSITORIES).as_str()], 190e6);
}

#[test]
fn no_repository_can_have_the_name_of_the_others() {
    assert!(OTHER_REPOSITORIES.parse::<tare::oci::RepositoryName>().is_err());
}

#[test]
fn what_has_vanished_vanishes() {
    let process = ProcessCounters::new().expect("counters");
    let before = scrape(&report(3), 100);
    assert!(before.contains("repository=\"r3\""));
    let after = scrape(&report(2), 100);
    assert!(!after.contains("repository=\"r3\""));
    let nothing = Snapshot {
        report: None,
        crawls: None,
        store: StoreState {
            answers: false,
            connections: Connections {
                most: 5,
                open: 0,
                idle: 0,
            },
        },
        repositories: 100,
    };
    let text = render(&nothing, &process).expect("metrics");
    assert!(text.contains("\ntare_store_up 0\n"), "{text}");
    assert!(!text.contains("tare_registry_"), "{text}");
}

#[test]
fn crawls_tell_how_they_went() {
    let text = scrape(&report(1), 1);
    assert_eq!(sum(&text, "tare_registry_up"), 0.0);
    assert_eq!(sum(&text, "tare_crawl_last_success_timestamp_seconds"), 0.0);
    assert_eq!(sum(&text, "tare_crawl_last_requests"), 10.0);
    assert_eq!(sum(&text, "tare_crawl_last_duration_seconds"), 1.5);
    assert_eq!(sum(&text, "tare_crawl_last_faults"), 4.0);
    assert_eq!(sum(&text, "tare_crawl_unfinished"), 1.0);
}

#[test]
fn requests_are_counted_by_route_and_by_methods_that_exist() {
    let text = scrape(&report(1), 1);
    let requests = values(&text, "tare_http_requests_total");
    assert_eq!(
        requests["{code=\"200\",method=\"GET\",route=\"/v1/registries\"}"],
        1.0
    );
    assert_eq!(requests["{code=\"404\",method=\"other\",route=\"\"}"], 1.0);
    assert_eq!(sum(&text, "tare_http_requests_in_flight"), 1.0);
    assert_eq!(sum(&text, "tare_http_request_duration_seconds_count"), 2.0);
}

#[test]
fn promtool_finds_nothing_wrong() {
    let text = scrape(&report(30), 10);
    let mut promtool = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("promtool runs (Debian's package prometheus brings it)");
    let mut input = promtool.stdin.take().expect("an input");
    input.write_all(text.as_bytes()).expect("a promtool that reads");
    drop(input);
    let output = promtool.wait_with_output().expect("an end");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.is_empty(), "{said}");
}

/// A scrape must not take longer than 100 ms with 10,000 repositories. Unoptimised code on a busy machine
/// gets some more; what it guards against is work that grows with the square of their number.
#[test]
fn ten_thousand_repositories_are_told_quickly() {
    let report = report(10_000);
    for limit in [500, 10_000] {
        let start = Instant::now();
        let text = scrape(&report, limit);
        let took = start.elapsed();
        assert!(text.lines().count() > limit * 6);
        assert!(took < Duration::from_secs(5), "{limit}: {took:?}");
        println!("{limit} of 10,000: {took:?}, {} bytes", text.len());
    }
}
