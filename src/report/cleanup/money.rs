//! What a clean-up saves, divided among repositories.

use crate::cleanup::{CleanupResult, RepositoryResult};
use crate::cost::{CleanUp, CostError, CostPlan, StorageChange, storage_saving};
use crate::pricing::Period;
use crate::report::RegistryContent;
use crate::units::{ByteCount, Money};

/// What freeing so many bytes saves a registry in the month of its last crawl; `None` if it has no price book.
pub(super) fn saving(
    content: &RegistryContent,
    plan: &CostPlan,
    stored: ByteCount,
    freed: ByteCount,
) -> Result<Option<CleanUp>, CostError> {
    let month = Period::month_containing(content.source.as_of.date_naive());
    let month = month.map_err(|_| CostError::EndOfCalendar)?;
    let change = StorageChange {
        stored,
        freed,
        repositories: content.inventory.repositories.len(),
    };
    storage_saving(plan, &content.source.registry, change, month)
}

/// Each repository's part of a registry's saving, by its part of the freed bytes. The parts add up to the saving.
pub(super) fn parts(result: &CleanupResult, saving: Money) -> Result<Vec<Money>, CostError> {
    let freed = |repository: &RepositoryResult| i128::from(repository.freed.get());
    let weights: Vec<i128> = result.repositories.iter().map(freed).collect();
    if saving.is_zero() || weights.iter().all(|&weight| weight == 0) {
        return Ok(vec![Money::zero(saving.currency()); weights.len()]);
    }
    Ok(saving.divide(&weights)?)
}
