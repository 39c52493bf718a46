//! A clean-up for people.

use std::fmt::Write as _;

use super::answer::{Cleanup, CleanupTag};
use crate::oci::text::printable;
use crate::report::cells::{grouped, per_cent};
use crate::report::text_table::{Column, TextTable};
use crate::wording::wrapped;

/// The clean-up for people, in lines of at most `width` characters: what is freed, what of it is in use, then rules,
/// repositories and at most `limit` of the other tags.
pub fn cleanup_table(answer: &Cleanup, limit: usize, width: usize) -> String {
    let mut text = wrapped(&summary(answer), width);
    text.push('\n');
    let (lately, others): (Vec<_>, Vec<_>) = answer.tags.iter().partition(|tag| tag.pulled_lately);
    if !lately.is_empty() {
        text.push_str("\nThese tags go although they were pulled in the last 30 days:\n\n");
        text.push_str(&tags(&lately, width));
    }
    if answer.rules.len() > 1 {
        text.push_str("\nEach rule alone:\n\n");
        let mut table = TextTable::new([Column::text("RULE").shortened_to(24), Column::number("FREES")]);
        for rule in &answer.rules {
            table.add([printable(&rule.rule), rule.alone_bytes.to_string()]);
        }
        text.push_str(&table.text(width));
    }
    if !answer.repositories.is_empty() {
        text.push('\n');
        text.push_str(&repositories(answer, width));
    }
    if !others.is_empty() {
        text.push('\n');
        let shown = &others[..others.len().min(limit)];
        text.push_str(&tags(shown, width));
        if shown.len() < others.len() {
            let more = grouped(others.len() - shown.len());
            // Writing to a string cannot fail.
            let _ = writeln!(text, "and {more} more; --limit, JSON and CSV show all");
        }
    }
    for note in &answer.notes {
        text.push('\n');
        text.push_str(&wrapped(&printable(note), width));
        text.push('\n');
    }
    text
}

fn summary(answer: &Cleanup) -> String {
    if answer.tags.is_empty() && answer.manifests == 0 {
        return format!(
            "Nothing goes; {} stay stored. Nothing was deleted.",
            answer.stored_bytes
        );
    }
    let number = |count: usize, one: &str, more: &str| match count {
        1 => format!("1 {one}"),
        _ => format!("{} {more}", grouped(count)),
    };
    let mut text = format!("Frees {} of {}", answer.freed_bytes, answer.stored_bytes);
    if let Some(share) = per_cent(answer.freed_bytes, answer.stored_bytes) {
        let _ = write!(text, " ({share} %)");
    }
    let reasons: Vec<&str> = answer
        .registries
        .iter()
        .filter_map(|row| row.nothing_saved_because.as_deref())
        .collect();
    match (answer.freed_cost, reasons.first()) {
        (Some(cost), Some(because)) if cost.is_zero() => {
            let _ = write!(text, ", which saves nothing, because {because}");
        }
        (Some(cost), _) => {
            let _ = write!(text, " and {cost} a month");
        }
        (None, _) => {}
    }
    let _ = write!(
        text,
        ": {} and {} go",
        number(answer.tags.len(), "tag", "tags"),
        number(answer.manifests, "manifest", "manifests")
    );
    if answer.untagged_manifests > 0 {
        let _ = write!(
            text,
            ", {} of which had no tag",
            grouped(answer.untagged_manifests)
        );
    }
    text.push_str(". Nothing was deleted: this is a simulation.");
    text
}

fn repositories(answer: &Cleanup, width: usize) -> String {
    let mut table = TextTable::new([
        Column::text("REPOSITORY").shortened_to(24),
        Column::text("COST CENTRE").shortened_to(12).optional(4),
        Column::number("TAGS"),
        Column::number("KEPT").optional(2),
        Column::number("MANIFESTS").optional(3),
        Column::number("FREED"),
        Column::number("MONTH").optional(1),
    ]);
    let mut rows: Vec<_> = answer.repositories.iter().collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.freed_bytes));
    for row in rows {
        table.add([
            row.repository.to_string(),
            row.cost_centre.as_deref().map(printable).unwrap_or_default(),
            grouped(row.tags),
            grouped(row.kept_tags),
            grouped(row.manifests),
            row.freed_bytes.to_string(),
            row.freed_cost.map(|cost| cost.to_string()).unwrap_or_default(),
        ]);
    }
    table.text(width)
}

fn tags(tags: &[&CleanupTag], width: usize) -> String {
    let mut table = TextTable::new([
        Column::text("TAG").shortened_to(24),
        Column::text("BECAUSE").shortened_to(16),
        Column::text("LAST PULL").optional(1),
    ]);
    for tag in tags {
        table.add([
            format!("{}:{}", tag.repository, tag.tag),
            printable(&tag.reason),
            tag.last_pull.map(|day| day.to_string()).unwrap_or_default(),
        ]);
    }
    table.text(width)
}
