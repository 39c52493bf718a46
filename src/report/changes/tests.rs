use proptest::prelude::*;
use rust_decimal::Decimal;

use super::causes::{COMBINATIONS, ChangeCauses};
use super::*;
use crate::cost::Labels;
use crate::report::costs::Aggregate;
use crate::units::{ByteCount, Currency, Money};

fn dollars(amount: Decimal) -> Money {
    Money::new(amount, Currency::USD)
}

/// The cost in every combination if it is bytes × pulls × price.
fn product(bytes: [i64; 2], pulls: [i64; 2], prices: [i64; 2]) -> [Money; COMBINATIONS] {
    std::array::from_fn(|combination| {
        let factor =
            |values: [i64; 2], bit: usize| Decimal::from(values[usize::from(combination & bit != 0)]);
        dollars(factor(bytes, 1) * factor(pulls, 2) * factor(prices, 4))
    })
}

fn change(name: &str, team: Option<&str>, before: i64, after: i64) -> RepositoryChange {
    let (one, other) = (dollars(before.into()), dollars(after.into()));
    let existed = (before != 0, after != 0);
    let costs = std::array::from_fn(|combination| if combination & 1 == 0 { one } else { other });
    RepositoryChange {
        registry: "reg.example.com".parse().unwrap(),
        repository: Some(name.parse().unwrap()),
        labels: Labels {
            team: team.map(str::to_owned),
            ..Labels::default()
        },
        is_in_first: existed.0,
        is_in_second: existed.1,
        bytes: (ByteCount::from(7_u32), ByteCount::from(7_u32)),
        pulls: (1, 1),
        cost: Some(CostChange {
            before: one,
            after: other,
            difference: other.checked_sub(one).unwrap(),
            because: ChangeCauses::from_combinations(&costs).unwrap(),
        }),
    }
}

#[test]
fn a_cause_alone_is_the_whole_difference() {
    let causes = ChangeCauses::from_combinations(&product([3, 3], [5, 9], [2, 2])).unwrap();
    assert_eq!(causes.pulls, dollars(24.into()));
    assert!(causes.bytes.is_zero() && causes.prices.is_zero() && causes.new_or_gone.is_zero());
}

#[test]
fn causes_that_only_work_together_are_divided_equally() {
    // Nothing was pulled and nothing stored before: both are needed for a cost.
    let causes = ChangeCauses::from_combinations(&product([0, 10], [0, 3], [1, 1])).unwrap();
    assert_eq!(
        (causes.bytes, causes.pulls),
        (dollars(15.into()), dollars(15.into()))
    );
}

#[test]
fn groups_add_changes_up_and_say_what_is_new_and_gone() {
    let changes = [
        change("api", Some("a"), 10, 30),
        change("old", Some("a"), 5, 0),
        change("web", None, 0, 8),
        change("same", None, 4, 4),
    ];
    let rows = change_rows(&changes, &[Aggregate::Team], |_, _, _| None).unwrap();
    let shown: Vec<_> = rows
        .iter()
        .map(|row| {
            let cost = row.cost.unwrap();
            (
                row.name.as_str(),
                cost.difference.amount(),
                row.new_repositories,
                row.gone_repositories,
            )
        })
        .collect();
    assert_eq!(
        shown,
        [
            ("a", Decimal::from(15), 0, 1),
            ("__unassigned__", Decimal::from(8), 1, 0)
        ]
    );
    let rows = change_rows(&changes, &[Aggregate::Repository], |_, _, _| None).unwrap();
    let shown: Vec<_> = rows.iter().map(|row| (row.name.as_str(), row.status)).collect();
    assert_eq!(
        shown,
        [
            ("api", ChangeStatus::Changed),
            ("web", ChangeStatus::New),
            ("old", ChangeStatus::Gone)
        ],
        "what did not change is left out"
    );
}

proptest! {
    /// Whatever the costs of the combinations, the causes add up to the difference to the last digit.
    #[test]
    fn causes_add_up_to_the_difference(amounts in prop::array::uniform8(-1_000_000_000_000_i64..1_000_000_000_000)) {
        let costs = amounts.map(|amount| dollars(Decimal::new(amount, 9)));
        let causes = ChangeCauses::from_combinations(&costs).unwrap();
        let parts = [causes.pulls, causes.bytes, causes.prices, causes.new_or_gone];
        let sum = Money::checked_total(Currency::USD, parts).unwrap();
        prop_assert_eq!(sum, costs[COMBINATIONS - 1].checked_sub(costs[0]).unwrap());
    }
}
