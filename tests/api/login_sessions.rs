//! How long a login lasts, by a clock that the test sets, and what follows when rules change.

use std::sync::Arc;
use std::time::Duration;

use chrono::{SubsecRound as _, TimeDelta};
use serde_json::json;
use tare::clock::{Clock, SystemClock};
use tare::identity::{CredentialKind, IssuerSettings, LoginOptions, LoginSettings, Logins};
use tare::store::Store;

use crate::store::TestDatabase;
use crate::support::clock::SetClock;
use crate::support::issuer::{Issuer, SigningKey};

const HOUR: Duration = Duration::from_secs(3600);

fn settings(issuer: &Issuer, role: &str) -> IssuerSettings {
    IssuerSettings {
        login: Some(LoginSettings {
            client_id: "tare".to_owned(),
            client_secret_file: None,
            scopes: vec!["openid".to_owned()],
        }),
        ..issuer.settings("roles", role)
    }
}

fn logins(store: &Store, settings: IssuerSettings, clock: &Arc<SetClock>) -> Logins {
    let issuer = tare::identity::Issuer::new(settings, clock.now()).expect("an issuer");
    let home: url::Url = "https://tare.example.com/".parse().expect("an address");
    Logins::new(
        store.clone(),
        &[Arc::new(issuer)],
        LoginOptions {
            redirect: home.join("auth/callback").expect("an address"),
            home,
            lifetime: 12 * HOUR,
            idle_timeout: 2 * HOUR,
        },
        Arc::clone(clock) as Arc<dyn Clock>,
        tokio::runtime::Handle::current(),
    )
}

/// Logs in at the provider, as a browser does. Gives the id of the session.
async fn log_in(logins: &Logins) -> String {
    let (url, attempt) = logins.begin(0).await.expect("a provider");
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .expect("a client");
    let answer = client.get(url).send().await.expect("an answer");
    let back = answer.headers()["location"].to_str().expect("text");
    let back: url::Url = back.parse().expect("an address");
    let code = back
        .query_pairs()
        .find(|(name, _)| name == "code")
        .expect("a code");
    let session = logins.finish(0, attempt, code.1.into_owned()).await;
    session.expect("a session").id
}

async fn works(logins: &Logins, id: &str) -> bool {
    logins.caller(id).await.expect("the store answers").is_some()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_ends_when_it_is_idle_and_in_any_case_after_its_lifetime() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let store = TestDatabase::server().await.open().await;
    let key = SigningKey::new("one", "EdDSA");
    let issuer = Issuer::with_keys(&[&key]);
    issuer.provider().person(key, json!({"roles": ["reader"]}));
    // The provider's tokens are of the time that it is. The database has no nanoseconds.
    let begin = SystemClock.now().trunc_subsecs(0);
    let clock = SetClock::new(begin);
    let logins = logins(&store, settings(&issuer, "reader"), &clock);
    let at = |hours, minutes| clock.set(begin + TimeDelta::hours(hours) + TimeDelta::minutes(minutes));

    let idle = log_in(&logins).await;
    let used_once = log_in(&logins).await;
    let busy = log_in(&logins).await;
    let caller = logins.caller(&busy).await.expect("an answer").expect("a caller");
    assert_eq!(caller.credential.kind, CredentialKind::Login);
    assert_eq!(caller.credential.expires_at, Some(begin + TimeDelta::hours(12)));

    at(1, 59);
    assert!(works(&logins, &used_once).await && works(&logins, &busy).await);
    at(2, 0);
    assert!(!works(&logins, &idle).await, "two hours without a request");
    at(3, 58);
    assert!(works(&logins, &busy).await);
    at(3, 59);
    assert!(
        !works(&logins, &used_once).await,
        "two hours after its only request"
    );
    for hour in 5..12 {
        at(hour, 0);
        assert!(works(&logins, &busy).await, "after {hour} h");
    }
    at(12, 0);
    assert!(!works(&logins, &busy).await, "its lifetime is over");
    assert!(!works(&logins, "").await && !works(&logins, &"A".repeat(43)).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_that_change_change_what_sessions_may_do() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let store = TestDatabase::server().await.open().await;
    let key = SigningKey::new("one", "EdDSA");
    let issuer = Issuer::with_keys(&[&key]);
    issuer.provider().person(
        key,
        json!({"roles": ["reader", "staff"], "email": "alice@example.com"}),
    );
    let clock = SetClock::new(SystemClock.now());
    let before = logins(&store, settings(&issuer, "reader"), &clock);
    let id = log_in(&before).await;

    // The service starts again with other rules.
    let others = logins(&store, settings(&issuer, "staff"), &clock);
    assert!(works(&others, &id).await, "by another role of the same claim");
    let nobody = logins(&store, settings(&issuer, "operator"), &clock);
    assert!(!works(&nobody, &id).await);
    let without = IssuerSettings {
        login: None,
        ..settings(&issuer, "reader")
    };
    assert!(
        !works(&logins(&store, without, &clock), &id).await,
        "people can no longer log in there"
    );
    assert!(works(&before, &id).await);

    // Only what the rules ask for is stored.
    let digest = <sha2::Sha256 as sha2::Digest>::digest(&id);
    let now = clock.now();
    let stored = store.login_session(&digest, now, now - TimeDelta::hours(1)).await;
    let claims = stored.expect("an answer").expect("a session").claims;
    assert_eq!(claims, json!({"roles": ["reader", "staff"], "sub": "0001"}));

    assert!(before.end(&id).await.expect("an answer").is_some());
    assert!(!works(&before, &id).await);
    assert!(before.end(&id).await.expect("an answer").is_none());
}
