use std::error::Error;
use std::path::PathBuf;
use std::time::Duration;

use crate::oci::text::excerpt;

/// Why an [`super::HttpClient`] cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HttpSetupError {
    /// A file of certificates cannot be used.
    #[error("cannot read certificates from {}: {problem}", file.display())]
    Certificates {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// The proxy is not the URL of one. The text is left out, since it may hold a password.
    #[error("the proxy is not the URL of a proxy")]
    Proxy,
    /// The TLS or HTTP library refused.
    #[error("cannot set up HTTP: {0}")]
    Library(String),
}

/// Why a request got no whole answer. No text holds the URL, which may hold a signature.
#[derive(Debug, thiserror::Error)]
pub enum RequestError {
    /// The answer did not begin, or paused, for this long.
    #[error("no answer within {} s", .0.as_secs_f32())]
    Timeout(Duration),
    /// The body is larger than the limit, in bytes.
    #[error("the answer is larger than the {0} bytes that are read of it")]
    TooLarge(usize),
    /// The connection could not be made or broke.
    #[error("{}", root_cause(.0))]
    Connection(reqwest::Error),
}

/// The cause at the bottom of an error, as an [`excerpt`] and without the URL that the errors above it repeat.
pub fn root_cause(error: &dyn Error) -> String {
    let mut deepest = error;
    while let Some(inner) = deepest.source() {
        deepest = inner;
    }
    excerpt(&deepest.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("error sending request for url (https://reg.example.com/?signature=hunter2)")]
    struct Outer(#[source] std::io::Error);

    #[test]
    fn only_the_root_cause_is_told_and_escaped() {
        let error = Outer(std::io::Error::other("\u{1b}[31mconnection refused"));
        assert_eq!(root_cause(&error), r"\u{1b}[31mconnection refused");
    }
}
