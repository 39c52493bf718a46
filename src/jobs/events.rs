//! Asks registries what events told of, and saves the answers.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use parking_lot::Mutex;
use tokio::sync::mpsc;
use tokio::task::{JoinError, JoinSet};
use tokio::time::{Instant, sleep};

use super::scheduled::ScheduledRegistry;
use crate::clock::Clock;
use crate::crawl::{Answer, Answered, Known, Question, StopFlag, answer, fetch};
use crate::events::EventSubject;
use crate::inventory::Finding;
use crate::oci::{Digest, Reference, RegistryName};
use crate::registry::Client;
use crate::store::{Asked, AskedAnswer, PendingAsk, Store, StoreError};

/// How often the store is looked at for questions. Our choice: a push is seen within a second, and the query is small.
const LOOK: Duration = Duration::from_millis(200);
/// The longest pause after a failure; pauses double up to it. Our choice.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// How many questions to one registry are claimed at once. Our choice: one transaction saves the answers.
const CLAIM: u32 = 64;
/// How long a claim lasts. Our choice: longer than the answers to one claim take, and the most that a killed process delays
/// them.
const LEASE: Duration = Duration::from_secs(60);
/// How long a client is used. Our choice: tokens are used again, and changed credentials soon.
const CLIENT_AGE: Duration = Duration::from_secs(300);
/// How long after an answer that it does not exist the registry is asked again. Our choice: replicas of a registry agree
/// within a second.
const ASK_AGAIN: Duration = Duration::from_secs(1);
/// How often a registry is asked that gives no answer, with pauses that double from two seconds. Our choice: about two
/// minutes. After that, the next crawl finds out.
const MOST_ATTEMPTS: u32 = 6;
/// How many findings may wait to be collected. Our choice, as in a crawl.
const WAITING_FINDINGS: usize = 64;

/// The registries whose events this process attends to. Clones share the list.
#[derive(Clone)]
pub(super) struct Attended(Arc<Mutex<Vec<ScheduledRegistry>>>);

impl Attended {
    pub(super) fn new(registries: Vec<ScheduledRegistry>) -> Self {
        Self(Arc::new(Mutex::new(registries)))
    }

    pub(super) fn add(&self, registries: &[ScheduledRegistry]) {
        self.0.lock().extend_from_slice(registries);
    }

    fn find(&self, name: &RegistryName) -> Option<ScheduledRegistry> {
        let registries = self.0.lock();
        registries.iter().find(|own| own.registry.name == *name).cloned()
    }
}

/// A client of a registry, with the time since when it is used.
type UsedClient = (Arc<Client>, Instant);

/// Asks registries what events told of, each in a task of its own, so that a slow registry holds up no other.
pub(super) struct Attendance {
    desk: Desk,
    clients: Arc<Mutex<HashMap<RegistryName, UsedClient>>>,
    tasks: JoinSet<(RegistryName, anyhow::Result<()>)>,
    busy: HashSet<RegistryName>,
    /// Registries that are left alone for a while after a failure: until when, and for how long.
    resting: HashMap<RegistryName, (Instant, Duration)>,
}

/// Where questions come from and answers go.
#[derive(Clone)]
struct Desk {
    store: Store,
    clock: Arc<dyn Clock>,
}

impl Attendance {
    pub(super) fn new(store: Store, clock: Arc<dyn Clock>) -> Self {
        Self {
            desk: Desk { store, clock },
            clients: Arc::default(),
            tasks: JoinSet::new(),
            busy: HashSet::new(),
            resting: HashMap::new(),
        }
    }

    /// Attends to the events of these registries until the flag is raised; then finishes what it has begun.
    pub(super) async fn run(mut self, attended: Attended, stop: StopFlag) {
        let mut pause = LOOK;
        while !stop.is_stopped() {
            pause = match self.begin(&attended).await {
                Ok(()) => LOOK,
                Err(error) => {
                    tracing::debug!(%error, "the store could not be asked for events");
                    (pause * 2).min(LONGEST_PAUSE)
                }
            };
            tokio::select! {
                () = stop.stopped() => {}
                () = sleep(pause) => {}
                Some(ended) = self.tasks.join_next() => self.ended(ended),
            }
        }
        while self.tasks.join_next().await.is_some() {}
    }

    /// Begins to ask the registries that have questions due.
    async fn begin(&mut self, attended: &Attended) -> Result<(), StoreError> {
        let store = &self.desk.store;
        for name in store.registries_to_ask().await? {
            let rests = self
                .resting
                .get(&name)
                .is_some_and(|(until, _)| Instant::now() < *until);
            let Some(registry) = attended.find(&name) else {
                continue;
            };
            if rests || self.busy.contains(&name) {
                continue;
            }
            if !registry.is_configured && store.is_left_to_others(&name).await? {
                continue;
            }
            self.busy.insert(name.clone());
            let (desk, clients) = (self.desk.clone(), Arc::clone(&self.clients));
            self.tasks.spawn(async move {
                let asked = desk.ask_all(&registry, &clients).await;
                (name, asked)
            });
        }
        Ok(())
    }

    fn ended(&mut self, ended: Result<(RegistryName, anyhow::Result<()>), JoinError>) {
        match ended {
            Ok((name, Ok(()))) => {
                self.busy.remove(&name);
                self.resting.remove(&name);
            }
            Ok((name, Err(error))) => {
                let (_, before) = self.resting.get(&name).copied().unwrap_or((Instant::now(), LOOK));
                let pause = (before * 2).min(LONGEST_PAUSE);
                tracing::warn!(
                    registry = %name,
                    error = format!("{error:#}"),
                    retry_seconds = pause.as_secs(),
                    "events could not be attended to"
                );
                self.busy.remove(&name);
                self.clients.lock().remove(&name);
                self.resting.insert(name, (Instant::now() + pause, pause));
            }
            // It panicked: which registry it was for is not known, so all are free again.
            Err(error) => {
                tracing::error!(%error, "the task that attends to events failed");
                self.busy.clear();
            }
        }
    }
}

impl Desk {
    /// Asks all questions to a registry that are due.
    async fn ask_all(
        &self,
        registry: &ScheduledRegistry,
        clients: &Mutex<HashMap<RegistryName, UsedClient>>,
    ) -> anyhow::Result<()> {
        let name = &registry.registry.name;
        let used = clients.lock().get(name).cloned();
        let client = match used.filter(|(_, since)| since.elapsed() < CLIENT_AGE) {
            Some((client, _)) => client,
            None => {
                let client = Arc::new((registry.client)().await.context("cannot log in")?);
                let used = (Arc::clone(&client), Instant::now());
                clients.lock().insert(name.clone(), used);
                client
            }
        };
        while self.ask(registry, &client).await? == CLAIM as usize {}
        Ok(())
    }

    /// Claims questions to one registry, asks them and saves the answers. Returns how many there were.
    async fn ask(&self, registry: &ScheduledRegistry, client: &Client) -> anyhow::Result<usize> {
        let (name, plan) = (&registry.registry.name, &registry.plan);
        let claimed = self.store.claim_asks(name, CLAIM, LEASE).await?;
        let count = claimed.len();
        // What a crawl would not read is not read because of an event either.
        let (chosen, others): (Vec<_>, Vec<_>) = claimed
            .into_iter()
            .partition(|ask| plan.repositories.matches(&ask.repository));
        let questions = chosen.iter().map(question).collect();
        let answered = fetch(client, plan, questions).await;
        let digests: Vec<Digest> = answered.iter().flat_map(Answered::digests).collect();
        let among = self.store.known_among(&digests).await?;
        let known = Known {
            complete: Arc::new(among.complete),
            partial: among.partial,
            ..Known::default()
        };
        let (sender, mut receiver) = mpsc::channel(WAITING_FINDINGS);
        let collect = async {
            let mut findings = Vec::new();
            while let Some(finding) = receiver.recv().await {
                findings.push(finding);
            }
            findings
        };
        let (answers, findings) = tokio::join!(answer(client, plan, &known, answered, sender), collect);
        for finding in &findings {
            if let Finding::Fault(fault) = finding {
                tracing::info!(registry = %name, fault = fault.fault, "something that an event told of could not be read");
            }
        }
        let mut asked: Vec<Asked> = chosen
            .into_iter()
            .zip(answers)
            .map(|(ask, answer)| concluded(name, ask, &answer))
            .collect();
        asked.extend(others.into_iter().map(|ask| Asked {
            ask,
            answer: AskedAnswer::Nothing,
        }));
        let changes = self
            .store
            .apply_asked(name, &findings, &asked, self.clock.now())
            .await
            .context("cannot save what the registry answered")?;
        tracing::debug!(registry = %name, asked = count, changes, "events attended to");
        Ok(count)
    }
}

fn question(ask: &PendingAsk) -> Question {
    Question {
        repository: ask.repository.clone(),
        reference: match &ask.subject {
            EventSubject::Tag(tag) => Some(Reference::Tag(tag.clone())),
            EventSubject::Manifest(digest) => Some(Reference::Digest(*digest)),
            EventSubject::Repository => None,
        },
    }
}

/// What an answer means for a question.
fn concluded(registry: &RegistryName, ask: PendingAsk, answer: &Answer) -> Asked {
    let again = || {
        let after = Duration::from_secs(2 << ask.attempts.min(MOST_ATTEMPTS));
        AskedAnswer::AskAgain {
            after,
            is_missing: false,
        }
    };
    let give_up = |why: &str| {
        tracing::warn!(
            %registry,
            repository = %ask.repository,
            reference = ask.subject.reference(),
            error = why,
            "what an event told of could not be read; the next crawl tries again"
        );
        AskedAnswer::Nothing
    };
    let is_last = ask.attempts + 1 >= MOST_ATTEMPTS;
    let concluded = match answer {
        Answer::Found {
            digest,
            is_complete: true,
        } => AskedAnswer::Found(*digest),
        Answer::Exists => AskedAnswer::Nothing,
        // One such answer may come from a replica that lags behind.
        Answer::Missing if ask.misses == 0 => AskedAnswer::AskAgain {
            after: ASK_AGAIN,
            is_missing: true,
        },
        Answer::Missing if ask.deletes => AskedAnswer::Gone,
        Answer::Missing => AskedAnswer::Nothing,
        Answer::Found { digest, .. } if is_last => AskedAnswer::Found(*digest),
        Answer::Found { .. } => again(),
        Answer::Failed(why) if is_last => give_up(why),
        Answer::Failed(_) => again(),
    };
    Asked {
        ask,
        answer: concluded,
    }
}
