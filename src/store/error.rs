use std::path::PathBuf;

use chrono::{DateTime, Utc};

use super::disk;
use crate::oci::RegistryName;

/// Why an operation of the store failed.
///
/// No message contains a password: connection URLs are never part of one.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database cannot be reached, or the connection was lost. A retry may help, and nothing that was reported as saved
    /// is lost.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// A crawl was requested of a registry that is neither crawled nor configured.
    #[error(
        "no registry {0} is known here; give it a [[registry]] section in the configuration of the service \
         that crawls, or crawl it once with tare crawl"
    )]
    UnknownRegistry(RegistryName),
    /// Another process is crawling the registry, or was a moment ago.
    #[error(
        "{registry} is being crawled by {holder} since {}; wait until that ends",
        since.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
    )]
    CrawlInProgress {
        /// The registry.
        registry: RegistryName,
        /// The process.
        holder: String,
        /// When it started.
        since: DateTime<Utc>,
        /// When its lease expires unless renewed, by the database's clock.
        lease_until: DateTime<Utc>,
    },
    /// This process did not renew its lease in time, and others have taken over what it had claimed. Nothing more can be
    /// saved through it.
    #[error("this process was taken to be lost, and its part in the crawl has gone to others")]
    LeaseLost,
    /// Another process has the data folder open.
    #[error(
        "the data folder {} is in use by {holder}; wait until that ends, choose another folder with \
         --data-dir, or share one PostgreSQL server between both with DATABASE_URL",
        folder.display()
    )]
    InUse {
        /// The data folder.
        folder: PathBuf,
        /// The process: id, command line and start.
        holder: String,
    },
    /// The data folder cannot be created, written or locked.
    #[error("the data folder {} cannot be used: {reason}", folder.display())]
    DataFolder {
        /// The data folder.
        folder: PathBuf,
        /// What went wrong.
        reason: String,
    },
    /// This program was built without an embedded database.
    #[error(
        "this tare was built without its embedded database (cargo feature `embedded`); name a PostgreSQL \
         server of version 14 or later with DATABASE_URL"
    )]
    NotEmbedded,
    /// The configured database URL is not valid.
    #[error("DATABASE_URL is not a PostgreSQL connection URL: {0}")]
    InvalidUrl(String),
    /// The migrations failed.
    #[error("the database's schema cannot be brought up to date: {0}")]
    Migration(String),
    /// The schema is newer than this program.
    #[error(
        "the database has been used by a newer tare (it has migration {version}, which this one does not \
         know); use that version or a copy of the database from before"
    )]
    Newer {
        /// The unknown migration.
        version: i64,
    },
    /// A row contains something that this program never writes.
    #[error("table {table} holds a row that makes no sense: {problem}")]
    RowInconsistent {
        /// The table.
        table: &'static str,
        /// What is wrong with the row.
        problem: String,
    },
    /// A store that is to be filled holds something.
    #[error(
        "the target is not empty: there are rows in {}; use an empty database, which tare creates its tables in",
        tables.join(", ")
    )]
    NotEmpty {
        /// The tables with rows.
        tables: Vec<String>,
    },
    /// Two stores have different schemas.
    #[error(
        "the schemas differ: the source has migration {source_migration}, the target {target_migration}; open the older one with this tare \
         first, or use an empty database"
    )]
    OtherSchema {
        /// The latest migration of the source.
        source_migration: i64,
        /// The latest migration of the target.
        target_migration: i64,
    },
    /// A copy has another number of rows than its source.
    #[error("table {table} has {expected} rows, and its copy {written}; nothing was copied")]
    OtherCount {
        /// The table.
        table: String,
        /// The rows of the source.
        expected: u64,
        /// The rows of the copy.
        written: i64,
    },
    /// An archive cannot be written, or is none that this program can read.
    #[error("the archive {0}")]
    Archive(String),
    /// There is no space left where the database keeps its files.
    #[error(
        "no space left {}; free some{}; nothing that was saved is lost",
        folder.as_ref().map_or_else(|| "for the database".to_owned(), |folder| format!("on {}", folder.display())),
        folder.as_ref().map_or("", |_| ", or use --data-dir elsewhere")
    )]
    DiskFull {
        /// The data folder; `None` for a server.
        folder: Option<PathBuf>,
    },
    /// The clock of this machine is far ahead of the database's.
    #[error(
        "the clock of this machine says {}, and the database's {}: what is crawled now would be dated in the future; set \
         the clock",
        machine.to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
        database.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
    )]
    ClockAhead {
        /// The time of this machine.
        machine: DateTime<Utc>,
        /// The time of the database.
        database: DateTime<Utc>,
    },
    /// The database refused a statement.
    #[error("the database refused: {0}")]
    Refused(String),
}

impl StoreError {
    /// Whether a later retry may succeed.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }

    pub(super) fn inconsistent(table: &'static str, problem: impl ToString) -> Self {
        Self::RowInconsistent {
            table,
            problem: problem.to_string(),
        }
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        let is_full =
            matches!(&error, sqlx::Error::Database(error) if error.code().as_deref() == Some(DISK_FULL));
        if is_full || may_be_a_full_disk(&error) {
            let folder = disk::full_folder();
            if is_full || folder.is_some() {
                return Self::DiskFull { folder };
            }
        }
        match error {
            sqlx::Error::Io(error) => Self::Unavailable(error.to_string()),
            sqlx::Error::Tls(error) => Self::Unavailable(format!("TLS: {error}")),
            sqlx::Error::PoolTimedOut => Self::Unavailable("no connection became free in time".into()),
            sqlx::Error::PoolClosed => Self::Unavailable("the store has been closed".into()),
            sqlx::Error::WorkerCrashed => Self::Unavailable("the connection's worker ended".into()),
            sqlx::Error::Protocol(problem) => Self::Unavailable(problem),
            sqlx::Error::Database(error) if is_transient_state(error.code().as_deref()) => {
                Self::Unavailable(error.message().to_owned())
            }
            sqlx::Error::Migrate(error) => (*error).into(),
            sqlx::Error::ColumnDecode { index, source } => Self::RowInconsistent {
                table: "(result)",
                problem: format!("column {index}: {source}"),
            },
            other => Self::Refused(other.to_string()),
        }
    }
}

impl From<sqlx::migrate::MigrateError> for StoreError {
    fn from(error: sqlx::migrate::MigrateError) -> Self {
        match error {
            sqlx::migrate::MigrateError::VersionMissing(version) => Self::Newer { version },
            sqlx::migrate::MigrateError::Execute(error) => match Self::from(error) {
                Self::Refused(reason) => Self::Migration(reason),
                other => other,
            },
            other => Self::Migration(other.to_string()),
        }
    }
}

/// The SQLSTATE disk_full.
const DISK_FULL: &str = "53100";
/// The SQLSTATE io_error.
const IO_ERROR: &str = "58030";

/// Whether an error is what the embedded database makes of a full disk: a file that it cannot write, or its end if the
/// file is its log.
fn may_be_a_full_disk(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Database(error) => {
            error.code().as_deref() == Some(IO_ERROR) || error.message().contains("I/O error")
        }
        sqlx::Error::Io(_) | sqlx::Error::WorkerCrashed => true,
        _ => false,
    }
}

/// Whether an SQLSTATE means that the server is stopping or starting, or that transactions conflicted.
fn is_transient_state(code: Option<&str>) -> bool {
    // Class 08 connection exceptions, class 57P operator intervention, 53300 too many connections,
    // 40001 and 40P01 serialization failure and deadlock, 25006 a standby that is not yet promoted.
    code.is_some_and(|code| {
        code.starts_with("08")
            || code.starts_with("57P")
            || matches!(code, "53300" | "40001" | "40P01" | "25006")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lost_connection_can_be_tried_again_and_a_refusal_cannot() {
        let lost = std::io::Error::new(std::io::ErrorKind::ConnectionReset, "reset");
        assert!(StoreError::from(sqlx::Error::Io(lost)).is_transient());
        assert!(StoreError::from(sqlx::Error::PoolTimedOut).is_transient());
        assert!(!StoreError::from(sqlx::Error::RowNotFound).is_transient());
        assert!(is_transient_state(Some("57P01")) && is_transient_state(Some("40P01")));
        assert!(!is_transient_state(Some("23505")) && !is_transient_state(None));
    }
}
