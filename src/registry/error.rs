use std::fmt;
use std::time::Duration;

use crate::http::HttpSetupError;
use crate::oci::Digest;

/// Why a client could not be created.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// A setting has an unusable value.
    #[error("{setting}: {problem}")]
    Setting {
        /// The setting's name.
        setting: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// The HTTP client could not be set up.
    #[error(transparent)]
    Http(HttpSetupError),
}

impl From<HttpSetupError> for ClientError {
    fn from(error: HttpSetupError) -> Self {
        match error {
            HttpSetupError::Proxy => Self::Setting {
                setting: "proxy",
                problem: "not a URL of a proxy".to_owned(),
            },
            other => Self::Http(other),
        }
    }
}

/// The kind of a failure, for callers that handle them differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The registry does not have it (any more).
    NotFound,
    /// The registry refuses access.
    Denied,
    /// The registry could not be reached, failed or throttled us, after all attempts.
    Unavailable,
    /// The registry sent something invalid, or something that we refuse to follow.
    Invalid,
}

/// The exact cause of a failure.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// An error status.
    #[error("the registry answered {status}{said}")]
    Status {
        /// The HTTP status.
        status: u16,
        /// The registry's message, shortened and escaped, with a leading separator. May be empty.
        said: String,
    },
    /// The connection failed or was closed during a response.
    #[error("{0}")]
    Connection(String),
    /// The server speaks the other of http and https.
    #[error("{host} answers {answered}, not {asked}: write {answered}://{host}")]
    OtherScheme {
        /// The host with its port.
        host: String,
        /// The scheme of the request.
        asked: &'static str,
        /// The scheme that the server speaks.
        answered: &'static str,
    },
    /// No response in time.
    #[error("no response within {} s", .0.as_secs_f32())]
    Timeout(Duration),
    /// The body exceeds its limit.
    #[error("the response is larger than the limit of {0} bytes")]
    TooLarge(usize),
    /// The content does not match its digest.
    #[error("the content has the digest {found}, not {expected}")]
    WrongDigest {
        /// The expected digest.
        expected: Box<Digest>,
        /// The digest of the received bytes.
        found: Box<Digest>,
    },
    /// A redirect, page link or token realm that must not be followed.
    #[error("refused to follow the {what} to {target}: {why}")]
    Refused {
        /// What named the URL.
        what: &'static str,
        /// The URL's origin, without path and query.
        target: String,
        /// Why it is refused.
        why: &'static str,
    },
    /// A redirect where none is allowed.
    #[error("a redirect, which is not allowed here")]
    UnexpectedRedirect,
    /// A listing that does not end.
    #[error("the listing does not end: {0}")]
    Endless(String),
    /// The registry asks for credentials that we do not have.
    #[error("{0}")]
    Unauthorized(String),
    /// A response that cannot be parsed.
    #[error("{0}")]
    Malformed(String),
}

impl Reason {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Status {
                status: 404 | 410, ..
            } => ErrorKind::NotFound,
            Self::Status {
                status: 401 | 403, ..
            }
            | Self::Unauthorized(_) => ErrorKind::Denied,
            Self::Status {
                status: 408 | 425 | 429 | 500..=599,
                ..
            } => ErrorKind::Unavailable,
            Self::Connection(_) | Self::Timeout(_) | Self::OtherScheme { .. } => ErrorKind::Unavailable,
            _ => ErrorKind::Invalid,
        }
    }
}

/// A failed request to a registry.
///
/// Its text states the request, the cause, the number of attempts and the elapsed time. It never contains a
/// credential, a token, or the query of a URL.
#[derive(Debug, Clone)]
pub struct RegistryError {
    pub(super) asked: String,
    pub(super) reason: Box<Reason>,
    pub(super) attempts: u32,
    pub(super) elapsed: Duration,
}

impl RegistryError {
    pub(super) fn new(asked: impl Into<String>, reason: Reason) -> Self {
        Self {
            asked: asked.into(),
            reason: Box::new(reason),
            attempts: 1,
            elapsed: Duration::ZERO,
        }
    }

    /// The kind of failure.
    pub fn kind(&self) -> ErrorKind {
        self.reason.kind()
    }

    /// The exact cause.
    pub fn reason(&self) -> &Reason {
        &self.reason
    }

    /// The number of attempts.
    pub fn attempts(&self) -> u32 {
        self.attempts
    }
}

impl fmt::Display for RegistryError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.asked, self.reason)?;
        if self.attempts > 1 {
            write!(
                formatter,
                " ({} attempts in {:.1} s)",
                self.attempts,
                self.elapsed.as_secs_f32()
            )?;
        }
        Ok(())
    }
}

impl std::error::Error for RegistryError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_tells_what_was_asked_and_how_often() {
        let mut error = RegistryError::new(
            "manifest latest of team-a/api",
            Reason::Status {
                status: 503,
                said: String::new(),
            },
        );
        error.attempts = 5;
        error.elapsed = Duration::from_millis(12_340);
        assert_eq!(
            error.to_string(),
            "manifest latest of team-a/api: the registry answered 503 (5 attempts in 12.3 s)"
        );
        assert_eq!(error.kind(), ErrorKind::Unavailable);
    }
}
