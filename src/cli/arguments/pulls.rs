use std::path::PathBuf;

use chrono::{DateTime, Utc};
use clap::{Args, Subcommand};
use strum::VariantArray as _;

use super::examples;
use super::report::TextOrJson;
use super::values::moment;
use crate::oci::RegistryName;
use crate::pulls::PullFileFormat;

/// Options of `tare pulls`.
#[derive(Debug, Args)]
pub struct PullsOptions {
    #[command(subcommand)]
    pub(in crate::cli) command: PullsCommand,
}

/// The commands of `tare pulls`.
#[derive(Debug, Subcommand)]
pub enum PullsCommand {
    /// Imports a file with pulls; a file or event that was imported before is not counted again
    ///
    /// The file is Azure's table ContainerRegistryRepositoryEvents as CSV or JSON, Docker Hub's pull usage report as
    /// CSV, or Harbor's response to /api/v2.0/repositories as JSON. Harbor has counters: Tare counts the difference of
    /// two readings. A file with an error is rejected as a whole, and the message names the place.
    #[command(after_help = examples::PULLS_IMPORT)]
    Import(ImportOptions),
    /// Lists the imported files, and the counted pulls by month
    #[command(after_help = examples::PULLS_LIST)]
    List(PullsListOptions),
}

/// Options of `tare pulls list`.
#[derive(Debug, Args)]
pub struct PullsListOptions {
    /// Output format
    #[arg(long, value_name = "FORMAT", value_enum, default_value = "table")]
    pub(in crate::cli) format: TextOrJson,
}

/// Options of `tare pulls import`.
#[derive(Debug, Args)]
pub struct ImportOptions {
    /// The file
    pub(in crate::cli) file: PathBuf,
    /// The crawled registry that served the pulls
    #[arg(long, value_name = "REGISTRY")]
    pub(in crate::cli) registry: String,
    /// The format of the file [default: detected]
    #[arg(long, value_name = "FORMAT", value_parser = format)]
    pub(in crate::cli) format: Option<PullFileFormat>,
    /// The name of the registry in the file, if it is a different one; other rows are skipped
    #[arg(long, value_name = "HOST")]
    pub(in crate::cli) login_server: Option<RegistryName>,
    /// The time at which the counters were read [default: when the file was last changed]
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub(in crate::cli) read_at: Option<DateTime<Utc>>,
}

fn format(text: &str) -> Result<PullFileFormat, String> {
    text.parse().map_err(|_| {
        let known: Vec<&str> = PullFileFormat::VARIANTS
            .iter()
            .map(|format| format.as_str())
            .collect();
        format!("expected one of {}", known.join(", "))
    })
}
