//! Finds what happened, and puts a message for each receiver into the outbox.

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;

use super::alerts::{self, FailedCrawl, PriceChange};
use super::audience::Audience;
use super::budgets;
use super::dispatcher::{DispatchError, Dispatcher};
use super::event::EventKind;
use super::message::{Message, Page};
use super::receiver::Receiver;
use super::weekly::{self, BudgetState, RepositoryCostAt, WeeklyInput};
use crate::cost::{Budget, BudgetSubject};
use crate::oci::RegistryName;
use crate::report::{CostReading, FORECAST_HISTORY, Forecast, ForecastMonth, Headline, Report};
use crate::store::{
    CrawlState, NewNotification, PartOfRegistry, PricedRepository, RegistryPoint, SavedState,
};

/// How late a weekly summary may be. Our choice: after a longer outage, the next one will do.
const LATEST_SUMMARY: TimeDelta = TimeDelta::hours(24);
/// How old an event may be when it is found. Our choice, so that a first start tells nothing of the past.
const LATEST_EVENT: TimeDelta = TimeDelta::hours(24);
/// What the weekly summary compares with.
const A_WEEK: TimeDelta = TimeDelta::days(7);

impl Dispatcher {
    /// Finds new events. `seen` is the state of the store at which budgets were last looked at.
    pub(super) async fn find(&self, seen: &mut Option<SavedState>) -> Result<(), DispatchError> {
        let now = self.clock.now();
        self.find_crawls(now).await?;
        self.find_prices(now).await?;
        let mut weekly = Vec::new();
        for receiver in self.receivers_of(EventKind::WeeklySummary) {
            if let Some(slot) = receiver
                .weekly
                .latest(now)
                .filter(|slot| now - *slot < LATEST_SUMMARY)
            {
                let id = weekly_id(slot);
                if !self.store.has_notification(&receiver.name, &id).await? {
                    weekly.push((receiver, slot, id));
                }
            }
        }
        let registries = self.store.registries().await?;
        let state = SavedState::new(&registries);
        let is_about_budgets = |receiver: &&Receiver| {
            let events = &receiver.events;
            events.contains(&EventKind::BudgetExceeded) || events.contains(&EventKind::BudgetForecast)
        };
        let looks_at_budgets = !self.settings.budgets.is_empty()
            && self
                .settings
                .receivers
                .iter()
                .any(|receiver| is_about_budgets(&receiver))
            && seen.as_ref() != Some(&state);
        if !registries.is_empty() && (looks_at_budgets || !weekly.is_empty()) {
            let report = self.analysis.current_report(now.date_naive()).await?;
            for (receiver, slot, id) in weekly {
                let message = self
                    .weekly_summary(&receiver.audience, slot, id, &report, receiver.weekly.zone)
                    .await?;
                self.enqueue(receiver, &message, now).await?;
            }
            if looks_at_budgets {
                self.find_budgets(&report, now).await?;
            }
        }
        *seen = Some(state);
        Ok(())
    }

    fn receivers_of(&self, event: EventKind) -> impl Iterator<Item = &Receiver> {
        let receivers = self.settings.receivers.iter();
        receivers.filter(move |receiver| receiver.events.contains(&event))
    }

    fn page(&self) -> Page<'_> {
        Page(self.settings.page.as_deref())
    }

    async fn enqueue(
        &self,
        receiver: &Receiver,
        message: &Message,
        now: DateTime<Utc>,
    ) -> Result<(), DispatchError> {
        let notification = NewNotification {
            event_id: message.id.clone(),
            receiver: receiver.name.clone(),
            channel: receiver.channel.kind(),
            event: message.event.as_str(),
            message: serde_json::to_value(message)?,
        };
        if self.store.enqueue_notification(&notification, now).await? {
            tracing::info!(
                receiver = receiver.name,
                event = message.id,
                "notification queued"
            );
        }
        Ok(())
    }

    async fn find_crawls(&self, now: DateTime<Utc>) -> Result<(), DispatchError> {
        if self.receivers_of(EventKind::CrawlFailed).next().is_none() {
            return Ok(());
        }
        for ended in self.store.crawls_ended_badly(now - LATEST_EVENT).await? {
            let crawl = FailedCrawl {
                crawl: ended.crawl,
                registry: ended.registry,
                is_failure: ended.state == CrawlState::Failed,
                message: ended.message,
                faults: ended.faults,
                ended: ended.ended,
            };
            let id = format!("crawl_failed/{}", crawl.crawl);
            let message = alerts::crawl_failed(id, now, &crawl, self.page());
            for receiver in self.receivers_of(EventKind::CrawlFailed) {
                if receiver.audience.includes(&crawl.registry) {
                    self.enqueue(receiver, &message, now).await?;
                }
            }
        }
        Ok(())
    }

    async fn find_prices(&self, now: DateTime<Utc>) -> Result<(), DispatchError> {
        if self.receivers_of(EventKind::PriceChange).next().is_none() {
            return Ok(());
        }
        for change in self.store.book_changes(now - LATEST_EVENT).await? {
            let named = |(book, version): (String, String)| format!("{book} ({version})");
            let change = PriceChange {
                registry: change.registry,
                as_of: change.as_of,
                before: named(change.before),
                after: named(change.after),
                month_before: change.month_before,
                month_after: change.month_after,
            };
            let id = format!("price_change/{}/{}", change.registry, change.as_of.to_rfc3339());
            let message = alerts::price_change(id, now, &change, self.page());
            for receiver in self.receivers_of(EventKind::PriceChange) {
                if receiver.audience.includes(&change.registry) {
                    self.enqueue(receiver, &message, now).await?;
                }
            }
        }
        Ok(())
    }

    /// The weekly summary for an audience.
    pub(super) async fn weekly_summary(
        &self,
        audience: &Audience,
        slot: DateTime<Utc>,
        id: String,
        report: &Report,
        zone: Tz,
    ) -> Result<Message, DispatchError> {
        let before = self.store.repository_costs_at(slot - A_WEEK).await?;
        let before: Vec<_> = before.into_iter().map(cost_at).collect();
        let mut budgets = Vec::new();
        for budget in &self.settings.budgets {
            if audience.includes_budget(&budget.subject) {
                budgets.extend(budgets::state(budget, &report.registries, &report.repositories)?);
            }
        }
        let headline = headline(report, audience)?;
        let data = serde_json::to_value(&headline)?;
        Ok(weekly::message(&WeeklyInput {
            day: slot.with_timezone(&zone).date_naive(),
            id,
            at: self.clock.now(),
            text: &headline.text,
            headline: &data,
            before: &before,
            now: &costs_now(report),
            budgets: &budgets,
            audience,
            page: self.page(),
        }))
    }

    /// The weekly summary for an audience as of now, for a preview; `None` if nothing was crawled.
    ///
    /// # Errors
    /// If the store or the analysis fails.
    pub async fn summary_now(&self, audience: &Audience) -> Result<Option<Message>, DispatchError> {
        let now = self.clock.now();
        if self.store.registries().await?.is_empty() {
            return Ok(None);
        }
        let report = self.analysis.current_report(now.date_naive()).await?;
        let id = format!("{}/preview", EventKind::WeeklySummary.as_str());
        let message = self
            .weekly_summary(audience, now, id, &report, chrono_tz::UTC)
            .await?;
        Ok(Some(message))
    }

    async fn find_budgets(&self, report: &Report, now: DateTime<Utc>) -> Result<(), DispatchError> {
        for budget in &self.settings.budgets {
            let Some(state) = budgets::state(budget, &report.registries, &report.repositories)? else {
                continue;
            };
            self.find_exceeded(budget, &state, now).await?;
            self.find_forecast(budget, &state, report, now).await?;
        }
        Ok(())
    }

    async fn find_exceeded(
        &self,
        budget: &Budget,
        state: &BudgetState,
        now: DateTime<Utc>,
    ) -> Result<(), DispatchError> {
        for receiver in self.receivers_of(EventKind::BudgetExceeded) {
            if !receiver.audience.includes_budget(&budget.subject) {
                continue;
            }
            let Some(level) = budgets::reached(state.percent, &receiver.budget_levels) else {
                continue;
            };
            // After a higher level was told of in this month, a lower one is no news.
            let mut is_news = true;
            for higher in receiver.budget_levels.iter().filter(|higher| **higher > level) {
                let id = budget_id(EventKind::BudgetExceeded, state, now, &higher.to_string());
                is_news &= !self.store.has_notification(&receiver.name, &id).await?;
            }
            if is_news {
                let id = budget_id(EventKind::BudgetExceeded, state, now, &level.to_string());
                let message = alerts::budget_exceeded(id, now, state, level, self.page());
                self.enqueue(receiver, &message, now).await?;
            }
        }
        Ok(())
    }

    async fn find_forecast(
        &self,
        budget: &Budget,
        state: &BudgetState,
        report: &Report,
        now: DateTime<Utc>,
    ) -> Result<(), DispatchError> {
        let mut told = self
            .receivers_of(EventKind::BudgetForecast)
            .filter(|receiver| receiver.audience.includes_budget(&budget.subject))
            .peekable();
        // A budget that is exceeded already has an alert of its own.
        if told.peek().is_none() || state.month.amount() > budget.month.amount() {
            return Ok(());
        }
        let ahead = self.forecast(budget, report, now).await?;
        let first = ahead
            .iter()
            .find(|month| month.expected.amount() > budget.month.amount());
        let Some(month) = first else { return Ok(()) };
        let id = budget_id(EventKind::BudgetForecast, state, now, "expected");
        let message = alerts::budget_forecast(id, now, state, month, self.page());
        for receiver in told {
            self.enqueue(receiver, &message, now).await?;
        }
        Ok(())
    }

    /// What the coming months are expected to cost for the subject of a budget.
    async fn forecast(
        &self,
        budget: &Budget,
        report: &Report,
        now: DateTime<Utc>,
    ) -> Result<Vec<ForecastMonth>, DispatchError> {
        let from = now - FORECAST_HISTORY;
        let until = now + TimeDelta::days(1);
        let currency = budget.month.currency();
        let mut courses: Vec<Vec<CostReading>> = Vec::new();
        for row in &report.registries {
            let name = &row.registry;
            let is_in_currency = row
                .cost
                .as_ref()
                .is_some_and(|cost| cost.parts.total.currency() == currency);
            let is_meant = match &budget.subject {
                BudgetSubject::Registry(own) => own == name,
                BudgetSubject::Everything | BudgetSubject::CostCentre(_) => true,
            };
            if !is_in_currency || !is_meant {
                continue;
            }
            let points = match &budget.subject {
                BudgetSubject::CostCentre(centre) => {
                    let part = part_of(report, name, centre);
                    self.store.part_history(name, &part, from, until).await?
                }
                _ => self.store.registry_history(name, from, until).await?,
            };
            let course: Vec<_> = points
                .iter()
                .filter_map(RegistryPoint::cost_reading)
                .filter(|reading| reading.cost.currency() == currency)
                .collect();
            if !course.is_empty() {
                courses.push(course);
            }
        }
        Ok(Forecast::new(&courses).months)
    }
}

fn weekly_id(slot: DateTime<Utc>) -> String {
    format!("{}/{}", EventKind::WeeklySummary.as_str(), slot.to_rfc3339())
}

/// The identity of an event about a budget: one for each calendar month (UTC) and level.
fn budget_id(event: EventKind, state: &BudgetState, now: DateTime<Utc>, level: &str) -> String {
    format!(
        "{}/{}/{}/{}/{level}",
        event.as_str(),
        now.format("%Y-%m"),
        state.subject,
        state.budget.currency()
    )
}

/// The repositories of a cost centre in a registry.
fn part_of(report: &Report, registry: &RegistryName, centre: &str) -> PartOfRegistry {
    let rows = report.repositories.iter();
    let own =
        rows.filter(|row| row.registry == *registry && row.labels.cost_centre.as_deref() == Some(centre));
    PartOfRegistry {
        cost_centres: vec![centre.to_owned()],
        repositories: own.map(|row| row.totals.repository.to_string()).collect(),
    }
}

/// The headline of the repositories that an audience sees.
fn headline(report: &Report, audience: &Audience) -> Result<Headline, DispatchError> {
    if audience.is_everything() {
        return Ok(report.headline.clone());
    }
    let rows = report
        .repositories
        .iter()
        .filter(|row| audience.includes_row(row));
    // Of a registry that is seen in part only, plans and unallocated costs say nothing.
    let is_whole = audience.cost_centre.is_none();
    let registries = report
        .registries
        .iter()
        .filter(|row| is_whole && audience.includes(&row.registry))
        .filter_map(|row| Some((&row.registry, row.cost.as_ref()?)));
    Ok(Headline::new(rows, registries, report.complete)?)
}

fn cost_at(priced: PricedRepository) -> RepositoryCostAt {
    RepositoryCostAt {
        registry: priced.registry,
        repository: priced.repository,
        cost_centre: priced.cost_centre,
        month: priced.month,
    }
}

fn costs_now(report: &Report) -> Vec<RepositoryCostAt> {
    let rows = report.repositories.iter();
    rows.filter_map(|row| {
        Some(RepositoryCostAt {
            registry: row.registry.clone(),
            repository: row.totals.repository.clone(),
            cost_centre: row.labels.cost_centre.clone(),
            month: row.cost.as_ref()?.parts.total,
        })
    })
    .collect()
}
