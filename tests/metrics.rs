//! What Prometheus is told: sums that stay true, series that vanish, and a format that Prometheus' own tool
//! finds nothing wrong with.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use chrono::{NaiveDate, TimeZone as _, Utc};
use rust_decimal::Decimal;
use tare::cost::{Budget, BudgetSubject, CostParts, Labels, MoneyEstimate, WorthRule, WorthSums};
use tare::events::EventCoverage;
use tare::inventory::{Accounting, DedupScope, FaultKind, RegistryTotals, RepositoryTotals};
use tare::metrics::{
    MetricsSettings, OTHER_REPOSITORIES, ProcessCounters, Snapshot, StoreState, render, render_report,
};
use tare::pricing::{MovedEstimate, Period};
use tare::pulls::PullSource;
use tare::report::{
    AlpineAnswers, BaseNames, BookNamed, ConfidenceCounts, CostReading, Forecast, LastCrawl, MonthlyPulls,
    PullBasis, RegistryAlpine, RegistryAnswers, RegistryCost, RegistryCostOnAlpine, RegistrySource, Report,
    ReportOptions, RepositoryAlpine, RepositoryCost, RepositoryCostOnAlpine, RepositoryVerdict, WorthLimits,
};
use tare::store::{
    Connections, CrawlCost, CrawlHealth, CrawlState, EndedCrawl, EventState, NotificationCount,
};
use tare::units::{ByteCount, Currency, Money, RequestCounts};
use tare::whatif::{ConfidenceLevel, Estimate, SavingEstimate, Verdict};

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
        untagged_bytes: None,
        untagged_manifests: None,
    });
    let after = |bytes_now: u64| Estimate::around(u128::from(bytes_now / 2), 100, 200).expect("an estimate");
    let judged = (1..=repositories).map(|number| RepositoryVerdict {
        verdict: Verdict::Switch,
        reason: "debian:12 to alpine".to_owned(),
        confidence: Some(ConfidenceLevel::Low),
        base: Some(BaseNames {
            name: Some("debian:\"12\"\n\u{1b}[31m".to_owned()),
            runtime: None,
        }),
        base_change: None,
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
            soft_deleted: None,
            event_coverage: None,
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
        labels: (1..=repositories)
            .map(|number| Labels {
                team: (number % 3 > 0).then(|| format!("team-{}", number % 3)),
                ..Labels::default()
            })
            .collect(),
        oldest_images: Vec::new(),
        untagged_ages: None,
        reconciliation: None,
        costs: Ok(None),
        alpine: Some(AlpineAnswers {
            registry: RegistryAlpine {
                stored_bytes: after(stored),
                saving_bytes: SavingEstimate::around(i128::from(stored / 2), 1, 1).expect("an estimate"),
                naive_saving_bytes: 0,
                verdicts: BTreeMap::from([(Verdict::Switch, usize::try_from(repositories).expect("few"))]),
                confidence: ConfidenceCounts::default(),
                switching_at_a_loss: 0,
                images_on_unsupported_alpine: 0,
                wanted_release: None,
            },
            repositories: judged.collect(),
            images: Vec::new(),
        }),
    };
    let mut report = Report::build(vec![answers], &ReportOptions::default()).expect("a report");
    let months = repositories * (repositories + 1) / 2;
    report.registries[0].cost = Some(registry_cost(months));
    for row in &mut report.repositories {
        row.cost = Some(repository_cost(row.totals.attributed_bytes.get() / 1_000_000));
    }
    report
}

fn dollars(cents: u64) -> Money {
    Money::new(
        Decimal::new(i64::try_from(cents).expect("not much"), 2),
        Currency::USD,
    )
}

fn exactly(money: Money) -> MoneyEstimate {
    MoneyEstimate {
        low: money,
        expected: money,
        high: money,
    }
}

/// A repository of some megabytes: ten cents a megabyte for storage and one for transfer, half of it on Alpine.
fn repository_cost(megabytes: u64) -> RepositoryCost {
    RepositoryCost {
        parts: CostParts {
            total: dollars(11 * megabytes),
            fee: dollars(0),
            storage: dollars(10 * megabytes),
            transfer: dollars(megabytes),
        },
        pulls: MonthlyPulls {
            per_month: 0,
            source: PullSource::None,
        },
        moved_bytes: MovedEstimate::default(),
        assumed_pulls_share: None,
        alpine: Some(RepositoryCostOnAlpine {
            month: exactly(dollars(6 * megabytes)),
            joint_saving: exactly(dollars(5 * megabytes)),
            solo_saving: exactly(dollars(megabytes)),
            worth_it_saving: exactly(dollars(0)),
            worth_it_transfer_saving: dollars(0),
            work: None,
            payback_months: None,
        }),
        pull_seconds: None,
    }
}

/// The registry of such repositories, with a fee of a dollar that is nobody's.
fn registry_cost(megabytes: u64) -> RegistryCost {
    RegistryCost {
        period: Period::new(date(2026, 11, 1), date(2026, 12, 1)).expect("a period"),
        price_book: BookNamed {
            id: "own".to_owned(),
            version: "1".to_owned(),
            title: "Our own".to_owned(),
            currency: Currency::USD,
            valid_until: date(2026, 12, 31),
        },
        parts: CostParts {
            total: dollars(11 * megabytes + 100),
            fee: dollars(100),
            storage: dollars(10 * megabytes),
            transfer: dollars(megabytes),
        },
        unallocated: dollars(100),
        included_worth: dollars(0),
        clean_up: None,
        unit: "GiB".to_owned(),
        one_more_unit: dollars(10),
        pulls: PullBasis {
            pulls_sources: BTreeMap::new(),
            assumed_transfer: dollars(0),
            assumed_pulls_share: None,
        },
        average_unit: None,
        alpine: Some(RegistryCostOnAlpine {
            month: exactly(dollars(6 * megabytes + 100)),
            saving: exactly(dollars(5 * megabytes)),
            nothing_saved_because: None,
            worth_it_saving: exactly(dollars(0)),
            worth: WorthSums::zero(Currency::USD),
            worth_rule: WorthLimits::new(&WorthRule::default(), Currency::USD),
        }),
        cheaper_plan: None,
        cheaper_plan_on_alpine: None,
        warnings: Vec::new(),
    }
}

fn date(year: i32, month: u32, day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, month, day).expect("a day")
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
                requests: RequestCounts {
                    total: 10,
                    get: 6,
                    head: 3,
                    ..RequestCounts::default()
                },
                ..CrawlCost::default()
            },
            faults: BTreeMap::from([(FaultKind::Denied, 4)]),
        }),
        unfinished: BTreeMap::from([(CrawlState::Queued, 1)]),
    }]
}

fn scrape(report: &Report, limit: usize) -> String {
    let settings = MetricsSettings {
        repositories: limit,
        budgets: vec![
            Budget {
                subject: BudgetSubject::Registry(REGISTRY.parse().expect("a name")),
                month: dollars(2550),
            },
            Budget {
                subject: BudgetSubject::Everything,
                month: Money::new(Decimal::ONE_HUNDRED, "EUR".parse().expect("a currency")),
            },
            Budget {
                subject: BudgetSubject::CostCentre("CC-1".to_owned()),
                month: dollars(700),
            },
        ],
    };
    let of_report = render_report(report, &settings).expect("metrics");
    let process = ProcessCounters::new().expect("counters");
    let request = process.begin_request();
    process.count_request("GET", "/v1/registries", 200, Duration::from_millis(3));
    process.count_request("BREW", "", 404, Duration::from_millis(1));
    let snapshot = Snapshot {
        report: Some(&of_report),
        crawls: Some(&crawls()),
        notifications: Some(&[NotificationCount {
            channel: "email".to_owned(),
            state: "sent".to_owned(),
            count: 3,
        }]),
        events: Some(&[EventState {
            registry: REGISTRY.parse().expect("a name"),
            pending: 7,
            event_coverage: Some(EventCoverage { told: 40, missed: 2 }),
        }]),
        store: StoreState {
            answers: true,
            connections: Connections {
                most: 5,
                open: 3,
                idle: 1,
            },
        },
        settings: &settings,
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

/// Cents, so that sums of floats can be compared.
fn cents(text: &str, metric: &str) -> f64 {
    (sum(text, metric) * 100.0).round()
}

#[test]
fn the_state_of_events_is_told_by_registry() {
    let text = scrape(&report(1), 1);
    for (metric, value) in [
        ("pending", 7.0),
        ("last_told_changes", 40.0),
        ("last_missed_changes", 2.0),
    ] {
        let expected = BTreeMap::from([("{registry=\"reg.example.com\"}", value)]);
        assert_eq!(
            values(&text, &format!("tare_events_{metric}")),
            expected,
            "{metric}"
        );
    }
}

#[test]
fn costs_add_up_over_repositories_and_over_teams() {
    for limit in [0, 7, 1000] {
        let text = scrape(&report(20), limit);
        let month = cents(&text, "tare_registry_monthly_cost_usd");
        let unallocated = cents(&text, "tare_registry_monthly_unallocated_cost_usd");
        assert_eq!((month, unallocated), (2410.0, 100.0));
        for level in ["repository", "team"] {
            let metric = |name| format!("tare_{level}_{name}");
            assert_eq!(
                cents(&text, &metric("monthly_cost_usd")) + unallocated,
                month,
                "{limit} {level}"
            );
            assert_eq!(
                cents(&text, &metric("monthly_saving_usd")),
                cents(&text, "tare_registry_monthly_saving_usd"),
                "{limit} {level}"
            );
            assert_eq!(
                sum(&text, &metric("attributed_bytes")),
                sum(&text, "tare_registry_stored_bytes"),
                "{limit} {level}"
            );
        }
        assert_eq!(sum(&text, "tare_team_repositories"), 20.0);
        let teams = values(&text, "tare_team_repositories");
        assert!(
            teams
                .keys()
                .any(|labels| labels.contains("team=\"(unassigned)\"")),
            "{teams:?}"
        );
    }
}

#[test]
fn budgets_and_the_end_of_a_price_book_are_told_for_alerts() {
    let text = scrape(&report(2), 2);
    assert_eq!(values(&text, "tare_registry_monthly_budget_usd").len(), 1);
    assert_eq!(sum(&text, "tare_registry_monthly_budget_usd"), 25.5);
    assert_eq!(sum(&text, "tare_monthly_budget_eur"), 100.0);
    assert!(
        text.contains("tare_cost_centre_monthly_budget_usd{cost_centre=\"CC-1\"} 7"),
        "{text}"
    );
    let after_the_last_day = Utc.with_ymd_and_hms(2027, 1, 1, 0, 0, 0).unwrap();
    let expiry = sum(&text, "tare_price_book_expiry_timestamp_seconds");
    assert_eq!(expiry, after_the_last_day.timestamp() as f64);
}

#[test]
fn the_forecast_of_the_report_is_a_metric_by_the_months_ahead() {
    let readings = (1_u64..=6).map(|month| CostReading {
        as_of: Utc
            .with_ymd_and_hms(2026, u32::try_from(month).expect("a month"), 5, 7, 0, 0)
            .unwrap(),
        cost: dollars(10_000 + 1_000 * month),
        price_book: "book 2026".to_owned(),
        repositories: 5,
        pulled_repositories: 5,
    });
    let mut report = report(2);
    assert!(!scrape(&report, 10).contains("tare_monthly_cost_forecast"));
    report.forecast = Some(Forecast::new(&[readings.collect()]));
    let text = scrape(&report, 10);
    let expected: Vec<f64> = ["1", "2", "3"]
        .map(|ahead| {
            values(&text, "tare_monthly_cost_forecast_usd")[format!("{{months_ahead=\"{ahead}\"}}").as_str()]
        })
        .into();
    assert_eq!(expected, [170.0, 180.0, 190.0]);
    let (low, high) = (
        sum(&text, "tare_monthly_cost_forecast_low_usd"),
        sum(&text, "tare_monthly_cost_forecast_high_usd"),
    );
    assert!(low <= 540.0 && 540.0 <= high, "{low} {high}");
}

#[test]
fn owners_have_no_more_series_than_repositories_and_their_sums_stay_true() {
    let mut report = report(20);
    for (place, row) in report.repositories.iter_mut().enumerate() {
        // Anybody who may push makes up labels, also one that looks like the others' series.
        row.labels.team = Some(match place {
            0 => OTHER_REPOSITORIES.to_owned(),
            _ => format!("team {place}\u{202e}"),
        });
    }
    for limit in [0, 1, 7, 19, 1000] {
        let text = scrape(&report, limit);
        let teams = values(&text, "tare_team_attributed_bytes");
        assert_eq!(teams.len(), limit.min(19) + 1, "{limit}: {teams:?}");
        assert_eq!(
            sum(&text, "tare_team_attributed_bytes"),
            sum(&text, "tare_registry_stored_bytes"),
            "{limit}"
        );
        assert_eq!(sum(&text, "tare_team_repositories"), 20.0);
        assert!(!text.contains('\u{202e}'));
    }
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
        notifications: None,
        events: None,
        store: StoreState {
            answers: false,
            connections: Connections {
                most: 5,
                open: 0,
                idle: 0,
            },
        },
        settings: &MetricsSettings::default(),
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
