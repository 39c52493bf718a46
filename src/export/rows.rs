use std::collections::BTreeMap;

use chrono::NaiveDate;
use rust_decimal::Decimal;
use strum::IntoStaticStr;

use super::{BilledMonth, ExportError};
use crate::cost::{Labels, Statement};
use crate::oci::{RegistryName, RepositoryName};
use crate::pricing::{AllocatedRow, Charge, Line, Period};
use crate::units::{Money, apportion, exact_sum};

/// The registry as it is, or as it would be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr)]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum Scenario {
    /// What is charged.
    Now,
    /// What would be charged on Alpine, with the expected sizes.
    Alpine,
}

impl Scenario {
    /// The word for it in exports.
    pub const fn as_str(self) -> &'static str {
        self.into_str()
    }
}

/// What a repository bears of one line of a bill, or what is left of the line. `cost` is `unit_price` times
/// `quantity` to the last digit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChargeRow {
    /// The registry.
    pub registry: RegistryName,
    /// The repository; none for what is no repository's.
    pub repository: Option<RepositoryName>,
    /// Whose the repository is.
    pub labels: Labels,
    /// The days charged for.
    pub period: Period,
    /// The line, with its whole quantity and cost.
    pub line: Line,
    /// The id of the price book.
    pub book: String,
    /// The edition of the book.
    pub book_version: String,
    /// The rule by which the line was divided.
    pub method: &'static str,
    /// How much of the line's quantity.
    pub quantity: Decimal,
    /// What that costs.
    pub cost: Money,
    /// Which part of the line; the parts of a line add up to 1. None for corrections, and where nobody is to know.
    pub ratio: Option<Decimal>,
    /// Whether it corrects what was said before of a closed month.
    pub is_correction: bool,
    /// What must be said of the amount, in sentences; empty where there is nothing.
    pub warnings: String,
}

/// Into how many parts a line is cut to say which part a row is.
const RATIO_DECIMALS: u32 = 12;

/// The rows of a month: what each repository bears of each line, then what is left of it, in the order of the bill
/// for each repository. A corrected month has the rows of the first statement and then the differences.
///
/// # Errors
/// Where Alpine is asked for and was not worked out.
pub fn charge_rows(month: &BilledMonth, scenario: Scenario) -> Result<Vec<ChargeRow>, ExportError> {
    let mut statements = month.statements.iter();
    let mut rows = match statements.next() {
        Some(first) => of_statement(first, scenario)?,
        None => return Ok(Vec::new()),
    };
    let mut before = rows.clone();
    for statement in statements {
        let after = of_statement(statement, scenario)?;
        rows.extend(differences(&before, &after)?);
        before = after;
    }
    if !month.is_whole {
        // A row's cost divided by its ratio is what the line costs in all.
        rows.iter_mut().for_each(|row| row.ratio = None);
    }
    Ok(rows)
}

fn of_statement(statement: &Statement, scenario: Scenario) -> Result<Vec<ChargeRow>, ExportError> {
    let charges = match (scenario, &statement.alpine) {
        (Scenario::Now, _) => &statement.now,
        (Scenario::Alpine, Some(alpine)) => &alpine.charges,
        (Scenario::Alpine, None) => return Err(ExportError::NoAlpine(statement.registry.clone())),
    };
    let mut rows = Vec::new();
    for piece in &charges.pieces {
        let ratios = Ratios::of(&piece.allocation.rows, piece.bill.lines.len())?;
        let warnings: Vec<String> = piece.bill.warnings.iter().map(ToString::to_string).collect();
        let warnings = warnings.join("; ");
        // Rows stand in the order of the repositories, and last the one without a name.
        for (place, row) in piece.allocation.rows.iter().enumerate() {
            let repository = row.key.as_ref().and_then(|_| statement.repositories.get(place));
            for part in &row.parts {
                let line = &piece.bill.lines[part.line];
                rows.push(ChargeRow {
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
                    ratio: Some(ratios.of_part(place, part.line)),
                    is_correction: false,
                    warnings: warnings.clone(),
                });
            }
        }
    }
    Ok(rows)
}

/// Which part of each line each row is, in decimals that add up to 1 for a line.
struct Ratios(BTreeMap<(usize, usize), Decimal>);

impl Ratios {
    fn of(rows: &[AllocatedRow], lines: usize) -> Result<Self, ExportError> {
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
                // At most 10¹², which 64 bits hold.
                let share = Decimal::new(i64::try_from(share).unwrap_or(i64::MAX), RATIO_DECIMALS);
                ratios.insert((place, line), share.normalize());
            }
        }
        Ok(Self(ratios))
    }

    fn of_part(&self, place: usize, line: usize) -> Decimal {
        self.0.get(&(place, line)).copied().unwrap_or_default()
    }
}

/// By what a row is the same row in two statements: all but its quantity and what follows from it.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Identity<'a> {
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

impl<'a> Identity<'a> {
    fn of(row: &'a ChargeRow) -> Self {
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

/// What has to be added to some rows to make others of them.
fn differences(before: &[ChargeRow], after: &[ChargeRow]) -> Result<Vec<ChargeRow>, ExportError> {
    let mut sums: BTreeMap<Identity<'_>, (&ChargeRow, Decimal)> = BTreeMap::new();
    let less = before.iter().map(|row| (row, -row.quantity));
    let more = after.iter().map(|row| (row, row.quantity));
    for (row, quantity) in less.chain(more) {
        let (_, sum) = sums.entry(Identity::of(row)).or_insert((row, Decimal::ZERO));
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
