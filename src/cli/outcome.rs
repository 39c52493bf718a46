use std::io::{self, Write};
use std::process::ExitCode;

use chrono::{DateTime, Utc};

use crate::analysis::AnalysisError;
use crate::config::{AnalysisSettingsError, ConfigError, CostPlanError, UnsoundService};
use crate::report::UnclearReference;
use crate::units::Period;

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
    if let AnalysisError::Reference(UnclearReference::Unknown { .. }) = &error {
        UsageError(format!("{error}; tare report lists the repositories")).into()
    } else if error.is_usage() {
        UsageError(error.to_string()).into()
    } else {
        error.into()
    }
}

/// The exit status of a command that failed: 2 where its usage or its settings are wrong, else 1.
pub(super) fn failure_code(error: &anyhow::Error) -> ExitCode {
    let is_usage = error.is::<UsageError>()
        || error.is::<ConfigError>()
        || error.is::<AnalysisSettingsError>()
        || error.is::<CostPlanError>()
        || error.is::<UnsoundService>();
    ExitCode::from(if is_usage { 2 } else { 1 })
}

/// An error with its causes. Many errors repeat their cause in their own text; it is said once.
pub(super) fn in_words(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain() {
        let cause = cause.to_string();
        if text.contains(&cause) {
            continue;
        }
        if !text.is_empty() {
            text.push_str(": ");
        }
        text.push_str(&cause);
    }
    text
}

/// Refuses a month that has not begun.
pub(super) fn begun(month: Period, now: DateTime<Utc>) -> Result<(), UsageError> {
    match month.not_in_the_future(now.date_naive()) {
        Ok(_) => Ok(()),
        Err(future) => Err(UsageError(future.to_string())),
    }
}

/// Writes a result. A reader that has seen enough and left, such as `head`, is no failure.
pub(super) fn print(text: &str) -> io::Result<()> {
    let mut output = io::stdout().lock();
    match output.write_all(text.as_bytes()).and_then(|()| output.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}

#[cfg(test)]
mod tests {
    use anyhow::Context as _;

    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("cannot read a.toml: {source}")]
    struct Unreadable {
        source: io::Error,
    }

    #[test]
    fn a_month_that_has_not_begun_is_refused() {
        let now = "2026-11-23T07:00:00Z".parse().unwrap();
        let month = |year, month| Period::month(year, month).unwrap();
        assert!(begun(month(2026, 11), now).is_ok());
        let refused = begun(month(2031, 1), now).unwrap_err().to_string();
        assert_eq!(
            refused,
            "2031-01 has not begun; the last possible month is 2026-11"
        );
    }

    #[test]
    fn a_cause_is_said_once() {
        let refused = || io::Error::from_raw_os_error(98);
        let repeated = anyhow::Error::from(Unreadable { source: refused() }).context("the report failed");
        let said = in_words(&repeated);
        assert_eq!(said.matches("os error 98").count(), 1, "{said}");
        assert!(
            said.starts_with("the report failed: cannot read a.toml: "),
            "{said}"
        );
        let once = Err::<(), _>(refused()).context("cannot listen").unwrap_err();
        assert!(in_words(&once).starts_with("cannot listen: "));
    }
}
