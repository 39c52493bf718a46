//! The data folder of the embedded database, which one process uses at a time.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};

use chrono::{DateTime, SecondsFormat, Utc};

use super::disk::OpenFolder;
use super::{StoreError, process};
use crate::oci::text::printable;

/// A data folder locked by this process. The operating system releases the lock when the process ends, however it ends,
/// so there are no stale locks.
#[derive(Debug)]
pub(super) struct DataDir {
    folder: PathBuf,
    /// Not read; the lock lives as long as the open file.
    _lock: File,
    _open: OpenFolder,
}

impl DataDir {
    /// Creates the folder if necessary, accessible to its owner alone, and locks it.
    ///
    /// # Errors
    /// [`StoreError::InUse`] with the holder, if another process has locked it.
    pub(super) fn take(folder: &Path, now: DateTime<Utc>) -> Result<Self, StoreError> {
        let unusable = |error: std::io::Error| StoreError::DataFolder {
            folder: folder.to_owned(),
            reason: error.to_string(),
        };
        make_private(folder).map_err(unusable)?;
        let mut lock = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(folder.join("lock"))
            .map_err(unusable)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(StoreError::InUse {
                    folder: folder.to_owned(),
                    holder: holder(&mut lock),
                });
            }
            Err(TryLockError::Error(error)) => return Err(unusable(error)),
        }
        let text = format!(
            "process {} (`{}`) since {}",
            std::process::id(),
            process::command(),
            now.to_rfc3339_opts(SecondsFormat::Secs, true)
        );
        lock.set_len(0)
            .and_then(|()| lock.rewind())
            .and_then(|()| lock.write_all(text.as_bytes()))
            .map_err(unusable)?;
        Ok(Self {
            folder: folder.to_owned(),
            _lock: lock,
            _open: OpenFolder::new(folder),
        })
    }

    /// The folder.
    pub(super) fn path(&self) -> &Path {
        &self.folder
    }
}

fn make_private(folder: &Path) -> std::io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// What the holder wrote about itself. It may not have written it yet.
fn holder(lock: &mut File) -> String {
    let mut text = String::new();
    match lock.take(4096).read_to_string(&mut text) {
        Ok(length) if length > 0 => printable(&text),
        _ => "another process".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_taker_is_told_who_has_it_until_the_first_lets_go() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("new");
        let now = "2026-11-23T07:00:00Z".parse().unwrap();
        let first = DataDir::take(&folder, now).unwrap();
        let refusal = DataDir::take(&folder, now).unwrap_err().to_string();
        let process = format!("process {} (`", std::process::id());
        for words in [
            process.as_str(),
            "2026-11-23T07:00:00Z",
            "--data-dir",
            "DATABASE_URL",
        ] {
            assert!(refusal.contains(words), "{refusal}");
        }
        drop(first);
        DataDir::take(&folder, now).unwrap();
    }
}
