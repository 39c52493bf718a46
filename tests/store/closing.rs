use std::sync::Arc;

use chrono::{DateTime, Utc};
use tare::analysis::{AnalysisService, Closed, Closing, PlatformSelection};
use tare::export::{Account, BilledMonth, Scenario, charge_rows};
use tare::pricing::{Period, Rule};
use tare::report::AnalysisInputs;

use super::reports::{billed, crawl_and_report};
use super::{TestDatabase, on_both_databases};

on_both_databases!(a_closed_month_stays_as_it_was);

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
