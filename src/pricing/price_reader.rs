use rust_decimal::Decimal;

use crate::units::{ByteCount, Currency, Window};

use super::book::{
    Fee, FeeBasis, Limits, Pool, Rate, ReplicaCharge, StorageCharge, StorageClass, Tier, TransferCharge, Zone,
};
use super::document::Value;
use super::section::{Section, exact};
use super::unit::{ByteUnit, Per};

/// The units in which a seller may count bytes.
pub(super) const UNITS: &[(&str, ByteUnit)] = &[("GiB", ByteUnit::Gibibyte), ("GB", ByteUnit::Gigabyte)];
const PERS: &[(&str, Per)] = &[("day", Per::Day), ("month", Per::Month)];
const WINDOWS: &[(&str, Window)] = &[("day", Window::Day), ("month", Window::Month)];
const POOLS: &[(&str, Pool)] = &[("registry", Pool::Registry), ("account", Pool::Account)];
const BASES: &[(&str, FeeBasis)] = &[
    ("registry", FeeBasis::Registry),
    ("seat", FeeBasis::Seat),
    ("account", FeeBasis::Account),
];

/// The most decimals of a price. Our choice: price times quantity (nine decimals) then stays exact for any bill.
const PRICE_DECIMALS: u32 = 10;

/// Reads the parts of a book that contain prices.
pub(super) struct Prices {
    pub(super) currency: Option<Currency>,
    pub(super) unit: Option<ByteUnit>,
}

impl Prices {
    /// A price: a plain number, or a text with the currency such as `"0.10 USD"`.
    fn price(&self, section: &Section<'_>, key: &str) -> Option<Decimal> {
        let remedy = "give a price, such as 0.10";
        let node = section.required(key, section.node(key), remedy)?;
        let (Value::Number(text) | Value::Text(text)) = &node.value else {
            section.fault(key, "a price is expected here", remedy);
            return None;
        };
        let (number, code) = text.trim().split_once(' ').unwrap_or((text, ""));
        if let (Some(currency), false) = (self.currency, code.is_empty())
            && code.trim() != currency.code()
        {
            let problem = format!("this price is in {}, the book in {currency}", code.trim());
            section.fault(
                key,
                problem,
                format!("give it in {currency}; no exchange rate is assumed"),
            );
        }
        let Some(price) = exact(number) else {
            section.fault(key, format!("`{text}` is not a price"), remedy);
            return None;
        };
        if price < Decimal::ZERO {
            section.fault(
                key,
                format!("the price {price} is negative"),
                "give zero or more; credits are no prices",
            );
        }
        if price.normalize().scale() > PRICE_DECIMALS {
            let problem = format!("the price has more than {PRICE_DECIMALS} decimals");
            section.fault(key, problem, "round it as the seller does");
        }
        Some(price)
    }

    /// Reads `[fee]`.
    pub(super) fn fee(&self, section: Section<'_>) -> Option<Fee> {
        let price = self.price(&section, "price");
        let per = section.required("per", section.choice("per", PERS), "say day or month");
        let each = section.choice("each", BASES).unwrap_or(FeeBasis::Registry);
        section.finish();
        Some(Fee {
            price: price?,
            per: per?,
            each,
        })
    }

    /// Reads `[storage]`.
    pub(super) fn storage(&self, section: Section<'_>) -> Option<StorageCharge> {
        let charge = self.storage_keys(&section);
        section.finish();
        charge
    }

    fn storage_keys(&self, section: &Section<'_>) -> Option<StorageCharge> {
        let meter = section.text("meter").unwrap_or_else(|| "Data Stored".to_owned());
        let per = section.required("per", section.choice("per", PERS), "say day or month");
        let window = section.required(
            "window",
            section.choice("window", WINDOWS),
            "say day or month: when tiers start again",
        );
        let pool = section.choice("pool", POOLS).unwrap_or(Pool::Registry);
        let rate = self.rate(section, self.unit);
        Some(StorageCharge {
            meter,
            per: per?,
            window: window?,
            pool,
            rate: rate?,
        })
    }

    /// Reads `[classes]`.
    pub(super) fn classes(&self, root: &Section<'_>) -> Vec<StorageClass> {
        let Some(classes) = root.section("classes") else {
            return Vec::new();
        };
        let read = |(name, section): (String, Section<'_>)| {
            let charge = self.storage_keys(&section);
            let retrieval = match section.node("retrieval") {
                Some(_) => self.price(&section, "retrieval"),
                None => Some(Decimal::ZERO),
            };
            let minimum_days = u32::try_from(section.count("minimum_days").unwrap_or(0)).unwrap_or(u32::MAX);
            section.finish();
            Some(StorageClass {
                name,
                charge: charge?,
                retrieval: retrieval?,
                minimum_days,
            })
        };
        classes.named_sections().into_iter().filter_map(read).collect()
    }

    /// Reads `[replicas]`.
    pub(super) fn replicas(&self, section: Section<'_>) -> Option<ReplicaCharge> {
        let stores = section.required(
            "stores",
            section.choice("stores", &[("everything", true), ("nothing", false)]),
            "say everything if a copy's bytes are charged, nothing if its fee covers them",
        );
        let fee = section.section("fee").map(|fee| self.fee(fee));
        let storage = section.section("storage").map(|storage| self.storage(storage));
        match (stores, &storage) {
            (Some(true), None) => {
                section.fault(
                    "storage",
                    "the price of a copy's bytes is missing",
                    "add [replicas.storage]",
                );
            }
            (Some(false), Some(_)) => {
                section.fault(
                    "storage",
                    "there is a price for bytes that are not charged",
                    "say stores = \"everything\"",
                );
            }
            _ => {}
        }
        section.finish();
        Some(ReplicaCharge {
            fee: fee.flatten(),
            storage: storage.flatten(),
        })
    }

    /// Reads `[transfer]`.
    pub(super) fn transfer(&self, section: Section<'_>) -> Option<TransferCharge> {
        let unit = match section.node("unit") {
            Some(_) => section.choice("unit", UNITS),
            None => self.unit,
        };
        let pool = section.choice("pool", POOLS).unwrap_or(Pool::Account);
        let zones = section.required(
            "zones",
            section.section("zones"),
            "add [transfer.zones.internet] and others",
        );
        let read = |(name, section): (String, Section<'_>)| {
            let meter = section
                .text("meter")
                .unwrap_or_else(|| "Data Transfer Out".to_owned());
            let rate = self.rate(&section, unit);
            section.finish();
            Some(Zone {
                name,
                meter,
                rate: rate?,
            })
        };
        let zones = zones?.named_sections().into_iter().filter_map(read).collect();
        section.finish();
        Some(TransferCharge {
            unit: unit?,
            pool,
            zones,
        })
    }

    /// Reads `[limits]`.
    pub(super) fn limits(&self, root: &Section<'_>) -> Limits {
        let Some(section) = root.section("limits") else {
            return Limits::default();
        };
        // `unlimited` lets a plan that extends another remove the other's limit.
        let lifted = |key| matches!(section.node(key).map(|node| &node.value), Some(Value::Text(text)) if text == "unlimited");
        let storage = if lifted("storage") {
            None
        } else {
            self.level(&section, "storage", self.unit)
        };
        let repositories = if lifted("repositories") {
            None
        } else {
            section.count("repositories")
        };
        section.finish();
        Limits {
            storage: storage.and_then(|bytes| ByteCount::try_from(bytes).ok()),
            repositories,
        }
    }

    /// A level in the book's unit, converted to bytes.
    fn level(&self, section: &Section<'_>, key: &str, unit: Option<ByteUnit>) -> Option<u64> {
        let bytes = section.amount(key)?.checked_mul(Decimal::from(unit?.bytes()));
        // Less than 2⁶⁴ is far beyond any registry, and byte-seconds of a month fit into 128 bits.
        let level = bytes.and_then(|bytes| u64::try_from(bytes.trunc()).ok());
        if level.is_none() {
            section.fault(key, "the level is too large", "give fewer than 16 EiB");
        }
        level
    }

    fn rate(&self, section: &Section<'_>, unit: Option<ByteUnit>) -> Option<Rate> {
        let included = match section.node("included") {
            Some(_) => self.level(section, "included", unit),
            None => Some(0),
        };
        let tiers = section.required(
            "tiers",
            section.sections("tiers"),
            "add a list of {from, to, price}",
        )?;
        if tiers.is_empty() {
            section.fault(
                "tiers",
                "there is no tier",
                "add at least one, with from = 0 and a price",
            );
        }
        let count = tiers.len();
        let mut expected = Some(0);
        let mut read = Vec::with_capacity(count);
        for (index, tier) in tiers.into_iter().enumerate() {
            let next = self.tier(tier, expected, index + 1 == count, unit);
            expected = next.and_then(|tier| tier.to);
            read.extend(next);
        }
        Some(Rate {
            included: included?,
            tiers: read,
        })
    }

    /// A tier, which must start where the previous one ended (`expected`; `None` if that is unknown because of a fault).
    fn tier(
        &self,
        section: Section<'_>,
        expected: Option<u64>,
        last: bool,
        unit: Option<ByteUnit>,
    ) -> Option<Tier> {
        let price = self.price(&section, "price");
        section.required(
            "from",
            section.node("from"),
            "say where the tier begins; the first begins at 0",
        );
        let from = self.level(&section, "from", unit);
        let to = self.level(&section, "to", unit);
        let shown = |bytes: u64| {
            let units = Decimal::from(bytes) / Decimal::from(unit.map_or(1, ByteUnit::bytes));
            units.normalize().to_string()
        };
        if let (Some(from), Some(expected)) = (from, expected) {
            let remedy = format!("write from = {}", shown(expected));
            if from > expected {
                let problem = format!(
                    "no tier has a price between {} and {}",
                    shown(expected),
                    shown(from)
                );
                section.fault("from", problem, remedy);
            } else if from < expected {
                let problem = format!(
                    "two tiers have a price between {} and {}",
                    shown(from),
                    shown(expected)
                );
                section.fault("from", problem, remedy);
            }
        }
        if let (Some(from), Some(to)) = (from, to)
            && to <= from
        {
            section.fault(
                "to",
                "the tier ends before it begins",
                format!("give more than {}", shown(from)),
            );
        }
        match (last, section.node("to")) {
            (true, Some(_)) => {
                section.fault(
                    "to",
                    "nothing has a price above the last tier",
                    "leave `to` out of the last tier",
                );
            }
            (false, None) => {
                section.fault(
                    "to",
                    "the tier has no end, yet another follows",
                    "say where it ends",
                );
            }
            _ => {}
        }
        section.finish();
        Some(Tier {
            from: from?,
            to,
            price: price?,
        })
    }
}
