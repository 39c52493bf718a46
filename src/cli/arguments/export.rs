use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::values::month;
use crate::export::FocusVersion;
use crate::units::Period;

/// Options of `tare export`.
#[derive(Debug, Args)]
pub struct ExportOptions {
    /// The format
    #[arg(value_name = "FORM", value_enum)]
    pub(in crate::cli) form: ExportForm,
    /// The month, such as 2026-11
    #[arg(long, value_name = "MONTH", value_parser = month)]
    pub(in crate::cli) month: Period,
    /// Exports the charges on Alpine instead of the present charges
    #[arg(long)]
    pub(in crate::cli) alpine: bool,
    /// FOCUS version
    #[arg(long, value_name = "VERSION", value_enum, default_value = "1.2")]
    pub(in crate::cli) focus_version: Version,
    /// Writes to this file instead of standard output; the file is replaced only when it is complete
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) output: Option<PathBuf>,
    /// Only this registry; may be repeated
    #[arg(long = "registry", value_name = "REGISTRY")]
    pub(in crate::cli) registries: Vec<String>,
}

/// The format of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ExportForm {
    /// FinOps Open Cost and Usage Specification (FOCUS), as CSV
    Focus,
    /// The same rows with plain column names, as CSV that is safe to open in a spreadsheet
    Csv,
    /// An Excel workbook with one sheet per view, now and on Alpine
    Xlsx,
}

/// A version of FOCUS as the command line has it.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Version {
    #[value(name = "1.2")]
    V1_2,
    #[value(name = "1.4")]
    V1_4,
}

impl From<Version> for FocusVersion {
    fn from(version: Version) -> Self {
        match version {
            Version::V1_2 => Self::V1_2,
            Version::V1_4 => Self::V1_4,
        }
    }
}
