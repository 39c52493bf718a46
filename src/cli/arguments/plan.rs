//! Options of `tare plan`.

use clap::Args;
use rust_decimal::Decimal;

use super::report::Format;
use super::values::{addresses, whole_number};
use crate::cli::outcome::UsageError;
use crate::config::RegistryAddress;
use crate::report::{MOST_PLAN_DAYS, MOST_WAVES, plan_days};

/// Options of `tare plan`.
#[derive(Debug, Default, Args)]
pub struct PlanOptions {
    /// Maximum effort in days, such as 20 or 2.5; the plan ends before it is exceeded
    #[arg(long, value_name = "DAYS", value_parser = days)]
    pub effort: Option<Decimal>,
    /// Maximum number of waves
    #[arg(long, value_name = "N", value_parser = waves, default_value = "5")]
    pub waves: usize,
    /// Only repositories with this name or glob may switch, such as team-a/**; may be repeated
    #[arg(long = "repository", value_name = "GLOB")]
    pub repositories: Vec<String>,
    /// Only this registry; may be repeated
    #[arg(long = "registry", value_name = "REGISTRY")]
    registries: Vec<String>,
    /// Price book for every registry; overrides the configuration; tare prices list shows all price books
    #[arg(long, value_name = "BOOK")]
    pub price_book: Option<String>,
    /// Maximum number of repositories in the table
    #[arg(long, value_name = "N", value_parser = whole_number, default_value = "20")]
    pub limit: usize,
    /// Output format
    #[arg(long, value_name = "FORMAT", value_enum, default_value = "table")]
    pub format: Format,
}

impl PlanOptions {
    /// The registries to plan for; all if empty.
    ///
    /// # Errors
    /// If one is not the address of a registry.
    pub(in crate::cli) fn registries(&self) -> Result<Vec<RegistryAddress>, UsageError> {
        addresses(&self.registries)
    }
}

/// Reads days of work.
fn days(text: &str) -> Result<Decimal, String> {
    plan_days(text)
        .ok_or_else(|| format!("expected a number of days from 0 to {MOST_PLAN_DAYS}, such as 20 or 2.5"))
}

/// Reads a number of waves.
fn waves(text: &str) -> Result<usize, String> {
    let waves = text.parse().ok().filter(|waves| (1..=MOST_WAVES).contains(waves));
    waves.ok_or_else(|| format!("expected a number from 1 to {MOST_WAVES}"))
}
