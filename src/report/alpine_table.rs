//! What Alpine would change, for people.

use std::fmt::Write;

use super::alpine::RegistryAlpine;
use super::base::BaseNames;
use super::cells::{grouped, interval, per_cent, signed, times};
use super::document::{RegistryRow, Report};
use super::rows::{REPOSITORY, Rows};
use super::text_table::Column;
use crate::oci::text::printable;
use crate::units::ByteCount;
use crate::whatif::{SavingEstimate, Verdict};
use crate::wording::wrapped;

/// What the columns mean.
pub(super) const LEGEND: &str = "\n\
     Saves: how much its fair share drops if all that should switch do; this column adds up. Likely: the range. \
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
            format!(
                "On Alpine: {} should switch. Then {} would be stored, {} less{share} (likely {}).",
                repositories(switching),
                alpine.stored_bytes.expected,
                signed(saving.expected),
                interval(saving.low, saving.high),
            )
        }
    };
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

/// A number of repositories in words.
pub(super) fn repositories(count: usize) -> String {
    match count {
        1 => "1 repository".to_owned(),
        _ => format!("{} repositories", grouped(count)),
    }
}

/// A verdict for people.
pub(super) fn verdict(verdict: Verdict) -> String {
    verdict.as_str().replace('_', " ")
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
        Column::text("BASE").shortened_to(16).optional(3),
        Column::number("SAVES"),
        Column::number("LIKELY").optional(1),
        Column::number("ALONE").optional(4),
        Column::number("NEEDED").optional(2),
    ];
    let mut table = Rows::new(&columns, name_registry);
    let saved = |saving: SavingEstimate| [signed(saving.expected), interval(saving.low, saving.high)];
    for registry in &report.registries {
        let Some(alpine) = &registry.alpine else {
            continue;
        };
        let [saves, likely] = saved(alpine.saving_bytes);
        let all = format!("all {} repositories", grouped(registry.totals.repositories));
        let cells = vec![
            all,
            String::new(),
            String::new(),
            saves,
            likely,
            String::new(),
            String::new(),
        ];
        table.add(registry.registry.as_str(), cells);
    }
    for row in &report.repositories {
        let Some(judged) = &row.judged else { continue };
        let alpine = &judged.alpine;
        let switches = judged.verdict == Verdict::Switch;
        let [saves, likely] = saved(alpine.joint_saving_bytes);
        let joint = alpine.joint_saving_bytes;
        // What it does not do itself is known, and so is its share of what others do with known layers.
        let is_exact = joint.low == joint.high;
        let is_touched = switches || joint != SavingEstimate::default();
        let when = |shown: bool, text: String| if shown { text } else { String::new() };
        let needed = match alpine.break_even_repositories {
            Some(needed) => grouped(needed as usize),
            None => "never".to_owned(),
        };
        let cells = vec![
            printable(row.totals.repository.as_str()),
            verdict(judged.verdict),
            base(judged.base.as_ref()),
            when(is_touched, saves),
            when(!is_exact, likely),
            when(switches, signed(alpine.solo_saving_bytes.expected)),
            when(switches, needed),
        ];
        table.add(row.registry.as_str(), cells);
    }
    if let Some(others) = &report.others {
        let cells = vec![
            format!("other {} repositories", grouped(others.repositories)),
            String::new(),
            String::new(),
            signed(others.expected_joint_saving_bytes),
        ];
        table.add("", cells);
    }
    table.text(width)
}
