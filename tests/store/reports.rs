use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use tare::analysis::{AnalysisService, PlatformSelection};
use tare::cost::{CostCentreRule, CostPlan, Labels, RegistryTerms};
use tare::inventory::Fault;
use tare::oci::{RepositoryName, RepositoryPatterns};
use tare::pricing::{Period, PriceBooks};
use tare::report::{Analysed, AnalysisInputs, CostPeriod, Report, ReportOptions};
use tare::store::{CrawlEnd, PartOfRegistry, ReportOfCrawl, Retention, Store};
use tare::units::{Currency, Money};

use super::retention::keep_all;
use super::sample::{image, listing, tag};
use super::{TestDatabase, complete_end, connect, day, on_both_databases, registry};

on_both_databases!(
    the_past_is_what_reports_said,
    a_report_saved_twice_is_there_once,
    what_was_worked_out_is_kept_until_another_crawl_ends,
    a_month_is_billed_by_the_days_on_which_bytes_were_there,
    a_part_has_the_past_that_was_its_own,
);

#[tokio::test(flavor = "multi_thread")]
async fn a_crawl_that_finds_nothing_new_saves_a_report_without_rows() {
    let database = TestDatabase::server().await;
    let store = database.open().await;
    let inputs = billed();
    crawl_and_report(&store, &["api", "web"], &inputs, day(1)).await;
    for on in 2..=4 {
        crawl_and_report(&store, &["api", "web"], &inputs, day(on)).await;
    }
    let mut connection = connect(&database).await;
    let mut count = async |what: &'static str| -> i64 {
        sqlx::query_scalar(what).fetch_one(&mut connection).await.unwrap()
    };
    let rows = "SELECT count(*) FROM report_repository";
    assert_eq!(count("SELECT count(*) FROM report").await, 4);
    assert_eq!(count(rows).await, 2);

    // Every answer is as if each report had rows of its own.
    let api: RepositoryName = "api".parse().unwrap();
    let name = registry().name;
    let own = async || {
        store
            .repository_history(&name, &api, day(1), day(20))
            .await
            .unwrap()
    };
    let points = own().await;
    assert_eq!(
        points.iter().map(|point| point.as_of).collect::<Vec<_>>(),
        [day(1), day(2), day(3), day(4)]
    );
    assert!(
        points
            .iter()
            .all(|point| point.attributed_bytes == points[0].attributed_bytes)
    );
    let part = PartOfRegistry {
        repositories: vec!["api".to_owned()],
        cost_centres: Vec::new(),
    };
    assert_eq!(
        store
            .part_history(&name, &part, day(1), day(20))
            .await
            .unwrap()
            .len(),
        4
    );
    assert_eq!(store.repository_costs_at(day(5)).await.unwrap().len(), 2);
    let shown = "SELECT count(*) FROM finance.v_repository WHERE as_of = '2026-11-04T12:00:00Z'";
    assert_eq!(count(shown).await, 2);
    let bytes = store
        .byte_history(&name, Period::month(2026, 11).unwrap())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(bytes.attributed.len(), 2);

    // A change is written, and so is the way back.
    crawl_and_report(&store, &["api"], &inputs, day(5)).await;
    assert_eq!(count(rows).await, 3);
    crawl_and_report(&store, &["api", "web"], &inputs, day(6)).await;
    assert_eq!(count(rows).await, 5);
    assert_eq!(own().await.len(), 6);
    // Retention keeps the rows that later reports rest on.
    let one_a_day = Retention {
        every_report: Duration::ZERO,
        ..keep_all()
    };
    crawl_and_report(&store, &["api", "web"], &inputs, day(6) + TimeDelta::hours(1)).await;
    store.prune(&one_a_day, day(20)).await.unwrap();
    assert_eq!(count(rows).await, 5);
    assert_eq!(own().await.last().unwrap().as_of, day(6) + TimeDelta::hours(1));
}

/// Crawls a registry that has these repositories, with one image each, and saves the report.
pub async fn crawl_and_report(
    store: &Store,
    repositories: &[&str],
    inputs: &AnalysisInputs,
    now: DateTime<Utc>,
) -> Report {
    let mut saver = store.begin_crawl(&registry(), 1, now).await.unwrap();
    for name in repositories {
        let (digest, mut findings) = image(name);
        findings.extend([tag(name, "1", digest), listing(name, &["1"])]);
        saver.save(&findings, now).await.unwrap();
    }
    let faults: [Fault; 0] = [];
    let end = CrawlEnd {
        faults: &faults,
        ..complete_end()
    };
    saver.finish(&end, now).await.unwrap();
    let report = analysed(store, inputs)
        .await
        .report(inputs, &ReportOptions::default())
        .unwrap();
    save(store, &report, inputs, now).await;
    report
}

fn analysis(store: &Store, inputs: &AnalysisInputs) -> AnalysisService {
    let inputs = Arc::new(inputs.clone());
    AnalysisService::new(store.clone(), inputs, PlatformSelection::default())
}

async fn analysed(store: &Store, inputs: &AnalysisInputs) -> Arc<Analysed> {
    analysis(store, inputs).analysed().await.unwrap()
}

async fn save(store: &Store, report: &Report, inputs: &AnalysisInputs, now: DateTime<Utc>) {
    let saved = ReportOfCrawl {
        report,
        versions: &inputs.versions(),
        computed_at: now,
    };
    store.save_report(saved).await.unwrap();
}

pub fn billed() -> AnalysisInputs {
    AnalysisInputs {
        costs: CostPlan {
            books: PriceBooks::shipped().unwrap(),
            registries: vec![RegistryTerms::everywhere("aws-ecr")],
            ..CostPlan::default()
        },
        ..AnalysisInputs::default()
    }
}

async fn the_past_is_what_reports_said(database: TestDatabase) {
    let store = database.open().await;
    let inputs = billed();
    let first = crawl_and_report(&store, &["api"], &inputs, day(1)).await;
    let second = crawl_and_report(&store, &["api", "web"], &inputs, day(11)).await;

    let points = store
        .registry_history(&registry().name, day(1), day(20))
        .await
        .unwrap();
    assert_eq!(points.len(), 2);
    for (point, report) in points.iter().zip([&first, &second]) {
        let row = &report.registries[0];
        assert_eq!(point.as_of, row.as_of);
        assert_eq!(point.stored_bytes, row.totals.stored_bytes);
        assert_eq!(point.cost, row.cost.as_ref().map(|cost| cost.parts));
        assert_eq!(point.cost.unwrap().total.currency(), Currency::USD);
    }
    let api: RepositoryName = "api".parse().unwrap();
    let own = store
        .repository_history(&registry().name, &api, day(1), day(20))
        .await
        .unwrap();
    assert_eq!(own.len(), 2);
    assert!(
        own[1].attributed_bytes < own[0].attributed_bytes,
        "the base is shared by then"
    );
    let later = store
        .registry_history(&registry().name, day(12), day(20))
        .await
        .unwrap();
    assert!(later.is_empty());
}

async fn a_report_saved_twice_is_there_once(database: TestDatabase) {
    let store = database.open().await;
    let inputs = billed();
    let report = crawl_and_report(&store, &["api"], &inputs, day(1)).await;
    save(&store, &report, &inputs, day(2)).await;
    let points = store
        .registry_history(&registry().name, day(1), day(20))
        .await
        .unwrap();
    assert_eq!(points.len(), 1);

    // A crawl that was cut short says nothing about what there is.
    store.begin_crawl(&registry(), 1, day(3)).await.unwrap();
    let partial = analysed(&store, &inputs)
        .await
        .report(&inputs, &ReportOptions::default())
        .unwrap();
    save(&store, &partial, &inputs, day(3)).await;
    let points = store
        .registry_history(&registry().name, day(1), day(20))
        .await
        .unwrap();
    assert_eq!(points.len(), 1);
}

async fn what_was_worked_out_is_kept_until_another_crawl_ends(database: TestDatabase) {
    let store = database.open().await;
    let inputs = billed();
    crawl_and_report(&store, &["api"], &inputs, day(1)).await;

    let keeping = analysis(&store, &inputs).keeping();
    let first = keeping.analysed().await.unwrap();
    let saved = keeping.save_report(Vec::new(), day(2)).await.unwrap();
    let beside = keeping.clone().analysed().await.unwrap();
    assert!(Arc::ptr_eq(&first, &saved) && Arc::ptr_eq(&first, &beside));
    crawl_and_report(&store, &["api", "web"], &inputs, day(4)).await;
    let second = keeping.analysed().await.unwrap();
    assert_eq!(first.registries[0].accounting.repositories.len(), 1);
    assert_eq!(second.registries[0].accounting.repositories.len(), 2);

    let once = analysis(&store, &inputs);
    let (first, second) = (once.analysed().await.unwrap(), once.analysed().await.unwrap());
    assert!(
        !Arc::ptr_eq(&first, &second),
        "a process that answers nobody keeps nothing"
    );
}

async fn a_month_is_billed_by_the_days_on_which_bytes_were_there(database: TestDatabase) {
    let store = database.open().await;
    let inputs = billed();
    crawl_and_report(&store, &["api"], &inputs, day(1)).await;
    crawl_and_report(&store, &["api", "web"], &inputs, day(11)).await;
    crawl_and_report(&store, &["web"], &inputs, day(21)).await;
    let date = |day| NaiveDate::from_ymd_opt(2026, 11, day).unwrap();
    let period = Period::new(date(2), date(26)).unwrap();
    let history = store
        .byte_history(&registry().name, period)
        .await
        .unwrap()
        .unwrap();

    let analysed = analysed(&store, &inputs).await;
    let own = &analysed.registries[0];
    let outcome = &own.analysis.outcome;
    let over = CostPeriod::History(period, &history);
    let statement = own.statement(outcome, &inputs, over).unwrap().unwrap();
    // The repository that is gone by now bears what was stored in it.
    let names: Vec<&str> = statement
        .repositories
        .iter()
        .map(|row| row.repository.as_str())
        .collect();
    assert_eq!(names, ["web", "api"]);
    let sum = statement.repositories.iter().map(|row| row.now.total);
    let sum = Money::checked_total(Currency::USD, sum).unwrap();
    assert_eq!(
        sum.checked_add(statement.unallocated).unwrap(),
        statement.now.parts.total
    );
    assert!(!statement.repositories[1].now.total.is_zero());

    // From the second to the eleventh, noon, what the first reading says; and so on.
    let [first, second, third] = [1, 11, 21].map(|number| {
        let store = &store;
        async move {
            let points = store
                .registry_history(&registry().name, day(number), day(number + 1))
                .await;
            u128::from(points.unwrap()[0].stored_bytes.get())
        }
    });
    let half_days = first.await * 19 + second.await * 20 + third.await * 9;
    assert_eq!(history.stored.byte_seconds_in(period), half_days * 43_200);
    let before = Period::new(date(1), date(1).succ_opt().unwrap()).unwrap();
    assert!(
        store
            .byte_history(&registry().name, before)
            .await
            .unwrap()
            .is_some()
    );
    let never = Period::month(2026, 10).unwrap();
    assert!(
        store
            .byte_history(&registry().name, never)
            .await
            .unwrap()
            .is_none()
    );
}

/// A part counts what was its cost centre's by the rules of each day, and what was nobody's then and is its own now;
/// what was another's on that day is not in it.
async fn a_part_has_the_past_that_was_its_own(database: TestDatabase) {
    let store = database.open().await;
    let assigned = |centre_of: &[(&str, &str)]| {
        let mut inputs = billed();
        inputs.costs.centres.rules = centre_of
            .iter()
            .map(|(repository, centre)| CostCentreRule {
                repositories: RepositoryPatterns::new([*repository]).unwrap(),
                labels: Labels {
                    cost_centre: Some((*centre).to_owned()),
                    ..Labels::default()
                },
            })
            .collect();
        inputs
    };
    let names = ["api", "web", "tools"];
    let early = assigned(&[("tools", "CC-2")]);
    crawl_and_report(&store, &names, &early, day(1)).await;
    let middle = assigned(&[("api", "CC-1"), ("tools", "CC-1"), ("web", "CC-2")]);
    let second = crawl_and_report(&store, &names, &middle, day(2)).await;
    crawl_and_report(&store, &names, &assigned(&[("api", "CC-2")]), day(3)).await;

    let part = PartOfRegistry {
        cost_centres: vec!["CC-1".to_owned()],
        repositories: vec!["api".to_owned(), "tools".to_owned()],
    };
    let points = store
        .part_history(&registry().name, &part, day(1), day(20))
        .await
        .unwrap();
    let share = |report: &Report, names: &[&str]| -> (u64, rust_decimal::Decimal) {
        let rows = report.repositories.iter();
        let own = rows.filter(|row| names.contains(&row.totals.repository.as_str()));
        own.map(|row| {
            let month = row.cost.as_ref().unwrap().parts.total.amount();
            (row.totals.attributed_bytes.get(), month)
        })
        .fold((0, rust_decimal::Decimal::ZERO), |sum, own| {
            (sum.0 + own.0, sum.1 + own.1)
        })
    };
    // Bytes stay as they are throughout, so each day shows who counts on it.
    let counted: Vec<_> = points
        .iter()
        .map(|point| {
            let month = point.cost.unwrap().total.amount();
            (point.as_of, point.stored_bytes.get(), month)
        })
        .collect();
    let expected = [
        (day(1), &["api"][..]),
        (day(2), &["api", "tools"]),
        (day(3), &["tools"]),
    ];
    let expected = expected.map(|(at, names)| {
        let (bytes, month) = share(&second, names);
        (at, bytes, month)
    });
    assert_eq!(counted, expected);
}
