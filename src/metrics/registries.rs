use prometheus::proto::MetricFamily;
use strum::VariantArray as _;

use super::family::{Family, timestamp};
use super::figures::{Count, float, whole};
use crate::report::{RegistryRow, Report};
use crate::units::ByteCount;
use crate::whatif::Verdict;

/// The metrics of each registry.
const COUNTS: &[Count<RegistryRow>] = &[
    Count {
        name: "repositories",
        help: "Repositories that have a tag, at the last crawl.",
        of: |row| Some(whole(row.totals.repositories)),
    },
    Count {
        name: "tags",
        help: "Tags at the last crawl.",
        of: |row| Some(whole(row.totals.tags)),
    },
    Count {
        name: "images",
        help: "Distinct images at the last crawl, one per platform.",
        of: |row| Some(whole(row.totals.images)),
    },
    Count {
        name: "manifests",
        help: "Distinct manifests and indexes of any kind at the last crawl.",
        of: |row| Some(whole(row.totals.manifests)),
    },
    Count {
        name: "blobs",
        help: "Distinct stored blobs (manifests, configurations and layers) at the last crawl.",
        of: |row| Some(whole(row.totals.blobs)),
    },
    Count {
        name: "logical_bytes",
        help: "Bytes that the tags reach at the last crawl, each tag counted on its own (a naive sum).",
        of: |row| Some(row.totals.logical_bytes.as_i64()),
    },
    Count {
        name: "stored_bytes",
        help: "Bytes stored at the last crawl, each blob once; tare_repository_attributed_bytes adds up to it.",
        of: |row| Some(row.totals.stored_bytes.as_i64()),
    },
    Count {
        name: "untagged_bytes",
        help: "Bytes stored that no tag reaches; absent if the registry does not list them.",
        of: |row| row.totals.untagged_bytes.map(ByteCount::as_i64),
    },
    Count {
        name: "reported_bytes",
        help: "Bytes that the registry itself reports; absent if reported_usage is not set.",
        of: |row| Some(row.reconciliation.as_ref()?.reported_bytes.as_i64()),
    },
    Count {
        name: "unexplained_bytes",
        help: "Reported bytes that no known cause explains; negative if more is counted than reported.",
        of: |row| Some(row.reconciliation.as_ref()?.unexplained_bytes),
    },
    Count {
        name: "alpine_stored_bytes",
        help: "Bytes stored if all recommended repositories switched to Alpine: best estimate.",
        of: |row| Some(row.alpine.as_ref()?.stored_bytes.expected.as_i64()),
    },
    Count {
        name: "alpine_stored_low_bytes",
        help: "Bytes stored if all recommended repositories switched to Alpine: lower bound.",
        of: |row| Some(row.alpine.as_ref()?.stored_bytes.low.as_i64()),
    },
    Count {
        name: "alpine_stored_high_bytes",
        help: "Bytes stored if all recommended repositories switched to Alpine: upper bound.",
        of: |row| Some(row.alpine.as_ref()?.stored_bytes.high.as_i64()),
    },
    Count {
        name: "saving_bytes",
        help: "Bytes freed if all recommended repositories switched to Alpine: best estimate.",
        of: |row| Some(row.alpine.as_ref()?.saving_bytes.expected),
    },
    Count {
        name: "saving_low_bytes",
        help: "Bytes freed if all recommended repositories switched to Alpine: lower bound.",
        of: |row| Some(row.alpine.as_ref()?.saving_bytes.low),
    },
    Count {
        name: "saving_high_bytes",
        help: "Bytes freed if all recommended repositories switched to Alpine: upper bound.",
        of: |row| Some(row.alpine.as_ref()?.saving_bytes.high),
    },
];

/// All metrics of whole registries.
pub(super) fn families(report: &Report) -> Vec<MetricFamily> {
    let mut families: Vec<MetricFamily> = COUNTS
        .iter()
        .filter_map(|count| {
            let mut family = Family::new(format!("tare_registry_{}", count.name), count.help);
            for row in &report.registries {
                if let Some(value) = (count.of)(row) {
                    family.set(&[("registry", row.registry.as_str())], float(value.into()));
                }
            }
            family.finish()
        })
        .collect();
    families.extend(verdicts(report).finish());
    families.extend(moments(report).finish());
    families
}

/// The number of repositories per verdict, including zeros, so that a panel can show that there are none.
fn verdicts(report: &Report) -> Family {
    let mut family = Family::new(
        "tare_registry_verdict_repositories",
        "Repositories by verdict; they add up to all analysed repositories.",
    );
    for row in &report.registries {
        let Some(alpine) = &row.alpine else { continue };
        for verdict in Verdict::VARIANTS {
            let count = alpine.verdicts.get(verdict).copied().unwrap_or_default();
            let labels = [("registry", row.registry.as_str()), ("verdict", verdict.as_str())];
            family.set(&labels, float(whole(count).into()));
        }
    }
    family
}

fn moments(report: &Report) -> Family {
    let mut family = Family::new(
        "tare_registry_as_of_timestamp_seconds",
        "The time of the registry's figures: when its last crawl ended, or began if it has not ended.",
    );
    for row in &report.registries {
        family.set(&[("registry", row.registry.as_str())], timestamp(row.as_of));
    }
    family
}
