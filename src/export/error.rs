use std::io;

use crate::cost::CostError;
use crate::oci::RegistryName;
use crate::units::{Inexact, MoneyError, NoWeight};

/// Why a month cannot be exported.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The costs on Alpine were not computed.
    #[error("the costs on Alpine were not computed for {0}; export without --alpine")]
    NoAlpine(RegistryName),
    /// Exact arithmetic with an amount failed.
    #[error(transparent)]
    Cost(#[from] CostError),
    /// A table could not be written.
    #[error("cannot write the rows: {0}")]
    Csv(csv::Error),
    /// What the rows are written to fails.
    #[error("cannot write the rows: {0}")]
    Output(#[from] io::Error),
    /// A workbook could not be written.
    #[error("cannot write the workbook: {0}")]
    Workbook(#[from] rust_xlsxwriter::XlsxError),
}

impl From<csv::Error> for ExportError {
    fn from(error: csv::Error) -> Self {
        if !error.is_io_error() {
            return Self::Csv(error);
        }
        Self::Output(error.into())
    }
}

impl From<MoneyError> for ExportError {
    fn from(error: MoneyError) -> Self {
        Self::Cost(error.into())
    }
}

impl From<Inexact> for ExportError {
    fn from(error: Inexact) -> Self {
        MoneyError::from(error).into()
    }
}

impl From<NoWeight> for ExportError {
    fn from(error: NoWeight) -> Self {
        MoneyError::from(error).into()
    }
}
