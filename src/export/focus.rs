//! FOCUS, the FinOps Open Cost and Usage Specification: rows as CSV in version 1.2 or 1.4.
//!
//! The rows are modelled charges, so no row refers to an invoice. Prices are list prices without discounts beyond those
//! in the price book, so all four costs of a row are equal. In 1.2 a repository is its own resource; in 1.4 its cost is
//! a split charge of the registry, and the remainder is the row without an AllocatedResourceId.

use std::io::Write;

use rust_decimal::Decimal;
use serde_json::{Map, Value};

use super::focus_columns::{COLUMNS, Column, FocusVersion};
use super::rows::{ChargeRow, Scenario, each_charge_row, require};
use super::{Account, BilledMonth, ExportError};
use crate::cost::{BookUsed, Labels};
use crate::pricing::{Charge, Period};

/// Writes the rows of the registries' months as CSV.
///
/// # Errors
/// If Alpine is requested but was not computed for one of the months, or if `out` fails.
pub fn focus(
    months: &[BilledMonth],
    scenario: Scenario,
    version: FocusVersion,
    out: impl Write,
) -> Result<(), ExportError> {
    let columns: Vec<Column> = COLUMNS
        .iter()
        .copied()
        .filter(|column| column.is_in(version))
        .collect();
    // Before the first row, so that a file that cannot be completed is not begun.
    months.iter().try_for_each(|month| require(month, scenario))?;
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(columns.iter().map(|column| column.name))?;
    for month in months {
        // An exported month has at least one statement.
        let Some(statement) = month.statements.last() else {
            continue;
        };
        each_charge_row(month, scenario, |row| {
            let context = FocusRow {
                row: &row,
                book: &statement.book,
                billing_period: statement.period,
                account: &month.account,
                scenario,
                version,
            };
            writer.write_record(columns.iter().map(|column| context.cell(column.name)))?;
            Ok(())
        })?;
    }
    Ok(writer.flush()?)
}

struct FocusRow<'a> {
    row: &'a ChargeRow,
    book: &'a BookUsed,
    billing_period: Period,
    account: &'a Account,
    scenario: Scenario,
    version: FocusVersion,
}

impl FocusRow<'_> {
    /// The cell of a column; empty for null.
    fn cell(&self, column: &str) -> String {
        let row = self.row;
        let line = &row.line;
        match column {
            "AllocatedMethodDetails" => self.method_details(),
            "AllocatedMethodId" => row.method.to_owned(),
            "AllocatedResourceId" => self.repository_id(),
            "AllocatedResourceName" => self.repository_name(),
            "AllocatedTags" | "Tags" => tags(&row.labels),
            "BilledCost"
            | "ContractedCost"
            | "EffectiveCost"
            | "ListCost"
            | "PricingCurrencyEffectiveCost" => number(row.cost.amount()),
            "ContractedUnitPrice"
            | "ListUnitPrice"
            | "PricingCurrencyContractedUnitPrice"
            | "PricingCurrencyListUnitPrice" => number(line.unit_price.amount()),
            "ConsumedQuantity" | "PricingQuantity" => number(row.quantity),
            "ConsumedUnit" | "PricingUnit" => line.unit.clone(),
            "BillingCurrency" | "PricingCurrency" => row.cost.currency().to_string(),
            "BillingAccountId" => self.or_registry(&self.account.billing_account_id),
            "BillingAccountName" => self.or_registry(&self.account.billing_account_name),
            "BillingAccountType" if self.account.billing_account_id.is_some() => "Billing Account".to_owned(),
            "BillingAccountType" => "Registry".to_owned(),
            "SubAccountId" => self.account.sub_account_id.clone().unwrap_or_default(),
            "SubAccountName" => self.sub_account_name(),
            "SubAccountType" if self.account.sub_account_id.is_some() => "Sub Account".to_owned(),
            "BillingPeriodStart" => moment(self.billing_period.start()),
            "BillingPeriodEnd" => moment(self.billing_period.end()),
            "ChargePeriodStart" => moment(row.period.start()),
            "ChargePeriodEnd" => moment(row.period.end()),
            // A fee is usage too. A purchase would be for something to use later.
            "ChargeCategory" => "Usage".to_owned(),
            "ChargeFrequency" if self.is_recurring() => "Recurring".to_owned(),
            "ChargeFrequency" => "Usage-Based".to_owned(),
            "ChargeClass" if row.is_correction => "Correction".to_owned(),
            "ChargeDescription" => self.description(),
            "PricingCategory" => "Standard".to_owned(),
            "InvoiceIssuerName"
            | "ProviderName"
            | "PublisherName"
            | "ServiceProviderName"
            | "HostProviderName" => self.book.provider.clone(),
            "RegionId" | "RegionName" => self.region(),
            "ResourceId" => self.resource_id(),
            "ResourceName" => self.resource_name(),
            "ResourceType" if self.is_split() || row.repository.is_none() => "Container Registry".to_owned(),
            "ResourceType" => "Container Registry Repository".to_owned(),
            "ServiceCategory" if line.charge.is_transfer() => "Networking".to_owned(),
            "ServiceCategory" => "Developer Tools".to_owned(),
            "ServiceSubcategory" if line.charge.is_transfer() => "Other (Networking)".to_owned(),
            "ServiceSubcategory" => "Other (Developer Tools)".to_owned(),
            "ServiceName" if line.charge.is_transfer() => format!("{} Data Transfer", self.book.service),
            "ServiceName" => self.book.service.clone(),
            "SkuId" => self.sku(),
            "SkuMeter" => line.meter.clone(),
            "SkuPriceId" => format!("{}@{}", self.sku(), line.unit_price.amount()),
            "x_AllocationMethod" => row.method.to_owned(),
            "x_PriceBook" => row.book.clone(),
            "x_PriceBookVersion" => row.book_version.clone(),
            "x_Scenario" => self.scenario.as_str().to_owned(),
            "x_Warnings" => row.warnings.clone(),
            _ => String::new(),
        }
    }

    /// Whether the charge recurs: monthly fees do; daily fees are charged for the days that the registry existed.
    fn is_recurring(&self) -> bool {
        self.row.line.charge.is_fee() && self.row.line.unit.ends_with("Months")
    }

    /// Whether the row is a split charge, which 1.2 cannot express.
    fn is_split(&self) -> bool {
        self.version == FocusVersion::V1_4
    }

    fn repository_id(&self) -> String {
        let repository = self.row.repository.as_ref();
        repository.map_or_else(String::new, |repository| {
            format!("{}/{repository}", self.row.registry)
        })
    }

    fn repository_name(&self) -> String {
        self.row
            .repository
            .as_ref()
            .map_or_else(String::new, ToString::to_string)
    }

    fn resource_id(&self) -> String {
        if self.is_split() || self.row.repository.is_none() {
            self.row.registry.to_string()
        } else {
            self.repository_id()
        }
    }

    fn resource_name(&self) -> String {
        if self.is_split() || self.row.repository.is_none() {
            self.row.registry.to_string()
        } else {
            self.repository_name()
        }
    }

    fn or_registry(&self, text: &Option<String>) -> String {
        match (text, &self.account.billing_account_id) {
            (Some(text), _) => text.clone(),
            (None, None) => self.row.registry.to_string(),
            (None, Some(_)) => String::new(),
        }
    }

    /// A name is only given with an id.
    fn sub_account_name(&self) -> String {
        let account = self.account;
        let name = account
            .sub_account_name
            .as_ref()
            .or(account.sub_account_id.as_ref());
        name.filter(|_| account.sub_account_id.is_some())
            .cloned()
            .unwrap_or_default()
    }

    /// The replica's region for a replica's charges, else the registry's.
    fn region(&self) -> String {
        let line = &self.row.line;
        let is_copy = matches!(
            line.charge,
            Charge::ReplicaFee | Charge::ReplicaStorage | Charge::IncludedReplicaStorage
        );
        let place = line.place.as_ref().filter(|_| is_copy);
        place
            .or(self.account.region.as_ref())
            .cloned()
            .unwrap_or_default()
    }

    fn description(&self) -> String {
        let line = &self.row.line;
        let place = line
            .place
            .as_ref()
            .map_or_else(String::new, |place| format!(" ({place})"));
        let included = if line.charge.is_included() {
            ", included"
        } else {
            ""
        };
        let whose = match &self.row.repository {
            Some(repository) => repository.to_string(),
            None => format!("{} (unallocated)", self.row.registry),
        };
        format!("{}{place}{included}: {whose}", line.meter)
    }

    /// The product without its price: price book, kind of charge and place.
    fn sku(&self) -> String {
        let line = &self.row.line;
        let place = line
            .place
            .as_ref()
            .map_or_else(String::new, |place| format!("/{place}"));
        format!("{}/{}{place}", self.row.book, line.charge.as_str())
    }

    /// The row's part of the registry's charge, as JSON.
    fn method_details(&self) -> String {
        let Some(ratio) = self.row.ratio else {
            return String::new();
        };
        // Numbers are written as they are, because a JSON library would convert them to floats.
        format!(
            r#"{{"Elements":[{{"AllocatedRatio":{ratio},"UsageUnit":{},"UsageQuantity":{}}}]}}"#,
            Value::from(self.row.line.unit.as_str()),
            self.row.quantity
        )
    }
}

/// A number with a decimal point: readers would take a column of whole numbers for integers.
fn number(number: Decimal) -> String {
    let text = number.normalize().to_string();
    if text.contains('.') {
        text
    } else {
        format!("{text}.0")
    }
}

/// Midnight of a day in UTC.
fn moment(day: chrono::NaiveDate) -> String {
    format!("{day}T00:00:00Z")
}

/// Labels as a flat JSON object; empty if there are none.
fn tags(labels: &Labels) -> String {
    let said = [
        ("cost_centre", &labels.cost_centre),
        ("environment", &labels.environment),
        ("team", &labels.team),
    ];
    let tags: Map<String, Value> = said
        .into_iter()
        .filter_map(|(name, label)| Some((name.to_owned(), Value::from(label.clone()?))))
        .collect();
    if tags.is_empty() {
        String::new()
    } else {
        Value::Object(tags).to_string()
    }
}
