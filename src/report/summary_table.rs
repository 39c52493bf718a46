//! A report in short, for people: a row for each repository with the most important figures.

use std::fmt::Write;

use super::alpine_table::{self, base, verdict};
use super::cells::{grouped, interval, per_cent, signed, times};
use super::cost_table::{LineKind, Lines, amount, likely, payback, rounded, saving_range};
use super::document::{Others, RegistryRow, Report, RepositoryRow};
use super::rows::{REPOSITORY, Rows};
use super::storage_table;
use super::text_table::Column;
use crate::oci::text::printable;
use crate::units::ByteCount;
use crate::whatif::{SavingEstimate, Verdict};
use crate::wording::wrapped;

/// A registry in a line each: what it stores, what Alpine would change, what it costs.
pub(super) fn in_words(registry: &RegistryRow, width: usize) -> String {
    let totals = &registry.totals;
    let mut text = format!("  Stored: {}", totals.stored_bytes);
    // Writing to a string cannot fail, here and below.
    if let Some(ratio) = times(totals.logical_bytes, totals.stored_bytes).filter(|ratio| ratio != "1.0") {
        let _ = write!(
            text,
            "; a sum over tags says {}, {ratio} times that, because it counts shared layers again",
            totals.logical_bytes
        );
    }
    text.push_str(".\n");
    if let Some(bounds) = storage_table::bounds_in_words(registry) {
        let _ = writeln!(text, "  {bounds}");
    }
    if totals.untagged_manifests.is_some_and(|manifests| manifests > 0)
        && let Some(untagged) = storage_table::untagged_in_words(registry)
    {
        let _ = writeln!(text, "  {untagged}");
    }
    if let Some(own) = &registry.reconciliation {
        let _ = writeln!(text, "  {}", own.text);
    }
    if let Some(alpine) = &registry.alpine {
        let saving = alpine.saving_bytes;
        let switching = alpine.verdicts.get(&Verdict::Switch).copied().unwrap_or(0);
        let _ = match switching {
            0 => writeln!(text, "  On Alpine: no repository should switch."),
            _ => writeln!(
                text,
                "  On Alpine: {}, {} less{} (likely {}), if {} switch.",
                alpine.stored_bytes.expected,
                signed(saving.expected),
                share_of(saving.expected, totals.stored_bytes),
                interval(saving.low, saving.high),
                alpine_table::repositories(switching),
            ),
        };
    }
    if let Some(cost) = &registry.cost {
        let _ = write!(
            text,
            "  Costs: {} in {} by {}",
            cost.parts.total,
            cost.period.start().format("%B %Y"),
            printable(&cost.price_book.id)
        );
        if let Some(alpine) = &cost.alpine {
            let _ = match &alpine.nothing_saved_because {
                Some(because) => write!(text, "; on Alpine nothing is saved, because {because}"),
                None => write!(
                    text,
                    "; on Alpine {}, {} less ({})",
                    alpine.month.expected,
                    alpine.saving.expected,
                    saving_range(cost, alpine.saving)
                ),
            };
        }
        text.push_str(".\n");
    }
    wrapped(&text, width)
}

fn share_of(saved: i64, stored: ByteCount) -> String {
    ByteCount::try_from(saved)
        .ok()
        .and_then(|saved| per_cent(saved, stored))
        .map(|share| format!(", {share} %"))
        .unwrap_or_default()
}

/// What the columns mean, and where there is more.
pub(super) fn legend(report: &Report, width: usize) -> String {
    let mut text = String::from("\nAttributed: the fair share of what is stored.");
    if has_alpine(report) {
        text.push_str(" Freed: how much less that is if all that should switch do.");
    }
    if has_costs(report) {
        text.push_str(
            " Month: cost of a calendar month at today's level, estimated, not an invoice. Saves: how much less on Alpine.",
        );
    }
    text.push_str(" More: --view storage, alpine or cost; tare explain REPOSITORY:TAG");
    wrapped(&text, width) + "\n"
}

fn has_alpine(report: &Report) -> bool {
    report.registries.iter().any(|registry| registry.alpine.is_some())
}

fn has_costs(report: &Report) -> bool {
    report.registries.iter().any(|registry| registry.cost.is_some())
}

/// How many cells of a row are about bytes and verdicts; those about money follow.
const BYTE_CELLS: usize = 10;

/// The figures of a row that are about bytes.
struct Bytes {
    name: String,
    tags: String,
    verdict: String,
    worth: String,
    base: String,
    attributed: ByteCount,
    untagged: Option<ByteCount>,
    freed: String,
    likely: String,
}

impl Bytes {
    fn of_registry(registry: &RegistryRow) -> Self {
        let saving = registry.alpine.as_ref().map(|alpine| alpine.saving_bytes);
        Self {
            name: format!("all {} repositories", grouped(registry.totals.repositories)),
            tags: grouped(registry.totals.tags),
            verdict: String::new(),
            worth: String::new(),
            base: String::new(),
            attributed: registry.totals.stored_bytes,
            untagged: registry.totals.untagged_bytes,
            freed: saving.map(|saving| signed(saving.expected)).unwrap_or_default(),
            likely: saving
                .map(|saving| interval(saving.low, saving.high))
                .unwrap_or_default(),
        }
    }

    fn of_repository(row: &RepositoryRow) -> Self {
        let judged = row.judged.as_ref();
        let saving = judged.map(|judged| (judged.verdict, judged.alpine.joint_saving_bytes));
        // What neither switches nor loses its share of a base keeps its size.
        let saving = saving
            .filter(|&(verdict, saving)| verdict == Verdict::Switch || saving != SavingEstimate::default())
            .map(|(_, saving)| saving);
        Self {
            name: printable(row.totals.repository.as_str()),
            tags: grouped(row.totals.tags),
            verdict: judged.map(|judged| verdict(judged.verdict)).unwrap_or_default(),
            worth: row
                .worth
                .map(|worth| worth.as_str().replace('_', " "))
                .unwrap_or_default(),
            base: base(judged.and_then(|judged| judged.base.as_ref())),
            attributed: row.totals.attributed_bytes,
            untagged: row.totals.untagged_bytes,
            freed: saving.map(|saving| signed(saving.expected)).unwrap_or_default(),
            likely: saving
                .filter(|saving| saving.low != saving.high)
                .map(|saving| interval(saving.low, saving.high))
                .unwrap_or_default(),
        }
    }

    fn of_others(others: &Others) -> Self {
        Self {
            name: format!("other {} repositories", grouped(others.repositories)),
            tags: grouped(others.tags),
            verdict: String::new(),
            worth: String::new(),
            base: String::new(),
            attributed: others.attributed_bytes,
            untagged: others.untagged_bytes,
            freed: signed(others.expected_joint_saving_bytes),
            likely: String::new(),
        }
    }

    fn cells(self, share: &impl Fn(ByteCount) -> String) -> Vec<String> {
        let cells: [String; BYTE_CELLS] = [
            self.name,
            self.verdict,
            self.worth,
            self.base,
            self.tags,
            self.attributed.to_string(),
            share(self.attributed),
            self.untagged.map(|bytes| bytes.to_string()).unwrap_or_default(),
            self.freed,
            self.likely,
        ];
        cells.into()
    }
}

pub(super) fn rows(report: &Report, width: usize) -> String {
    let columns = [
        REPOSITORY,
        Column::text("VERDICT").optional(1),
        Column::text("WORTH").optional(1),
        Column::text("BASE").shortened_to(16).optional(4),
        Column::number("TAGS").optional(8),
        Column::number("ATTRIBUTED").optional(2),
        Column::number("SHARE").optional(7),
        Column::number("UNTAGGED").optional(6),
        Column::number("FREED").optional(1),
        // With costs, how sure the saved money is matters more.
        Column::number("LIKELY").optional(if has_costs(report) { 9 } else { 5 }),
        Column::number("MONTH").optional(1),
        Column::number("SAVES").optional(1),
        Column::number("LIKELY").optional(6),
        Column::number("PAYBACK").optional(3),
    ];
    let share = storage_table::share(report);
    let mut table = Rows::new(&columns, report.registries.len() > 1);
    for registry in &report.registries {
        let mut cells = Bytes::of_registry(registry).cells(&share);
        if let Some(cost) = &registry.cost {
            let saving = cost.alpine.as_ref().map(|alpine| alpine.saving);
            cells.extend([
                cost.parts.total.to_string(),
                saving.map(|saving| amount(saving.expected)).unwrap_or_default(),
                saving.map(likely).unwrap_or_default(),
            ]);
        }
        table.add(registry.registry.as_str(), cells);
    }
    for row in report.repositories.iter().filter(|row| row.cost.is_none()) {
        table.add(row.registry.as_str(), Bytes::of_repository(row).cells(&share));
    }
    let lines = Lines::new(report);
    let (months, savings) = (rounded(&lines.months), rounded(&lines.savings));
    let mut are_others_shown = false;
    for ((line, month), saving) in lines.lines.iter().zip(months).zip(savings) {
        let mut cells = match line.kind {
            LineKind::Repository(row, _) => Bytes::of_repository(row).cells(&share),
            LineKind::Others(others, _) if !are_others_shown => {
                are_others_shown = true;
                Bytes::of_others(others).cells(&share)
            }
            LineKind::Others(..) => with_name("other repositories"),
            LineKind::Unallocated => with_name("unallocated"),
        };
        cells.push(month.unwrap_or(line.month).to_string());
        cells.push(saving.map(amount).unwrap_or_default());
        if let LineKind::Repository(_, cost) = line.kind {
            let alpine = cost.alpine.as_ref();
            cells.push(
                alpine
                    .map(|alpine| likely(alpine.joint_saving))
                    .unwrap_or_default(),
            );
            cells.push(payback(cost));
        }
        table.add(line.registry, cells);
    }
    if let Some(others) = report.others.as_ref().filter(|_| !are_others_shown) {
        table.add("", Bytes::of_others(others).cells(&share));
    }
    table.text(width)
}

/// The cells of bytes of a row that has only a name.
fn with_name(name: &str) -> Vec<String> {
    let mut cells = vec![String::new(); BYTE_CELLS];
    cells[0] = name.to_owned();
    cells
}
