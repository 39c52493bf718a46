use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tare::analysis::{AnalysisService, Closed, Closing, PlatformSelection};
use tare::export::{Account, BilledMonth, Scenario, charge_rows};
use tare::pricing::{Period, Rule};
use tare::report::{AnalysisInputs, ReportOptions, json};
use tare::store::Retention;

use super::reports::{billed, crawl_and_report};
use super::retention::keep_all;
use super::{TestDatabase, on_both_databases};

on_both_databases!(
    a_closed_month_stays_as_it_was,
    closed_months_and_days_within_the_retention_outlive_what_is_removed,
);

fn at(text: &str) -> DateTime<Utc> {
    text.parse().expect("a time")
}

async fn a_closed_month_stays_as_it_was(database: TestDatabase) {
    let store = database.open().await;
    let inputs = billed();
    let analysis = |inputs: &AnalysisInputs| {
        let inputs = Arc::new(inputs.clone());
        AnalysisService::new(store.clone(), inputs, PlatformSelection::default())
    };
    let october = Period::month(2026, 10).unwrap();
    let (correct, now) = (
        Closing {
            correct: true,
            ..Closing::default()
        },
        at("2026-11-02T08:00:00Z"),
    );
    crawl_and_report(&store, &["api", "web"], &inputs, at("2026-10-04T12:00:00Z")).await;

    let own = analysis(&inputs);
    let close = async |analysis: &AnalysisService, closing: &Closing| {
        let mut closed = analysis.close(october, closing, now).await.unwrap();
        assert_eq!(closed.len(), 1);
        closed.remove(0)
    };
    let running = own
        .close(Period::month(2026, 11).unwrap(), &Closing::default(), now)
        .await;
    assert_eq!(
        running.unwrap_err().to_string(),
        "2026-11 is not over yet, so it cannot be closed; it can be exported"
    );
    // Nobody knows yet that it was still there in the last days of October.
    assert!(matches!(
        close(&own, &Closing::default()).await,
        Closed::NotRead(_)
    ));
    crawl_and_report(&store, &["api"], &inputs, at("2026-11-01T06:00:00Z")).await;
    let Closed::Now(first) = close(&own, &Closing::default()).await else {
        panic!("not closed");
    };
    assert_eq!(
        first.repositories.len(),
        2,
        "what was deleted later was there in October"
    );

    // What is learnt later about later days changes nothing.
    crawl_and_report(&store, &["api", "other"], &inputs, at("2026-11-20T06:00:00Z")).await;
    assert!(matches!(
        close(&own, &Closing::default()).await,
        Closed::Same { .. }
    ));
    assert_eq!(store.closed_statements(october).await.unwrap().len(), 1);

    // Under another price book it would be another statement; only a correction says so.
    let mut dearer = inputs.clone();
    dearer.costs.registries[0].book = "azure-container-registry-basic".to_owned();
    dearer.costs.allocation.fees = Rule::Even;
    let dearer = analysis(&dearer);
    let Closed::Differs(difference) = close(&dearer, &Closing::default()).await else {
        panic!("a closed month was changed");
    };
    assert_eq!(difference.total.0, first.now.parts.total);
    assert!(
        difference
            .versions
            .iter()
            .any(|version| version.starts_with("price book: aws-ecr, now azure-"))
    );
    assert!(matches!(close(&dearer, &correct).await, Closed::Corrected(_)));
    assert!(matches!(close(&dearer, &correct).await, Closed::Same { .. }));

    // Whoever exports it gets the closed statement and the correction, whatever the settings are by then.
    let months = own.months(october, now).await.unwrap();
    assert!(months[0].is_closed);
    assert_eq!((months.len(), months[0].statements.len()), (1, 2));
    assert_eq!(months[0].statements[0], first);
    let month = BilledMonth {
        statements: months[0].statements.clone(),
        account: Account::default(),
        is_whole: true,
    };
    let rows = charge_rows(&month, Scenario::Now).unwrap();
    let sum: rust_decimal::Decimal = rows.iter().map(|row| row.cost.amount()).sum();
    assert_eq!(sum.normalize(), months[0].statements[1].now.parts.total.amount());
    let november = own.months(Period::month(2026, 11).unwrap(), now).await.unwrap();
    assert!(!november[0].is_closed);
}

async fn closed_months_and_days_within_the_retention_outlive_what_is_removed(database: TestDatabase) {
    let store = database.open().await;
    let inputs = billed();
    for (repositories, on) in [
        (&["api", "old"][..], "2026-09-10T12:00:00Z"),
        (&["api", "old", "web"], "2026-10-04T12:00:00Z"),
        (&["api", "web"], "2026-10-20T12:00:00Z"),
        (&["api", "web", "shop"], "2026-11-01T06:00:00Z"),
        (&["web", "shop"], "2026-11-12T06:00:00Z"),
    ] {
        crawl_and_report(&store, repositories, &inputs, at(on)).await;
    }
    let now = at("2026-12-01T08:00:00Z");
    let analysis = || {
        let inputs = Arc::new(inputs.clone());
        AnalysisService::new(store.clone(), inputs, PlatformSelection::default())
    };
    let [september, october, november] = [9, 10, 11].map(|month| Period::month(2026, month).unwrap());
    analysis().close(october, &Closing::default(), now).await.unwrap();
    let as_of = async |moment: &str| {
        let report = analysis()
            .report_as_of(at(moment), &[], &ReportOptions::default())
            .await;
        report
            .map(|report| json(&report).unwrap())
            .map_err(|error| error.to_string())
    };
    let months = async |month: Period| {
        let months = analysis()
            .months(month, now)
            .await
            .map_err(|error| error.to_string())?;
        Ok::<_, String>(
            months
                .into_iter()
                .map(|month| month.statements)
                .collect::<Vec<_>>(),
        )
    };
    let kept = [
        "2026-10-20T12:00:00Z",
        "2026-10-31T23:59:59Z",
        "2026-11-05T00:00:00Z",
        "2026-11-20T00:00:00Z",
    ];
    let mut before = Vec::new();
    for moment in kept {
        before.push(as_of(moment).await.unwrap());
    }
    let statements = [months(october).await.unwrap(), months(november).await.unwrap()];
    assert!(statements.iter().all(|months| months.len() == 1));
    assert!(months(september).await.unwrap()[0][0].repositories.len() == 2);

    // The tags of the deleted repository ended on 20 October, those of the next on 12 November.
    let a_month = Retention {
        tag_history: Some(Duration::from_secs(30 * 86_400)),
        ..keep_all()
    };
    let pruned = store.prune(&a_month, now).await.unwrap();
    assert_eq!((pruned.tag_history, pruned.manifests), (1, 1), "{pruned:?}");
    for (moment, before) in kept.into_iter().zip(&before) {
        assert_eq!(as_of(moment).await.as_ref(), Ok(before), "{moment}");
    }
    assert_eq!(months(october).await.unwrap(), statements[0], "as it was closed");
    assert_eq!(months(november).await.unwrap(), statements[1]);
    let no_longer = "the tags of that day are no longer kept (retention.tag_history)";
    for refused in [
        as_of("2026-10-20T11:00:00Z").await.map(drop),
        as_of("2026-09-11T00:00:00Z").await.map(drop),
        months(september).await.map(drop),
    ] {
        let refused = refused.unwrap_err();
        assert!(refused.contains(no_longer), "{refused}");
    }
    let close = analysis().close(september, &Closing::default(), now).await;
    assert!(close.unwrap_err().to_string().contains(no_longer));
}
