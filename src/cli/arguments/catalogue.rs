//! Options of the commands about base images and the model.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{CrawlOptions, ExplainOptions, TextOrJson, examples};
use crate::oci::PlatformFilter;

/// The commands of `tare catalogue`.
#[derive(Debug, Subcommand)]
pub enum CatalogueCommand {
    /// Lists base images: those that come with Tare, those from your files, and those found in registries
    #[command(after_help = examples::CATALOGUE_LIST)]
    List(CatalogueListOptions),
    /// Shows everything that is known about a base image
    #[command(after_help = examples::CATALOGUE_SHOW)]
    Show(CatalogueShowOptions),
    /// Shows which entries of the catalogue match an image, and why
    #[command(after_help = examples::CATALOGUE_EXPLAIN)]
    Explain(ExplainOptions),
    /// Reads the current tags of known base images from a registry that has them, such as a mirror
    ///
    /// Only tags of known base images are read. A path after the registry is the folder that contains them:
    /// mirror.example.com/library. -r selects base images by name (node, python). The result is saved like any other
    /// crawl. To leave the mirror out of reports, select other registries with tare report --registry.
    #[command(after_help = examples::CATALOGUE_REFRESH)]
    Refresh(CrawlOptions),
}

/// Options of `tare catalogue list`.
#[derive(Debug, Args)]
pub struct CatalogueListOptions {
    /// Part of the name, such as node, node:22 or alpine
    #[arg(value_name = "NAME")]
    pub name: Option<String>,
    /// Only for this platform, such as linux/amd64
    #[arg(long, value_name = "PLATFORM")]
    pub platform: Option<PlatformFilter>,
    /// Output format
    #[arg(long, value_name = "FORMAT", value_enum, default_value = "table")]
    pub format: TextOrJson,
}

/// Options of `tare catalogue show`.
#[derive(Debug, Args)]
pub struct CatalogueShowOptions {
    /// The base image, such as node:22
    #[arg(value_name = "NAME")]
    pub name: String,
    /// Only for this platform, such as linux/amd64
    #[arg(long, value_name = "PLATFORM")]
    pub platform: Option<PlatformFilter>,
    /// Output format
    #[arg(long, value_name = "FORMAT", value_enum, default_value = "table")]
    pub format: TextOrJson,
}

/// Options of `tare evaluate`.
#[derive(Debug, Args)]
pub struct EvaluateOptions {
    /// Output format
    #[arg(long, value_name = "FORMAT", value_enum, default_value = "table")]
    pub format: TextOrJson,
}

/// Options of `tare calibrate`.
#[derive(Debug, Args)]
pub struct CalibrateOptions {
    /// Writes the new model to this file; to use it, set model in [alpine] to this file
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Output format
    #[arg(long, value_name = "FORMAT", value_enum, default_value = "table")]
    pub format: TextOrJson,
}
