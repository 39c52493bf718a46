//! What deleting all but the newest tags would free. Nothing is deleted.

use std::collections::{BTreeMap, HashSet};

use actix_web::HttpResponse;
use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;

use super::asked_repositories::AskedRepositories;
use crate::api::call::Call;
use crate::api::list::{self, List, Page, Totals, paging};
use crate::api::operation::{AnswerForm, Operation};
use crate::api::parameter::{Form, Parameter};
use crate::api::problem::{self, Problem};
use crate::api::provenance::Provenance;
use crate::api::sort::Orders;
use crate::inventory::clean_up;
use crate::oci::{RegistryName, RepositoryName, Tag};
use crate::units::ByteCount;

/// The maximum number of tags to keep. Our choice: more than any repository needs.
const MOST_KEPT: u64 = 100_000;
/// The default number of tags to keep. Our choice: about a quarter of weekly releases.
const USUALLY_KEPT: u64 = 10;

const ORDERS: Orders<RepositoryCleanUpRow> = Orders(&[
    ("name", |row| {
        format!("{} {}", row.registry, row.repository).as_str().into()
    }),
    ("deleted", |row| row.deleted_tags.len().into()),
    ("freed", |row| row.freed_bytes.into()),
    ("freed_alone", |row| row.freed_alone_bytes.into()),
]);

/// The columns of CSV.
const COLUMNS: [&str; 9] = [
    "registry",
    "repository",
    "kept_tags",
    "deleted_tags",
    "freed_bytes",
    "freed_alone_bytes",
    "untagged_manifests",
    "untagged_bytes",
    "oldest_untagged",
];

pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::get(
            "/v1/clean-up",
            "simulate_clean_up",
            "What deleting all but the newest tags of each repository would free",
            AnswerForm::json::<List<'_, RepositoryCleanUpRow, Totals<CleanUpTotals>>>("CleanUp"),
            |call| Box::pin(answer(call)),
        )
        .group("images")
        .about(
            "Nothing is deleted. The registry is accounted for with and without the tags, so a layer counts once and only if nothing else \
             reaches it. The newest tags are those whose images were built last; tags that do not say when are kept. \
             Space is freed only once the registry's garbage collection has run, which also removes untagged content.",
        )
        .query([
            Parameter::new(
                "keep_newest",
                Form::Number {
                    least: 0,
                    most: MOST_KEPT,
                    default: Some(USUALLY_KEPT),
                },
                "How many of the newest tags of each repository stay.",
            ),
            Parameter::new("registry", Form::Text, "Only this registry."),
            Parameter::new(
                "repository",
                Form::Text,
                "Only repositories with this name or glob, such as `shop/**`; all tags of the others stay.",
            ),
            ORDERS.parameter("The sort key; a leading `-` sorts in descending order. Default: `-freed`."),
            list::fields(),
        ])
        .query(paging())
        .or_csv()
        .problems([&problem::NOT_FOUND, &problem::OUTDATED_CURSOR]),
    ]
}

/// What deleting old tags frees in a repository.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "RepositoryCleanUp")]
struct RepositoryCleanUpRow {
    /// The registry.
    registry: RegistryName,
    /// The repository.
    repository: RepositoryName,
    /// How many tags stay.
    kept_tags: usize,
    /// The tags that are deleted.
    deleted_tags: Vec<Tag>,
    /// The drop of its attributed bytes if all these repositories are cleaned up. The rows of a registry add up to its
    /// freed bytes. Negative where it keeps content that others no longer share.
    freed_bytes: i64,
    /// The bytes that are freed if only this repository is cleaned up.
    freed_alone_bytes: ByteCount,
    /// How many of its manifests no tag reaches already; null if the registry does not list them.
    untagged_manifests: Option<usize>,
    /// What it holds that no tag reaches already; null if the registry does not list it.
    untagged_bytes: Option<ByteCount>,
    /// Since when the oldest manifest without a tag has not changed; null if there is none, or if the registry does not
    /// say.
    oldest_untagged: Option<DateTime<Utc>>,
}

/// What deleting old tags frees in all.
#[derive(Default, Serialize, JsonSchema)]
#[schemars(rename = "CleanUpTotals")]
struct CleanUpTotals {
    /// The repositories from which tags are deleted.
    repositories: usize,
    /// How many tags are deleted.
    deleted_tags: usize,
    /// The bytes that are freed, each blob once.
    freed_bytes: i64,
    /// The stored bytes before.
    stored_bytes: ByteCount,
    /// How many manifests of these repositories no tag reaches already.
    untagged_manifests: usize,
    /// What these repositories hold that no tag reaches already.
    untagged_bytes: ByteCount,
    /// Since when the oldest of these manifests has not changed; null if there is none, or if the registry does not say.
    oldest_untagged: Option<DateTime<Utc>>,
}

async fn answer(call: Call) -> Result<HttpResponse, Problem> {
    let snapshot = call.whole_snapshot().await?;
    let keep = usize::try_from(call.values.number("keep_newest", USUALLY_KEPT)).unwrap_or(usize::MAX);
    let mut asked = AskedRepositories::new(&call, &snapshot)?;
    let notes = std::mem::take(&mut asked.notes);
    let is_part = asked.part.is_some();
    let shared = snapshot.clone();
    let (mut rows, totals) = call
        .api
        .run_blocking(move || simulated(&shared, keep, asked.by_registry(), is_part))
        .await??;
    let key = |row: &RepositoryCleanUpRow| format!("{} {}", row.registry, row.repository);
    ORDERS.sort(&mut rows, call.values.text("sort").unwrap_or("-freed"), key);
    let mut page = Page::new(&call, &snapshot, rows, key)?;
    let answer = List {
        items: std::mem::take(&mut page.rows),
        next_cursor: page.next_cursor.clone(),
        notes,
        provenance: Provenance::for_caller(&call.caller, &snapshot),
        totals: Totals { totals },
    };
    call.reply(page.linked(list::reply(&call, "clean-up.csv", &COLUMNS, &answer)?))
}

/// What is freed if these repositories keep only their newest tags.
fn simulated(
    snapshot: &crate::api::snapshot::Snapshot,
    keep: usize,
    registries: &BTreeMap<RegistryName, HashSet<RepositoryName>>,
    is_part: bool,
) -> Result<(Vec<RepositoryCleanUpRow>, CleanUpTotals), Problem> {
    let (mut rows, mut totals) = (Vec::new(), CleanUpTotals::default());
    for (registry, names) in registries {
        let (_, analysed) = snapshot.registry(registry.as_str())?;
        let old = analysed.tags_beyond_newest(keep, |name| names.contains(name));
        let result = clean_up(&analysed.content.inventory, &analysed.accounting, |name, tag| {
            old.get(name).is_some_and(|tags| tags.contains(tag))
        });
        let result = result.map_err(Problem::internal)?;
        let before = analysed.accounting.repositories.iter();
        let nodes = &analysed.content.inventory.repositories;
        let mut part = ByteCount::ZERO;
        for ((own, before), node) in result.repositories.into_iter().zip(before).zip(nodes) {
            if !names.contains(&own.repository) {
                continue;
            }
            part = part
                .checked_add(before.attributed_bytes)
                .map_err(Problem::internal)?;
            totals.repositories += usize::from(!own.deleted.is_empty());
            totals.deleted_tags += own.deleted.len();
            let oldest_untagged = node.oldest_untagged();
            totals.untagged_manifests += before.untagged_manifests.unwrap_or(0);
            totals.untagged_bytes = totals
                .untagged_bytes
                .checked_add(before.untagged_bytes.unwrap_or_default())
                .map_err(Problem::internal)?;
            totals.oldest_untagged = totals.oldest_untagged.into_iter().chain(oldest_untagged).min();
            rows.push(RepositoryCleanUpRow {
                registry: registry.clone(),
                repository: own.repository,
                kept_tags: own.kept,
                deleted_tags: own.deleted,
                freed_bytes: own.freed,
                freed_alone_bytes: own.freed_alone,
                untagged_manifests: before.untagged_manifests,
                untagged_bytes: before.untagged_bytes,
                oldest_untagged,
            });
        }
        // A part of a registry is told what it stores itself, and what is freed of that.
        let stored = if is_part { part } else { result.stored_before };
        totals.stored_bytes = totals
            .stored_bytes
            .checked_add(stored)
            .map_err(Problem::internal)?;
        if !is_part {
            totals.freed_bytes += result.freed.as_i64();
        }
    }
    if is_part {
        totals.freed_bytes = rows.iter().map(|row| row.freed_bytes).sum();
    }
    Ok((rows, totals))
}
