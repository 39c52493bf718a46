//! A workbook with a sheet per view. Excel keeps fifteen digits of a number; every digit is in the CSV.

use std::collections::BTreeMap;

use chrono::Datelike;
use rust_decimal::Decimal;
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, Workbook, Worksheet};

use super::rows::{Scenario, charge_rows};
use super::{BilledMonth, ExportError};
use crate::cost::{CostError, Labels, RepositoryStatement, Statement};
use crate::pricing::Payback;
use crate::units::{Currency, Money};

/// A cell. Text is written as text, so a spreadsheet never takes it for a formula. Money is shown with two decimals and
/// stored with more.
enum Cell {
    Text(String),
    Number(Decimal),
    Money(Money),
    Empty,
}

impl Cell {
    fn text(text: impl ToString) -> Self {
        Self::Text(text.to_string())
    }

    fn label(label: &Option<String>) -> Self {
        label.as_ref().map_or(Self::Empty, Self::text)
    }

    fn money(amount: Money) -> Self {
        Self::Money(amount)
    }

    fn optional_money(amount: Option<Money>) -> Self {
        amount.map_or(Self::Empty, Self::money)
    }
}

/// The workbook of the registries' months, as the bytes of an `.xlsx` file. The same months give the same bytes. For a
/// corrected month, the views show the latest statement and the charges show all rows.
///
/// # Errors
/// If amounts cannot be added exactly.
pub fn workbook(months: &[BilledMonth]) -> Result<Vec<u8>, ExportError> {
    let statements: Vec<&Statement> = months
        .iter()
        .filter_map(|month| month.statements.last())
        .collect();
    let mut book = Workbook::new();
    book.set_properties(&properties(&statements)?);
    sheet(&mut book, "Registries", &REGISTRIES, registries(months))?;
    sheet(
        &mut book,
        "Repositories",
        &REPOSITORIES,
        repositories(&statements),
    )?;
    for (name, label) in VIEWS {
        let columns = [&[name][..], &GROUPS].concat();
        sheet(
            &mut book,
            &format!("By {}", name.to_lowercase()),
            &columns,
            groups(&statements, label)?,
        )?;
    }
    sheet(
        &mut book,
        "Charges now",
        &CHARGES,
        charges(months, Scenario::Now)?,
    )?;
    if statements.iter().all(|statement| statement.alpine.is_some()) {
        sheet(
            &mut book,
            "Charges on Alpine",
            &CHARGES,
            charges(months, Scenario::Alpine)?,
        )?;
    }
    sheet(
        &mut book,
        "Remarks",
        &["Registry", "Remark"],
        remarks(&statements),
    )?;
    Ok(book.save_to_buffer()?)
}

/// The end of the month instead of the time of writing, so that the same month gives the same file.
fn properties(statements: &[&Statement]) -> Result<DocProperties, ExportError> {
    let properties = DocProperties::new().set_title("Container registry costs");
    let Some(end) = statements.iter().map(|statement| statement.period.end()).max() else {
        return Ok(properties);
    };
    let year = u16::try_from(end.year()).unwrap_or(u16::MAX);
    // A month and a day always fit.
    let (month, day) = (end.month() as u8, end.day() as u8);
    Ok(properties.set_creation_datetime(&ExcelDateTime::from_ymd(year, month, day)?))
}

fn sheet(book: &mut Workbook, name: &str, columns: &[&str], rows: Vec<Vec<Cell>>) -> Result<(), ExportError> {
    let bold = Format::new().set_bold();
    let rounded = Format::new().set_num_format("#,##0.00");
    let sheet: &mut Worksheet = book.add_worksheet();
    sheet.set_name(name)?;
    sheet.set_freeze_panes(1, 0)?;
    for (place, column) in (0..).zip(columns) {
        sheet.write_string_with_format(0, place, *column, &bold)?;
    }
    for (line, row) in (1..).zip(rows) {
        for (place, cell) in (0..).zip(row) {
            match cell {
                Cell::Text(text) => {
                    sheet.write_string(line, place, text)?;
                }
                Cell::Number(number) => {
                    sheet.write(line, place, number)?;
                }
                Cell::Money(amount) => {
                    sheet.write_with_format(line, place, amount.amount(), &rounded)?;
                }
                Cell::Empty => {}
            }
        }
    }
    sheet.autofit();
    Ok(())
}

const REGISTRIES: [&str; 17] = [
    "Registry",
    "From",
    "Until",
    "Currency",
    "Cost",
    "Fees",
    "Storage",
    "Transfer",
    "Unallocated",
    "Value of free quota",
    "On Alpine",
    "On Alpine, low",
    "On Alpine, high",
    "Saving",
    "Cheaper plan",
    "Price book",
    "Edition",
];

fn registries(months: &[BilledMonth]) -> Vec<Vec<Cell>> {
    let latest = months
        .iter()
        .filter_map(|month| Some((month, month.statements.last()?)));
    let rows = latest.map(|(month, statement)| {
        let parts = statement.now.parts;
        let alpine = statement.alpine.as_ref();
        let plan = statement.cheaper_plan.as_ref();
        vec![
            Cell::text(&statement.registry),
            Cell::text(statement.period.start()),
            Cell::text(statement.period.end()),
            Cell::text(statement.book.currency),
            Cell::money(parts.total),
            Cell::money(parts.fee),
            Cell::money(parts.storage),
            Cell::money(parts.transfer),
            Cell::optional_money(month.is_whole.then_some(statement.unallocated)),
            Cell::optional_money(month.is_whole.then_some(statement.now.included_worth)),
            Cell::optional_money(alpine.map(|alpine| alpine.total.expected)),
            Cell::optional_money(alpine.map(|alpine| alpine.total.low)),
            Cell::optional_money(alpine.map(|alpine| alpine.total.high)),
            Cell::optional_money(alpine.map(|alpine| alpine.saving.expected)),
            plan.map_or(Cell::Empty, |plan| Cell::text(&plan.title)),
            Cell::text(&statement.book.id),
            Cell::text(&statement.book.version),
        ]
    });
    rows.collect()
}

const REPOSITORIES: [&str; 22] = [
    "Registry",
    "Repository",
    "Team",
    "Cost centre",
    "Environment",
    "Currency",
    "Cost",
    "Fees",
    "Storage",
    "Transfer",
    "Pulls",
    "Pull data source",
    "On Alpine",
    "On Alpine, low",
    "On Alpine, high",
    "Saving (all move)",
    "Saving (all move), low",
    "Saving (all move), high",
    "Saving (alone)",
    "Payback in months",
    "Seconds of a cold pull",
    "On Alpine, seconds of a cold pull",
];

fn repositories(statements: &[&Statement]) -> Vec<Vec<Cell>> {
    let mut rows = Vec::new();
    for statement in statements {
        let mut own: Vec<&RepositoryStatement> = statement.repositories.iter().collect();
        let saved = |row: &RepositoryStatement| Some(row.alpine.as_ref()?.joint_saving.expected.amount());
        own.sort_by(|a, b| {
            saved(b)
                .cmp(&saved(a))
                .then_with(|| a.repository.cmp(&b.repository))
        });
        rows.extend(
            own.into_iter()
                .map(|repository| repository_row(statement, repository)),
        );
        if !statement.unallocated.is_zero() {
            let mut row = vec![
                Cell::text(&statement.registry),
                Cell::text("(unallocated)"),
                Cell::Empty,
                Cell::Empty,
                Cell::Empty,
                Cell::text(statement.book.currency),
                Cell::money(statement.unallocated),
            ];
            row.resize_with(REPOSITORIES.len(), || Cell::Empty);
            rows.push(row);
        }
    }
    rows
}

fn repository_row(statement: &Statement, repository: &RepositoryStatement) -> Vec<Cell> {
    let alpine = repository.alpine.as_ref();
    let estimate =
        |amount: fn(&crate::cost::RepositoryOnAlpineCost) -> Money| Cell::optional_money(alpine.map(amount));
    let payback = alpine.and_then(|alpine| alpine.payback);
    let seconds = |milliseconds: Option<u64>| {
        milliseconds.map_or(Cell::Empty, |time| {
            Cell::Number(Decimal::from(time) / Decimal::ONE_THOUSAND)
        })
    };
    vec![
        Cell::text(&statement.registry),
        Cell::text(&repository.repository),
        Cell::label(&repository.labels.team),
        Cell::label(&repository.labels.cost_centre),
        Cell::label(&repository.labels.environment),
        Cell::text(statement.book.currency),
        Cell::money(repository.now.total),
        Cell::money(repository.now.fee),
        Cell::money(repository.now.storage),
        Cell::money(repository.now.transfer),
        Cell::Number(repository.pulls.count.into()),
        Cell::text(repository.pulls.source.as_str()),
        estimate(|alpine| alpine.total.expected),
        estimate(|alpine| alpine.total.low),
        estimate(|alpine| alpine.total.high),
        estimate(|alpine| alpine.joint_saving.expected),
        estimate(|alpine| alpine.joint_saving.low),
        estimate(|alpine| alpine.joint_saving.high),
        estimate(|alpine| alpine.solo_saving.expected),
        match payback {
            None => Cell::Empty,
            Some(Payback::AtOnce) => Cell::Number(Decimal::ZERO),
            Some(Payback::Months(months)) => Cell::Number(months),
            Some(Payback::Never) => Cell::text("never"),
        },
        seconds(repository.cold_pull_milliseconds),
        seconds(repository.cold_pull_milliseconds_on_alpine),
    ]
}

/// A view: its name, and the label that groups repositories.
type View = (&'static str, fn(&Labels) -> &Option<String>);

const VIEWS: [View; 3] = [
    ("Team", |labels| &labels.team),
    ("Cost centre", |labels| &labels.cost_centre),
    ("Environment", |labels| &labels.environment),
];

const GROUPS: [&str; 5] = [
    "Currency",
    "Repositories",
    "Cost",
    "On Alpine",
    "Saving (all move)",
];

/// The costs of the repositories with one label.
struct Group {
    repositories: u64,
    cost: Money,
    on_alpine: Money,
    saving: Money,
}

/// Repositories grouped by a label, with rows for those without the label and for the remainder. There is a row per
/// currency; the rows add up to the registries' costs.
fn groups(
    statements: &[&Statement],
    label: fn(&Labels) -> &Option<String>,
) -> Result<Vec<Vec<Cell>>, ExportError> {
    let mut groups: BTreeMap<(Option<String>, Currency), Group> = BTreeMap::new();
    let mut add = |key: Option<String>, count: u64, cost: Money, on_alpine: Money, saving: Money| {
        let zero = Money::zero(cost.currency());
        let group = groups.entry((key, cost.currency())).or_insert(Group {
            repositories: 0,
            cost: zero,
            on_alpine: zero,
            saving: zero,
        });
        group.repositories += count;
        group.cost = group.cost.checked_add(cost)?;
        group.on_alpine = group.on_alpine.checked_add(on_alpine)?;
        group.saving = group.saving.checked_add(saving)?;
        Ok::<(), CostError>(())
    };
    for statement in statements {
        let zero = Money::zero(statement.book.currency);
        for repository in &statement.repositories {
            let cost = repository.now.total;
            let alpine = repository.alpine.as_ref();
            add(
                label(&repository.labels).clone(),
                1,
                cost,
                alpine.map_or(cost, |alpine| alpine.total.expected),
                alpine.map_or(zero, |alpine| alpine.joint_saving.expected),
            )?;
        }
        add(None, 0, statement.unallocated, statement.unallocated, zero)?;
    }
    let rows = groups.into_iter().map(|((key, currency), group)| {
        vec![
            Cell::text(key.as_deref().unwrap_or("(unassigned)")),
            Cell::text(currency),
            Cell::Number(group.repositories.into()),
            Cell::money(group.cost),
            Cell::money(group.on_alpine),
            Cell::money(group.saving),
        ]
    });
    Ok(rows.collect())
}

const CHARGES: [&str; 16] = [
    "Registry",
    "Repository",
    "Team",
    "Cost centre",
    "Environment",
    "From",
    "Until",
    "Charge",
    "Meter",
    "Place",
    "Quantity",
    "Unit",
    "Unit price",
    "Cost",
    "Currency",
    "Correction",
];

fn charges(months: &[BilledMonth], scenario: Scenario) -> Result<Vec<Vec<Cell>>, ExportError> {
    let mut rows = Vec::new();
    for month in months {
        for row in charge_rows(month, scenario)? {
            rows.push(vec![
                Cell::text(&row.registry),
                row.repository
                    .as_ref()
                    .map_or(Cell::text("(unallocated)"), Cell::text),
                Cell::label(&row.labels.team),
                Cell::label(&row.labels.cost_centre),
                Cell::label(&row.labels.environment),
                Cell::text(row.period.start()),
                Cell::text(row.period.end()),
                Cell::text(row.line.charge.as_str()),
                Cell::text(&row.line.meter),
                Cell::label(&row.line.place),
                Cell::Number(row.quantity),
                Cell::text(&row.line.unit),
                Cell::Number(row.line.unit_price.amount()),
                Cell::money(row.cost),
                Cell::text(row.cost.currency()),
                if row.is_correction {
                    Cell::text("correction")
                } else {
                    Cell::Empty
                },
            ]);
        }
    }
    Ok(rows)
}

/// The remarks that must accompany the amounts.
fn remarks(statements: &[&Statement]) -> Vec<Vec<Cell>> {
    let mut rows = Vec::new();
    for statement in statements {
        let registry = || Cell::text(&statement.registry);
        rows.push(vec![
            registry(),
            Cell::text(
                "These amounts are worked out from a price book. They are an estimate and not an invoice.",
            ),
        ]);
        let warnings = statement.warnings.iter();
        rows.extend(warnings.map(|warning| vec![registry(), Cell::text(warning)]));
        if let Some(because) = statement
            .alpine
            .as_ref()
            .and_then(|alpine| alpine.nothing_saved_because)
        {
            rows.push(vec![
                registry(),
                Cell::text(format!("Alpine saves nothing: {}", because.reason())),
            ]);
        }
    }
    rows
}
