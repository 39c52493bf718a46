use serde::{Deserialize, Serialize};

use super::section::Section;

/// `[log]`: what is said on standard error, and how.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogSection {
    /// Lines for people or for programs.
    pub format: LogFormat,
    /// The least important thing that is said.
    pub level: LogLevel,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object on each line.
    Json,
}

/// How important something must be to be said.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogLevel {
    /// What stopped Tare from doing what it was asked.
    Error,
    /// What somebody should look at.
    Warn,
    /// What is being done.
    #[default]
    Info,
    /// How it is done.
    Debug,
    /// Every detail.
    Trace,
}

impl Section for LogSection {
    const NAME: &'static str = "log";
}
