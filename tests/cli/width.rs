//! Output fits its terminal: no line is longer, and no word is broken.

use std::collections::HashSet;

use super::alpine::crawled;
use super::{stderr, stdout};
use crate::end_to_end::with_new_database;
use crate::support::faulty_registry::{FaultyRegistry, image};
use crate::support::program::Program;

const BOOK: [&str; 2] = ["--price-book", "azure-container-registry-premium"];

/// The output of a command in a terminal of this width.
fn at_width(program: &Program, width: usize, arguments: &[&str]) -> String {
    let output = program
        .command(arguments)
        .env("COLUMNS", width.to_string())
        .output()
        .expect("the program runs");
    assert!(output.status.success(), "{arguments:?}: {}", stderr(&output));
    stdout(&output)
}

fn words(text: &str) -> HashSet<&str> {
    text.split_whitespace().collect()
}

/// Checks a command at 80 and 120 characters. Its words are those of a very wide terminal, whole; names that are too long
/// for a table are marked with an ellipsis.
fn fits(program: &Program, arguments: &[&str]) {
    let wide = at_width(program, 2000, arguments);
    for width in [80, 120] {
        let text = at_width(program, width, arguments);
        for line in text.lines() {
            assert!(line.chars().count() <= width, "{arguments:?} at {width}: {line}");
        }
        // The line about left-out columns is only in narrow outputs.
        let own = text
            .lines()
            .take_while(|line| !line.starts_with("Columns left out"));
        let own: Vec<&str> = own.collect();
        let own = own.join("\n");
        let broken: Vec<&str> = words(&own)
            .into_iter()
            .filter(|word| !words(&wide).contains(word) && !word.contains('…'))
            .collect();
        assert!(broken.is_empty(), "{arguments:?} at {width}: {broken:?}\n{text}");
    }
}

#[test]
fn the_demos_reports_fit_their_terminal() {
    let program = crawled();
    let views = ["summary", "storage", "alpine", "cost"].map(|view| vec!["report", "--view", view]);
    for view in views {
        fits(program, &view);
        fits(program, &[&view[..], &BOOK].concat());
    }
    for arguments in [
        &["report", "--by", "image", "--limit", "30"][..],
        &["report", "--group-by", "base"],
        &["report", "--group-by", "verdict", BOOK[0], BOOK[1]],
        &["catalogue", "list", "node"],
        &["evaluate"],
    ] {
        fits(program, arguments);
    }
}

#[test]
fn columns_that_do_not_fit_are_named() {
    let text = at_width(crawled(), 80, &["report", BOOK[0], BOOK[1]]);
    assert!(text.contains("Columns left out to fit 80 characters: "), "{text}");
    let wide = at_width(crawled(), 300, &["report", BOOK[0], BOOK[1]]);
    assert!(!wide.contains("left out to fit"), "{wide}");
}

#[test]
fn every_repository_has_one_row() {
    let text = at_width(crawled(), 120, &["report", BOOK[0], BOOK[1]]);
    let rows = text.lines().filter(|line| line.starts_with("shop/storefront "));
    assert_eq!(rows.count(), 1, "{text}");
    let before_the_table = text.lines().take_while(|line| !line.starts_with("REPOSITORY"));
    assert!(before_the_table.count() <= 12, "{text}");
}

#[test]
fn long_names_are_shortened_in_the_middle() {
    let long = "department/subdivision/team-with-a-long-name/a-service-whose-name-is-longer-still/api";
    let registry = FaultyRegistry::holding(|content| {
        let base = || image().layer("base", 1000);
        content.repository(long).tag("1", base().layer("api", 10));
        content.repository("short").tag("1", base());
    })
    .start();
    let program = with_new_database();
    program.crawl(registry.url());
    fits(&program, &["report"]);
    fits(&program, &["report", BOOK[0], BOOK[1]]);
    let text = at_width(&program, 80, &["report"]);
    let row = text.lines().find(|line| line.starts_with("department/"));
    assert!(
        row.is_some_and(|row| row.contains('…') && row.contains("/api ")),
        "{text}"
    );
    // A wide terminal shows it whole, and so do files.
    assert!(at_width(&program, 300, &["report"]).contains(long));
    assert!(at_width(&program, 80, &["report", "--format", "csv"]).contains(long));
}

#[test]
fn help_fits_and_breaks_no_word() {
    for command in ["report", "crawl", "export", "pulls", "catalogue", "serve"] {
        let text = at_width(crawled(), 80, &[command, "--help"]);
        for line in text.lines() {
            assert!(line.chars().count() <= 80, "{command}: {line}");
        }
    }
}

#[test]
fn the_first_report_names_the_command_that_brings_costs() {
    let text = stdout(&crawled().run(&["report"]));
    let last = text.lines().last().expect("a line");
    assert_eq!(last, "No costs: tare report --price-book self-hosted-s3");
    let with_costs = stdout(&crawled().run(&["report", BOOK[0], BOOK[1]]));
    assert!(!with_costs.contains("No costs"), "{with_costs}");
    let report = crawled().report();
    assert_eq!(report["registries"][0]["suggested_price_book"], "self-hosted-s3");
    let report = crawled().json(&["report", "--format", "json", BOOK[0], BOOK[1]]);
    assert!(report["registries"][0]["suggested_price_book"].is_null());
}

#[test]
fn an_unknown_price_book_is_refused_with_the_one_that_was_meant() {
    let output = crawled().run(&["report", "--price-book", "azure-premium"]);
    assert_eq!((output.status.code(), stdout(&output).as_str()), (Some(2), ""));
    let said = stderr(&output);
    assert!(
        said.contains("did you mean `azure-container-registry-premium`?"),
        "{said}"
    );
}
