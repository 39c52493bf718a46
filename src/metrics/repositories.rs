use std::cmp::Reverse;
use std::collections::BTreeMap;

use prometheus::proto::MetricFamily;

use super::family::Family;
use super::figures::{Amount, Component, Count, float, whole};
use super::groups::{self, Group};
use crate::cost::Worth;
use crate::oci::text::printable;
use crate::report::{Report, RepositoryRow, best_first};

/// The label of the series that sums the repositories or owners without their own series. No repository can have this
/// name, and an owner of this name has no series of its own.
pub const OTHER_REPOSITORIES: &str = "(other)";

/// The label of repositories without an owner.
const UNASSIGNED: &str = "(unassigned)";

/// A kind of owner: team or cost centre.
struct Owner {
    /// The prefix of the metrics' names.
    prefix: &'static str,
    /// The metric of the number of repositories.
    repositories: &'static str,
    /// The label.
    label: &'static str,
    of: fn(&RepositoryRow) -> &Option<String>,
}

const OWNERS: [Owner; 2] = [
    Owner {
        prefix: "tare_team",
        repositories: "tare_team_repositories",
        label: "team",
        of: |row| &row.labels.team,
    },
    Owner {
        prefix: "tare_cost_centre",
        repositories: "tare_cost_centre_repositories",
        label: "cost_centre",
        of: |row| &row.labels.cost_centre,
    },
];

/// Metrics that add up over repositories and over owners.
const SHARES: &[Count<RepositoryRow>] = &[
    Count {
        name: "tags",
        help: "Tags at the last crawl.",
        of: |row| Some(whole(row.totals.tags)),
    },
    Count {
        name: "logical_bytes",
        help: "Bytes that the tags reach at the last crawl, each tag counted on its own (a naive sum).",
        of: |row| Some(row.totals.logical_bytes.as_i64()),
    },
    Count {
        name: "attributed_bytes",
        help: "The fair share of what is stored at the last crawl, each blob divided evenly among the \
               repositories that use it; adds up to tare_registry_stored_bytes.",
        of: |row| Some(row.totals.attributed_bytes.as_i64()),
    },
    Count {
        name: "alpine_attributed_bytes",
        help: "The fair share of the bytes that would be stored if all recommended repositories switched to Alpine, best estimate; adds \
               up to tare_registry_alpine_stored_bytes.",
        of: |row| Some(row.judged.as_ref()?.alpine.attributed_bytes.expected.as_i64()),
    },
    Count {
        name: "saving_bytes",
        help: "The drop of the fair share if all recommended repositories switch to Alpine, best estimate; negative where \
               others leave a shared base behind. Adds up to tare_registry_saving_bytes.",
        of: |row| Some(row.judged.as_ref()?.alpine.joint_saving_bytes.expected),
    },
];

/// Metrics of single repositories only: several together store less than the sum and free more than it.
const OWN: &[Count<RepositoryRow>] = &[
    Count {
        name: "stored_bytes",
        help: "Everything reached at the last crawl, once in each repository; a blob that several repositories \
               use counts in each, so that the sum is what they would store apart.",
        of: |row| Some(row.totals.stored_bytes.as_i64()),
    },
    Count {
        name: "exclusive_bytes",
        help: "Bytes that no other repository reaches at the last crawl: what deleting the repository frees.",
        of: |row| Some(row.totals.exclusive_bytes.as_i64()),
    },
];

const COMPONENTS: &[Component<RepositoryRow>] = &[
    Component {
        name: "fee",
        of: |row| Some(row.cost.as_ref()?.parts.fee),
    },
    Component {
        name: "storage",
        of: |row| Some(row.cost.as_ref()?.parts.storage),
    },
    Component {
        name: "transfer",
        of: |row| Some(row.cost.as_ref()?.parts.transfer),
    },
];

const COMPONENTS_HELP: &str = "Modelled cost of a whole calendar month at the level of the last crawl; with \
     tare_registry_monthly_unallocated_cost it adds up to tare_registry_monthly_cost.";

const AMOUNTS: &[Amount<RepositoryRow>] = &[
    Amount {
        name: "alpine_monthly_cost",
        help: "Modelled cost of a whole calendar month if all recommended repositories switched to Alpine, best estimate.",
        of: |row| Some(row.cost.as_ref()?.alpine.as_ref()?.month.expected),
    },
    Amount {
        name: "monthly_saving",
        help: "Modelled saving in a whole calendar month if all recommended repositories switch to Alpine, best estimate; adds \
               up to tare_registry_monthly_saving.",
        of: |row| Some(row.cost.as_ref()?.alpine.as_ref()?.joint_saving.expected),
    },
];

/// All metrics of repositories, teams and cost centres.
///
/// The `limit` repositories of each registry that save most have their own series, all others share one. So do the `limit`
/// owners of each kind that store most: labels of images name them, and anybody who may push makes up labels.
pub(super) fn families(report: &Report, limit: usize) -> Vec<MetricFamily> {
    let mut by_registry: BTreeMap<&str, Vec<&RepositoryRow>> = BTreeMap::new();
    for row in &report.repositories {
        by_registry.entry(row.registry.as_str()).or_default().push(row);
    }
    let mut by_owner = by_registry.clone();
    for rows in by_registry.values_mut() {
        rows.sort_by(|a, b| best_first(a, b));
    }
    let mut families = own_series(&by_registry, limit);
    for owner in &OWNERS {
        let mut by_rank = BTreeMap::new();
        for (registry, rows) in &mut by_owner {
            rows.sort_by(|a, b| owner.name(a).cmp(owner.name(b)));
            by_rank.insert(*registry, owner.ranked(rows, limit));
        }
        families.extend(owner_series(&by_rank, owner));
    }
    families
}

fn own_series(by_registry: &BTreeMap<&str, Vec<&RepositoryRow>>, limit: usize) -> Vec<MetricFamily> {
    let mut groups = Vec::new();
    let mut info = Family::new(
        "tare_repository_info",
        "Owner, verdict, worth and base of a repository; always 1.",
    );
    for (registry, rows) in by_registry {
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
    families.extend(groups::counts("tare_repository", OWN, &groups));
    families.extend(sums("tare_repository", &groups));
    families
}

impl Owner {
    fn name<'r>(&self, row: &'r RepositoryRow) -> &'r str {
        (self.of)(row).as_deref().unwrap_or(UNASSIGNED)
    }

    /// The repositories by owner, sorted by name. Of more than `limit` owners, those that store least share one label.
    fn ranked<'r>(&self, rows: &[&'r RepositoryRow], limit: usize) -> OwnedRows<'r> {
        let owners = rows.chunk_by(|a, b| self.name(a) == self.name(b));
        let mut owners: OwnedRows<'r> = owners.map(|rows| (self.name(rows[0]), rows.to_vec())).collect();
        let stored = |rows: &[&RepositoryRow]| -> u128 {
            rows.iter()
                .map(|row| u128::from(row.totals.attributed_bytes.get()))
                .sum()
        };
        // Repositories without an owner always have their series, and no owner has the label of the others.
        owners.sort_by_cached_key(|(name, rows)| {
            (
                *name == OTHER_REPOSITORIES,
                *name != UNASSIGNED,
                Reverse(stored(rows)),
                *name,
            )
        });
        let has_unassigned = owners.first().is_some_and(|(name, _)| *name == UNASSIGNED);
        let own = owners
            .iter()
            .filter(|(name, _)| *name != OTHER_REPOSITORIES)
            .count();
        let own = own.min(limit.saturating_add(usize::from(has_unassigned)));
        let others: Vec<&RepositoryRow> = owners.drain(own..).flat_map(|(_, rows)| rows).collect();
        if !others.is_empty() {
            owners.push((OTHER_REPOSITORIES, others));
        }
        owners.sort_by_key(|(name, _)| *name);
        owners
    }
}

/// The repositories of each owner of a registry, or of the owners who share a series, with the label.
type OwnedRows<'a> = Vec<(&'a str, Vec<&'a RepositoryRow>)>;

/// The series of owners: their repositories together, per registry.
fn owner_series(by_registry: &BTreeMap<&str, OwnedRows<'_>>, owner: &Owner) -> Vec<MetricFamily> {
    let mut groups = Vec::new();
    let mut members = Family::new(owner.repositories, "Repositories at the last crawl.");
    for (registry, owners) in by_registry {
        for (name, rows) in owners {
            let labels = [("registry", *registry), (owner.label, *name)];
            members.set(&labels, float(whole(rows.len()).into()));
            groups.push(Group { labels, rows });
        }
    }
    let mut families: Vec<MetricFamily> = members.finish().into_iter().collect();
    families.extend(sums(owner.prefix, &groups));
    families
}

/// The metrics that add up, over the repositories of each group.
fn sums(prefix: &str, groups: &[Group<'_>]) -> Vec<MetricFamily> {
    let mut families = groups::counts(prefix, SHARES, groups);
    let cost = format!("{prefix}_monthly_cost");
    families.extend(groups::components(cost, COMPONENTS_HELP, COMPONENTS, groups));
    families.extend(groups::amounts(prefix, AMOUNTS, groups));
    families
}

fn describe(info: &mut Family, row: &RepositoryRow) {
    let judged = row.judged.as_ref();
    let base = judged
        .and_then(|judged| judged.base.as_ref())
        .and_then(|base| base.runtime.as_ref().or(base.name.as_ref()))
        .map(|name| printable(name))
        .unwrap_or_default();
    let owner = |label: &'static str, value: &'_ Option<String>| -> (&'static str, String) {
        (label, value.as_deref().map(printable).unwrap_or_default())
    };
    let owners = [
        owner("team", &row.labels.team),
        owner("cost_centre", &row.labels.cost_centre),
        owner("environment", &row.labels.environment),
    ];
    let mut labels = vec![
        ("registry", row.registry.as_str()),
        ("repository", row.totals.repository.as_str()),
        ("verdict", judged.map_or("", |judged| judged.verdict.as_str())),
        ("worth", row.worth.map_or("", Worth::as_str)),
        ("base", &base),
    ];
    labels.extend(owners.iter().map(|(label, value)| (*label, value.as_str())));
    info.set(&labels, 1.0);
}
