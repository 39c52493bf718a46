//! Rows that this program never writes: reading one is an error that names table, row and column, and never a figure.

use secrecy::ExposeSecret as _;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Executor as _, PgConnection};
use tare::store::{DatabaseLocation, Store, StoreError};

use super::reports::{billed, crawl_and_report};
use super::{TestDatabase, day, registry};

/// What reading something leads to after a statement has altered rows, and after another has restored them.
async fn read_altered<T: std::fmt::Debug>(
    connection: &mut PgConnection,
    (alter, restore): (&str, &str),
    read: impl AsyncFn() -> Result<T, StoreError>,
) -> String {
    read().await.expect("consistent rows");
    connection
        .execute(AssertSqlSafe(alter.to_owned()))
        .await
        .expect(alter);
    let error = read().await.expect_err(alter).to_string();
    connection
        .execute(AssertSqlSafe(restore.to_owned()))
        .await
        .expect(restore);
    error
}

async fn store_with_a_report() -> (TestDatabase, Store, PgConnection) {
    let database = TestDatabase::server().await;
    let store = database.open().await;
    crawl_and_report(&store, &["api"], &billed(), day(1)).await;
    let DatabaseLocation::Server(url) = &database.location else {
        unreachable!()
    };
    let options: sqlx::postgres::PgConnectOptions = url.expose_secret().parse().expect("a URL");
    let connection = options.connect().await.expect("a connection");
    (database, store, connection)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_currency_size_or_verdict_that_is_never_written_is_an_error() {
    let (_database, store, mut connection) = store_with_a_report().await;
    let name = registry().name;
    let api = "api".parse().expect("a name");
    let registry_history = async || store.registry_history(&name, day(1), day(20)).await.map(drop);
    let repository_history = async || {
        store
            .repository_history(&name, &api, day(1), day(20))
            .await
            .map(drop)
    };
    let byte_history = async || {
        let november = tare::units::Period::month(2026, 11).expect("a month");
        store.byte_history(&name, november).await.map(drop)
    };
    let currency = (
        "UPDATE report SET currency = 'dollars'",
        "UPDATE report SET currency = 'USD'",
    );
    let stored = (
        "UPDATE report SET stored_bytes = -1 - stored_bytes",
        "UPDATE report SET stored_bytes = -1 - stored_bytes",
    );
    let attributed = (
        "UPDATE report_repository SET attributed_bytes = -1 - attributed_bytes",
        "UPDATE report_repository SET attributed_bytes = -1 - attributed_bytes",
    );
    let verdict = (
        "UPDATE report_repository SET verdict = 'perhaps'",
        "UPDATE report_repository SET verdict = 'switch'",
    );
    for (error, words) in [
        (
            read_altered(&mut connection, currency, &registry_history).await,
            [
                "table report",
                "reg.example.com as of 2026-11-01",
                "column currency: \"dollars\"",
            ],
        ),
        (
            read_altered(&mut connection, currency, &repository_history).await,
            [
                "table report_repository",
                "reg.example.com/api",
                "column currency: \"dollars\"",
            ],
        ),
        (
            read_altered(&mut connection, stored, &registry_history).await,
            ["table report", "row reg.example.com", "column stored_bytes: -"],
        ),
        (
            read_altered(&mut connection, stored, &byte_history).await,
            ["table report", "row ", "column stored_bytes: -"],
        ),
        (
            read_altered(&mut connection, attributed, &repository_history).await,
            [
                "table report_repository",
                "row reg.example.com/api",
                "column attributed_bytes: -",
            ],
        ),
        (
            read_altered(&mut connection, verdict, &repository_history).await,
            [
                "table report_repository",
                "row reg.example.com/api",
                "column verdict: \"perhaps\"",
            ],
        ),
    ] {
        for word in words {
            assert!(error.contains(word), "{word}: {error}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_negative_count_or_an_unknown_word_of_a_crawl_is_an_error() {
    let (_database, store, mut connection) = store_with_a_report().await;
    let crawls = async || store.crawls(None, None, 10).await.map(drop);
    let health = async || store.crawl_health().await.map(drop);
    let faults = async || store.crawl_faults(1).await.map(drop);
    for statement in [
        "ALTER TABLE crawl_fault DROP CONSTRAINT crawl_fault_kind_check",
        "INSERT INTO crawl_fault (crawl_id, kind, fault) SELECT id, 'denied', '' FROM crawl",
    ] {
        connection.execute(statement).await.expect(statement);
    }
    let requests = ("UPDATE crawl SET requests = -5", "UPDATE crawl SET requests = 0");
    let bytes = (
        "UPDATE crawl SET bytes_received = -5",
        "UPDATE crawl SET bytes_received = 0",
    );
    let kind = (
        "UPDATE crawl_fault SET kind = 'bored'",
        "UPDATE crawl_fault SET kind = 'denied'",
    );
    for (error, words) in [
        (
            read_altered(&mut connection, requests, &crawls).await,
            ["table crawl", "row 1, column requests: -5 is no count"],
        ),
        (
            read_altered(&mut connection, requests, &health).await,
            ["table crawl", "row 1, column requests: -5 is no count"],
        ),
        (
            read_altered(&mut connection, bytes, &crawls).await,
            ["table crawl", "row 1, column bytes_received: -5"],
        ),
        (
            read_altered(&mut connection, kind, &health).await,
            ["table crawl_fault", "column kind: \"bored\""],
        ),
        (
            read_altered(&mut connection, kind, &faults).await,
            ["table crawl_fault", "column kind: \"bored\""],
        ),
    ] {
        for word in words {
            assert!(error.contains(word), "{word}: {error}");
        }
    }
}
