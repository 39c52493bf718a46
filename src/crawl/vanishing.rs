//! Guards against a registry that answers 404 for most of its known tags.
//!
//! A single tag that is listed but cannot be read has been deleted meanwhile. If most of them cannot be read at once, the
//! registry or something in front of it is broken, and nothing may count as deleted because of that.

use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

use super::walk::Walk;
use crate::inventory::{FaultKind, Finding, RepositoryListing};

/// The known tags of this crawl that are still listed, and what became of them.
#[derive(Default)]
pub(super) struct Vanishing {
    /// Known tags that are listed.
    listed: AtomicU64,
    /// Those of them that could not be found.
    vanished: AtomicU64,
    /// The listings of repositories in which known tags could not be found. They are sent at the end of the crawl, when it
    /// is known what that means.
    held_back: Mutex<Vec<RepositoryListing>>,
}

impl Vanishing {
    pub(super) fn count_listed(&self, tags: usize) {
        self.listed.fetch_add(tags as u64, Ordering::Relaxed);
    }

    pub(super) fn count_vanished(&self) {
        self.vanished.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn hold_back(&self, listing: RepositoryListing) {
        self.held_back.lock().push(listing);
    }
}

impl Walk<'_> {
    /// Sends the listings that were held back. If most known tags could not be found, they say nothing about what is
    /// gone, and the crawl is incomplete.
    pub(super) async fn send_held_back(&self) {
        let vanishing = &self.vanishing;
        let listed = vanishing.listed.load(Ordering::Relaxed);
        let vanished = vanishing.vanished.load(Ordering::Relaxed);
        let is_doubtful = vanished * 2 > listed;
        if is_doubtful {
            let fault = format!(
                "the registry lists tags that were read before and now answers 404 to most of them ({vanished} of \
                 {listed}). None of them counts as deleted: check the registry and what stands in front of it"
            );
            self.sender
                .fault(None, "tags", FaultKind::Unavailable, fault)
                .await;
        }
        let held_back = std::mem::take(&mut *vanishing.held_back.lock());
        for mut listing in held_back {
            if is_doubtful {
                listing.listed_to_the_end = false;
                listing.complete = false;
            }
            self.sender.send(Finding::Repository(listing)).await;
        }
    }
}
