//! Options of `tare notify`.

use clap::{Args, Subcommand, ValueEnum};

use super::examples;
use crate::notify::{EventKind, Format};

/// The subcommands of `tare notify`.
#[derive(Debug, Subcommand)]
pub enum NotifyCommand {
    /// Prints the message of an event as a receiver would get it
    ///
    /// The weekly summary is made from what is stored now. The other events are shown with example figures. Nothing is
    /// sent.
    #[command(after_help = examples::NOTIFY_PREVIEW)]
    Preview(PreviewOptions),
    /// Sends a test message to one receiver now
    #[command(after_help = examples::NOTIFY_TEST)]
    Test(TestOptions),
}

/// Options of `tare notify preview`.
#[derive(Debug, Args)]
pub struct PreviewOptions {
    /// The event
    #[arg(value_enum, value_name = "EVENT")]
    pub event: PreviewEvent,
    /// Form of the message
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "text")]
    pub format: PreviewFormat,
    /// Shows what this [[notification]] is told, by its name [default: everything]
    #[arg(long, value_name = "NAME")]
    pub receiver: Option<String>,
}

/// Options of `tare notify test`.
#[derive(Debug, Args)]
pub struct TestOptions {
    /// Name of the [[notification]] in the configuration
    #[arg(value_name = "NAME")]
    pub name: String,
}

/// The events that can be previewed, as settings name them.
#[derive(Debug, Clone, Copy, ValueEnum)]
#[value(rename_all = "snake_case")]
pub enum PreviewEvent {
    /// Once a week: the headline, what changed, and the budgets
    WeeklySummary,
    /// The cost of a month has reached a level of its budget
    BudgetExceeded,
    /// A coming month is expected to exceed its budget
    BudgetForecast,
    /// A crawl failed or could not read everything
    CrawlFailed,
    /// A registry is priced by another price book or edition
    PriceChange,
}

impl From<PreviewEvent> for EventKind {
    fn from(event: PreviewEvent) -> Self {
        match event {
            PreviewEvent::WeeklySummary => Self::WeeklySummary,
            PreviewEvent::BudgetExceeded => Self::BudgetExceeded,
            PreviewEvent::BudgetForecast => Self::BudgetForecast,
            PreviewEvent::CrawlFailed => Self::CrawlFailed,
            PreviewEvent::PriceChange => Self::PriceChange,
        }
    }
}

/// The forms of a message.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum PreviewFormat {
    /// Plain text, as in an e-mail
    Text,
    /// HTML, as in an e-mail
    Html,
    /// The request to Slack
    Slack,
    /// The request to Microsoft Teams
    Teams,
    /// The request to a webhook
    Json,
}

impl From<PreviewFormat> for Format {
    fn from(format: PreviewFormat) -> Self {
        match format {
            PreviewFormat::Text => Self::Text,
            PreviewFormat::Html => Self::Html,
            PreviewFormat::Slack => Self::Slack,
            PreviewFormat::Teams => Self::Teams,
            PreviewFormat::Json => Self::Json,
        }
    }
}
