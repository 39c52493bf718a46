//! Events of a registry, from the stored question to the saved answer.

use std::time::Duration;

use tare::clock::{Clock as _, SystemClock};
use tare::crawl::StopFlag;
use tare::events::{EventAction, EventSubject, RegistryEvent};
use tare::oci::{Digest, RegistryName};
use tare::store::Store;

use super::{accounting, company, name, scheduler, worker};
use crate::store::TestDatabase;
use crate::support::faulty_registry::{Answer, FaultyRegistry, Spoil, image, index};

/// A crawled registry, and the scheduler that attends to its events.
struct Attended {
    registry: FaultyRegistry,
    store: Store,
    stop: StopFlag,
    running: tokio::task::JoinHandle<()>,
    _database: TestDatabase,
}

impl Attended {
    async fn start() -> Self {
        let registry = FaultyRegistry::holding(company).start();
        let database = TestDatabase::server().await;
        let store = database.open().await;
        let stop = StopFlag::new();
        let running = tokio::spawn(scheduler(store.clone(), registry.url(), None).run(stop.clone()));
        let attended = Self {
            registry,
            store,
            stop,
            running,
            _database: database,
        };
        // The first start of a service crawls.
        attended
            .until(async |attended| {
                let registries = attended.store.registries().await.unwrap();
                registries.iter().any(|registry| registry.last_finished.is_some())
            })
            .await;
        attended.registry.forget_requests();
        attended
    }

    fn name(&self) -> RegistryName {
        name(self.registry.url())
    }

    async fn until(&self, mut is_so: impl AsyncFnMut(&Self) -> bool) {
        for _ in 0..worker::PATIENCE {
            if is_so(self).await {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("it does not come: {:?}", self.registry.requests());
    }

    async fn tell(&self, action: EventAction, repository: &str, subject: EventSubject) {
        let event = RegistryEvent {
            action,
            repository: repository.parse().unwrap(),
            subject,
            key: None,
        };
        let name = self.name();
        let now = SystemClock.now();
        self.store
            .accept_events(&name, &[&[event]], 100, now)
            .await
            .unwrap();
    }

    /// Waits until no question is pending.
    async fn answered(&self) {
        self.until(async |attended| attended.store.event_states().await.unwrap()[0].pending == 0)
            .await;
    }

    async fn stored_bytes(&self) -> u64 {
        accounting(&self.store, &self.name())
            .await
            .registry
            .stored_bytes
            .get()
    }

    /// How many tags a repository has.
    async fn tags(&self, repository: &str) -> usize {
        let accounting = accounting(&self.store, &self.name()).await;
        let rows = accounting.repositories.iter();
        let mut rows = rows.filter(|row| row.repository.as_str() == repository);
        rows.next().map_or(0, |row| row.tags)
    }

    async fn stop(self) {
        self.stop.stop();
        self.running.await.unwrap();
    }
}

fn tagged(tag: &str) -> EventSubject {
    EventSubject::Tag(tag.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_costs_one_manifest_request_and_is_counted() {
    let attended = Attended::start().await;
    let before = attended.stored_bytes().await;
    attended.registry.change(|content| {
        content
            .repository("web")
            .tag("v9", image().layer("base", 100).layer("new", 7_000));
    });
    attended.tell(EventAction::Push, "web", tagged("v9")).await;
    attended.answered().await;
    let requests = attended.registry.requests();
    let manifests =
        attended.registry.count("GET", "/manifests/") + attended.registry.count("HEAD", "/manifests/");
    assert_eq!(manifests, 1, "{requests:?}");
    assert_eq!(requests.len(), 2, "and its configuration: {requests:?}");
    let now = attended.stored_bytes().await;
    assert!((before + 7_000..before + 9_000).contains(&now), "{before} {now}");
    attended.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_an_index_only_what_is_new_is_read() {
    let attended = Attended::start().await;
    // One child is known, the other is not.
    let known = image().layer("base", 100).layer("web 0", 10).build();
    attended.registry.change(|content| {
        let new = image().platform("linux/s390x").layer("s390x", 500);
        let both = index().child(known).child(new);
        content.repository("web").tag("multi", both);
    });
    attended.tell(EventAction::Push, "web", tagged("multi")).await;
    attended.answered().await;
    let requests = attended.registry.requests();
    assert_eq!(attended.registry.count("GET", "/manifests/"), 2, "{requests:?}");
    assert_eq!(attended.registry.count("GET", "/blobs/"), 1, "{requests:?}");
    attended.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_is_believed_only_after_the_registry_said_so_twice() {
    let attended = Attended::start().await;
    assert_eq!(attended.tags("web").await, 4);
    // The event lies: the tag is there.
    attended.tell(EventAction::Delete, "web", tagged("v0")).await;
    attended.answered().await;
    assert_eq!(
        (
            attended.tags("web").await,
            attended.registry.count("GET", "/manifests/v0")
        ),
        (4, 1)
    );

    // One answer is wrong, as of a replica that lags behind.
    attended.registry.forget_requests();
    attended
        .registry
        .on(|request| request.is_get("/manifests/v1"))
        .times(1)
        .spoil(Spoil::with(|_, _| Answer::error(404, "MANIFEST_UNKNOWN")));
    attended.tell(EventAction::Delete, "web", tagged("v1")).await;
    attended.answered().await;
    assert_eq!(
        (
            attended.tags("web").await,
            attended.registry.count("GET", "/manifests/v1")
        ),
        (4, 2)
    );

    attended.registry.forget_requests();
    attended.registry.change(|content| {
        content.repository("web").untag("v1");
    });
    attended.tell(EventAction::Delete, "web", tagged("v1")).await;
    attended.answered().await;
    assert_eq!(
        (
            attended.tags("web").await,
            attended.registry.count("GET", "/manifests/v1")
        ),
        (3, 2)
    );
    attended.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_of_something_that_is_not_there_takes_nothing_away() {
    let attended = Attended::start().await;
    attended.registry.change(|content| {
        content.repository("web").untag("v0");
    });
    attended.tell(EventAction::Push, "web", tagged("v0")).await;
    attended
        .tell(
            EventAction::Push,
            "nowhere",
            EventSubject::Manifest(Digest::sha256_of(b"x")),
        )
        .await;
    attended.answered().await;
    assert_eq!(attended.tags("web").await, 4, "only a deletion may end a tag");
    attended.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn several_processes_ask_each_question_once() {
    let attended = Attended::start().await;
    let second = StopFlag::new();
    let other = scheduler(attended.store.clone(), attended.registry.url(), None).run(second.clone());
    let other = tokio::spawn(other);
    let tags: Vec<String> = (0..200).map(|number| format!("n{number}")).collect();
    attended.registry.change(|content| {
        for tag in &tags {
            content
                .repository("web")
                .tag(tag, image().layer("base", 100).layer(tag, 11));
        }
    });
    let events: Vec<RegistryEvent> = tags
        .iter()
        .map(|tag| RegistryEvent {
            action: EventAction::Push,
            repository: "web".parse().unwrap(),
            subject: tagged(tag),
            key: None,
        })
        .collect();
    let (name, now) = (attended.name(), SystemClock.now());
    attended
        .store
        .accept_events(&name, &[&events], 1000, now)
        .await
        .unwrap();
    attended.answered().await;
    assert_eq!(attended.registry.count("GET", "/manifests/n"), 200);
    assert_eq!(attended.tags("web").await, 204);
    second.stop();
    other.await.unwrap();
    attended.stop().await;
}

/// The configuration of a client never holds up others: a registry that does not answer keeps its questions.
#[tokio::test(flavor = "multi_thread")]
async fn a_registry_that_does_not_answer_is_asked_again() {
    let attended = Attended::start().await;
    attended.registry.change(|content| {
        content
            .repository("web")
            .tag("v9", image().layer("base", 100).layer("new", 7_000));
    });
    attended
        .registry
        .on(|request| request.is_get("/manifests/v9"))
        .times(2)
        .spoil(Spoil::with(|_, _| Answer::new(503)));
    attended.tell(EventAction::Push, "web", tagged("v9")).await;
    attended.answered().await;
    assert_eq!(attended.tags("web").await, 5);
    attended.stop().await;
}
