//! Where log lines go: standard error, as text for people or JSON for programs, without tearing the
//! progress bar that may be there. Belongs to the edges; the rooms only know `tracing`.

use std::io::{self, IsTerminal, Write};
use std::sync::Arc;

use indicatif::ProgressBar;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::prelude::*;

use crate::oci::text::printable;
use crate::wording::wrapped;

/// What is logged, and how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LogSettings {
    /// Lines for people or for programs.
    pub format: LogFormat,
    /// The least important level that is logged.
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

/// The least important level that is logged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogLevel {
    /// What stopped Tare from doing what it was asked to do.
    Error,
    /// What an operator should look at.
    Warn,
    /// What is being done.
    #[default]
    Info,
    /// How it is done.
    Debug,
    /// Every detail.
    Trace,
}

/// Standard error, shared by log lines and at most one progress bar. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Console {
    format: LogFormat,
    width: Option<usize>,
    bar: Arc<Mutex<Option<ProgressBar>>>,
}

impl Console {
    /// Standard error, with lines of this form.
    pub fn new(format: LogFormat) -> Self {
        Self {
            format,
            ..Self::default()
        }
    }

    /// The same with lines for people broken to fit this width; `None` breaks none.
    pub fn wrapped_to(self, width: Option<usize>) -> Self {
        Self { width, ..self }
    }

    /// Whether a progress bar may be shown: on a terminal, and where people are meant to read.
    pub fn has_room_for_a_bar(&self) -> bool {
        self.format == LogFormat::Text && io::stderr().is_terminal()
    }

    /// Tells what is going on, line by line.
    pub fn tell(&self, text: &str) {
        self.lines(text, |line| tracing::info!("{line}"));
    }

    /// Says what is missing or has failed, line by line, however quiet the log is.
    pub fn complain(&self, text: &str) {
        self.lines(text, |line| tracing::error!("{line}"));
    }

    fn lines(&self, text: &str, log: impl Fn(&str)) {
        // A message may repeat text of others, such as a price book's or a registry's.
        for line in text.lines().map(printable) {
            let line = line.as_str();
            match (self.format, self.width) {
                (LogFormat::Text, Some(width)) => self.write(&(wrapped(line, width) + "\n")),
                (LogFormat::Text, None) => self.write(&format!("{line}\n")),
                (LogFormat::Json, _) => log(line),
            }
        }
    }

    /// Puts a progress bar below the log lines, or takes it away.
    pub fn show(&self, bar: Option<ProgressBar>) {
        *self.bar.lock() = bar;
    }

    /// Writes to standard error. Errors are ignored: there is no other place to report them.
    fn write(&self, text: &str) {
        let write = || {
            let _ = io::stderr().lock().write_all(text.as_bytes());
        };
        match &*self.bar.lock() {
            Some(bar) => bar.suspend(write),
            None => write(),
        }
    }
}

impl<'a> MakeWriter<'a> for Console {
    type Writer = Line;

    fn make_writer(&'a self) -> Line {
        Line {
            console: self.clone(),
            text: Vec::new(),
        }
    }
}

/// One log line, written as a whole when it is done.
#[derive(Debug)]
pub struct Line {
    console: Console,
    text: Vec<u8>,
}

impl Write for Line {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.text.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.console.write(&String::from_utf8_lossy(&self.text));
    }
}

/// Sends what the process logs to the console. Only the first call has an effect.
///
/// Libraries are heard from warnings on and never below: some of them log headers and statements in
/// detail, and those hold secrets.
pub fn init(settings: LogSettings, console: &Console) {
    let level = match settings.level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    };
    let targets = Targets::new()
        .with_default(level.min(LevelFilter::WARN))
        // The virtual machine of the embedded database; what fails in it comes back as an error of a statement.
        .with_target("wasmer_wasix", LevelFilter::OFF)
        // Clients that send no HTTP or go away in the middle are no errors of this program.
        .with_target(
            "actix_http::h1",
            if level >= LevelFilter::DEBUG {
                LevelFilter::WARN
            } else {
                LevelFilter::OFF
            },
        )
        .with_target(env!("CARGO_CRATE_NAME"), level);
    let lines = tracing_subscriber::fmt::layer().with_writer(console.clone());
    let lines = match settings.format {
        LogFormat::Json => lines
            .json()
            .flatten_event(true)
            // It is the last of the list of spans.
            .with_current_span(false)
            .with_target(true)
            .boxed(),
        LogFormat::Text => lines
            .with_ansi(io::stderr().is_terminal())
            .with_target(false)
            .boxed(),
    };
    let _ = tracing_subscriber::registry()
        .with(lines.with_filter(targets))
        .try_init();
}
