use std::collections::BTreeSet;
use std::fmt::Write as _;

use chrono::{Months, NaiveDate};
use rust_decimal::Decimal;

use super::retail::{RetailError, Row, rows};

/// A plan of Azure Container Registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AcrPlan {
    /// Basic.
    Basic,
    /// Standard.
    Standard,
    /// Premium, the one with replicas.
    Premium,
}

impl AcrPlan {
    /// The name in rows of the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Basic => "Basic",
            Self::Standard => "Standard",
            Self::Premium => "Premium",
        }
    }

    /// The id of the shipped price book.
    pub const fn book(self) -> &'static str {
        match self {
            Self::Basic => "azure-container-registry-basic",
            Self::Standard => "azure-container-registry-standard",
            Self::Premium => "azure-container-registry-premium",
        }
    }
}

/// Which prices to take from a response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetailChoice {
    /// The plan.
    pub plan: AcrPlan,
    /// The region (`armRegionName`); needed only if the file has several.
    pub region: Option<String>,
    /// The day the file was saved.
    pub read_on: NaiveDate,
}

/// A price book made from a response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportedBook {
    /// The file to save. It extends the shipped book of the plan with the prices of the response.
    pub toml: String,
    /// What the user should know.
    pub warnings: Vec<String>,
}

/// A unit of the API, and the interval of its price.
type Unit = (&'static str, &'static str);
/// Units of flat fees (Azure Retail Prices API, 2026).
const FEE_UNITS: &[Unit] = &[("1/Day", "day"), ("1/Month", "month")];
/// Units of storage (Azure Retail Prices API, 2026).
const STORAGE_UNITS: &[Unit] = &[("1 GB/Month", "month"), ("1 GB/Day", "day")];
/// Traffic has no interval; the API writes its unit either way.
const TRANSFER_UNITS: &[Unit] = &[("1 GB", ""), ("1 GB/Month", "")];

/// The product of ordinary internet traffic (routed over Microsoft's network; Azure Retail Prices API, 2026).
const INTERNET_PRODUCT: &str = "Rtn Preference: MGN";

/// Makes a price book from a saved response of the Azure Retail Prices API.
///
/// # Errors
/// Fails closed: an unknown unit, several matching rows, or a missing meter or region is refused with the rows in
/// question.
pub fn import_retail_prices(
    file: &str,
    text: &str,
    choice: &RetailChoice,
) -> Result<ImportedBook, RetailError> {
    let (rows, more_pages) = rows(file, text)?;
    let answer = RetailPrices {
        file,
        rows,
        more_pages,
    };
    let plan = choice.plan.name();
    let region = answer.region(choice.region.as_deref())?;
    let registry = |row: &Row| row.service == "Container Registry" && row.region == region;

    let fee_meter = format!("{plan} Registry Unit");
    let fee = answer.meter(&fee_meter, FEE_UNITS, |row| {
        registry(row) && row.meter == fee_meter
    })?;
    let fee = answer.needed(fee, &fee_meter)?;
    let stored = |row: &Row| registry(row) && row.meter == "Data Stored" && row.sku == plan;
    let stored = answer.meter("Data Stored", STORAGE_UNITS, stored)?;
    let stored = answer.needed(stored, &format!("Data Stored (sku {plan})"))?;
    let copied_meter = "Premium GB Registry Replication Data Stored";
    let copied = match choice.plan {
        AcrPlan::Premium => answer.meter(copied_meter, STORAGE_UNITS, |row| {
            registry(row) && row.meter == copied_meter
        })?,
        AcrPlan::Basic | AcrPlan::Standard => None,
    };
    let internet_meter = "Standard Data Transfer Out";
    let internet = answer.meter(internet_meter, TRANSFER_UNITS, |row| {
        row.service == "Bandwidth" && row.product == INTERNET_PRODUCT && row.meter == internet_meter
    })?;

    let meters: Vec<&Meter> = [Some(&fee), Some(&stored), copied.as_ref(), internet.as_ref()]
        .into_iter()
        .flatten()
        .collect();
    let currency = answer.currency(&meters)?;
    let mut warnings = Vec::new();
    if more_pages {
        warnings.push(format!(
            "{file} is one page of several (it has a NextPageLink): rows may be missing"
        ));
    }
    for (meter, name) in [(&copied, copied_meter), (&internet, internet_meter)] {
        if meter.is_none() && (name != copied_meter || choice.plan == AcrPlan::Premium) {
            warnings.push(format!(
                "{file} has no row for `{name}`: the shipped price is kept"
            ));
        }
    }
    if currency != "USD" {
        warnings.push(format!(
            "shipped prices that are kept are in USD: give each of them in {currency}"
        ));
    }
    let toml = Book {
        choice,
        region: &region,
        currency: &currency,
        fee: &fee,
        stored: &stored,
    }
    .render(copied.as_ref(), internet.as_ref(), &meters);
    Ok(ImportedBook { toml, warnings })
}

/// The tiers of one meter, ascending from 0.
#[derive(Debug)]
struct Meter {
    rows: Vec<Row>,
    per: &'static str,
}

struct RetailPrices<'a> {
    file: &'a str,
    rows: Vec<Row>,
    more_pages: bool,
}

impl RetailPrices<'_> {
    fn region(&self, wanted: Option<&str>) -> Result<String, RetailError> {
        let regions: BTreeSet<&str> = self
            .rows
            .iter()
            .filter(|row| row.service == "Container Registry")
            .map(|row| row.region.as_str())
            .collect();
        match (wanted, regions.len()) {
            (Some(wanted), _) => Ok(wanted.to_owned()),
            (None, 0 | 1) => Ok(regions.first().copied().unwrap_or_default().to_owned()),
            (None, _) => Err(RetailError::ManyRegions {
                file: self.file.to_owned(),
                regions: regions.into_iter().map(str::to_owned).collect(),
            }),
        }
    }

    /// The meter of the matching rows; `None` if there are none.
    fn meter(
        &self,
        name: &str,
        units: &[Unit],
        matches: impl Fn(&Row) -> bool,
    ) -> Result<Option<Meter>, RetailError> {
        let mut rows: Vec<Row> = self.rows.iter().filter(|row| matches(row)).cloned().collect();
        rows.sort_by_key(|row| row.from);
        let candidates = || rows.iter().map(Row::describe).collect();
        let (file, meter) = (self.file.to_owned(), name.to_owned());
        let Some(first) = rows.first() else {
            return Ok(None);
        };
        let same_meter = |row: &Row| row.meter_id == first.meter_id && row.region == first.region;
        let tier_twice = rows.windows(2).any(|pair| pair[0].from == pair[1].from);
        if tier_twice || !rows.iter().all(same_meter) {
            return Err(RetailError::Ambiguous {
                file,
                meter,
                candidates: candidates(),
            });
        }
        let per = units
            .iter()
            .find(|(unit, _)| *unit == first.unit)
            .map(|&(_, per)| per);
        let (Some(per), true) = (per, rows.iter().all(|row| row.unit == first.unit)) else {
            return Err(RetailError::UnknownUnit {
                file,
                meter,
                unit: first.unit.clone(),
                known: units.iter().map(|&(unit, _)| unit.to_owned()).collect(),
                candidates: candidates(),
            });
        };
        if !first.from.is_zero() {
            let from = first.from;
            return Err(RetailError::NoFirstTier {
                file,
                meter,
                from,
                more_pages: self.more_pages,
            });
        }
        Ok(Some(Meter { rows, per }))
    }

    fn needed(&self, meter: Option<Meter>, name: &str) -> Result<Meter, RetailError> {
        meter.ok_or_else(|| RetailError::NoRow {
            file: self.file.to_owned(),
            meter: name.to_owned(),
            candidates: self
                .rows
                .iter()
                .filter(|row| row.service == "Container Registry")
                .map(Row::describe)
                .collect(),
            more_pages: self.more_pages,
        })
    }

    fn currency(&self, meters: &[&Meter]) -> Result<String, RetailError> {
        let currencies: BTreeSet<String> = meters
            .iter()
            .flat_map(|meter| &meter.rows)
            .map(|row| row.currency.clone())
            .collect();
        match currencies.first() {
            Some(currency) if currencies.len() == 1 => Ok(currency.clone()),
            _ => Err(RetailError::ManyCurrencies {
                file: self.file.to_owned(),
                currencies: currencies.into_iter().collect(),
            }),
        }
    }
}

/// The parts of the file that always exist.
struct Book<'a> {
    choice: &'a RetailChoice,
    region: &'a str,
    currency: &'a str,
    fee: &'a Meter,
    stored: &'a Meter,
}

impl Book<'_> {
    fn render(&self, copied: Option<&Meter>, internet: Option<&Meter>, meters: &[&Meter]) -> String {
        let plan = self.choice.plan;
        let read_on = self.choice.read_on;
        // The day on which the last of these prices became valid; rows without one are as old as the file.
        let since = meters
            .iter()
            .flat_map(|meter| &meter.rows)
            .filter_map(|row| row.since.get(..10));
        let valid_from = since
            .filter_map(|day| day.parse::<NaiveDate>().ok())
            .max()
            .unwrap_or(read_on);
        let valid_until = read_on
            .checked_add_months(Months::new(12))
            .unwrap_or(read_on)
            .max(valid_from);
        let title = format!("Azure Container Registry, {} ({})", plan.name(), self.region);
        let mut text = format!(
            "# Made by `tare prices import` from an answer of the Azure Retail Prices API saved on {read_on}.\n\
             id = {}\nextends = \"{}\"\nversion = \"retail-{read_on}\"\ntitle = {}\ncurrency = {}\n\
             source = \"https://prices.azure.com/api/retail/prices\"\nsource_date = {read_on}\n\
             valid_from = {valid_from}\nvalid_until = {valid_until}\n",
            quoted(&format!("{}-{}", plan.book(), self.region)),
            plan.book(),
            quoted(&title),
            quoted(self.currency),
        );
        let fee = &self.fee.rows[0];
        section(
            &mut text,
            "fee",
            &format!("price = {}\nper = \"{}\"\n", fee.price, self.fee.per),
        );
        section(&mut text, "storage", &rate(self.stored, false));
        if plan == AcrPlan::Premium {
            section(
                &mut text,
                "replicas.fee",
                &format!("price = {}\nper = \"{}\"\n", fee.price, self.fee.per),
            );
        }
        if let Some(copied) = copied {
            section(&mut text, "replicas.storage", &rate(copied, false));
        }
        if let Some(internet) = internet {
            section(&mut text, "transfer.zones.internet", &rate(internet, true));
        }
        text
    }
}

fn section(text: &mut String, name: &str, body: &str) {
    // Writing to a String cannot fail.
    let _ = write!(text, "\n[{name}]\n{body}");
}

/// The keys of a rate. Traffic that is free at first becomes the allowance, so that it is shown as such.
fn rate(meter: &Meter, allowance: bool) -> String {
    let mut text = String::new();
    if !meter.per.is_empty() {
        let _ = writeln!(text, "per = \"{}\"", meter.per);
    }
    let mut rows: &[Row] = &meter.rows;
    if allowance {
        let free = matches!(rows, [first, _, ..] if first.price.is_zero());
        let included = if free { rows[1].from } else { Decimal::ZERO };
        let _ = writeln!(text, "included = {included}");
        rows = if free { &rows[1..] } else { rows };
    }
    text.push_str("tiers = [\n");
    for (index, row) in rows.iter().enumerate() {
        let from = if index == 0 { Decimal::ZERO } else { row.from };
        let to = rows
            .get(index + 1)
            .map(|next| format!("to = {}, ", next.from))
            .unwrap_or_default();
        let _ = writeln!(text, "    {{ from = {from}, {to}price = {} }},", row.price);
    }
    text.push_str("]\n");
    text
}

/// A text as a TOML string; the response's own texts may contain anything.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}
