//! Options of `tare report` and `tare explain`.

use clap::{Args, ValueEnum};
use strum::VariantArray as _;

use super::addresses;
use super::values::whole_number;
use crate::base_image::AlpineRelease;
use crate::cli::outcome::UsageError;
use crate::config::RegistryAddress;
use crate::cost::Worth;
use crate::oci::PlatformFilter;
use crate::report::{GroupBy, SortOrder, View};
use crate::whatif::Verdict;

/// Options of `tare report`.
#[derive(Debug, Default, Args)]
pub struct ReportOptions {
    /// Output format
    #[arg(long, value_name = "FORMAT", value_enum, default_value = "table")]
    pub format: Format,
    /// What the table shows; other formats always contain everything
    #[arg(
        long,
        value_name = "VIEW",
        value_enum,
        default_value = "summary",
        conflicts_with = "group_by"
    )]
    pub view: TableView,
    /// One row per repository, or one per image and platform
    #[arg(long, value_name = "WHAT", value_enum, default_value = "repository")]
    pub by: Rows,
    /// Adds up repositories by registry, team, cost_centre, environment, base or verdict
    #[arg(long, value_name = "KEY", conflicts_with_all = ["by", "verdicts", "worth", "limit"])]
    pub group_by: Option<GroupBy>,
    /// The Alpine release to move to, such as 3.22; overrides the configuration [default: the newest known]
    #[arg(long, value_name = "RELEASE")]
    pub alpine_release: Option<AlpineRelease>,
    /// Price book for every registry; overrides the configuration; tare prices list shows all price books
    #[arg(long, value_name = "BOOK")]
    pub price_book: Option<String>,
    /// Order of the rows: cost_saving, saving, attributed, stored, exclusive, logical, tags, cost, alpine_cost (largest
    /// first) or name; a leading hyphen (-tags) reverses the order
    ///
    /// cost_saving puts those first that save most money, then those that free most bytes; saving is in bytes. Images
    /// are sorted by the bytes that they save, by tags or by name, and by size for every other order.
    #[arg(
        long,
        value_name = "KEY",
        default_value = "cost_saving",
        allow_hyphen_values = true
    )]
    pub sort: SortOrder,
    /// Maximum number of rows; the table adds up all other repositories in one more row
    #[arg(long, value_name = "N", value_parser = whole_number)]
    pub limit: Option<usize>,
    /// Shows only rows with this verdict, such as switch; may be repeated
    #[arg(long = "verdict", value_name = "VERDICT", value_parser = verdict)]
    pub verdicts: Vec<Verdict>,
    /// Shows only rows whose move is worth this: worth_it, saves_nothing, saves_too_little or pays_back_too_late; may be
    /// repeated
    ///
    /// It needs a price book. Images are worth what their repository is.
    #[arg(long = "worth", value_name = "WORTH", value_parser = worth)]
    pub worth: Vec<Worth>,
    /// Only this registry; may be repeated
    #[arg(long = "registry", value_name = "REGISTRY")]
    registries: Vec<String>,
    /// Counts only images for this platform, such as linux/amd64; may be repeated
    #[arg(long = "platform", value_name = "PLATFORM")]
    pub platforms: Vec<PlatformFilter>,
    /// The figures at the end of this window, such as 2026-10, lastmonth or 2026-10-15, by today's settings [default:
    /// the last crawl]
    #[arg(long, value_name = "WINDOW")]
    pub window: Option<String>,
}

/// What a row of a report stands for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Rows {
    /// Each repository
    #[default]
    Repository,
    /// Each image for one platform
    Image,
}

/// What the table of a report is about.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum TableView {
    /// The most important figures
    #[default]
    Summary,
    /// Bytes: logical, stored, exclusive, attributed
    Storage,
    /// What Alpine would change in bytes
    Alpine,
    /// What a month costs and what Alpine would save
    Cost,
    /// What the registries report themselves, compared with what is counted
    Reconciliation,
}

impl From<TableView> for View {
    fn from(view: TableView) -> Self {
        match view {
            TableView::Summary => Self::Summary,
            TableView::Storage => Self::Storage,
            TableView::Alpine => Self::Alpine,
            TableView::Cost => Self::Cost,
            TableView::Reconciliation => Self::Reconciliation,
        }
    }
}

/// The format of a report.
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
    /// A crawled image, such as reg.example.com/team/api:1.2, team/api:1.2 or team/api@sha256:…
    ///
    /// You can leave out the registry if only one has the image, and the tag if it is latest.
    #[arg(value_name = "REFERENCE")]
    pub reference: String,
    /// The platform [default: linux/amd64 if the image has it]
    #[arg(long, value_name = "PLATFORM")]
    pub platform: Option<PlatformFilter>,
    /// Output format
    #[arg(long, value_name = "FORMAT", value_enum, default_value = "table")]
    pub format: TextOrJson,
}

impl ReportOptions {
    /// The registries to show; all if empty.
    ///
    /// # Errors
    /// If one is not the address of a registry.
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

/// Reads a worth as it is written in answers, with hyphens too.
fn worth(text: &str) -> Result<Worth, String> {
    text.replace('-', "_").parse().map_err(|_| {
        let known: Vec<&str> = Worth::VARIANTS.iter().map(|worth| worth.as_str()).collect();
        format!("expected one of {}", known.join(", "))
    })
}

/// The format of an answer that is not a list of rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum TextOrJson {
    /// For people
    #[default]
    Table,
    /// For programs: sizes in bytes
    Json,
}
