use std::io::{self, Write};
use std::process::ExitCode;

use crate::analysis::AnalysisError;
use crate::config::ConfigError;

/// How a command that did what it was asked ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Everything is there.
    Complete,
    /// Something is missing, and it has been said what.
    Incomplete,
}

/// Wrong usage that only shows once the settings are known.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct UsageError(pub(super) String);

impl Outcome {
    pub(super) fn from_completeness(is_complete: bool) -> Self {
        if is_complete {
            Self::Complete
        } else {
            Self::Incomplete
        }
    }

    pub(super) fn exit_code(self) -> ExitCode {
        match self {
            Self::Complete => ExitCode::SUCCESS,
            Self::Incomplete => ExitCode::from(3),
        }
    }
}

/// The error of a command whose analysis gives no answer.
pub(super) fn unanswered(error: AnalysisError) -> anyhow::Error {
    if error.is_usage() {
        UsageError(error.to_string()).into()
    } else {
        error.into()
    }
}

/// The exit status of a command that failed: 2 where its usage or its settings are wrong, else 1.
pub(super) fn failure_code(error: &anyhow::Error) -> ExitCode {
    let is_usage = error.is::<UsageError>() || error.is::<ConfigError>();
    ExitCode::from(if is_usage { 2 } else { 1 })
}

/// Writes a result. A reader that has seen enough and left, such as `head`, is no failure.
pub(super) fn print(text: &str) -> io::Result<()> {
    let mut output = io::stdout().lock();
    match output.write_all(text.as_bytes()).and_then(|()| output.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}
