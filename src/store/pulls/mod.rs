//! Pulls that somebody counted: files that were imported, and what they add up to.

mod counted;
mod import;
mod metered;

use chrono::{DateTime, Utc};

pub use counted::PullImportRecord;
pub use metered::CountedNotifications;

use crate::oci::Digest;
use crate::pulls::PullFileFormat;

/// A file of pulls that is to be imported.
#[derive(Debug, Clone)]
pub struct PullFileSource {
    /// Its name without its folder.
    pub name: String,
    /// The digest of its content, by which it is known again.
    pub digest: Digest,
    /// Its form.
    pub format: PullFileFormat,
    /// Of counters: when they stood as the file says.
    pub read_at: DateTime<Utc>,
}

/// What came of an import.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PullImport {
    /// The file had been imported before, and nothing was added.
    Known {
        /// When it had been.
        at: DateTime<Utc>,
    },
    /// Pulls were added.
    Events {
        /// How many pulls are new.
        new: u64,
        /// How many were known from other files.
        known: u64,
    },
    /// Readings of counters were added.
    Readings {
        /// How many pulls there were since the readings before.
        since_last: u64,
        /// How many repositories had no reading before, so that nothing can be said of them yet.
        first: u64,
    },
}
