use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use rust_decimal::Decimal;
use strum::{EnumString, IntoStaticStr};

use super::cost::RepositoryCost;
use super::document::RepositoryRow;
use super::image::ImageRow;
use crate::units::Money;

/// What repositories can be ordered by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, EnumString, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum SortKey {
    /// What moving it saves in a month, then the bytes that it frees: the best first. Without a price book the bytes
    /// alone.
    #[default]
    CostSaving,
    /// The fair share of what is stored.
    Attributed,
    /// Everything the repository reaches, once.
    Stored,
    /// What deleting it frees.
    Exclusive,
    /// Each tag counted alone.
    Logical,
    /// How many tags there are.
    Tags,
    /// The drop of its share if all switch to Alpine that should.
    Saving,
    /// What it costs in a month.
    Cost,
    /// What it would cost on Alpine.
    AlpineCost,
    /// The registry and the repository, by alphabet.
    Name,
}

/// An order of repositories: the largest first, names by alphabet, or the reverse of that.
///
/// As text it is the key's name, with `-` in front for the reverse.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SortOrder {
    /// What to order by.
    pub key: SortKey,
    /// Whether to turn the order around.
    pub reverse: bool,
}

/// A text that is no order of repositories.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected one of cost_saving, attributed, stored, exclusive, logical, tags, saving, cost, alpine_cost and name, with - in front for the reverse"
)]
pub struct UnknownSortOrder;

impl FromStr for SortOrder {
    type Err = UnknownSortOrder;

    fn from_str(text: &str) -> Result<Self, UnknownSortOrder> {
        let (reverse, name) = match text.strip_prefix('-') {
            Some(name) => (true, name),
            None => (false, text),
        };
        let key = name.parse().map_err(|_| UnknownSortOrder)?;
        Ok(Self { key, reverse })
    }
}

impl fmt::Display for SortOrder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.reverse { "-" } else { "" };
        let name: &str = self.key.into();
        formatter.pad(&format!("{sign}{name}"))
    }
}

/// The order in which repositories should move: by what they save in a month if all move that should, then by the bytes
/// that they free, then by name. Rows without costs come after those with costs, by the bytes that they free.
///
/// Every interface lists repositories in this order unless it is asked for another.
pub fn best_first(a: &RepositoryRow, b: &RepositoryRow) -> Ordering {
    let saved = |row: &RepositoryRow| {
        let alpine = row.cost.as_ref()?.alpine.as_ref()?;
        Some(alpine.joint_saving.expected.amount())
    };
    saved(b)
        .cmp(&saved(a))
        .then_with(|| b.expected_joint_saving().cmp(&a.expected_joint_saving()))
        .then_with(|| (&a.registry, &a.totals.repository).cmp(&(&b.registry, &b.totals.repository)))
}

impl SortOrder {
    pub(super) fn compare(self, a: &RepositoryRow, b: &RepositoryRow) -> Ordering {
        let by_name = || (&a.registry, &a.totals.repository).cmp(&(&b.registry, &b.totals.repository));
        let largest_first = |of: fn(&RepositoryRow) -> u64| of(b).cmp(&of(a));
        let order = match self.key {
            SortKey::CostSaving => best_first(a, b),
            SortKey::Attributed => largest_first(|row| row.totals.attributed_bytes.get()),
            SortKey::Stored => largest_first(|row| row.totals.stored_bytes.get()),
            SortKey::Exclusive => largest_first(|row| row.totals.exclusive_bytes.get()),
            SortKey::Logical => largest_first(|row| row.totals.logical_bytes.get()),
            SortKey::Tags => largest_first(|row| row.totals.tags as u64),
            SortKey::Saving => b.expected_joint_saving().cmp(&a.expected_joint_saving()),
            SortKey::Cost => amount(b, |cost| cost.parts.total).cmp(&amount(a, |cost| cost.parts.total)),
            SortKey::AlpineCost => amount(b, on_alpine).cmp(&amount(a, on_alpine)),
            SortKey::Name => by_name(),
        };
        let order = if self.reverse { order.reverse() } else { order };
        // Equals stand by name, so that the same registry gives the same report twice.
        order.then_with(by_name)
    }

    /// The order of images: by what each would save, by name, or else the largest first.
    pub(super) fn compare_images(self, a: &ImageRow, b: &ImageRow) -> Ordering {
        let by_name = || {
            let key = |row: &ImageRow| {
                (
                    row.registry.clone(),
                    row.repository.clone(),
                    row.tags.first().cloned(),
                )
            };
            key(a).cmp(&key(b)).then_with(|| a.platform.cmp(&b.platform))
        };
        let saving = |row: &ImageRow| {
            let alpine = row.alpine.as_ref();
            alpine.map_or(0, |alpine| alpine.bytes.saved_from(row.compressed_bytes).expected)
        };
        let order = match self.key {
            SortKey::CostSaving | SortKey::Saving => saving(b).cmp(&saving(a)),
            SortKey::Tags => b.tags.len().cmp(&a.tags.len()),
            SortKey::Name => by_name(),
            _ => b.compressed_bytes.cmp(&a.compressed_bytes),
        };
        let order = if self.reverse { order.reverse() } else { order };
        order.then_with(by_name).then_with(|| a.digest.cmp(&b.digest))
    }
}

/// An amount by its number alone: rows in different currencies have no order, and a report with them is
/// read one currency at a time.
fn amount(row: &RepositoryRow, of: fn(&RepositoryCost) -> Money) -> Option<Decimal> {
    row.cost.as_ref().map(|cost| of(cost).amount())
}

fn on_alpine(cost: &RepositoryCost) -> Money {
    cost.alpine
        .as_ref()
        .map_or(cost.parts.total, |alpine| alpine.month.expected)
}
