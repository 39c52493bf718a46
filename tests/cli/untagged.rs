//! What no tag reaches, from the registry to the bill, as a user of Azure Container Registry sees it.

use std::fs;

use serde_json::{Value, json};

use super::{json_lines, stderr, stdout};
use crate::end_to_end::with_new_database;
use crate::support::faulty_registry::{Answer, Document, FaultyRegistry, Spoil, TokenServer, image};
use crate::support::program::Program;

const GIB: u64 = 1 << 30;

/// A program that knows the registry as one of Azure's behind a name of the company's own.
fn program(registry: &FaultyRegistry) -> Program {
    let program = with_new_database();
    let settings = format!(
        "[[registry]]\nurl = \"{}\"\nuntagged = \"always\"\n",
        registry.url()
    );
    let file = program.home().join("tare.toml");
    fs::write(&file, settings).expect("a file");
    let file = file.to_string_lossy().into_owned();
    program.variable("TARE_CONFIG", &file)
}

fn version(number: u64) -> Document {
    image()
        .layer("base", 5 * GIB)
        .layer(&format!("version {number}"), 10 * GIB)
        .build()
}

/// Six versions of one image, the last with a tag, beside another repository on the same base.
fn registry() -> FaultyRegistry {
    FaultyRegistry::holding(|content| {
        let api = content.repository("api");
        for number in 1..=5 {
            api.store(version(number));
        }
        api.tag("latest", version(6));
        let web = image().layer("base", 5 * GIB).layer("web", GIB);
        content.repository("web").tag("1", web);
    })
    .listing_manifests()
    .start()
}

/// An amount in thousandths of a billionth, which every one of a bill can be written in.
fn exactly(amount: &Value) -> i128 {
    let text = amount["amount"].as_str().expect("an amount");
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    format!("{whole}{decimals:0<12}").parse().expect("a number")
}

#[test]
fn bytes_without_a_tag_are_counted_billed_and_worth_what_deleting_them_saves() {
    let registry = registry();
    let program = program(&registry);
    let crawled = program.run(&["crawl", "--json"]);
    assert_eq!(crawled.status.code(), Some(0), "{}", stderr(&crawled));

    let book = ["--price-book", "azure-container-registry-basic"];
    let report = program.json(&[&["report", "--format", "json"], &book[..]].concat());
    let totals = &report["registries"][0];
    let documents: u64 = (1..=5)
        .map(|number| version(number).size() + version(number).blobs[0].len() as u64)
        .sum();
    assert_eq!(totals["untagged_bytes"], json!(50 * GIB + documents));
    assert_eq!(totals["untagged_manifests"], 5);
    let cost = &totals["cost"];
    let months = report["repositories"].as_array().expect("a list").iter();
    let months = months.map(|row| exactly(&row["cost"]["month"])).sum::<i128>();
    assert_eq!(months + exactly(&cost["unallocated"]), exactly(&cost["month"]));
    // 66 GiB less 10 that are included are paid for, and 50 of them have no tag.
    let (storage, saved) = (exactly(&cost["storage"]), exactly(&cost["clean_up"]["saving"]));
    assert!(
        saved > storage * 49 / 56 && saved < storage * 51 / 56,
        "{saved} of {storage}"
    );

    let text = stdout(&program.run(&[&["report", "--view", "storage"], &book[..]].concat()));
    let said = "Another 50.00 GiB is untagged (5 manifests); deleting it would save";
    assert!(text.replace('\n', " ").contains(said), "{text}");
    assert!(text.contains("SHARE   UNTAGGED"), "{text}");
    let largest = [
        "report",
        "--view",
        "storage",
        "--sort",
        "attributed",
        "--limit",
        "1",
    ];
    let others = stdout(&program.run(&largest));
    let others = others.lines().find(|line| line.contains("other 1 repositories"));
    assert!(
        others.is_some_and(|line| line.trim_end().ends_with("0 B")),
        "{others:?}"
    );
    let standard = ["report", "--price-book", "azure-container-registry-standard"];
    let text = stdout(&program.run(&standard)).replace("\n  ", " ");
    assert!(
        text.contains("deleting it would save nothing, because what is stored is within"),
        "{text}"
    );

    // So does the month's export, drawn up from what was stored over its days: to the last digit.
    let now = report["as_of"].as_str().expect("a moment")[..7].to_owned();
    let program = program.variable("TARE_PRICES_BOOK", "azure-container-registry-basic");
    let export = stdout(&program.run(&["export", "--month", &now, "csv"]));
    let mut rows = csv::Reader::from_reader(export.as_bytes());
    let mut names = rows.headers().expect("names").iter();
    let place = names.position(|name| name == "cost").expect("a column");
    let costs = rows
        .records()
        .map(|row| exactly(&json!({"amount": row.expect("a row")[place].to_owned()})));
    assert_eq!(costs.sum::<i128>(), exactly(&cost["month"]));

    // A spreadsheet gets the share of each repository.
    let csv = stdout(&program.run(&[&["report", "--format", "csv"], &book[..]].concat()));
    let mut rows = csv::Reader::from_reader(csv.as_bytes());
    let names = rows.headers().expect("names").clone();
    let place = |wanted: &str| names.iter().position(|name| name == wanted).expect("a column");
    let (repository, untagged) = (place("repository"), place("untagged_bytes"));
    let mut records = rows.records().map(|row| row.expect("a row"));
    let api = records.find(|row| &row[repository] == "api").expect("a row");
    assert_eq!(api[untagged], (50 * GIB + documents).to_string());
}

#[test]
fn a_second_crawl_reads_no_manifest_and_a_clean_up_shows_in_it() {
    let registry = registry();
    let program = program(&registry);
    program.json(&["crawl", "--json"]);
    registry.forget_requests();
    let second = program.json(&["crawl", "--json"]);
    // The catalogue, and the manifests of two repositories, which say where their tags point.
    let expected = json!({"total": 3, "get": 3, "head": 0, "retried": 0, "rate_limited": 0});
    assert_eq!(second["requests"], expected);

    registry.change(|content| {
        for number in 1..=4 {
            content.repository("api").lose(version(number).digest());
        }
        content.repository("api").tag("rollback", version(5));
    });
    program.json(&["crawl", "--json"]);
    let totals = &program.report()["registries"][0];
    assert_eq!(
        (&totals["untagged_bytes"], &totals["tags"]),
        (&json!(0), &json!(3))
    );
    let text = stdout(&program.run(&["report", "--view", "storage"]));
    assert!(text.contains("no untagged manifests"), "{text}");
}

#[test]
fn a_registry_that_refuses_its_list_is_crawled_all_the_same() {
    let registry = registry();
    registry
        .on(|request| request.path.contains("/acr/"))
        .spoil(Spoil::Status(403));
    let program = program(&registry);
    let crawl = program.run(&["crawl", "--json", "-q"]);
    assert_eq!(crawl.status.code(), Some(0));
    let result = &json_lines(&crawl)[0];
    assert_eq!(result["status"], "complete");
    assert_eq!(result["faults"][0]["kind"], "unlisted");
    let said = stderr(&crawl);
    assert!(
        said.contains("read metadata") && said.contains("untagged = \"never\""),
        "{said}"
    );
    assert!(program.report()["registries"][0]["untagged_bytes"].is_null());
    let doctor = stdout(&program.run(&["doctor"]));
    assert!(doctor.contains("grant the identity to read metadata"), "{doctor}");
}

#[test]
fn a_workloads_identity_logs_in_without_a_stored_secret() {
    let refresh_token = "refresh-token";
    let registry = FaultyRegistry::holding(|content| {
        content
            .repository("api")
            .store(version(1))
            .tag("latest", version(2));
    })
    .listing_manifests()
    .tokens(TokenServer::default().user("nobody", refresh_token))
    .start();
    let entra = FaultyRegistry::holding(|_| {}).start();
    entra
        .on(|request| request.path == "/tenant/oauth2/v2.0/token")
        .spoil(Spoil::with(|_, _| {
            Answer::json(&json!({"access_token": "of-entra"}))
        }));
    registry
        .on(|request| request.path == "/oauth2/exchange" && request.body.contains("access_token=of-entra"))
        .spoil(Spoil::with(move |_, _| {
            Answer::json(&json!({"refresh_token": refresh_token}))
        }));
    let program = with_new_database();
    let [settings, token] = ["tare.toml", "token"].map(|name| program.home().join(name));
    let text = format!(
        "[[registry]]\nurl = \"{}\"\nuntagged = \"always\"\nazure_identity = \"workload\"\nazure_custom_domain = true\n",
        registry.url()
    );
    fs::write(&settings, text).expect("a file");
    fs::write(&token, "word").expect("a file");
    let program = program
        .variable("TARE_CONFIG", &settings.to_string_lossy())
        .variable("AZURE_TENANT_ID", "tenant")
        .variable("AZURE_AUTHORITY_HOST", entra.url())
        .variable("AZURE_FEDERATED_TOKEN_FILE", &token.to_string_lossy());
    let doctor = stdout(&program.run(&["doctor"]));
    assert!(doctor.contains("AZURE_CLIENT_ID is not set"), "{doctor}");
    assert!(doctor.contains("azure.workload.identity/use"), "{doctor}");
    let crawl = program.run(&["crawl", "--json"]);
    assert!(stderr(&crawl).contains("AZURE_CLIENT_ID"), "{}", stderr(&crawl));

    let program = program.variable("AZURE_CLIENT_ID", "client");
    program.json(&["crawl", "--json"]);
    assert_eq!(program.report()["registries"][0]["untagged_manifests"], 1);
    assert_eq!(
        (entra.requests().len(), registry.count("POST", "/oauth2/exchange")),
        (1, 1)
    );
    let doctor = stdout(&program.run(&["doctor"]));
    assert!(doctor.contains("can list the catalogue"), "{doctor}");
    assert!(doctor.contains("and untagged manifests"), "{doctor}");
}

/// What the registry itself reports, as the CLI of Azure prints it.
fn usage(bytes: u64) -> String {
    json!({"value": [
        {"name": "Webhooks", "currentValue": 0, "limit": 500, "unit": "Count"},
        {"name": "Size", "currentValue": bytes, "limit": 107_374_182_400_u64, "unit": "Bytes"},
    ]})
    .to_string()
}

#[test]
fn the_registrys_own_figure_is_compared_with_what_is_counted_by_cause() {
    let registry = registry();
    let program = program(&registry);
    program.run(&["crawl"]);
    let report = |program: &Program| -> Value {
        let output = program.run(&["report", "--format", "json"]);
        serde_json::from_str(&stdout(&output)).expect("a report")
    };
    let row = &report(&program)["registries"][0];
    assert_eq!(row.get("reconciliation"), None);
    let bytes = |key: &str| row[key].as_u64().expect("bytes");
    let (stored, untagged) = (bytes("stored_bytes"), bytes("untagged_bytes"));

    let answer = program.home().join("usage.json");
    fs::write(&answer, usage(stored + untagged + 4096)).expect("a file");
    let file = program.home().join("tare.toml");
    let settings = fs::read_to_string(&file).expect("settings")
        + &format!("reported_usage = {:?}\n", answer.display().to_string());
    fs::write(&file, settings).expect("settings");
    let own = &report(&program)["registries"][0]["reconciliation"];
    assert_eq!(own["reported_bytes"], stored + untagged + 4096);
    assert_eq!(
        (&own["source"], &own["counted_bytes"]),
        (&json!("azure_usage"), &json!(stored))
    );
    let parts = own["parts"].as_array().expect("parts");
    let sum: i64 = parts
        .iter()
        .map(|part| part["bytes"].as_i64().expect("bytes"))
        .sum();
    assert_eq!(
        i64::try_from(stored).expect("few") + sum,
        own["reported_bytes"].as_i64().expect("bytes")
    );
    assert_eq!(own["unexplained_bytes"], 4096);
    assert_eq!(own["within_bounds"], true);

    let table = stdout(&program.run(&["report"]));
    assert!(table.contains("The registry itself reports"), "{table}");
    let table = stdout(&program.run(&["report", "--view", "reconciliation"]));
    for row in ["counted", "untagged", "unexplained", "reported by the registry"] {
        assert!(table.lines().any(|line| line.starts_with(row)), "{row}: {table}");
    }
    fs::write(&answer, "{}").expect("a file");
    let refused = program.run(&["report"]);
    assert!(!refused.status.success());
    let message = stderr(&refused);
    assert!(
        message.contains("usage.json: the JSON is none of the known answers"),
        "{message}"
    );
}

#[test]
fn the_report_says_since_when_manifests_are_untagged() {
    let registry = registry();
    let program = program(&registry);
    program.run(&["crawl"]);
    let output = program.run(&["report", "--format", "json"]);
    let report: Value = serde_json::from_str(&stdout(&output)).expect("a report");
    let ages = &report["registries"][0]["untagged_ages"];
    assert_eq!(ages["oldest"], "2026-11-01T00:00:00Z");
    assert_eq!(ages["unknown_manifests"], 0);
    let days: Vec<_> = ages["older_than"]
        .as_array()
        .expect("rows")
        .iter()
        .map(|row| &row["days"])
        .collect();
    assert_eq!(days, [7, 30, 90, 365]);
}
