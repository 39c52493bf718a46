//! The messages word for word.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use tare::notify::weekly::{self, BudgetState, RepositoryCostAt, WeeklyInput};
use tare::notify::{Audience, Format, Message, Page, Templates, alerts};
use tare::units::Money;

use super::at;

fn dollars(cents: i64) -> Money {
    Money::new(Decimal::new(cents, 2), "USD".parse().expect("a currency"))
}

fn cost(repository: &str, cents: i64) -> RepositoryCostAt {
    RepositoryCostAt {
        registry: "registry.example.com".parse().expect("a name"),
        repository: repository.parse().expect("a name"),
        cost_centre: Some("CC-1100".to_owned()),
        month: dollars(cents),
    }
}

fn summary() -> Message {
    let text = "Move 8 repositories: 760 of 880 USD a month, about 4 working days, paid back in 3.8 months.";
    let before = [
        cost("shop/storefront", 12_000),
        cost("shop/old", 3_000),
        cost("shop/cart", 5_000),
    ];
    let now = [
        cost("shop/storefront", 15_500),
        cost("shop/cart", 5_000),
        cost("shop/new_one", 99),
    ];
    let budget = BudgetState {
        subject: "Cost centre CC-1100".to_owned(),
        budget: dollars(45_000),
        month: dollars(20_599),
        percent: 45,
    };
    weekly::message(&WeeklyInput {
        day: NaiveDate::from_ymd_opt(2026, 11, 30).expect("a day"),
        id: "weekly_summary/2026-11-30T07:00:00+00:00".to_owned(),
        at: at("2026-11-30T07:00:04Z"),
        text,
        headline: &serde_json::json!({"repositories": 8}),
        before: &before,
        now: &now,
        budgets: &[budget],
        audience: &Audience::default(),
        page: Page(Some("https://tare.example.com/")),
    })
}

#[test]
fn messages_read_as_in_the_snapshots() {
    let templates = Templates::shipped().expect("templates");
    let summary = summary();
    for (name, format) in [
        ("weekly_summary.txt", Format::Text),
        ("weekly_summary.html", Format::Html),
        ("weekly_summary.slack.json", Format::Slack),
        ("weekly_summary.teams.json", Format::Teams),
        ("weekly_summary.json", Format::Json),
    ] {
        insta::assert_snapshot!(name, templates.preview(&summary, format).expect("text"));
    }
    let crawl = alerts::FailedCrawl {
        crawl: 42,
        registry: "registry.example.com".parse().expect("a name"),
        is_failure: true,
        message: Some("the registry refuses <the> credentials".to_owned()),
        faults: 0,
        ended: at("2026-11-30T03:30:00Z"),
    };
    let failed = alerts::crawl_failed(
        "crawl_failed/42".to_owned(),
        at("2026-11-30T03:30:10Z"),
        &crawl,
        Page(None),
    );
    insta::assert_snapshot!(
        "crawl_failed.txt",
        templates.preview(&failed, Format::Text).expect("text")
    );
    let state = alerts::example_budget(dollars(108_000), dollars(100_000));
    let exceeded = alerts::budget_exceeded(
        "budget_exceeded/2026-11/x".to_owned(),
        at("2026-11-30T03:30:10Z"),
        &state,
        100,
        Page(None),
    );
    insta::assert_snapshot!(
        "budget_exceeded.txt",
        templates.preview(&exceeded, Format::Text).expect("text")
    );
}
