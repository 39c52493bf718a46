use super::charges::one_currency;
use super::error::CostError;
use super::parts::CleanUp;
use super::plan::CostPlan;
use super::usage::RegistryUsage;
use crate::oci::RegistryName;
use crate::pricing::{ByteHistory, Period, bill, saving};
use crate::units::{ByteCount, Money};

/// What a registry stores, and what of it is to be deleted.
#[derive(Debug, Clone, Copy)]
pub struct StorageChange {
    /// The stored bytes before, with those that no tag reaches.
    pub stored: ByteCount,
    /// The bytes that are freed.
    pub freed: ByteCount,
    /// How many repositories the registry has.
    pub repositories: usize,
}

/// What a registry's bill drops if it stores less; `None` if it has no price book. The whole registry is billed before and
/// after, so quota and tiers count. What it moves stays as it is.
///
/// # Errors
/// If the book is not there or does not fit the usage.
pub fn storage_saving(
    plan: &CostPlan,
    registry: &RegistryName,
    change: StorageChange,
    period: Period,
) -> Result<Option<CleanUp>, CostError> {
    let Some(terms) = plan.terms(registry) else {
        return Ok(None);
    };
    let books = plan.books.over(&terms.book, period)?;
    let usage = RegistryUsage {
        registry: registry.clone(),
        stored: ByteHistory::constant(change.stored),
        tagged: None,
        alpine: None,
        repositories: Vec::new(),
        total_pulls: None,
    };
    let mut before = terms.history(&usage);
    before.repositories = change.repositories as u64;
    let left = change.stored.get().saturating_sub(change.freed.get());
    let after = before.with_stored(ByteHistory::constant(
        left.try_into()
            .map_err(|_| crate::pricing::PricingError::Overflow)?,
    ));
    let mut saved = Money::zero(one_currency(&terms.book, &books)?);
    let mut nothing_saved_because = None;
    for (period, book) in books {
        let saving = saving(&bill(book, &before, period)?, &bill(book, &after, period)?)?;
        saved = saved.checked_add(saving.amount)?;
        nothing_saved_because = saving.nothing_because.or(nothing_saved_because);
    }
    Ok(Some(CleanUp {
        nothing_saved_because: nothing_saved_because.filter(|_| saved.is_zero()),
        saving: saved,
    }))
}
