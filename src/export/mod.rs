//! Exports of a month's costs: FOCUS rows, plain CSV, and a workbook.
//!
//! Every format contains the same [`ChargeRow`]s, which [`charge_rows`] derives from a [`Statement`]: what a repository
//! bears of one line of a bill. Each row is unit price times quantity to the last digit, and the rows add up to the
//! statement's total. Charges on Alpine are separate rows, never in one file with the current charges, because sums over
//! both would be meaningless.
//!
//! A month that was closed and corrected has several statements. The difference of each to the previous one is in rows
//! marked as corrections, so that earlier exports stay valid.
//!
//! The CSV forms write each row as it is made, so that their memory does not grow with the number of rows.

mod accounts;
mod error;
mod focus;
mod focus_columns;
mod plain;
mod rows;
mod workbook;

pub use accounts::{Account, BillingAccounts};
pub use error::ExportError;
pub use focus::focus;
pub use focus_columns::FocusVersion;
pub use plain::plain;
pub use rows::{ChargeRow, Scenario, charge_rows, each_charge_row};
pub use workbook::workbook;

use crate::cost::Statement;

/// A registry's month, ready for export.
#[derive(Debug, Clone)]
pub struct BilledMonth {
    /// The statement, followed by its corrections if the month was closed and corrected; never empty.
    pub statements: Vec<Statement>,
    /// The account that is billed.
    pub account: Account,
    /// Whether it is the whole month. Otherwise it is the part of some cost centres, and nothing states the size of the whole.
    pub is_whole: bool,
}

impl BilledMonth {
    /// A whole month: the statement with those that correct it, billed to an account.
    pub fn new(statements: Vec<Statement>, account: Account) -> Self {
        Self {
            statements,
            account,
            is_whole: true,
        }
    }

    /// The part of these cost centres' repositories; `None` if they have none.
    ///
    /// # Errors
    /// If sums exceed the range of exact numbers.
    pub fn part_of(self, cost_centres: &[String]) -> Result<Option<Self>, ExportError> {
        let statements = self.statements.iter();
        let statements: Vec<Statement> = statements
            .map(|statement| statement.part_of(cost_centres))
            .collect::<Result<_, _>>()?;
        let has_rows = statements
            .iter()
            .any(|statement| !statement.repositories.is_empty());
        Ok(has_rows.then_some(Self {
            statements,
            account: self.account,
            is_whole: false,
        }))
    }
}
