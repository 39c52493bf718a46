//! That clients who hold up the service get an answer, and others are served again at once.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use crate::end_to_end::with_new_database;

/// How many requests may be in progress, as `docs/operate.md` says.
const MOST_IN_FLIGHT: usize = 256;

#[test]
fn beyond_the_most_requests_in_progress_clients_are_told_to_come_back() {
    let service = with_new_database().serve(&["--role", "api"]);
    let address = service.url().trim_start_matches("http://").to_owned();
    // Requests whose bodies do not end.
    let hold = || {
        let mut held = TcpStream::connect(&address).expect("a connection");
        let head = format!(
            "POST /v1/whatif HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n{{"
        );
        held.write_all(head.as_bytes()).expect("written");
        held
    };
    let held: Vec<TcpStream> = (0..MOST_IN_FLIGHT + 50).map(|_| hold()).collect();
    // They are accepted one after the other; until then the service answers.
    let refused = (0..5000)
        .map(|_| service.get("/v1/registries"))
        .find(|answer| answer.status == 503)
        .expect("a refusal");
    let problem = refused.problem(503, "unavailable");
    assert!(
        problem["detail"].as_str().unwrap().contains("in progress"),
        "{problem}"
    );
    assert_eq!(refused.header("retry-after"), "1");
    assert_eq!(service.get("/healthz").status, 200);
    drop(held);
    let is_free = (0..500).any(|_| service.get("/v1/registries").status == 200);
    assert!(is_free, "the service answers again");
}

#[test]
fn a_host_name_is_the_same_in_any_case() {
    let service = with_new_database().serve(&["--role", "api"]);
    let address = service.url().trim_start_matches("http://");
    let port = address.rsplit(':').next().expect("a port");
    for (host, status) in [("localhost", "200"), ("LocalHost", "200"), ("elsewhere", "421")] {
        let mut stream = TcpStream::connect(address).expect("a connection");
        let head = format!("GET /healthz HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n");
        stream.write_all(head.as_bytes()).expect("written");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status}")),
            "{host}: {answer}"
        );
    }
}
