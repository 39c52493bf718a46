//! What all lists have in common: pages, an order, filters, and members under their present and former names.

use std::collections::BTreeSet;

use serde_json::Value;

use super::questions::demo;

const REPOSITORY: &str = "/v1/repositories/registry.norrwind.example/shop%2Fcheckout-api";

fn items(answer: &Value) -> &Vec<Value> {
    answer["items"].as_array().expect("a list")
}

/// A path with one more parameter.
fn with(path: &str, parameter: &str) -> String {
    let separator = if path.contains('?') { '&' } else { '?' };
    format!("{path}{separator}{parameter}")
}

/// A path of the document with the names of the demo.
fn path_of(template: &str) -> String {
    let path = template.replace("/v1/repositories/{registry}/{repository}", REPOSITORY);
    match path.as_str() {
        "/v1/changes" | "/v1/costs" => with(&path, "window=2026-10"),
        "/v1/history" => with(&path, "step=crawl"),
        _ => path,
    }
}

/// Follows a schema's reference.
fn resolved<'d>(document: &'d Value, schema: &'d Value) -> &'d Value {
    match schema["$ref"].as_str() {
        Some(reference) => {
            &document["components"]["schemas"][reference.rsplit('/').next().unwrap_or_default()]
        }
        None => schema,
    }
}

/// The names of a schema's members, with those that it takes from others.
fn members<'d>(document: &'d Value, schema: &'d Value) -> BTreeSet<&'d str> {
    let schema = resolved(document, schema);
    let own = schema["properties"].as_object().into_iter().flatten();
    let mut names: BTreeSet<&str> = own.map(|(name, _)| name.as_str()).collect();
    for part in schema["allOf"].as_array().into_iter().flatten() {
        names.extend(members(document, part));
    }
    names
}

/// The lists with pages: path, and the names of its parameters.
fn lists(document: &Value) -> Vec<(&str, BTreeSet<&str>)> {
    let paths = document["paths"].as_object().expect("paths");
    let gets = paths
        .iter()
        .map(|(path, methods)| (path.as_str(), &methods["get"]));
    let lists = gets.filter(|(_, get)| {
        let schema = &get["responses"]["200"]["content"]["application/json"]["schema"];
        members(document, schema).contains("next_cursor")
    });
    let named = lists.map(|(path, get)| {
        let parameters = get["parameters"].as_array().into_iter().flatten();
        (
            path,
            parameters
                .filter_map(|parameter| parameter["name"].as_str())
                .collect(),
        )
    });
    named.collect()
}

#[test]
fn every_list_has_pages_and_an_order() {
    let document = demo().json("/openapi.json");
    let lists = lists(&document);
    assert!(lists.len() >= 14, "{lists:?}");
    for (path, parameters) in lists {
        for name in ["limit", "cursor", "sort", "fields"] {
            assert!(parameters.contains(name), "{path} has no {name}");
        }
        let path = path_of(path);
        let whole = demo().json(&with(&path, "limit=1000"));
        let mut paged = Vec::new();
        let limit = items(&whole).len().div_ceil(3).max(1);
        let mut cursor = String::new();
        loop {
            let page = demo().json(&with(&path, &format!("limit={limit}{cursor}")));
            assert!(items(&page).len() <= limit, "{path}");
            paged.extend(items(&page).iter().cloned());
            match page["next_cursor"].as_str() {
                Some(next) if paged.len() < items(&whole).len() => cursor = format!("&cursor={next}"),
                _ => break,
            }
        }
        paged.truncate(items(&whole).len());
        assert!(&paged == items(&whole), "the pages of {path} are not its rows");
    }
}

#[test]
fn an_order_and_its_reverse_have_the_same_rows_in_opposite_order() {
    for (path, key, member) in [
        ("/v1/crawls", "requested", "/id"),
        ("/v1/price-books", "id", "/id"),
        ("/v1/price-books", "valid_until", "/valid_until"),
        ("/v1/history?step=crawl", "as_of", "/as_of"),
        ("/v1/history?step=crawl", "stored", "/stored_bytes"),
        ("/v1/history?step=crawl", "cost", "/cost/total/amount"),
    ]
    .map(|(path, key, member)| (path.to_owned(), key, member))
    .into_iter()
    .chain([
        (format!("{REPOSITORY}/history?step=crawl"), "as_of", "/as_of"),
        (
            format!("{REPOSITORY}/history?step=crawl"),
            "attributed",
            "/attributed_bytes",
        ),
    ]) {
        let values = |order: &str| -> Vec<Value> {
            let answer = demo().json(&with(&path, &format!("limit=1000&sort={order}")));
            let rows = items(&answer).iter();
            rows.map(|row| row.pointer(member).expect("a member").clone())
                .collect()
        };
        let (rising, mut falling) = (values(key), values(&format!("-{key}")));
        assert!(rising.len() > 3, "{path}: {rising:?}");
        falling.reverse();
        assert_eq!(rising, falling, "{path} {key}");
        let comparable = |value: &Value| match value {
            Value::String(text) if member.ends_with("amount") => (text.parse::<f64>().ok(), String::new()),
            Value::String(text) => (None, text.clone()),
            number => (number.as_f64(), String::new()),
        };
        assert!(
            rising
                .windows(2)
                .all(|pair| comparable(&pair[0]) <= comparable(&pair[1])),
            "{path} {key}: {rising:?}"
        );
    }
}

#[test]
fn repositories_and_images_can_be_chosen_by_what_a_move_is_worth() {
    let all = demo().json("/v1/repositories?limit=1000");
    let mut chosen = 0;
    for worth in [
        "worth_it",
        "saves_nothing",
        "saves_too_little",
        "pays_back_too_late",
    ] {
        let names = |answer: &Value| -> BTreeSet<String> {
            let rows = items(answer).iter();
            rows.map(|row| row["repository"].as_str().expect("a name").to_owned())
                .collect()
        };
        let expected: BTreeSet<String> = items(&all)
            .iter()
            .filter(|row| row["worth"] == worth)
            .map(|row| row["repository"].as_str().expect("a name").to_owned())
            .collect();
        assert!(!expected.is_empty(), "{worth}");
        chosen += expected.len();
        let repositories = demo().json(&format!("/v1/repositories?limit=1000&worth={worth}"));
        assert_eq!(names(&repositories), expected);
        assert_eq!(repositories["totals"]["repositories"], expected.len());
        let savings = demo().json(&format!("/v1/savings?limit=1000&worth={worth}"));
        assert_eq!(names(&savings), expected);
        let summary = demo().json(&format!("/v1/summary?group_by=team&worth={worth}"));
        assert_eq!(summary["totals"]["repositories"], expected.len());
        let images = demo().json(&format!("/v1/images?limit=1000&worth={worth}"));
        assert_eq!(names(&images), expected);
    }
    let switching = items(&all)
        .iter()
        .filter(|row| row["verdict"] == "switch")
        .count();
    assert_eq!(chosen, switching);
    let refused = demo().get("/v1/repositories?worth=much");
    assert_eq!(refused.status, 400);
    assert!(refused.text().contains("saves_too_little"), "{}", refused.text());
}

#[test]
fn a_former_name_is_deprecated_and_its_present_name_stands_beside_it() {
    let document = demo().json("/openapi.json");
    let schemas = document["components"]["schemas"].as_object().expect("schemas");
    let mut former = BTreeSet::new();
    for (schema_name, schema) in schemas {
        for (name, member) in schema["properties"].as_object().into_iter().flatten() {
            let about = member["description"].as_str().unwrap_or_default();
            let Some(present) = about.strip_prefix("The former name of `") else {
                continue;
            };
            let present = present.split(['`', '.']).next().unwrap_or_default();
            assert_eq!(member["deprecated"], true, "{schema_name}.{name}");
            assert!(
                !schema["properties"][present].is_null(),
                "{schema_name}.{present}"
            );
            former.insert(name.as_str());
        }
    }
    for name in [
        "joint_saving",
        "joint_saving_bytes",
        "month",
        "switching",
        "alpine_month",
        "key",
        "of",
        "class",
        "speaker",
    ] {
        assert!(former.contains(name), "{name} is not marked: {former:?}");
    }
    let answer = demo().json("/v1/repositories?limit=1000&verdict=switch");
    for row in items(&answer) {
        let (bytes, cost) = (&row["alpine"], &row["cost"]["alpine"]);
        assert!(
            bytes["saving_bytes"].is_object() && cost["total"].is_object(),
            "{row}"
        );
        assert_eq!(bytes["saving_bytes"], bytes["joint_saving_bytes"]);
        assert_eq!(cost["saving"], cost["joint_saving"]);
        assert_eq!(cost["total"], cost["month"]);
    }
}
