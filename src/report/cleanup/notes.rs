//! What a reader must know about a clean-up.

use crate::cleanup::{CleanupResult, Policy, PushTimeBasis, RepositoryContent};
use crate::inventory::DedupScope;
use crate::pulls::PullState;
use crate::report::cells::grouped;
use crate::report::{LastCrawl, RegistryContent};

/// Adds what must be said of a registry.
pub(super) fn add(
    notes: &mut Vec<String>,
    content: &RegistryContent,
    chosen: &[RepositoryContent],
    result: &CleanupResult,
    policy: &Policy,
) {
    let registry = &content.source.registry;
    if content.source.last_crawl != LastCrawl::Complete {
        notes.push(format!(
            "{registry}: the last crawl has not read everything, so something may be missing."
        ));
    }
    let counted = |number: usize, one: &str, more: &str| match number {
        1 => format!("1 {one}"),
        _ => format!("{} {more}", grouped(number)),
    };
    let unlisted = chosen.iter().filter(|own| own.untagged.is_none()).count();
    if policy.is_about_untagged() && unlisted > 0 {
        notes.push(format!(
            "{registry}: untagged manifests are not known of {}, because the registry does not list them; rules about untagged \
             manifests select nothing there.",
            counted(unlisted, "repository", "repositories")
        ));
    }
    let tags = || chosen.iter().flat_map(|own| &own.tags);
    let unknown = tags()
        .filter(|tag| tag.last_pull.state == PullState::Unknown)
        .count();
    if policy.is_about_pulls() && unknown > 0 {
        notes.push(format!(
            "{registry}: pulls of {} are not counted, so rules about pulls keep {}.",
            counted(unknown, "tag", "tags"),
            if unknown == 1 { "it" } else { "them" }
        ));
    }
    let is_of = |basis| {
        tags()
            .filter(|tag| tag.pushed.is_some_and(|pushed| pushed.basis == basis))
            .count()
    };
    let built = is_of(PushTimeBasis::ImageBuilt);
    if policy.is_about_age() && built > 0 {
        notes.push(format!(
            "{registry}: {} before the first crawl; the age is that of the image's build.",
            counted(built, "tag was pushed", "tags were pushed")
        ));
    }
    let first = is_of(PushTimeBasis::FirstCrawl);
    if policy.is_about_age() && first > 0 {
        notes.push(format!(
            "{registry}: {} before the first crawl, and the image does not say when it was built; the age counts from the first \
             crawl.",
            counted(first, "tag was pushed", "tags were pushed")
        ));
    }
    let has_loss = content.inventory.unread_children() > 0;
    if has_loss && result.freed.get() > 0 {
        notes.push(format!(
            "{registry}: some manifests that indexes list were not read; what only they reach is not counted."
        ));
    }
    if content.inventory.dedup_scope == DedupScope::Mounted && result.freed.get() > 0 {
        notes.push(format!(
            "{registry}: repositories may share layers by mounting, which no client can see; then less is freed."
        ));
    }
}

/// Adds what must be said of the policy, whatever the registries contain.
pub(super) fn add_on_policy(notes: &mut Vec<String>, policy: &Policy) {
    if !policy.deletes_anything() {
        notes.insert(
            0,
            "No rule deletes anything, so nothing goes. Rules that delete are keep-newest, older-than, not-pulled-for, delete and \
             untagged-older-than."
                .to_owned(),
        );
    }
    notes.extend(policy.notes().into_iter().map(str::to_owned));
}
