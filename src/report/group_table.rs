//! Groups of repositories, for people and for spreadsheets.

use super::cells::{grouped, signed};
use super::group::{GroupBy, GroupRow, Groups};
use super::group_cost::GroupCost;
use super::text_table::{Column, TextTable};
use crate::cost::Worth;
use crate::oci::text::{printable, spreadsheet_text};
use crate::units::{Money, round_rows};
use crate::wording::wrapped;

/// What stands in place of a name where there is none.
const UNASSIGNED: &str = "unassigned";

/// What to do first, then the groups as a table that starts with the totals, in lines of at most `width` characters.
/// Amounts are rounded so that the rows shown add up.
pub fn group_table(groups: &Groups, width: usize) -> String {
    format!(
        "{}\n\n{}",
        wrapped(&groups.headline.text, width),
        rows(groups, width)
    )
}

fn rows(groups: &Groups, width: usize) -> String {
    let currencies = groups.totals.costs.len();
    let mut columns = vec![
        Column::text(heading(groups.group_by)).shortened_to(24),
        Column::number("REPOSITORIES").optional(3),
        Column::number("TAGS").optional(5),
        Column::number("ATTRIBUTED").optional(1),
        Column::number("FREED").optional(2),
        Column::number("SWITCH").optional(4),
    ];
    for _ in 0..currencies {
        columns.extend([
            Column::number("MONTH"),
            Column::number("ON ALPINE").optional(2),
            Column::number("SAVES").optional(1),
        ]);
    }
    let mut table = TextTable::new(columns);
    let mut texts = vec![texts(
        &groups.totals,
        &format!("all {}", grouped(groups.totals.repositories)),
    )];
    for row in &groups.rows {
        texts.push(self::texts(row, row.key.as_deref().unwrap_or(UNASSIGNED)));
    }
    for total in &groups.totals.costs {
        let columns = [
            (|cost: &GroupCost| cost.parts.total) as fn(&GroupCost) -> Money,
            |cost| cost.alpine_month,
            |cost| cost.saving,
        ];
        for amount in columns {
            let zero = Money::zero(total.parts.total.currency());
            let exact: Vec<Money> = groups
                .rows
                .iter()
                .map(|row| cost_in(row, total).map_or(zero, amount))
                .collect();
            let shown = round_rows(&exact).unwrap_or(exact);
            texts[0].push(amount(total).to_string());
            for (row, amount) in texts[1..].iter_mut().zip(shown) {
                row.push(amount.to_string());
            }
        }
    }
    for row in texts {
        table.add(row);
    }
    table.text(width)
}

/// The groups as comma-separated values, amounts exact. There is no row of totals, so that a spreadsheet may add
/// up the columns. With several currencies a group has a row for each.
///
/// # Errors
/// Only where the writer fails, which writing to memory does not.
pub fn group_csv(groups: &Groups) -> Result<String, csv::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let name = groups.group_by.to_string();
    writer.write_record([
        name.as_str(),
        "repositories",
        "tags",
        "logical_bytes",
        "attributed_bytes",
        "joint_saving_bytes",
        "switching",
        "currency",
        "month",
        "fee",
        "storage",
        "transfer",
        "unallocated",
        "alpine_month",
        "saving",
        "worth_it",
        "worth_it_saving",
        "assumed_pulls_share",
    ])?;
    for row in &groups.rows {
        let mut first = Some([
            row.repositories.to_string(),
            row.tags.to_string(),
            row.logical_bytes.get().to_string(),
            row.attributed_bytes.get().to_string(),
            row.joint_saving_bytes.to_string(),
            row.switching.to_string(),
        ]);
        let costs: Vec<Option<&GroupCost>> = match &row.costs[..] {
            [] => vec![None],
            costs => costs.iter().map(Some).collect(),
        };
        for cost in costs {
            let mut cells = vec![spreadsheet_text(row.key.as_deref().unwrap_or(UNASSIGNED))];
            // Only the first of a group's rows counts its bytes, or they would be added up twice.
            cells.extend(first.take().unwrap_or_default());
            cells.extend(match cost {
                None => Default::default(),
                Some(cost) => [
                    cost.parts.total.currency().to_string(),
                    cost.parts.total.amount().to_string(),
                    cost.parts.fee.amount().to_string(),
                    cost.parts.storage.amount().to_string(),
                    cost.parts.transfer.amount().to_string(),
                    cost.unallocated.amount().to_string(),
                    cost.alpine_month.amount().to_string(),
                    cost.saving.amount().to_string(),
                    cost.worth
                        .get(Worth::WorthIt)
                        .map_or(0, |sum| sum.repositories)
                        .to_string(),
                    cost.worth_it_saving.amount().to_string(),
                    cost.pulls
                        .assumed_pulls_share
                        .map(|share| share.to_string())
                        .unwrap_or_default(),
                ],
            });
            writer.write_record(cells)?;
        }
    }
    let bytes = writer.into_inner().map_err(csv::IntoInnerError::into_error)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn heading(by: GroupBy) -> &'static str {
    match by {
        GroupBy::Registry => "REGISTRY",
        GroupBy::Team => "TEAM",
        GroupBy::CostCentre => "COST CENTRE",
        GroupBy::Environment => "ENVIRONMENT",
        GroupBy::Base => "BASE",
        GroupBy::Verdict => "VERDICT",
    }
}

fn texts(row: &GroupRow, name: &str) -> Vec<String> {
    vec![
        printable(name),
        grouped(row.repositories),
        grouped(row.tags),
        row.attributed_bytes.to_string(),
        signed(row.joint_saving_bytes),
        grouped(row.switching),
    ]
}

fn cost_in<'r>(row: &'r GroupRow, like: &GroupCost) -> Option<&'r GroupCost> {
    row.costs
        .iter()
        .find(|cost| cost.parts.total.currency() == like.parts.total.currency())
}
