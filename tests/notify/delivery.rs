//! Each event leads to one message, and each message arrives.

use std::time::Duration;

use serde_json::Value;
use tare::notify::{Message, send};

use super::{Company, at, webhook};
use crate::support::faulty_registry::{Spoil, image};
use crate::support::web_receiver::WebReceiver;

#[tokio::test(flavor = "multi_thread")]
async fn a_weekly_summary_is_sent_once_a_week_whatever_the_number_of_processes() {
    let receiver = WebReceiver::start();
    let company = Company::with(&webhook(&receiver.url(), "\"weekly_summary\"")).await;
    company.crawl("2026-11-23T06:00:00Z").await;
    // 23 November 2026 is a Monday. Two processes look at the same time.
    company.clock.set(at("2026-11-23T07:00:05Z"));
    let (one, other) = (company.dispatcher(), company.dispatcher());
    let (mut seen_by_one, mut seen_by_other) = (None, None);
    let (first, second) = tokio::join!(one.turn(&mut seen_by_one), other.turn(&mut seen_by_other));
    first.and(second).expect("turns");
    company.turn("2026-11-24T06:00:00Z").await;
    assert_eq!(receiver.received().len(), 1);

    // What changed since is in the next one.
    company.registry.change(|content| {
        content
            .repository("new/one")
            .tag("v1", image().layer("large", 50_000_000));
    });
    company.crawl("2026-11-29T06:00:00Z").await;
    company.turn("2026-11-30T07:00:00Z").await;
    let received = receiver.received();
    assert_eq!(received.len(), 2);
    let message = received[1].json();
    assert_eq!(message["version"], 1);
    assert_eq!(message["event"], "weekly_summary");
    assert_eq!(message["title"], "Container registries: week of 30 November 2026");
    assert!(message["text"].as_str().is_some_and(|text| !text.is_empty()));
    let movers = message["data"]["movers"].as_array().expect("movers");
    let new = movers
        .iter()
        .find(|mover| mover["repository"] == "new/one")
        .expect("the new repository");
    assert_eq!(new["before"], Value::Null);
    assert_eq!(message["data"]["budgets"][0]["budget"]["amount"], "10");
    let links = message["links"].as_array().expect("links");
    assert_eq!(links[1]["url"], "https://tare.example.com/?view=savings");
    assert_ne!(
        received[0].header("idempotency-key"),
        received[1].header("idempotency-key")
    );
    assert_eq!(company.outcomes().await, [("webhook".into(), "sent".into(), 2)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_summary_that_is_more_than_a_day_late_is_left_to_the_next_week() {
    let receiver = WebReceiver::start();
    let company = Company::with(&webhook(&receiver.url(), "\"weekly_summary\"")).await;
    company.crawl("2026-11-23T06:00:00Z").await;
    company.turn("2026-11-24T07:00:01Z").await;
    assert!(receiver.received().is_empty());
    company.turn("2026-11-30T07:00:00Z").await;
    assert_eq!(receiver.received().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_attempt_is_repeated_with_longer_pauses_and_the_same_key() {
    let receiver = WebReceiver::start();
    let company = Company::with(&webhook(&receiver.url(), "\"weekly_summary\"")).await;
    company.crawl("2026-11-23T06:00:00Z").await;
    receiver.answer_with(&[500, 503]);
    company.turn("2026-11-23T07:00:00Z").await;
    assert_eq!(receiver.received().len(), 1);
    // The first pause is 30 seconds, the second a minute.
    company.turn("2026-11-23T07:00:29Z").await;
    assert_eq!(receiver.received().len(), 1);
    company.turn("2026-11-23T07:00:30Z").await;
    company.turn("2026-11-23T07:01:29Z").await;
    assert_eq!(receiver.received().len(), 2);
    assert_eq!(
        company.outcomes().await,
        [("webhook".into(), "pending".into(), 1)]
    );
    company.turn("2026-11-23T07:01:30Z").await;
    let received = receiver.received();
    assert_eq!(received.len(), 3);
    let keys: Vec<_> = received.iter().map(|one| one.header("idempotency-key")).collect();
    assert!(
        keys[0].len() == 32 && keys.iter().all(|key| *key == keys[0]),
        "{keys:?}"
    );
    assert_eq!(company.outcomes().await, [("webhook".into(), "sent".into(), 1)]);
    company.turn("2026-11-23T09:00:00Z").await;
    assert_eq!(receiver.received().len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_refuses_or_never_answers_is_given_up() {
    let receiver = WebReceiver::start();
    let company = Company::with(&webhook(&receiver.url(), "\"weekly_summary\"")).await;
    company.crawl("2026-11-23T06:00:00Z").await;
    receiver.answer_with(&[404]);
    company.turn("2026-11-23T07:00:00Z").await;
    assert_eq!(company.outcomes().await, [("webhook".into(), "failed".into(), 1)]);

    receiver.answer_with(&[500, 500]);
    company.turn("2026-11-30T07:00:00Z").await;
    company.turn("2026-12-01T08:00:00Z").await;
    assert_eq!(company.outcomes().await, [("webhook".into(), "failed".into(), 2)]);
    assert_eq!(receiver.received().len(), 3);
}

/// A process that is killed between sending and recording: the message comes again, and can be told by its key.
#[tokio::test(flavor = "multi_thread")]
async fn a_kill_between_sending_and_recording_sends_again_with_the_same_key() {
    let receiver = WebReceiver::start();
    let company = Company::with(&webhook(&receiver.url(), "\"weekly_summary\"")).await;
    company.crawl("2026-11-23T06:00:00Z").await;
    receiver.answer_with(&[500]);
    company.turn("2026-11-23T07:00:00Z").await;

    // What a dispatcher does until it is killed.
    let now = at("2026-11-23T07:01:00Z");
    let names = ["hook".to_owned()];
    let taken = company
        .store
        .take_notification(&names, Duration::from_secs(3), now)
        .await;
    let taken = taken.expect("the store").expect("a message");
    let settings = company
        .settings
        .dispatcher(&tare::config::Environment::default())
        .expect("settings");
    let message: Message = serde_json::from_value(taken.message).expect("a message");
    send(&settings.receivers[0], &message, &settings.templates)
        .await
        .expect("sent");

    company.turn("2026-11-23T07:01:00Z").await;
    assert_eq!(receiver.received().len(), 2, "its lease is valid");
    while receiver.received().len() == 2 {
        tokio::time::sleep(Duration::from_millis(50)).await;
        company.turn("2026-11-23T07:01:00Z").await;
    }
    let received = receiver.received();
    assert_eq!(received.len(), 3);
    assert_eq!(
        received[1].header("idempotency-key"),
        received[2].header("idempotency-key")
    );
    assert_eq!(company.outcomes().await, [("webhook".into(), "sent".into(), 1)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_budget_is_told_of_once_a_month_and_level() {
    let receiver = WebReceiver::start();
    let company = Company::with(&format!(
        "{}budget_levels = [80, 100]\n",
        webhook(&receiver.url(), "\"budget_exceeded\"")
    ))
    .await;
    company.crawl("2026-11-23T06:00:00Z").await;
    company.turn("2026-11-23T06:00:10Z").await;
    let received = receiver.received();
    assert_eq!(received.len(), 1);
    let message = received[0].json();
    assert_eq!(
        (&message["event"], &message["data"]["level"]),
        (&"budget_exceeded".into(), &100.into())
    );
    assert_eq!(message["title"], "All registries: budget exceeded");

    // Further crawls and processes of the same month tell nothing more.
    company.crawl("2026-11-24T06:00:00Z").await;
    company.turn("2026-11-24T06:00:10Z").await;
    company.turn("2026-11-30T23:59:59Z").await;
    assert_eq!(receiver.received().len(), 1);
    company.turn("2026-12-01T00:00:10Z").await;
    assert_eq!(receiver.received().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crawl_is_told_of_when_it_begins_to_fail() {
    let receiver = WebReceiver::start();
    let company = Company::with(&webhook(&receiver.url(), "\"crawl_failed\"")).await;
    company.crawl("2026-11-23T06:00:00Z").await;
    company.turn("2026-11-23T06:00:10Z").await;
    assert!(receiver.received().is_empty());
    company
        .registry
        .on(|request| request.path.contains("/web/tags/list"))
        .spoil(Spoil::Status(500));
    company.crawl("2026-11-23T07:00:00Z").await;
    company.crawl("2026-11-23T08:00:00Z").await;
    company.turn("2026-11-23T08:00:10Z").await;
    let received = receiver.received();
    assert_eq!(received.len(), 1, "the second failure is no news");
    let message = received[0].json();
    assert_eq!(message["data"]["state"], "incomplete");
    assert!(
        message["title"]
            .as_str()
            .is_some_and(|title| title.ends_with("is incomplete"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_hears_only_of_its_registries_and_its_cost_centre() {
    let (other, centre) = (WebReceiver::start(), WebReceiver::start());
    let sections = format!(
        "{}registries = [\"*.example.com\"]\n{}cost_centre = \"CC-1\"\n",
        webhook(&other.url(), "\"crawl_failed\", \"budget_exceeded\""),
        webhook(&centre.url(), "\"weekly_summary\", \"budget_exceeded\"")
            .replace("name = \"hook\"", "name = \"centre\"")
    );
    let company = Company::with(&sections).await;
    company
        .registry
        .on(|request| request.path.contains("/web/tags/list"))
        .spoil(Spoil::Status(500));
    company.crawl("2026-11-23T06:00:00Z").await;
    company.turn("2026-11-23T07:00:00Z").await;
    assert!(other.received().is_empty());
    let received = centre.received();
    assert_eq!(received.len(), 1, "the budget of all registries is not its own");
    let message = received[0].json();
    assert_eq!(
        message["title"],
        "Container registries for CC-1: week of 23 November 2026"
    );
    assert!(!received[0].body.contains("\"web\""), "{message}");
}
