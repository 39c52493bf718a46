//! What reports and exports say about money, on a made-up company's registry.

use std::fs;
use std::path::PathBuf;

use super::alpine::crawled;
use super::{stderr, stdout};

const BOOK: &str = "aws-ecr";

/// The cents of an amount such as `1.20 USD` or `1.20`.
fn cents(amount: &str) -> i64 {
    let number = amount.trim().trim_end_matches(" USD");
    number
        .replace('.', "")
        .parse()
        .unwrap_or_else(|_| panic!("no amount: {amount:?}"))
}

/// The column MONTH of the table of costs: the registry's, then its rows'.
fn months(table: &str) -> (i64, Vec<i64>) {
    let header = table
        .lines()
        .find(|line| line.starts_with("REPOSITORY") && line.contains("MONTH"));
    let start = header.and_then(|line| table.find(line));
    let costs = &table[start.unwrap_or_else(|| panic!("no costs: {table}"))..];
    let mut amounts = costs
        .lines()
        .skip(1)
        .take_while(|line| !line.is_empty())
        .map(|line| {
            let (before, _) = line
                .split_once(" USD")
                .unwrap_or_else(|| panic!("no amount: {line}"));
            cents(before.rsplit(' ').next().unwrap_or_default())
        });
    (amounts.next().expect("the registry's row"), amounts.collect())
}

#[test]
fn the_months_shown_add_up_however_many_rows_are_asked_for() {
    for limit in [&["--limit", "5"][..], &["--verdict", "switch"], &[]] {
        let arguments = [&["report", "--view", "cost", "--price-book", BOOK][..], limit].concat();
        let (registry, rows) = months(&stdout(&crawled().run(&arguments)));
        assert!(registry > 0);
        assert_eq!(rows.iter().sum::<i64>(), registry, "{arguments:?}: {rows:?}");
    }
}

#[test]
fn groups_add_up_to_the_report() {
    let report = crawled().json(&["report", "--price-book", BOOK, "--format", "json"]);
    let month = &report["registries"][0]["cost"]["month"];
    for key in [
        "team",
        "cost-centre",
        "environment",
        "base",
        "verdict",
        "registry",
    ] {
        let groups = crawled().json(&[
            "report",
            "--price-book",
            BOOK,
            "--group-by",
            key,
            "--format",
            "json",
        ]);
        assert_eq!(&groups["totals"]["costs"][0]["month"], month, "{key}");
        let repositories: u64 = groups["rows"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|row| row["repositories"].as_u64().expect("a number"))
            .sum();
        assert_eq!(report["registries"][0]["repositories"], repositories, "{key}");
    }
}

/// A configuration with a price book whose prices were known for a day, long ago.
fn with_expired_prices() -> PathBuf {
    let folder = crawled().home().join("expired");
    fs::create_dir_all(&folder).expect("a folder");
    let book = "id = \"old\"\nversion = \"2025\"\nextends = \"aws-ecr\"\n\
                valid_from = 2025-01-01\nvalid_until = 2025-01-01\n";
    fs::write(folder.join("old.toml"), book).expect("written");
    let settings = format!(
        "[prices]\nbook = \"old\"\nbooks = [{:?}]\n",
        folder.join("old.toml").display().to_string()
    );
    let file = folder.join("tare.toml");
    fs::write(&file, settings).expect("written");
    file
}

#[test]
fn prices_past_their_date_are_used_and_every_output_says_so() {
    const WARNING: &str = "the prices of `old` are known only until 2025-01-01";
    let settings = with_expired_prices();
    let settings = settings.to_str().expect("UTF-8");
    let program = crawled();
    let said = |arguments: &[&str]| {
        let output = program.run(&[&["--config", settings], arguments].concat());
        assert!(output.status.success(), "{arguments:?}: {}", stderr(&output));
        (stdout(&output).to_lowercase(), stderr(&output).to_lowercase())
    };
    let warning = WARNING.to_lowercase();
    let (table, _) = said(&["report"]);
    assert!(table.contains(&warning), "{table}");
    for arguments in [
        &["report", "--format", "csv"][..],
        &["report", "--group-by", "team"],
        &["report", "--group-by", "team", "--format", "csv"],
    ] {
        let (_, beside) = said(arguments);
        assert!(beside.contains(&warning), "{arguments:?}: {beside}");
    }
    let month = program.report()["as_of"].as_str().expect("a time")[..7].to_owned();
    for export in [
        &["export", "csv"][..],
        &["export", "focus"],
        &["export", "focus", "--focus-version", "1.4"],
    ] {
        let (rows, _) = said(&[export, &["--month", &month]].concat());
        let without = rows.lines().skip(1).find(|row| !row.contains(&warning));
        assert_eq!(without, None, "{export:?}");
    }
}

#[test]
fn a_month_in_the_future_is_refused_with_the_last_possible_one() {
    let program = crate::end_to_end::with_new_database();
    for form in ["csv", "focus", "xlsx"] {
        let output = program.run(&["export", form, "--month", "2931-01", "--output", "/dev/null"]);
        assert_eq!(output.status.code(), Some(2), "{form}");
        let said = stderr(&output);
        assert!(
            said.contains("2931-01 has not begun; the last possible month is 20"),
            "{said}"
        );
    }
}
