use std::sync::Arc;

use chrono::{DateTime, Months, NaiveDate, Utc};
use rust_decimal::Decimal;

use super::arguments::{NotifyCommand, PreviewOptions, TestOptions};
use super::context::Context;
use super::outcome::{Outcome, UsageError, print};
use crate::clock::{Clock as _, SystemClock};
use crate::notify::{
    Audience, Dispatcher, DispatcherSettings, EventKind, Message, Page, Receiver, alerts, send,
};
use crate::report::ForecastMonth;
use crate::units::Money;

/// `tare notify`: shows messages, or sends one to try a receiver.
pub(super) async fn notify(command: &NotifyCommand, context: &Context) -> anyhow::Result<Outcome> {
    match command {
        NotifyCommand::Preview(options) => preview(options, context).await,
        NotifyCommand::Test(options) => test(options, context).await,
    }
}

async fn preview(options: &PreviewOptions, context: &Context) -> anyhow::Result<Outcome> {
    let settings = settings(context)?;
    let receiver = options
        .receiver
        .as_deref()
        .map(|name| receiver(&settings, name))
        .transpose()?;
    let templates = settings.templates.clone();
    let message = match EventKind::from(options.event) {
        EventKind::WeeklySummary => {
            let audience = receiver
                .map(|receiver| receiver.audience.clone())
                .unwrap_or_default();
            summary(&audience, settings.clone(), context).await?
        }
        event => example(event, Page(settings.page.as_deref()), SystemClock.now())?,
    };
    print(&templates.preview(&message, options.format.into())?)?;
    Ok(Outcome::Complete)
}

/// The weekly summary of what is stored now.
async fn summary(
    audience: &Audience,
    settings: DispatcherSettings,
    context: &Context,
) -> anyhow::Result<Message> {
    let store = context.open_store().await?;
    let analysis = context.analysis(&store)?;
    let dispatcher = Dispatcher::new(store.clone(), analysis, settings, Arc::new(SystemClock));
    let message = dispatcher.summary_now(audience).await;
    store.close().await;
    message?.ok_or_else(|| UsageError("nothing has been crawled yet: tare crawl REGISTRY".to_owned()).into())
}

async fn test(options: &TestOptions, context: &Context) -> anyhow::Result<Outcome> {
    let settings = settings(context)?;
    let receiver = receiver(&settings, &options.name)?;
    let now = SystemClock.now();
    let message = alerts::test(now, Page(settings.page.as_deref()));
    send(receiver, &message, &settings.templates)
        .await
        .map_err(|error| anyhow::anyhow!("{}: {error}", receiver.name))?;
    print(&format!(
        "A test message was sent to {} ({}).\n",
        receiver.name,
        receiver.channel.kind()
    ))?;
    Ok(Outcome::Complete)
}

fn settings(context: &Context) -> anyhow::Result<DispatcherSettings> {
    let settings = context.settings.dispatcher(&context.environment);
    settings.map_err(|error| UsageError(error.to_string()).into())
}

fn receiver<'a>(settings: &'a DispatcherSettings, name: &str) -> anyhow::Result<&'a Receiver> {
    let receivers = &settings.receivers;
    receivers
        .iter()
        .find(|receiver| receiver.name == name)
        .ok_or_else(|| {
            let known: Vec<&str> = receivers.iter().map(|receiver| receiver.name.as_str()).collect();
            let message = if known.is_empty() {
                "the configuration has no [[notification]]; see config/tare.toml".to_owned()
            } else {
                format!(
                    "no [[notification]] is called {name:?}; there are {}",
                    known.join(", ")
                )
            };
            UsageError(message).into()
        })
}

/// A message with example figures.
fn example(event: EventKind, page: Page<'_>, now: DateTime<Utc>) -> anyhow::Result<Message> {
    let dollars =
        |amount: i64| -> anyhow::Result<Money> { Ok(Money::new(Decimal::from(amount), "USD".parse()?)) };
    let state = alerts::example_budget(dollars(1080)?, dollars(1000)?);
    let id = format!("{}/example", event.as_str());
    Ok(match event {
        EventKind::BudgetExceeded => alerts::budget_exceeded(id, now, &state, 100, page),
        EventKind::BudgetForecast => {
            let state = alerts::example_budget(dollars(960)?, dollars(1000)?);
            let month = ForecastMonth {
                month: next_month(now.date_naive()),
                low: dollars(980)?,
                expected: dollars(1040)?,
                high: dollars(1100)?,
            };
            alerts::budget_forecast(id, now, &state, &month, page)
        }
        EventKind::PriceChange => {
            let change = alerts::PriceChange {
                registry: "registry.example.com".parse()?,
                as_of: now,
                before: "azure-container-registry-premium (2026-10)".to_owned(),
                after: "azure-container-registry-premium (2026-11)".to_owned(),
                month_before: Some(dollars(1000)?),
                month_after: Some(dollars(1080)?),
            };
            alerts::price_change(id, now, &change, page)
        }
        EventKind::CrawlFailed | EventKind::WeeklySummary | EventKind::Test => {
            let crawl = alerts::FailedCrawl {
                crawl: 42,
                registry: "registry.example.com".parse()?,
                is_failure: true,
                message: Some("the registry refuses the credentials (401)".to_owned()),
                faults: 0,
                ended: now,
            };
            alerts::crawl_failed(id, now, &crawl, page)
        }
    })
}

fn next_month(day: NaiveDate) -> NaiveDate {
    chrono::Datelike::with_day(&day, 1)
        .and_then(|first| first.checked_add_months(Months::new(1)))
        .unwrap_or(day)
}
