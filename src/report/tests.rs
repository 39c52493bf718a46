use chrono::{DateTime, TimeZone, Utc};

use super::*;
use crate::inventory::{Accounting, DedupScope, RegistryTotals, RepositoryTotals};
use crate::units::ByteCount;

fn bytes(count: u64) -> ByteCount {
    count.try_into().unwrap()
}

fn at(hour: u32) -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 11, 23, hour, 5, 0).unwrap()
}

fn source(registry: &str) -> RegistrySource {
    RegistrySource {
        registry: registry.parse().unwrap(),
        as_of: at(7),
        last_crawl: LastCrawl::Complete,
        dedup_scope: DedupScope::Registry,
        unread_manifests: 0,
        conflicting_sizes: 0,
        missing_tags: 0,
        soft_deleted: None,
        event_coverage: None,
    }
}

fn repository(
    name: &str,
    tags: usize,
    [logical, stored, exclusive, attributed]: [u64; 4],
) -> RepositoryTotals {
    RepositoryTotals {
        repository: name.parse().unwrap(),
        tags,
        images: tags,
        logical_bytes: bytes(logical),
        stored_bytes: bytes(stored),
        exclusive_bytes: bytes(exclusive),
        attributed_bytes: bytes(attributed),
        untagged_bytes: None,
        untagged_manifests: None,
    }
}

/// Three repositories that share one blob of 300 bytes.
fn accounting() -> Accounting {
    Accounting {
        registry: RegistryTotals {
            repositories: 3,
            tags: 1006,
            images: 1006,
            manifests: 1006,
            blobs: 5,
            logical_bytes: bytes(3850),
            stored_bytes: bytes(500),
            stored_bytes_bounds: None,
            untagged_bytes: None,
            untagged_manifests: None,
        },
        repositories: vec![
            repository("api", 5, [1550, 310, 10, 110]),
            repository("base", 1, [300, 300, 0, 100]),
            repository("web", 1000, [2000, 490, 190, 290]),
        ],
    }
}

fn answers(source: RegistrySource) -> RegistryAnswers {
    RegistryAnswers {
        source,
        accounting: accounting(),
        labels: Vec::new(),
        oldest_images: Vec::new(),
        untagged_ages: None,
        reconciliation: None,
        costs: Ok(None),
        alpine: None,
    }
}

fn report(options: &ReportOptions) -> Report {
    Report::build(vec![answers(source("reg.example.com"))], options).unwrap()
}

/// The largest repositories first.
fn by_size() -> ReportOptions {
    ReportOptions {
        sort: "attributed".parse().unwrap(),
        ..ReportOptions::default()
    }
}

fn order(sort: &str) -> Vec<String> {
    let options = ReportOptions {
        sort: sort.parse().unwrap(),
        ..ReportOptions::default()
    };
    report(&options)
        .repositories
        .iter()
        .map(|row| row.totals.repository.to_string())
        .collect()
}

#[test]
fn the_json_has_the_keys_that_scripts_rely_on() {
    let text = json(&report(&by_size())).unwrap();
    let document: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(document["as_of"], "2026-11-23T07:05:00Z");
    assert_eq!(document["complete"], true);
    let registry = &document["registries"][0];
    for (key, value) in [
        ("repositories", 3),
        ("tags", 1006),
        ("images", 1006),
        ("manifests", 1006),
        ("blobs", 5),
        ("logical_bytes", 3850),
        ("stored_bytes", 500),
    ] {
        assert_eq!(registry[key], value, "{key}");
    }
    assert_eq!(registry["registry"], "reg.example.com");
    assert!(registry["untagged_bytes"].is_null());
    let row = &document["repositories"][0];
    assert_eq!(row["registry"], "reg.example.com");
    assert_eq!(row["repository"], "web");
    for (key, value) in [
        ("tags", 1000),
        ("images", 1000),
        ("logical_bytes", 2000),
        ("stored_bytes", 490),
        ("exclusive_bytes", 190),
        ("attributed_bytes", 290),
    ] {
        assert_eq!(row[key], value, "{key}");
    }
    // The registry's own name comes first in what a person may read raw.
    let start = text.find("\"registry\"").unwrap();
    assert!(start < text.find("\"logical_bytes\"").unwrap());
}

#[test]
fn repositories_stand_in_the_order_asked_for() {
    assert_eq!(order("attributed"), ["web", "api", "base"]);
    assert_eq!(order("-attributed"), ["base", "api", "web"]);
    assert_eq!(order("exclusive"), ["web", "api", "base"]);
    assert_eq!(order("stored"), ["web", "api", "base"]);
    assert_eq!(order("logical"), ["web", "api", "base"]);
    assert_eq!(order("-tags"), ["base", "api", "web"]);
    assert_eq!(order("name"), ["api", "base", "web"]);
    assert_eq!(order("-name"), ["web", "base", "api"]);
    let refused = "size".parse::<SortOrder>().unwrap_err().to_string();
    assert!(refused.contains("attributed"), "{refused}");
    assert_eq!("-tags".parse::<SortOrder>().unwrap().to_string(), "-tags");
}

#[test]
fn the_words_for_orders_and_groups_are_those_of_the_interfaces() {
    for word in [
        "attributed",
        "stored",
        "exclusive",
        "logical",
        "tags",
        "saving",
        "cost",
        "alpine_cost",
        "name",
    ] {
        assert_eq!(word.parse::<SortOrder>().unwrap().to_string(), word);
    }
    let words = GroupBy::ALL.map(|(word, _)| word);
    assert_eq!(
        words,
        [
            "registry",
            "team",
            "cost_centre",
            "environment",
            "base",
            "verdict"
        ]
    );
    for (word, group) in GroupBy::ALL {
        assert_eq!(word.parse(), Ok(group));
        assert_eq!(word.replace('_', "-").parse(), Ok(group));
        assert_eq!(group.to_string(), word);
    }
    assert_eq!("Team".parse::<GroupBy>(), Err(UnknownGroup));
}

#[test]
fn what_a_limit_leaves_out_is_summed_so_that_the_rows_still_add_up() {
    let limited = report(&ReportOptions {
        limit: Some(1),
        ..ReportOptions::default()
    });
    let others = limited.others.as_ref().unwrap();
    let row = &limited.repositories[0].totals;
    let totals = &limited.registries[0].totals;
    assert_eq!(others.repositories, 2);
    assert_eq!(others.tags + row.tags, totals.tags);
    assert_eq!(
        row.attributed_bytes.checked_add(others.attributed_bytes),
        Ok(totals.stored_bytes)
    );
    assert_eq!(
        row.logical_bytes.checked_add(others.logical_bytes),
        Ok(totals.logical_bytes)
    );
    let text = table(&limited, View::Summary, 120);
    assert!(text.contains("other 2 repositories"), "{text}");
    assert_eq!(csv(&limited).unwrap().lines().count(), 2);
    let generous = report(&ReportOptions {
        limit: Some(3),
        ..ReportOptions::default()
    });
    assert_eq!(generous.others, None);
}

#[test]
fn the_table_says_totals_first_and_the_ratio_in_words() {
    let text = table(&report(&by_size()), View::Storage, 120);
    assert!(
        text.contains("Adding up all tags gives 3.76 KiB, 7.7 times as much, because"),
        "{text}"
    );
    let line = |start: &str| text.lines().position(|line| line.starts_with(start));
    let (header, all, web, api) = (line("REPOSITORY"), line("all 3 "), line("web "), line("api "));
    assert!(
        header < all && all < web && web < api && header.is_some(),
        "{text}"
    );
    assert!(!text.contains("Note"), "{text}");
    // Numbers end below each other, and no line ends in spaces.
    let ends_at = |start: &str, cell: &str| {
        let line = text.lines().find(|line| line.starts_with(start)).unwrap();
        line.find(cell).unwrap() + cell.len()
    };
    assert_eq!(ends_at("web", "1,000"), ends_at("api", " 5 ") - 1, "{text}");
    assert!(text.lines().all(|line| line == line.trim_end()), "{text}");
}

#[test]
fn the_csv_has_one_row_for_each_repository() {
    let text = csv(&report(&by_size())).unwrap();
    assert_eq!(
        text,
        "registry,repository,tags,images,logical_bytes,stored_bytes,exclusive_bytes,attributed_bytes\n\
         reg.example.com,web,1000,1000,2000,490,190,290\n\
         reg.example.com,api,5,5,1550,310,10,110\n\
         reg.example.com,base,1,1,300,300,0,100\n"
    );
}

#[test]
fn several_registries_are_told_apart_and_dated_by_the_latest() {
    let mut later = source("a.example.com");
    later.as_of = at(9);
    let both = Report::build(
        vec![answers(source("reg.example.com")), answers(later)],
        &ReportOptions::default(),
    )
    .unwrap();
    assert_eq!(both.as_of, at(9));
    assert_eq!(both.registries[0].registry.as_str(), "a.example.com");
    let text = table(&both, View::Summary, 120);
    assert!(text.contains("REGISTRY"), "{text}");
    // Both registries hold the same, so the first repository of each is 29 % of both together.
    assert_eq!(text.matches("29.0 %").count(), 2, "{text}");
    assert_eq!(text.matches("50.0 %").count(), 2, "{text}");
}

#[test]
fn what_is_missing_is_said() {
    let mut broken = source("reg.example.com");
    broken.last_crawl = LastCrawl::Incomplete { losses: 1 };
    broken.unread_manifests = 2;
    broken.missing_tags = 1;
    broken.conflicting_sizes = 1;
    let incomplete = Report::build(vec![answers(broken)], &ReportOptions::default()).unwrap();
    assert!(!incomplete.complete);
    assert_eq!(incomplete.notes.len(), 4);
    let text = table(&incomplete, View::Summary, 200);
    for words in [
        "could not read everything (1 fault)",
        "2 manifests listed in an index could not be read",
        "1 tag is no longer listed",
        "Manifests state different sizes for 1 blob",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }

    let mut busy = source("reg.example.com");
    busy.missing_tags = 3;
    busy.unread_manifests = 1;
    let normal = Report::build(vec![answers(busy)], &ReportOptions::default()).unwrap();
    assert!(
        normal.complete,
        "tags that wait to be given up, and platforms left out, are part of normal life"
    );
}
