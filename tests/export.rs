//! A month's costs as files: whatever was stored and pulled, the rows of every file add up to the statement.

use std::collections::BTreeMap;
use std::io::{self, Write};

use proptest::prelude::*;
use rust_decimal::Decimal;
use tare::cost::{
    AlpineBytes, CostPlan, Destination, Labels, PulledBytes, RegistryTerms, RegistryUsage, RepositoryUsage,
    Statement, statement,
};
use tare::export::{
    Account, BilledMonth, ExportError, FocusVersion, Scenario, charge_rows, focus, plain, workbook,
};
use tare::oci::RepositoryPatterns;
use tare::pricing::{AllocationRules, ByteHistory, Destinations, Period, PriceBooks, Rule, Share};
use tare::pulls::{PullCount, PullSource};
use tare::units::ByteCount;
use tare::whatif::Estimate;

const MIB: u64 = 1 << 20;

fn bytes(count: u64) -> ByteCount {
    count.try_into().expect("a size")
}

fn november() -> Period {
    Period::month(2026, 11).expect("a month")
}

/// How many MiB a repository stores, how many of 100 are left on Alpine, how often it is pulled, and whose it is.
type Made = (u64, u64, u64, bool);

fn repository(place: usize, (mebibytes, left, pulls, labelled): Made) -> RepositoryUsage {
    let before = bytes(mebibytes * MIB);
    let after = Estimate::exact(bytes(mebibytes * MIB / 100 * left));
    RepositoryUsage {
        repository: format!("team/{place}").parse().expect("a name"),
        labels: Labels {
            team: labelled.then(|| "=shop, \"web\"".to_owned()),
            ..Labels::default()
        },
        attributed: ByteHistory::constant(before),
        exclusive: before,
        alpine: Some(AlpineBytes { before, after }),
        solo_saving: None,
        switches: left < 100,
        pulls: PullCount {
            count: pulls,
            source: PullSource::Imported,
            bytes_each: None,
        },
        pulled: Some(PulledBytes {
            cold: before,
            warm: bytes(mebibytes * MIB / 2),
            alpine: Some((after, after)),
        }),
    }
}

fn plan(book: &str, fees: Rule) -> CostPlan {
    let half = |zone: &str| (zone.to_owned(), Share::HALF);
    let mut plan = CostPlan {
        books: PriceBooks::shipped().expect("sound books"),
        registries: vec![RegistryTerms::everywhere(book)],
        allocation: AllocationRules {
            fees,
            ..AllocationRules::default()
        },
        ..CostPlan::default()
    };
    plan.transfer.destinations.push(Destination {
        repositories: RepositoryPatterns::new(["**"]).expect("a pattern"),
        shares: Destinations::new(BTreeMap::from([half("internet"), half("same-region")])).expect("shares"),
        cold_share: None,
    });
    plan
}

fn draft(book: &str, fees: Rule, made: &[Made]) -> Statement {
    let repositories: Vec<RepositoryUsage> = made
        .iter()
        .enumerate()
        .map(|(place, made)| repository(place, *made))
        .collect();
    let sum = |of: &dyn Fn(AlpineBytes) -> ByteCount| {
        let counts = repositories.iter().filter_map(|row| row.alpine).map(of);
        ByteCount::checked_sum(counts).expect("a sum")
    };
    let before = sum(&|bytes| bytes.before);
    let usage = RegistryUsage {
        registry: "acme.azurecr.io".parse().expect("a name"),
        stored: ByteHistory::constant(before),
        tagged: None,
        alpine: Some(AlpineBytes {
            before,
            after: Estimate::exact(sum(&|bytes| bytes.after.expected)),
        }),
        repositories,
        total_pulls: None,
    };
    let statement = statement(&plan(book, fees), &usage, november()).expect("a bill");
    statement.expect("a price book")
}

fn month(statements: &[&Statement]) -> BilledMonth {
    BilledMonth {
        statements: statements.iter().copied().cloned().collect(),
        account: Account::default(),
        is_whole: true,
    }
}

/// The sum of a column of a CSV file, after checking each row's price times quantity.
fn added_up(csv: &str, cost: &str, price: &str, quantity: &str) -> Decimal {
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let header = reader.headers().expect("a header").clone();
    let place = |name: &str| header.iter().position(|column| column == name).expect("a column");
    let (cost, price, quantity) = (place(cost), place(price), place(quantity));
    let mut sum = Decimal::ZERO;
    for row in reader.records() {
        let row = row.expect("a row");
        let number = |place: usize| row[place].parse::<Decimal>().expect("a number");
        assert_eq!(number(cost), number(price) * number(quantity), "{row:?}");
        sum += number(cost);
    }
    sum.normalize()
}

fn books() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "azure-container-registry-premium",
        "azure-container-registry-basic",
        "aws-ecr",
        "google-artifact-registry",
        "github-container-registry",
        "docker-hub-team",
        "self-hosted-s3",
    ])
}

fn rules() -> impl Strategy<Value = Rule> {
    let some = BTreeMap::from([("team/0".to_owned(), Decimal::new(3, 1))]);
    prop::sample::select(vec![
        Rule::Attributed,
        Rule::Even,
        Rule::Proportional,
        Rule::Fixed(some),
    ])
}

fn registries() -> impl Strategy<Value = Vec<Made>> {
    prop::collection::vec((0_u64..4_000_000, 0_u64..=100, 0_u64..5_000, any::<bool>()), 1..8)
}

/// The text of an export.
fn written(rows: impl FnOnce(&mut Vec<u8>) -> Result<(), ExportError>) -> String {
    let mut content = Vec::new();
    rows(&mut content).expect("a file");
    String::from_utf8(content).expect("text")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn the_rows_of_every_file_add_up_to_the_statement(book in books(), rule in rules(), made in registries()) {
        let statement = draft(book, rule, &made);
        let alpine = statement.alpine.as_ref().expect("on Alpine");
        let months = [month(&[&statement])];
        for (scenario, total) in [(Scenario::Now, statement.now.parts.total), (Scenario::Alpine, alpine.total.expected)] {
            let total = total.amount();
            let rows = charge_rows(&months[0], scenario).expect("rows");
            let mut parts: BTreeMap<(String, String, String), Decimal> = BTreeMap::new();
            for row in &rows {
                let line = (format!("{:?}", row.line), row.period.start().to_string(), String::new());
                *parts.entry(line).or_default() += row.ratio.expect("a ratio");
            }
            prop_assert!(parts.values().all(|sum| *sum == Decimal::ONE), "{parts:?}");
            let csv = written(|out| plain(&months, scenario, out));
            prop_assert_eq!(added_up(&csv, "cost", "unit_price", "quantity"), total);
            for version in [FocusVersion::V1_2, FocusVersion::V1_4] {
                let csv = written(|out| focus(&months, scenario, version, out));
                for cost in ["BilledCost", "ListCost", "ContractedCost", "EffectiveCost"] {
                    prop_assert_eq!(added_up(&csv, cost, "ListUnitPrice", "PricingQuantity"), total);
                }
            }
        }
    }

    #[test]
    fn a_correction_makes_of_the_first_statement_the_second(
        book in books(), rule in rules(), before in registries(), after in registries(),
    ) {
        let (before, after) = (draft(book, rule.clone(), &before), draft(book, rule, &after));
        let month = month(&[&before, &after]);
        let rows = charge_rows(&month, Scenario::Now).expect("rows");
        let first: Decimal = rows.iter().filter(|row| !row.is_correction).map(|row| row.cost.amount()).sum();
        let all: Decimal = rows.iter().map(|row| row.cost.amount()).sum();
        prop_assert_eq!(first.normalize(), before.now.parts.total.amount());
        prop_assert_eq!(all.normalize(), after.now.parts.total.amount());
        let csv = written(|out| focus(&[month], Scenario::Now, FocusVersion::V1_2, out));
        prop_assert_eq!(csv.matches(",Correction,").count(), rows.iter().filter(|row| row.is_correction).count());
    }
}

/// Something to write to that only measures.
#[derive(Default)]
struct Measured {
    largest: usize,
    all: usize,
}

impl Write for Measured {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        self.largest = self.largest.max(piece.len());
        self.all += piece.len();
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn rows_are_written_as_they_are_made() {
    let statement = draft("aws-ecr", Rule::Attributed, &[(500, 50, 10, true); 300]);
    let months = [month(&[&statement])];
    let (mut rows, mut spreadsheet) = (Measured::default(), Measured::default());
    focus(&months, Scenario::Now, FocusVersion::V1_4, &mut rows).expect("rows");
    plain(&months, Scenario::Now, &mut spreadsheet).expect("rows");
    for written in [rows, spreadsheet] {
        assert!(
            written.all > 60_000 && written.largest < 20_000,
            "{} of {}",
            written.largest,
            written.all
        );
    }
}

#[test]
fn nothing_is_written_of_a_scenario_that_was_not_computed_for_every_registry() {
    let computed = draft("aws-ecr", Rule::Attributed, &[(500, 50, 10, true)]);
    let without = Statement {
        alpine: None,
        ..computed.clone()
    };
    let months = [month(&[&computed]), month(&[&without])];
    let mut out = Vec::new();
    let refused = focus(&months, Scenario::Alpine, FocusVersion::V1_2, &mut out);
    assert!(matches!(refused, Err(ExportError::NoAlpine(_))), "{refused:?}");
    let refused = plain(&months, Scenario::Alpine, &mut out);
    assert!(matches!(refused, Err(ExportError::NoAlpine(_))), "{refused:?}");
    assert!(out.is_empty());
}

#[test]
fn nothing_is_corrected_where_nothing_changed() {
    let statement = draft(
        "aws-ecr",
        Rule::Attributed,
        &[(500, 50, 10, true), (700, 100, 0, false)],
    );
    let twice = charge_rows(&month(&[&statement, &statement]), Scenario::Now).expect("rows");
    let once = charge_rows(&month(&[&statement]), Scenario::Now).expect("rows");
    assert_eq!(twice, once);
}

#[test]
fn a_label_is_no_formula_in_a_spreadsheet_and_no_harm_to_json() {
    let statement = draft("aws-ecr", Rule::Attributed, &[(500, 50, 10, true)]);
    let months = [month(&[&statement])];
    let csv = written(|out| plain(&months, Scenario::Now, out));
    assert!(csv.contains(r#","'=shop, ""web""","#), "{csv}");
    let rows = written(|out| focus(&months, Scenario::Now, FocusVersion::V1_2, out));
    let mut reader = csv::Reader::from_reader(rows.as_bytes());
    let tags = reader
        .headers()
        .expect("a header")
        .iter()
        .position(|name| name == "Tags");
    for row in reader.records() {
        let row = row.expect("a row");
        let tags: serde_json::Value = serde_json::from_str(&row[tags.expect("a column")]).expect("JSON");
        assert_eq!(tags["team"], "=shop, \"web\"");
    }
}

#[test]
fn the_same_month_is_the_same_workbook() {
    let statement = draft(
        "azure-container-registry-premium",
        Rule::Even,
        &[(500, 50, 10, true)],
    );
    let months = [month(&[&statement])];
    let (one, other) = (
        workbook(&months).expect("a workbook"),
        workbook(&months).expect("a workbook"),
    );
    assert!(one == other && one.starts_with(b"PK"));
}
