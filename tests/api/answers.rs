use reqwest::Method;
use serde_json::{Value, json};

use super::{company, name_of, names, shared_company};
use crate::support::faulty_registry::Spoil;

#[test]
fn figures_are_those_of_the_report_and_add_up() {
    let (registry, program) = shared_company();
    let service = program.serve(&["--role", "api"]);
    let report = program.report();

    let list = service.json("/v1/repositories?sort=name");
    assert_eq!(names(&list), ["team-a/api", "team-a/deep/worker", "tools", "web"]);
    let sum: u64 = list["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["attributed_bytes"].as_u64().unwrap())
        .sum();
    assert_eq!(report["registries"][0]["stored_bytes"], sum);
    assert_eq!(list["totals"]["attributed_bytes"], sum);
    let saved = report["repositories"].as_array().unwrap();
    for row in list["items"].as_array().unwrap() {
        let same = saved
            .iter()
            .find(|known| known["repository"] == row["repository"])
            .unwrap();
        assert_eq!(row, same, "the API adds nothing of its own");
    }

    let registries = service.json("/v1/registries");
    assert_eq!(registries["items"][0]["stored_bytes"], sum);
    assert_eq!(
        registries["versions"]["price_books"][0]["id"],
        "azure-container-registry-premium"
    );
    let one = service.json(&format!("/v1/registries/{}", name_of(registry)));
    assert_eq!(one["last_crawl"]["state"], "complete");

    let summary = service.json("/v1/summary?group_by=team");
    let keys: Vec<_> = summary["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| &row["key"])
        .collect();
    assert_eq!(keys, [&serde_json::json!("a"), &serde_json::Value::Null]);
    assert_eq!(summary["totals"]["attributed_bytes"], sum);
    assert_eq!(
        summary["totals"]["costs"][0]["month"], registries["items"][0]["cost"]["month"],
        "the groups' costs are the registry's"
    );
}

#[test]
fn a_repository_is_found_by_its_name_and_shows_tags_images_and_history() {
    let (registry, program) = shared_company();
    let service = program.serve(&["--role", "api"]);
    let path = format!("/v1/repositories/{}/team-a%2Fdeep%2Fworker", name_of(registry));

    let one = service.json(&path);
    assert_eq!(one["repository"], "team-a/deep/worker");
    assert_eq!(one["labels"]["team"], "a");
    let tags = service.json(&format!("{path}/tags"));
    let shares = tags["items"].as_array().unwrap().iter();
    let sum: u64 = shares.map(|tag| tag["attributed_bytes"].as_u64().unwrap()).sum();
    assert_eq!(
        one["attributed_bytes"], sum,
        "the tags' shares are the repository's"
    );
    let images = service.json(&format!("{path}/images"));
    assert_eq!(images["items"].as_array().unwrap().len(), 2);
    let digest = images["items"][0]["digest"].as_str().unwrap();
    let explained = service.json(
        &path
            .replace("/repositories/", "/images/")
            .replace("worker", &format!("worker/{digest}")),
    );
    assert_eq!(explained["digest"], digest);
    assert_eq!(explained["layers"].as_array().unwrap().len(), 2);
    let history = service.json(&format!("{path}/history"));
    assert_eq!(history["items"][0]["attributed_bytes"], sum);

    for unknown in [
        "/v1/repositories/reg.example.com/web",
        &format!("{path}x"),
        &format!("{path}/images/x"),
    ] {
        service.get(unknown).problem(404, "not-found");
    }
}

#[test]
fn pages_lead_through_the_whole_list_once() {
    let (_registry, program) = shared_company();
    let service = program.serve(&["--role", "api"]);
    let whole = service.json("/v1/repositories?sort=-stored");
    let mut path = "/v1/repositories?sort=-stored&limit=1".to_owned();
    let mut met: Vec<String> = Vec::new();
    loop {
        let answer = service.get(&path);
        let page = answer.json();
        met.extend(names(&page).into_iter().map(str::to_owned));
        let link = answer.header("link");
        if page["next_cursor"].is_null() {
            assert_eq!(link, "");
            break;
        }
        assert!(link.ends_with("; rel=\"next\""), "{link}");
        path = link.trim_start_matches('<').split('>').next().unwrap().to_owned();
        assert_eq!(page["totals"], whole["totals"], "totals are of all pages");
    }
    assert_eq!(met, names(&whole));

    let cursor = service.json("/v1/repositories?limit=1")["next_cursor"]
        .as_str()
        .unwrap()
        .to_owned();
    let other_order = service.get(&format!("/v1/repositories?limit=1&sort=name&cursor={cursor}"));
    other_order.problem(409, "outdated-cursor");
}

#[test]
fn filters_choose_and_leave_totals_of_what_is_left() {
    let (registry, program) = shared_company();
    let service = program.serve(&["--role", "api"]);
    for (query, chosen) in [
        ("team=a", &["team-a/api", "team-a/deep/worker"][..]),
        ("team=", &["tools", "web"]),
        ("search=deep", &["team-a/deep/worker"]),
        ("cost_centre=CC-1&search=api", &["team-a/api"]),
        ("verdict=switch", &[]),
        (
            &format!("registry={}&search=w", name_of(registry)),
            &["team-a/deep/worker", "web"],
        ),
    ] {
        let list = service.json(&format!("/v1/repositories?sort=name&{query}"));
        assert_eq!(names(&list), chosen, "{query}");
        assert_eq!(list["totals"]["repositories"], chosen.len(), "{query}");
    }
    service
        .get("/v1/repositories?registry=reg.example.com")
        .problem(404, "not-found");
}

#[test]
fn budgets_stand_beside_what_they_are_for_and_not_beside_a_part_of_it() {
    let (registry, program) = shared_company();
    let service = program.serve(&["--role", "api"]);
    let budgets = |path: &str| {
        let summary = service.json(path);
        let rows = summary["items"].as_array().unwrap().iter();
        let rows: Vec<_> = rows
            .map(|row| (row["key"].clone(), row["budgets"].clone()))
            .collect();
        (rows, summary["totals"]["budgets"].clone())
    };
    let dollars = |amount: &str| json!([{"amount": amount, "currency": "USD"}]);
    let (rows, all) = budgets("/v1/summary?group_by=cost_centre");
    assert_eq!(rows, [(json!("CC-1"), dollars("40.5")), (Value::Null, json!([]))]);
    assert_eq!(all, dollars("90"));
    let (rows, part) = budgets("/v1/summary?group_by=cost_centre&search=api");
    assert_eq!((rows[0].1.clone(), part), (json!([]), json!([])));
    let (rows, _) = budgets("/v1/summary?group_by=team");
    assert!(rows.iter().all(|(_, budgets)| *budgets == json!([])));

    assert_eq!(service.json("/v1/history")["budgets"], dollars("90"));
    let one = format!("/v1/history?registry={}", name_of(registry));
    assert_eq!(service.json(&one)["budgets"], json!([]), "it has none of its own");
}

#[test]
fn who_has_an_answer_is_told_so_and_who_wants_a_table_gets_one() {
    let (_registry, program) = shared_company();
    let service = program.serve(&["--role", "api"]);
    let first = service.get("/v1/repositories");
    let tag = first.header("etag").to_owned();
    let again = service.send(
        service
            .request(Method::GET, "/v1/repositories")
            .header("if-none-match", &tag),
    );
    assert_eq!(
        (again.status, again.body.len(), again.header("etag")),
        (304, 0, tag.as_str())
    );
    assert!(first.header("vary").contains("Accept"));

    let compressed = service.send(
        service
            .request(Method::GET, "/v1/repositories")
            .header("accept-encoding", "gzip"),
    );
    assert_eq!(compressed.header("content-encoding"), "gzip");
    let marked = compressed.header("etag").to_owned();
    assert_ne!(marked, tag, "other bytes, another tag");
    let request = service.request(Method::GET, "/v1/repositories");
    let again = service.send(
        request
            .header("accept-encoding", "gzip")
            .header("if-none-match", &marked),
    );
    assert_eq!((again.status, again.header("etag")), (304, marked.as_str()));

    let by_parameter = service.get("/v1/repositories?format=csv&sort=name");
    let by_header = service.send(
        service
            .request(Method::GET, "/v1/repositories?sort=name")
            .header("accept", "text/csv, application/json;q=0.1"),
    );
    assert_eq!(by_parameter.text(), by_header.text());
    assert!(by_parameter.header("content-type").starts_with("text/csv"));
    assert!(
        by_parameter
            .header("content-disposition")
            .contains("repositories.csv")
    );
    assert_eq!(by_parameter.text().lines().count(), 5);

    let head = service.send(service.request(Method::HEAD, "/v1/repositories"));
    assert_eq!(
        (head.status, head.body.len(), head.header("etag")),
        (200, 0, tag.as_str())
    );
}

#[test]
fn every_answer_says_of_which_moment_it_is_how_fresh_and_what_it_rests_on() {
    let (registry, program) = company();
    // One more crawl, which may not read one of the repositories.
    registry
        .on(|request| request.path.contains("/web/manifests/"))
        .spoil(Spoil::Status(403));
    let crawled = program.run(&["crawl", registry.url(), "--json", "--requests-per-minute", "0"]);
    assert_eq!(crawled.status.code(), Some(3), "incomplete");
    let service = program.serve(&["--role", "api"]);
    let name = name_of(&registry);
    let api = format!("/v1/repositories/{name}/team-a%2Fapi");
    let images = service.json(&format!("{api}/images"));
    let digest = images["items"][0]["digest"].as_str().unwrap();
    let mut answers: Vec<(String, Value)> = [
        "/v1/registries".to_owned(),
        format!("/v1/registries/{name}"),
        "/v1/repositories".to_owned(),
        api.clone(),
        format!("{api}/tags"),
        format!("{api}/images"),
        format!("{api}/history"),
        format!("/v1/images/{name}/team-a%2Fapi/{digest}"),
        "/v1/summary".to_owned(),
        "/v1/savings".to_owned(),
        "/v1/history".to_owned(),
        "/v1/price-books".to_owned(),
    ]
    .map(|path| (path.clone(), service.json(&path)))
    .into();
    let what_if = service.post("/v1/whatif", &json!({})).json();
    answers.push(("/v1/whatif".to_owned(), what_if));
    let moment = answers[0].1["as_of"].clone();
    assert!(moment.is_string());
    for (path, answer) in answers {
        assert_eq!(answer["as_of"], moment, "{path}");
        let freshness = json!({"oldest_as_of": moment, "complete": false});
        assert_eq!(answer["freshness"], freshness, "{path}");
        assert_eq!(answer["versions"]["tare"], env!("CARGO_PKG_VERSION"), "{path}");
        assert!(answer["versions"]["price_books"].is_array(), "{path}");
    }
}
