use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::causes::CostChange;
use super::compare::RepositoryChange;
use crate::oci::{RegistryName, RepositoryName};
use crate::report::costs::Aggregate;
use crate::units::{ByteCount, ByteOverflow, MoneyError};

/// A change of attributed bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct BytesChange {
    /// The attributed bytes at the first moment.
    pub before: ByteCount,
    /// The attributed bytes at the second moment.
    pub after: ByteCount,
    /// `after` less `before`.
    pub difference: i64,
}

/// A change of pulls.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PullsChange {
    /// The pulls in a month at the first moment.
    pub before: u64,
    /// The pulls in a month at the second moment.
    pub after: u64,
}

/// How a group changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChangeStatus {
    /// It existed at both moments.
    Changed,
    /// It did not exist at the first moment.
    New,
    /// It does not exist any more.
    Gone,
}

/// What changed about a group of repositories, in one currency.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct ChangeRow {
    /// The group: its keys joined by `/`. `__unassigned__` stands for repositories without the key, and for the part of a bill
    /// that is not allocated to a repository.
    pub name: String,
    /// The group by key, such as `{"team": "payments"}`.
    pub keys: BTreeMap<String, String>,
    /// Whether it is new, gone or changed.
    pub status: ChangeStatus,
    /// The number of its repositories that are new.
    pub new_repositories: usize,
    /// The number of its repositories that are gone.
    pub gone_repositories: usize,
    /// The change of its cost; null without a price book.
    pub cost: Option<CostChange>,
    /// The change of its attributed bytes.
    pub attributed_bytes: BytesChange,
    /// The change of its pulls in a month.
    pub pulls_per_month: PullsChange,
}

/// The sums of changes.
#[derive(Debug, Clone, Default)]
struct Sums {
    existed: (bool, bool),
    new: usize,
    gone: usize,
    cost: Option<CostChange>,
    bytes: (ByteCount, ByteCount),
    pulls: (u64, u64),
}

/// Why changes cannot be added up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ChangeError {
    /// Sizes that no registry can have.
    #[error(transparent)]
    Bytes(#[from] ByteOverflow),
    /// Amounts that are too large to be exact.
    #[error(transparent)]
    Money(#[from] MoneyError),
}

/// Changes by group and currency, those with the largest difference of cost first, then of bytes. Groups in which nothing
/// changed are left out. `image_label` is the value of a label of a repository's newest image.
///
/// # Errors
/// If sums leave the range of exact numbers.
pub fn change_rows<'a>(
    changes: impl IntoIterator<Item = &'a RepositoryChange>,
    aggregate: &[Aggregate],
    image_label: impl Fn(&RegistryName, &RepositoryName, &str) -> Option<String>,
) -> Result<Vec<ChangeRow>, ChangeError> {
    let mut groups: BTreeMap<(Vec<String>, Option<&str>), Sums> = BTreeMap::new();
    for change in changes {
        let owner = change.repository.as_ref().map(|name| (name, &change.labels));
        let key = |aggregate: &Aggregate| {
            aggregate.key(&change.registry, owner, |name, label| {
                image_label(&change.registry, name, label)
            })
        };
        let keys = aggregate.iter().map(key).collect();
        let currency = change.cost.map(|cost| cost.after.currency().code());
        groups.entry((keys, currency)).or_default().add(change)?;
    }
    let mut rows = Vec::new();
    for ((keys, _), sums) in groups {
        if !sums.is_unchanged() {
            rows.push(sums.row(keys, aggregate)?);
        }
    }
    rows.sort_by(|one, other| {
        let money = |row: &ChangeRow| row.cost.map(|cost| cost.difference.amount().abs());
        let bytes = |row: &ChangeRow| row.attributed_bytes.difference.unsigned_abs();
        money(other)
            .cmp(&money(one))
            .then_with(|| bytes(other).cmp(&bytes(one)))
            .then_with(|| one.name.cmp(&other.name))
    });
    Ok(rows)
}

impl Sums {
    fn add(&mut self, change: &RepositoryChange) -> Result<(), ChangeError> {
        let is_repository = change.repository.is_some();
        self.existed.0 |= change.is_in_first;
        self.existed.1 |= change.is_in_second;
        self.new += usize::from(is_repository && !change.is_in_first);
        self.gone += usize::from(is_repository && !change.is_in_second);
        self.bytes = (
            self.bytes.0.checked_add(change.bytes.0)?,
            self.bytes.1.checked_add(change.bytes.1)?,
        );
        self.pulls = (
            self.pulls.0.saturating_add(change.pulls.0),
            self.pulls.1.saturating_add(change.pulls.1),
        );
        self.cost = match (self.cost, change.cost) {
            (Some(one), Some(other)) => Some(CostChange {
                before: one.before.checked_add(other.before)?,
                after: one.after.checked_add(other.after)?,
                difference: one.difference.checked_add(other.difference)?,
                because: one.because.checked_add(other.because)?,
            }),
            (one, other) => one.or(other),
        };
        Ok(())
    }

    fn is_unchanged(&self) -> bool {
        let is_same = self.cost.is_none_or(|cost| cost.before == cost.after);
        is_same && self.bytes.0 == self.bytes.1 && self.pulls.0 == self.pulls.1 && self.new + self.gone == 0
    }

    fn row(self, keys: Vec<String>, aggregate: &[Aggregate]) -> Result<ChangeRow, ChangeError> {
        let (before, after) = self.bytes;
        // Both are at most 63 bits.
        let difference = after.as_i64().checked_sub(before.as_i64()).ok_or(ByteOverflow)?;
        Ok(ChangeRow {
            name: keys.join("/"),
            keys: aggregate.iter().map(ToString::to_string).zip(keys).collect(),
            status: match self.existed {
                (false, _) => ChangeStatus::New,
                (_, false) => ChangeStatus::Gone,
                _ => ChangeStatus::Changed,
            },
            new_repositories: self.new,
            gone_repositories: self.gone,
            cost: self.cost,
            attributed_bytes: BytesChange {
                before,
                after,
                difference,
            },
            pulls_per_month: PullsChange {
                before: self.pulls.0,
                after: self.pulls.1,
            },
        })
    }
}
