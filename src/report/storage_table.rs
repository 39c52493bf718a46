//! What registries and repositories store, for people.

use std::fmt::Write;

use super::cells::{grouped, per_cent, times};
use super::document::{RegistryRow, Report};
use super::rows::{REPOSITORY, Rows};
use super::text_table::Column;
use crate::inventory::DedupScope;
use crate::oci::text::printable;
use crate::units::ByteCount;
use crate::wording::wrapped;

/// What a registry stores, why a sum over tags says something else, and what no tag reaches.
pub(super) fn in_words(registry: &RegistryRow, width: usize) -> String {
    let totals = &registry.totals;
    let stored_once = match registry.dedup_scope {
        DedupScope::Registry => "however many tags and repositories use it",
        DedupScope::Repository | DedupScope::Mounted => "per repository, however many of its tags use it",
    };
    let mut text = match times(totals.logical_bytes, totals.stored_bytes) {
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
    // Writing to a string cannot fail.
    let _ = write!(
        text,
        " It has {} manifests and {} blobs.",
        grouped(totals.manifests),
        grouped(totals.blobs)
    );
    let own_figure = registry.reconciliation.as_ref().map(|own| own.text.clone());
    for sentence in [bounds_in_words(registry), untagged_in_words(registry), own_figure]
        .into_iter()
        .flatten()
    {
        text.push(' ');
        text.push_str(&sentence);
    }
    wrapped(&text, width) + "\n"
}

/// What the columns mean.
pub(super) fn legend(report: &Report, width: usize) -> String {
    let mut text = "\nLogical: each tag counted alone. Stored: everything the repository uses, once. Exclusive: what \
                    deleting it frees. Attributed: its fair share, each blob divided evenly among the repositories that \
                    use it; this column adds up to what is stored."
        .to_owned();
    if names_untagged(report) {
        text.push_str(" Untagged: stored in addition, but reached by no tag; this column adds up, too.");
    }
    wrapped(&text, width) + "\n"
}

/// What may be stored if repositories mount layers of each other; `None` if that makes no difference.
pub(super) fn bounds_in_words(registry: &RegistryRow) -> Option<String> {
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
pub(super) fn untagged_in_words(registry: &RegistryRow) -> Option<String> {
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
    if let Some(age) = age_in_words(registry) {
        text.push(' ');
        text.push_str(&age);
    }
    Some(text)
}

/// How old untagged content is, in a sentence; `None` if the registry does not say.
fn age_in_words(registry: &RegistryRow) -> Option<String> {
    let ages = registry.untagged_ages.as_ref()?;
    let oldest = (registry.as_of - ages.oldest?).num_days();
    let oldest = match oldest {
        ..=0 => "The oldest manifest has not changed for less than a day".to_owned(),
        1 => "The oldest manifest has not changed for 1 day".to_owned(),
        days => format!("The oldest manifest has not changed for {days} days"),
    };
    let old = ages
        .older_than
        .iter()
        .find(|row| row.days == 30 && row.manifests > 0);
    Some(match old {
        Some(old) => format!("{oldest}; {} has not changed for 30 days or more.", old.bytes),
        None => format!("{oldest}."),
    })
}

/// Whether any registry says what no tag reaches.
pub(super) fn names_untagged(report: &Report) -> bool {
    let mut registries = report.registries.iter();
    registries.any(|registry| registry.totals.untagged_bytes.is_some())
}

/// The stored bytes of all registries, which share no blobs with each other.
fn stored(report: &Report) -> ByteCount {
    let stored = report
        .registries
        .iter()
        .map(|registry| registry.totals.stored_bytes);
    ByteCount::checked_sum(stored).unwrap_or(ByteCount::MAX)
}

/// A share of all stored bytes, in per cent.
pub(super) fn share(report: &Report) -> impl Fn(ByteCount) -> String {
    let stored = stored(report);
    move |bytes| {
        per_cent(bytes, stored)
            .map(|share| format!("{share} %"))
            .unwrap_or_default()
    }
}

pub(super) fn rows(report: &Report, width: usize) -> String {
    const COLUMNS: [Column; 9] = [
        REPOSITORY,
        Column::number("TAGS").optional(3),
        Column::number("IMAGES").optional(6),
        Column::number("LOGICAL").optional(4),
        Column::number("STORED").optional(2),
        Column::number("EXCLUSIVE").optional(1),
        Column::number("ATTRIBUTED"),
        Column::number("SHARE").optional(5),
        Column::number("UNTAGGED").optional(1),
    ];
    let columns = COLUMNS.len() - usize::from(!names_untagged(report));
    let share = share(report);
    let add = |table: &mut Rows, registry: &str, mut cells: Vec<String>, untagged: Option<ByteCount>| {
        cells.push(untagged.map(|bytes| bytes.to_string()).unwrap_or_default());
        cells.truncate(columns);
        table.add(registry, cells);
    };
    let mut table = Rows::new(&COLUMNS[..columns], report.registries.len() > 1);
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
        let name = registry.registry.as_str();
        add(&mut table, name, cells, totals.untagged_bytes);
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
    table.text(width)
}
