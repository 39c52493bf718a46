use tare::store::{DatabaseLocation, Store, StoreError, StoreSettings};

use super::{TestDatabase, day, on_both_databases, registry};

on_both_databases!(what_is_closed_can_be_opened_again);

async fn what_is_closed_can_be_opened_again(database: TestDatabase) {
    let store = database.open().await;
    store.begin_crawl(&registry(), 3, day(1)).await.unwrap();
    store.close().await;
    let store = database.open().await;
    assert_eq!(store.registries().await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_may_bring_the_schema_up_to_date_at_once() {
    let database = TestDatabase::server().await;
    tokio::join!(database.open(), database.open(), database.open(), database.open());
    assert_eq!(database.open().await.registries().await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_of_a_newer_version_is_refused() {
    let database = TestDatabase::server().await;
    database.open().await;
    let DatabaseLocation::Server(url) = &database.location else {
        unreachable!()
    };
    let pool = sqlx::PgPool::connect(secrecy::ExposeSecret::expose_secret(url))
        .await
        .unwrap();
    sqlx::query(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
         VALUES (99990101000000, 'to come', true, '', 0)",
    )
    .execute(&pool)
    .await
    .unwrap();
    let refusal = Store::open(&StoreSettings::at(database.location.clone()), day(1))
        .await
        .unwrap_err();
    assert!(
        matches!(
            refusal,
            StoreError::Newer {
                version: 99990101000000
            }
        ),
        "{refusal}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_not_there_is_unavailable_and_no_password_is_shown() {
    for (url, is_transient) in [
        ("postgres://me:hunter2@127.0.0.1:1/tare", true),
        ("postgres://me:hunter2@[/tare", false),
        ("hunter2", false),
    ] {
        let mut settings = StoreSettings::at(DatabaseLocation::Server(url.into()));
        settings.connect_timeout = std::time::Duration::from_secs(1);
        let error = Store::open(&settings, day(1)).await.unwrap_err();
        assert_eq!(error.is_transient(), is_transient, "{error}");
        assert!(
            !format!("{error} {error:?} {settings:?}").contains("hunter2"),
            "{error:?}"
        );
    }
}

#[cfg(not(feature = "embedded"))]
#[tokio::test]
async fn without_the_embedded_database_a_server_is_asked_for() {
    let settings = StoreSettings::at(DatabaseLocation::Embedded("nowhere".into()));
    let refusal = Store::open(&settings, day(1)).await.unwrap_err().to_string();
    assert!(refusal.contains("DATABASE_URL"), "{refusal}");
}
