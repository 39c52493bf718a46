use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;
use strum::{Display, EnumString, VariantArray, VariantNames};

use super::alpine::ConfidenceCounts;
use super::costs::UNASSIGNED;
use super::document::{Report, RepositoryRow};
use super::group_cost::GroupCost;
use super::headline::Headline;
use crate::units::{ByteCount, ByteOverflow, Currency, Money, MoneyError};
use crate::whatif::Verdict;

/// What repositories can be put together by.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Display, EnumString, VariantArray, VariantNames,
)]
#[serde(rename_all = "snake_case")]
#[strum(
    serialize_all = "snake_case",
    parse_err_ty = UnknownGroup,
    parse_err_fn = unknown_group
)]
pub enum GroupBy {
    /// The registry they are in.
    Registry,
    /// The team that answers for them.
    Team,
    /// The account that pays for them. The command line writes the word with a hyphen, the API with an underscore.
    #[strum(to_string = "cost_centre", serialize = "cost-centre")]
    CostCentre,
    /// What they run for.
    Environment,
    /// What their images are built from: the runtime, else the system.
    Base,
    /// What to do with them.
    Verdict,
}

/// A text that says nothing repositories can be put together by.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected one of registry, team, cost_centre, environment, base and verdict")]
pub struct UnknownGroup;

impl GroupBy {
    /// All there are, by name.
    pub const ALL: [(&'static str, Self); <Self as VariantArray>::VARIANTS.len()] = {
        let (names, groups) = (<Self as VariantNames>::VARIANTS, <Self as VariantArray>::VARIANTS);
        let mut all = [("", groups[0]); <Self as VariantArray>::VARIANTS.len()];
        let mut at = 0;
        while at < all.len() {
            all[at] = (names[at], groups[at]);
            at += 1;
        }
        all
    };

    /// The group of a repository; `None` if it is unassigned.
    fn key(self, row: &RepositoryRow) -> Option<String> {
        let judged = row.judged.as_ref();
        match self {
            Self::Registry => Some(row.registry.to_string()),
            Self::Team => row.labels.team.clone(),
            Self::CostCentre => row.labels.cost_centre.clone(),
            Self::Environment => row.labels.environment.clone(),
            Self::Base => {
                let base = judged.and_then(|judged| judged.base.as_ref())?;
                base.runtime.clone().or_else(|| base.name.clone())
            }
            Self::Verdict => judged.map(|judged| judged.verdict.as_str().to_owned()),
        }
    }
}

fn unknown_group(_: &str) -> UnknownGroup {
    UnknownGroup
}

/// Repositories put together. The rows add up to the totals exactly.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Groups {
    /// What to do first, over all groups.
    pub headline: Headline,
    /// What they are put together by.
    pub group_by: GroupBy,
    /// The groups, the most expensive first where there are costs, else the largest; what is unassigned last.
    pub rows: Vec<GroupRow>,
    /// All of them.
    pub totals: GroupRow,
}

/// Repositories that have something in common, added up.
#[derive(Debug, Clone, Default, PartialEq, Serialize, JsonSchema)]
#[schemars(rename = "Group")]
pub struct GroupRow {
    /// The former name of `name`, with null for repositories that are unassigned.
    #[schemars(extend("deprecated" = true))]
    pub key: Option<String>,
    /// What the repositories have in common; `__unassigned__` for those that have nothing of the kind, null for totals.
    pub name: Option<String>,
    /// The number of repositories that have a tag.
    pub repositories: usize,
    /// The number of their tags.
    pub tags: usize,
    /// What their tags reach, each tag counted alone.
    pub logical_bytes: ByteCount,
    /// Their share of the stored bytes.
    pub attributed_bytes: ByteCount,
    /// The former name of `saving_bytes`.
    #[schemars(extend("deprecated" = true))]
    pub joint_saving_bytes: i64,
    /// How much that share drops if every repository switches that should; the best single estimate.
    pub saving_bytes: i64,
    /// The former name of `verdicts.switch`.
    #[schemars(extend("deprecated" = true))]
    pub switching: usize,
    /// How sure the sizes of those that should switch are.
    pub confidence: ConfidenceCounts,
    /// The number of repositories with each verdict. They add up to `repositories`.
    pub verdicts: BTreeMap<Verdict, usize>,
    /// What they cost in a month, one entry for each currency.
    pub costs: Vec<GroupCost>,
    /// What to do first with these repositories. Absent in sums that are not groups.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Headline")]
    pub headline: Option<Headline>,
}

/// Why rows cannot be added up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum GroupError {
    /// Sizes that no registry can have.
    #[error(transparent)]
    Bytes(#[from] ByteOverflow),
    /// Amounts too large to be added exactly.
    #[error(transparent)]
    Money(#[from] MoneyError),
}

/// Puts the repositories of a report together. It must be a report with all rows, without a limit.
///
/// # Errors
/// If sums leave the range of exact numbers.
pub fn groups(report: &Report, group_by: GroupBy) -> Result<Groups, GroupError> {
    let mut rows: BTreeMap<Option<String>, GroupRow> = BTreeMap::new();
    let mut totals = GroupRow::default();
    let mut members: BTreeMap<Option<String>, Vec<&RepositoryRow>> = BTreeMap::new();
    for row in &report.repositories {
        let key = group_by.key(row);
        members.entry(key.clone()).or_default().push(row);
        let group = rows.entry(key.clone()).or_insert_with(|| GroupRow::named(key));
        group.add(row)?;
        totals.add(row)?;
    }
    for registry in &report.registries {
        let Some(unallocated) = registry.cost.as_ref().map(|cost| cost.unallocated) else {
            continue;
        };
        if !unallocated.is_zero() {
            let key = (group_by == GroupBy::Registry).then(|| registry.registry.to_string());
            let group = rows.entry(key.clone()).or_insert_with(|| GroupRow::named(key));
            group.add_unallocated(unallocated)?;
            totals.add_unallocated(unallocated)?;
        }
    }
    for (key, group) in &mut rows {
        let own = members.remove(key).unwrap_or_default();
        // Plans are of whole registries.
        let registries = report.registries.iter().filter(|registry| {
            group_by == GroupBy::Registry && key.as_deref() == Some(registry.registry.as_str())
        });
        let costs = registries.filter_map(|row| Some((&row.registry, row.cost.as_ref()?)));
        group.headline = Some(Headline::new(own, costs, report.complete)?);
    }
    let mut rows: Vec<GroupRow> = rows.into_values().collect();
    let expense = |row: &GroupRow| row.costs.first().map(|cost| cost.parts.total.amount());
    rows.sort_by(|one, other| {
        let is_unassigned = |row: &GroupRow| row.key.is_none();
        is_unassigned(one)
            .cmp(&is_unassigned(other))
            .then_with(|| expense(other).cmp(&expense(one)))
            .then_with(|| other.attributed_bytes.cmp(&one.attributed_bytes))
    });
    Ok(Groups {
        headline: report.headline.clone(),
        group_by,
        rows,
        totals,
    })
}

impl GroupRow {
    /// An empty group.
    fn named(key: Option<String>) -> Self {
        let name = key.clone().unwrap_or_else(|| UNASSIGNED.to_owned());
        Self {
            key,
            name: Some(name),
            ..Self::default()
        }
    }

    /// The sums of these repositories.
    ///
    /// # Errors
    /// If sums leave the range of exact numbers.
    pub fn from_rows<'a>(rows: impl IntoIterator<Item = &'a RepositoryRow>) -> Result<Self, GroupError> {
        let mut sums = Self::default();
        for row in rows {
            sums.add(row)?;
        }
        Ok(sums)
    }

    fn add(&mut self, row: &RepositoryRow) -> Result<(), GroupError> {
        let totals = &row.totals;
        // As everywhere, what has no tag does not count as a repository; a note of the report names it.
        let has_tags = totals.tags > 0;
        self.repositories += usize::from(has_tags);
        self.tags += totals.tags;
        self.logical_bytes = self.logical_bytes.checked_add(totals.logical_bytes)?;
        self.attributed_bytes = self.attributed_bytes.checked_add(totals.attributed_bytes)?;
        let saving = self.joint_saving_bytes.checked_add(row.expected_joint_saving());
        self.joint_saving_bytes = saving.ok_or(ByteOverflow)?;
        self.saving_bytes = self.joint_saving_bytes;
        let judged = row.judged.as_ref();
        if let Some(judged) = judged.filter(|_| has_tags) {
            *self.verdicts.entry(judged.verdict).or_default() += 1;
            if judged.verdict == Verdict::Switch {
                self.switching += 1;
                if let Some(level) = judged.confidence {
                    self.confidence.add(level);
                }
            }
        }
        let Some(cost) = &row.cost else {
            return Ok(());
        };
        let alpine = cost.alpine.as_ref();
        let own = self.cost_in(cost.parts.total.currency());
        let add = |sum: &mut Money, amount: Money| -> Result<(), MoneyError> {
            *sum = sum.checked_add(amount)?;
            Ok(())
        };
        own.parts = own.parts.checked_add(cost.parts)?;
        add(
            &mut own.on_alpine,
            alpine.map_or(cost.parts.total, |alpine| alpine.month.expected),
        )?;

        own.alpine_month = own.on_alpine;
        if let Some(alpine) = alpine {
            add(&mut own.saving, alpine.joint_saving.expected)?;
            add(&mut own.worth_it_saving, alpine.worth_it_saving.expected)?;
            add(&mut own.worth_it_transfer_saving, alpine.worth_it_transfer_saving)?;
            if let Some(worth) = row.worth {
                own.worth.add(worth, alpine.joint_saving.expected)?;
            }
        }
        own.pulls.add(cost.pulls.source, cost.parts)?;
        own.pulls.of_month(own.parts.total);
        Ok(())
    }

    /// Adds the part of a registry's cost that is not allocated to a repository.
    ///
    /// # Errors
    /// If a sum leaves the range of exact numbers.
    pub(super) fn add_unallocated(&mut self, amount: Money) -> Result<(), MoneyError> {
        let cost = self.cost_in(amount.currency());
        cost.parts.total = cost.parts.total.checked_add(amount)?;
        cost.unallocated = cost.unallocated.checked_add(amount)?;
        cost.on_alpine = cost.on_alpine.checked_add(amount)?;
        cost.alpine_month = cost.on_alpine;
        cost.pulls.of_month(cost.parts.total);
        Ok(())
    }

    fn cost_in(&mut self, currency: Currency) -> &mut GroupCost {
        let place = self
            .costs
            .iter()
            .position(|cost| cost.parts.total.currency() == currency);
        let place = place.unwrap_or_else(|| {
            self.costs.push(GroupCost::zero(currency));
            self.costs.len() - 1
        });
        &mut self.costs[place]
    }
}
