//! The part of a statement that the owner of some cost centres may see.

use super::charges::parts_of;
use super::error::CostError;
use super::parts::{Charges, CostParts, MoneyEstimate, PricedPiece};
use super::statement::{AlpineStatement, Statement};
use crate::pricing::Allocation;
use crate::units::Money;

impl Statement {
    /// The part of a statement that the repositories of these cost centres make up, by the labels that they have in
    /// it. What belongs to others or is unassigned is left out: their rows, what quotas are worth and cheaper plans. Bills keep
    /// their lines with whole quantities, which are for reading prices.
    ///
    /// # Errors
    /// If sums leave the range of exact numbers.
    pub fn part_of(&self, cost_centres: &[String]) -> Result<Self, CostError> {
        let is_theirs: Vec<bool> = self
            .repositories
            .iter()
            .map(|repository| {
                let own = repository.labels.cost_centre.as_ref();
                own.is_some_and(|own| cost_centres.contains(own))
            })
            .collect();
        let repositories: Vec<_> = self
            .repositories
            .iter()
            .zip(&is_theirs)
            .filter(|(_, is_theirs)| **is_theirs)
            .map(|(repository, _)| repository.clone())
            .collect();
        let currency = self.book.currency;
        let alpine = self.alpine.as_ref().map(|alpine| -> Result<_, CostError> {
            let (mut total, mut saving) = (MoneyEstimate::zero(currency), MoneyEstimate::zero(currency));
            for moved in repositories.iter().filter_map(|repository| repository.alpine) {
                total = total.checked_add(moved.total)?;
                saving = saving.checked_add(moved.joint_saving)?;
            }
            Ok(AlpineStatement {
                charges: alpine.charges.part_of(&is_theirs)?,
                total,
                saving,
                nothing_saved_because: alpine.nothing_saved_because,
                cheaper_plan: None,
            })
        });
        Ok(Self {
            now: self.now.part_of(&is_theirs)?,
            unallocated: Money::zero(currency),
            alpine: alpine.transpose()?,
            repositories,
            cheaper_plan: None,
            ..self.clone()
        })
    }
}

impl Charges {
    /// What the repositories at these places bear.
    fn part_of(&self, is_theirs: &[bool]) -> Result<Self, CostError> {
        let currency = self.parts.total.currency();
        let mut parts = CostParts::zero(currency);
        let mut pieces = Vec::with_capacity(self.pieces.len());
        for piece in &self.pieces {
            // Rows are in the order of the repositories; the unassigned row is last.
            let rows = piece.allocation.rows.iter().zip(is_theirs);
            let rows: Vec<_> = rows
                .filter(|(row, is_theirs)| **is_theirs && row.key.is_some())
                .map(|(row, _)| row.clone())
                .collect();
            for row in &rows {
                parts = parts.checked_add(parts_of(&piece.bill, row)?)?;
            }
            pieces.push(PricedPiece {
                bill: piece.bill.clone(),
                allocation: Allocation { rows },
            });
        }
        Ok(Self {
            pieces,
            parts,
            included_worth: Money::zero(currency),
        })
    }
}
