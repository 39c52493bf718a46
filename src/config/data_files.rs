//! Files of data that settings name: bases, rules, models, price books.

use std::fs;
use std::path::{Path, PathBuf};

/// A file or folder that a setting names and that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("cannot read {}: {source}", file.display())]
pub struct UnreadableFile {
    /// The file or folder.
    pub file: PathBuf,
    /// What the system said.
    pub source: std::io::Error,
}

/// A file, or the TOML files of a folder by name.
pub(super) fn files(path: &Path) -> Result<Vec<PathBuf>, UnreadableFile> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let unreadable = |source| UnreadableFile {
        file: path.to_owned(),
        source,
    };
    let mut files = Vec::new();
    for entry in fs::read_dir(path).map_err(unreadable)? {
        let file = entry.map_err(unreadable)?.path();
        if file.extension().is_some_and(|extension| extension == "toml") {
            files.push(file);
        }
    }
    files.sort();
    Ok(files)
}

/// The text of a file.
pub(super) fn text(file: &Path) -> Result<String, UnreadableFile> {
    fs::read_to_string(file).map_err(|source| UnreadableFile {
        file: file.to_owned(),
        source,
    })
}
