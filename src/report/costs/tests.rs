use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::cost::{CostPlan, Labels, RegistryTerms, RegistryUsage, RepositoryUsage, Statement, statement};
use crate::oci::RegistryName;
use crate::pricing::{ByteHistory, PriceBooks};
use crate::pulls::{PullCount, PullCounts, PullSource};
use crate::report::RegistryHistory;
use crate::units::{ByteCount, Currency, Money, Period};

const GIB: u64 = 1 << 30;

fn bytes(count: u64) -> ByteCount {
    count.try_into().unwrap()
}

fn registry() -> RegistryName {
    "acme.azurecr.io".parse().unwrap()
}

fn window(text: &str) -> Period {
    Period::from_window(text, "2026-12-31".parse().unwrap()).unwrap()
}

/// Repositories with their bytes from the 16th of October on, and half of them before; the first belongs to a team.
fn month(sizes: &[u64], month: Period) -> (Statement, DailyUsage) {
    let at = |text: &str| text.parse::<chrono::DateTime<chrono::Utc>>().unwrap();
    let history = |size: u64| {
        let readings = [
            (at("2026-10-01T00:00:00Z"), bytes(size / 2)),
            (at("2026-10-16T00:00:00Z"), bytes(size)),
        ];
        ByteHistory::from_readings(readings, at("2026-12-01T00:00:00Z")).unwrap()
    };
    let repositories: Vec<RepositoryUsage> = sizes
        .iter()
        .enumerate()
        .map(|(place, &size)| RepositoryUsage {
            repository: format!("r{place}").parse().unwrap(),
            labels: Labels {
                team: (place == 0).then(|| "payments".to_owned()),
                ..Labels::default()
            },
            attributed: history(size),
            exclusive: bytes(size),
            alpine: None,
            solo_saving: None,
            switches: false,
            pulls: PullCount {
                count: 0,
                source: PullSource::None,
                bytes_each: None,
            },
            pulled: None,
        })
        .collect();
    let usage = RegistryUsage {
        registry: registry(),
        stored: history(sizes.iter().sum()),
        tagged: None,
        alpine: None,
        repositories,
        total_pulls: None,
    };
    let plan = CostPlan {
        books: PriceBooks::shipped().unwrap(),
        registries: vec![RegistryTerms::everywhere("aws-ecr")],
        ..CostPlan::default()
    };
    let attributed = usage.repositories.iter();
    let stored = RegistryHistory {
        stored: usage.stored.clone(),
        tagged: None,
        attributed: attributed
            .map(|own| (own.repository.clone(), own.attributed.clone()))
            .collect(),
    };
    let daily = DailyUsage::new(&registry(), month, &stored, &PullCounts::default());
    (statement(&plan, &usage, month).unwrap().unwrap(), daily)
}

fn query(text: &str, step: &str, aggregate: &str) -> CostSeriesQuery {
    CostSeriesQuery {
        window: window(text),
        step: if step.is_empty() {
            Step::Whole
        } else {
            step.parse().unwrap()
        },
        aggregate: Aggregate::list(aggregate).unwrap(),
    }
}

fn series(query: &CostSeriesQuery, months: &[(Period, Statement, DailyUsage)]) -> CostSeries {
    let name = registry();
    let months: Vec<MonthlyCosts<'_>> = months
        .iter()
        .map(|(month, statement, daily)| MonthlyCosts {
            registry: &name,
            month: *month,
            statement: Some(statement),
            is_closed: true,
            daily: Some(daily),
        })
        .collect();
    CostSeries::new(query, &months, |_, _| true, |_, _, _| None).unwrap()
}

fn autumn(sizes: &[u64]) -> Vec<(Period, Statement, DailyUsage)> {
    ["2026-10", "2026-11"]
        .map(|name| {
            let (statement, daily) = month(sizes, window(name));
            (window(name), statement, daily)
        })
        .into()
}

fn sum(rows: &[CostRow]) -> Money {
    Money::checked_total(Currency::USD, rows.iter().map(|row| row.amounts.cost)).unwrap()
}

#[test]
fn months_have_the_cost_of_their_statements_by_group() {
    let months = autumn(&[100 * GIB, 50 * GIB]);
    let found = series(&query("2026-10-01,2026-12-01", "month", "team"), &months);
    let names: Vec<(String, &str)> = found
        .rows
        .iter()
        .map(|row| (row.start.to_string(), row.name.as_str()))
        .collect();
    assert_eq!(
        names,
        [
            ("2026-10-01".to_owned(), "payments"),
            ("2026-10-01".to_owned(), UNASSIGNED),
            ("2026-11-01".to_owned(), "payments"),
            ("2026-11-01".to_owned(), UNASSIGNED),
        ]
    );
    for (step, (_, statement, _)) in found.steps.iter().zip(&months) {
        assert_eq!(step.totals[0].cost, statement.now.parts.total);
        assert!(step.complete && step.closed, "{step:?}");
    }
    assert_eq!(found.totals[0].cost, sum(&found.rows));
    assert_eq!(found.totals[0].saving, None, "nothing was computed about Alpine");
}

#[test]
fn several_keys_give_a_row_for_each_combination() {
    let found = series(
        &query("2026-11", "", "registry,label:team,label:owner"),
        &autumn(&[GIB, GIB]),
    );
    let expected = BTreeMap::from([
        ("registry".to_owned(), "acme.azurecr.io".to_owned()),
        ("team".to_owned(), "payments".to_owned()),
        ("label:owner".to_owned(), UNASSIGNED.to_owned()),
    ]);
    assert!(found.rows.iter().any(|row| row.keys == expected), "{found:?}");
    assert_eq!(found.rows.len(), 2);
    assert!(
        found
            .rows
            .iter()
            .any(|row| row.name == "acme.azurecr.io/payments/__unassigned__")
    );
}

#[test]
fn storage_of_a_day_follows_what_was_stored_on_it() {
    let found = series(&query("2026-10", "day", "registry"), &autumn(&[100 * GIB]));
    let on = |day: usize| found.rows[day].amounts.storage.amount();
    assert!((on(20) - on(3) * rust_decimal::Decimal::TWO).abs() <= "0.000001".parse().unwrap());
    assert_eq!(found.rows.len(), 31);
}

#[test]
fn a_step_with_assumed_days_is_not_complete_and_says_why() {
    let (september, daily) = month(&[GIB], window("2026-09"));
    let months = [(window("2026-09"), september, daily)];
    let found = series(&query("2026-09", "", "registry"), &months);
    assert!(!found.steps[0].complete);
    assert_eq!(
        found.steps[0].incomplete_because,
        ["acme.azurecr.io: nothing is known of days before 2026-10-01"]
    );
    let name = registry();
    let missing = MonthlyCosts {
        registry: &name,
        month: window("2026-08"),
        statement: None,
        is_closed: false,
        daily: None,
    };
    let found = CostSeries::new(
        &query("2026-08", "", "registry"),
        &[missing],
        |_, _| true,
        |_, _, _| None,
    )
    .unwrap();
    assert!(!found.steps[0].complete && !found.steps[0].closed && found.rows.is_empty());
}

#[test]
fn steps_follow_the_calendar_or_the_start_of_the_window() {
    let divided = |step: &str| {
        let step: Step = step.parse().unwrap();
        let steps = step.divide(window("2026-10-15,2026-11-03"));
        steps
            .iter()
            .map(|step| step.start().format("%m-%d").to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(divided("month"), ["10-15", "11-01"]);
    // The 15th of October 2026 is a Thursday.
    assert_eq!(divided("week"), ["10-15", "10-19", "10-26", "11-02"]);
    assert_eq!(divided("7d"), ["10-15", "10-22", "10-29"]);
    assert_eq!(divided("1w"), divided("7d"));
    assert_eq!(divided("1d"), divided("day"));
    for wrong in ["", "0d", "d", "1h", "367d", "-1d", "year", "1.5d", "99999w"] {
        assert!(wrong.parse::<Step>().is_err(), "{wrong}");
    }
}

#[test]
fn unknown_and_repeated_groups_are_refused() {
    for wrong in [
        "",
        "colour",
        "team,team",
        "team,label:team",
        "label:",
        "team,,registry",
        "label:registry,label:registry",
    ] {
        assert!(Aggregate::list(wrong).is_err(), "{wrong}");
    }
    assert_eq!(
        Aggregate::list("label:registry").unwrap(),
        [Aggregate::Label("registry".to_owned())]
    );
}

proptest! {
    /// However a window is divided and grouped, the rows add up to the statements to the last digit.
    #[test]
    fn rows_of_all_steps_add_up_to_the_statements(
        sizes in prop::collection::vec(0_u64..1 << 41, 1..5),
        step in prop::sample::select(vec!["", "day", "week", "month", "5d", "1w"]),
        aggregate in prop::sample::select(vec!["registry", "repository", "team,repository"]),
    ) {
        let months = autumn(&sizes);
        let found = series(&query("2026-10-01,2026-12-01", step, aggregate), &months);
        let totals = months.iter().map(|(_, statement, _)| statement.now.parts.total);
        let total = Money::checked_total(Currency::USD, totals).unwrap();
        prop_assert_eq!(sum(&found.rows), total);
        let steps = found.steps.iter().flat_map(|step| &step.totals).map(|totals| totals.cost);
        prop_assert_eq!(Money::checked_total(Currency::USD, steps).unwrap(), total);
        for row in &found.rows {
            let parts = row.amounts.fee.checked_add(row.amounts.storage).unwrap();
            prop_assert_eq!(parts.checked_add(row.amounts.transfer).unwrap(), row.amounts.cost);
        }
    }
}
