//! AWS ECR lists the tags of archived images and answers 404 for their manifests. It stores and bills them.

use std::sync::Arc;
use std::time::Duration;

use tare::clock::SystemClock;
use tare::crawl::{CrawlPlan, CrawlStatus, Known, Progress, StopFlag, crawl};
use tare::inventory::{FaultKind, Finding};
use tare::registry::{Client, ClientSettings, Credentials, Origin};
use tokio::sync::mpsc;

use super::harness::Saved;
use crate::support::faulty_registry::{FaultyRegistry, Spoil, image};

async fn crawl_ecr(registry: &FaultyRegistry, known: &Known) -> (Vec<Finding>, CrawlStatus) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let settings = ClientSettings {
        requests_per_minute: 0,
        max_attempts: 2,
        retry_base_delay: Duration::from_millis(1),
        is_ecr: true,
        ..ClientSettings::default()
    };
    let origin = Origin::parse(registry.url()).unwrap();
    let client = Client::new(origin, Credentials::Anonymous, settings, Arc::new(SystemClock)).unwrap();
    let (sender, mut receiver) = mpsc::channel(1);
    let (stop, progress) = (StopFlag::new(), Progress::default());
    let mut findings = Vec::new();
    let collect = async {
        while let Some(finding) = receiver.recv().await {
            findings.push(finding);
        }
    };
    let plan = CrawlPlan::default();
    let crawling = crawl(&client, &plan, known.clone(), &progress, sender, &stop);
    let (summary, ()) = tokio::join!(crawling, collect);
    (findings, summary.status)
}

/// Vendors: ECR.
#[tokio::test]
async fn archived_images_stay_counted_and_are_said_each_time() {
    let registry = FaultyRegistry::holding(|content| {
        let repository = content.repository("app");
        for tag in ["1", "2", "3", "4"] {
            repository.tag(tag, image().layer(tag, 50));
        }
    })
    .start();
    let mut saved = Saved::default();
    saved.add(&crawl_ecr(&registry, &saved.known()).await.0);
    let bytes = saved.accounting().registry.stored_bytes;
    registry.change(|content| {
        content.repository("app").vanished_tag("unknown");
    });
    registry
        .on(|request| {
            ["/1", "/2", "/3"]
                .iter()
                .any(|tag| request.path.ends_with(&format!("/manifests{tag}")))
        })
        .spoil(Spoil::Status(404));
    for _ in 0..4 {
        let (findings, status) = crawl_ecr(&registry, &saved.known()).await;
        saved.add(&findings);
        assert_eq!(status, CrawlStatus::Complete);
        let faults: Vec<_> = findings
            .iter()
            .filter_map(|finding| match finding {
                Finding::Fault(fault) => Some(fault),
                _ => None,
            })
            .collect();
        let [fault] = &faults[..] else {
            panic!("one fault: {faults:?}")
        };
        assert_eq!(fault.kind, FaultKind::Unsupported);
        assert!(
            fault.fault.contains("4 listed tags")
                && fault.fault.contains("(3)")
                && fault.fault.contains("(1)"),
            "{}",
            fault.fault
        );
        let listing = findings.iter().find_map(|finding| match finding {
            Finding::Repository(listing) => Some(listing),
            _ => None,
        });
        assert_eq!(listing.unwrap().tags.len(), 5);
        assert_eq!(saved.accounting().registry.stored_bytes, bytes);
    }
}
