//! What `tare report` and `tare explain` are told.

use clap::{Args, ValueEnum};
use strum::VariantArray as _;

use super::addresses;
use crate::base_image::AlpineRelease;
use crate::cli::outcome::UsageError;
use crate::config::RegistryAddress;
use crate::oci::PlatformFilter;
use crate::report::{GroupBy, SortOrder};
use crate::whatif::Verdict;

/// Options of `tare report`.
#[derive(Debug, Default, Args)]
pub struct ReportOptions {
    /// For people, for programs or for spreadsheets
    #[arg(long, value_name = "FORMAT", value_enum, default_value = "table")]
    pub format: Format,
    /// What gets a row: repositories, or images for one platform each
    #[arg(long, value_name = "WHAT", value_enum, default_value = "repository")]
    pub by: Rows,
    /// Puts repositories together: registry, team, cost-centre, environment, base or verdict
    #[arg(long, value_name = "KEY", conflicts_with_all = ["by", "verdicts", "limit"])]
    pub group_by: Option<GroupBy>,
    /// The release of Alpine to move to, such as 3.22, whatever the configuration says; by default the newest known
    #[arg(long, value_name = "RELEASE")]
    pub alpine_release: Option<AlpineRelease>,
    /// Bills every registry by this price book, whatever the configuration says; tare prices list shows which
    /// there are
    #[arg(long, value_name = "BOOK")]
    pub price_book: Option<String>,
    /// The order: attributed, stored, exclusive, logical, tags, saving, cost, alpine_cost (largest first) or
    /// name; -tags and so on for the reverse
    ///
    /// Images are ordered by size, unless it is by tags, saving or name.
    #[arg(
        long,
        value_name = "KEY",
        default_value = "attributed",
        allow_hyphen_values = true
    )]
    pub sort: SortOrder,
    /// How many rows to show; the table sums the other repositories in a row of their own
    #[arg(long, value_name = "N")]
    pub limit: Option<usize>,
    /// Shows only what has this verdict, such as switch; may be repeated
    #[arg(long = "verdict", value_name = "VERDICT", value_parser = verdict)]
    pub verdicts: Vec<Verdict>,
    /// Only this registry; may be repeated
    #[arg(long = "registry", value_name = "REGISTRY")]
    registries: Vec<String>,
    /// Counts only images for this platform, such as linux/amd64; may be repeated
    #[arg(long = "platform", value_name = "PLATFORM")]
    pub platforms: Vec<PlatformFilter>,
}

/// What gets a row in a report.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Rows {
    /// Each repository
    #[default]
    Repository,
    /// Each image for one platform
    Image,
}

/// What a report looks like.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people: sizes in IEC units, totals first
    #[default]
    Table,
    /// For programs: sizes in bytes
    Json,
    /// For spreadsheets: sizes in bytes, one row for each repository
    Csv,
}

/// Options of `tare explain`.
#[derive(Debug, Args)]
pub struct ExplainOptions {
    /// An image that has been crawled: reg.example.com/team/api:1.2, team/api:1.2, team/api@sha256:…
    ///
    /// The registry may be left out where only one has it, and the tag where it is latest.
    #[arg(value_name = "REFERENCE")]
    pub reference: String,
    /// The platform [default: linux/amd64 if the image is there for it]
    #[arg(long, value_name = "PLATFORM")]
    pub platform: Option<PlatformFilter>,
    /// For people or for programs
    #[arg(long, value_name = "FORMAT", value_enum, default_value = "table")]
    pub format: TextOrJson,
}

impl ReportOptions {
    /// The registries to show; none for all.
    ///
    /// # Errors
    /// Where one is not a registry's address.
    pub(in crate::cli) fn registries(&self) -> Result<Vec<RegistryAddress>, UsageError> {
        addresses(&self.registries)
    }
}

/// Reads a verdict as it is written in answers, with hyphens too.
fn verdict(text: &str) -> Result<Verdict, String> {
    text.replace('-', "_").parse().map_err(|_| {
        let known: Vec<&str> = Verdict::VARIANTS.iter().map(|verdict| verdict.as_str()).collect();
        format!("expected one of {}", known.join(", "))
    })
}

/// What an answer that is no list of rows looks like.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum TextOrJson {
    /// For people
    #[default]
    Table,
    /// For programs: sizes in bytes
    Json,
}
