//! Who may come in, by a clock that the test sets.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use parking_lot::Mutex;
use serde_json::json;
use tare::clock::{Clock, SystemClock};
use tare::identity::{Authenticator, ClaimRule, IssuerSettings, Refusal, Rejection, Scope, Visible};

use crate::store::TestDatabase;
use crate::support::issuer::{Fault, Issuer, SigningKey};

/// A clock that shows what the test sets.
struct SetClock(Mutex<DateTime<Utc>>);

impl Clock for SetClock {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock()
    }
}

fn settings(issuer: &Issuer) -> IssuerSettings {
    IssuerSettings {
        issuer: issuer.url().parse().expect("an issuer"),
        audiences: vec!["tare".to_owned()],
        rules: vec![ClaimRule {
            claim: "aud".to_owned(),
            value: "tare".to_owned(),
            scopes: vec![Scope::Read],
            registries: Visible::All,
            cost_centres: Visible::All,
        }],
        name_claim: "sub".to_owned(),
        extra_ca: Vec::new(),
        proxy: None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_issuer_that_is_away_locks_no_user_out_for_a_day_and_all_users_after() {
    let store = TestDatabase::server().await.open().await;
    let key = SigningKey::new("one", "ES256");
    let issuer = Issuer::with_keys(&[&key]);
    let begin = SystemClock.now();
    let clock = Arc::new(SetClock(Mutex::new(begin)));
    let authenticator = Authenticator::new(
        store,
        &[settings(&issuer)],
        Arc::clone(&clock) as Arc<dyn Clock>,
        tokio::runtime::Handle::current(),
    )
    .map_err(|(_, error)| error)
    .expect("an issuer that can be asked");
    let later = begin + TimeDelta::days(30);
    let token = issuer.token(&key, &json!({"aud": "tare", "exp": later.timestamp()}));

    assert!(authenticator.authenticate(Some(&token), None).await.is_ok());
    issuer.fail(Some(Fault::Broken));
    let minute = TimeDelta::minutes(1);
    for (after, is_accepted) in [
        (TimeDelta::hours(24) - minute, true),
        (TimeDelta::hours(24), false),
        (TimeDelta::hours(48), false),
    ] {
        *clock.0.lock() = begin + after;
        let authenticated = authenticator.authenticate(Some(&token), None).await;
        match authenticated {
            Ok(_) => assert!(is_accepted, "accepted after {after}"),
            Err(Rejection::Token(Refusal::NoKeys)) => assert!(!is_accepted, "refused after {after}"),
            Err(other) => panic!("{other}"),
        }
    }

    // It is back, and its tokens are accepted again.
    issuer.fail(None);
    *clock.0.lock() = begin + TimeDelta::hours(49);
    assert!(authenticator.authenticate(Some(&token), None).await.is_ok());
}
