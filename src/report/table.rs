use std::fmt::Write;

use super::cells::{grouped, per_cent, times, wrapped};
use super::document::{RegistryRow, Report};
use super::rows::Rows;
use super::{alpine_table, cost_table, image_table};
use crate::inventory::DedupScope;
use crate::oci::text::printable;
use crate::units::ByteCount;

/// The longest line of text, in characters. Our choice: fits into 120 columns.
const LINE: usize = 118;

/// The report for people: what to do first, what each registry holds in a sentence or two, then a table that starts with
/// the totals, then what its columns mean and what must be known about the figures.
///
/// The columns Tags, Logical and Attributed add up; what a limit leaves out stands in a row of its own.
pub fn table(report: &Report) -> String {
    let mut text = wrapped(&report.headline.text, LINE) + "\n\n";
    if let Some(arrival) = &report.headline.arrival {
        text.push_str(&wrapped(&arrival.text, LINE));
        text.push_str("\n\n");
    }
    for registry in &report.registries {
        text.push_str(&in_words(registry));
        if let Some(alpine) = &registry.alpine {
            text.push_str(&alpine_table::in_words(registry, alpine));
        }
        if let Some(cost) = &registry.cost {
            text.push_str(&cost_table::in_words(cost));
        }
    }
    if let Some(forecast) = &report.forecast {
        for sentence in forecast.sentences() {
            text.push_str(&wrapped(sentence, LINE));
            text.push('\n');
        }
    }
    text.push('\n');
    if let Some(images) = &report.images {
        text.push_str(&image_table::rows(images, report.registries.len() > 1));
        text.push_str(image_table::LEGEND);
        text.push_str(&notes(report));
        return text;
    }
    text.push_str(&rows(report));
    text.push_str(
        "\nLogical: each tag counted alone. Stored: everything the repository uses, once. Exclusive: what \
         deleting it frees.\nAttributed: its fair share, each blob divided evenly among the repositories \
         that use it; this column adds up to what is stored.\n",
    );
    if names_untagged(report) {
        text.push_str("Untagged: stored in addition, but reached by no tag; this column adds up, too.\n");
    }
    if report.registries.iter().any(|registry| registry.alpine.is_some()) {
        text.push('\n');
        text.push_str(&alpine_table::rows(report));
        text.push_str(alpine_table::LEGEND);
    }
    if report.registries.iter().any(|registry| registry.cost.is_some()) {
        text.push('\n');
        text.push_str(&cost_table::rows(report));
        text.push_str(cost_table::LEGEND);
    }
    text.push_str(&notes(report));
    text
}

fn notes(report: &Report) -> String {
    let mut text = String::new();
    let name_registry = report.registries.len() > 1;
    for note in &report.notes {
        text.push_str("\nNote: ");
        if name_registry {
            text.push_str(note.registry.as_str());
            text.push_str(": ");
        }
        text.push_str(&printable(&note.note));
    }
    if !report.notes.is_empty() {
        text.push('\n');
    }
    text
}

fn in_words(registry: &RegistryRow) -> String {
    let totals = &registry.totals;
    let mut text = format!(
        "{} on {} UTC: {} repositories, {} tags, {} images ({} manifests), {} blobs.\n",
        registry.registry,
        registry.as_of.format("%Y-%m-%d %H:%M"),
        grouped(totals.repositories),
        grouped(totals.tags),
        grouped(totals.images),
        grouped(totals.manifests),
        grouped(totals.blobs),
    );
    let stored_once = match registry.dedup_scope {
        DedupScope::Registry => "however many tags and repositories use it",
        DedupScope::Repository | DedupScope::Mounted => "per repository, however many of its tags use it",
    };
    let sum = match times(totals.logical_bytes, totals.stored_bytes) {
        None => "It stores nothing.".to_owned(),
        Some(ratio) if ratio == "1.0" => format!(
            "It stores {}. Adding up all tags gives the same, because they share almost nothing.",
            totals.stored_bytes
        ),
        Some(ratio) => format!(
            "It stores {}. Adding up all tags gives {}, {ratio} times as much, because a layer is stored once \
             {stored_once}.",
            totals.stored_bytes, totals.logical_bytes
        ),
    };
    text.push_str(&sum);
    text.push('\n');
    if let Some(bounds) = bounds_in_words(registry) {
        text.push_str(&bounds);
        text.push('\n');
    }
    if let Some(untagged) = untagged_in_words(registry) {
        text.push_str(&untagged);
        text.push('\n');
    }
    text
}

/// What may be stored if repositories mount layers of each other; `None` if that makes no difference.
fn bounds_in_words(registry: &RegistryRow) -> Option<String> {
    let bounds = registry.totals.stored_bytes_bounds?;
    if bounds.lowest == bounds.highest {
        return None;
    }
    let (lowest, highest) = (bounds.lowest, bounds.highest);
    Some(match registry.dedup_scope {
        DedupScope::Mounted => format!(
            "Repositories may mount layers of each other, which a client cannot see: between {lowest} (everything in \
             common is shared) and {highest} (nothing is) are stored. The figures assume {highest}."
        ),
        DedupScope::Repository | DedupScope::Registry => format!(
            "This assumes that no repository mounts layers of another (blob mounting, off by default). If it is on, at \
             least {lowest} is stored: set dedup_scope = \"mounted\"."
        ),
    })
}

/// Untagged content, and what deleting it would save; `None` if unknown.
fn untagged_in_words(registry: &RegistryRow) -> Option<String> {
    let totals = &registry.totals;
    let (bytes, manifests) = totals.untagged_bytes.zip(totals.untagged_manifests)?;
    if manifests == 0 {
        return Some("There are no untagged manifests.".to_owned());
    }
    let manifests = match manifests {
        1 => "1 manifest".to_owned(),
        more => format!("{} manifests", grouped(more)),
    };
    let mut text = format!("Another {bytes} is untagged ({manifests})");
    let cost = registry.cost.as_ref();
    match cost.and_then(|cost| cost.clean_up.as_ref()) {
        None => text.push('.'),
        Some(clean_up) => {
            // Writing to a string cannot fail.
            let _ = match &clean_up.nothing_saved_because {
                None => write!(text, "; deleting it would save {} a month.", clean_up.saving),
                Some(because) => write!(text, "; deleting it would save nothing, because {because}."),
            };
        }
    }
    Some(text)
}

/// Whether any registry says what no tag reaches.
fn names_untagged(report: &Report) -> bool {
    let mut registries = report.registries.iter();
    registries.any(|registry| registry.totals.untagged_bytes.is_some())
}

fn rows(report: &Report) -> String {
    let name_registry = report.registries.len() > 1;
    let sum = |of: fn(&RegistryRow) -> u64| -> u128 {
        report
            .registries
            .iter()
            .map(|registry| u128::from(of(registry)))
            .sum()
    };
    // Registries share no blobs with each other, so their stored bytes may be added up.
    let stored = sum(|registry| registry.totals.stored_bytes.get());
    let stored = ByteCount::try_from(stored).unwrap_or(ByteCount::MAX);
    let share = |bytes: ByteCount| {
        per_cent(bytes, stored)
            .map(|share| format!("{share} %"))
            .unwrap_or_default()
    };

    let header = [
        "REPOSITORY",
        "TAGS",
        "IMAGES",
        "LOGICAL",
        "STORED",
        "EXCLUSIVE",
        "ATTRIBUTED",
        "SHARE",
        "UNTAGGED",
    ];
    let columns = header.len() - usize::from(!names_untagged(report));
    let header = &header[..columns];
    let add = |table: &mut Rows, registry: &str, mut cells: Vec<String>, untagged: Option<ByteCount>| {
        cells.push(untagged.map(|bytes| bytes.to_string()).unwrap_or_default());
        cells.truncate(columns);
        table.add(registry, cells);
    };
    let mut table = Rows::new(header, 1, name_registry);

    for registry in &report.registries {
        let totals = &registry.totals;
        let cells = vec![
            format!("all {} repositories", grouped(totals.repositories)),
            grouped(totals.tags),
            grouped(totals.images),
            totals.logical_bytes.to_string(),
            totals.stored_bytes.to_string(),
            String::new(),
            totals.stored_bytes.to_string(),
            share(totals.stored_bytes),
        ];
        add(
            &mut table,
            registry.registry.as_str(),
            cells,
            totals.untagged_bytes,
        );
    }
    for row in &report.repositories {
        let totals = &row.totals;
        let cells = vec![
            printable(totals.repository.as_str()),
            grouped(totals.tags),
            grouped(totals.images),
            totals.logical_bytes.to_string(),
            totals.stored_bytes.to_string(),
            totals.exclusive_bytes.to_string(),
            totals.attributed_bytes.to_string(),
            share(totals.attributed_bytes),
        ];
        add(&mut table, row.registry.as_str(), cells, totals.untagged_bytes);
    }
    if let Some(others) = &report.others {
        let cells = vec![
            format!("other {} repositories", grouped(others.repositories)),
            grouped(others.tags),
            String::new(),
            others.logical_bytes.to_string(),
            String::new(),
            String::new(),
            others.attributed_bytes.to_string(),
            share(others.attributed_bytes),
        ];
        add(&mut table, "", cells, others.untagged_bytes);
    }
    table.text()
}
