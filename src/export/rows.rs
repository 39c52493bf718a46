use std::collections::BTreeMap;

use chrono::NaiveDate;
use rust_decimal::Decimal;
use strum::IntoStaticStr;

use super::{BilledMonth, ExportError};
use crate::cost::{Charges, Labels, Statement};
use crate::oci::{RegistryName, RepositoryName};
use crate::pricing::{AllocatedRow, Charge, Line, Period};
use crate::units::{Money, apportion, exact_sum};

/// The current state, or the state on Alpine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Scenario {
    /// Current charges.
    Now,
    /// Charges on Alpine, with expected sizes.
    Alpine,
}

impl Scenario {
    /// The scenario's name in exports.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// What a repository bears of one line of a bill, or the remainder of the line. `cost` is `unit_price` times `quantity`
/// to the last digit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChargeRow {
    /// The registry.
    pub registry: RegistryName,
    /// The repository; `None` for the remainder.
    pub repository: Option<RepositoryName>,
    /// The repository's labels.
    pub labels: Labels,
    /// The billed days.
    pub period: Period,
    /// The line, with its whole quantity and cost.
    pub line: Line,
    /// The id of the price book.
    pub book: String,
    /// The edition of the price book.
    pub book_version: String,
    /// The allocation rule.
    pub method: &'static str,
    /// The row's part of the line's quantity.
    pub quantity: Decimal,
    /// The cost of that part.
    pub cost: Money,
    /// The row's part of the line as a ratio; the ratios of a line add up to 1. `None` for corrections, and for viewers who
    /// may not know the size of the whole.
    pub ratio: Option<Decimal>,
    /// Whether it corrects an earlier statement of a closed month.
    pub is_correction: bool,
    /// Remarks about the amount, as sentences; empty if there are none.
    pub warnings: String,
}

/// The decimals of a ratio. Our choice.
const RATIO_DECIMALS: u32 = 12;

/// All rows of a month, as [`each_charge_row`] makes them.
///
/// # Errors
/// If Alpine is requested but was not computed.
pub fn charge_rows(month: &BilledMonth, scenario: Scenario) -> Result<Vec<ChargeRow>, ExportError> {
    let mut rows = Vec::new();
    each_charge_row(month, scenario, |row| {
        rows.push(row);
        Ok(())
    })?;
    Ok(rows)
}

/// Makes the rows of a month one at a time: each repository's part of each line, then the remainders; per repository in the
/// order of the bill. A corrected month has the rows of the first statement, then the differences.
///
/// # Errors
/// If Alpine is requested but was not computed, before the first row; and the error of `each`.
pub fn each_charge_row(
    month: &BilledMonth,
    scenario: Scenario,
    mut each: impl FnMut(ChargeRow) -> Result<(), ExportError>,
) -> Result<(), ExportError> {
    let Some((first, corrections)) = month.statements.split_first() else {
        return Ok(());
    };
    require(month, scenario)?;
    let mut shown = |mut row: ChargeRow| {
        if !month.is_whole {
            // A ratio would reveal the whole line: cost divided by ratio.
            row.ratio = None;
        }
        each(row)
    };
    each_row_of(first, scenario, &mut shown)?;
    let mut before = first;
    for after in corrections {
        let rows = differences(&rows_of(before, scenario)?, &rows_of(after, scenario)?)?;
        rows.into_iter().try_for_each(&mut shown)?;
        before = after;
    }
    Ok(())
}

/// Refuses a scenario that was not computed.
pub(super) fn require(month: &BilledMonth, scenario: Scenario) -> Result<(), ExportError> {
    let mut statements = month.statements.iter();
    statements.try_for_each(|statement| charges(statement, scenario).map(drop))
}

fn charges(statement: &Statement, scenario: Scenario) -> Result<&Charges, ExportError> {
    match (scenario, &statement.alpine) {
        (Scenario::Now, _) => Ok(&statement.now),
        (Scenario::Alpine, Some(alpine)) => Ok(&alpine.charges),
        (Scenario::Alpine, None) => Err(ExportError::NoAlpine(statement.registry.clone())),
    }
}

fn rows_of(statement: &Statement, scenario: Scenario) -> Result<Vec<ChargeRow>, ExportError> {
    let mut rows = Vec::new();
    each_row_of(statement, scenario, &mut |row| {
        rows.push(row);
        Ok(())
    })?;
    Ok(rows)
}

fn each_row_of(
    statement: &Statement,
    scenario: Scenario,
    each: &mut impl FnMut(ChargeRow) -> Result<(), ExportError>,
) -> Result<(), ExportError> {
    let charges = charges(statement, scenario)?;
    for piece in &charges.pieces {
        let ratios = Ratios::from_rows(&piece.allocation.rows, piece.bill.lines.len())?;
        let warnings: Vec<String> = piece.bill.warnings.iter().map(ToString::to_string).collect();
        let warnings = warnings.join("; ");
        // Rows are in the order of the repositories; the last has no name.
        for (place, row) in piece.allocation.rows.iter().enumerate() {
            let repository = row.key.as_ref().and_then(|_| statement.repositories.get(place));
            for part in &row.parts {
                let line = &piece.bill.lines[part.line];
                each(ChargeRow {
                    registry: statement.registry.clone(),
                    repository: repository.map(|repository| repository.repository.clone()),
                    labels: repository.map_or_else(Labels::default, |repository| repository.labels.clone()),
                    period: piece.bill.period,
                    line: line.clone(),
                    book: piece.bill.book.clone(),
                    book_version: piece.bill.book_version.clone(),
                    method: statement.allocation.rule(line.charge).name(),
                    quantity: part.quantity,
                    cost: part.cost,
                    ratio: Some(ratios.ratio_of(place, part.line)),
                    is_correction: false,
                    warnings: warnings.clone(),
                })?;
            }
        }
    }
    Ok(())
}

/// The ratio of each row in each line, in decimals that add up to 1 per line.
struct Ratios(BTreeMap<(usize, usize), Decimal>);

impl Ratios {
    fn from_rows(rows: &[AllocatedRow], lines: usize) -> Result<Self, ExportError> {
        let mut quantities: Vec<Vec<(usize, u128)>> = vec![Vec::new(); lines];
        for (place, row) in rows.iter().enumerate() {
            for part in &row.parts {
                let mut quantity = part.quantity;
                // Quantities have at most nine decimals, so this is their number of billionths.
                quantity.rescale(crate::pricing::QUANTITY_DECIMALS);
                quantities[part.line].push((place, quantity.mantissa().unsigned_abs()));
            }
        }
        let mut ratios = BTreeMap::new();
        for (line, parts) in quantities.iter().enumerate() {
            let weights: Vec<u128> = parts.iter().map(|&(_, quantity)| quantity).collect();
            if weights.is_empty() {
                continue;
            }
            let shares = apportion(10_u128.pow(RATIO_DECIMALS), &weights)?;
            for (&(place, _), share) in parts.iter().zip(shares) {
                // At most 10¹², which fits into 64 bits.
                let share = Decimal::new(i64::try_from(share).unwrap_or(i64::MAX), RATIO_DECIMALS);
                ratios.insert((place, line), share.normalize());
            }
        }
        Ok(Self(ratios))
    }

    fn ratio_of(&self, place: usize, line: usize) -> Decimal {
        self.0.get(&(place, line)).copied().unwrap_or_default()
    }
}

/// What identifies a row across statements: everything but its quantity and what follows from it.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct RowKey<'a> {
    repository: &'a Option<RepositoryName>,
    start: NaiveDate,
    charge: Charge,
    meter: &'a str,
    place: &'a Option<String>,
    unit: &'a str,
    unit_price: Decimal,
    book: (&'a str, &'a str),
    method: &'static str,
    labels: &'a Labels,
}

impl<'a> RowKey<'a> {
    fn from_row(row: &'a ChargeRow) -> Self {
        Self {
            repository: &row.repository,
            start: row.period.start(),
            charge: row.line.charge,
            meter: &row.line.meter,
            place: &row.line.place,
            unit: &row.line.unit,
            unit_price: row.line.unit_price.amount(),
            book: (&row.book, &row.book_version),
            method: row.method,
            labels: &row.labels,
        }
    }
}

/// The rows that turn one statement's rows into those of another when added.
fn differences(before: &[ChargeRow], after: &[ChargeRow]) -> Result<Vec<ChargeRow>, ExportError> {
    let mut sums: BTreeMap<RowKey<'_>, (&ChargeRow, Decimal)> = BTreeMap::new();
    let less = before.iter().map(|row| (row, -row.quantity));
    let more = after.iter().map(|row| (row, row.quantity));
    for (row, quantity) in less.chain(more) {
        let (_, sum) = sums.entry(RowKey::from_row(row)).or_insert((row, Decimal::ZERO));
        *sum = exact_sum(*sum, quantity)?;
    }
    let mut rows = Vec::new();
    for (row, quantity) in sums.into_values().filter(|(_, quantity)| !quantity.is_zero()) {
        rows.push(ChargeRow {
            cost: row.line.unit_price.checked_mul(quantity)?,
            quantity,
            ratio: None,
            is_correction: true,
            ..row.clone()
        });
    }
    Ok(rows)
}
