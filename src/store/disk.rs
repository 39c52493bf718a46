//! Full disks. The embedded database says only which of its files it could not write, so the disk of its folder is
//! asked.

use std::path::{Path, PathBuf};

use parking_lot::Mutex;

/// With how few free bytes a disk counts as full: PostgreSQL's log grows in files of 16 MiB (PostgreSQL 17,
/// wal_segment_size), read on 2026-12-01.
const FULL: u64 = 17 << 20;

/// The data folders that this process has open.
static OPEN: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// A data folder whose disk explains errors, until this is dropped.
#[cfg(feature = "embedded")]
#[derive(Debug)]
pub(super) struct OpenFolder(PathBuf);

#[cfg(feature = "embedded")]
impl OpenFolder {
    /// Counts a folder among the open ones.
    pub fn new(folder: &Path) -> Self {
        OPEN.lock().push(folder.to_owned());
        Self(folder.to_owned())
    }
}

#[cfg(feature = "embedded")]
impl Drop for OpenFolder {
    fn drop(&mut self) {
        let mut open = OPEN.lock();
        if let Some(place) = open.iter().position(|folder| *folder == self.0) {
            open.swap_remove(place);
        }
    }
}

/// Whether the disk of a folder is full; false if that cannot be told.
pub(super) fn is_full(folder: &Path) -> bool {
    let free = rustix::fs::statvfs(folder).map(|disk| disk.f_bavail.saturating_mul(disk.f_frsize));
    free.is_ok_and(|free| free < FULL)
}

/// An open data folder whose disk is full; `None` if there is none.
pub(super) fn full_folder() -> Option<PathBuf> {
    OPEN.lock().iter().find(|folder| is_full(folder)).cloned()
}
