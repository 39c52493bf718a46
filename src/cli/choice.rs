//! What the options of several commands choose: registries, repositories, a price book.

use super::outcome::UsageError;
use crate::config::RegistryAddress;
use crate::cost::RegistryTerms;
use crate::oci::{RegistryName, RepositoryPatterns};
use crate::report::AnalysisInputs;

/// The registries at these addresses.
pub(super) fn registry_names(addresses: &[RegistryAddress]) -> Vec<RegistryName> {
    let names = addresses.iter().map(RegistryAddress::registry);
    names.cloned().collect()
}

/// The patterns of `--repository`; `None` without any.
///
/// # Errors
/// If a pattern is invalid.
pub(super) fn repositories(patterns: &[String]) -> Result<Option<RepositoryPatterns>, UsageError> {
    if patterns.is_empty() {
        return Ok(None);
    }
    RepositoryPatterns::new(patterns)
        .map(Some)
        .map_err(|error| UsageError(format!("--repository: {error}")))
}

/// Puts the price book of `--price-book`, if there is one, in place of those of the settings.
///
/// # Errors
/// If no such price book is known.
pub(super) fn use_price_book(inputs: &mut AnalysisInputs, book: Option<&str>) -> Result<(), UsageError> {
    if let Some(book) = book {
        let editions = inputs.costs.books.editions(book);
        editions.map_err(|unknown| UsageError(format!("--price-book: {unknown}")))?;
        inputs.costs.registries = vec![RegistryTerms::everywhere(book)];
    }
    Ok(())
}
