//! The part of a registry that the owner of some of its repositories may see.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::alpine::ConfidenceCounts;
use super::cost::{BookNamed, RegistryCleanUp};
use super::cost_on_alpine::RegistryCostOnAlpine;
use super::document::{RegistryRow, RepositoryRow};
use super::group::{GroupError, GroupRow};
use super::headline::Headline;
use super::pull_basis::PullBasis;
use crate::cost::{CostParts, MoneyEstimate, MonthlyCostParts};
use crate::inventory::DedupScope;
use crate::oci::RegistryName;
use crate::pricing::Period;
use crate::units::{ByteCount, Money};
use crate::whatif::{Estimate, SavingEstimate, Verdict};

/// The part of a registry that some of its repositories make up, in the members of a [`RegistryRow`]. What is shared
/// with other repositories counts by its share, and what says something of the others is left out.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RegistryPart {
    /// The registry.
    pub registry: RegistryName,
    /// How many repositories there are in this part.
    pub repositories: usize,
    /// Their tags.
    pub tags: usize,
    /// What their tags reach, each tag counted alone.
    pub logical_bytes: ByteCount,
    /// Their share of the registry's stored bytes.
    pub stored_bytes: ByteCount,
    /// How many of their manifests no tag reaches, one that several of them hold counted in each; null where the registry
    /// cannot say.
    pub untagged_manifests: Option<usize>,
    /// Where the registry keeps a blob once.
    pub dedup_scope: DedupScope,
    /// When it was last crawled.
    pub as_of: DateTime<Utc>,
    /// What Alpine would change.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alpine: Option<PartOnAlpine>,
    /// Their cost in a month; `None` if the registry has no price book.
    pub cost: Option<PartCost>,
    /// The price book to try first, guessed by the host; `None` if the registry has one.
    pub suggested_price_book: Option<String>,
    /// What to do first.
    pub headline: Headline,
}

/// Some repositories if all of the registry's switched that should. The bounds of their intervals are added up, which
/// makes the sums' wider than they need be.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct PartOnAlpine {
    /// Their share of the bytes stored on Alpine.
    pub stored_bytes: Estimate,
    /// The sum of their joint savings.
    pub saving_bytes: SavingEstimate,
    /// How many of them have which verdict.
    pub verdicts: BTreeMap<Verdict, usize>,
    /// How sure the sizes of those that should switch are.
    pub confidence: ConfidenceCounts,
    /// How many of those that should switch add more to what is stored than they free.
    pub switching_at_a_loss: usize,
}

/// What some repositories cost in a calendar month at the level of their registry's last crawl.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PartCost {
    /// The month.
    pub period: Period,
    /// The price book.
    pub price_book: BookNamed,
    /// Their part of the registry's cost by kind.
    #[serde(flatten, with = "MonthlyCostParts")]
    pub parts: CostParts,
    /// Always null: what deleting everything that no tag reaches would save is not divided among repositories.
    pub clean_up: Option<RegistryCleanUp>,
    /// The unit of stored bytes.
    pub unit: String,
    /// What one more unit throughout the month would cost.
    pub one_more_unit: Money,
    /// How the pulls are known that the transfer rests on.
    #[serde(flatten)]
    pub pulls: PullBasis,
    /// The changes on Alpine; `None` if they were not computed.
    pub alpine: Option<RegistryCostOnAlpine>,
    /// What must be said wherever an amount is shown.
    pub warnings: Vec<String>,
}

impl RegistryPart {
    /// The part of a registry that these of its repositories make up.
    ///
    /// # Errors
    /// If sums leave the range of exact numbers.
    pub fn new(row: &RegistryRow, repositories: &[&RepositoryRow]) -> Result<Self, GroupError> {
        let sums = GroupRow::from_rows(repositories.iter().copied())?;
        let alpine = row.alpine.as_ref().map(|_| PartOnAlpine::new(repositories));
        Ok(Self {
            registry: row.registry.clone(),
            repositories: sums.repositories,
            tags: sums.tags,
            logical_bytes: sums.logical_bytes,
            stored_bytes: sums.attributed_bytes,
            untagged_manifests: repositories.iter().map(|row| row.totals.untagged_manifests).sum(),
            dedup_scope: row.dedup_scope,
            as_of: row.as_of,
            alpine: alpine.transpose()?,
            cost: PartCost::new(row, &sums, repositories)?,
            suggested_price_book: row.suggested_price_book.clone(),
            headline: Headline::new(repositories.iter().copied(), [], row.headline.complete)?,
        })
    }
}

impl PartOnAlpine {
    fn new(repositories: &[&RepositoryRow]) -> Result<Self, GroupError> {
        let mut part = Self::default();
        for judged in repositories.iter().filter_map(|row| row.judged.as_ref()) {
            let saving = judged.alpine.joint_saving_bytes;
            part.stored_bytes = part.stored_bytes.checked_add(judged.alpine.attributed_bytes)?;
            part.saving_bytes = part.saving_bytes.checked_add(saving)?;
            *part.verdicts.entry(judged.verdict).or_default() += 1;
            if judged.verdict == Verdict::Switch
                && let Some(level) = judged.confidence
            {
                part.confidence.add(level);
            }
            let is_loss = judged.verdict == Verdict::Switch && saving.expected < 0;
            part.switching_at_a_loss += usize::from(is_loss);
        }
        Ok(part)
    }
}

impl PartCost {
    fn new(
        row: &RegistryRow,
        sums: &GroupRow,
        repositories: &[&RepositoryRow],
    ) -> Result<Option<Self>, GroupError> {
        let (Some(whole), Some(own)) = (&row.cost, sums.costs.first()) else {
            return Ok(None);
        };
        let alpine = whole.alpine.as_ref().map(|all| -> Result<_, GroupError> {
            let zero = MoneyEstimate::zero(own.parts.total.currency());
            let mut part = RegistryCostOnAlpine {
                month: zero,
                saving: zero,
                worth_it_saving: zero,
                worth: own.worth.clone(),
                ..all.clone()
            };
            let costs = repositories.iter().filter_map(|row| row.cost.as_ref());
            for moved in costs.filter_map(|cost| cost.alpine.as_ref()) {
                part.month = part.month.checked_add(moved.month)?;
                part.saving = part.saving.checked_add(moved.joint_saving)?;
                part.worth_it_saving = part.worth_it_saving.checked_add(moved.worth_it_saving)?;
            }
            Ok(part)
        });
        Ok(Some(Self {
            period: whole.period,
            price_book: whole.price_book.clone(),
            parts: own.parts,
            clean_up: None,
            unit: whole.unit.clone(),
            one_more_unit: whole.one_more_unit,
            pulls: own.pulls.clone(),
            alpine: alpine.transpose()?,
            warnings: whole.warnings.clone(),
        }))
    }
}

/// Replaces what each registry stores by what a part of it stores, and gives the sum.
pub(super) fn stored_of_part<'r>(
    registries: impl Iterator<Item = (&'r RegistryName, &'r mut ByteCount)>,
    part: &BTreeMap<RegistryName, ByteCount>,
) -> ByteCount {
    let own = registries.map(|(registry, bytes)| {
        *bytes = part.get(registry).copied().unwrap_or_default();
        *bytes
    });
    own.fold(ByteCount::ZERO, |sum, bytes| {
        sum.checked_add(bytes).unwrap_or(ByteCount::MAX)
    })
}
