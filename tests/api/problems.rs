use reqwest::Method;

use super::shared_company;

#[test]
fn every_error_is_a_problem_that_says_what_would_be_right() {
    let (_registry, program) = shared_company();
    let service = program.serve(&["--role", "api"]);

    service.get("/nowhere").problem(404, "not-found");
    service.get("/v1/repositories/").problem(404, "not-found");
    let answer = service.send(service.request(Method::DELETE, "/v1/crawls"));
    answer.problem(405, "method-not-allowed");
    assert_eq!(answer.header("allow"), "GET, HEAD, POST");
    let image = service
        .request(Method::GET, "/v1/registries")
        .header("accept", "image/png");
    service.send(image).problem(406, "not-acceptable");

    let unknown = service.get("/v1/repositories?sort=size&limit=0&colour=red");
    let problem = unknown.problem(400, "invalid-request");
    let names: Vec<_> = problem["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| &error["name"])
        .collect();
    assert_eq!(names, ["sort", "limit", "colour"], "all that is wrong at once");

    let post = |content_type: &str, body: String| {
        let request = service.request(Method::POST, "/v1/whatif");
        service.send(request.header("content-type", content_type).body(body))
    };
    post("text/plain", "{}".to_owned()).problem(415, "unsupported-media-type");
    post("application/json", "{".to_owned()).problem(400, "invalid-request");
    let wrong = post("application/json", "{\"colour\": 1}".to_owned()).problem(422, "invalid-body");
    let detail = wrong["detail"].as_str().expect("a detail");
    assert_eq!(detail.matches("line 1 column").count(), 1, "{detail}");
    post("application/json", format!("\"{}\"", "x".repeat(300_000))).problem(413, "too-large");

    // A page from elsewhere that points a name of its own to this machine learns nothing.
    let rebound = service
        .request(Method::GET, "/v1/registries")
        .header("host", "evil.example:8080");
    service.send(rebound).problem(421, "misdirected");
    let nothing_at_all = service
        .request(Method::GET, "/v1/registries")
        .header("accept-encoding", "identity;q=0, *;q=0");
    service.send(nothing_at_all).problem(406, "not-acceptable");
}

#[test]
fn every_answer_is_named_and_guarded() {
    let (_registry, program) = shared_company();
    let service = program.serve(&["--role", "api"]);
    let named = service
        .request(Method::GET, "/v1/registries")
        .header("x-request-id", "my-id.1");
    assert_eq!(service.send(named).header("x-request-id"), "my-id.1");
    let hostile = service
        .request(Method::GET, "/v1/registries")
        .header("x-request-id", "a b");
    assert_eq!(service.send(hostile).header("x-request-id").len(), 32);
    for path in ["/v1/registries", "/nowhere", "/docs", "/"] {
        let answer = service.get(path);
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("x-frame-options"), "DENY", "{path}");
        assert!(
            answer
                .header("content-security-policy")
                .contains("default-src 'none'"),
            "{path}"
        );
    }
}
