//! Answers of the service over HTTP, from a registry that was crawled.

use divan::Bencher;

use crate::generated::{TAGS, serve};
use crate::support::program::Program;

/// A page of the list of repositories.
#[divan::bench(args = TAGS)]
fn list(bencher: Bencher<'_, '_>, tags: usize) {
    answer(bencher, tags, "/v1/repositories?sort=-attributed&limit=50");
}

/// A scrape by Prometheus.
#[divan::bench(args = TAGS)]
fn scrape(bencher: Bencher<'_, '_>, tags: usize) {
    answer(bencher, tags, "/metrics");
}

fn answer(bencher: Bencher<'_, '_>, tags: usize, path: &str) {
    let registry = serve(tags, 1);
    let program = Program::with_embedded_store();
    program.crawl(registry.url());
    let service = program.serve(&["--role", "api"]);
    bencher.bench_local(|| {
        let answer = service.get(path);
        assert_eq!(answer.status, 200);
        answer
    });
}
