//! What explains the difference, cause by cause.

use chrono::{DateTime, TimeDelta, Utc};
use strum::VariantArray as _;

use super::{DifferenceCause, Reconciliation, ReconciliationFacts, ReportedUsage, UsageSource};
use crate::inventory::{SoftDeleted, StoredBounds};
use crate::units::ByteCount;

fn bytes(count: u64) -> ByteCount {
    count.try_into().unwrap()
}

fn moment() -> DateTime<Utc> {
    DateTime::from_timestamp(1_793_491_200, 0).unwrap()
}

fn reported(count: u64) -> ReportedUsage {
    ReportedUsage {
        bytes: bytes(count),
        source: UsageSource::AzureUsage,
        read_at: None,
        includes_replicas: false,
    }
}

/// A registry of which everything is known and nothing special is true.
fn facts() -> ReconciliationFacts {
    ReconciliationFacts {
        stored: bytes(1000),
        stored_bounds: None,
        untagged: Some(bytes(200)),
        lists_all_manifests: true,
        converted: ByteCount::ZERO,
        is_azure: false,
        soft_deleted: None,
        replicas: 0,
        is_partly_read: false,
        counts_missing_tags: false,
        as_of: moment(),
        pushed_since: None,
    }
}

fn part(reconciliation: &Reconciliation, cause: DifferenceCause) -> (i64, Option<i64>, Option<i64>) {
    let mut parts = reconciliation.parts.iter();
    let part = parts.find(|part| part.cause == cause).unwrap();
    (part.bytes, part.low, part.high)
}

#[test]
fn counted_bytes_and_parts_add_up_to_what_is_reported_whatever_the_facts() {
    let mounted = StoredBounds {
        lowest: bytes(600),
        highest: bytes(1000),
    };
    let kinds = [
        facts(),
        ReconciliationFacts {
            untagged: None,
            is_azure: true,
            replicas: 3,
            ..facts()
        },
        ReconciliationFacts {
            stored_bounds: Some(mounted),
            is_partly_read: true,
            pushed_since: Some(bytes(50)),
            ..facts()
        },
    ];
    for facts in &kinds {
        for (count, read_at, includes_replicas) in [
            (0, None, false),
            (1200, Some(moment() - TimeDelta::days(1)), true),
            (
                u64::try_from(i64::MAX).unwrap(),
                Some(moment() + TimeDelta::days(1)),
                true,
            ),
        ] {
            let reported = ReportedUsage {
                read_at,
                includes_replicas,
                ..reported(count)
            };
            let found = Reconciliation::new(&reported, facts).unwrap();
            let sum: i128 = found.parts.iter().map(|part| i128::from(part.bytes)).sum();
            assert_eq!(1000 + sum, i128::from(count));
            assert_eq!(found.parts.len(), DifferenceCause::VARIANTS.len());
            assert_eq!(found.parts.last().unwrap().bytes, found.unexplained_bytes);
        }
    }
}

#[test]
fn untagged_content_explains_the_difference_as_far_as_it_is_known() {
    let found = Reconciliation::new(&reported(1200), &facts()).unwrap();
    assert_eq!(
        part(&found, DifferenceCause::Untagged),
        (200, Some(200), Some(200))
    );
    assert_eq!((found.unexplained_bytes, found.within_bounds), (0, true));
    assert_eq!(
        found.text,
        "The registry itself reports 1.17 KiB (az acr show-usage): 1000 B counted, 200 B untagged, nothing \
         unexplained."
    );
    let unknown = ReconciliationFacts {
        untagged: None,
        ..facts()
    };
    let found = Reconciliation::new(&reported(1200), &unknown).unwrap();
    assert_eq!(part(&found, DifferenceCause::Untagged), (0, Some(0), None));
    assert_eq!((found.unexplained_bytes, found.within_bounds), (200, true));
    assert!(
        found
            .text
            .contains("200 B unexplained (16.7 %); it may be untagged content, or pushes"),
        "{}",
        found.text
    );
    let some = ReconciliationFacts {
        lists_all_manifests: false,
        ..facts()
    };
    let found = Reconciliation::new(&reported(1200), &some).unwrap();
    assert_eq!(part(&found, DifferenceCause::Untagged), (200, Some(200), None));
}

/// Vendors: Azure.
#[test]
fn replicas_count_only_in_a_figure_that_includes_them() {
    let facts = ReconciliationFacts {
        replicas: 2,
        ..facts()
    };
    let one = Reconciliation::new(&reported(1200), &facts).unwrap();
    assert_eq!(part(&one, DifferenceCause::ReplicaCopies), (0, Some(0), Some(0)));
    let all = ReportedUsage {
        includes_replicas: true,
        ..reported(3600)
    };
    let all = Reconciliation::new(&all, &facts).unwrap();
    assert_eq!(
        part(&all, DifferenceCause::ReplicaCopies),
        (2400, Some(2400), Some(2400))
    );
    assert_eq!(all.unexplained_bytes, 0);
}

/// Vendors: Azure.
#[test]
fn azure_may_keep_deleted_content_and_copies_that_are_not_listed() {
    let azure = ReconciliationFacts {
        is_azure: true,
        ..facts()
    };
    let found = Reconciliation::new(&reported(1500), &azure).unwrap();
    assert_eq!(part(&found, DifferenceCause::SoftDeleted), (0, Some(0), None));
    let kept = ReconciliationFacts {
        converted: bytes(300),
        soft_deleted: Some(SoftDeleted {
            repositories: 3,
            since: None,
        }),
        ..azure.clone()
    };
    let text = Reconciliation::new(&reported(1500), &kept).unwrap().text;
    assert!(text.contains("(3 deleted repositories are kept)"), "{text}");
    assert!(
        text.contains("1000 B counted (with 300 B of copies for artifact streaming)"),
        "{text}"
    );
    assert_eq!(
        part(&found, DifferenceCause::ConvertedCopies),
        (0, Some(0), Some(0))
    );
    assert!(found.within_bounds && found.text.contains("it may be soft-deleted content"));
    let unlisted = ReconciliationFacts {
        untagged: None,
        ..azure
    };
    let found = Reconciliation::new(&reported(1500), &unlisted).unwrap();
    assert_eq!(part(&found, DifferenceCause::ConvertedCopies), (0, Some(0), None));
}

/// Vendors: ECR.
#[test]
fn mounted_layers_and_late_pushes_bound_a_registry_that_reports_less() {
    let facts = ReconciliationFacts {
        stored_bounds: Some(StoredBounds {
            lowest: bytes(700),
            highest: bytes(1000),
        }),
        pushed_since: Some(bytes(100)),
        ..facts()
    };
    for (count, unexplained, within_bounds) in [(1100, 0, true), (800, -300, true), (799, -301, false)] {
        let reported = ReportedUsage {
            read_at: Some(moment() - TimeDelta::hours(2)),
            ..reported(count)
        };
        let found = Reconciliation::new(&reported, &facts).unwrap();
        assert_eq!(
            part(&found, DifferenceCause::MountedLayers),
            (0, Some(-300), Some(0))
        );
        assert_eq!(part(&found, DifferenceCause::Lag), (-100, Some(-100), None));
        assert_eq!(
            (found.unexplained_bytes, found.within_bounds),
            (unexplained, within_bounds)
        );
    }
    // At the time of the crawl, nothing else can have changed.
    let at_once = ReportedUsage {
        read_at: Some(moment() - TimeDelta::minutes(30)),
        ..reported(1101)
    };
    let found = Reconciliation::new(&at_once, &facts).unwrap();
    assert_eq!(part(&found, DifferenceCause::Lag), (-100, Some(-100), Some(-100)));
    assert_eq!((found.unexplained_bytes, found.within_bounds), (1, false));
    // Of a reading after the crawl, or at an unknown time, nothing is known.
    for read_at in [None, Some(moment() + TimeDelta::hours(2))] {
        let reported = ReportedUsage {
            read_at,
            ..reported(1100)
        };
        let found = Reconciliation::new(&reported, &facts).unwrap();
        assert_eq!(part(&found, DifferenceCause::Lag), (0, None, None));
    }
}

#[test]
fn what_a_crawl_leaves_out_may_explain_a_registry_that_reports_more() {
    for (is_partly_read, high) in [(false, Some(0)), (true, None)] {
        let facts = ReconciliationFacts {
            is_partly_read,
            ..facts()
        };
        let found = Reconciliation::new(&reported(1500), &facts).unwrap();
        assert_eq!(part(&found, DifferenceCause::NotRead), (0, Some(0), high));
    }
}
