//! Processes that answer from what another one worked out.

use serde_json::Value;

use super::{company, name_of};

/// Answers that do not depend on which process gives them.
fn answers(service: &crate::support::service::Service, name: &str) -> Vec<Value> {
    [
        "/v1/registries".to_owned(),
        format!("/v1/registries/{name}"),
        "/v1/repositories".to_owned(),
        format!("/v1/repositories/{name}/team-a%2Fapi"),
        "/v1/summary?group_by=cost_centre".to_owned(),
        "/v1/savings".to_owned(),
    ]
    .iter()
    .map(|path| service.json(path))
    .collect()
}

#[test]
fn a_replica_answers_at_once_what_another_process_worked_out() {
    let (registry, program) = company();
    let name = name_of(&registry);
    // The crawl saved its answers.
    let replica = program.serve(&["--role", "api"]);
    replica.said("computed=false");
    let read = answers(&replica, &name);
    // What needs the graph is computed when it is asked for, and changes no other answer.
    let tags = replica.json(&format!("/v1/repositories/{name}/team-a%2Fapi/tags"));
    assert_eq!(tags["items"].as_array().map(Vec::len), Some(3));
    assert_eq!(answers(&replica, &name), read);
}

#[test]
fn what_is_saved_for_other_settings_is_not_shown() {
    let (registry, program) = company();
    let name = name_of(&registry);
    let file = program.home().join(".config/tare/tare.toml");
    let settings = std::fs::read_to_string(&file).expect("the settings");
    let cheaper = settings.replace("per_month = 100", "per_month = 1000000");
    std::fs::write(&file, cheaper).expect("other settings");
    let service = program.serve(&["--role", "api"]);
    service.said("computed=true");
    let row = service.json(&format!("/v1/repositories/{name}/web"));
    assert_eq!(row["cost"]["pulls"]["per_month"], 1_000_000);
}
