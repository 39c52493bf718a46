//! Options of `tare crawls`.

use clap::{Args, Subcommand};

use super::values::{id, whole};
use super::{TextOrJson, examples};
use crate::config::RegistryAddress;

/// The subcommands of `tare crawls`.
#[derive(Debug, Subcommand)]
pub enum CrawlsCommand {
    /// Lists the latest crawls
    #[command(after_help = examples::CRAWLS_LIST)]
    List(CrawlsListOptions),
    /// Cancels a queued or running crawl
    ///
    /// A queued crawl is cancelled at once. A running crawl stops within seconds. What it has read is kept, and the next
    /// crawl continues from there. With the embedded database, ask the service instead: DELETE /v1/crawls/ID.
    #[command(after_help = examples::CRAWLS_CANCEL)]
    Cancel(CancelOptions),
}

/// Options of `tare crawls list`.
#[derive(Debug, Args)]
pub struct CrawlsListOptions {
    /// Only this registry
    #[arg(long, value_name = "REGISTRY")]
    pub registry: Option<RegistryAddress>,
    /// Maximum number of crawls
    #[arg(long, value_name = "N", default_value = "20", value_parser = whole::<1, 1000>)]
    pub limit: u32,
    /// Output format
    #[arg(long, value_name = "FORMAT", value_enum, default_value = "table")]
    pub format: TextOrJson,
}

/// Options of `tare crawls cancel`.
#[derive(Debug, Args)]
pub struct CancelOptions {
    /// Number of the crawl, as `tare crawls list` shows it
    #[arg(value_name = "ID", value_parser = id)]
    pub id: i64,
}
