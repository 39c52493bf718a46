//! That a key for some cost centres is answered wherever it can be, and learns nothing of other cost centres.

use std::io::Read as _;

use reqwest::Method;
use rust_decimal::Decimal;
use serde_json::{Value, json};
use tare::demo::{self, SETTINGS};

use super::contract::Promises;
use super::keys::{key, with_key};
use crate::end_to_end::with_new_database;
use crate::support::faulty_registry::{FaultyRegistry, Spoil, image};
use crate::support::service::{Answer, Service};

/// The cost centre of the key, and the beginnings of the names of its repositories in the demo.
const CENTRE: &str = "CC-1100";
const OWN: [&str; 2] = ["shop/", "cms/"];

/// The demo's company, whose service wants a key.
struct Company {
    service: Service,
    registry: String,
    /// The repositories of the cost centre and all others.
    own: Vec<Value>,
    others: Vec<Value>,
    /// May see everything.
    whole: String,
    /// May see the repositories of one cost centre.
    limited: String,
}

impl Company {
    fn crawled() -> Self {
        let demo = demo::serve().expect("the demo's registry");
        let program = with_new_database().variable("TARE_SERVE_ACCESS", "keys");
        let folder = program.home().join(".config/tare");
        std::fs::create_dir_all(&folder).expect("a folder");
        std::fs::write(folder.join("tare.toml"), SETTINGS).expect("a configuration");
        let begin = "2026-08-01T00:00:00Z".parse().expect("a moment");
        for moment in [begin, demo.ends()] {
            demo.show(moment);
            program.crawl(demo.url());
        }
        let scopes = ["--scope", "read", "--scope", "crawl", "--scope", "ingest"];
        let whole = key(&program, &[&["whole"], &scopes[..]].concat());
        let limited = key(
            &program,
            &[&["limited", "--cost-centre", CENTRE], &scopes[..]].concat(),
        );
        super::announce_crawler(&program);
        let service = program.serve(&["--role", "api"]);
        let list = with_key(&service, "/v1/repositories?limit=1000", &whole).json();
        let rows = list["items"].as_array().expect("a list").iter().cloned();
        let (own, others): (Vec<Value>, Vec<Value>) = rows.partition(|row| {
            let name = row["repository"].as_str().expect("a name");
            OWN.iter().any(|begin| name.starts_with(begin))
        });
        assert!(own.len() > 3 && others.len() > 20);
        Self {
            registry: demo.url().trim_start_matches("http://").to_owned(),
            service,
            own,
            others,
            whole,
            limited,
        }
    }

    fn get(&self, path: &str) -> Answer {
        with_key(&self.service, path, &self.limited)
    }

    fn delete(&self, path: &str) -> Answer {
        let request = self.service.request(Method::DELETE, path);
        self.service
            .send(request.header("authorization", format!("Bearer {}", self.limited)))
    }

    fn post(&self, path: &str, body: &Value) -> Answer {
        let request = self.service.request(Method::POST, path);
        let request = request.header("authorization", format!("Bearer {}", self.limited));
        self.service.send(
            request
                .header("content-type", "application/json")
                .body(body.to_string()),
        )
    }

    /// That an answer is one, and names no repository of another cost centre.
    fn check(&self, asked: &str, answer: &Answer) {
        assert!((200..300).contains(&answer.status), "{asked}: {}", answer.text());
        let text = if answer.header("content-type").contains("spreadsheet") {
            unpacked(&answer.body)
        } else {
            answer.text()
        };
        for row in &self.others {
            let name = row["repository"].as_str().expect("a name");
            assert!(!text.contains(name), "{asked} names {name}");
        }
    }
}

/// The text of all files in a workbook.
fn unpacked(workbook: &[u8]) -> String {
    let mut text = String::new();
    let mut rest = workbook;
    let header = |bytes: &[u8]| bytes.windows(4).position(|window| window == b"PK\x03\x04");
    while let Some(at) = header(rest) {
        // 26 bytes into a file's header stand the lengths of its name and of an extra field, which follow.
        let short = |place: usize| usize::from(u16::from_le_bytes([rest[at + place], rest[at + place + 1]]));
        rest = &rest[at + 30 + short(26) + short(28)..];
        let mut file = flate2::read::DeflateDecoder::new(rest);
        file.read_to_string(&mut text).expect("text");
        rest = &rest[usize::try_from(file.total_in()).expect("a size")..];
    }
    assert!(text.contains("worksheet"), "a workbook");
    text
}

#[test]
fn a_key_for_a_cost_centre_is_answered_of_it_and_of_nothing_else() {
    let company = Company::crawled();
    no_operation_fails_without_need_or_names_repositories_of_others(&company);
    a_part_is_what_its_repositories_add_up_to_now_before_and_in_exports(&company);
}

fn no_operation_fails_without_need_or_names_repositories_of_others(company: &Company) {
    let document = company.service.json("/openapi.json");
    let own = company.own[0]["repository"].as_str().expect("a name");
    let foreign = company.others[0]["repository"].as_str().expect("a name");
    let images = |name: &str| {
        let name = name.replace('/', "%2F");
        let path = format!("/v1/repositories/{}/{name}/images", company.registry);
        with_key(&company.service, &path, &company.whole).json()["items"][0]["digest"].clone()
    };
    let filled = |path: &str, repository: &str| {
        let id = if path.contains("crawls") { "2" } else { "aws-ecr" };
        path.replace("{registry}", &company.registry)
            .replace("{repository}", &repository.replace('/', "%2F"))
            .replace("{digest}", images(repository).as_str().unwrap_or_default())
            .replace("{id}", id)
    };
    let mut promises = Promises::new(&document);
    let mut asked = 0;
    for (template, methods) in document["paths"].as_object().expect("paths") {
        let path = filled(template, own);
        for (method, operation) in methods.as_object().expect("methods") {
            asked += 1;
            let id = operation["operationId"].as_str().expect("an id");
            let body = match id {
                "ask_what_if" => json!({"switch": "all", "repositories": ["**"]}),
                "simulate_cleanup_policy" => json!({"delete": ["*"]}),
                "start_crawl" => json!({"registry": company.registry}),
                "notify_of_pulls" => json!({"events": []}),
                // It has whatever there is, for one and all.
                "get_metrics" => {
                    company.get(&path).problem(403, "forbidden");
                    continue;
                }
                // Its examples are kept with the code and come from the demo, as this test's registry does.
                "get_openapi" => {
                    assert_eq!(company.get(&path).json(), document, "the same for everybody");
                    continue;
                }
                _ => json!(null),
            };
            let answer = match method.as_str() {
                "get" => company.get(&path),
                "delete" => {
                    let started = company.post("/v1/crawls", &json!({"registry": company.registry}));
                    company.delete(&format!("/v1/crawls/{}", started.json()["id"]))
                }
                _ => company.post(&path, &body),
            };
            company.check(id, &answer);
            // A part of a registry is of the form that the document promises for a whole one.
            if answer.header("content-type") == "application/json" && template != "/openapi.json" {
                promises.check(method, template, answer.status, &answer.json());
            }
            if method == "get" {
                for query in variants(operation) {
                    company.check(&format!("{id}?{query}"), &company.get(&format!("{path}?{query}")));
                }
            }
        }
        if template.contains("{repository}") {
            company.get(&filled(template, foreign)).problem(404, "not-found");
        }
    }
    assert!(asked > 25, "{asked}");
    for row in &company.own {
        let name = row["repository"].as_str().expect("a name");
        let digest = images(name);
        if let Some(digest) = digest.as_str() {
            let path = format!(
                "/v1/images/{}/{}/{digest}",
                company.registry,
                name.replace('/', "%2F")
            );
            company.check(&path, &company.get(&path));
        }
    }
}

/// Each parameter of an operation with each word that it may be.
fn variants(operation: &Value) -> Vec<String> {
    let parameters = operation["parameters"].as_array().into_iter().flatten();
    let queries = parameters.filter(|parameter| parameter["in"] == "query");
    queries
        .flat_map(|parameter| {
            let words = parameter["schema"]["enum"]
                .as_array()
                .cloned()
                .unwrap_or_default();
            let name = parameter["name"].as_str().expect("a name").to_owned();
            words
                .into_iter()
                .map(move |word| format!("{name}={}", word.as_str().expect("a word")))
        })
        .collect()
}

/// The sum of a member of all rows.
fn sum(rows: &[Value], path: &str) -> Decimal {
    rows.iter()
        .map(|row| match row.pointer(path) {
            Some(Value::String(text)) => text.parse().expect("a decimal"),
            Some(number) => Decimal::from(number.as_i64().expect("a whole number")),
            None => panic!("no {path} in {row}"),
        })
        .sum()
}

fn a_part_is_what_its_repositories_add_up_to_now_before_and_in_exports(company: &Company) {
    let registries = company.get("/v1/registries").json();
    let part = &registries["items"][0];
    assert_eq!(part["of"], "visible");
    let amount = |value: &Value| value["amount"].as_str().unwrap().parse::<Decimal>().unwrap();
    assert_eq!(part["repositories"], company.own.len());
    assert_eq!(
        part["stored_bytes"].as_i64(),
        i64::try_from(sum(&company.own, "/attributed_bytes")).ok()
    );
    let cost = &part["cost"];
    let month = sum(&company.own, "/cost/month/amount");
    assert_eq!(amount(&cost["month"]), month);
    for end in ["low", "expected", "high"] {
        let saving = format!("/cost/alpine/joint_saving/{end}/amount");
        assert_eq!(amount(&cost["alpine"]["saving"][end]), sum(&company.own, &saving));
    }
    for hidden in ["cheaper_plan", "unallocated", "included_worth", "average_unit"] {
        assert!(cost.get(hidden).is_none(), "{hidden}");
    }
    let one = company
        .get(&format!("/v1/registries/{}", company.registry))
        .json();
    assert_eq!(one["cost"], *cost);
    let whole = with_key(&company.service, "/v1/registries", &company.whole).json();
    assert_eq!(whole["items"][0]["of"], "all");

    let history = company.get("/v1/history?step=crawl").json();
    let points = history["items"].as_array().unwrap();
    assert_eq!(points.len(), 2, "one for each crawl");
    assert!(points.iter().all(|point| point["of"] == "visible"));
    assert_eq!(points[1]["stored_bytes"], part["stored_bytes"]);
    assert_eq!(amount(&points[1]["cost"]["month"]), month);
    assert_eq!(
        amount(&points[1]["alpine"]["month"]["expected"]),
        amount(&cost["alpine"]["month"]["expected"])
    );

    let moved = company.post("/v1/whatif", &json!({"pulls_per_month": 0})).json();
    assert_eq!(moved["registries"][0]["of"], "visible");
    let rows = moved["repositories"].as_array().unwrap();
    assert_eq!(
        amount(&moved["registries"][0]["cost"]["month"]),
        sum(rows, "/cost/month/amount")
    );

    let cost_of = |key: &str, path: &str| -> Decimal {
        let text = with_key(&company.service, path, key).text();
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let place =
            |headers: &csv::StringRecord, name: &str| headers.iter().position(|own| own == name).unwrap();
        let headers = reader.headers().unwrap().clone();
        let (cost, centre) = (place(&headers, "cost"), place(&headers, "cost_centre"));
        let share = place(&headers, "share");
        let rows = reader.records().map(Result::unwrap);
        rows.filter(|row| &row[centre] == CENTRE)
            .map(|row| {
                assert_eq!(row[share].is_empty(), key == company.limited, "{row:?}");
                row[cost].parse::<Decimal>().unwrap()
            })
            .sum()
    };
    // The crawls ran by the machine's clock, so the month that has costs is the one of the last crawl.
    let month = &one["as_of"].as_str().unwrap()[..7];
    let path = format!("/v1/exports/csv?month={month}");
    assert!(cost_of(&company.limited, &path) > Decimal::ZERO);
    assert_eq!(cost_of(&company.limited, &path), cost_of(&company.whole, &path));
}

#[test]
fn faults_are_told_of_repositories_that_may_be_seen() {
    let registry = FaultyRegistry::holding(|content| {
        for repository in ["mine", "theirs"] {
            let layer = image().layer(repository, 10);
            content
                .repository(repository)
                .tag("v1", layer.clone())
                .tag("v2", layer);
        }
    })
    .start();
    registry
        .on(|request| request.path.contains("/manifests/v2"))
        .spoil(Spoil::Status(500));
    let program = with_new_database().variable("TARE_SERVE_ACCESS", "keys");
    let folder = program.home().join(".config/tare");
    std::fs::create_dir_all(&folder).expect("a folder");
    let settings = "[[cost_centre]]\nrepositories = [\"mine\"]\ncost_centre = \"CC-1\"\n";
    std::fs::write(folder.join("tare.toml"), settings).expect("a configuration");
    program.run(&["crawl", registry.url()]);
    let limited = key(&program, &["limited", "--cost-centre", "CC-1"]);
    let whole = key(&program, &["whole"]);
    let service = program.serve(&["--role", "api"]);
    let told = |key: &str| {
        let crawl = with_key(&service, "/v1/crawls/1", key).json();
        let faults = crawl["fault_list"].as_array().unwrap().iter();
        let mut names: Vec<_> = faults.map(|fault| fault["repository"].clone()).collect();
        names.sort_by_key(Value::to_string);
        names.dedup();
        names
    };
    assert_eq!(told(&whole), ["mine", "theirs"]);
    assert_eq!(told(&limited), ["mine"]);
}
