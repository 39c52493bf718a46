use serde::{Deserialize, Serialize};

use super::Settings;
use super::section::Section;
use crate::telemetry::{LogFormat, LogLevel, LogSettings};

/// `[log]`: what is logged on standard error, and how.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogSection {
    /// Lines for people or for programs.
    pub format: LogFormat,
    /// The least important level that is logged.
    pub level: LogLevel,
}

impl Section for LogSection {
    const NAME: &'static str = "log";
}

impl Settings {
    /// What is logged, and how.
    pub fn logging(&self) -> LogSettings {
        LogSettings {
            format: self.log.format,
            level: self.log.level,
        }
    }
}
