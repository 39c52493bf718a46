use chrono::NaiveDate;
use proptest::prelude::*;
use rust_decimal::Decimal;

use super::*;
use crate::oci::RepositoryPatterns;
use crate::pricing::{ByteHistory, Effort, NoSaving, Payback, Period, PriceBooks, Share};
use crate::pulls::{PullCount, PullSource};
use crate::units::{ByteCount, Currency, Money};
use crate::whatif::{Estimate, SavingEstimate};

pub(super) const GIB: u64 = 1 << 30;

pub(super) fn bytes(count: u64) -> ByteCount {
    count.try_into().unwrap()
}

pub(super) fn november() -> Period {
    Period::month(2026, 11).unwrap()
}

pub(super) fn plan(book: &str) -> CostPlan {
    CostPlan {
        books: PriceBooks::shipped().unwrap(),
        registries: vec![RegistryTerms::everywhere(book)],
        ..CostPlan::default()
    }
}

pub(super) fn estimate(low: u64, expected: u64, high: u64) -> Estimate {
    Estimate {
        low: bytes(low),
        expected: bytes(expected),
        high: bytes(high),
    }
}

/// A repository with so many GiB, and what its share would be on Alpine.
pub(super) fn repository(name: &str, now: u64, after: Estimate) -> RepositoryUsage {
    RepositoryUsage {
        repository: name.parse().unwrap(),
        labels: Labels::default(),
        attributed: ByteHistory::constant(bytes(now)),
        exclusive: bytes(now),
        alpine: Some(AlpineBytes {
            before: bytes(now),
            after,
        }),
        solo_saving: Some(SavingEstimate {
            low: now as i64 - after.high.as_i64(),
            expected: now as i64 - after.expected.as_i64(),
            high: now as i64 - after.low.as_i64(),
        }),
        switches: after.expected != bytes(now),
        pulls: PullCount {
            count: 0,
            source: PullSource::None,
            bytes_each: None,
        },
        pulled: None,
    }
}

pub(super) fn registry(repositories: Vec<RepositoryUsage>) -> RegistryUsage {
    let sum = |of: &dyn Fn(AlpineBytes) -> ByteCount| {
        let counts = repositories.iter().filter_map(|row| row.alpine).map(of);
        ByteCount::checked_sum(counts).unwrap()
    };
    let before = sum(&|bytes| bytes.before);
    RegistryUsage {
        registry: "acme.azurecr.io".parse().unwrap(),
        stored: ByteHistory::constant(before),
        tagged: None,
        alpine: Some(AlpineBytes {
            before,
            after: Estimate {
                low: sum(&|bytes| bytes.after.low),
                expected: sum(&|bytes| bytes.after.expected),
                high: sum(&|bytes| bytes.after.high),
            },
        }),
        repositories,
        total_pulls: None,
    }
}

pub(super) fn drawn(plan: &CostPlan, usage: &RegistryUsage) -> Statement {
    statement(plan, usage, november()).unwrap().unwrap()
}

pub(super) fn dollars(amount: &str) -> Money {
    Money::new(amount.parse().unwrap(), Currency::USD)
}

#[test]
fn bytes_above_the_quota_are_worth_their_price() {
    // Premium includes 500 GiB; 1,000 GiB are 500 over it, and 600 are 100 over it. November has 30 days, at
    // 0.003334 USD a GiB and day in the shipped book's source or 0.003 in Microsoft's worked example.
    let usage = registry(vec![
        repository("api", 600 * GIB, estimate(150 * GIB, 200 * GIB, 300 * GIB)),
        repository("base", 400 * GIB, Estimate::exact(bytes(400 * GIB))),
    ]);
    let plan = plan("azure-container-registry-premium");
    let statement = drawn(&plan, &usage);
    let per_gib = statement.units.one_more;
    let saved = per_gib.checked_mul(Decimal::from(400)).unwrap();
    let alpine = statement.alpine.as_ref().unwrap();
    assert_eq!(alpine.saving.expected, saved);
    // The least is saved with the largest sizes: 300 GiB.
    assert_eq!(
        alpine.saving.low,
        per_gib.checked_mul(Decimal::from(300)).unwrap()
    );
    assert_eq!(alpine.nothing_saved_because, None);
    let [api, base] = &statement.repositories[..] else {
        panic!()
    };
    assert_eq!(api.alpine.unwrap().joint_saving.expected, saved);
    assert_eq!(api.alpine.unwrap().solo_saving.expected, saved);
    assert!(base.alpine.unwrap().joint_saving.expected.is_zero());
    assert!(base.alpine.unwrap().solo_saving.expected.is_zero());
}

/// The same registry with so many GiB that no tag reaches in its first repository.
fn with_untagged(repositories: Vec<RepositoryUsage>, untagged: u64) -> RegistryUsage {
    let untagged = bytes(untagged * GIB);
    let more = |history: &ByteHistory| history.map(|bytes| bytes.checked_add(untagged).unwrap());
    let mut usage = registry(repositories);
    usage.tagged = Some(usage.stored.clone());
    usage.stored = more(&usage.stored);
    usage.alpine = usage.alpine.map(|bytes| bytes.beside(untagged));
    let first = &mut usage.repositories[0];
    first.attributed = more(&first.attributed);
    first.alpine = first.alpine.map(|bytes| bytes.beside(untagged));
    usage
}

#[test]
fn what_no_tag_reaches_is_billed_to_who_holds_it_and_saves_its_price_when_deleted() {
    let plan = plan("azure-container-registry-premium");
    let repositories = || {
        vec![
            repository("api", 300 * GIB, estimate(100 * GIB, 100 * GIB, 100 * GIB)),
            repository("base", 300 * GIB, Estimate::exact(bytes(300 * GIB))),
        ]
    };
    // Of 1,000 GiB 500 are included, and 400 of the rest have no tag.
    let statement = drawn(&plan, &with_untagged(repositories(), 400));
    let per_gib = statement.units.one_more;
    let price = |count: u32| per_gib.checked_mul(Decimal::from(count)).unwrap();
    let clean_up = statement.clean_up.unwrap();
    assert_eq!(
        (clean_up.saving, clean_up.nothing_saved_because),
        (price(400), None)
    );
    assert_eq!(statement.now.parts.storage, price(500));
    assert!(statement.unallocated.is_zero());
    let [api, base] = &statement.repositories[..] else {
        panic!()
    };
    assert_eq!(api.now.storage, price(350), "seven tenths of what is paid for");
    assert_eq!(
        api.now.total.checked_add(base.now.total).unwrap(),
        statement.now.parts.total
    );
    // Alpine leaves what has no tag as it is.
    assert_eq!(statement.alpine.unwrap().saving.expected, price(200));

    // Below the quota once it is gone, only what is above it is saved.
    let statement = drawn(&plan, &with_untagged(vec![repositories().remove(0)], 400));
    assert_eq!(statement.clean_up.unwrap().saving, price(200));
    let statement = drawn(&plan, &with_untagged(vec![repositories().remove(0)], 100));
    let clean_up = statement.clean_up.unwrap();
    assert!(clean_up.saving.is_zero());
    assert_eq!(clean_up.nothing_saved_because, Some(NoSaving::BelowQuota));
    // No figure if nothing is untagged, or if that is unknown.
    assert_eq!(drawn(&plan, &with_untagged(repositories(), 0)).clean_up, None);
    assert_eq!(drawn(&plan, &registry(repositories())).clean_up, None);
}

#[test]
fn a_statement_that_was_kept_before_untagged_bytes_were_known_reads_as_it_did() {
    let usage = registry(vec![repository("api", GIB, Estimate::exact(bytes(GIB)))]);
    let statement = drawn(&plan("azure-container-registry-premium"), &usage);
    let text = serde_json::to_string(&statement).unwrap();
    assert!(!text.contains("clean_up"));
    assert_eq!(serde_json::from_str::<Statement>(&text).unwrap(), statement);
}

#[test]
fn bytes_below_the_quota_are_worth_nothing_and_that_is_said() {
    let usage = registry(vec![repository(
        "api",
        90 * GIB,
        estimate(5 * GIB, 10 * GIB, 20 * GIB),
    )]);
    let mut plan = plan("azure-container-registry-premium");
    plan.efforts = vec![EffortRule {
        repositories: RepositoryPatterns::new(["**"]).unwrap(),
        effort: Effort {
            days: Decimal::TWO,
            day_rate: dollars("800"),
        },
    }];
    let statement = drawn(&plan, &usage);
    let alpine = statement.alpine.as_ref().unwrap();
    assert!(alpine.saving.expected.is_zero() && alpine.saving.high.is_zero());
    assert_eq!(alpine.nothing_saved_because, Some(NoSaving::BelowQuota));
    let row = statement.repositories[0].alpine.unwrap();
    assert!(row.joint_saving.expected.is_zero() && row.solo_saving.high.is_zero());
    assert_eq!(row.payback, Some(Payback::Never));
    assert_eq!(row.total.expected, statement.now.parts.total);
    // Basic with 80 GiB above its 10 is cheaper than Standard with its 100: 12.21 and 20 USD.
    for cheaper in [&statement.cheaper_plan, &alpine.cheaper_plan] {
        assert_eq!(cheaper.as_ref().unwrap().book, "azure-container-registry-basic");
    }
}

#[test]
fn pulls_are_paid_for_by_those_who_are_pulled() {
    let pulled = |cold: u64, warm: u64, alpine: u64| PulledBytes {
        cold: bytes(cold),
        warm: bytes(warm),
        alpine: Some((Estimate::exact(bytes(alpine)), Estimate::exact(bytes(warm)))),
    };
    let mut api = repository("api", GIB, estimate(GIB / 2, GIB / 2, GIB / 2));
    api.pulls = PullCount {
        count: 1_000_000,
        source: PullSource::Imported,
        bytes_each: None,
    };
    api.pulled = Some(pulled(900_000_000, 100_000_000, 300_000_000));
    let usage = registry(vec![api, repository("base", GIB, Estimate::exact(bytes(GIB)))]);
    let mut plan = plan("aws-ecr");
    plan.transfer.destinations = vec![Destination {
        repositories: RepositoryPatterns::new(["api"]).unwrap(),
        shares: crate::pricing::Destinations::only("internet"),
        cold_share: Some(Share::new("0.25".parse().unwrap()).unwrap()),
    }];
    let statement = drawn(&plan, &usage);
    let [api, base] = &statement.repositories[..] else {
        panic!()
    };
    assert_eq!(api.moved.low, 100_000_000_000_000);
    assert_eq!(api.moved.expected, 300_000_000_000_000);
    assert_eq!(api.moved.high, 900_000_000_000_000);
    assert!(!api.now.transfer.is_zero());
    assert!(base.now.transfer.is_zero());
    // On Alpine half as much is moved: 0.25 × 300 + 0.75 × 100 = 150 MB a pull.
    let saved = statement.alpine.as_ref().unwrap().saving.expected;
    assert_eq!(api.alpine.unwrap().joint_saving.expected, saved);
    assert!(saved.amount() > dollars("1000").amount());
    assert_eq!(api.cold_pull_milliseconds, Some(72_000));
    assert_eq!(api.cold_pull_milliseconds_on_alpine, Some(24_000));
}

#[test]
fn bytes_that_stay_in_the_region_save_nothing_beside_those_that_leave_it() {
    let pulled = |name: &str| {
        let mut row = repository(name, GIB, estimate(GIB / 2, GIB / 2, GIB / 2));
        row.pulls = PullCount {
            count: 100_000,
            source: PullSource::Assumed,
            bytes_each: None,
        };
        row.pulled = Some(PulledBytes {
            cold: bytes(GIB),
            warm: bytes(GIB),
            alpine: Some((Estimate::exact(bytes(GIB / 2)), Estimate::exact(bytes(GIB / 2)))),
        });
        row
    };
    let usage = registry(vec![pulled("here"), pulled("there")]);
    let mut plan = plan("aws-ecr");
    plan.transfer.destinations = vec![Destination {
        repositories: RepositoryPatterns::new(["there"]).unwrap(),
        shares: crate::pricing::Destinations::only("internet"),
        cold_share: None,
    }];
    let statement = drawn(&plan, &usage);
    let [here, there] = &statement.repositories[..] else {
        panic!()
    };
    let stored = here.alpine.unwrap().joint_saving.expected;
    assert_eq!(stored, here.alpine.unwrap().solo_saving.expected);
    assert!(there.alpine.unwrap().joint_saving.expected.amount() > dollars("1000").amount());
    assert_eq!(
        there.alpine.unwrap().joint_saving.expected,
        there.alpine.unwrap().solo_saving.expected
    );
}

#[test]
fn a_registry_that_nothing_bills_has_no_statement() {
    let usage = registry(vec![repository("api", GIB, Estimate::exact(bytes(GIB)))]);
    assert_eq!(statement(&CostPlan::default(), &usage, november()), Ok(None));
    let refused = statement(&plan("acr"), &usage, november()).unwrap_err();
    assert!(
        refused.to_string().contains("azure-container-registry-basic"),
        "{refused}"
    );
}

proptest! {
    /// Rows and what is no repository's add up to the total, now and saved, whatever the sizes.
    #[test]
    fn rows_sum_to_the_total(
        sizes in prop::collection::vec((0_u64..1 << 41, 0_u64..1 << 41), 1..12),
        days in 1_u32..28,
        book in prop::sample::select(vec!["azure-container-registry-premium", "aws-ecr", "google-artifact-registry"]),
    ) {
        let rows = sizes.iter().enumerate().map(|(index, &(now, after))| {
            repository(&format!("r{index}"), now, estimate(after / 2, after, after.saturating_mul(2)))
        });
        let usage = registry(rows.collect());
        let start = NaiveDate::from_ymd_opt(2026, 11, 1).unwrap();
        let end = NaiveDate::from_ymd_opt(2026, 11, 1 + days).unwrap();
        let drawn = statement(&plan(book), &usage, Period::new(start, end).unwrap()).unwrap().unwrap();
        let sum = |of: &dyn Fn(&RepositoryStatement) -> Money| {
            Money::checked_total(Currency::USD, drawn.repositories.iter().map(of)).unwrap()
        };
        let all = sum(&|row| row.now.total).checked_add(drawn.unallocated).unwrap();
        prop_assert_eq!(all, drawn.now.parts.total);
        let alpine = drawn.alpine.as_ref().unwrap();
        prop_assert_eq!(sum(&|row| row.alpine.unwrap().joint_saving.expected), alpine.saving.expected);
        for row in &drawn.repositories {
            let joint = row.alpine.unwrap().joint_saving;
            prop_assert!(joint.low.amount() <= joint.expected.amount());
            prop_assert!(joint.expected.amount() <= joint.high.amount());
            let parts = row.now.fee.checked_add(row.now.storage).unwrap();
            prop_assert_eq!(parts.checked_add(row.now.transfer).unwrap(), row.now.total);
        }
    }
}
