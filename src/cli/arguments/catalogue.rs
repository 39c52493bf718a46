//! What the commands about base images and the model are told.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{CrawlOptions, ExplainOptions, TextOrJson};
use crate::oci::PlatformFilter;

/// The commands of `tare catalogue`.
#[derive(Debug, Subcommand)]
pub enum CatalogueCommand {
    /// Lists base images: those that come with Tare, those of your files, and those that registries show
    List(CatalogueListOptions),
    /// Shows all that is known of a base image
    Show(CatalogueShowOptions),
    /// Says which entries of the catalogue match an image, and why
    Explain(ExplainOptions),
    /// Reads today's tags of the known base images from a registry that has them, such as a mirror
    ///
    /// Nothing but the tags of known base images is read. A path after the registry is the folder they are
    /// in: mirror.example.com/library. -r chooses among them by their own names (node, python). What is
    /// read is kept like any other crawl; tare report --registry leaves it out.
    Refresh(CrawlOptions),
}

/// Options of `tare catalogue list`.
#[derive(Debug, Args)]
pub struct CatalogueListOptions {
    /// A part of the name: node, node:22, alpine
    #[arg(value_name = "NAME")]
    pub name: Option<String>,
    /// Only for this platform, such as linux/amd64
    #[arg(long, value_name = "PLATFORM")]
    pub platform: Option<PlatformFilter>,
    /// For people or for programs
    #[arg(long, value_name = "FORMAT", value_enum, default_value = "table")]
    pub format: TextOrJson,
}

/// Options of `tare catalogue show`.
#[derive(Debug, Args)]
pub struct CatalogueShowOptions {
    /// The base image: node:22
    #[arg(value_name = "NAME")]
    pub name: String,
    /// Only for this platform, such as linux/amd64
    #[arg(long, value_name = "PLATFORM")]
    pub platform: Option<PlatformFilter>,
}

/// Options of `tare evaluate`.
#[derive(Debug, Args)]
pub struct EvaluateOptions {
    /// For people or for programs
    #[arg(long, value_name = "FORMAT", value_enum, default_value = "table")]
    pub format: TextOrJson,
}

/// Options of `tare calibrate`.
#[derive(Debug, Args)]
pub struct CalibrateOptions {
    /// Writes the new model to this file, which alpine.model may then name
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// For people or for programs
    #[arg(long, value_name = "FORMAT", value_enum, default_value = "table")]
    pub format: TextOrJson,
}
