//! Messages about single events: budgets, crawls, prices.

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::json;

use super::event::EventKind;
use super::message::{Message, Page, Row, Section, VERSION};
use super::weekly::{BudgetState, signed};
use crate::oci::RegistryName;
use crate::report::ForecastMonth;
use crate::units::Money;

/// A crawl that failed, or could not read everything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedCrawl {
    /// The crawl's number.
    pub crawl: i64,
    /// The registry.
    pub registry: RegistryName,
    /// Whether nothing could be read.
    pub is_failure: bool,
    /// The reason, if it is known.
    pub message: Option<String>,
    /// How many things could not be read.
    pub faults: u64,
    /// When the crawl ended.
    pub ended: DateTime<Utc>,
}

/// A registry whose price book or edition changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriceChange {
    /// The registry.
    pub registry: RegistryName,
    /// When the first report with the new prices was made.
    pub as_of: DateTime<Utc>,
    /// Book and edition before.
    pub before: String,
    /// Book and edition now.
    pub after: String,
    /// The cost of a month in the last report before; `None` without costs.
    pub month_before: Option<Money>,
    /// The cost of a month in the first report after it; `None` without costs.
    pub month_after: Option<Money>,
}

/// The cost of a month has reached a level of its budget.
pub fn budget_exceeded(
    id: String,
    at: DateTime<Utc>,
    state: &BudgetState,
    level: u32,
    page: Page<'_>,
) -> Message {
    let what = if level >= 100 {
        "budget exceeded".to_owned()
    } else {
        format!("{level} % of the budget is used")
    };
    Message {
        version: VERSION,
        event: EventKind::BudgetExceeded,
        id,
        at,
        title: format!("{}: {what}", state.subject),
        text: format!(
            "At the present level a month costs {}, which is {} % of the budget of {}.",
            state.month, state.percent, state.budget
        ),
        sections: Vec::new(),
        links: page.links(&[("Overview", ""), ("Savings", "?view=savings")]),
        data: json!({"budget": state, "level": level}),
    }
}

/// A coming month is expected to exceed its budget.
pub fn budget_forecast(
    id: String,
    at: DateTime<Utc>,
    state: &BudgetState,
    month: &ForecastMonth,
    page: Page<'_>,
) -> Message {
    let name = month_name(month.month);
    Message {
        version: VERSION,
        event: EventKind::BudgetForecast,
        id,
        at,
        title: format!(
            "{}: the budget is expected to be exceeded in {name}",
            state.subject
        ),
        text: format!(
            "For {name}, {} is expected ({} to {}); the budget is {}. At the present level a month costs {}.",
            month.expected, month.low, month.high, state.budget, state.month
        ),
        sections: Vec::new(),
        links: page.links(&[("Overview", ""), ("Savings", "?view=savings")]),
        data: json!({"budget": state, "forecast": month}),
    }
}

/// A crawl failed or could not read everything.
pub fn crawl_failed(id: String, at: DateTime<Utc>, crawl: &FailedCrawl, page: Page<'_>) -> Message {
    let registry = &crawl.registry;
    let (title, text) = if crawl.is_failure {
        let reason = crawl
            .message
            .as_deref()
            .unwrap_or("the log of the service has the reason");
        (
            format!("The crawl of {registry} failed"),
            format!(
                "Crawl {} failed: {reason}. The figures stay as they were.",
                crawl.crawl
            ),
        )
    } else {
        (
            format!("The crawl of {registry} is incomplete"),
            format!(
                "Crawl {} could not read everything ({} faults). The figures may be too low.",
                crawl.crawl, crawl.faults
            ),
        )
    };
    Message {
        version: VERSION,
        event: EventKind::CrawlFailed,
        id,
        at,
        title,
        text,
        sections: Vec::new(),
        links: page.links(&[("Crawls", "?view=crawls")]),
        data: json!({
            "crawl": crawl.crawl,
            "registry": registry,
            "state": if crawl.is_failure { "failed" } else { "incomplete" },
            "message": crawl.message,
            "faults": crawl.faults,
            "ended": crawl.ended,
        }),
    }
}

/// A registry is priced by another book or another edition of it.
pub fn price_change(id: String, at: DateTime<Utc>, change: &PriceChange, page: Page<'_>) -> Message {
    let costs = change.month_before.zip(change.month_after);
    let difference = costs.and_then(|(before, after)| after.checked_sub(before).ok());
    let mut sections = Vec::new();
    if let Some((before, after)) = costs {
        let note = difference.map(signed).unwrap_or_default();
        sections.push(Section {
            title: "Cost of a month".to_owned(),
            rows: vec![
                Row::new("Before", before.to_string(), ""),
                Row::new("Now", after.to_string(), note),
            ],
        });
    }
    Message {
        version: VERSION,
        event: EventKind::PriceChange,
        id,
        at,
        title: format!("The prices of {} changed", change.registry),
        text: format!(
            "{} was priced by {} and is now priced by {}.",
            change.registry, change.before, change.after
        ),
        sections,
        links: page.links(&[("Overview", "")]),
        data: json!({
            "registry": change.registry,
            "before": change.before,
            "after": change.after,
            "month_before": change.month_before,
            "month_after": change.month_after,
        }),
    }
}

/// The message of `tare notify test`.
pub fn test(at: DateTime<Utc>, page: Page<'_>) -> Message {
    Message {
        version: VERSION,
        event: EventKind::Test,
        // Different each time, so that no receiver takes it for a repeated one.
        id: format!("test/{}", at.to_rfc3339()),
        at,
        title: "Test message from Tare".to_owned(),
        text: "Notifications reach you here. Nothing needs to be done.".to_owned(),
        sections: Vec::new(),
        links: page.links(&[("Overview", "")]),
        data: json!({}),
    }
}

/// A budget for previews.
pub fn example_budget(month: Money, budget: Money) -> BudgetState {
    let percent = if month.amount() > budget.amount() { 108 } else { 96 };
    BudgetState {
        subject: "Cost centre CC-1100".to_owned(),
        budget,
        month,
        percent,
    }
}

/// A month with its year, such as `December 2026`.
fn month_name(month: NaiveDate) -> String {
    month.format("%B %Y").to_string()
}
