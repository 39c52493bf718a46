//! PostgreSQL 17 in this process, for installations without a server.
//!
//! It has a single session, so its pool has exactly one connection, which never expires. It listens on a Unix socket in
//! the data folder, because a round trip over its TCP takes 44 ms (measured 2026). Every write reaches the operating
//! system before it is confirmed: killing the process loses nothing that was confirmed; a power failure may.

use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, Utc};
use pglite_oxide::PgliteServer;
use sqlx::ConnectOptions as _;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions, PgSslMode};
use tempfile::TempDir;

use super::StoreError;
use super::data_dir::DataDir;

/// The longest path of a Unix socket on all supported systems (104 bytes on macOS, 108 on Linux), with some room.
const MAX_SOCKET_PATH: usize = 100;
const SOCKET_NAME: &str = ".s.PGSQL.5432";

/// A running embedded database.
#[derive(Debug)]
pub(super) struct Embedded(Option<Running>);

#[derive(Debug)]
struct Running {
    // Dropped in this order: the server before its socket's folder, the lock last.
    server: PgliteServer,
    _socket_folder: Option<TempDir>,
    _data_dir: DataDir,
}

impl Embedded {
    /// Starts the database of a data folder, creating it on first use, and connects to it.
    pub(super) async fn start(folder: &Path, now: DateTime<Utc>) -> Result<(Self, PgPool), StoreError> {
        let folder = folder.to_owned();
        let (embedded, socket_folder) = tokio::task::spawn_blocking(move || Self::start_server(&folder, now))
            .await
            .map_err(|error| StoreError::Unavailable(format!("the embedded database panicked: {error}")))??;
        let options = PgConnectOptions::new_without_pgpass()
            .socket(&socket_folder)
            .port(5432)
            .ssl_mode(PgSslMode::Disable)
            .username("postgres")
            .database("template1");
        let pool = PgPoolOptions::new()
            .max_connections(1)
            .min_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            .test_before_acquire(false)
            // Waiting here means waiting for another part of this program, never for a network.
            .acquire_timeout(Duration::from_secs(300))
            // Waiting for the single connection is normal and no reason for a warning.
            .acquire_slow_threshold(Duration::from_secs(60))
            // Statements contain whole batches of registry content.
            .connect_with(options.disable_statement_logging())
            .await?;
        Ok((embedded, pool))
    }

    fn start_server(folder: &Path, now: DateTime<Utc>) -> Result<(Self, PathBuf), StoreError> {
        let data_dir = DataDir::take(folder, now)?;
        let failed = |reason: String| StoreError::DataFolder {
            folder: folder.to_owned(),
            reason,
        };
        let absolute = std::path::absolute(data_dir.path()).map_err(|error| failed(error.to_string()))?;
        let own = absolute.join(SOCKET_NAME).as_os_str().as_bytes().len() <= MAX_SOCKET_PATH;
        let elsewhere = if own {
            None
        } else {
            Some(tempfile::tempdir().map_err(|error| failed(error.to_string()))?)
        };
        let socket_folder = elsewhere
            .as_ref()
            .map_or_else(|| absolute.clone(), |folder| folder.path().to_owned());
        let server = PgliteServer::builder()
            .path(absolute.join("postgresql-17"))
            .unix(socket_folder.join(SOCKET_NAME))
            .start()
            .map_err(|error| failed(format!("the embedded database did not start: {error:#}")))?;
        let running = Running {
            server,
            _socket_folder: elsewhere,
            _data_dir: data_dir,
        };
        Ok((Self(Some(running)), socket_folder))
    }

    /// Stops the database and writes everything to its files. The pool must be closed.
    pub(super) async fn stop(mut self) {
        let Some(running) = self.0.take() else { return };
        let stopped = tokio::task::spawn_blocking(move || {
            let stopped = running.server.shutdown();
            (stopped, running._socket_folder, running._data_dir)
        });
        if let Ok((Err(error), ..)) = stopped.await {
            tracing::warn!(
                error = format!("{error:#}"),
                "embedded database did not stop cleanly"
            );
        }
    }
}

impl Drop for Embedded {
    fn drop(&mut self) {
        // The server stops when its last client is gone, which may be dropped elsewhere, so a thread waits for it. If the
        // process ends first, the next start recovers from the log.
        if let Some(running) = self.0.take() {
            std::thread::spawn(move || drop(running));
        }
    }
}
