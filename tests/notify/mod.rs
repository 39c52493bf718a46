//! Notifications from an event to the receiver, against stand-ins for mail servers, Slack, Teams and webhooks.

mod channels;
mod command_line;
mod delivery;
mod golden;
mod money;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use tare::analysis::AnalysisService;
use tare::clock::FixedClock;
use tare::config::{Environment, Settings};
use tare::crawl::{CrawlPlan, Progress, StopFlag};
use tare::inventory::DedupScope;
use tare::jobs::CrawlJob;
use tare::notify::Dispatcher;
use tare::registry::{Client, ClientSettings, Credentials, Origin};
use tare::store::{SavedState, Store};

use crate::support::clock::SetClock;
use crate::support::faulty_registry::{FaultyRegistry, image};
use crate::support::postgres::PostgresServer;

/// A price book and a budget that the company exceeds, and its pulls.
const COSTS: &str = "[prices]\nbook = \"azure-container-registry-premium\"\n\
    [serve]\npublic_url = \"https://tare.example.com/\"\n\
    [[pulls]]\nrepositories = [\"**\"]\nper_month = 100\n\
    [[cost_centre]]\nrepositories = [\"team-a/**\"]\ncost_centre = \"CC-1\"\n\
    [[budget]]\nmonthly = \"10\"\ncurrency = \"USD\"\n";

/// A company that is crawled at chosen times, and its notifications.
struct Company {
    registry: FaultyRegistry,
    store: Store,
    settings: Settings,
    clock: Arc<SetClock>,
    _folder: tempfile::TempDir,
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().expect("a time")
}

impl Company {
    /// With costs, a budget and these `[[notification]]` sections.
    async fn with(notifications: &str) -> Self {
        Self::with_settings(&format!("{COSTS}{notifications}")).await
    }

    /// With these settings.
    async fn with_settings(text: &str) -> Self {
        tare::http::install_tls_provider();
        let registry = FaultyRegistry::holding(|content| {
            for name in ["team-a/api", "web"] {
                let layer = image().layer("base", 1000).layer(name, 10);
                content.repository(name).tag("v1", layer);
            }
        })
        .start();
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("tare.toml");
        std::fs::write(&file, text).expect("a file");
        let settings = Settings::load(Some(&file), &Environment::default(), &[]).expect("settings");
        let database = PostgresServer::shared().new_database().await;
        Self {
            registry,
            store: crate::jobs::worker::open(&database, std::time::Duration::from_secs(30)).await,
            settings,
            clock: SetClock::new(at("2026-11-23T06:00:00Z")),
            _folder: folder,
        }
    }

    fn analysis(&self) -> AnalysisService {
        let inputs = Arc::new(self.settings.analysis_inputs().expect("inputs"));
        AnalysisService::new(self.store.clone(), inputs, self.settings.platforms())
    }

    /// Crawls the registry at a time and saves the report.
    async fn crawl(&self, time: &str) {
        let now = at(time);
        self.clock.set(now);
        let origin = Origin::parse(self.registry.url()).expect("an origin");
        let settings = ClientSettings {
            requests_per_minute: 0,
            max_attempts: 1,
            ..ClientSettings::default()
        };
        let clock = Arc::new(FixedClock(now));
        let client = Client::new(origin, Credentials::Anonymous, settings, clock.clone()).expect("a client");
        let job = CrawlJob {
            store: &self.store,
            client: &client,
            plan: &CrawlPlan::default(),
            dedup_scope: DedupScope::Registry,
            tombstone_after: 1,
            clock,
        };
        let result = job
            .run(&Progress::default(), &StopFlag::new())
            .await
            .expect("a crawl");
        let saved = self.analysis().save_report(vec![result.content], now).await;
        saved.expect("a report");
    }

    fn dispatcher(&self) -> Dispatcher {
        let settings = self.settings.dispatcher(&Environment::default());
        Dispatcher::new(
            self.store.clone(),
            self.analysis(),
            settings.expect("notifications"),
            self.clock.clone(),
        )
    }

    /// Lets a new process look once at a time.
    async fn turn(&self, time: &str) {
        self.clock.set(at(time));
        self.dispatcher()
            .turn(&mut None::<SavedState>)
            .await
            .expect("a turn");
    }

    /// How many messages have each outcome.
    async fn outcomes(&self) -> Vec<(String, String, u64)> {
        let counts = self.store.notification_counts().await.expect("counts");
        counts
            .into_iter()
            .map(|count| (count.channel, count.state, count.count))
            .collect()
    }
}

/// A `[[notification]]` for a webhook.
fn webhook(url: &str, events: &str) -> String {
    format!(
        "[[notification]]\nname = \"hook\"\nkind = \"webhook\"\nevents = [{events}]\nurl = \"{url}\"\n\
         secret = \"hush\"\nweekday = \"monday\"\nhour = 7\n"
    )
}
