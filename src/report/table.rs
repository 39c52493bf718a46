//! A report for people.

use super::cells::grouped;
use super::document::{NoteKind, RegistryRow, Report};
use super::{alpine_table, cost_table, image_table, reconciliation, storage_table, summary_table};
use crate::oci::text::printable;
use crate::wording::wrapped;

/// What the table of a report is about.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum View {
    /// The most important figures of all others.
    #[default]
    Summary,
    /// What is stored, and who shares it.
    Storage,
    /// What Alpine would change in bytes.
    Alpine,
    /// What a month costs, and what Alpine would save of it.
    Cost,
    /// What the registries report themselves, compared with what is counted.
    Reconciliation,
}

/// The report for people: what to do first, what each registry holds in a few lines, then one table that starts with the totals, then what
/// its columns mean and what must be known about the figures. No line is longer than `width` characters.
pub fn table(report: &Report, view: View, width: usize) -> String {
    let mut text = wrapped(&report.headline.text, width) + "\n\n";
    if let Some(arrival) = &report.headline.arrival {
        text.push_str(&wrapped(&arrival.text, width));
        text.push_str("\n\n");
    }
    for registry in &report.registries {
        text.push_str(&wrapped(&heading(registry), width));
        text.push('\n');
        text.push_str(&in_words(registry, view, width));
    }
    if let Some(forecast) = &report.forecast {
        for sentence in forecast.sentences() {
            text.push_str(&wrapped(sentence, width));
            text.push('\n');
        }
    }
    text.push('\n');
    match &report.images {
        Some(images) => {
            text.push_str(&image_table::rows(images, report.registries.len() > 1, width));
            text.push_str(&wrapped(image_table::LEGEND, width));
        }
        None => text.push_str(&rows(report, view, width)),
    }
    text.push_str(&notes(report, width));
    text.push_str(&missing_costs(report, width));
    text
}

fn rows(report: &Report, view: View, width: usize) -> String {
    let (rows, legend) = match view {
        View::Summary => (
            summary_table::rows(report, width),
            summary_table::legend(report, width),
        ),
        View::Storage => (
            storage_table::rows(report, width),
            storage_table::legend(report, width),
        ),
        View::Alpine => (
            alpine_table::rows(report, width),
            wrapped(alpine_table::LEGEND, width),
        ),
        // Without a price book there is no row; the last line says what to do.
        View::Cost if report.registries.iter().all(|registry| registry.cost.is_none()) => {
            return String::new();
        }
        View::Cost => (
            cost_table::rows(report, width),
            wrapped(cost_table::LEGEND, width),
        ),
        View::Reconciliation => (
            reconciliation::rows(report, width),
            wrapped(reconciliation::legend(report), width),
        ),
    };
    rows + &legend
}

fn heading(registry: &RegistryRow) -> String {
    let totals = &registry.totals;
    format!(
        "{} on {} UTC: {} repositories, {} tags, {} images.",
        registry.registry,
        registry.as_of.format("%Y-%m-%d %H:%M"),
        grouped(totals.repositories),
        grouped(totals.tags),
        grouped(totals.images),
    )
}

fn in_words(registry: &RegistryRow, view: View, width: usize) -> String {
    match view {
        View::Summary => summary_table::in_words(registry, width),
        View::Storage => storage_table::in_words(registry, width),
        View::Alpine => {
            let alpine = registry.alpine.as_ref();
            alpine.map_or_else(String::new, |alpine| {
                alpine_table::in_words(registry, alpine, width)
            })
        }
        View::Cost => {
            let cost = registry.cost.as_ref();
            cost.map_or_else(String::new, |cost| cost_table::in_words(cost, width))
        }
        View::Reconciliation => {
            let own = registry.reconciliation.as_ref();
            own.map_or_else(String::new, |own| wrapped(&own.text, width) + "\n")
        }
    }
}

fn notes(report: &Report, width: usize) -> String {
    let name_registry = report.registries.len() > 1;
    let mut text = String::new();
    for note in &report.notes {
        let registry = match name_registry || note.kind == NoteKind::LeftOut {
            true => format!("{}: ", note.registry),
            false => String::new(),
        };
        let note = format!("\nNote: {registry}{}", printable(&note.note));
        text.push_str(&wrapped(&note, width));
    }
    if !report.notes.is_empty() {
        text.push('\n');
    }
    text
}

/// The command that brings costs, for each registry without a price book; nothing where all have one.
fn missing_costs(report: &Report, width: usize) -> String {
    let suggested: Vec<(&RegistryRow, &str)> = report
        .registries
        .iter()
        .filter_map(|registry| Some((registry, registry.suggested_price_book.as_deref()?)))
        .collect();
    let Some((_, first)) = suggested.first() else {
        return String::new();
    };
    let is_one_for_all =
        suggested.len() == report.registries.len() && suggested.iter().all(|(_, book)| book == first);
    let commands: Vec<String> = match is_one_for_all {
        true => vec![format!("No costs: tare report --price-book {first}")],
        false => suggested
            .into_iter()
            .map(|(row, book)| {
                let name = &row.registry;
                format!("No costs of {name}: tare report --registry {name} --price-book {book}")
            })
            .collect(),
    };
    format!("\n{}\n", wrapped(&commands.join("\n"), width))
}
