//! A month's costs in the forms that finance takes: FOCUS rows, plain CSV, a workbook.
//!
//! Every form is made of the same [`ChargeRow`]s, which [`charge_rows`] takes out of a
//! [`Statement`]: what a repository bears of one line of a bill. Each is unit price times
//! quantity to the last digit, and they add up to the statement's total. What would be charged on Alpine is in
//! rows of its own, never in one file with what is charged now, because sums over it would mean nothing.
//!
//! A month that was closed and corrected is several statements; the difference of each to the one before is in
//! rows marked as corrections, so that what was exported once stays as it was.

mod accounts;
mod error;
mod focus;
mod focus_columns;
mod plain;
mod rows;
mod workbook;

pub use accounts::{Account, BillingAccounts};
pub use error::ExportError;
pub use focus::{FocusVersion, focus};
pub use plain::plain;
pub use rows::{ChargeRow, Scenario, charge_rows};
pub use workbook::workbook;

use crate::cost::Statement;

/// A registry's month, ready for export.
#[derive(Debug, Clone)]
pub struct BilledMonth {
    /// The statement and, where the month was closed and corrected, all later ones in their order; never empty.
    pub statements: Vec<Statement>,
    /// Whose account it is.
    pub account: Account,
    /// Whether it is all of the month; else the part of some cost centres, in which nothing says how large the whole is.
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

    /// The part of it that the repositories of these cost centres make up; none where that is nothing.
    ///
    /// # Errors
    /// Where sums leave the range of exact numbers.
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
