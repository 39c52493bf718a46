//! Crawls that are stopped, and those that go on from there.

use proptest::prelude::*;
use tare::crawl::{CrawlPlan, CrawlStatus, Known, Progress, StopFlag, crawl};
use tokio::sync::mpsc;

use super::harness::{Saved, client, crawl_all, crawl_until};
use crate::support::faulty_registry::{
    Content, FaultyRegistry, Spoil, attestation_of, helm_chart, image, index,
};

fn company(content: &mut Content) {
    for name in ["web", "api", "jobs"] {
        let repository = content.repository(name);
        for tag in 0..4 {
            let amd = image()
                .layer("base", 100)
                .layer(&format!("{name} {tag}"), 10 + tag)
                .build();
            let arm = image()
                .platform("linux/arm64")
                .layer("arm base", 90)
                .layer(name, tag);
            let both = index().child(amd.clone()).child(arm).child(attestation_of(&amd));
            repository
                .tag(&format!("v{tag}"), both)
                .tag(&format!("v{tag}-amd64"), amd);
        }
    }
    content.repository("charts/web").tag("1", helm_chart("web", 500));
}

#[tokio::test]
async fn a_crawl_that_is_stopped_anywhere_is_completed_by_the_next_one() {
    let registry = FaultyRegistry::holding(company).start();
    let mut whole = Saved::default();
    let findings = crawl_all(&registry, &mut whole).await.findings.len();
    for stop_after in (1..findings).step_by(7) {
        let mut saved = Saved::default();
        let plan = CrawlPlan::default();
        let stopped = crawl_until(&registry, &plan, &Known::default(), stop_after).await;
        assert_eq!(
            stopped.summary.status,
            CrawlStatus::Interrupted,
            "after {stop_after}"
        );
        saved.add(&stopped.findings);
        let already = (saved.manifests.len() + saved.configs.len()) as u64;
        let resumed = crawl_all(&registry, &mut saved).await;
        assert_eq!(resumed.summary.status, CrawlStatus::Complete);
        let total = (whole.manifests.len() + whole.configs.len()) as u64;
        assert_eq!(
            resumed.summary.manifests + resumed.summary.configs,
            total - already
        );
        assert_eq!(saved.accounting(), whole.accounting());
    }
}

#[tokio::test]
async fn stopping_does_not_wait_for_the_registry() {
    let registry = FaultyRegistry::holding(company).start();
    let long = std::time::Duration::from_secs(60);
    registry
        .on(|request| request.is_get("/manifests/"))
        .spoil(Spoil::Stall(long));
    let (client, plan, known) = (client(&registry), CrawlPlan::default(), Known::default());
    let (stop, progress) = (StopFlag::new(), Progress::default());
    let (sender, _receiver) = mpsc::channel(1);
    let crawling = crawl(&client, &plan, known.clone(), &progress, sender, &stop);
    let stopping = async {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        stop.stop();
    };
    let started = std::time::Instant::now();
    let (summary, ()) = tokio::join!(crawling, stopping);
    assert!(started.elapsed().as_secs() < 5);
    assert_eq!((summary.status, summary.tags), (CrawlStatus::Interrupted, 0));
    assert!(summary.catalogue_complete && stop.is_stopped());
}

#[tokio::test]
async fn a_crawl_ends_when_nobody_takes_its_findings() {
    let registry = FaultyRegistry::holding(company).start();
    let (client, plan, known) = (client(&registry), CrawlPlan::default(), Known::default());
    let (stop, progress) = (StopFlag::new(), Progress::default());
    let (sender, mut receiver) = mpsc::channel(1);
    let crawling = crawl(&client, &plan, known.clone(), &progress, sender, &stop);
    let leaving = async {
        receiver.recv().await;
        drop(receiver);
    };
    let (summary, ()) = tokio::join!(crawling, leaving);
    assert_eq!(summary.status, CrawlStatus::Interrupted);
}

/// A crawl is awaited by tasks on several threads, so it has to be able to move between them.
#[test]
fn a_crawl_can_be_spawned() {
    fn is_send<Type: Send>(_: &Type) {}
    let registry = FaultyRegistry::holding(|_| {}).start();
    let (client, plan, known) = (client(&registry), CrawlPlan::default(), Known::default());
    let (stop, progress) = (StopFlag::new(), Progress::default());
    let (sender, _receiver) = mpsc::channel(1);
    is_send(&crawl(&client, &plan, known.clone(), &progress, sender, &stop));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// Whatever fails on the way and however often: as soon as a crawl is complete, it is exact.
    #[test]
    fn faulty_crawls_add_up_to_the_truth(seed in any::<u64>(), share in 2_u64..6, page_size in 1_usize..9) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let registry = FaultyRegistry::holding(company).page_size(page_size).start();
            let mut whole = Saved::default();
            crawl_all(&registry, &mut whole).await;

            let mut saved = Saved::default();
            for round in 0..3_u64 {
                registry.heal();
                registry
                    .on(move |request| {
                        use std::hash::{DefaultHasher, Hash as _, Hasher as _};
                        let mut hasher = DefaultHasher::new();
                        (seed, round, &request.path).hash(&mut hasher);
                        hasher.finish().is_multiple_of(share)
                    })
                    .spoil(Spoil::Status(500));
                crawl_all(&registry, &mut saved).await;
            }
            registry.heal();
            let last = crawl_all(&registry, &mut saved).await;
            assert_eq!(last.summary.status, CrawlStatus::Complete);
            assert_eq!(saved.accounting(), whole.accounting());
        });
    }
}
