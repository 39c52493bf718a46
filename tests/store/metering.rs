use std::time::Duration;

use serde_json::{Value, json};
use tare::oci::RepositoryName;
use tare::pricing::Period;
use tare::pulls::{PullSource, read_notifications};
use tare::store::{CountedNotifications, Retention};

use super::retention::keep_all;
use super::{TestDatabase, day, on_both_databases, registry};

on_both_databases!(
    notifications_count_once_and_weigh_what_a_pull_moves,
    what_is_forgotten_is_never_counted_again,
);

fn event(id: usize, day: u32, media_type: &str, size: u64) -> Value {
    json!({
        "id": format!("event-{id}"), "timestamp": format!("2026-11-{day:02}T08:00:00Z"), "action": "pull",
        "target": {"mediaType": media_type, "size": size, "repository": "team/api"},
        "request": {"method": "GET", "useragent": "containerd/2.0"},
    })
}

async fn notifications_count_once_and_weigh_what_a_pull_moves(database: TestDatabase) {
    let store = database.open().await;
    store.begin_crawl(&registry(), 3, day(1)).await.unwrap();
    let manifest = "application/vnd.oci.image.manifest.v1+json";
    let layer = "application/octet-stream";
    let metered = |events: Value| read_notifications(&json!({"events": events})).unwrap();
    let sent = metered(json!([
        event(1, 3, manifest, 500),
        event(2, 3, layer, 4_000_000),
        event(3, 3, layer, 2_000_000),
        event(4, 5, manifest, 500),
        event(5, 5, layer, 1_000_000),
        // Sent twice in one envelope.
        event(5, 5, layer, 1_000_000),
    ]));
    let name = registry().name;
    let new = |counted: Option<CountedNotifications>| counted.map(|counted| counted.pulls);
    assert_eq!(new(store.meter_pulls(&name, &sent).await.unwrap()), Some(2));
    // The registry was not sure that they had arrived.
    assert_eq!(new(store.meter_pulls(&name, &sent).await.unwrap()), Some(0));
    let unknown = "other.example.com".parse().unwrap();
    assert_eq!(store.meter_pulls(&unknown, &sent).await.unwrap(), None);

    let pulls = store.pull_counts(None).await.unwrap();
    let api: RepositoryName = "team/api".parse().unwrap();
    let november = Period::month(2026, 11).unwrap();
    assert_eq!(pulls.pulls_in(&name, &api, november), (2, PullSource::Metered));
    let each = pulls.bytes_each(&name, &api, november).unwrap();
    assert_eq!(each.get(), 3_500_000);
    let web: RepositoryName = "team/web".parse().unwrap();
    assert_eq!(pulls.bytes_each(&name, &web, november), None);
}

/// Whatever is sent again, whenever: a pull counts once at most. Keys are forgotten by the day, the counts never are, and
/// files of the same time can still be imported.
async fn what_is_forgotten_is_never_counted_again(database: TestDatabase) {
    let store = database.open().await;
    store.begin_crawl(&registry(), 3, day(1)).await.unwrap();
    let (manifest, layer) = (
        "application/vnd.oci.image.manifest.v1+json",
        "application/octet-stream",
    );
    let metered = |events: Value| read_notifications(&json!({"events": events})).unwrap();
    let old = metered(json!([event(1, 3, manifest, 500), event(2, 3, layer, 4_000_000)]));
    let young = metered(json!([event(3, 5, manifest, 500), event(4, 5, layer, 1_000_000)]));
    let name = registry().name;
    for sent in [&old, &young] {
        store.meter_pulls(&name, sent).await.unwrap();
    }
    let keep = |days: u64| Retention {
        pull_events: Duration::from_secs(days * 86_400),
        ..keep_all()
    };
    let pruned = store.prune(&keep(5), day(10)).await.unwrap();
    assert_eq!(pruned.pull_events, 2, "those of the 3rd; the 5th is kept");
    assert!(store.prune(&keep(5), day(10)).await.unwrap().is_nothing());

    let again = store.meter_pulls(&name, &old).await.unwrap().unwrap();
    assert_eq!((again.pulls, again.outdated), (0, 2));
    let again = store.meter_pulls(&name, &young).await.unwrap().unwrap();
    assert_eq!((again.pulls, again.outdated), (0, 0));
    // Who keeps them longer from now on does not know what was forgotten before.
    store.prune(&keep(300), day(11)).await.unwrap();
    assert_eq!(store.meter_pulls(&name, &old).await.unwrap().unwrap().outdated, 2);
    let late = metered(json!([event(5, 4, manifest, 500)]));
    assert_eq!(
        store.meter_pulls(&name, &late).await.unwrap().unwrap().outdated,
        1
    );

    let pulls = store.pull_counts(None).await.unwrap();
    let api: RepositoryName = "team/api".parse().unwrap();
    let november = Period::month(2026, 11).unwrap();
    assert_eq!(pulls.pulls_in(&name, &api, november), (2, PullSource::Metered));
    assert_eq!(pulls.bytes_each(&name, &api, november).unwrap().get(), 2_500_000);
}
