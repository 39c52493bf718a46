//! Options of the commands that copy a whole store.

use std::path::PathBuf;

use clap::Args;

/// Options of `tare copy`.
#[derive(Debug, Args)]
pub struct CopyOptions {
    /// The target: an empty database of a PostgreSQL server (postgres://…), or a folder for a new embedded database
    ///
    /// A password can also be given in PGPASSWORD or ~/.pgpass, where other users of this machine do not see it.
    #[arg(long, value_name = "DATABASE")]
    pub(in crate::cli) to: String,
    /// The source, if it is not the database of the configuration
    #[arg(long, value_name = "DATABASE")]
    pub(in crate::cli) from: Option<String>,
}

/// Options of `tare backup`.
#[derive(Debug, Args)]
pub struct BackupOptions {
    /// The archive to write; an existing file is never replaced
    #[arg(value_name = "FILE")]
    pub(in crate::cli) file: PathBuf,
}

/// Options of `tare restore`.
#[derive(Debug, Args)]
pub struct RestoreOptions {
    /// The archive that tare backup wrote
    #[arg(value_name = "FILE")]
    pub(in crate::cli) file: PathBuf,
}
