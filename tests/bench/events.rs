//! Events of a registry over HTTP: stored by PostgreSQL before they are answered.

use std::cell::Cell;

use divan::Bencher;
use divan::counter::ItemsCount;
use futures::StreamExt as _;
use futures::stream;
use serde_json::{Value, json};
use tare::oci::Digest;

use crate::support::faulty_registry::FaultyRegistry;
use crate::support::postgres::PostgresServer;
use crate::support::program::Program;

/// Events that are sent for one measurement: what must be taken in a second.
const EVENTS: usize = 5_000;
/// How many connections send at the same time.
const CONNECTIONS: usize = 64;
/// Repositories that they are about.
const REPOSITORIES: usize = 200;

/// Events in envelopes of one event, as CNCF Distribution sends them, and of fifty.
#[divan::bench(args = [1, 50], sample_count = 10, sample_size = 1)]
fn take_events(bencher: Bencher<'_, '_>, in_envelope: usize) {
    let registry = FaultyRegistry::holding(|content| {
        content.repository("team/api");
    })
    .start();
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let program = Program::with_database(runtime.block_on(PostgresServer::shared().new_database()));
    program.crawl(registry.url());
    // Nothing asks the registry meanwhile: what is measured is how fast events are stored.
    let service = program.serve(&["--role", "api"]);
    let name = registry.url().trim_start_matches("http://");
    let url = format!("{}/v1/registries/{name}/events", service.url());
    let client = reqwest::Client::builder().build().expect("a client");
    let sent = Cell::new(0);
    bencher
        .counter(ItemsCount::new(EVENTS))
        .with_inputs(|| {
            let first = sent.replace(sent.get() + EVENTS);
            let numbers: Vec<usize> = (first..first + EVENTS).collect();
            let envelopes = numbers.chunks(in_envelope);
            let envelopes = envelopes.map(|numbers| {
                let events: Vec<Value> = numbers.iter().copied().map(push).collect();
                json!({"events": events}).to_string()
            });
            envelopes.collect::<Vec<String>>()
        })
        .bench_local_values(|envelopes| {
            runtime.block_on(async {
                stream::iter(envelopes)
                    .for_each_concurrent(CONNECTIONS, async |envelope| {
                        let request = client.post(&url).header("content-type", "application/json");
                        let answer = request.body(envelope).send().await.expect("an answer");
                        assert_eq!(answer.status(), 202);
                    })
                    .await;
            });
        });
}

/// A push like no other.
fn push(number: usize) -> Value {
    json!({
        "id": format!("event-{number}"), "timestamp": "2026-11-20T11:00:00Z", "action": "push",
        "target": {
            "mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": Digest::sha256_of(&number.to_be_bytes()),
            "size": 500, "repository": format!("team/service-{}", number % REPOSITORIES), "tag": "latest",
        },
        "request": {"method": "PUT", "useragent": "docker/29"},
    })
}
