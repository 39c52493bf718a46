use std::collections::BTreeMap;

use prometheus::proto::MetricFamily;

use super::family::Family;
use super::figures::{Count, float, whole};
use super::groups::Group;
use crate::report::{Report, RepositoryRow, plain_text};

/// The label of the series that adds up the repositories without one of their own. No repository can have
/// this name.
pub const OTHER_REPOSITORIES: &str = "(other)";

/// What is told of repositories. All of it adds up.
const COUNTS: &[Count<RepositoryRow>] = &[
    Count {
        name: "tags",
        help: "Tags at the last crawl.",
        of: |row| Some(whole(row.totals.tags)),
    },
    Count {
        name: "logical_bytes",
        help: "What the tags reach at the last crawl, each tag counted alone: what a naive sum says.",
        of: |row| Some(row.totals.logical_bytes.as_i64()),
    },
    Count {
        name: "stored_bytes",
        help: "Everything reached at the last crawl, once in each repository; a blob that several repositories \
               use counts in each, so that the sum is what they would store apart.",
        of: |row| Some(row.totals.stored_bytes.as_i64()),
    },
    Count {
        name: "exclusive_bytes",
        help: "What no other repository reaches: what deleting the repository alone would free.",
        of: |row| Some(row.totals.exclusive_bytes.as_i64()),
    },
    Count {
        name: "attributed_bytes",
        help: "The fair share of what is stored, each blob divided evenly among the repositories that use it; \
               adds up to tare_registry_stored_bytes.",
        of: |row| Some(row.totals.attributed_bytes.as_i64()),
    },
    Count {
        name: "alpine_attributed_bytes",
        help: "The fair share of what would be stored if all switched to Alpine that should, as expected; adds \
               up to tare_registry_alpine_stored_bytes.",
        of: |row| Some(row.judged.as_ref()?.alpine.attributed_bytes.expected.as_i64()),
    },
    Count {
        name: "saving_bytes",
        help: "The drop of the fair share if all switch to Alpine that should, as expected; negative where \
               others leave a shared base behind. Adds up to tare_registry_saving_bytes.",
        of: |row| Some(row.judged.as_ref()?.alpine.joint_saving_bytes.expected),
    },
];

/// Everything that is told of repositories: of the `limit` largest of each registry by attributed bytes,
/// and of all others together.
pub(super) fn families(report: &Report, limit: usize) -> Vec<MetricFamily> {
    let mut by_registry: BTreeMap<&str, Vec<&RepositoryRow>> = BTreeMap::new();
    for row in &report.repositories {
        by_registry.entry(row.registry.as_str()).or_default().push(row);
    }
    for rows in by_registry.values_mut() {
        rows.sort_by(|a, b| {
            let by_size = b.totals.attributed_bytes.cmp(&a.totals.attributed_bytes);
            by_size.then_with(|| a.totals.repository.cmp(&b.totals.repository))
        });
    }
    let mut groups = Vec::new();
    let mut info = Family::new(
        "tare_repository_info",
        "What a repository is: whose it is, what to do with it, what it is built from; always 1.",
    );
    for (registry, rows) in &by_registry {
        let (large, others) = rows.split_at(limit.min(rows.len()));
        for row in large {
            describe(&mut info, row);
            groups.push(Group {
                labels: [
                    ("registry", registry),
                    ("repository", row.totals.repository.as_str()),
                ],
                rows: std::slice::from_ref(row),
            });
        }
        if !others.is_empty() {
            groups.push(Group {
                labels: [("registry", registry), ("repository", OTHER_REPOSITORIES)],
                rows: others,
            });
        }
    }
    let mut families: Vec<MetricFamily> = info.finish().into_iter().collect();
    families.extend(counts("tare_repository", &groups));
    families
}

/// Every count, added up over the repositories of each group.
fn counts(prefix: &str, groups: &[Group<'_>]) -> impl Iterator<Item = MetricFamily> {
    COUNTS.iter().filter_map(move |count| {
        let mut family = Family::new(format!("{prefix}_{}", count.name), count.help);
        for group in groups {
            let values = group.rows.iter().filter_map(|row| (count.of)(row));
            if let Some(sum) = values.map(i128::from).reduce(|a, b| a + b) {
                family.set(&group.labels, float(sum));
            }
        }
        family.finish()
    })
}

fn describe(info: &mut Family, row: &RepositoryRow) {
    let judged = row.judged.as_ref();
    let base = judged
        .and_then(|judged| judged.base.as_ref())
        .and_then(|base| base.runtime.as_ref().or(base.name.as_ref()))
        .map(|name| plain_text(name))
        .unwrap_or_default();
    let labels = [
        ("registry", row.registry.as_str()),
        ("repository", row.totals.repository.as_str()),
        ("verdict", judged.map_or("", |judged| judged.verdict.as_str())),
        ("base", &base),
    ];
    info.set(&labels, 1.0);
}
