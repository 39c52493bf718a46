use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use parking_lot::RwLock;
use reqwest::header::HeaderValue;
use serde::Deserialize;

use crate::registry::Reason;

/// What a token service answers.
#[derive(Deserialize)]
pub(super) struct TokenAnswer {
    #[serde(default)]
    token: Option<String>,
    #[serde(default)]
    access_token: Option<String>,
    #[serde(default)]
    expires_in: Option<i64>,
}

/// An access token, ready to be sent.
pub(super) struct Token {
    pub header: HeaderValue,
    pub obtained: DateTime<Utc>,
    /// From when on a new one is fetched: while this one is still good, so that no request is turned away.
    renew: DateTime<Utc>,
}

/// The life of a token whose service does not tell (the distribution specification).
const DEFAULT_SECONDS: i64 = 60;
/// The longest life that is believed.
const LONGEST_SECONDS: i64 = 24 * 3600;

impl Token {
    /// Reads a token service's answer.
    pub fn read(body: &[u8], now: DateTime<Utc>) -> Result<Self, Reason> {
        let malformed = |problem: &str| Reason::Malformed(format!("the token service's answer {problem}"));
        let answer: TokenAnswer = serde_json::from_slice(body).map_err(|_| malformed("cannot be read"))?;
        let text = answer
            .token
            .filter(|token| !token.is_empty())
            .or(answer.access_token)
            .filter(|token| !token.is_empty())
            .ok_or_else(|| malformed("holds no token"))?;
        let seconds = answer
            .expires_in
            .filter(|seconds| *seconds > 0)
            .or_else(|| {
                expiry_within(&text)
                    .map(|expiry| expiry - now.timestamp())
                    .filter(|seconds| *seconds > 0)
            })
            .unwrap_or(DEFAULT_SECONDS)
            .min(LONGEST_SECONDS);
        let mut header = HeaderValue::from_str(&format!("Bearer {text}"))
            .map_err(|_| malformed("holds a token that cannot be sent"))?;
        header.set_sensitive(true);
        // A fifth of the life, but not more than a minute, is kept back for requests under way.
        let margin = TimeDelta::milliseconds((seconds * 200).min(60_000));
        let renew = now + TimeDelta::seconds(seconds) - margin;
        Ok(Self {
            header,
            obtained: now,
            renew,
        })
    }
}

/// The `exp` of a JSON web token, unverified: it only decides when to ask for the next one.
pub(super) fn expiry_within(token: &str) -> Option<i64> {
    #[derive(Deserialize)]
    struct Claims {
        exp: i64,
    }
    let payload = token.split('.').nth(1)?;
    let payload = URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok()?;
    serde_json::from_slice::<Claims>(&payload)
        .ok()
        .map(|claims| claims.exp)
}

/// What is good for a time only.
pub(super) trait Perishable {
    /// From when on another is fetched.
    fn renew(&self) -> DateTime<Utc>;
}

impl Perishable for Token {
    fn renew(&self) -> DateTime<Utc> {
        self.renew
    }
}

/// The place of the one token for a service and scope, or of another thing that has to be renewed.
pub(super) struct Shelf<T> {
    token: RwLock<Option<Arc<T>>>,
    /// Held by whoever fetches. Everybody else waits for what comes of it.
    fetching: tokio::sync::Mutex<Option<Reason>>,
    fetches: AtomicU64,
}

impl<T> Default for Shelf<T> {
    fn default() -> Self {
        Self {
            token: RwLock::default(),
            fetching: tokio::sync::Mutex::default(),
            fetches: AtomicU64::new(0),
        }
    }
}

impl<T: Perishable> Shelf<T> {
    /// The token, if it is good for a while yet.
    pub fn current(&self, now: DateTime<Utc>) -> Option<Arc<T>> {
        self.token
            .read()
            .as_ref()
            .filter(|token| now < token.renew())
            .cloned()
    }

    /// A new token: fetched by the first who needs it, shared with all who come meanwhile, and so is the
    /// failure to fetch it.
    pub async fn renew<F>(&self, now: DateTime<Utc>, fetch: impl FnOnce() -> F) -> Result<Arc<T>, Reason>
    where
        F: Future<Output = Result<T, Reason>>,
    {
        let seen = self.fetches.load(Ordering::Acquire);
        let mut last_failure = self.fetching.lock().await;
        if self.fetches.load(Ordering::Acquire) != seen {
            if let Some(token) = self.current(now) {
                return Ok(token);
            }
            if let Some(reason) = &*last_failure {
                return Err(reason.clone());
            }
        }
        let fetched = fetch().await;
        self.fetches.fetch_add(1, Ordering::Release);
        match fetched {
            Ok(token) => {
                let token = Arc::new(token);
                *self.token.write() = Some(Arc::clone(&token));
                *last_failure = None;
                Ok(token)
            }
            Err(reason) => {
                *last_failure = Some(reason.clone());
                Err(reason)
            }
        }
    }

    /// Forgets a token that was turned away, unless another has taken its place already.
    pub fn forget(&self, refused: &Arc<T>) {
        let mut token = self.token.write();
        if token
            .as_ref()
            .is_some_and(|current| Arc::ptr_eq(current, refused))
        {
            *token = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn life(body: &str) -> i64 {
        let now = DateTime::from_timestamp(1_000_000, 0).unwrap();
        let token = Token::read(body.as_bytes(), now).unwrap();
        (token.renew - now).num_milliseconds()
    }

    #[test]
    fn the_life_of_a_token_is_what_the_service_says_or_the_token_or_a_minute() {
        let jwt = |claims: &str| format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims));
        assert_eq!(life(r#"{"token":"t","expires_in":300}"#), 240_000);
        assert_eq!(life(r#"{"access_token":"t","expires_in":5}"#), 4_000);
        assert_eq!(life(r#"{"token":"t"}"#), 48_000);
        assert_eq!(life(r#"{"token":"t","expires_in":0}"#), 48_000);
        assert_eq!(
            life(r#"{"token":"t","expires_in":9223372036854775807}"#),
            86_340_000
        );
        assert_eq!(
            life(&format!(r#"{{"token":"{}"}}"#, jwt(r#"{"exp":1003600}"#))),
            3_540_000
        );
        assert_eq!(
            life(&format!(r#"{{"token":"{}"}}"#, jwt(r#"{"exp":999999}"#))),
            48_000
        );
    }

    #[test]
    fn nonsense_is_no_token() {
        for body in [
            "",
            "{}",
            r#"{"token":""}"#,
            r#"{"token":"a\nb"}"#,
            r#"{"token":7}"#,
            "<html>",
        ] {
            assert!(
                Token::read(body.as_bytes(), DateTime::UNIX_EPOCH).is_err(),
                "{body}"
            );
        }
    }

    #[tokio::test]
    async fn one_fetch_serves_all_who_wait_and_so_does_its_failure() {
        let now = DateTime::UNIX_EPOCH;
        let (shelf, fetches) = (Shelf::<Token>::default(), AtomicU64::new(0));
        let fetch = |body: &'static str| {
            let fetches = &fetches;
            move || async move {
                fetches.fetch_add(1, Ordering::Relaxed);
                tokio::task::yield_now().await;
                Token::read(body.as_bytes(), now)
            }
        };
        let failed = futures::future::join_all((0..16).map(|_| shelf.renew(now, fetch("{}")))).await;
        assert!(failed.iter().all(Result::is_err));
        assert_eq!(fetches.load(Ordering::Relaxed), 1);
        let tokens =
            futures::future::join_all((0..16).map(|_| shelf.renew(now, fetch(r#"{"token":"t"}"#)))).await;
        assert!(tokens.iter().all(Result::is_ok));
        assert_eq!(fetches.load(Ordering::Relaxed), 2);
    }
}
