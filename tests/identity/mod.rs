//! Who may come in, by a clock that the test sets.

use std::sync::Arc;

use chrono::TimeDelta;
use serde_json::json;
use tare::clock::{Clock, SystemClock};
use tare::identity::{Authenticator, Refusal, Rejection};

use crate::store::TestDatabase;
use crate::support::clock::SetClock;
use crate::support::issuer::{Fault, Issuer, SigningKey};

#[tokio::test(flavor = "multi_thread")]
async fn an_issuer_that_is_away_locks_no_user_out_for_a_day_and_all_users_after() {
    let store = TestDatabase::server().await.open().await;
    let key = SigningKey::new("one", "ES256");
    let issuer = Issuer::with_keys(&[&key]);
    let begin = SystemClock.now();
    let clock = SetClock::new(begin);
    let authenticator = Authenticator::new(
        store,
        &[issuer.settings("aud", "tare")],
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
        clock.set(begin + after);
        let authenticated = authenticator.authenticate(Some(&token), None).await;
        match authenticated {
            Ok(_) => assert!(is_accepted, "accepted after {after}"),
            Err(Rejection::Token(Refusal::NoKeys)) => assert!(!is_accepted, "refused after {after}"),
            Err(other) => panic!("{other}"),
        }
    }

    // It is back, and its tokens are accepted again.
    issuer.fail(None);
    clock.set(begin + TimeDelta::hours(49));
    assert!(authenticator.authenticate(Some(&token), None).await.is_ok());
}
