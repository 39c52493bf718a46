use serde_json::{Value, json};

use super::company;

#[test]
fn a_clean_up_is_answered_by_rules_and_by_a_vendors_policy() {
    let (_registry, program) = company();
    let service = program.serve(&["--role", "api"]);
    let all = service.json("/v1/cleanup?delete=*");
    assert_eq!(all["freed_bytes"], all["stored_bytes"], "nothing stays");
    let sum = |list: &Value| -> u64 {
        let rows = list.as_array().expect("a list").iter();
        rows.map(|row| row["freed_bytes"].as_u64().expect("bytes")).sum()
    };
    assert_eq!(json!(sum(&all["repositories"])), all["freed_bytes"]);
    assert_eq!(json!(sum(&all["cost_centres"])), all["freed_bytes"]);
    assert_eq!(json!(sum(&all["registries"])), all["freed_bytes"]);
    let kept = service.json("/v1/cleanup?delete=*&keep=*");
    assert_eq!((&kept["freed_bytes"], &kept["tags"]), (&json!(0), &json!([])));
    let by_body = service.post("/v1/cleanup", &json!({"delete": ["*"]}));
    assert_eq!(by_body.status, 200, "{}", by_body.text());
    assert_eq!(by_body.json()["tags"], all["tags"]);

    let selection = json!({"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 1});
    let policy =
        json!({"rules": [{"rulePriority": 1, "selection": selection, "action": {"type": "expire"}}]});
    let ecr = service.post("/v1/cleanup", &json!({ "policy": policy }));
    assert_eq!(ecr.status, 200, "{}", ecr.text());
    let line = "acr purge --filter '.*:.*' --ago 0d --untagged";
    let purge = service.post(
        "/v1/cleanup",
        &json!({"policy": line, "policy_form": "acr-purge"}),
    );
    assert_eq!(purge.json()["freed_bytes"], all["freed_bytes"]);

    let mut wrong = policy.clone();
    wrong["rules"][0]["selection"]["countUnit"] = json!("days");
    for (question, place) in [
        (json!({ "policy": wrong }), "policy"),
        (json!({"policy": policy, "keep_newest": 1}), "policy"),
        (json!({"policy_form": "ecr"}), "policy_form"),
        (json!({"older_than": "soon"}), "older_than"),
        (json!({"delete": ["["]}), "delete"),
        (json!({"keep_newest": 100_001}), "keep_newest"),
    ] {
        let problem = service
            .post("/v1/cleanup", &question)
            .problem(422, "invalid-body");
        assert_eq!(problem["errors"][0]["name"], place, "{question}");
    }
    let problem = service
        .get("/v1/cleanup?older_than=3months")
        .problem(400, "invalid-request");
    assert_eq!(problem["errors"][0]["name"], "older_than");
    let none = service.json("/v1/cleanup?delete=*&repository=nowhere");
    assert!(
        none["notes"][0]
            .as_str()
            .is_some_and(|note| note.contains("nowhere")),
        "{none}"
    );
}
