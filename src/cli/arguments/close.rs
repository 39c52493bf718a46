use clap::Args;

use super::report::TextOrJson;
use super::values::month;
use crate::units::Period;

/// Options of `tare close`.
#[derive(Debug, Args)]
pub struct CloseOptions {
    /// The month, such as 2026-10
    #[arg(value_name = "MONTH", value_parser = month)]
    pub(in crate::cli) month: Period,
    /// Only this registry; may be repeated
    #[arg(long = "registry", value_name = "REGISTRY")]
    pub(in crate::cli) registries: Vec<String>,
    /// Adds a correction if the month was closed and the result is different today
    #[arg(long)]
    pub(in crate::cli) correct: bool,
    /// Closes the month without a crawl after its end; its last days are assumed to be like the last crawl
    #[arg(long)]
    pub(in crate::cli) even_if_assumed: bool,
    /// Output format
    #[arg(long, value_name = "FORMAT", value_enum, default_value = "table")]
    pub(in crate::cli) format: TextOrJson,
}
