use std::sync::atomic::{AtomicU64, Ordering};

/// The progress of a crawl. Written by the crawl, and read by others at any time.
#[derive(Debug, Default)]
pub struct Progress {
    pub(super) repositories_listed: AtomicU64,
    pub(super) repositories_done: AtomicU64,
    pub(super) tags_listed: AtomicU64,
    pub(super) tags_done: AtomicU64,
    pub(super) faults: AtomicU64,
}

/// The figures of a [`Progress`] at one moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ProgressSnapshot {
    /// Repositories to walk, as far as known yet.
    pub repositories_listed: u64,
    /// Finished repositories, including those with faults.
    pub repositories_done: u64,
    /// Tags to walk, as far as known yet.
    pub tags_listed: u64,
    /// Finished tags, including those with faults.
    pub tags_done: u64,
    /// Faults so far.
    pub faults: u64,
}

impl Progress {
    /// The current figures. Each is exact, but they are not read at the same instant.
    pub fn snapshot(&self) -> ProgressSnapshot {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        ProgressSnapshot {
            repositories_listed: read(&self.repositories_listed),
            repositories_done: read(&self.repositories_done),
            tags_listed: read(&self.tags_listed),
            tags_done: read(&self.tags_done),
            faults: read(&self.faults),
        }
    }

    pub(super) fn add(counter: &AtomicU64, count: usize) {
        counter.fetch_add(count as u64, Ordering::Relaxed);
    }
}
