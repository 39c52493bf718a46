//! Counted pulls: imported files and registries' notifications.

mod bigint;
mod counted;
mod import;
mod indexes;
mod last;
mod metered;
mod served;

use chrono::{DateTime, Utc};

pub use counted::{PullImportRecord, PullsState};
pub use metered::CountedNotifications;

use crate::oci::Digest;
use crate::pulls::PullFileFormat;

/// A file of pulls to import.
#[derive(Debug, Clone)]
pub struct PullFileSource {
    /// Its name without the folder.
    pub name: String,
    /// The digest of its content, which identifies it.
    pub digest: Digest,
    /// Its format.
    pub format: PullFileFormat,
    /// For counters: when they were read.
    pub read_at: DateTime<Utc>,
}

/// The result of an import.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PullImport {
    /// The file was imported before, and nothing was added.
    Known {
        /// When it was imported.
        at: DateTime<Utc>,
    },
    /// Pulls were added.
    Events {
        /// The number of new pulls.
        new: u64,
        /// The number of pulls already known from other files.
        known: u64,
        /// The number of rows left out because they are about an index, whose image has a row of its own.
        indexes: u64,
        /// The number of served layers that no crawled manifest names, so that their size is not known.
        unknown_layers: u64,
    },
    /// Sums of all repositories were added.
    Totals,
    /// Readings of counters were added.
    Readings {
        /// The number of pulls since the previous readings.
        since_last: u64,
        /// The number of repositories without a previous reading, about which nothing is known yet.
        first: u64,
    },
}
