//! What the commands print for people and spreadsheets, in the files of `snapshots`, so that each change of a table
//! can be seen. `INSTA_UPDATE=always cargo test --test integration cli::tables` writes the files anew.

use insta::assert_snapshot;

use super::{stderr, stdout};
use crate::end_to_end::with_new_database;

/// The printed text with what differs from run to run replaced: the registry's port and the times as zeros, the
/// month without its name. The paragraph about costs is on one line, since its breaks depend on that name.
fn settled(text: &str, registry: &str) -> String {
    let text = text.replace(registry, "127.0.0.1:00000");
    let mut lines: Vec<String> = Vec::new();
    let mut is_about_costs = false;
    for line in text.lines() {
        let line = without_times(line).trim_end().to_owned();
        match lines.last_mut() {
            Some(costs) if is_about_costs && !line.is_empty() => *costs += &format!(" {line}"),
            _ => {
                is_about_costs = line.starts_with("Costs: ");
                lines.push(line);
            }
        }
    }
    let lines: Vec<String> = lines.iter().map(|line| without_month(line)).collect();
    lines.join("\n")
}

/// A line with the digits of its times (`2026-11-23 07:05`, `2026-11-23T07:05:00Z`) as zeros.
fn without_times(line: &str) -> String {
    let zeros = |text: &str| -> String {
        text.chars()
            .map(|c| if c.is_ascii_digit() { '0' } else { c })
            .collect()
    };
    let mut settled = line.to_owned();
    for start in 0..line.len() {
        let Some(minute) = line.get(start..start + 16).map(zeros) else {
            continue;
        };
        if minute == "0000-00-00T00:00" || minute == "0000-00-00 00:00" {
            let end = line[start + 16..]
                .find(|c: char| !c.is_ascii_digit() && c != ':')
                .map_or(line.len(), |length| start + 16 + length);
            settled.replace_range(start..end, &zeros(&line[start..end]));
        }
    }
    settled
}

/// A line with `in MONTH` for `in December 2026`.
fn without_month(line: &str) -> String {
    const MONTHS: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    for month in MONTHS {
        if let Some(start) = line.find(&format!("in {month} 20")) {
            let end = start + "in  2026".len() + month.len();
            return format!("{}in MONTH{}", &line[..start], &line[end..]);
        }
    }
    line.to_owned()
}

/// A part of the made-up company, so that each command takes a moment only. The price book has prices per month,
/// which are the same in each month.
#[test]
fn tables_and_csv_headers_are_those_of_the_snapshots() {
    let registry = tare::demo::serve().expect("the demo's registry");
    let program = with_new_database();
    let crawl = [
        "crawl",
        registry.url(),
        "--requests-per-minute",
        "0",
        "-r",
        "shop/*",
        "-r",
        "platform/*",
        "-r",
        "mirror/**",
    ];
    let crawled = program.run(&crawl);
    assert!(crawled.status.success(), "{}", stderr(&crawled));
    let address = registry.url().trim_start_matches("http://");
    let table = |arguments: &[&str]| {
        let output = program.run(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", stderr(&output));
        settled(&stdout(&output), address)
    };
    let header = |arguments: &[&str]| table(arguments).lines().next().unwrap_or_default().to_owned();

    insta::with_settings!({prepend_module_to_snapshot => false, omit_expression => true}, {
        let report = ["report", "--price-book", "aws-ecr", "--limit", "9"];
        assert_snapshot!("report", table(&report));
        for view in ["storage", "alpine", "cost"] {
            assert_snapshot!(format!("report_{view}"), table(&[&report[..], &["--view", view]].concat()));
        }
        assert_snapshot!("report_without_costs", table(&["report", "--limit", "3"]));
        assert_snapshot!("images", table(&["report", "--by", "image", "--limit", "8"]));
        assert_snapshot!("groups", table(&["report", "--price-book", "aws-ecr", "--group-by", "base"]));
        assert_snapshot!("explain", table(&["explain", "shop/storefront:latest"]));
        assert_snapshot!("evaluate", table(&["evaluate"]));
        assert_snapshot!("catalogue", table(&["catalogue", "list", "node:22"]));
        let headers = [
            header(&["report", "--format", "csv"]),
            header(&["report", "--format", "csv", "--by", "image"]),
            header(&["report", "--format", "csv", "--group-by", "team"]),
        ];
        assert_snapshot!("csv_headers", headers.join("\n"));
    });
}
