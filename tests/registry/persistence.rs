//! Retries: transient faults are tried again, permanent ones are not, and the registry is not hurried.

use std::time::{Duration, Instant};

use futures::future::join_all;
use tare::registry::{ClientSettings, Credentials, ErrorKind};

use super::harness::{client, client_with, config_of, name, quick, small, tag};
use crate::support::faulty_registry::Spoil;

#[tokio::test]
async fn faults_that_pass_are_tried_again() {
    for spoil in [
        Spoil::Status(500),
        Spoil::Status(502),
        Spoil::Status(503),
        Spoil::Status(408),
        Spoil::Drop,
        Spoil::Truncate,
    ] {
        let (setup, app) = small();
        let registry = setup.start();
        registry.on(|_| true).times(2).spoil(spoil.clone());
        let client = client(&registry);
        assert_eq!(
            client.get_manifest(&name("app"), &tag("1")).await.unwrap().digest,
            app.digest()
        );
        registry.on(|_| true).times(2).spoil(spoil);
        client.get_config(&name("app"), &config_of(&app)).await.unwrap();
        let statistics = client.statistics();
        assert_eq!(
            (
                statistics.requests.total,
                statistics.requests.get,
                statistics.requests.retried
            ),
            (6, 6, 4)
        );
    }
}

#[tokio::test]
async fn faults_that_stay_end_with_how_often_it_was_tried() {
    let registry = small().0.start();
    registry.on(|_| true).spoil(Spoil::Status(500));
    let error = client(&registry)
        .get_manifest(&name("app"), &tag("1"))
        .await
        .unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Unavailable, 3));
    assert_eq!(registry.requests().len(), 3);
    let text = error.to_string();
    assert!(
        text.contains("1 of app") && text.contains("500") && text.contains("3 attempts in"),
        "{text}"
    );

    let unreachable = client_with("http://127.0.0.1:9", Credentials::Anonymous, quick());
    let error = unreachable
        .get_manifest(&name("app"), &tag("1"))
        .await
        .unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Unavailable, 3));
    assert!(
        error.to_string().contains("cannot connect to http://127.0.0.1:9"),
        "{error}"
    );
}

#[tokio::test]
async fn what_is_not_there_is_asked_for_once() {
    let registry = small().0.start();
    let client = client(&registry);
    for error in [
        client.get_manifest(&name("app"), &tag("none")).await.unwrap_err(),
        client
            .head_manifest(&name("app"), &tag("none"))
            .await
            .unwrap_err(),
        client.get_manifest(&name("none"), &tag("1")).await.unwrap_err(),
    ] {
        assert_eq!((error.kind(), error.attempts()), (ErrorKind::NotFound, 1));
    }
    assert_eq!(registry.requests().len(), 4, "GET confirms what HEAD says");
}

#[tokio::test]
async fn being_throttled_holds_everybody_back() {
    for status in [429, 503] {
        let registry = small().0.start();
        let client = client_with(
            registry.url(),
            Credentials::Anonymous,
            ClientSettings {
                max_retry_after: Duration::from_millis(300),
                max_concurrent_requests: 4,
                ..quick()
            },
        );
        client.get_manifest(&name("app"), &tag("1")).await.unwrap();
        registry.forget_requests();
        registry
            .on(|_| true)
            .times(1)
            .spoil(Spoil::RetryAfter(status, "1".into()));
        let (repository, reference) = (name("app"), tag("1"));
        let answers = join_all((0..40).map(|_| client.get_manifest(&repository, &reference))).await;
        assert!(answers.iter().all(Result::is_ok));
        let requests = registry.requests();
        assert_eq!(requests.len(), 41);
        let first = requests[0].at;
        // Those on their way when the answer came could not be called back.
        let before = requests
            .iter()
            .filter(|request| request.at < first + Duration::from_millis(280))
            .count();
        assert!(before <= 8, "{before} were sent before the pause was over");
        let statistics = client.statistics();
        assert_eq!(
            (statistics.requests.rate_limited, statistics.requests.retried),
            (1, 1)
        );
        assert!(
            statistics.waited >= Duration::from_millis(250),
            "{:?}",
            statistics.waited
        );
    }
}

#[tokio::test]
async fn patience_with_throttling_ends_too() {
    let registry = small().0.start();
    registry.on(|_| true).spoil(Spoil::RetryAfter(429, "0".into()));
    let error = client(&registry)
        .get_manifest(&name("app"), &tag("1"))
        .await
        .unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Unavailable, 12));
}

#[tokio::test]
async fn no_more_requests_at_a_time_than_allowed() {
    let registry = small().0.start();
    registry
        .on(|_| true)
        .spoil(Spoil::Stall(Duration::from_millis(10)));
    let settings = ClientSettings {
        max_concurrent_requests: 3,
        ..quick()
    };
    let client = client_with(registry.url(), Credentials::Anonymous, settings);
    let (repository, reference) = (name("app"), tag("1"));
    let answers = join_all((0..30).map(|_| client.get_manifest(&repository, &reference))).await;
    assert!(answers.iter().all(Result::is_ok));
    assert_eq!(registry.most_in_flight(), 3);
}

#[tokio::test]
async fn no_more_requests_a_minute_than_allowed() {
    let registry = small().0.start();
    // A burst of ten seconds' worth is twenty; the other ten follow at two hundred milliseconds or so.
    let settings = ClientSettings {
        requests_per_minute: 1200,
        ..quick()
    };
    let client = client_with(registry.url(), Credentials::Anonymous, settings);
    let begun = Instant::now();
    let (repository, reference) = (name("app"), tag("1"));
    let answers = join_all((0..206).map(|_| client.get_manifest(&repository, &reference))).await;
    assert!(answers.iter().all(Result::is_ok));
    assert!(
        begun.elapsed() >= Duration::from_millis(200),
        "{:?}",
        begun.elapsed()
    );
}
