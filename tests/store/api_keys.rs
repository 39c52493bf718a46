//! The keys of the service as they are stored, and what a key sees whose row was changed behind our back.

use std::path::Path;

use secrecy::ExposeSecret as _;
use sqlx::PgPool;
use sqlx::migrate::Migrator;
use tare::identity::{Caller, KeyRing, NewKey};
use tare::store::{ApiKeyRecord, DatabaseLocation, Store};

use super::{TestDatabase, day, on_both_databases};

/// The migration that made null, and not an empty list, stand for all.
const LIMITS_FAIL_CLOSED: i64 = 20261201000000;

fn record(new: &NewKey, registries: Option<&[&str]>, cost_centres: Option<&[&str]>) -> ApiKeyRecord {
    let list = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    ApiKeyRecord {
        id: new.id.clone(),
        name: format!("key {}", new.id),
        secret_sha256: new.secret_sha256.clone(),
        scopes: vec!["read".to_owned()],
        registries: registries.map(list),
        cost_centres: cost_centres.map(list),
        created_at: day(1),
        expires_at: None,
        revoked_at: None,
    }
}

/// Whoever has this key, as the service finds out.
async fn caller(store: &Store, key: &NewKey) -> Option<Caller> {
    let ring = KeyRing::default();
    ring.reload(store).await.expect("the keys");
    ring.find(&key.key, day(2))
}

async fn pool(database: &TestDatabase) -> PgPool {
    let DatabaseLocation::Server(url) = &database.location else {
        unreachable!("only servers are changed by SQL")
    };
    PgPool::connect(url.expose_secret()).await.expect("a connection")
}

on_both_databases!(keys_come_back_as_they_were_stored);

async fn keys_come_back_as_they_were_stored(database: TestDatabase) {
    let store = database.open().await;
    let mut stored = Vec::new();
    for (registries, cost_centres) in [
        (None, None),
        (Some(&["*.example.com"][..]), Some(&["CC-1", "CC-2"][..])),
        (Some(&[][..]), None),
        (None, Some(&[][..])),
    ] {
        let key = record(&NewKey::generate().unwrap(), registries, cost_centres);
        assert!(store.add_api_key(&key).await.unwrap());
        stored.push(key);
    }
    let mut found = store.api_keys().await.unwrap();
    found.sort_by_key(|key| stored.iter().position(|own| own.id == key.id));
    assert_eq!(found, stored);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limited_key_whose_list_became_empty_sees_nothing() {
    let database = TestDatabase::server().await;
    let store = database.open().await;
    let registry = "reg.example.com".parse().unwrap();
    let new = NewKey::generate().unwrap();
    let key = record(&new, Some(&["*.example.com"]), Some(&["CC-1"]));
    assert!(store.add_api_key(&key).await.unwrap());
    let sees = async || {
        let caller = caller(&store, &new).await.expect("the key is still a key");
        caller.sees_repository(&registry, Some("CC-1"))
    };
    assert!(sees().await);

    let pool = pool(&database).await;
    for (change, sees_it) in [
        ("registries = '{}'", false),
        ("registries = '{[}'", false),
        ("registries = NULL", true),
        ("cost_centres = '{}'", false),
    ] {
        let update = format!("UPDATE api_key SET {change}");
        sqlx::query(sqlx::AssertSqlSafe(update))
            .execute(&pool)
            .await
            .unwrap();
        assert_eq!(sees().await, sees_it, "{change}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_made_before_limits_failed_closed_see_what_they_saw() {
    let database = TestDatabase::server().await;
    let pool = pool(&database).await;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
    let migrator = Migrator::new(folder).await.unwrap();
    let versions = migrator.iter().map(|migration| migration.version);
    let before = versions
        .filter(|&version| version < LIMITS_FAIL_CLOSED)
        .max()
        .unwrap();
    migrator.run_to(before, &pool).await.unwrap();
    let (all, limited) = (NewKey::generate().unwrap(), NewKey::generate().unwrap());
    for (new, limits) in [(&all, "{}"), (&limited, "{CC-1}")] {
        sqlx::query(
            "INSERT INTO api_key (id, name, secret_sha256, scopes, registries, cost_centres, created_at)
             VALUES ($1, $1, $2, '{read}', '{}', $3::text::text[], now())",
        )
        .bind(&new.id)
        .bind(&new.secret_sha256)
        .bind(limits)
        .execute(&pool)
        .await
        .unwrap();
    }

    let store = database.open().await;
    let registry = "reg.example.com".parse().unwrap();
    let all = caller(&store, &all).await.expect("a key");
    assert!(all.sees_everything() && all.sees_repository(&registry, None));
    let limited = caller(&store, &limited).await.expect("a key");
    assert!(limited.sees_repository(&registry, Some("CC-1")));
    assert!(!limited.sees_repository(&registry, Some("CC-2")) && limited.sees_all_registries());
}
