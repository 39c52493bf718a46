//! AWS ECR lists the tags of archived images and answers 404 for their manifests. It stores and bills them.

use tare::crawl::{CrawlPlan, CrawlStatus, Known};
use tare::inventory::{FaultKind, Finding};
use tare::registry::{ClientSettings, Credentials};

use super::harness::{Saved, client_of, crawl_by, quick};
use crate::support::faulty_registry::{FaultyRegistry, Spoil, image};

async fn crawl_ecr(registry: &FaultyRegistry, known: &Known) -> (Vec<Finding>, CrawlStatus) {
    let settings = ClientSettings {
        is_ecr: true,
        ..quick()
    };
    let client = client_of(registry.url(), Credentials::Anonymous, settings);
    let crawled = crawl_by(&client, &CrawlPlan::default(), known, usize::MAX).await;
    (crawled.findings, crawled.summary.status)
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
