//! One logical request to the registry: authentication, rate limiting, retries, redirects and size limits.

use bytes::Bytes;
use reqwest::header::{HeaderMap, HeaderValue, LOCATION};
use reqwest::{Method, StatusCode};
use tokio::time::{Instant, sleep};
use url::Url;

use super::auth::{Authorization, TokenScope};
use super::challenge::Challenges;
use super::explanation::{credentials_rejected, explanation};
use super::pull_limit::{pull_limit_reached, used_up_for};
use super::retry::{Attempts, retry_after};
use super::session::Session;
use super::throttle::Permit;
use super::transport::{Outgoing, other_scheme};
use super::{Reason, RegistryError, limits};

/// A request to the registry.
pub(super) struct Request<'q> {
    /// Describes the request in error messages.
    pub about: &'q (dyn Fn() -> String + Sync),
    pub method: Method,
    pub url: Url,
    pub accept: HeaderValue,
    pub scope: TokenScope<'q>,
    /// The most bytes read of the body.
    pub limit: usize,
    /// Whether redirects are followed.
    pub follows_redirects: bool,
    /// Whether content encoding is refused, so that the bytes arrive as they are stored.
    pub verbatim: bool,
    /// Whether the registry may take long before it starts to answer.
    pub slow: bool,
    /// The most attempts after transient faults. The settings may allow fewer.
    pub most_attempts: u32,
}

/// A successful response.
pub(super) struct Response {
    pub headers: HeaderMap,
    pub body: Bytes,
}

/// Why one attempt failed.
enum AttemptError {
    /// 401: the registry asks for credentials.
    Challenged(HeaderMap),
    /// 403: the registry refuses the credentials that were sent.
    Forbidden(Reason),
    /// 429, or 503 with `Retry-After`.
    Throttled(Reason, Option<std::time::Duration>),
    /// A fault that may pass.
    Transient(Reason),
    /// A fault that will not pass.
    Permanent(Reason),
}

impl From<Reason> for AttemptError {
    fn from(reason: Reason) -> Self {
        match reason {
            Reason::Connection(_) | Reason::Timeout(_) => Self::Transient(reason),
            _ => Self::Permanent(reason),
        }
    }
}

/// The most authentication rounds in one request: a first challenge, a change of scheme and one token renewal. Our choice.
const MAX_AUTH_ROUNDS: u32 = 3;

impl Session {
    /// Sends a request: authenticates, waits for the rate limit, retries and follows redirects.
    pub async fn send(&self, request: Request<'_>) -> Result<Response, RegistryError> {
        let mut attempts = Attempts::new(&self.connection.settings).at_most(request.most_attempts);
        let (mut rounds, mut refused_tokens) = (0, 0);
        loop {
            let authorization = match self.auth.authorize(&self.connection, &request.scope).await {
                Ok(authorization) => authorization,
                Err(reason) => return Err(attempts.give_up((request.about)(), reason)),
            };
            let permit = self
                .connection
                .throttle
                .acquire(&self.connection.transport.counters)
                .await;
            let outcome = self.attempt(&request, &authorization, &permit).await;
            drop(permit);
            let failure = match outcome {
                Ok(answer) => {
                    self.auth.on_success(&authorization, &request.scope);
                    return Ok(answer);
                }
                Err(failure) => failure,
            };
            let give_up = |attempts: &Attempts<'_>, reason| Err(attempts.give_up((request.about)(), reason));
            match failure {
                AttemptError::Challenged(headers) => {
                    rounds += 1;
                    let challenges = self.challenges(&headers, &authorization).await;
                    let learned = self.auth.on_challenge(
                        &self.connection,
                        challenges,
                        &request.scope,
                        &authorization,
                        &mut refused_tokens,
                    );
                    match learned {
                        Ok(()) if rounds <= MAX_AUTH_ROUNDS => {}
                        Ok(()) => return give_up(&attempts, credentials_rejected()),
                        Err(reason) => return give_up(&attempts, reason),
                    }
                }
                AttemptError::Forbidden(reason) => {
                    // Some registries say 403 where a token has expired.
                    rounds += 1;
                    if rounds > 1
                        || !self
                            .auth
                            .invalidate_if_old(&authorization, self.connection.clock.now())
                    {
                        return give_up(&attempts, reason);
                    }
                }
                AttemptError::Throttled(reason, asked) => {
                    let Some(delay) = attempts.after_throttling(asked) else {
                        return give_up(&attempts, reason);
                    };
                    drop(authorization);
                    self.connection.throttle.slow_down(delay);
                    self.connection.transport.counters.count_retry();
                }
                AttemptError::Transient(reason) => {
                    let Some(delay) = attempts.after_fault() else {
                        return give_up(&attempts, reason);
                    };
                    // Drop the authorization first: others wait for it to learn the registry's scheme.
                    drop(authorization);
                    sleep(delay).await;
                    self.connection.transport.counters.count_retry();
                }
                AttemptError::Permanent(reason) => return give_up(&attempts, reason),
            }
        }
    }

    /// The challenges of a 401. Some registries send them only at their root (gcr.io, seen in containers/image).
    async fn challenges(&self, headers: &HeaderMap, authorization: &Authorization) -> Challenges {
        let challenges = Challenges::from_headers(headers);
        if challenges.is_supported() || authorization.header().is_some() {
            return challenges;
        }
        match self.connection.probe_challenge().await {
            Some(headers) => Challenges::from_headers(&headers),
            None => challenges,
        }
    }

    async fn attempt(
        &self,
        request: &Request<'_>,
        authorization: &Authorization,
        permit: &Permit<'_>,
    ) -> Result<Response, AttemptError> {
        let deadline = Instant::now() + self.connection.settings.attempt_timeout;
        let mut url = request.url.clone();
        // After a redirect to another origin, credentials are not sent again, even if a later redirect leads back:
        // that host would choose what we request from the registry.
        let mut at_home = true;
        for _ in 0..=limits::REDIRECTS {
            at_home &= self.connection.url_policy.origin.contains(&url);
            let outgoing = Outgoing {
                method: request.method.clone(),
                url: &url,
                accept: request.accept.clone(),
                authorization: authorization.header().filter(|_| at_home).cloned(),
                extra: None,
                form: None,
                verbatim: request.verbatim,
                patience: self.connection.settings.read_timeout * if request.slow { 4 } else { 1 },
                deadline,
            };
            let response = self.connection.transport.send(outgoing).await?;
            let status = response.status();
            if status == StatusCode::OK {
                let headers = response.headers().clone();
                let body = self
                    .connection
                    .transport
                    .read(response, request.limit, deadline)
                    .await?;
                permit.on_success();
                return Ok(Response { headers, body });
            }
            if !is_redirect(status) {
                return Err(self.classify(response, at_home, authorization, deadline).await);
            }
            if !request.follows_redirects {
                return Err(AttemptError::Permanent(Reason::UnexpectedRedirect));
            }
            let location = response
                .headers()
                .get(LOCATION)
                .and_then(|value| value.to_str().ok());
            let location = location.ok_or_else(|| malformed("a redirect without a location"))?;
            url = self.connection.url_policy.redirect(&url, location)?;
        }
        Err(malformed("too many redirects"))
    }

    /// Classifies a response that is neither content nor a redirect.
    async fn classify(
        &self,
        response: reqwest::Response,
        at_home: bool,
        authorization: &Authorization,
        deadline: Instant,
    ) -> AttemptError {
        let (status, headers) = (response.status(), response.headers().clone());
        if at_home && status == StatusCode::UNAUTHORIZED {
            return AttemptError::Challenged(headers);
        }
        // The explanation is optional. Without it, the status has to do.
        let body = self
            .connection
            .transport
            .read(response, limits::ERROR, deadline)
            .await
            .unwrap_or_default();
        if status == StatusCode::BAD_REQUEST
            && self.connection.url_policy.origin.is_plain_http()
            && says_https(&body)
        {
            return AttemptError::Permanent(other_scheme(self.connection.url_policy.origin.url()));
        }
        let said = explanation(&body, |text| authorization.is_repeated_in(text));
        let reason = Reason::Status {
            status: status.as_u16(),
            said,
        };
        if !at_home {
            // An error from another origin concerns the link, which a new redirect may fix. It must not slow down
            // requests to the registry.
            return if status == StatusCode::NOT_FOUND {
                AttemptError::Permanent(reason)
            } else {
                AttemptError::Transient(reason)
            };
        }
        let asked = retry_after(&headers, self.connection.clock.now());
        match status.as_u16() {
            403 => AttemptError::Forbidden(reason),
            429 => {
                self.connection.transport.counters.count_rate_limited();
                match used_up_for(&headers) {
                    Some(window) => {
                        self.learned.refuse_pulls_until(Instant::now() + window);
                        AttemptError::Permanent(pull_limit_reached())
                    }
                    None => AttemptError::Throttled(reason, asked),
                }
            }
            503 if asked.is_some() => {
                self.connection.transport.counters.count_rate_limited();
                AttemptError::Throttled(reason, asked)
            }
            408 | 425 | 500 | 502..=504 | 506..=599 => AttemptError::Transient(reason),
            _ => AttemptError::Permanent(reason),
        }
    }
}

/// Whether a server refuses plain HTTP because it expects TLS, in the words of Go ("Client sent an HTTP request to an HTTPS
/// server.") and nginx ("The plain HTTP request was sent to HTTPS port").
fn says_https(body: &[u8]) -> bool {
    let text = String::from_utf8_lossy(body);
    text.contains("HTTP request") && (text.contains("HTTPS server") || text.contains("HTTPS port"))
}

fn malformed(problem: &str) -> AttemptError {
    AttemptError::Permanent(Reason::Malformed(problem.to_owned()))
}

fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}
