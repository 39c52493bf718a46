//! Answers of the service over HTTP, from a registry that was crawled.

use divan::Bencher;

use crate::REPOSITORIES;
use crate::generated::fill;
use crate::support::faulty_registry::FaultyRegistry;
use crate::support::program::Program;

/// A page of the list of repositories.
#[divan::bench(args = REPOSITORIES)]
fn list(bencher: Bencher<'_, '_>, repositories: usize) {
    answer(
        bencher,
        repositories,
        "/v1/repositories?sort=-attributed&limit=50",
    );
}

/// A scrape by Prometheus.
#[divan::bench(args = REPOSITORIES)]
fn scrape(bencher: Bencher<'_, '_>, repositories: usize) {
    answer(bencher, repositories, "/metrics");
}

fn answer(bencher: Bencher<'_, '_>, repositories: usize, path: &str) {
    let registry = FaultyRegistry::holding(|content| fill(content, repositories, 0)).start();
    let program = Program::with_embedded_store();
    program.crawl(registry.url());
    let service = program.serve(&["--role", "api"]);
    bencher.bench_local(|| {
        let answer = service.get(path);
        assert_eq!(answer.status, 200);
        answer
    });
}
