//! Properties of every bill, for any prices and any history.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use chrono::{DateTime, Days, NaiveDate};
use proptest::prelude::*;
use rust_decimal::Decimal;

use crate::units::{ByteCount, Money, exact_product};

use super::*;

/// The book the others are made from; parsed once, because parsing is slower than a bill.
static PREMIUM: LazyLock<PriceBook> = LazyLock::new(|| {
    let shipped = PriceBooks::shipped().unwrap();
    shipped
        .get("azure-container-registry-premium", start())
        .unwrap()
        .clone()
});

/// A book with three storage tiers and three transfer tiers, billed by day or by month.
fn books() -> impl Strategy<Value = PriceBook> {
    let rate = || {
        (
            0_u64..200,
            1_u64..100,
            1_u64..100,
            [0_i64..1000, 0_i64..1000, 0_i64..1000],
        )
            .prop_map(|(included, first, second, prices)| {
                let level = |units: u64| units << 30;
                let tier = |from: u64, to: Option<u64>, price: i64| Tier {
                    from: level(from),
                    to: to.map(level),
                    price: Decimal::new(price, 4),
                };
                Rate {
                    included: level(included),
                    tiers: vec![
                        tier(0, Some(first), prices[0]),
                        tier(first, Some(first + second), prices[1]),
                        tier(first + second, None, prices[2]),
                    ],
                }
            })
    };
    let month = prop_oneof![
        Just(MonthConvention::CalendarDays),
        Just(MonthConvention::Hours730),
        Just(MonthConvention::Days30Point4)
    ];
    let window = prop_oneof![Just(Window::Day), Just(Window::Month)];
    let per = prop_oneof![Just(Per::Day), Just(Per::Month)];
    (rate(), rate(), month, window, per.clone(), per).prop_map(|(stored, moved, month, window, per, fee)| {
        let mut book = PREMIUM.clone();
        book.month = month;
        book.storage.window = window;
        book.storage.per = per;
        book.storage.rate = stored;
        book.transfer.zones[0].rate = moved;
        book.fee = Some(Fee {
            price: Decimal::new(1667, 3),
            per: fee,
            each: FeeBasis::Registry,
        });
        book
    })
}

fn start() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 1, 1).unwrap()
}

/// Up to twelve readings and transfers within the year 2026.
fn usages() -> impl Strategy<Value = UsageHistory> {
    let readings = prop::collection::vec((0_i64..31_536_000, 0_u64..(300 << 30)), 1..12);
    let moved = prop::collection::vec((0_u64..365, 0_u128..(100 << 30)), 0..12);
    (readings, moved, 0_u64..(50 << 30), 0_usize..3).prop_map(|(readings, moved, elsewhere, replicas)| {
        let begin = start().and_hms_opt(0, 0, 0).unwrap().and_utc().timestamp();
        let at = |seconds| DateTime::from_timestamp(begin + seconds, 0).unwrap();
        let readings = readings
            .into_iter()
            .map(|(seconds, bytes)| (at(seconds), ByteCount::try_from(bytes).unwrap()));
        let zone = books_zone();
        let moved = moved.into_iter().map(|(day, bytes)| MovedBytes {
            day: start() + Days::new(day),
            zone: zone.clone(),
            bytes,
        });
        let mut usage =
            UsageHistory::from_stored(ByteHistory::from_readings(readings, at(31_536_000)).unwrap());
        usage.moved = moved.collect();
        usage.moved_elsewhere = BTreeMap::from([(zone, ByteCount::try_from(elsewhere).unwrap())]);
        usage.replicas = ["one", "two"]
            .into_iter()
            .take(replicas)
            .map(str::to_owned)
            .collect();
        usage
    })
}

/// The zone whose prices [`books`] chooses.
fn books_zone() -> String {
    PREMIUM.transfer.zones[0].name.clone()
}

/// Two cuts within 2026, in order and apart.
fn cuts() -> impl Strategy<Value = (u64, u64, u64)> {
    (0_u64..300, 1_u64..33, 1_u64..33).prop_map(|(first, one, two)| (first, first + one, first + one + two))
}

fn period(from: u64, until: u64) -> Period {
    Period::new(start() + Days::new(from), start() + Days::new(until)).unwrap()
}

/// Quantities and costs by what identifies a line.
fn by_line(bills: &[&Bill]) -> BTreeMap<String, (Decimal, Decimal)> {
    let mut sums: BTreeMap<String, (Decimal, Decimal)> = BTreeMap::new();
    for line in bills.iter().flat_map(|bill| &bill.lines) {
        let key = format!(
            "{:?} {} {:?} {}",
            line.charge,
            line.meter,
            line.place,
            line.unit_price.amount()
        );
        let sum = sums.entry(key).or_default();
        sum.0 += line.quantity;
        sum.1 += line.cost.amount();
    }
    sums
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn rows_sum_to_the_total_and_each_is_price_times_quantity(book in books(), usage in usages(), (from, _, until) in cuts()) {
        let bill = bill(&book, &usage, period(from, until)).unwrap();
        for line in &bill.lines {
            prop_assert_eq!(exact_product(line.unit_price.amount(), line.quantity).unwrap(), line.cost.amount());
            prop_assert!(line.quantity.scale() <= QUANTITY_DECIMALS);
        }
        let sum: Decimal = bill.lines.iter().map(|line| line.cost.amount()).sum();
        prop_assert_eq!(sum, bill.total.amount());
    }

    #[test]
    fn a_period_cut_anywhere_adds_up(book in books(), usage in usages(), (from, cut, until) in cuts()) {
        let whole = bill(&book, &usage, period(from, until)).unwrap();
        let first = bill(&book, &usage, period(from, cut)).unwrap();
        let second = bill(&book, &usage, period(cut, until)).unwrap();
        prop_assert_eq!(by_line(&[&whole]), by_line(&[&first, &second]));
        prop_assert_eq!(whole.total, first.total.checked_add(second.total).unwrap());
    }

    #[test]
    fn tiers_are_continuous_and_monotone(book in books(), level in 0_u64..(300 << 30), more in 1_u64..(1 << 20)) {
        let month = Period::month(2026, 3).unwrap();
        let at = |bytes: u64| {
            let stored = ByteHistory::constant(ByteCount::try_from(bytes).unwrap());
            bill(&book, &UsageHistory::from_stored(stored), month).unwrap().total.amount()
        };
        let step = at(level + more) - at(level);
        prop_assert!(step >= Decimal::ZERO);
        // At most 0.1 a GiB-day for 31 days, plus what rounding a quantity 31 times can shift.
        let dearest = Decimal::new(1, 1) * Decimal::from(31) * Decimal::from(more) / Decimal::from(1_u64 << 30);
        prop_assert!(step <= dearest + Decimal::new(31 * 4, 10), "{step} for {more} bytes");
    }

    #[test]
    fn a_cheaper_book_never_costs_more(
        book in books(), usage in usages(), (from, _, until) in cuts(), cuts in [0_i64..100, 0_i64..100, 0_i64..100],
        quota in 0_u64..(50 << 30),
    ) {
        let mut cheaper = book.clone();
        for rate in [&mut cheaper.storage.rate, &mut cheaper.transfer.zones[0].rate] {
            rate.included += quota;
            for (tier, cut) in rate.tiers.iter_mut().zip(cuts) {
                tier.price *= Decimal::new(cut, 2);
            }
        }
        let period = period(from, until);
        let (dear, cheap) = (bill(&book, &usage, period).unwrap(), bill(&cheaper, &usage, period).unwrap());
        prop_assert!(cheap.total.amount() <= dear.total.amount());
    }

    #[test]
    fn any_allocation_sums_to_the_bill(
        book in books(), usage in usages(), (from, _, until) in cuts(),
        weights in prop::collection::vec((0_u128..(1 << 40), 0_u128..(1 << 40), 0_i64..200), 1..12),
        unattributed in 0_u128..(1 << 40), rule in 0_usize..4,
    ) {
        let bill = bill(&book, &usage, period(from, until)).unwrap();
        let key = |index: usize| format!("repository-{index}");
        let targets = weights.iter().enumerate().map(|(index, &(attributed, exclusive, _))| AllocationTarget {
            key: key(index), attributed, exclusive, moved: BTreeMap::from([(books_zone(), exclusive)]),
        }).collect();
        let shares = weights.iter().enumerate().map(|(index, &(_, _, share))| {
            (key(index), Decimal::new(share, 4))
        }).collect();
        let rule = [Rule::Attributed, Rule::Even, Rule::Proportional, Rule::Fixed(shares)][rule].clone();
        let rules = AllocationRules { storage: rule.clone(), included: rule.clone(), fees: rule.clone(), transfer: rule };
        let allocation = allocate(&bill, &AllocationTargets { targets, unattributed }, &rules).unwrap();
        let total = Money::checked_total(bill.currency, allocation.rows.iter().map(|row| row.total)).unwrap();
        prop_assert_eq!(total, bill.total);
        for (index, line) in bill.lines.iter().enumerate() {
            let parts = allocation.rows.iter().flat_map(|row| &row.parts).filter(|part| part.line == index);
            prop_assert_eq!(parts.map(|part| part.quantity).sum::<Decimal>(), line.quantity);
        }
    }
}
