//! The views that finance reads, on a real server: their sums, their comments, and the role that sees them
//! and nothing else.

use std::collections::BTreeSet;

use rust_decimal::Decimal;
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Executor as _, PgConnection, Row as _};
use tare::inventory::ReportedUsage;
use tare::report::RegistryOwnFigure;
use tare::store::{DatabaseLocation, Store, StoreSettings};
use tare::units::ByteCount;

use super::reports::{billed, crawl_and_report};
use super::{day, registry};
use crate::support::finance_reader;
use crate::support::postgres::PostgresServer;

/// Two registries, of which one was accounted for on two days, and once more on the second.
const SAMPLE: &str = "
    INSERT INTO registry (name, origin_url, dedup_scope, first_seen) VALUES
        ('a.example.com', 'https://a.example.com', 'registry', now()),
        ('b.example.com', 'https://b.example.com', 'registry', now());
    INSERT INTO report (registry_id, as_of, computed_at, tare_version, catalogue_version, model_version, price_book,
        price_book_version, currency, is_complete, repositories, tags, images, logical_bytes, stored_bytes,
        monthly_cost, monthly_fee, monthly_storage, monthly_transfer, monthly_unallocated,
        alpine_monthly_cost_low, alpine_monthly_cost_expected, alpine_monthly_cost_high)
    SELECT registry.id, at::timestamptz, computed::timestamptz, '1', 'c', 'm', 'own', '1', 'USD', true, 3, 3, 3, 900, 600,
        cost, 5, cost - 6, 1, 5, cost - 3, cost - 2, cost - 1
    FROM registry, (VALUES
        ('a.example.com', '2026-11-01T12:00Z', '2026-11-01T12:01Z', 10.0000000001),
        ('a.example.com', '2026-11-02T12:00Z', '2026-11-02T12:01Z', 99),
        ('a.example.com', '2026-11-02T12:00Z', '2026-11-03T09:00Z', 20.0000000003),
        ('b.example.com', '2026-11-02T12:00Z', '2026-11-02T12:01Z', 30)) AS saved (name, at, computed, cost)
    WHERE registry.name = saved.name;
    INSERT INTO report_repository (report_id, repository, team, cost_centre, tags, images, logical_bytes, stored_bytes,
        exclusive_bytes, attributed_bytes, verdict, alpine_attributed_bytes_expected, joint_saving_bytes_expected,
        monthly_cost, alpine_monthly_cost_expected, joint_saving_expected)
    SELECT report.id, repository, team, centre, 1, 1, 300, 200, 200, 200, verdict, 200 - saving, saving,
        (report.monthly_cost - 5) / 5 * share, (report.monthly_cost - 5) / 5 * share - saving / 100.0, saving / 100.0
    FROM report, (VALUES
        ('api', 'shop', 'CC-1', 'switch', 150, 2),
        ('web', 'shop', 'CC-1', 'switch', 50, 2),
        ('job', NULL, NULL, 'already_small', 0, 1)) AS row (repository, team, centre, verdict, saving, share)";

/// A server's database with the sample, and a connection to it as the administrator.
async fn sample() -> (String, PgConnection) {
    let url = PostgresServer::shared().new_database().await;
    let settings = StoreSettings::at(DatabaseLocation::Server(url.clone().into()));
    let store = Store::open(&settings, day(1)).await.expect("an open store");
    store.close().await;
    let options: PgConnectOptions = url.parse().expect("a URL");
    let mut connection = options.connect().await.expect("a connection");
    connection.execute(SAMPLE).await.expect("the sample");
    (url, connection)
}

async fn decimal(connection: &mut PgConnection, query: &str) -> Decimal {
    let row = connection.fetch_one(AssertSqlSafe(query.to_owned())).await;
    row.expect("a row").get(0)
}

#[tokio::test]
async fn what_a_registry_reports_is_saved_with_its_report_and_adds_up() {
    let url = PostgresServer::shared().new_database().await;
    let settings = StoreSettings::at(DatabaseLocation::Server(url.clone().into()));
    let store = Store::open(&settings, day(1)).await.expect("an open store");
    let options: PgConnectOptions = url.parse().expect("a URL");
    let mut connection = options.connect().await.expect("a connection");
    let mut inputs = billed();
    for (on, reported) in [(1, 5_000_u32), (2, 7_000), (2, 9_000)] {
        let own = RegistryOwnFigure {
            usage: ReportedUsage::from_number(ByteCount::from(reported)),
            is_azure: true,
            is_partly_read: false,
        };
        inputs.reported_usage.insert(registry().name, own);
        let report = crawl_and_report(&store, &["api"], &inputs, day(on)).await;
        let own = report.registries[0].reconciliation.as_ref().expect("a figure");
        assert_eq!(own.reported_bytes, ByteCount::from(reported));
        let sum = "SELECT (counted_bytes + sum(difference_bytes))::numeric FROM finance.v_reconciliation
                   GROUP BY report_id, counted_bytes";
        assert_eq!(decimal(&mut connection, sum).await, Decimal::from(reported));
        let unknown = "SELECT max(unexplained_bytes)::numeric FROM finance.v_reconciliation
                       WHERE difference_bytes = unexplained_bytes AND cause = 'unknown'";
        assert_eq!(
            decimal(&mut connection, unknown).await,
            Decimal::from(own.unexplained_bytes)
        );
        let causes = "SELECT count(*)::numeric FROM finance.v_reconciliation";
        assert_eq!(
            decimal(&mut connection, causes).await,
            Decimal::from(own.parts.len())
        );
    }
    store.close().await;
}

#[tokio::test]
async fn every_sum_of_the_views_is_that_of_the_registries() {
    let (_, mut connection) = sample().await;
    let total = decimal(
        &mut connection,
        "SELECT sum(monthly_cost) FROM finance.v_registry",
    )
    .await;
    assert_eq!(
        total,
        "50.0000000003".parse::<Decimal>().unwrap(),
        "the latest answer of each counts"
    );
    for query in [
        "SELECT sum(monthly_cost) FROM finance.v_allocation",
        "SELECT sum(monthly_cost) FROM finance.v_cost_centre",
        "SELECT sum(monthly_fee + monthly_storage + monthly_transfer) FROM finance.v_registry",
    ] {
        assert_eq!(decimal(&mut connection, query).await, total, "{query}");
    }
    let alpine = decimal(
        &mut connection,
        "SELECT sum(alpine_monthly_cost_expected) FROM finance.v_registry",
    )
    .await;
    for view in ["v_allocation", "v_cost_centre"] {
        let query = format!("SELECT sum(alpine_monthly_cost_expected) FROM finance.{view}");
        assert_eq!(decimal(&mut connection, &query).await, alpine, "{view}");
    }
    let history = "SELECT count(*)::numeric FROM finance.v_registry_history";
    assert_eq!(decimal(&mut connection, history).await, Decimal::from(3));
    let last = "SELECT max(cumulative_saving) FROM finance.v_saving WHERE registry = 'a.example.com'";
    assert_eq!(decimal(&mut connection, last).await, Decimal::from(2));
    let first =
        "SELECT cumulative_saving FROM finance.v_saving WHERE rank = 1 AND registry = 'b.example.com'";
    assert_eq!(
        decimal(&mut connection, first).await,
        "1.5".parse::<Decimal>().unwrap()
    );
}

#[tokio::test]
async fn every_column_is_explained_in_sql_and_in_the_documentation() {
    let (_, mut connection) = sample().await;
    let rows = connection
        .fetch_all(
            "SELECT relname, attname, col_description(attrelid, attnum), obj_description(attrelid)
             FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
             WHERE relnamespace = 'finance'::regnamespace AND attnum > 0",
        )
        .await
        .expect("columns");
    let mut names = BTreeSet::new();
    for row in rows {
        let (view, column): (String, String) = (row.get(0), row.get(1));
        for comment in [2, 3] {
            let comment: Option<String> = row.get(comment);
            assert!(
                comment.is_some_and(|comment| !comment.is_empty()),
                "{view}.{column}"
            );
        }
        names.extend([view, column]);
    }
    assert!(names.len() > 50, "{names:?}");
    let documentation = include_str!("../../docs/finance.md");
    let missing: Vec<_> = names
        .iter()
        .filter(|name| !documentation.contains(&format!("`{name}`")))
        .collect();
    assert!(missing.is_empty(), "docs/finance.md does not explain {missing:?}");
}

#[tokio::test]
async fn the_reader_sees_the_views_and_nothing_else() {
    let (url, mut administrator) = sample().await;
    for _ in 0..2 {
        finance_reader::make(&url);
    }
    // What a later version brings is seen as well.
    administrator
        .execute("CREATE VIEW finance.v_later AS SELECT 1 AS one")
        .await
        .expect("a view");

    let options: PgConnectOptions = url.parse().expect("a URL");
    let mut reader = options
        .username("tare_finance_reader")
        .password(finance_reader::PASSWORD)
        .connect()
        .await
        .expect("the reader may log in");
    for view in [
        "v_registry",
        "v_registry_history",
        "v_repository",
        "v_repository_history",
        "v_allocation",
        "v_cost_centre",
        "v_saving",
        "v_crawl",
        "v_reconciliation",
        "v_later",
    ] {
        let query = format!("SELECT count(*) FROM {view}");
        reader.execute(AssertSqlSafe(query)).await.expect(view);
    }
    let tables = administrator
        .fetch_all("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        .await
        .expect("tables");
    assert!(tables.len() > 5);
    for row in tables {
        let table: String = row.get(0);
        let query = format!("SELECT * FROM public.{table}");
        assert_eq!(
            refusal(&mut reader, &query).await,
            "42501",
            "{table} is not for the reader"
        );
    }
    reader
        .execute("SET default_transaction_read_only = off")
        .await
        .expect("a setting");
    for statement in [
        "CREATE TABLE public.mine ()",
        "CREATE TABLE finance.mine ()",
        "CREATE TEMPORARY TABLE mine ()",
        "CREATE SCHEMA mine",
        "CREATE ROLE mine",
        "DELETE FROM public.report",
    ] {
        assert_eq!(refusal(&mut reader, statement).await, "42501", "{statement}");
    }
}

/// The SQLSTATE by which a statement is refused; 42501 is missing rights.
async fn refusal(connection: &mut PgConnection, statement: &str) -> String {
    let error = connection
        .execute(AssertSqlSafe(statement.to_owned()))
        .await
        .expect_err(statement);
    let error = error.as_database_error().expect("an answer of the database");
    error.code().expect("a code").into_owned()
}
