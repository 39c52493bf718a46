use serde_json::{Value, json};
use tare::cost::{PullSource, read_notifications};
use tare::oci::RepositoryName;
use tare::pricing::Period;
use tare::report::Knowledge;

use super::{TestDatabase, day, on_both_databases, registry};

on_both_databases!(notifications_count_once_and_weigh_what_a_pull_moves);

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
    assert_eq!(store.meter_pulls(&name, &sent).await.unwrap(), Some(2));
    // The registry was not sure that they had arrived.
    assert_eq!(store.meter_pulls(&name, &sent).await.unwrap(), Some(0));
    let unknown = "other.example.com".parse().unwrap();
    assert_eq!(store.meter_pulls(&unknown, &sent).await.unwrap(), None);

    let knowledge = store.with_pulls(Knowledge::default(), None).await.unwrap();
    let pulls = &knowledge.costs.pulls;
    let api: RepositoryName = "team/api".parse().unwrap();
    let november = Period::month(2026, 11).unwrap();
    assert_eq!(pulls.pulls_in(&name, &api, november), (2, PullSource::Metered));
    let each = pulls.bytes_each(&name, &api, november).unwrap();
    assert_eq!(each.get(), 3_500_000);
    let web: RepositoryName = "team/web".parse().unwrap();
    assert_eq!(pulls.bytes_each(&name, &web, november), None);
}
