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

/// A token service's response.
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
    /// When to fetch the next token. Earlier than this one expires, so that no request is refused.
    renew_at: DateTime<Utc>,
}

/// The lifetime of a token without `expires_in` (distribution specification, token authentication, 2026).
const DEFAULT_LIFETIME_SECONDS: i64 = 60;
/// The longest lifetime that is accepted. Our choice: a day.
const MAX_LIFETIME_SECONDS: i64 = 24 * 3600;

impl Token {
    /// Reads a token service's response.
    pub fn read(body: &[u8], now: DateTime<Utc>) -> Result<Self, Reason> {
        let malformed = |problem: &str| Reason::Malformed(format!("the token service's response {problem}"));
        let answer: TokenAnswer = serde_json::from_slice(body).map_err(|_| malformed("cannot be parsed"))?;
        let text = answer
            .token
            .filter(|token| !token.is_empty())
            .or(answer.access_token)
            .filter(|token| !token.is_empty())
            .ok_or_else(|| malformed("contains no token"))?;
        let seconds = answer
            .expires_in
            .filter(|seconds| *seconds > 0)
            .or_else(|| {
                expiry_within(&text)
                    .map(|expiry| expiry - now.timestamp())
                    .filter(|seconds| *seconds > 0)
            })
            .unwrap_or(DEFAULT_LIFETIME_SECONDS)
            .min(MAX_LIFETIME_SECONDS);
        let mut header = HeaderValue::from_str(&format!("Bearer {text}"))
            .map_err(|_| malformed("contains a token that cannot be sent in a header"))?;
        header.set_sensitive(true);
        // The last fifth of the life, at most a minute, is left for requests under way.
        let margin = TimeDelta::milliseconds((seconds * 200).min(60_000));
        let renew_at = now + TimeDelta::seconds(seconds) - margin;
        Ok(Self {
            header,
            obtained: now,
            renew_at,
        })
    }
}

/// The `exp` of a JSON Web Token. Its signature is not verified: it only decides when to renew.
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

/// A value that expires.
pub(super) trait Expiring {
    /// When to fetch the next one.
    fn renew_at(&self) -> DateTime<Utc>;
}

impl Expiring for Token {
    fn renew_at(&self) -> DateTime<Utc> {
        self.renew_at
    }
}

/// Holds one token (or another expiring value) and renews it once for all waiting requests.
pub(super) struct TokenCache<T> {
    token: RwLock<Option<Arc<T>>>,
    /// Held while a token is being fetched; the others wait for the result.
    fetching: tokio::sync::Mutex<Option<Reason>>,
    fetches: AtomicU64,
}

impl<T> Default for TokenCache<T> {
    fn default() -> Self {
        Self {
            token: RwLock::default(),
            fetching: tokio::sync::Mutex::default(),
            fetches: AtomicU64::new(0),
        }
    }
}

impl<T: Expiring> TokenCache<T> {
    /// The token, unless it is due for renewal.
    pub fn current(&self, now: DateTime<Utc>) -> Option<Arc<T>> {
        self.token
            .read()
            .as_ref()
            .filter(|token| now < token.renew_at())
            .cloned()
    }

    /// Fetches a new token. Callers that arrive meanwhile share the result, a failure too.
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

    /// Discards a refused token, unless it has been replaced already.
    pub fn invalidate(&self, refused: &Arc<T>) {
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
        (token.renew_at - now).num_milliseconds()
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
        let (cache, fetches) = (TokenCache::<Token>::default(), AtomicU64::new(0));
        let fetch = |body: &'static str| {
            let fetches = &fetches;
            move || async move {
                fetches.fetch_add(1, Ordering::Relaxed);
                tokio::task::yield_now().await;
                Token::read(body.as_bytes(), now)
            }
        };
        let failed = futures::future::join_all((0..16).map(|_| cache.renew(now, fetch("{}")))).await;
        assert!(failed.iter().all(Result::is_err));
        assert_eq!(fetches.load(Ordering::Relaxed), 1);
        let tokens =
            futures::future::join_all((0..16).map(|_| cache.renew(now, fetch(r#"{"token":"t"}"#)))).await;
        assert!(tokens.iter().all(Result::is_ok));
        assert_eq!(fetches.load(Ordering::Relaxed), 2);
    }
}
