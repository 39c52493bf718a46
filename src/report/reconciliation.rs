//! What a registry itself reports, compared with what is counted.

use super::analysed_registry::AnalysedRegistry;
use super::cells::signed;
use super::content::LastCrawl;
use super::document::Report;
use super::error::ReportError;
use super::inputs::AnalysisInputs;
use super::rows::Rows;
use super::text_table::Column;
use crate::inventory::{Reconciliation, ReconciliationFacts, converted_bytes, pushed_since};

impl AnalysedRegistry {
    /// The comparison; `None` if no figure of the registry's own is known.
    ///
    /// # Errors
    /// If sizes overflow.
    pub(super) fn reconciliation(
        &self,
        inputs: &AnalysisInputs,
    ) -> Result<Option<Reconciliation>, ReportError> {
        let name = self.name();
        let Some(own) = inputs.reported_usage.get(name) else {
            return Ok(None);
        };
        let overflow = || ReportError::overflow(name);
        let (source, inventory) = (&self.content.source, &self.content.inventory);
        let totals = &self.accounting.registry;
        let mut repositories = inventory.repositories.iter();
        let pushed = match own.usage.read_at {
            Some(read_at) => pushed_since(inventory, read_at).map_err(overflow())?,
            None => None,
        };
        let facts = ReconciliationFacts {
            stored: totals.stored_bytes,
            stored_bounds: totals.stored_bytes_bounds,
            untagged: totals.untagged_bytes,
            lists_all_manifests: repositories
                .all(|repository| repository.untagged.is_some() || repository.tags.is_empty()),
            converted: converted_bytes(inventory).map_err(overflow())?,
            is_azure: own.is_azure,
            soft_deleted: source.soft_deleted,
            replicas: inputs.costs.terms(name).map_or(0, |terms| terms.replicas.len()),
            is_partly_read: own.is_partly_read
                || source.unread_manifests > 0
                || source.last_crawl != LastCrawl::Complete,
            counts_missing_tags: source.missing_tags > 0,
            as_of: source.as_of,
            pushed_since: pushed,
        };
        Reconciliation::new(&own.usage, &facts)
            .map(Some)
            .map_err(overflow())
    }
}

/// The comparison as a table: a row for what is counted, for each cause and for what is reported.
pub(super) fn rows(report: &Report, width: usize) -> String {
    const COLUMNS: [Column; 4] = [
        Column::text("WHAT"),
        Column::number("BYTES"),
        Column::number("AT LEAST"),
        Column::number("AT MOST"),
    ];
    let mut table = Rows::new(&COLUMNS, report.registries.len() > 1);
    for registry in &report.registries {
        let Some(own) = &registry.reconciliation else {
            continue;
        };
        let name = registry.registry.as_str();
        let total = |what: &str, bytes: String| vec![what.to_owned(), bytes, String::new(), String::new()];
        table.add(name, total("counted", own.counted_bytes.to_string()));
        for part in &own.parts {
            let bound = |bound: Option<i64>| bound.map_or_else(|| "unknown".to_owned(), signed);
            table.add(
                name,
                vec![
                    part.text.clone(),
                    signed(part.bytes),
                    bound(part.low),
                    bound(part.high),
                ],
            );
        }
        table.add(
            name,
            total("reported by the registry", own.reported_bytes.to_string()),
        );
    }
    match report
        .registries
        .iter()
        .any(|registry| registry.reconciliation.is_some())
    {
        true => table.text(width),
        false => String::new(),
    }
}

/// What the rows mean, or what is missing.
pub(super) fn legend(report: &Report) -> &'static str {
    match report
        .registries
        .iter()
        .any(|registry| registry.reconciliation.is_some())
    {
        true => {
            "\nWhat is counted and the rows below it add up to what the registry reports. At least, at most: the bounds of \
             what is not known exactly.\n"
        }
        false => {
            "No figure of a registry's own is known: set reported_usage in [[registry]] to a number or to a file with its \
             answer, such as that of az acr show-usage.\n"
        }
    }
}
