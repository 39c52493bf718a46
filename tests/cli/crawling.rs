use std::io::Write as _;
use std::process::Stdio;
use std::time::Duration;

use serde_json::json;

use super::{company, json_lines, stderr, stdout};
use crate::end_to_end::with_new_database;
use crate::support::faulty_registry::{Answer, FaultyRegistry, Spoil, image};
use crate::support::program::Program;

/// A program that gives up at the first fault, so that tests of faults need not wait.
fn impatient() -> Program {
    with_new_database().variable("TARE_CRAWL_MAX_ATTEMPTS", "1")
}

#[test]
fn one_object_says_what_a_crawl_found_and_what_it_cost() {
    let registry = company().start();
    let program = with_new_database();
    let first = program.run(&["crawl", registry.url(), "--format", "json"]);
    assert_eq!(first.status.code(), Some(0), "{}", stderr(&first));
    let [result] = &json_lines(&first)[..] else {
        panic!("one line: {}", stdout(&first))
    };
    let name = registry.url().strip_prefix("http://").expect("plain http");
    assert_eq!(result["registry"], name);
    assert_eq!(result["status"], "complete");
    assert_eq!((&result["repositories"], &result["tags"]), (&json!(2), &json!(3)));
    assert_eq!(result["requests"]["total"], registry.requests().len());
    assert_eq!(result["faults"], json!([]));
    let keys: Vec<_> = result.as_object().expect("an object").keys().collect();
    let mut expected = [
        "registry",
        "status",
        "repositories",
        "tags",
        "manifests",
        "blobs",
        "requests",
        "bytes_received",
        "events",
        "seconds",
        "faults",
        "interrupted",
    ];
    expected.sort_unstable();
    assert_eq!(keys, expected);
    for number in ["bytes_received", "seconds", "manifests", "blobs"] {
        assert!(
            result[number].as_f64().is_some_and(|value| value > 0.0),
            "{number}: {result}"
        );
    }

    registry.forget_requests();
    let second = program.crawl(registry.url());
    // The catalogue, two lists of tags, and a HEAD for each tag.
    assert_eq!(
        second["requests"],
        json!({"total": 6, "get": 3, "head": 3, "retried": 0, "rate_limited": 0})
    );
}

/// What the crawl's own result and the saved report are made of is one and the same content.
#[test]
fn a_crawl_reads_back_what_it_saved_once() {
    let registry = company().start();
    let program = with_new_database().variable("TARE_LOG_LEVEL", "debug");
    for _ in 0..2 {
        let crawl = program.run(&["crawl", registry.url(), "--json"]);
        let said = stderr(&crawl);
        let read = said.matches("reading the content of a registry").count();
        assert_eq!(read, 1, "{said}");
    }
    let report = program.run(&["report", "--format", "json"]);
    let read = stderr(&report)
        .matches("reading the content of a registry")
        .count();
    assert_eq!(read, 1, "{}", stderr(&report));
}

#[test]
fn a_person_is_told_what_was_found_and_what_to_do_next() {
    let registry = company().start();
    let program = with_new_database();
    let crawl = program.run(&["crawl", registry.url()]);
    let said = stdout(&crawl);
    assert!(
        said.contains("complete after") && said.contains("2 repositories, 3 tags"),
        "{said}"
    );
    assert!(said.contains("tare report"), "{said}");
    let quiet = program.run(&["crawl", registry.url(), "-q"]);
    assert_eq!((stdout(&quiet), stderr(&quiet)), (String::new(), String::new()));
}

#[test]
fn what_is_missing_is_said_on_standard_error_with_a_remedy() {
    let registry = company().start();
    registry
        .on(|request| request.is_get("/team-b/web/tags/list"))
        .spoil(Spoil::Status(503));
    let program = impatient();
    let crawl = program.run(&["crawl", registry.url(), "--json", "-q"]);
    assert_eq!(crawl.status.code(), Some(3));
    let result = &json_lines(&crawl)[0];
    assert_eq!(result["status"], "incomplete");
    assert_eq!(result["tags"], 2, "the other repository is there all the same");
    let [fault] = &result["faults"].as_array().expect("a list")[..] else {
        panic!("one fault: {result}")
    };
    assert_eq!(fault["repository"], "team-b/web");
    assert!(
        fault["fault"].as_str().is_some_and(|fault| fault.contains("503")),
        "{fault}"
    );
    let said = stderr(&crawl);
    assert!(
        said.contains("team-b/web") && said.contains("Crawl again"),
        "{said}"
    );

    let report = program.run(&["report", "--format", "json"]);
    assert_eq!(
        report.status.code(),
        Some(3),
        "an incomplete crawl makes an incomplete report"
    );
    assert!(
        stderr(&report).contains("could not read everything"),
        "{}",
        stderr(&report)
    );

    registry.heal();
    assert_eq!(program.crawl(registry.url())["status"], "complete");
    assert_eq!(program.report()["complete"], true);
}

#[test]
fn one_registry_that_is_down_does_not_stop_the_others() {
    let (up, down) = (company().start(), company().start());
    let url = down.url().to_owned();
    drop(down);
    let crawl = impatient().run(&["crawl", &url, up.url(), "--json"]);
    assert_eq!(crawl.status.code(), Some(3));
    let results = json_lines(&crawl);
    assert_eq!(results.len(), 2);
    assert_eq!(
        (&results[0]["status"], &results[1]["status"]),
        (&json!("incomplete"), &json!("complete"))
    );
}

#[test]
fn credentials_come_from_the_environment_and_from_standard_input() {
    let registry = company().basic("crawler", "hunter2").start();
    let arguments = ["crawl", registry.url(), "--json"];
    let by_variables = with_new_database()
        .variable("TARE_USERNAME", "crawler")
        .variable("TARE_PASSWORD", "hunter2");
    assert_eq!(by_variables.json(&arguments)["tags"], 3);

    let program = with_new_database();
    let mut child = program
        .command(&[&arguments[..], &["--username", "crawler", "--password-stdin"]].concat())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut input = child.stdin.take().expect("a pipe");
    input.write_all(b"hunter2\n").expect("it is read");
    drop(input);
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(json_lines(&output)[0]["status"], "complete");

    let nobody = impatient().run(&arguments);
    assert_eq!(nobody.status.code(), Some(3));
    assert!(stderr(&nobody).contains("--username"), "{}", stderr(&nobody));
}

#[test]
fn credentials_come_from_the_configuration_and_from_docker() {
    let registry = company().basic("crawler", "hunter2").start();
    let program = with_new_database().variable("REGISTRY_PASSWORD", "hunter2");
    let file = program.home().join("tare.toml");
    let text = format!(
        "[[registry]]\nurl = \"{}\"\nusername = \"crawler\"\npassword_env = \"REGISTRY_PASSWORD\"\n",
        registry.url()
    );
    std::fs::write(&file, text).expect("a file");
    let file = file.to_str().expect("a path");
    // The registry need not be named: it is in the configuration.
    assert_eq!(program.json(&["crawl", "--json", "--config", file])["tags"], 3);

    let program = with_new_database();
    let folder = program.home().join(".docker");
    std::fs::create_dir(&folder).expect("a folder");
    // The base64 of crawler:hunter2.
    let text = json!({"auths": {registry.url(): {"auth": "Y3Jhd2xlcjpodW50ZXIy"}}}).to_string();
    std::fs::write(folder.join("config.json"), text).expect("a file");
    assert_eq!(program.crawl(registry.url())["tags"], 3);
}

#[test]
fn a_choice_of_repositories_and_platforms_is_kept_to() {
    let registry = company().start();
    let by_address = with_new_database().crawl(&format!("{}/team-a/*", registry.url()));
    assert_eq!(
        (&by_address["repositories"], &by_address["tags"]),
        (&json!(1), &json!(2))
    );

    registry.forget_requests();
    let by_name = with_new_database().json(&["crawl", registry.url(), "--json", "-r", "team-b/web"]);
    assert_eq!(by_name["tags"], 1);
    assert_eq!(registry.count("GET", "_catalog"), 0, "a name need not be listed");

    let wrong = with_new_database().run(&["crawl", registry.url(), "-r", "Team B"]);
    assert_eq!(wrong.status.code(), Some(2), "{}", stderr(&wrong));
}

#[test]
fn what_a_registry_says_cannot_steer_the_terminal() {
    let registry = company().start();
    registry
        .on(|request| request.is_get("/team-b/web/tags/list"))
        .spoil(Spoil::with(|_, _| {
            let said = b"{\"errors\":[{\"code\":\"DENIED\",\"message\":\"\x1b[2J\\u001b[31mred\"}]}";
            Answer::new(403).bytes(said.to_vec())
        }));
    let crawl = impatient().run(&["crawl", registry.url()]);
    assert_eq!(crawl.status.code(), Some(3));
    assert!(!stderr(&crawl).contains('\u{1b}'), "{}", stderr(&crawl));
}

#[test]
fn ctrl_c_ends_a_crawl_in_order_and_the_next_one_goes_on() {
    let registry = FaultyRegistry::holding(|content| {
        for number in 0..60 {
            let name = format!("app-{number}");
            content
                .repository(&name)
                .tag("1", image().layer("base", 100).layer(&name, 10));
        }
    })
    .start();
    registry
        .on(|request| request.is_get("/manifests/"))
        .spoil(Spoil::Stall(Duration::from_millis(300)));
    let program = with_new_database();
    let child = program
        .command(&["crawl", registry.url(), "--json", "--concurrency", "4"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    while registry.count("GET", "/manifests/") < 20 {
        std::thread::sleep(Duration::from_millis(20));
    }
    let interrupt = std::process::Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .expect("kill runs");
    assert!(interrupt.success());
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    let result = &json_lines(&output)[0];
    assert_eq!(
        (&result["status"], &result["interrupted"]),
        (&json!("incomplete"), &json!(true))
    );
    assert!(
        stderr(&output).contains("continues from there"),
        "{}",
        stderr(&output)
    );

    registry.heal();
    registry.forget_requests();
    assert_eq!(program.crawl(registry.url())["tags"], 60);
    assert!(
        registry.count("GET", "/manifests/") < 55,
        "what was saved is not asked for again"
    );
}
