//! Bills computed by hand from published prices. Each test states its source and the calculation.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use rust_decimal::Decimal;

use crate::units::{ByteCount, Money};

use super::*;

const GIB: u64 = 1 << 30;

fn book(id: &str) -> PriceBook {
    PriceBooks::shipped()
        .unwrap()
        .get(id, day("2026-11-01"))
        .unwrap()
        .clone()
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn decimal(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn gib(count: u64) -> ByteCount {
    ByteCount::try_from(count * GIB).unwrap()
}

fn storing(bytes: ByteCount) -> UsageHistory {
    UsageHistory::from_stored(ByteHistory::constant(bytes))
}

fn moving(zone: &str, gigabytes: u128) -> UsageHistory {
    let moved = MovedBytes {
        day: day("2026-11-05"),
        zone: zone.to_owned(),
        bytes: gigabytes * 1_000_000_000,
    };
    UsageHistory {
        moved: vec![moved],
        ..storing(ByteCount::ZERO)
    }
}

fn november() -> Period {
    Period::month(2026, 11).unwrap()
}

/// Charge, quantity, unit, unit price, cost.
fn bill_lines(bill: &Bill) -> Vec<(Charge, String, &str, String, String)> {
    let lines = bill.lines.iter();
    lines
        .map(|line| {
            let (price, cost) = (line.unit_price.amount(), line.cost.amount());
            (
                line.charge,
                line.quantity.to_string(),
                line.unit.as_str(),
                price.to_string(),
                cost.to_string(),
            )
        })
        .collect()
}

fn line<'a>(
    charge: Charge,
    quantity: &str,
    unit: &'a str,
    price: &str,
    cost: &str,
) -> (Charge, String, &'a str, String, String) {
    (
        charge,
        quantity.to_owned(),
        unit,
        price.to_owned(),
        cost.to_owned(),
    )
}

/// learn.microsoft.com/azure/container-registry/container-registry-skus: Basic with 25 GB is 0.167 and 15 × 0.003
/// = 0.045, together 0.212 USD a day.
/// The documentation of DigitalOcean (March 2026): registries of a team share one subscription. Two of 60 GiB each on Professional:
/// 20 for both, and 20 GiB beyond its 100 at 0.02.
/// Vendors: DigitalOcean.
#[test]
fn registries_of_an_account_share_one_subscription() {
    let professional = book("digitalocean-professional");
    let first = bill(&professional, &storing(gib(60)), november()).unwrap();
    let second = UsageHistory {
        fee_elsewhere: true,
        stored_elsewhere: gib(60),
        ..storing(gib(60))
    };
    let second = bill(&professional, &second, november()).unwrap();
    let total = |bill: &Bill| -> Decimal { bill.lines.iter().map(|line| line.cost.amount()).sum() };
    assert_eq!((total(&first), total(&second)), (decimal("20"), decimal("0.4")));
}

/// Azure's table of limits (February 2026): 100 TiB for Premium, 40 for the others.
/// Vendors: Azure.
#[test]
fn premium_stores_what_no_other_plan_of_azure_may() {
    let sixty_tebibytes = storing(gib(60 << 10));
    for (plan, fits) in [("premium", true), ("standard", false), ("basic", false)] {
        let book = book(&format!("azure-container-registry-{plan}"));
        let bill = bill(&book, &sixty_tebibytes, november()).unwrap();
        let exceeded = |warning: &Warning| matches!(warning, Warning::LimitExceeded { .. });
        assert_eq!(!bill.warnings.iter().any(exceeded), fits, "{plan}");
    }
}

/// cloudburn.io, March 2026: 0.10 per GB beyond 50; pulls are billed to the clients.
/// Vendors: ECR Public.
#[test]
fn a_public_registry_of_amazon_pays_for_storage_alone() {
    let history = UsageHistory {
        stored: ByteHistory::constant(gib(80)),
        ..moving("internet", 900)
    };
    let bill = bill(&book("aws-ecr-public"), &history, november()).unwrap();
    let total: Decimal = bill.lines.iter().map(|line| line.cost.amount()).sum();
    assert_eq!(total, decimal("3"));
}

/// JFrog's price list of October 2026: 150 with 25 GB, 1.25 for each GB beyond them, stored or moved.
/// Vendors: JFrog.
#[test]
fn jfrog_counts_storage_and_transfer_as_consumption() {
    let stored = ByteCount::try_from(35_000_000_000_u64).unwrap();
    let history = UsageHistory {
        stored: ByteHistory::constant(stored),
        ..moving("internet", 20)
    };
    let bill = bill(&book("jfrog-cloud-pro"), &history, november()).unwrap();
    let total: Decimal = bill.lines.iter().map(|line| line.cost.amount()).sum();
    assert_eq!(total, decimal("187.5"), "150 + 30 × 1.25");
}

/// Vendors: Azure.
#[test]
fn acr_basic_with_25_gib_costs_what_microsoft_says() {
    let one_day = Period::new(day("2026-11-10"), day("2026-11-11")).unwrap();
    let bill = bill(
        &book("azure-container-registry-basic"),
        &storing(gib(25)),
        one_day,
    )
    .unwrap();
    assert_eq!(
        bill_lines(&bill),
        [
            line(Charge::Fee, "1", "Days", "0.167", "0.167"),
            line(Charge::IncludedStorage, "10", "GiB-Days", "0", "0"),
            line(Charge::Storage, "15", "GiB-Days", "0.003", "0.045"),
        ]
    );
    assert_eq!(bill.total.amount(), decimal("0.212"));
    // The quota is worth ten GiB-days at 0.003.
    assert_eq!(bill.quota_benefit().unwrap().amount(), decimal("0.03"));
    assert!(bill.warnings.is_empty());
}

/// The row of reference/finops.md 1: 200 GiB above Premium's quota for October's 31 days are 6200 GiB-days, 18.600.
#[test]
fn october_of_a_premium_registry_200_gib_above_its_quota() {
    let october = Period::month(2026, 10).unwrap();
    let bill = bill(
        &book("azure-container-registry-premium"),
        &storing(gib(700)),
        october,
    )
    .unwrap();
    let storage = bill
        .lines
        .iter()
        .find(|line| line.charge == Charge::Storage)
        .unwrap();
    assert_eq!(
        (storage.quantity, storage.cost.amount()),
        (decimal("6200"), decimal("18.6"))
    );
}

/// infracost 2024-07 and c3x.dev: each replica pays the full fee. Three regions × 30 days × 1.667 = 150.03; each keeps
/// 600 GiB, 100 above its quota: 3 × 100 × 30 × 0.003 = 27. Together 177.03.
#[test]
fn premium_with_two_replicas() {
    let replicas = vec!["northeurope".to_owned(), "eastasia".to_owned()];
    let usage = UsageHistory {
        replicas,
        ..storing(gib(600))
    };
    let bill = bill(&book("azure-container-registry-premium"), &usage, november()).unwrap();
    let fees = bill.subtotal(Charge::is_fee).unwrap();
    assert_eq!(fees.amount(), decimal("150.03"));
    assert_eq!(bill.subtotal(Charge::is_storage).unwrap().amount(), decimal("27"));
    assert_eq!(bill.total.to_string(), "177.03 USD");
    let places: Vec<_> = bill
        .lines
        .iter()
        .filter(|line| line.charge == Charge::ReplicaStorage)
        .filter_map(|line| line.place.as_deref())
        .collect();
    assert_eq!(places, ["northeurope", "eastasia"]);
    // No other plan has replicas, so none fits, however cheap it is.
    let books = PriceBooks::shipped().unwrap();
    let premium = book("azure-container-registry-premium");
    assert!(
        cheaper_plans(&premium, &books, &usage, november())
            .unwrap()
            .is_empty()
    );
    let basic = super::bill(&book("azure-container-registry-basic"), &usage, november());
    assert!(matches!(basic, Err(PricingError::NoReplicas { .. })));
}

/// devjapan.com and hub.pointfive.co CER-0308, 2026-03: archive is 0.10 a GB-month up to 150 TB and 0.07 above, where a
/// TB is 1024 GB (1 TB-month = 102.40). 200 TB: 153 600 × 0.10 + 51 200 × 0.07 = 15 360 + 3 584 = 18 944. 1 TB of
/// standard storage beside it: 102.40. 500 GB restored at 0.03: 15.
#[test]
fn ecr_archive_across_its_tier() {
    let archive = ByteHistory::constant(gib(204_800));
    let usage = UsageHistory {
        classes: BTreeMap::from([("archive".to_owned(), archive)]),
        retrieved: vec![RetrievedBytes {
            day: day("2026-11-30"),
            class: "archive".to_owned(),
            bytes: u128::from(500 * GIB),
        }],
        ..storing(gib(1_024))
    };
    let bill = bill(&book("aws-ecr"), &usage, november()).unwrap();
    assert_eq!(
        bill_lines(&bill),
        [
            line(Charge::Storage, "1024", "GiB-Months", "0.1", "102.4"),
            line(Charge::Storage, "153600", "GiB-Months", "0.1", "15360"),
            line(Charge::Storage, "51200", "GiB-Months", "0.07", "3584"),
            line(Charge::Retrieval, "500", "GiB", "0.03", "15"),
        ]
    );
    let unknown = UsageHistory {
        classes: BTreeMap::from([("glacier".to_owned(), ByteHistory::constant(gib(1)))]),
        ..storing(gib(1))
    };
    let error = super::bill(&book("aws-ecr"), &unknown, november()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "price book `aws-ecr` has no storage class `glacier`; it has archive"
    );
}

/// AWS averages over the month (S3 FAQ): 100 GB for 10 of April's 30 days and 400 GB for 20 are
/// (1000 + 8000) / 30 = 300 GB-months, 30.00.
#[test]
fn ecr_bills_byte_hours_and_not_a_single_reading() {
    let at = |text: &str| text.parse().unwrap();
    let stored = ByteHistory::from_readings(
        [
            (at("2026-04-01T00:00:00Z"), gib(100)),
            (at("2026-04-11T00:00:00Z"), gib(400)),
        ],
        at("2026-05-01T00:00:00Z"),
    )
    .unwrap();
    let bill = bill(
        &book("aws-ecr"),
        &UsageHistory::from_stored(stored),
        Period::month(2026, 4).unwrap(),
    )
    .unwrap();
    assert_eq!(bill.total.to_string(), "30.00 USD");
    assert_eq!(bill.average_stored, gib(300));
}

/// cloud.google.com/artifact-registry/pricing: 0.5 GB are free. 0.4 GiB cost nothing and removing half of it saves
/// nothing. 10.5 GiB for November's 720 hours with a month of 730: 10 × 720 / 730 = 9.863013699 at 0.10.
#[test]
fn artifact_registry_under_its_free_allowance() {
    let book = book("google-artifact-registry");
    let small = ByteCount::try_from(GIB * 4 / 10).unwrap();
    let now = bill(&book, &storing(small), november()).unwrap();
    assert!(now.total.is_zero());
    let alpine = bill(&book, &storing(ByteCount::try_from(GIB / 5).unwrap()), november()).unwrap();
    let saved = saving(&now, &alpine).unwrap();
    assert!(saved.amount.is_zero());
    assert_eq!(saved.nothing_because, Some(NoSaving::BelowQuota));

    let large = ByteCount::try_from(GIB * 21 / 2).unwrap();
    let bill = bill(&book, &storing(large), november()).unwrap();
    assert_eq!(
        bill_lines(&bill),
        [
            line(Charge::IncludedStorage, "0.493150685", "GiB-Months", "0", "0"),
            line(
                Charge::Storage,
                "9.863013699",
                "GiB-Months",
                "0.1",
                "0.9863013699"
            ),
        ]
    );
    // The allowance is the account's: another registry that fills it leaves none.
    let pooled = UsageHistory {
        stored_elsewhere: gib(3),
        ..storing(small)
    };
    let pooled = super::bill(&book, &pooled, november()).unwrap();
    assert_eq!(pooled.lines.len(), 1);
    assert_eq!(pooled.lines[0].charge, Charge::Storage);
}

/// reference/registries.md B.2, zone 1: 60 000 GB in a month are 100 free, 10 235 × 0.087 = 890.445,
/// 40 960 × 0.083 = 3399.68 and 8 705 × 0.07 = 609.35, together 4899.475.
#[test]
fn egress_across_three_tiers() {
    let premium = book("azure-container-registry-premium");
    let transfer = |usage: &UsageHistory| -> Bill {
        let mut bill = bill(&premium, usage, november()).unwrap();
        bill.lines.retain(|line| line.charge.is_transfer());
        bill.total = Money::checked_total(bill.currency, bill.lines.iter().map(|line| line.cost)).unwrap();
        bill
    };
    let bill = transfer(&moving("internet", 60_000));
    assert_eq!(
        bill_lines(&bill),
        [
            line(Charge::IncludedTransfer, "100", "GB", "0", "0"),
            line(Charge::Transfer, "10235", "GB", "0.087", "890.445"),
            line(Charge::Transfer, "40960", "GB", "0.083", "3399.68"),
            line(Charge::Transfer, "8705", "GB", "0.07", "609.35"),
        ]
    );
    assert_eq!(bill.total.amount(), decimal("4899.475"));

    // Tiers are pooled over the account: with 60 000 GB moved elsewhere, all of it is in the third tier.
    let mut pooled = moving("internet", 1_000);
    pooled.moved_elsewhere.insert(
        "internet".to_owned(),
        ByteCount::try_from(60_000_000_000_000_u64).unwrap(),
    );
    assert_eq!(
        bill_lines(&transfer(&pooled)),
        [line(Charge::Transfer, "1000", "GB", "0.07", "70")]
    );

    // A price the user knows is used as it is.
    let mut known = moving("internet", 1_000);
    known
        .transfer_price
        .insert("internet".to_owned(), decimal("0.042"));
    assert_eq!(
        bill_lines(&transfer(&known)),
        [line(Charge::Transfer, "1000", "GB", "0.042", "42")]
    );

    let unknown = super::bill(&premium, &moving("moon", 1), november()).unwrap_err();
    assert!(
        unknown
            .to_string()
            .contains("no transfer zone `moon`; it has internet, other-region")
    );
}

/// docker.com/pricing/faq: Team is 16 USD per user and month; ten of November's thirty days are a third.
#[test]
fn a_plan_per_user() {
    let usage = UsageHistory {
        seats: 12,
        ..storing(gib(5_000))
    };
    let whole = bill(&book("docker-hub-team"), &usage, november()).unwrap();
    assert_eq!(whole.total.to_string(), "192.00 USD");
    assert_eq!(whole.lines[0].unit, "User-Months");
    let ten_days = Period::new(day("2026-11-01"), day("2026-11-11")).unwrap();
    let part = bill(&book("docker-hub-team"), &usage, ten_days).unwrap();
    assert_eq!(part.lines[0].quantity, decimal("4"));
}

/// Below Premium's quota one GiB more or less changes nothing; above it a month of 30 days is 0.09.
#[test]
fn marginal_price_beside_the_average() {
    let premium = book("azure-container-registry-premium");
    let below = unit_costs(&premium, &storing(gib(100)), november()).unwrap();
    assert!(below.one_more.is_zero() && below.one_less.is_zero());
    // 30 × 1.667 / 100.
    assert_eq!(below.average.unwrap().amount(), decimal("0.5001"));
    let at = unit_costs(&premium, &storing(gib(500)), november()).unwrap();
    assert_eq!(
        (at.one_more.amount(), at.one_less.amount()),
        (decimal("0.09"), decimal("0"))
    );
    let empty = unit_costs(&premium, &storing(ByteCount::ZERO), november()).unwrap();
    assert_eq!(empty.average, None);
}

/// 80 GiB on Premium, 30 days: 50.01. Standard holds them in its quota for 20.01; Basic for
/// 5.01 + 70 × 30 × 0.003 = 11.31.
#[test]
fn names_cheaper_plans_and_what_they_lack() {
    let books = PriceBooks::shipped().unwrap();
    let premium = book("azure-container-registry-premium");
    let plans = cheaper_plans(&premium, &books, &storing(gib(80)), november()).unwrap();
    let found: Vec<(&str, String, String)> = plans
        .iter()
        .map(|plan| {
            (
                plan.book.as_str(),
                plan.total.to_string(),
                plan.saving.to_string(),
            )
        })
        .collect();
    assert_eq!(
        found,
        [
            (
                "azure-container-registry-basic",
                "11.31 USD".to_owned(),
                "38.70 USD".to_owned()
            ),
            (
                "azure-container-registry-standard",
                "20.01 USD".to_owned(),
                "30.00 USD".to_owned()
            ),
        ]
    );
    assert!(plans[0].features_lost.contains(&"geo-replication".to_owned()));
    // Starter is free and stores half a GiB at most.
    let basic = book("digitalocean-basic");
    assert!(
        cheaper_plans(&basic, &books, &storing(gib(1)), november())
            .unwrap()
            .is_empty()
    );
    let tiny = storing(ByteCount::try_from(GIB / 4).unwrap());
    assert_eq!(
        cheaper_plans(&basic, &books, &tiny, november()).unwrap()[0].book,
        "digitalocean-starter"
    );
}

#[test]
fn says_what_a_bill_had_to_assume() {
    let at = |text: &str| text.parse().unwrap();
    let stored =
        ByteHistory::from_readings([(at("2027-06-20T10:00:00Z"), gib(1))], at("2027-06-25T10:00:00Z"))
            .unwrap();
    let usage = UsageHistory::from_stored(stored);
    let period = Period::new(day("2027-06-01"), day("2027-07-02")).unwrap();
    let bill = bill(&book("digitalocean-starter"), &usage, period).unwrap();
    assert_eq!(
        bill.warnings,
        [
            Warning::BookExpired {
                book: "digitalocean-starter".to_owned(),
                valid_until: day("2027-06-30")
            },
            Warning::AssumedBefore {
                day: day("2027-06-20")
            },
            Warning::AssumedAfter {
                day: day("2027-06-25")
            },
            Warning::LimitExceeded {
                book: "digitalocean-starter".to_owned(),
                what: "it stores at most 500.00 MiB, and 1.00 GiB were stored".to_owned()
            },
        ]
    );
    let text = serde_json::to_string(&bill).unwrap();
    assert_eq!(serde_json::from_str::<Bill>(&text).unwrap(), bill);
}

/// 31 days × 1.667 = 51.677 and 6200 GiB-days × 0.003 = 18.6, over three repositories and the remainder.
#[test]
fn divides_a_bill_by_rule() {
    let october = Period::month(2026, 10).unwrap();
    let bill = bill(
        &book("azure-container-registry-premium"),
        &storing(gib(700)),
        october,
    )
    .unwrap();
    let claim = |key: &str, attributed, exclusive| AllocationTarget {
        key: key.to_owned(),
        attributed,
        exclusive,
        ..AllocationTarget::default()
    };
    let targets = AllocationTargets {
        targets: vec![
            claim("api", 300, 100),
            claim("web", 300, 0),
            claim("jobs", 50, 50),
        ],
        unattributed: 50,
    };
    let totals = |rules: &AllocationRules| -> Vec<String> {
        let allocation = allocate(&bill, &targets, rules).unwrap();
        let sum = Money::checked_total(bill.currency, allocation.rows.iter().map(|row| row.total));
        assert_eq!(sum.unwrap(), bill.total);
        allocation.rows.iter().map(|row| row.total.to_string()).collect()
    };
    // 70.277 × 3/7, 3/7, 1/14, and 1/14 for the remainder.
    assert_eq!(
        totals(&AllocationRules::default()),
        ["30.12 USD", "30.12 USD", "5.02 USD", "5.02 USD"]
    );
    let even = AllocationRules {
        fees: Rule::Even,
        ..AllocationRules::default()
    };
    // 51.677 / 3 = 17.2257 and 18.6 × 3/7 = 7.9714.
    assert_eq!(totals(&even), ["25.20 USD", "25.20 USD", "18.55 USD", "1.33 USD"]);
    let direct = AllocationRules {
        storage: Rule::Proportional,
        fees: Rule::Proportional,
        ..AllocationRules::default()
    };
    assert_eq!(totals(&direct)[..3], ["46.85 USD", "0.00 USD", "23.43 USD"]);
    let fixed = |share: &str| Rule::Fixed(BTreeMap::from([("api".to_owned(), decimal(share))]));
    let chosen = AllocationRules {
        fees: fixed("0.25"),
        storage: fixed("1"),
        ..AllocationRules::default()
    };
    // 12.91925 + 18.6, and 38.75775 remains.
    assert_eq!(
        totals(&chosen),
        ["31.52 USD", "0.00 USD", "0.00 USD", "38.76 USD"]
    );
    let too_much = AllocationRules {
        fees: fixed("1.01"),
        ..AllocationRules::default()
    };
    assert!(matches!(
        allocate(&bill, &targets, &too_much),
        Err(PricingError::BadShare(_))
    ));
    // No target has exclusive bytes: the charge stays, without a name.
    let without_exclusive = AllocationTargets {
        targets: vec![claim("web", 0, 0)],
        unattributed: 0,
    };
    let allocation = allocate(&bill, &without_exclusive, &AllocationRules::default()).unwrap();
    assert_eq!(
        (allocation.rows[1].key.as_deref(), allocation.rows[1].total),
        (None, bill.total)
    );
}
