use proptest::prelude::*;
use rust_decimal::Decimal;

use super::*;
use crate::cost::{CostParts, Labels, MoneyEstimate, Worth, WorthRule, WorthSums};
use crate::inventory::RepositoryTotals;
use crate::pricing::{CheaperPlan, MovedEstimate, Period};
use crate::pulls::PullSource;
use crate::units::{ByteCount, Currency, Money};
use crate::whatif::{Estimate, SavingEstimate, Verdict};

const REGISTRY: &str = "reg.example.com";

fn usd(amount: &str) -> Money {
    Money::new(amount.parse().unwrap(), Currency::USD)
}

fn exactly(money: Money) -> MoneyEstimate {
    MoneyEstimate {
        low: money,
        expected: money,
        high: money,
    }
}

fn parts(transfer: Money) -> CostParts {
    let zero = Money::zero(transfer.currency());
    CostParts {
        total: transfer,
        fee: zero,
        storage: zero,
        transfer,
    }
}

/// A repository of 1 GiB that should switch and then has half.
fn unpriced(name: &str) -> RepositoryRow {
    let gib = ByteCount::try_from(1_u64 << 30).unwrap();
    let half = ByteCount::try_from(1_u64 << 29).unwrap();
    let saving = SavingEstimate {
        low: 1 << 29,
        expected: 1 << 29,
        high: 1 << 29,
    };
    RepositoryRow {
        registry: REGISTRY.parse().unwrap(),
        totals: RepositoryTotals {
            repository: name.parse().unwrap(),
            tags: 1,
            images: 1,
            logical_bytes: gib,
            stored_bytes: gib,
            exclusive_bytes: gib,
            attributed_bytes: gib,
            untagged_bytes: None,
            untagged_manifests: None,
        },
        judged: Some(RepositoryVerdict {
            verdict: Verdict::Switch,
            reason: "debian:12 to alpine:3.23".to_owned(),
            confidence: None,
            base: None,
            base_change: None,
            alpine: RepositoryAlpine {
                stored_bytes: Estimate::exact(half),
                attributed_bytes: Estimate::exact(half),
                solo_saving_bytes: saving,
                joint_saving_bytes: saving,
                break_even_repositories: Some(1),
            },
        }),
        worth: None,
        labels: Labels::default(),
        oldest_image: None,
        cost: None,
    }
}

/// A repository that costs 100 in a month, all of it for transfer, and saves so much.
fn priced(name: &str, worth: Worth, saving: Money, source: PullSource) -> RepositoryRow {
    let currency = saving.currency();
    let amount = |number: &str| Money::new(number.parse().unwrap(), currency);
    let month = amount("100");
    let is_worth_it = worth == Worth::WorthIt;
    RepositoryRow {
        worth: Some(worth),
        cost: Some(RepositoryCost {
            parts: parts(month),
            pulls: MonthlyPulls {
                per_month: 1000,
                source,
            },
            moved_bytes: MovedEstimate::default(),
            assumed_pulls_share: None,
            alpine: Some(RepositoryCostOnAlpine {
                month: exactly(month.checked_sub(saving).unwrap()),
                joint_saving: exactly(saving),
                solo_saving: exactly(saving),
                worth_it_saving: exactly(if is_worth_it { saving } else { amount("0") }),
                worth_it_transfer_saving: if is_worth_it { saving } else { amount("0") },
                work: Some(Work {
                    days: "0.5".parse().unwrap(),
                    cost: amount("360"),
                }),
                payback_months: None,
            }),
            pull_seconds: None,
        }),
        ..unpriced(name)
    }
}

fn registry_cost(nothing_saved_because: Option<&str>, cheaper: bool) -> RegistryCost {
    let zero = usd("0");
    RegistryCost {
        period: Period::month(2026, 11).unwrap(),
        price_book: BookNamed {
            id: "premium".to_owned(),
            version: "1".to_owned(),
            title: "Container Registry, Premium".to_owned(),
            currency: Currency::USD,
            valid_until: chrono::NaiveDate::from_ymd_opt(2026, 12, 31).unwrap(),
        },
        parts: parts(usd("100")),
        unallocated: zero,
        included_worth: zero,
        clean_up: None,
        unit: "GiB".to_owned(),
        one_more_unit: zero,
        pulls: PullBasis::zero(Currency::USD),
        average_unit: None,
        alpine: Some(RegistryCostOnAlpine {
            month: exactly(zero),
            saving: exactly(zero),
            nothing_saved_because: nothing_saved_because.map(str::to_owned),
            worth_it_saving: exactly(zero),
            worth: WorthSums::zero(Currency::USD),
            worth_rule: WorthLimits::new(&WorthRule::default(), Currency::USD),
        }),
        cheaper_plan: cheaper.then(|| CheaperPlan {
            book: "basic".to_owned(),
            title: "Container Registry, Basic".to_owned(),
            total: usd("5"),
            saving: usd("41.63"),
            features_lost: vec!["geo-replication".to_owned(), "private endpoints".to_owned()],
            warnings: Vec::new(),
        }),
        cheaper_plan_on_alpine: None,
        warnings: Vec::new(),
    }
}

fn headline(rows: &[RepositoryRow], cost: Option<&RegistryCost>) -> Headline {
    let registry = REGISTRY.parse().unwrap();
    Headline::new(rows, cost.map(|cost| (&registry, cost)), true).unwrap()
}

#[test]
fn it_says_what_to_move_what_that_brings_and_what_it_takes() {
    let counted = PullSource::Metered;
    let rows = [
        priced("a", Worth::WorthIt, usd("503.33"), counted),
        priced("b", Worth::WorthIt, usd("251.5"), counted),
        priced("c", Worth::SavesNothing, usd("-1"), counted),
        priced("d", Worth::PaysBackTooLate, usd("129.27"), counted),
    ];
    let headline = headline(&rows, Some(&registry_cost(None, true)));
    assert_eq!(
        headline.text,
        "Move 2 repositories: 750 of 880 USD a month, about 1 working day, paid back in 1 month. 2 more would get \
         smaller and are not worth it. Cheaper without any work: plan Basic, 41.63 USD a month (it lacks \
         2 features of today's plan)."
    );
    assert_eq!(headline.advice, Advice::Move);
    assert_eq!((headline.repositories, headline.not_worth_it), (2, 2));
    // The data have all digits.
    let cost = &headline.costs[0];
    assert_eq!(cost.worth_it_saving, usd("754.83"));
    assert_eq!(cost.saving, usd("883.1"));
    assert_eq!(cost.work.unwrap().cost, usd("720"));
    assert_eq!(cost.payback_months.as_deref(), Some("1"));
}

#[test]
fn one_repository_is_named_in_the_singular() {
    let row = priced("a", Worth::WorthIt, usd("95"), PullSource::Imported);
    assert_eq!(
        headline(&[row], Some(&registry_cost(None, false))).text,
        "Move 1 repository: 95 USD a month, about 0.5 working days, paid back in 3.8 months."
    );
}

#[test]
fn the_first_advice_is_to_count_the_pulls_that_are_assumed() {
    let rows = [
        priced("a", Worth::WorthIt, usd("50"), PullSource::Assumed),
        priced("b", Worth::WorthIt, usd("50"), PullSource::Metered),
    ];
    let text = headline(&rows, None).text;
    assert!(
        text.ends_with(
            "This holds if pulls are as assumed: 50 % of the bill rests on them. First count them: import a pull log \
             (tare pulls import --registry reg.example.com FILE) or let the registry send notifications."
        ),
        "{text}"
    );
}

#[test]
fn where_nothing_is_worth_moving_it_says_why() {
    let metered = PullSource::Metered;
    let rows = [
        priced("a", Worth::SavesTooLittle, usd("0.2"), metered),
        priced("b", Worth::SavesTooLittle, usd("0.07"), metered),
        priced("c", Worth::SavesNothing, usd("0"), metered),
    ];
    let all = headline(&rows, Some(&registry_cost(None, false)));
    assert_eq!(all.advice, Advice::NothingWorthIt);
    assert_eq!(
        all.text,
        "Nothing is worth moving: 3 repositories would get smaller and save 0.27 USD a month in all (1 would save \
         nothing, 2 would save too little)."
    );
    let quota = "what is stored is within the included quota, so fewer bytes cost the same";
    assert_eq!(
        headline(&rows[2..], Some(&registry_cost(Some(quota), false))).text,
        format!(
            "Nothing is worth moving: 1 repository would get smaller, but nothing is saved, because {quota}."
        )
    );
}

#[test]
fn without_a_price_book_it_counts_bytes_and_says_that_costs_are_missing() {
    let rows = [unpriced("a"), unpriced("b")];
    let bytes = headline(&rows, None);
    assert_eq!(
        bytes.text,
        "Move 2 repositories: 1.0 GiB of 2.0 GiB would be freed. No costs are known: a price book would tell what is \
         worth it."
    );
    assert_eq!(bytes.without_costs, 2);
    let mixed = [
        priced("a", Worth::WorthIt, usd("95"), PullSource::Metered),
        unpriced("b"),
    ];
    assert_eq!(
        headline(&mixed, None).text,
        "Move 2 repositories: 95 USD a month, about 0.5 working days, paid back in 3.8 months. 1 of them is in a \
         registry without a price book, so its worth is unknown."
    );
}

#[test]
fn currencies_are_not_added_up() {
    let euros = |amount: &str| Money::new(amount.parse().unwrap(), "EUR".parse().unwrap());
    let rows = [
        priced("a", Worth::WorthIt, usd("95"), PullSource::Metered),
        priced("b", Worth::WorthIt, euros("40"), PullSource::Metered),
    ];
    assert_eq!(
        headline(&rows, None).text,
        "Move 2 repositories: 95 USD and 40 EUR a month, about 1 working day, paid back in 3.8 months (USD) and 9 \
         months (EUR)."
    );
}

#[test]
fn it_says_where_there_is_nothing_to_move_or_something_is_missing() {
    assert_eq!(headline(&[], None).text, "Nothing is stored yet: run tare crawl.");
    let mut row = unpriced("a");
    if let Some(judged) = &mut row.judged {
        judged.verdict = Verdict::AlreadySmall;
    }
    let nothing = headline(std::slice::from_ref(&row), None);
    assert_eq!(nothing.advice, Advice::NothingToMove);
    assert!(nothing.text.starts_with("Nothing to move: "), "{}", nothing.text);
    let incomplete = Headline::new([&row], [], false).unwrap();
    assert!(
        incomplete
            .text
            .ends_with("The totals are incomplete: run tare crawl again.")
    );
}

#[test]
fn it_says_when_the_saving_arrives() {
    let mut rows = [
        priced("shop/api", Worth::WorthIt, usd("95"), PullSource::Metered),
        priced("old", Worth::SavesNothing, usd("0"), PullSource::Metered),
    ];
    let day = |text: &str| Some(format!("{text}T00:00:00Z").parse().unwrap());
    rows[0].oldest_image = day("2025-01-03");
    rows[1].oldest_image = day("2020-01-03");
    if let Some(alpine) = rows[0].cost.as_mut().and_then(|cost| cost.alpine.as_mut()) {
        alpine.worth_it_transfer_saving = usd("90");
    }
    let arrival = headline(&rows, None).arrival.unwrap();
    assert_eq!(
        arrival.text,
        "The saving arrives step by step. Transfer (90 USD a month): as teams deploy. Storage (5.0 USD a month): when \
         the tags of before are deleted; the oldest image kept today was built on 2025-01-03 in shop/api. Until then, \
         old and new images are stored."
    );
    assert_eq!(arrival.oldest_image.unwrap().repository.as_str(), "shop/api");
    assert_eq!(headline(&rows[1..], None).arrival, None, "nothing is to be moved");
}

proptest! {
    #[test]
    fn rows_that_switch_and_what_stays_behind_add_up_to_the_total(
        savings in prop::collection::vec((any::<bool>(), -1_000_000_i64..1_000_000), 0..30),
    ) {
        let rows: Vec<RepositoryRow> = savings
            .iter()
            .enumerate()
            .map(|(place, &(switches, bytes))| {
                let saving = Money::new(Decimal::new(bytes, 5), Currency::USD);
                let mut row = priced(&format!("r{place}"), Worth::WorthIt, saving, PullSource::None);
                if let Some(judged) = &mut row.judged {
                    judged.alpine.joint_saving_bytes.expected = bytes;
                    if !switches {
                        judged.verdict = Verdict::NotSmaller;
                    }
                }
                row
            })
            .collect();
        let total = GroupRow::from_rows(&rows).unwrap();
        let switches = |row: &&RepositoryRow| row.judged.as_ref().unwrap().verdict == Verdict::Switch;
        let behind = StaysBehind::new(rows.iter().filter(|row| !switches(row))).unwrap();
        let listed = GroupRow::from_rows(rows.iter().filter(switches)).unwrap();
        prop_assert_eq!(listed.joint_saving_bytes + behind.saving_bytes, total.joint_saving_bytes);
        let sum = |costs: &[GroupCost]| -> Decimal { costs.iter().map(|cost| cost.saving.amount()).sum() };
        let stays: Decimal = behind.savings.iter().map(|saving| saving.amount()).sum();
        prop_assert_eq!(sum(&listed.costs) + stays, sum(&total.costs));
    }

    #[test]
    fn the_best_come_first_by_money_then_bytes_then_name(
        savings in prop::collection::vec((0_i64..5, 0_i64..5), 2..20),
    ) {
        let rows: Vec<RepositoryRow> = savings
            .iter()
            .enumerate()
            .map(|(place, &(money, bytes))| {
                let saving = Money::new(Decimal::from(money), Currency::USD);
                let mut row = priced(&format!("r{place:02}"), Worth::WorthIt, saving, PullSource::None);
                row.judged.as_mut().unwrap().alpine.joint_saving_bytes.expected = bytes;
                row
            })
            .collect();
        let mut sorted: Vec<&RepositoryRow> = rows.iter().collect();
        sorted.sort_by(|a, b| best_first(a, b));
        let place = |row: &RepositoryRow| -> usize { row.totals.repository.as_str()[1..].parse().unwrap() };
        let key = |place: usize| (std::cmp::Reverse(savings[place]), place);
        let is_sorted = sorted.is_sorted_by_key(|row| key(place(row)));
        prop_assert!(is_sorted);
    }
}
