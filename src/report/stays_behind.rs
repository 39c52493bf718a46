use schemars::JsonSchema;
use serde::Serialize;

use super::document::RepositoryRow;
use super::group::{GroupError, GroupRow};
use crate::units::Money;

/// What repositories that do not switch lose in sharing: they bear a base alone that others leave. Together with the
/// joint savings of those that switch, it adds up to what the registry saves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct StaysBehind {
    /// How many repositories are affected.
    pub repositories: usize,
    /// The drop of their shares, negative if they rise; the best single estimate.
    pub saving_bytes: i64,
    /// The same in money for a month, one amount for each currency.
    pub savings: Vec<Money>,
}

impl StaysBehind {
    /// The sum over repositories that do not switch.
    ///
    /// # Errors
    /// If sums leave the range of exact numbers.
    pub fn new<'a>(rows: impl IntoIterator<Item = &'a RepositoryRow>) -> Result<Self, GroupError> {
        let rows: Vec<&RepositoryRow> = rows.into_iter().collect();
        let sums = GroupRow::from_rows(rows.iter().copied())?;
        let is_affected = |row: &&&RepositoryRow| {
            let alpine = row.cost.as_ref().and_then(|cost| cost.alpine.as_ref());
            row.expected_joint_saving() != 0
                || alpine.is_some_and(|alpine| !alpine.joint_saving.expected.is_zero())
        };
        Ok(Self {
            repositories: rows.iter().filter(is_affected).count(),
            saving_bytes: sums.joint_saving_bytes,
            savings: sums.costs.iter().map(|cost| cost.saving).collect(),
        })
    }
}
