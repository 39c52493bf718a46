//! A plan for people.

use std::fmt::Write as _;

use super::answer::{PlanWave, SwitchPlan};
use crate::oci::text::printable;
use crate::report::cells::{grouped, interval, per_cent, signed};
use crate::report::text_table::{Column, TextTable};
use crate::units::ByteCount;
use crate::wording::wrapped;

/// The plan for people, in lines of at most `width` characters: what it saves, its waves, and at most `limit` of its
/// repositories.
pub fn plan_table(plan: &SwitchPlan, limit: usize, width: usize) -> String {
    let mut text = wrapped(&summary(plan), width);
    text.push('\n');
    if !plan.waves.is_empty() {
        text.push('\n');
        text.push_str(&waves(plan, width));
        text.push('\n');
        text.push_str(&repositories(plan, limit, width));
    }
    if plan.cost_centres.iter().any(|row| row.cost_centre.is_some()) {
        text.push('\n');
        text.push_str(&cost_centres(plan, width));
    }
    if let Some(first) = plan.unplanned.first() {
        let others = match plan.unplanned.len() {
            1 => String::new(),
            count => format!(" and {} more", grouped(count - 1)),
        };
        let sentence = format!(
            "Not in the plan: {}{others} ({}).",
            first.repository, first.reason
        );
        text.push('\n');
        text.push_str(&wrapped(&sentence, width));
        text.push('\n');
    }
    for note in &plan.notes {
        text.push('\n');
        text.push_str(&wrapped(&printable(note), width));
        text.push('\n');
    }
    text
}

fn summary(plan: &SwitchPlan) -> String {
    let Some(last) = plan.waves.last() else {
        return match plan.most_effort_days {
            Some(days) if !plan.unplanned.is_empty() => format!(
                "No step fits into {days} days; another choice could save at most {}.",
                plan.missed_at_most_bytes
            ),
            _ => "No repository saves anything by switching.".to_owned(),
        };
    };
    let count = match plan.repositories.len() {
        1 => "1 repository".to_owned(),
        count => format!("{} repositories", grouped(count)),
    };
    let mut text = format!("Switching {count} saves {}", signed(plan.saving_bytes.expected));
    let saved = ByteCount::try_from(plan.saving_bytes.expected).unwrap_or_default();
    if let Some(share) = per_cent(saved, plan.stored_bytes) {
        let _ = write!(text, " of {} ({share} %)", plan.stored_bytes);
    }
    if let Some(cost) = plan.saving_cost {
        let _ = write!(text, " and {} a month", cost.expected);
    }
    let _ = write!(
        text,
        ", for {} of work",
        days(&last.total_effort_days.to_string())
    );
    if plan.missed_at_most_bytes > ByteCount::ZERO {
        let _ = write!(
            text,
            "; another choice within the allowed effort could save at most {} more",
            plan.missed_at_most_bytes
        );
    }
    text.push_str(". After each wave, no other choice saves more for the same or less work.");
    text
}

fn days(number: &str) -> String {
    match number {
        "1" => "1 day".to_owned(),
        number => format!("{number} days"),
    }
}

fn waves(plan: &SwitchPlan, width: usize) -> String {
    let mut table = TextTable::new([
        Column::number("WAVE"),
        Column::number("REPOSITORIES"),
        Column::number("DAYS"),
        Column::number("SAVES"),
        Column::number("TOTAL DAYS").optional(2),
        Column::number("TOTAL SAVED"),
        Column::text("RANGE").optional(4),
        Column::number("MONTH").optional(1),
        Column::number("SAVED PER DAY").optional(3),
        Column::number("MISSED AT MOST").optional(5),
    ]);
    for wave in &plan.waves {
        table.add(cells(wave));
    }
    table.text(width)
}

fn cells(wave: &PlanWave) -> [String; 10] {
    let total = wave.total_saving_bytes;
    [
        wave.wave.to_string(),
        grouped(wave.repositories),
        wave.effort_days.to_string(),
        signed(wave.saving_bytes),
        wave.total_effort_days.to_string(),
        signed(total.expected),
        interval(total.low, total.high),
        wave.total_saving_cost
            .map(|cost| cost.expected.to_string())
            .unwrap_or_default(),
        wave.saving_bytes_per_day.map(signed).unwrap_or_default(),
        wave.missed_at_most_bytes.to_string(),
    ]
}

fn repositories(plan: &SwitchPlan, limit: usize, width: usize) -> String {
    let mut table = TextTable::new([
        Column::number("WAVE"),
        Column::number("STEP").optional(3),
        Column::text("REPOSITORY").shortened_to(24),
        Column::text("COST CENTRE").shortened_to(12).optional(4),
        Column::number("DAYS").optional(2),
        Column::number("SAVES"),
        Column::text("CHANGE").shortened_to(24).optional(1),
    ]);
    let shown = &plan.repositories[..plan.repositories.len().min(limit)];
    for row in shown {
        table.add([
            row.wave.to_string(),
            row.step.to_string(),
            row.repository.to_string(),
            row.cost_centre.as_deref().map(printable).unwrap_or_default(),
            row.effort_days.to_string(),
            signed(row.saving_bytes),
            row.change.as_deref().map(printable).unwrap_or_default(),
        ]);
    }
    let mut text = table.text(width);
    if shown.len() < plan.repositories.len() {
        let more = grouped(plan.repositories.len() - shown.len());
        // Writing to a string cannot fail.
        let _ = writeln!(text, "and {more} more; --limit, JSON and CSV show all");
    }
    text
}

fn cost_centres(plan: &SwitchPlan, width: usize) -> String {
    let mut table = TextTable::new([
        Column::text("COST CENTRE").shortened_to(12),
        Column::number("REPOSITORIES"),
        Column::number("DAYS"),
        Column::number("SAVES"),
    ]);
    for row in &plan.cost_centres {
        let name = row.cost_centre.as_deref().map(printable);
        table.add([
            name.unwrap_or_else(|| "unassigned".to_owned()),
            grouped(row.repositories),
            row.effort_days.to_string(),
            signed(row.saving_bytes),
        ]);
    }
    table.text(width)
}
