use std::fmt;
use std::time::Duration;

use crate::http::HttpSetupError;
use crate::oci::Digest;

/// Why a client could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// A setting cannot be used.
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

/// The kinds of failure that callers tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The registry does not have it (any more).
    NotFound,
    /// The registry does not let us.
    Denied,
    /// The registry could not be reached, or failed, or throttled us, through all attempts.
    Unavailable,
    /// The registry answered what it must not, or what we refuse to follow.
    Invalid,
}

/// What exactly went wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// An answer with a status that says no.
    #[error("the registry answered {status}{said}")]
    Status {
        /// The HTTP status.
        status: u16,
        /// The registry's own words, shortened and escaped, with a separator in front; may be empty.
        said: String,
    },
    /// The connection failed, or broke in the midst of an answer.
    #[error("{0}")]
    Connection(String),
    /// No answer in time.
    #[error("no answer within {} s", .0.as_secs_f32())]
    Timeout(Duration),
    /// More bytes than are read of such a document.
    #[error("the answer is larger than the {0} bytes that are read of it")]
    TooLarge(usize),
    /// The content is not what its digest says.
    #[error("the content has the digest {found}, not {expected}")]
    WrongDigest {
        /// The digest it should have.
        expected: Box<Digest>,
        /// The digest of the bytes that came.
        found: Box<Digest>,
    },
    /// A redirect, page link or token realm that leads where it must not.
    #[error("refused to follow the {what} to {target}: {why}")]
    Refused {
        /// What pointed there.
        what: &'static str,
        /// The origin it pointed to, without path and query.
        target: String,
        /// Why not.
        why: &'static str,
    },
    /// A listing that does not come to an end.
    #[error("the listing does not end: {0}")]
    Endless(String),
    /// The registry wants proof of who we are that we cannot give.
    #[error("{0}")]
    Unauthorized(String),
    /// An answer that cannot be understood.
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
            Self::Connection(_) | Self::Timeout(_) => ErrorKind::Unavailable,
            _ => ErrorKind::Invalid,
        }
    }
}

/// A question to a registry that got no usable answer.
///
/// Its text says what was asked, what happened, how often it was tried and for how long. It never holds a
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

    /// What kind of failure this is.
    pub fn kind(&self) -> ErrorKind {
        self.reason.kind()
    }

    /// What exactly went wrong.
    pub fn reason(&self) -> &Reason {
        &self.reason
    }

    /// How often it was tried.
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
