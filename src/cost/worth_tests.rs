use proptest::prelude::*;
use rust_decimal::Decimal;

use super::statement_tests::{GIB, bytes, dollars, drawn, estimate, november, plan, registry, repository};
use super::worth_rule::{MinimumSaving, Worth, WorthRule};
use super::*;
use crate::oci::RepositoryPatterns;
use crate::pricing::Effort;
use crate::units::Money;
use crate::whatif::Estimate;

const PREMIUM: &str = "azure-container-registry-premium";

fn effort(days: &str) -> Option<Effort> {
    Some(Effort {
        days: days.parse().unwrap(),
        day_rate: dollars("720"),
    })
}

#[test]
fn a_saving_is_worth_it_if_it_is_large_and_soon_enough() {
    let rule = WorthRule::default();
    let judge = |saving: &str, effort| rule.judge(dollars(saving), effort).unwrap();
    assert_eq!(judge("-3", None), Worth::SavesNothing);
    assert_eq!(judge("0.004", None), Worth::SavesNothing, "it rounds to 0.00");
    assert_eq!(judge("9.99", None), Worth::SavesTooLittle);
    assert_eq!(judge("10", None), Worth::WorthIt);
    // Half a day costs 360 USD.
    assert_eq!(judge("30", effort("0.5")), Worth::WorthIt);
    assert_eq!(judge("29.99", effort("0.5")), Worth::PaysBackTooLate);
    assert_eq!(judge("10", effort("0")), Worth::WorthIt);
    let without_minimum = WorthRule {
        minimum_saving: MinimumSaving {
            amount: Decimal::ZERO,
            currency: None,
        },
        ..rule
    };
    assert_eq!(
        without_minimum.judge(dollars("0"), effort("0")).unwrap(),
        Worth::SavesNothing
    );
}

#[test]
fn a_minimum_in_another_currency_is_refused() {
    let rule = WorthRule {
        minimum_saving: MinimumSaving {
            amount: Decimal::TEN,
            currency: Some("EUR".parse().unwrap()),
        },
        ..WorthRule::default()
    };
    let error = rule.judge(dollars("20"), None).unwrap_err().to_string();
    assert!(error.contains("the price book, which is in USD"), "{error}");
}

/// Three repositories on one base of 300 GiB, with 200 GiB of their own each, if these of them move. The base is freed
/// when all have left it.
fn on_one_base(moves: &[bool]) -> RegistryUsage {
    let stay = moves.iter().filter(|moves| !**moves).count() as u64;
    let rows = ["a", "b", "c"].into_iter().zip(moves).map(|(name, &moves)| {
        let base = if moves { 0 } else { 300 * GIB / stay };
        let after = Estimate::exact(bytes(200 * GIB + base));
        RepositoryUsage {
            switches: moves,
            ..repository(name, 300 * GIB, after)
        }
    });
    registry(rows.collect())
}

#[test]
fn what_is_worth_it_is_worth_it_when_only_that_moves() {
    let mut plan = plan(PREMIUM);
    let usage = on_one_base(&[true; 3]);
    let statement = drawn(&plan, &usage);
    let worth = |plan: &CostPlan| {
        let usage_if = |moves: &[bool]| Ok::<_, CostError>(on_one_base(moves));
        WorthStatement::new(plan, &usage, november(), usage_if)
            .unwrap()
            .unwrap()
    };
    let words = |worth: &WorthStatement| -> Vec<Worth> {
        worth.repositories.iter().filter_map(|own| own.worth).collect()
    };
    // A share of 100 GiB is worth about 10 USD.
    plan.worth.minimum_saving.amount = Decimal::ONE;
    let all = worth(&plan);
    assert_eq!(words(&all), [Worth::WorthIt; 3]);
    assert_eq!(
        Some(all.saving),
        statement.alpine.as_ref().map(|alpine| alpine.saving)
    );

    // If the work on one is too dear, the base stays for it, and the others save nothing.
    plan.efforts.push(EffortRule {
        repositories: RepositoryPatterns::new(&["c".to_owned()]).unwrap(),
        effort: effort("5").unwrap(),
    });
    let none = worth(&plan);
    assert_eq!(
        words(&none),
        [Worth::SavesNothing, Worth::SavesNothing, Worth::PaysBackTooLate]
    );
    assert!(none.saving.expected.is_zero());
    assert!(none.repositories.iter().all(|own| own.saving.expected.is_zero()));
}

proptest! {
    #[test]
    fn the_saving_is_that_of_exactly_the_set(sizes in prop::collection::vec((1_u64..400, 0_u64..400), 1..8)) {
        let usage_if = |moves: &[bool]| {
            let rows = sizes.iter().zip(moves).enumerate().map(|(place, (&(now, after), &moves))| {
                let after = if moves { after.min(now) } else { now };
                RepositoryUsage {
                    switches: moves,
                    ..repository(&format!("r{place}"), now * GIB, estimate(after * GIB, after * GIB, after * GIB))
                }
            });
            Ok::<_, CostError>(registry(rows.collect()))
        };
        let plan = plan(PREMIUM);
        let usage = usage_if(&vec![true; sizes.len()]).unwrap();
        let worth = WorthStatement::new(&plan, &usage, november(), usage_if).unwrap().unwrap();

        let moves: Vec<bool> = worth.repositories.iter().map(|own| own.worth == Some(Worth::WorthIt)).collect();
        let (savings, saving) = statement::joint_savings(&plan, &usage_if(&moves).unwrap(), november()).unwrap();
        prop_assert_eq!(worth.saving, saving);
        let parts = savings.iter().map(|own| own.saving.expected);
        let parts = Money::checked_total(saving.expected.currency(), parts);
        prop_assert_eq!(parts.unwrap(), saving.expected);
        for (own, saving) in worth.repositories.iter().zip(&savings) {
            prop_assert_eq!(own.saving, saving.saving);
            if own.worth == Some(Worth::WorthIt) {
                prop_assert_eq!(plan.worth.judge(saving.saving.expected, None).unwrap(), Worth::WorthIt);
            }
        }
    }
}
