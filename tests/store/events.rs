//! Events of registries: received once, asked once, saved as a crawl saves, and compared with what crawls find.

use std::time::Duration;

use sqlx::{Connection as _, PgConnection};
use tare::events::{EventAction, EventSubject, RegistryEvent};
use tare::oci::Digest;
use tare::pulls::event_key;
use tare::store::{AcceptedEvents, Asked, AskedAnswer, CrawlEnd, PendingAsk, Store};

use super::sample::{image, index, listing, listing_all, tag};
use super::{TestDatabase, complete_end, day, on_both_databases, registry, saved_inventory, what_is_known};

on_both_databases!(
    an_event_is_received_once_and_events_about_one_tag_are_one_question,
    too_many_questions_are_refused_and_take_nothing_away,
    a_question_is_asked_by_one_process_and_taken_over_when_that_is_killed,
    an_answer_moves_a_tag_and_a_crawl_that_began_before_does_not_move_it_back,
    what_is_gone_ends_its_tags_and_breaks_the_index_that_lists_it,
    a_crawl_says_what_events_had_told_and_what_they_had_missed,
    events_that_come_while_the_registry_is_asked_lead_to_another_question,
);

const LEASE: Duration = Duration::from_secs(3600);

fn event(id: u32, action: EventAction, repository: &str, subject: EventSubject) -> RegistryEvent {
    RegistryEvent {
        action,
        repository: repository.parse().unwrap(),
        subject,
        key: Some(event_key(&["test", &id.to_string()])),
    }
}

fn push(id: u32, name: &str) -> RegistryEvent {
    event(
        id,
        EventAction::Push,
        "team/api",
        EventSubject::Tag(name.parse().unwrap()),
    )
}

async fn accept(store: &Store, events: &[RegistryEvent]) -> AcceptedEvents {
    let accepted = store
        .accept_events(&registry().name, &[events], 100, day(2))
        .await;
    accepted.unwrap()[0]
}

fn stored(accepted: u64, duplicates: u64) -> AcceptedEvents {
    AcceptedEvents::Stored { accepted, duplicates }
}

async fn claim(store: &Store) -> Vec<PendingAsk> {
    store.claim_asks(&registry().name, 100, LEASE).await.unwrap()
}

fn all(asks: Vec<PendingAsk>, answer: AskedAnswer) -> Vec<Asked> {
    asks.into_iter().map(|ask| Asked { ask, answer }).collect()
}

/// Where the tags of a repository point.
async fn tags(store: &Store) -> Vec<(String, Digest)> {
    let inventory = saved_inventory(store).await;
    let repositories = inventory.repositories.iter();
    let all = repositories.flat_map(|repository| &repository.tags);
    all.map(|tag| (tag.tag.to_string(), inventory.manifest_digest(tag.manifest)))
        .collect()
}

/// Crawls a registry that has these findings.
async fn crawl(store: &Store, findings: &[tare::inventory::Finding], began: u32, ended: u32) -> i64 {
    let mut saver = store.begin_crawl(&registry(), 1, day(began)).await.unwrap();
    saver.save(findings, day(ended)).await.unwrap();
    finish(&mut saver, ended).await
}

async fn finish(saver: &mut tare::store::CrawlSaver, ended: u32) -> i64 {
    let end = CrawlEnd {
        catalogue_listed: false,
        ..complete_end()
    };
    saver.finish(&end, day(ended)).await.unwrap();
    saver.part().crawl()
}

async fn an_event_is_received_once_and_events_about_one_tag_are_one_question(database: TestDatabase) {
    let store = database.open().await;
    let name = registry().name;
    let unknown = store
        .accept_events(&name, &[&[push(1, "a")]], 100, day(2))
        .await
        .unwrap();
    assert_eq!(unknown, [AcceptedEvents::UnknownRegistry]);
    crawl(&store, &[], 1, 1).await;

    let mut quay = push(9, "a");
    quay.key = None;
    let first = [
        push(1, "a"),
        push(2, "a"),
        push(3, "b"),
        push(3, "b"),
        quay.clone(),
    ];
    assert_eq!(accept(&store, &first).await, stored(4, 1));
    assert_eq!(
        accept(&store, &first).await,
        stored(1, 4),
        "what has no id is never known"
    );
    // Envelopes that arrive together are told apart.
    let together = [&[push(4, "c")][..], &[push(4, "c"), push(5, "c")]];
    let accepted = store.accept_events(&name, &together, 100, day(2)).await.unwrap();
    assert_eq!(accepted, [stored(1, 0), stored(1, 1)]);

    assert_eq!(store.registries_to_ask().await.unwrap(), [name]);
    let mut asked: Vec<_> = claim(&store)
        .await
        .into_iter()
        .map(|ask| ask.subject.reference())
        .collect();
    asked.sort();
    assert_eq!(asked, ["a", "b", "c"]);
    assert!(store.registries_to_ask().await.unwrap().is_empty());
}

async fn too_many_questions_are_refused_and_take_nothing_away(database: TestDatabase) {
    let store = database.open().await;
    crawl(&store, &[], 1, 1).await;
    let name = registry().name;
    let events: Vec<_> = (0..3).map(|id| push(id, &format!("v{id}"))).collect();
    let limited =
        async |events: &[RegistryEvent]| store.accept_events(&name, &[events], 3, day(2)).await.unwrap()[0];
    assert_eq!(limited(&events).await, stored(3, 0));
    assert_eq!(limited(&[push(7, "more")]).await, AcceptedEvents::Full);
    assert_eq!(limited(&[]).await, stored(0, 0));
    let state = store.event_states().await.unwrap();
    assert_eq!((state.len(), state[0].pending), (1, 3));
    // The refused event is new when it is sent again.
    let asks = claim(&store).await;
    store
        .apply_asked(&name, &[], &all(asks, AskedAnswer::Nothing), day(2))
        .await
        .unwrap();
    assert_eq!(limited(&[push(7, "more")]).await, stored(1, 0));
}

async fn a_question_is_asked_by_one_process_and_taken_over_when_that_is_killed(database: TestDatabase) {
    let store = database.open().await;
    crawl(&store, &[], 1, 1).await;
    accept(&store, &[push(1, "a"), push(2, "b")]).await;
    let (one, two) = tokio::join!(claim(&store), claim(&store));
    assert_eq!(one.len() + two.len(), 2, "each question is claimed once");
    assert!(claim(&store).await.is_empty());
    // A process that is killed answers nothing; its lease ends.
    let name = registry().name;
    let after = Duration::ZERO;
    let again = all(
        [one, two].concat(),
        AskedAnswer::AskAgain {
            after,
            is_missing: true,
        },
    );
    store.apply_asked(&name, &[], &again, day(2)).await.unwrap();
    let lapsed = store.claim_asks(&name, 100, Duration::ZERO).await.unwrap();
    assert_eq!(lapsed.len(), 2);
    assert!(lapsed.iter().all(|ask| (ask.attempts, ask.misses) == (1, 1)));
    let taken_over = claim(&store).await;
    assert_eq!(taken_over.len(), 2);
}

async fn an_answer_moves_a_tag_and_a_crawl_that_began_before_does_not_move_it_back(database: TestDatabase) {
    let store = database.open().await;
    let ((old, old_image), (new, new_image)) = (image("old"), image("new"));
    let at = |digest| tag("team/api", "a", digest);
    crawl(
        &store,
        &[old_image.clone(), vec![at(old), listing("team/api", &["a"])]].concat(),
        1,
        1,
    )
    .await;
    // A crawl begins and reads that the tag points to the old image and that "b" does not exist.
    let mut saver = store.begin_crawl(&registry(), 1, day(2)).await.unwrap();
    accept(&store, &[push(1, "a"), push(2, "b")]).await;
    let name = registry().name;
    let found = [new_image, vec![at(new), tag("team/api", "b", new)]].concat();
    let asked = all(claim(&store).await, AskedAnswer::Found(new));
    assert_eq!(store.apply_asked(&name, &found, &asked, day(3)).await.unwrap(), 2);
    let moved = [("a".to_owned(), new), ("b".to_owned(), new)];
    assert_eq!(tags(&store).await, moved);
    assert_eq!(store.events_applied(Some(&name)).await.unwrap(), Some(day(3)));

    saver
        .save(&[at(old), listing("team/api", &["a"])], day(4))
        .await
        .unwrap();
    finish(&mut saver, 4).await;
    assert_eq!(tags(&store).await, moved, "what the crawl read is older");
    // The next crawl counts.
    crawl(&store, &[at(old), listing("team/api", &["a"])], 5, 5).await;
    assert_eq!(tags(&store).await, [("a".to_owned(), old)]);
}

async fn what_is_gone_ends_its_tags_and_breaks_the_index_that_lists_it(database: TestDatabase) {
    let store = database.open().await;
    let ((amd, amd_image), (arm, arm_image)) = (image("amd"), image("arm"));
    let (both, both_index) = index(&[amd, arm]);
    let findings = [
        amd_image,
        arm_image,
        vec![
            both_index,
            tag("team/api", "both", both),
            tag("team/api", "amd", amd),
            tag("team/web", "amd", amd),
            listing_all("team/api", &["both", "amd"], &[both, amd, arm]),
            listing_all("team/web", &["amd"], &[amd]),
        ],
    ];
    crawl(&store, &findings.concat(), 1, 1).await;
    let gone = event(1, EventAction::Delete, "team/api", EventSubject::Manifest(amd));
    accept(&store, &[gone]).await;
    let name = registry().name;
    let asks = claim(&store).await;
    assert!(asks[0].deletes);
    let ended = store
        .apply_asked(&name, &[], &all(asks, AskedAnswer::Gone), day(2))
        .await
        .unwrap();
    assert_eq!(ended, 1, "in this repository only");
    assert_eq!(
        tags(&store).await,
        [("both".to_owned(), both), ("amd".to_owned(), amd)]
    );
    let known = what_is_known(&store, &name).await;
    assert!(
        known.missing[&"team/api".parse().unwrap()].contains(&amd),
        "the index is broken"
    );

    let all_of_it = event(2, EventAction::Delete, "team/api", EventSubject::Repository);
    accept(&store, &[all_of_it]).await;
    let asks = claim(&store).await;
    store
        .apply_asked(&name, &[], &all(asks, AskedAnswer::Gone), day(3))
        .await
        .unwrap();
    assert_eq!(tags(&store).await, [("amd".to_owned(), amd)]);
}

async fn a_crawl_says_what_events_had_told_and_what_they_had_missed(database: TestDatabase) {
    let store = database.open().await;
    let (first, image_of_first) = image("first");
    let (second, image_of_second) = image("second");
    let name = registry().name;
    let at = |name: &str, digest| tag("team/api", name, digest);
    let one = crawl(
        &store,
        &[image_of_first, vec![at("a", first), listing("team/api", &["a"])]].concat(),
        1,
        1,
    )
    .await;
    let record = async |crawl| store.crawl(crawl).await.unwrap().unwrap().event_coverage;
    assert_eq!(record(one).await, None, "there were no events");

    accept(&store, &[push(1, "b")]).await;
    let asks = claim(&store).await;
    let found = [image_of_second, vec![at("b", second)]].concat();
    store
        .apply_asked(&name, &found, &all(asks, AskedAnswer::Found(second)), day(2))
        .await
        .unwrap();
    // "b" was told; "c" is new and "a" has moved without an event.
    let tags = [
        at("a", second),
        at("b", second),
        at("c", second),
        listing("team/api", &["a", "b", "c"]),
    ];
    let two = crawl(&store, &tags, 3, 3).await;
    let counts = |event_coverage: Option<tare::events::EventCoverage>| {
        event_coverage.map(|events| (events.told, events.missed))
    };
    assert_eq!(counts(record(two).await), Some((1, 2)));
    let states = store.event_states().await.unwrap();
    assert_eq!(counts(states[0].event_coverage), Some((1, 2)));
    // A tag that is gone and was not told of counts, too.
    let three = crawl(
        &store,
        &[at("a", second), at("b", second), listing("team/api", &["a", "b"])],
        4,
        4,
    )
    .await;
    assert_eq!(counts(record(three).await), Some((0, 1)));
    let quality = store.data_quality(&name).await.unwrap().unwrap();
    assert_eq!(counts(quality.event_coverage), Some((0, 1)));
}

async fn events_that_come_while_the_registry_is_asked_lead_to_another_question(database: TestDatabase) {
    let store = database.open().await;
    crawl(&store, &[], 1, 1).await;
    let name = registry().name;
    accept(&store, &[push(1, "a")]).await;
    let asks = claim(&store).await;
    accept(&store, &[push(2, "a")]).await;
    assert!(claim(&store).await.is_empty(), "it is being asked");
    store
        .apply_asked(&name, &[], &all(asks, AskedAnswer::Nothing), day(2))
        .await
        .unwrap();
    assert_eq!(claim(&store).await.len(), 1);
}

/// Events are forgotten after a week, so that the table does not grow for ever.
#[tokio::test(flavor = "multi_thread")]
async fn keys_of_events_are_forgotten() {
    let database = TestDatabase::server().await;
    let store = database.open().await;
    crawl(&store, &[], 1, 1).await;
    accept(&store, &[push(1, "a")]).await;
    let tare::store::DatabaseLocation::Server(url) = &database.location else {
        panic!("a server");
    };
    let mut connection = PgConnection::connect(secrecy::ExposeSecret::expose_secret(url))
        .await
        .unwrap();
    let mut keys = async || -> i64 {
        let count = sqlx::query_scalar("SELECT count(*) FROM event_key");
        count.fetch_one(&mut connection).await.unwrap()
    };
    let keep = super::retention::keep_all();
    store.prune(&keep, day(8)).await.unwrap();
    assert_eq!(keys().await, 1);
    store.prune(&keep, day(10)).await.unwrap();
    assert_eq!(keys().await, 0);
}
