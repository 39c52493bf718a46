//! The operations of the service, a file for each resource.

mod asked_repositories;
mod changes;
mod clean_up;
mod cleanup;
mod costs;
mod crawl_changes;
mod crawl_events;
mod crawl_status;
mod crawls;
mod documentation;
mod events;
mod exports;
mod health;
mod history;
mod image;
mod images;
mod me;
mod metrics;
mod plan;
mod price_books;
mod registries;
mod repositories;
mod repository;
mod savings;
mod summary;
mod whatif;

pub(super) use self::events::PATH as EVENTS_PATH;
use super::operation::Operation;

/// All operations. `/metrics` may be open although everything else needs a key.
pub(super) fn operations(has_open_metrics: bool) -> Vec<Operation> {
    [
        registries::operations(),
        repositories::operations(),
        repository::operations(),
        image::operations(),
        summary::operations(),
        savings::operations(),
        images::operations(),
        clean_up::operations(),
        cleanup::operations(),
        costs::operations(),
        plan::operations(),
        changes::operations(),
        history::operations(),
        exports::operations(),
        whatif::operations(),
        price_books::operations(),
        me::operations(),
        crawls::operations(),
        crawl_events::operations(),
        crawl_changes::operations(),
        events::operations(),
        health::operations(),
        metrics::operations(has_open_metrics),
        documentation::operations(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
