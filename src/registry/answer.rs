//! A question to the registry, asked until it is answered or not worth asking again.

use bytes::Bytes;
use oci_distribution::errors::OciEnvelope;
use reqwest::header::{HeaderMap, HeaderValue, LOCATION};
use reqwest::{Method, StatusCode};
use tokio::time::{Instant, sleep};
use url::Url;

use super::auth::{Authorization, Scope};
use super::client::Inner;
use super::pace::Slot;
use super::retry::{Attempts, retry_after};
use super::transport::Outgoing;
use super::{Reason, RegistryError, limits};
use crate::oci::text::{excerpt, quoted};

/// What is asked.
pub(super) struct Question<'q> {
    /// For messages: what this asks for.
    pub about: &'q (dyn Fn() -> String + Sync),
    pub method: Method,
    pub url: Url,
    pub accept: HeaderValue,
    pub scope: Scope<'q>,
    /// The most bytes of the answer that are read.
    pub limit: usize,
    /// Whether a redirect is followed.
    pub follows_redirects: bool,
    /// Whether the bytes must come as they are stored.
    pub verbatim: bool,
    /// Whether the registry may need long before it begins to answer.
    pub slow: bool,
    /// The most attempts at faults; the settings may say fewer.
    pub most_attempts: u32,
}

/// A good answer.
pub(super) struct Answer {
    pub headers: HeaderMap,
    pub body: Bytes,
}

/// How one attempt ended, unless well.
enum Failure {
    /// The registry wants proof of who we are.
    Challenged(HeaderMap),
    /// The registry refuses although it knows who we are, or thinks so.
    Forbidden(Reason),
    /// The registry wants us to slow down.
    Throttled(Reason, Option<std::time::Duration>),
    /// It may work the next time.
    Passing(Reason),
    /// It will not.
    Final(Reason),
}

impl From<Reason> for Failure {
    fn from(reason: Reason) -> Self {
        match reason {
            Reason::Connection(_) | Reason::Timeout(_) => Self::Passing(reason),
            _ => Self::Final(reason),
        }
    }
}

/// Rounds of proof for one question: a first challenge, a change of scheme, one renewal.
const ROUNDS_OF_PROOF: u32 = 3;

impl Inner {
    /// Asks, with everything that belongs to it: proof of who we are, pace, retries, redirects, limits.
    pub async fn ask(&self, question: Question<'_>) -> Result<Answer, RegistryError> {
        let mut attempts = Attempts::new(&self.settings).at_most(question.most_attempts);
        let (mut rounds, mut refused_tokens) = (0, 0);
        loop {
            let authorization = match self.authorize(&question.scope).await {
                Ok(authorization) => authorization,
                Err(reason) => return Err(attempts.give_up((question.about)(), reason)),
            };
            let slot = self.pace.enter(&self.transport.counters).await;
            let outcome = self.attempt(&question, &authorization, &slot).await;
            drop(slot);
            let failure = match outcome {
                Ok(answer) => {
                    self.auth.accepted(&authorization);
                    return Ok(answer);
                }
                Err(failure) => failure,
            };
            let give_up = |attempts: &Attempts<'_>, reason| Err(attempts.give_up((question.about)(), reason));
            match failure {
                Failure::Challenged(headers) => {
                    rounds += 1;
                    let learned =
                        self.challenged(&headers, &question.scope, &authorization, &mut refused_tokens);
                    match learned {
                        Ok(()) if rounds <= ROUNDS_OF_PROOF => {}
                        Ok(()) => return give_up(&attempts, refused_proof()),
                        Err(reason) => return give_up(&attempts, reason),
                    }
                }
                Failure::Forbidden(reason) => {
                    // Some registries say 403 where a token has expired.
                    rounds += 1;
                    if rounds > 1 || !self.auth.forget_if_old(&authorization, self.clock.now()) {
                        return give_up(&attempts, reason);
                    }
                }
                Failure::Throttled(reason, asked) => {
                    let Some(delay) = attempts.after_throttling(asked) else {
                        return give_up(&attempts, reason);
                    };
                    drop(authorization);
                    self.pace.slow_down(delay);
                    self.transport.counters.count_retry();
                }
                Failure::Passing(reason) => {
                    let Some(delay) = attempts.after_fault() else {
                        return give_up(&attempts, reason);
                    };
                    // Whoever waits to learn from this answer how to ask need not wait out the delay.
                    drop(authorization);
                    sleep(delay).await;
                    self.transport.counters.count_retry();
                }
                Failure::Final(reason) => return give_up(&attempts, reason),
            }
        }
    }

    /// What the registry's root says to somebody without proof: the headers of its challenge, or nothing
    /// where it lets everybody in or does not answer (which the question itself will find out).
    pub async fn first_answer(&self) -> Option<HeaderMap> {
        let url = self.url("");
        let slot = self.pace.enter(&self.transport.counters).await;
        let outgoing = Outgoing {
            method: Method::GET,
            url: &url,
            accept: HeaderValue::from_static("*/*"),
            authorization: None,
            extra: None,
            form: None,
            verbatim: true,
            patience: self.settings.read_timeout,
            deadline: Instant::now() + self.settings.attempt_timeout,
        };
        let response = self.transport.send(outgoing).await.ok()?;
        drop(slot);
        (response.status() == StatusCode::UNAUTHORIZED).then(|| response.headers().clone())
    }

    async fn attempt(
        &self,
        question: &Question<'_>,
        authorization: &Authorization,
        slot: &Slot<'_>,
    ) -> Result<Answer, Failure> {
        let deadline = Instant::now() + self.settings.attempt_timeout;
        let mut url = question.url.clone();
        // Once a redirect has led away, it does not lead back with our proof: whoever is out there would
        // choose what we ask the registry for.
        let mut at_home = true;
        for _ in 0..=limits::REDIRECTS {
            at_home &= self.destinations.origin.contains(&url);
            let outgoing = Outgoing {
                method: question.method.clone(),
                url: &url,
                accept: question.accept.clone(),
                authorization: authorization.header().filter(|_| at_home).cloned(),
                extra: None,
                form: None,
                verbatim: question.verbatim,
                patience: self.settings.read_timeout * if question.slow { 4 } else { 1 },
                deadline,
            };
            let response = self.transport.send(outgoing).await?;
            let status = response.status();
            if status == StatusCode::OK {
                let headers = response.headers().clone();
                let body = self.transport.read(response, question.limit, deadline).await?;
                slot.went_well();
                return Ok(Answer { headers, body });
            }
            if !is_redirect(status) {
                return Err(self.failure(response, at_home, authorization, deadline).await);
            }
            if !question.follows_redirects {
                return Err(malformed("a redirect, which is not followed here"));
            }
            let location = response
                .headers()
                .get(LOCATION)
                .and_then(|value| value.to_str().ok());
            let location = location.ok_or_else(|| malformed("a redirect to nowhere"))?;
            url = self.destinations.redirect(&url, location)?;
        }
        Err(malformed("more redirects than are followed"))
    }

    /// What an answer means that is neither content nor a redirect.
    async fn failure(
        &self,
        response: reqwest::Response,
        at_home: bool,
        authorization: &Authorization,
        deadline: Instant,
    ) -> Failure {
        let (status, headers) = (response.status(), response.headers().clone());
        if at_home && status == StatusCode::UNAUTHORIZED {
            return Failure::Challenged(headers);
        }
        // The explanation is a courtesy; without it the status has to do.
        let body = self
            .transport
            .read(response, limits::ERROR, deadline)
            .await
            .unwrap_or_default();
        let said = explanation(&body, |text| authorization.is_repeated_in(text));
        let reason = Reason::Status {
            status: status.as_u16(),
            said,
        };
        if !at_home {
            // Whatever a store elsewhere says is about the link, which a new redirect may mend. It must not
            // slow down the registry, and it learns nothing about who we are.
            return if status == StatusCode::NOT_FOUND {
                Failure::Final(reason)
            } else {
                Failure::Passing(reason)
            };
        }
        let asked = retry_after(&headers, self.clock.now());
        match status.as_u16() {
            403 => Failure::Forbidden(reason),
            429 => {
                self.transport.counters.count_rate_limited();
                Failure::Throttled(reason, asked)
            }
            503 if asked.is_some() => {
                self.transport.counters.count_rate_limited();
                Failure::Throttled(reason, asked)
            }
            408 | 425 | 500 | 502..=504 | 506..=599 => Failure::Passing(reason),
            _ => Failure::Final(reason),
        }
    }
}

fn malformed(problem: &str) -> Failure {
    Failure::Final(Reason::Malformed(problem.to_owned()))
}

pub(super) fn refused_proof() -> Reason {
    Reason::Unauthorized("the registry refuses the proof of identity that it asked for".into())
}

fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

/// The registry's own words for an error, for a message. `is_secret` tells a text that repeats what we sent
/// as proof: a registry could have us log our own token.
pub(super) fn explanation(body: &[u8], is_secret: impl Fn(&str) -> bool) -> String {
    let Ok(envelope) = serde_json::from_slice::<OciEnvelope>(body) else {
        return String::new();
    };
    let Some(error) = envelope.errors.first() else {
        return String::new();
    };
    let code = serde_json::to_value(&error.code).ok();
    let code = code.as_ref().and_then(|code| code.as_str()).unwrap_or_default();
    if is_secret(code) || is_secret(&error.message) {
        return " and repeated our credentials in its explanation".into();
    }
    match error.message.as_str() {
        "" => format!(": {}", quoted(code)),
        message => format!(": {} {}", excerpt(code), quoted(message)),
    }
}

#[cfg(test)]
mod tests {
    use super::explanation;

    #[test]
    fn explanations_are_shown_without_secrets_and_escapes() {
        let body = br#"{"errors":[{"code":"DENIED","message":"no\u001b[31m entry"}]}"#;
        assert_eq!(explanation(body, |_| false), r": DENIED 'no\u{1b}[31m entry'");
        let body = br#"{"errors":[{"code":"DENIED","message":"Bearer hunter2"}]}"#;
        let said = explanation(body, |text| text.contains("hunter2"));
        assert!(!said.contains("hunter2"), "{said}");
        for nothing in [&b""[..], b"<html>", b"{}", br#"{"errors":[]}"#] {
            assert_eq!(explanation(nothing, |_| false), "");
        }
    }
}
