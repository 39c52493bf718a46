use std::time::Duration;

use std::collections::{HashMap, HashSet};

use tare::inventory::{Finding, account};
use tare::oci::{Digest, RepositoryName};

use super::sample::{image, index, listing, tag};
use super::{TestDatabase, day, inventory_at, on_both_databases, registry, saved_inventory, what_is_known};

on_both_databases!(
    what_was_saved_comes_back,
    saving_again_changes_nothing,
    a_tag_that_moves_leaves_its_history,
    what_lacks_something_beneath_is_known_as_partial,
    what_is_known_is_that_of_the_repositories_asked_for,
    attached_manifests_count_with_their_subject,
);

/// Two images that share a layer, in an index and alone.
fn two_images() -> (Vec<Finding>, Digest, Digest) {
    let (api, mut findings) = image("api");
    let (web, more) = image("web");
    findings.extend(more);
    let (both, index) = index(&[api, web]);
    findings.extend([index, tag("team/api", "1", api), tag("team/all", "latest", both)]);
    findings.extend([listing("team/api", &["1"]), listing("team/all", &["latest"])]);
    (findings, api, both)
}

async fn what_was_saved_comes_back(database: TestDatabase) {
    let store = database.open().await;
    let (findings, ..) = two_images();
    let mut saver = store.begin_crawl(&registry(), 3, day(1)).await.unwrap();
    saver.save(&findings, day(1)).await.unwrap();

    let mut expected = tare::inventory::InventoryBuilder::new(registry().name, registry().dedup_scope);
    for finding in findings.clone() {
        match finding {
            Finding::Manifest(fact) => expected.manifest(fact.digest, fact.size, fact.manifest),
            Finding::Config(fact) => {
                let read = store.configs(&[fact.digest]).await.unwrap();
                assert_eq!(read.get(&fact.digest), Some(&fact.config));
                expected.config_platform(fact.digest, fact.config.platform);
            }
            Finding::Tag {
                repository,
                tag,
                digest,
            } => expected.tag(repository, tag, digest),
            _ => {}
        }
    }
    let inventory = saved_inventory(&store).await;
    let accounting = account(&inventory).unwrap();
    assert_eq!(accounting, account(&expected.finish()).unwrap());
    assert_eq!(
        (accounting.registry.repositories, accounting.registry.manifests),
        (2, 3)
    );

    let windows = ["windows/amd64".parse().unwrap()];
    let none = store
        .content(&registry().name, &windows, None)
        .await
        .unwrap()
        .unwrap()
        .inventory
        .finish();
    assert_eq!(account(&none).unwrap().registry.images, 0);
    assert!(
        store
            .content(&"other.example.com".parse().unwrap(), &[], None)
            .await
            .unwrap()
            .is_none()
    );
}

async fn saving_again_changes_nothing(database: TestDatabase) {
    let store = database.open_with_lease(Duration::ZERO).await;
    let (findings, ..) = two_images();
    let mut saver = store.begin_crawl(&registry(), 3, day(1)).await.unwrap();
    saver.save(&findings, day(1)).await.unwrap();
    saver.save(&findings, day(2)).await.unwrap();
    // A crawl that remembers nothing of the first.
    let mut saver = store.begin_crawl(&registry(), 3, day(3)).await.unwrap();
    saver.save(&findings, day(3)).await.unwrap();

    // Had a tag got a new row, its first day would not show it any more, or not only it.
    for at in [Some(day(1)), Some(day(3)), None] {
        let inventory = inventory_at(&store, at).await;
        assert_eq!(account(&inventory).unwrap().registry.tags, 2, "{at:?}");
    }
    let known = what_is_known(&store, &registry().name).await;
    assert_eq!((known.complete.len(), known.partial.len()), (5, 0));
}

async fn a_tag_that_moves_leaves_its_history(database: TestDatabase) {
    let store = database.open().await;
    let (old, findings) = image("old");
    let (new, more) = image("new");
    let mut saver = store.begin_crawl(&registry(), 3, day(2)).await.unwrap();
    saver.save(&findings, day(2)).await.unwrap();
    saver.save(&[tag("api", "latest", old)], day(2)).await.unwrap();
    saver.save(&more, day(4)).await.unwrap();
    saver.save(&[tag("api", "latest", new)], day(4)).await.unwrap();
    // The clock is set back: still one row after the other, and the last to come is current.
    saver.save(&[tag("api", "latest", old)], day(3)).await.unwrap();

    let pointed_to = async |at| {
        let inventory = inventory_at(&store, at).await;
        let tags = inventory
            .repositories
            .first()
            .map(|repository| repository.tags.clone());
        let manifests: Vec<_> = tags
            .iter()
            .flatten()
            .map(|node| inventory.manifest_digest(node.manifest))
            .collect();
        manifests
    };
    assert_eq!(pointed_to(Some(day(1))).await, []);
    assert_eq!(pointed_to(Some(day(2))).await, [old]);
    assert_eq!(pointed_to(None).await, [old]);
    assert_eq!(pointed_to(Some(day(5))).await, [old]);
}

async fn what_lacks_something_beneath_is_known_as_partial(database: TestDatabase) {
    let store = database.open().await;
    let (api, findings) = image("api");
    let (web, more) = image("web");
    let (both, index_finding) = index(&[api, web]);
    let (over, over_finding) = index(&[both]);
    let mut saver = store.begin_crawl(&registry(), 3, day(1)).await.unwrap();
    saver.save(&findings[..1], day(1)).await.unwrap();
    saver
        .save(&[index_finding, over_finding, tag("all", "1", over)], day(1))
        .await
        .unwrap();
    let known = what_is_known(&store, &registry().name).await;
    assert!(known.complete.is_empty());
    assert_eq!(
        known.partial.keys().copied().collect::<HashSet<_>>(),
        HashSet::from([api, both, over])
    );
    assert_eq!(known.partial[&both].children.len(), 2);
    assert!(
        [api, both, over]
            .iter()
            .all(|digest| known.incomplete.contains(digest))
    );
    assert_eq!(known.incomplete.len(), 3);
    assert!(known.tags[&"all".parse().unwrap()].contains(&"1".parse().unwrap()));

    saver.save(&findings, day(1)).await.unwrap();
    saver.save(&more, day(1)).await.unwrap();
    let known = what_is_known(&store, &registry().name).await;
    assert!(known.partial.is_empty());
    assert_eq!((known.complete.len(), known.incomplete.len()), (6, 0));
    assert!(
        [api, web, both, over]
            .iter()
            .all(|digest| known.complete.contains(digest))
    );
    let elsewhere = what_is_known(&store, &"other.example.com".parse().unwrap()).await;
    assert!(elsewhere.tags.is_empty());
    assert_eq!(elsewhere.complete, known.complete);
}

async fn what_is_known_is_that_of_the_repositories_asked_for(database: TestDatabase) {
    let store = database.open().await;
    let (api, findings) = image("api");
    let (web, more) = image("web");
    let (both, both_finding) = index(&[api, web]);
    let (one, one_finding) = index(&[api]);
    let mut saver = store.begin_crawl(&registry(), 3, day(1)).await.unwrap();
    saver.save(&findings, day(1)).await.unwrap();
    let findings = [
        both_finding,
        one_finding,
        more[0].clone(),
        tag("team/both", "1", both),
        tag("team/one", "1", one),
        tag("team/one", "2", api),
        tag("team/web", "1", web),
    ];
    saver.save(&findings, day(1)).await.unwrap();
    let known = async |names: &[&str]| {
        let names: Vec<RepositoryName> = names.iter().map(|name| name.parse().unwrap()).collect();
        store.known_repositories(&registry().name, &names).await.unwrap()
    };
    let own = known(&["team/one"]).await;
    assert_eq!(own.tags.len(), 1);
    assert_eq!(own.tags[&"team/one".parse().unwrap()].len(), 2);
    assert_eq!(own.children, HashMap::from([(one, vec![api])]));
    assert!(
        own.partial.is_empty(),
        "the image without a configuration is in others"
    );
    let others = known(&["team/both", "team/web", "team/new"]).await;
    assert_eq!(others.tags.len(), 2);
    assert_eq!(others.children, HashMap::from([(both, vec![api, web])]));
    let partial: HashSet<Digest> = others.partial.keys().copied().collect();
    assert_eq!(partial, HashSet::from([both, web]));
}

async fn attached_manifests_count_with_their_subject(database: TestDatabase) {
    let store = database.open().await;
    let (api, mut findings) = image("api");
    let (signature, finding) = super::sample::manifest(&serde_json::json!({
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "artifactType": "application/vnd.example.signature",
        "config": {"mediaType": "application/vnd.oci.empty.v1+json",
                   "digest": Digest::sha256_of(b"{}"), "size": 2},
        "layers": [super::sample::layer("signature", 77)],
        "subject": {"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": api, "size": 1},
    }));
    findings.extend([
        finding,
        tag("api", "1", api),
        Finding::Referrer {
            repository: "api".parse().unwrap(),
            subject: api,
            digest: signature,
        },
    ]);
    let mut saver = store.begin_crawl(&registry(), 3, day(1)).await.unwrap();
    saver.save(&findings, day(1)).await.unwrap();
    let inventory = saved_inventory(&store).await;
    let counted = account(&inventory).unwrap().registry;
    assert_eq!((counted.manifests, counted.images, counted.blobs), (2, 1, 7));
    let known = what_is_known(&store, &registry().name).await;
    assert!(
        known.complete.contains(&signature),
        "a signature's configuration is never asked for"
    );
}
