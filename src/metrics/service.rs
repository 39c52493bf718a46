use prometheus::proto::MetricFamily;

use super::family::{Family, MoneyFamily, single};
use crate::cost::{Budget, BudgetSubject};
use crate::store::{Connections, CrawlHealth, EventState, NotificationCount};

/// The input of a scrape, besides the counters of this process.
#[derive(Debug, Clone, Copy)]
pub struct Snapshot<'a> {
    /// The result of [`render_report`](super::render_report) for the latest report; `None` if there is none yet.
    pub report: Option<&'a str>,
    /// The state of the crawls; `None` if the database did not respond.
    pub crawls: Option<&'a [CrawlHealth]>,
    /// The notifications by kind of receiver and outcome; `None` if the database did not respond.
    pub notifications: Option<&'a [NotificationCount]>,
    /// The events of registries; `None` if the database did not respond.
    pub events: Option<&'a [EventState]>,
    /// The state of the database.
    pub store: StoreState,
    /// The operator's settings.
    pub settings: &'a MetricsSettings,
}

/// The state of the database.
#[derive(Debug, Clone, Copy)]
pub struct StoreState {
    /// Whether it responded during this scrape.
    pub answers: bool,
    /// The connections to it.
    pub connections: Connections,
}

/// The operator's settings of metrics.
#[derive(Debug, Clone)]
pub struct MetricsSettings {
    /// How many repositories of each registry have their own series; the others share one.
    pub repositories: usize,
    /// The monthly budgets of the configuration.
    pub budgets: Vec<Budget>,
}

impl Default for MetricsSettings {
    fn default() -> Self {
        Self {
            repositories: 500,
            budgets: Vec::new(),
        }
    }
}

/// What is told of this program, of its database and of the budgets.
pub(super) fn families(snapshot: &Snapshot<'_>) -> Vec<MetricFamily> {
    let Connections { most, open, idle } = snapshot.store.connections;
    let mut connections = Family::new(
        "tare_store_connections",
        "Open connections to the database by state.",
    );
    connections.set(&[("state", "idle")], idle.into());
    connections.set(&[("state", "used")], (open - idle).into());
    let mut families: Vec<MetricFamily> = [
        single(
            "tare_build_info",
            "The running program; always 1.",
            &[("version", env!("CARGO_PKG_VERSION"))],
            1.0,
        ),
        single(
            "tare_store_up",
            "Whether the database responded during this scrape (1) or not (0).",
            &[],
            f64::from(u8::from(snapshot.store.answers)),
        ),
        connections.finish(),
        single(
            "tare_store_max_connections",
            "The largest allowed number of connections to the database.",
            &[],
            most.into(),
        ),
    ]
    .into_iter()
    .flatten()
    .collect();
    families.extend(notifications(snapshot.notifications.unwrap_or_default()));
    families.extend(events(snapshot.events.unwrap_or_default()));
    families.extend(budgets(&snapshot.settings.budgets));
    families
}

/// Notifications of all processes, as the outbox has them: a restart loses nothing.
fn notifications(counts: &[NotificationCount]) -> impl Iterator<Item = MetricFamily> {
    let mut ended = Family::counter(
        "tare_notifications_total",
        "Notifications that were sent or given up (failed), by kind of receiver.",
    );
    let mut pending = Family::new(
        "tare_notifications_pending",
        "Notifications that wait to be sent, by kind of receiver.",
    );
    for count in counts {
        let kind = ("kind", count.channel.as_str());
        if count.state == "pending" {
            pending.set(&[kind], count.count as f64);
        } else {
            ended.set(&[kind, ("outcome", &count.state)], count.count as f64);
        }
    }
    [ended.finish(), pending.finish()].into_iter().flatten()
}

/// What events of registries lead to, and what they had told before the last crawl.
fn events(states: &[EventState]) -> impl Iterator<Item = MetricFamily> {
    let mut pending = Family::new(
        "tare_events_pending",
        "Tags and manifests that the registry is to be asked for because of its events.",
    );
    let mut told = Family::new(
        "tare_events_last_told_changes",
        "Changes of tags that events had told before the last finished crawl.",
    );
    let mut missed = Family::new(
        "tare_events_last_missed_changes",
        "Changes of tags that the last finished crawl found and no event had told.",
    );
    for state in states {
        let labels = [("registry", state.registry.as_str())];
        pending.set(&labels, state.pending as f64);
        if let Some(coverage) = state.event_coverage {
            told.set(&labels, coverage.told as f64);
            missed.set(&labels, coverage.missed as f64);
        }
    }
    [pending.finish(), told.finish(), missed.finish()]
        .into_iter()
        .flatten()
}

fn budgets(budgets: &[Budget]) -> impl Iterator<Item = MetricFamily> {
    let mut of_one = MoneyFamily::new("tare_registry_monthly_budget", "Budget of a registry per month.");
    let mut of_centre = MoneyFamily::new(
        "tare_cost_centre_monthly_budget",
        "Budget of a cost centre's repositories in all registries per month.",
    );
    let mut of_all = MoneyFamily::new(
        "tare_monthly_budget",
        "Budget of all registries billed in this currency per month.",
    );
    for budget in budgets {
        match &budget.subject {
            BudgetSubject::Everything => of_all.set(&[], budget.month),
            BudgetSubject::Registry(registry) => of_one.set(&[("registry", registry.as_str())], budget.month),
            BudgetSubject::CostCentre(centre) => of_centre.set(&[("cost_centre", centre)], budget.month),
        }
    }
    of_one.finish().chain(of_centre.finish()).chain(of_all.finish())
}
