use chrono::NaiveDate;
use proptest::prelude::*;

use super::*;
use crate::oci::{RegistryName, RepositoryName, RepositoryPatterns};
use crate::units::Period;

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn days(start: &str, end: &str) -> Period {
    Period::new(day(start), day(end)).unwrap()
}

fn november() -> Period {
    Period::month(2026, 11).unwrap()
}

fn registry() -> RegistryName {
    "reg.example.com".parse().unwrap()
}

fn repository(name: &str) -> RepositoryName {
    name.parse().unwrap()
}

fn counted(name: &str, period: Period, count: u64, by: CountedBy) -> CountedPulls {
    CountedPulls {
        registry: registry(),
        repository: repository(name),
        period,
        count,
        by,
    }
}

fn span(name: Option<&str>, period: Period, by: CountedBy) -> CountedSpan {
    CountedSpan {
        registry: registry(),
        repository: name.map(repository),
        period,
        by,
    }
}

fn assuming(per_month: u64) -> Vec<PullAssumption> {
    vec![PullAssumption {
        repositories: RepositoryPatterns::new(["**"]).unwrap(),
        per_month: Some(per_month),
    }]
}

#[test]
fn the_most_trusted_source_of_each_day_counts_alone() {
    let counts = PullCounts::assuming(assuming(300)).with(
        [
            counted("api", days("2026-11-03", "2026-11-04"), 7, CountedBy::Imported),
            counted("api", days("2026-11-04", "2026-11-05"), 90, CountedBy::Imported),
            counted("api", days("2026-11-04", "2026-11-05"), 80, CountedBy::Metered),
        ],
        [span(None, days("2026-11-01", "2026-11-21"), CountedBy::Imported)],
    );
    // 7 imported, 80 metered, none on the other 18 imported days, and 10 on each of the ten that are assumed.
    assert_eq!(
        counts.pulls_in(&registry(), &repository("api"), november()),
        (7 + 80 + 100, PullSource::Imported)
    );
    // The log names no pull of it, so it had none while the log was kept.
    let first = days("2026-11-01", "2026-11-21");
    assert_eq!(
        counts.pulls_in(&registry(), &repository("web"), first),
        (0, PullSource::Imported)
    );
    let other = "other.example.com".parse().unwrap();
    assert_eq!(
        counts.pulls_in(&other, &repository("api"), november()),
        (300, PullSource::Assumed)
    );
}

#[test]
fn without_a_word_there_are_none() {
    let counts = PullCounts::default();
    assert_eq!(
        counts.pulls_in(&registry(), &repository("api"), november()),
        (0, PullSource::None)
    );
    assert_eq!(
        counts.monthly_pace(&registry(), &repository("api"), day("2026-11-23")),
        (0, PullSource::None)
    );
}

#[test]
fn a_span_of_one_repository_says_nothing_of_others() {
    let counts = PullCounts::assuming(assuming(30)).with(
        [counted(
            "api",
            days("2026-11-01", "2026-11-11"),
            25,
            CountedBy::Imported,
        )],
        [span(Some("api"), november(), CountedBy::Imported)],
    );
    assert_eq!(
        counts.pulls_in(&registry(), &repository("api"), november()),
        (25, PullSource::Imported)
    );
    assert_eq!(
        counts.pulls_in(&registry(), &repository("web"), november()),
        (30, PullSource::Assumed)
    );
}

#[test]
fn the_pace_is_that_of_the_days_that_were_counted() {
    let counts = PullCounts::assuming(assuming(1)).with(
        [counted(
            "api",
            days("2026-11-10", "2026-11-20"),
            200,
            CountedBy::Imported,
        )],
        [span(None, days("2026-11-10", "2026-11-20"), CountedBy::Imported)],
    );
    let pace = |on: &str| counts.monthly_pace(&registry(), &repository("api"), day(on));
    assert_eq!(pace("2026-11-23"), (600, PullSource::Imported));
    assert_eq!(pace("2026-12-10"), (620, PullSource::Imported));
    assert_eq!(pace("2027-01-10"), (1, PullSource::Assumed));
}

proptest! {
    #[test]
    fn pieces_of_a_month_add_up_to_it(per_month in 0_u64..1_000_000, count in 0_u64..1_000_000, cut in 2_u32..30) {
        let counts = PullCounts::assuming(assuming(per_month)).with(
            [counted("api", days("2026-11-05", "2026-11-09"), count, CountedBy::Metered)],
            [],
        );
        let middle = format!("2026-11-{cut:02}");
        let pulls = |period| counts.pulls_in(&registry(), &repository("api"), period).0;
        let pieces = pulls(days("2026-11-01", &middle)) + pulls(days(&middle, "2026-12-01"));
        prop_assert_eq!(pieces, pulls(november()));
        let without = PullCounts::assuming(assuming(per_month));
        prop_assert_eq!(without.pulls_in(&registry(), &repository("api"), november()).0, per_month);
    }
}
