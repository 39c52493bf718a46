//! What Alpine would change, for people.

use std::fmt::Write;

use super::alpine::{ConfidenceCounts, RegistryAlpine};
use super::base::BaseNames;
use super::cells::{grouped, interval, per_cent, signed, times};
use super::document::{RegistryRow, Report};
use super::rows::{REPOSITORY, Rows};
use super::text_table::Column;
use crate::cost::Worth;
use crate::oci::text::printable;
use crate::units::ByteCount;
use crate::whatif::{ConfidenceLevel, Estimate, SavingEstimate, Verdict};
use crate::wording::wrapped;

/// What the columns mean.
pub(super) const LEGEND: &str = "\n\
     Sure: how sure its size on Alpine is; low means try one build first. From, To: the base image now and on Alpine. Now, Then: the size of its latest image; measured where that image \
     exists on Alpine. Saves: how much its fair share drops if all that should switch do; this column adds up. Likely: \
     the range. \
     Alone: freed if only this repository switches. Needed: how many repositories with its base must switch before \
     anything is freed. Details of one image: tare explain REPOSITORY:TAG\n";

/// What would be saved, how sure that is, what a sum over tags says, and how many repositories have which
/// verdict.
pub(super) fn in_words(registry: &RegistryRow, alpine: &RegistryAlpine, width: usize) -> String {
    let stored = registry.totals.stored_bytes;
    let saving = alpine.saving_bytes;
    let count = |verdict| alpine.verdicts.get(&verdict).copied().unwrap_or(0);
    let switching = count(Verdict::Switch);
    let mut text = match switching {
        0 => "On Alpine: no repository should switch, so nothing would be saved.".to_owned(),
        _ => {
            let share = ByteCount::try_from(saving.expected)
                .ok()
                .and_then(|saved| per_cent(saved, stored))
                .map(|share| format!(", {share} %"))
                .unwrap_or_default();
            // With a price book, what is possible and what is worth it are two numbers.
            let worth_it = registry
                .cost
                .as_ref()
                .and_then(|cost| cost.alpine.as_ref()?.worth.get(Worth::WorthIt))
                .map(|sum| format!(" (worth it: {})", grouped(sum.repositories)));
            format!(
                "On Alpine: {} should switch{}. Then {} would be stored, {} less{share} (likely {}).",
                repositories(switching),
                worth_it.unwrap_or_default(),
                alpine.stored_bytes.expected,
                signed(saving.expected),
                interval(saving.low, saving.high),
            )
        }
    };
    text.push_str(&confidence_in_words(alpine.confidence));
    let naive = ByteCount::try_from(alpine.naive_saving_bytes).ok();
    let ratio = naive.zip(ByteCount::try_from(saving.expected).ok());
    let ratio = ratio.and_then(|(naive, saved)| times(naive, saved));
    if switching > 0 && ratio.as_deref() != Some("1.0") {
        let times = ratio
            .map(|ratio| format!(", {ratio} times that"))
            .unwrap_or_default();
        // Writing to a string cannot fail.
        let _ = write!(
            text,
            " Adding up all tags would promise {}{times}: a shared layer is freed once, and only when its last \
             user leaves it.",
            signed(alpine.naive_saving_bytes)
        );
    }
    match alpine.switching_at_a_loss {
        0 => {}
        1 => text.push_str(" For one of them storage grows, because other images still need its old base."),
        some => {
            let _ = write!(
                text,
                " For {} of them storage grows, because other images still need their old base.",
                grouped(some)
            );
        }
    }
    let others = [
        (Verdict::AlreadySmall, "already small"),
        (Verdict::NotSmaller, "would not be smaller"),
        (Verdict::Builder, "builders or base images"),
        (
            Verdict::Blocked,
            "blocked by glibc or Windows, or without an Alpine variant",
        ),
        (Verdict::UnknownBase, "with an unknown base"),
        (Verdict::NotAnImage, "without an image"),
    ];
    let others: Vec<String> = others
        .into_iter()
        .filter(|&(verdict, _)| count(verdict) > 0)
        .map(|(verdict, words)| format!("{} {words}", grouped(count(verdict))))
        .collect();
    if !others.is_empty() {
        let _ = write!(text, " The others: {}.", others.join(", "));
    }
    wrapped(&text, width) + "\n"
}

/// How sure the sizes of the repositories that should switch are.
fn confidence_in_words(counts: ConfidenceCounts) -> String {
    let parts: Vec<String> = [
        (counts.measured, "measured"),
        (counts.high, "high"),
        (counts.low, "low (try one build first)"),
    ]
    .into_iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, words)| format!("{} {words}", grouped(count)))
    .collect();
    match parts.is_empty() {
        true => String::new(),
        false => format!(" Confidence: {}.", parts.join(", ")),
    }
}

/// A number of repositories in words.
pub(super) fn repositories(count: usize) -> String {
    match count {
        1 => "1 repository".to_owned(),
        _ => format!("{} repositories", grouped(count)),
    }
}

/// How sure a size on Alpine is, for people.
pub(super) fn sure(confidence: Option<ConfidenceLevel>) -> String {
    confidence
        .map(|level| level.as_str().to_owned())
        .unwrap_or_default()
}

/// A verdict for people.
pub(super) fn verdict(verdict: Verdict) -> String {
    verdict.as_str().replace('_', " ")
}

/// A verdict for people with what it is worth: a move that is possible may save nothing.
pub(super) fn advice(verdict: Verdict, worth: Option<Worth>) -> String {
    match worth {
        None => self::verdict(verdict),
        Some(Worth::WorthIt) => "switch, worth it".to_owned(),
        Some(Worth::SavesNothing) => "switch, saves nothing".to_owned(),
        Some(Worth::SavesTooLittle) => "switch, saves little".to_owned(),
        Some(Worth::PaysBackTooLate) => "switch, pays back late".to_owned(),
    }
}

/// The base in a word: the runtime if there is one, else the operating system.
pub(super) fn base(names: Option<&BaseNames>) -> String {
    let name = names.and_then(|names| names.runtime.as_ref().or(names.name.as_ref()));
    name.map(|name| printable(name)).unwrap_or_default()
}

pub(super) fn rows(report: &Report, width: usize) -> String {
    let name_registry = report.registries.len() > 1;
    let columns = [
        REPOSITORY,
        Column::text("VERDICT"),
        Column::text("SURE").optional(3),
        Column::text("FROM").shortened_to(16).optional(3),
        Column::text("TO").shortened_to(16).optional(3),
        Column::number("NOW").optional(4),
        Column::number("THEN").optional(2),
        Column::number("SAVES"),
        Column::number("LIKELY").optional(1),
        Column::number("ALONE").optional(6),
        Column::number("NEEDED").optional(5),
    ];
    let mut table = Rows::new(&columns, name_registry);
    for registry in &report.registries {
        let Some(alpine) = &registry.alpine else {
            continue;
        };
        let mut cells = vec![format!(
            "all {} repositories",
            grouped(registry.totals.repositories)
        )];
        cells.resize(SAVES, String::new());
        let saving = alpine.saving_bytes;
        cells.extend([signed(saving.expected), interval(saving.low, saving.high)]);
        table.add(registry.registry.as_str(), cells);
    }
    for row in &report.repositories {
        let Some(judged) = &row.judged else { continue };
        let alpine = &judged.alpine;
        let switches = judged.verdict == Verdict::Switch;
        let joint = alpine.joint_saving_bytes;
        let is_touched = switches || joint != SavingEstimate::default();
        let when = |shown: bool, text: String| if shown { text } else { String::new() };
        let needed = match alpine.break_even_repositories {
            Some(needed) => grouped(needed as usize),
            None => "never".to_owned(),
        };
        let is_judged_by_size = matches!(judged.verdict, Verdict::Switch | Verdict::NotSmaller);
        let change = judged.base_change.as_ref().filter(|_| is_judged_by_size);
        let from = change.and_then(|change| change.from.as_deref()).map(printable);
        let cells = vec![
            printable(row.totals.repository.as_str()),
            advice(judged.verdict, row.worth),
            when(switches, sure(judged.confidence)),
            from.unwrap_or_else(|| base(judged.base.as_ref())),
            change.map(|change| printable(&change.to)).unwrap_or_default(),
            change
                .map(|change| signed(change.now_bytes.as_i64()))
                .unwrap_or_default(),
            change.map(|change| then(change.then_bytes)).unwrap_or_default(),
            when(is_touched, signed(joint.expected)),
            when(is_touched, range(joint.low, joint.high)),
            when(switches, signed(alpine.solo_saving_bytes.expected)),
            when(switches, needed),
        ];
        table.add(row.registry.as_str(), cells);
    }
    if let Some(others) = &report.others {
        let mut cells = vec![format!("other {} repositories", grouped(others.repositories))];
        cells.resize(SAVES, String::new());
        cells.push(signed(others.expected_joint_saving_bytes));
        table.add("", cells);
    }
    table.text(width)
}

/// The place of the column SAVES.
const SAVES: usize = 7;

/// A size on Alpine with its range.
fn then(bytes: Estimate) -> String {
    let range = range(bytes.low.as_i64(), bytes.high.as_i64());
    format!("{} ({range})", signed(bytes.expected.as_i64()))
}

/// A range in words: a size that is known is not a range.
fn range(low: i64, high: i64) -> String {
    match low == high {
        true => "measured".to_owned(),
        false => interval(low, high),
    }
}
