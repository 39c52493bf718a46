use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::section::exact;

/// Why a saved response of the Azure Retail Prices API cannot be converted to a price book.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RetailError {
    /// The file is not such a response.
    #[error("{file}: this is no answer of the Azure Retail Prices API: {problem}")]
    NotAnAnswer {
        /// The file's name, as given.
        file: String,
        /// What the parser found.
        problem: String,
    },
    /// The rows are of several regions and none was chosen.
    #[error("{file}: there are prices of several regions; choose one of: {}", regions.join(", "))]
    ManyRegions {
        /// The file's name, as given.
        file: String,
        /// The regions in the file.
        regions: Vec<String>,
    },
    /// A meter that every bill needs is missing.
    #[error("{file}: there is no row for `{meter}`{}{}", found(candidates), page(*more_pages))]
    NoRow {
        /// The file's name, as given.
        file: String,
        /// The missing meter.
        meter: String,
        /// Similar rows.
        candidates: Vec<String>,
        /// Whether the file is one page of several.
        more_pages: bool,
    },
    /// A price per unknown unit.
    #[error("{file}: `{meter}` is priced per `{unit}`, which is not understood; known are: {}; the rows are: {}",
        known.join(", "), candidates.join("; "))]
    UnknownUnit {
        /// The file's name, as given.
        file: String,
        /// The meter.
        meter: String,
        /// The unit, as written.
        unit: String,
        /// The supported units.
        known: Vec<String>,
        /// The meter's rows.
        candidates: Vec<String>,
    },
    /// Several prices for the same thing.
    #[error("{file}: several rows match `{meter}`; keep one of: {}", candidates.join("; "))]
    Ambiguous {
        /// The file's name, as given.
        file: String,
        /// The meter.
        meter: String,
        /// The matching rows.
        candidates: Vec<String>,
    },
    /// Prices in several currencies.
    #[error("{file}: prices are in several currencies ({}); ask for one", currencies.join(", "))]
    ManyCurrencies {
        /// The file's name, as given.
        file: String,
        /// The currencies in the file.
        currencies: Vec<String>,
    },
    /// The tiers do not start at zero.
    #[error("{file}: the tiers of `{meter}` begin at {from} and not at 0; rows are missing{}", page(*more_pages))]
    NoFirstTier {
        /// The file's name, as given.
        file: String,
        /// The meter.
        meter: String,
        /// The start of the first tier.
        from: Decimal,
        /// Whether the file is one page of several.
        more_pages: bool,
    },
}

fn found(candidates: &[String]) -> String {
    if candidates.is_empty() {
        String::new()
    } else {
        format!("; there are: {}", candidates.join("; "))
    }
}

const fn page(more_pages: bool) -> &'static str {
    if more_pages {
        " (the file is one page of several: it has a NextPageLink)"
    } else {
        ""
    }
}

/// The JSON response.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct RetailResponse<'a> {
    #[serde(borrow)]
    items: Vec<Item<'a>>,
    next_page_link: Option<String>,
}

/// A JSON row. Numbers are kept as written, because a price must not become a float.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Item<'a> {
    currency_code: String,
    #[serde(borrow)]
    tier_minimum_units: &'a RawValue,
    #[serde(borrow)]
    retail_price: &'a RawValue,
    #[serde(default)]
    arm_region_name: String,
    #[serde(default)]
    effective_start_date: String,
    #[serde(default)]
    meter_id: String,
    meter_name: String,
    #[serde(default)]
    product_name: String,
    #[serde(default)]
    sku_name: String,
    service_name: String,
    unit_of_measure: String,
    #[serde(rename = "type", default)]
    kind: String,
}

/// A parsed row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) currency: String,
    pub(super) from: Decimal,
    pub(super) price: Decimal,
    pub(super) region: String,
    pub(super) since: String,
    pub(super) meter_id: String,
    pub(super) meter: String,
    pub(super) product: String,
    pub(super) sku: String,
    pub(super) service: String,
    pub(super) unit: String,
}

impl Row {
    /// The row with everything that distinguishes it, for messages.
    pub(super) fn describe(&self) -> String {
        format!(
            "{} ({}, sku {}, region {}, from {} at {} {} per {}, since {}, meter id {})",
            self.meter,
            self.product,
            self.sku,
            self.region,
            self.from,
            self.price,
            self.currency,
            self.unit,
            self.since.get(..10).unwrap_or(&self.since),
            self.meter_id
        )
    }
}

/// The rows of pay-as-you-go prices, and whether there are more pages.
///
/// `isPrimaryMeterRegion` is ignored: it is false in rows of bandwidth, which are the billed ones. Identical rows are
/// kept once.
pub(super) fn rows(file: &str, text: &str) -> Result<(Vec<Row>, bool), RetailError> {
    let not_an_answer = |problem: String| RetailError::NotAnAnswer {
        file: file.to_owned(),
        problem,
    };
    let answer: RetailResponse<'_> =
        serde_json::from_str(text).map_err(|error| not_an_answer(error.to_string()))?;
    let mut rows: Vec<Row> = Vec::new();
    for item in answer.items.iter().filter(|item| item.kind == "Consumption") {
        let number = |raw: &RawValue, name: &str| {
            exact(raw.get())
                .filter(|number| *number >= Decimal::ZERO)
                .ok_or_else(|| {
                    not_an_answer(format!(
                        "{name} of `{}` is {} and no price",
                        item.meter_name,
                        raw.get()
                    ))
                })
        };
        let row = Row {
            currency: item.currency_code.clone(),
            from: number(item.tier_minimum_units, "tierMinimumUnits")?.normalize(),
            price: number(item.retail_price, "retailPrice")?.normalize(),
            region: item.arm_region_name.clone(),
            since: item.effective_start_date.clone(),
            meter_id: item.meter_id.clone(),
            meter: item.meter_name.clone(),
            product: item.product_name.clone(),
            sku: item.sku_name.clone(),
            service: item.service_name.clone(),
            unit: item.unit_of_measure.clone(),
        };
        if !rows.contains(&row) {
            rows.push(row);
        }
    }
    let more_pages = answer.next_page_link.is_some_and(|link| !link.is_empty());
    Ok((rows, more_pages))
}
