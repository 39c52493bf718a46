use serde_json::{Value, json};

use super::{company, name_of};

#[test]
fn other_assumptions_change_the_answer_and_nothing_that_is_saved() {
    let (registry, program) = company();
    let service = program.serve(&["--role", "api"]);
    let ask = |question: Value| {
        let answer = service.post("/v1/whatif", &question);
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    };
    let saved = service.json("/v1/repositories?sort=-saving");
    let same = ask(json!({}));
    assert_eq!(same["repositories"], saved["items"], "nothing else is assumed");
    assert_eq!(same["totals"], saved["totals"]);

    let month = |answer: &Value, part: &str| answer["registries"][0]["cost"][part]["amount"].clone();
    let cheaper = ask(json!({"price_book": "github-container-registry"}));
    assert_ne!(month(&cheaper, "month"), month(&same, "month"));
    assert_eq!(
        cheaper["registries"][0]["cost"]["price_book"]["id"],
        "github-container-registry"
    );
    let pulled = ask(json!({"pulls_per_month": 7, "cold_share": "1"}));
    assert_eq!(
        pulled["repositories"][0]["cost"]["pulls"],
        json!({"per_month": 7, "source": "assumed"})
    );
    let doubled = ask(json!({"pulls_per_month": 7, "pulls_factor": "2"}));
    assert_eq!(doubled["repositories"][0]["cost"]["pulls"]["per_month"], 14);
    assert_eq!(same["configured"]["cold_share"], "0.5");
    let effort = json!({"days": "2", "day_rate": {"amount": "900.50", "currency": "USD"}});
    ask(json!({"effort": effort, "switch": "all", "repositories": ["team-a/**"]}));
    let worked = ask(json!({"effort": effort, "switch": "all"}));
    let rows = worked["repositories"].as_array().unwrap();
    let paid = rows
        .iter()
        .filter(|row| !row["cost"]["alpine"]["payback_months"].is_null());
    assert_eq!(
        worked["moved_repositories"],
        json!({name_of(&registry): paid.count()})
    );
    assert_eq!(same["moved_repositories"], json!({}), "no effort is known");
    let none = ask(json!({"switch": "chosen", "repositories": []}));
    assert_eq!(none["registries"][0]["alpine"]["saving_bytes"]["expected"], 0);

    assert_eq!(service.json("/v1/repositories?sort=-saving"), saved);
    for (question, place) in [
        (json!({"price_book": "none"}), "price_book"),
        (json!({"pulls_factor": "-1"}), "pulls_factor"),
        (json!({"pulls_factor": "1001"}), "pulls_factor"),
    ] {
        let wrong = service.post("/v1/whatif", &question);
        assert_eq!(wrong.problem(422, "invalid-body")["errors"][0]["name"], place);
    }
}

#[test]
fn another_release_of_alpine_is_answered_for_as_far_as_it_is_known() {
    let (registry, program) = company();
    let service = program.serve(&["--role", "api"]);
    let ask = |question: Value| service.post("/v1/whatif", &question);
    let usual = ask(json!({})).json();
    let known = usual["alpine_releases"].as_array().unwrap();
    assert!(known.contains(&json!("3.24")) && known.len() > 1, "{known:?}");
    assert!(usual["registries"][0]["alpine"]["wanted_release"].is_null());

    let answer = ask(json!({"alpine_release": "2.0", "switch": "all"})).json();
    let wanted = &answer["registries"][0]["alpine"]["wanted_release"];
    assert_eq!(
        (&wanted["release"], &wanted["images_on_it"]),
        (&json!("2.0"), &json!(0))
    );
    let images = wanted["images"].as_u64().unwrap();
    assert!(images > 0);
    let notes = answer["notes"].as_array().unwrap();
    let note = notes.iter().find(|note| note["kind"] == "other_release").unwrap();
    assert_eq!(
        (&note["registry"], &note["count"]),
        (&json!(name_of(&registry)), &json!(images))
    );
    assert!(note["note"].as_str().unwrap().contains("Alpine 2.0;"), "{note}");
    // No base of that release is known, so the figures are those of the newest.
    let newest = ask(json!({"switch": "all"})).json();
    assert_eq!(answer["totals"], newest["totals"]);
    // An old release is known: the figures are its own, and leave those of the newest as they were.
    let old = ask(json!({"alpine_release": "3.1", "switch": "all"})).json();
    assert_ne!(old["totals"], newest["totals"]);
    assert_eq!(ask(json!({"switch": "all"})).json(), newest);

    for wrong in ["3", "edge", "3.22.1", ""] {
        let problem = ask(json!({"alpine_release": wrong})).problem(422, "invalid-body");
        assert!(problem.to_string().contains("such as 3.22"), "{problem}");
    }
}

#[test]
fn a_currency_that_does_not_fit_is_said_in_a_note() {
    let (registry, program) = company();
    let service = program.serve(&["--role", "api"]);
    let effort = json!({"days": "2", "day_rate": {"amount": "900", "currency": "CHF"}});
    let answer = service
        .post("/v1/whatif", &json!({"effort": effort, "switch": "all"}))
        .json();
    let note = &answer["notes"][0];
    if !note.is_null() {
        assert_eq!(note["registry"], name_of(&registry));
        assert!(note["note"].as_str().unwrap().contains("CHF"), "{note}");
    }
}
