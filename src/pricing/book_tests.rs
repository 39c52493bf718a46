//! Wrong price books are refused with file, line, key and remedy; the shipped ones are sound.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::*;

const GOOD: &str = r#"id = "mine"
version = "1"
title = "Mine"
provider = "Me"
service = "Registry"
family = "mine"
currency = "USD"
source = "contract 7"
source_date = 2026-01-01
valid_from = 2026-01-01
valid_until = 2026-12-31
unit = "GiB"
month = "calendar_days"
[storage]
per = "month"
window = "month"
[[storage.tiers]]
from = 0
to = 100
price = 0.10
[[storage.tiers]]
from = 100
price = 0.08
[transfer.zones.internet]
tiers = [{ from = 0, price = 0.09 }]
"#;

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn shipped() -> PriceBooks {
    PriceBooks::shipped().unwrap()
}

/// The only fault of a text, as `line key problem; remedy`.
fn fault(text: &str) -> String {
    let BookFaults(faults) = shipped().check("mine.toml", text).unwrap_err();
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert_eq!(faults[0].file, "mine.toml");
    faults[0].to_string().trim_start_matches("mine.toml:").to_owned()
}

#[test]
fn every_shipped_book_is_sound_and_has_the_common_zones() {
    let books = shipped();
    for book in books.iter() {
        for zone in ["same-region", "other-region", "internet"] {
            assert!(book.zone(zone).is_some(), "{} has no zone {zone}", book.id);
        }
        assert!(book.source.starts_with("https://"), "{}", book.id);
        let month = Period::month(2026, 11).unwrap();
        let is_valid =
            book.valid_from <= month.start() && month.end() <= book.valid_until.succ_opt().unwrap();
        assert!(is_valid, "{} is not valid in {month:?}", book.id);
        bill(
            book,
            &UsageHistory::from_stored(ByteHistory::constant(crate::units::ByteCount::MAX)),
            month,
        )
        .unwrap();
    }
    assert_eq!(books.iter().count(), 19);
    let premium = books
        .get("azure-container-registry-premium", day("2026-11-01"))
        .unwrap();
    assert_eq!(premium.storage.rate.included, 536_870_912_000);
    assert_eq!(premium.limits.storage.unwrap().get(), 100 << 40);
    let standard = books
        .get("azure-container-registry-standard", day("2026-11-01"))
        .unwrap();
    assert_eq!(standard.limits.storage.unwrap().get(), 40 << 40);
}

#[test]
fn a_good_book_is_taken_digit_by_digit() {
    let book = shipped()
        .check("mine.toml", &GOOD.replace("0.10", "0.1000000001"))
        .unwrap();
    assert_eq!(
        book.storage.rate.tiers[0].price,
        "0.1000000001".parse::<Decimal>().unwrap()
    );
    assert_eq!(book.storage.rate.tiers[0].to, Some(100 << 30));
}

#[test]
fn each_kind_of_wrong_book_is_refused_with_a_remedy() {
    for (from, to, expected) in [
        (
            "from = 100",
            "from = 120",
            "22: `storage.tiers[1].from`: no tier has a price between 100 and 120; write from = 100",
        ),
        (
            "from = 100",
            "from = 80",
            "22: `storage.tiers[1].from`: two tiers have a price between 80 and 100; write from = 100",
        ),
        (
            "price = 0.08",
            "price = -0.08",
            "23: `storage.tiers[1].price`: the price -0.08 is negative; give zero or more; credits are no prices",
        ),
        (
            "unit = \"GiB\"",
            "unit = \"TiB\"",
            "12: `unit`: `TiB` is unknown; write one of: GiB, GB",
        ),
        (
            "price = 0.08",
            "price = \"0.08 EUR\"",
            "23: `storage.tiers[1].price`: this price is in EUR, the book in USD; give it in USD; no exchange rate is assumed",
        ),
        (
            "valid_until = 2026-12-31",
            "valid_until = 2025-12-31",
            "11: `valid_until`: 2025-12-31 is before valid_from (2026-01-01); give a later day",
        ),
        (
            "per = \"month\"",
            "per = \"month\"\nincluding = 5",
            "16: `storage.including`: this key is unknown; write one of: included, meter, per, pool, tiers, window",
        ),
        (
            "currency = \"USD\"",
            "currency = \"dollars\"",
            "7: `currency`: `dollars` is not a currency of ISO 4217; write three capital letters such as USD, EUR or CHF; \
             give the currency all prices are in",
        ),
        (
            "month = \"calendar_days\"",
            "month = \"30\"",
            "13: `month`: `30` is unknown; write one of: calendar_days, hours_730, days_30.4",
        ),
        (
            "version = \"1\"\n",
            "",
            "1: `version`: this key is missing; give it as a text",
        ),
        (
            "price = 0.08",
            "price = 0.08\nto = 300",
            "24: `storage.tiers[1].to`: nothing has a price above the last tier; leave `to` out of the last tier",
        ),
        (
            "to = 100\n",
            "",
            "17: `storage.tiers[0].to`: the tier has no end, yet another follows; say where it ends",
        ),
        (
            "price = 0.08",
            "price = \"cheap\"",
            "23: `storage.tiers[1].price`: `cheap` is not a price; give a price, such as 0.10",
        ),
        (
            "price = 0.08",
            "price = nan",
            "23: `storage.tiers[1].price`: `nan` is not a price; give a price, such as 0.10",
        ),
        (
            "source_date = 2026-01-01",
            "source_date = 5",
            "9: `source_date`: a day is expected here; write it as 2026-11-23",
        ),
    ] {
        let text = GOOD.replacen(from, to, 1);
        assert_ne!(text, GOOD, "{from} is not in the book");
        assert_eq!(fault(&text), expected);
    }
    assert!(fault("id = = 1").starts_with("1: this is not TOML"));
}

#[test]
fn all_faults_are_found_at_once() {
    let text = GOOD
        .replace("0.08", "-1")
        .replace("calendar_days", "lunar")
        .replace("GiB", "TB");
    assert_eq!(shipped().check("mine.toml", &text).unwrap_err().0.len(), 3);
}

#[test]
fn editions_must_not_be_valid_on_the_same_day() {
    let next = GOOD.replace(
        "2026-01-01\nvalid_until = 2026-12-31",
        "2026-12-01\nvalid_until = 2027-12-31",
    );
    let error = shipped()
        .with([("2026.toml", GOOD), ("2027.toml", &next)])
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "2027.toml:10: `valid_from`: `mine` of 2026.toml is valid until 2026-12-31, and this edition already from \
         2026-12-01; let one edition end the day before the next begins, or give one another id"
    );
    let next = next
        .replace("2026-12-01", "2027-01-01")
        .replace("price = 0.10", "price = 0.20");
    let books = shipped()
        .with([("2026.toml", GOOD), ("2027.toml", next.as_str())])
        .unwrap();
    let pieces = books
        .over("mine", Period::new(day("2026-12-01"), day("2027-02-01")).unwrap())
        .unwrap();
    let prices: Vec<(u64, Decimal)> = pieces
        .iter()
        .map(|(piece, book)| (piece.days(), book.storage.rate.tiers[0].price))
        .collect();
    assert_eq!(prices, [(31, Decimal::new(1, 1)), (31, Decimal::new(2, 1))]);
    let error = books.get("yours", day("2026-12-01")).unwrap_err().to_string();
    assert!(
        error.starts_with("there is no price book `yours`; there are aws-ecr, aws-ecr-public, azure-"),
        "{error}"
    );
}

#[test]
fn a_book_of_ones_own_overrides_any_part() {
    let mine = "id = \"azure-container-registry-premium\"\nextends = \"azure-container-registry-premium\"\n\
                version = \"contract\"\n[storage]\nincluded = 600\n[transfer.zones.internet]\nincluded = 5\n";
    let books = shipped().with([("mine.toml", mine)]).unwrap();
    let book = books
        .get("azure-container-registry-premium", day("2026-11-01"))
        .unwrap();
    assert_eq!(
        (book.version.as_str(), book.storage.rate.included),
        ("contract", 600 << 30)
    );
    assert_eq!(book.fee.unwrap().price, "1.667".parse::<Decimal>().unwrap());
    assert_eq!(book.zone("internet").unwrap().rate.tiers.len(), 4);
    // It takes the shipped one's place.
    assert_eq!(books.iter().count(), shipped().iter().count());
}

#[test]
fn extends_must_lead_somewhere() {
    let mine = "id = \"mine\"\nversion = \"1\"\nextends = \"azure\"\n";
    let error = fault(mine);
    assert!(
        error.starts_with(
            "3: `extends`: there is no book `azure` to extend, or it extends this one; name one of: azure-"
        ),
        "{error}"
    );
    let one = "id = \"one\"\nversion = \"1\"\nextends = \"two\"\n";
    let two = "id = \"two\"\nversion = \"1\"\nextends = \"one\"\n";
    assert!(shipped().with([("one.toml", one), ("two.toml", two)]).is_err());
}

#[test]
fn prices_are_not_taken_over_into_another_currency() {
    let mine = "id = \"mine\"\nversion = \"1\"\nextends = \"github-container-registry\"\ncurrency = \"EUR\"\n\
                [storage]\ntiers = [{ from = 0, price = 0.5 }]\n";
    let BookFaults(faults) = shipped().check("mine.toml", mine).unwrap_err();
    assert_eq!(faults.len(), 3);
    assert_eq!(
        faults[0].to_string(),
        "mine.toml:4: `transfer.zones.internet.tiers[0].price`: this price is taken over from a book that is not in \
         EUR; give this price too; no exchange rate is assumed"
    );
}
