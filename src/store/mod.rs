//! The database: the only room with SQL.
//!
//! Facts about content are stored once under their digest, whichever registries hold it. Where a tag pointed is stored
//! with its time of validity. [`Store::begin_crawl`] returns a [`CrawlSaver`], which writes findings in batches, each in
//! one transaction, so that a killed crawl loses only the batch in progress. [`Store::known_digests`] and
//! [`Store::known_repositories`] return what need not be requested again, and [`Store::content`] what a registry held at any moment, with the facts about its images.
//!
//! Many processes may share a crawl: [`Store::request_crawl`] requests one, and [`Store::join_crawl`] gives this process
//! a [`CrawlPart`] in it as long as it renews its lease. After the lease is lost, nothing can be written through the
//! part.
//!
//! [`Store::accept_events`] stores the events that registries send, as questions; [`Store::claim_asks`] and
//! [`Store::apply_asked`] are for the process that asks them.
//!
//! The database is a PostgreSQL server, or an embedded one with a single connection. So no function here holds a
//! connection while it waits for anything but that connection's own response.

mod api_keys;
mod clock_check;
mod closed_months;
mod column;
mod configs;
mod confirmed_sizes;
mod crawl;
mod current_tags;
#[cfg(feature = "embedded")]
mod data_dir;
mod data_quality;
mod disk;
#[cfg(feature = "embedded")]
mod embedded;
mod error;
mod events;
mod health;
mod images;
mod inventory;
mod kept_content;
mod known;
mod login_sessions;
mod manifests;
mod notifications;
mod process;
mod pulls;
mod registry_lock;
mod reports;
mod retention;
mod row;
mod save;
mod saved_answers;
mod span;
mod tag_times;
mod text;
mod transfer;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret as _, SecretString};
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::{ConnectOptions as _, Connection as _};

pub use api_keys::ApiKeyRecord;
pub use closed_months::{ClosedStatement, NewClosedStatement};
pub use crawl::{
    Answers, CONFIGURED_GRACE, Cancellation, Claim, CrawlChoice, CrawlCost, CrawlEnd, CrawlEvent, CrawlOrder,
    CrawlPart, CrawlRecord, CrawlSaver, CrawlState, CrawledRegistry, Crawler, CrawlerEntry, Leaving,
    RegistryRecord, Renewal, RequestedCrawl, Rest, SavedState, StoredRegistry,
};
pub use data_quality::DataQuality;
pub use error::StoreError;
pub use events::{AcceptedEvents, Asked, AskedAnswer, EventState, PENDING_LIMIT, PendingAsk};
pub use health::{Connections, CrawlHealth, EndedCrawl};
pub use images::StoredContent;
pub use kept_content::KeptContent;
pub use known::{KnownContent, KnownDigests, KnownRegistry, KnownRepositories};
pub use login_sessions::LoginSessionRecord;
pub use notifications::{
    BookChange, EndedBadly, NewNotification, NotificationCount, PendingNotification, PricedRepository,
};
pub use pulls::{CountedNotifications, PullFileSource, PullImport, PullImportRecord, PullsState};
pub use reports::{
    PartOfRegistry, RegistryPoint, ReportComparison, ReportOfCrawl, ReportedLevel, RepositoryPoint,
};
pub use retention::{Pruned, Retention};
pub use saved_answers::{AnswersOfState, LatestChanges};
pub use transfer::RowCounts;

use span::Named as _;

static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!();

/// The location of the database.
#[derive(Debug, Clone)]
pub enum DatabaseLocation {
    /// A PostgreSQL server, version 14 or later, by its connection URL, which may contain a password.
    Server(SecretString),
    /// The embedded database in this folder, which is created if necessary.
    Embedded(PathBuf),
}

/// The settings of the store.
#[derive(Debug, Clone)]
pub struct StoreSettings {
    /// The location of the database.
    pub location: DatabaseLocation,
    /// The most connections to a server. The embedded database always has one.
    pub max_connections: u32,
    /// The longest wait for a connection to a server.
    pub connect_timeout: Duration,
    /// How long a worker's lease lasts without renewal. A killed process delays others for this long.
    pub lease: Duration,
}

impl StoreSettings {
    /// The defaults for a database at this location: five connections, ten seconds, half a minute.
    pub fn at(location: DatabaseLocation) -> Self {
        Self {
            location,
            max_connections: 5,
            connect_timeout: Duration::from_secs(10),
            lease: Duration::from_secs(30),
        }
    }
}

/// An open store. Clones share it.
#[derive(Debug, Clone)]
pub struct Store {
    // Before the database, which stops when its last connection is closed.
    pool: PgPool,
    embedded: EmbeddedHandle,
    worker: Arc<Worker>,
}

/// How long [`Store::connection_fault`] tries. Our choice: longer than a new connection takes anywhere.
const PROBE_TIMEOUT: Duration = Duration::from_secs(2);

/// This process as a worker of crawls.
#[derive(Debug)]
struct Worker {
    name: String,
    lease: Duration,
}

#[cfg(feature = "embedded")]
type EmbeddedHandle = Option<Arc<embedded::Embedded>>;
#[cfg(not(feature = "embedded"))]
type EmbeddedHandle = Option<Arc<std::convert::Infallible>>;

impl Store {
    /// Connects to the database, starting the embedded one if necessary, and applies migrations under a lock, so that any
    /// number of processes may start at once.
    ///
    /// `now` is recorded in the data folder's lock.
    ///
    /// # Errors
    /// If the database cannot be reached or started, is in use by another process, or is newer than this program.
    pub async fn open(settings: &StoreSettings, now: DateTime<Utc>) -> Result<Self, StoreError> {
        let opened = Self::open_whatever_the_disk(settings, now).await;
        match (opened, &settings.location) {
            (
                Err(StoreError::DataFolder { .. } | StoreError::Unavailable(_)),
                DatabaseLocation::Embedded(folder),
            ) if disk::is_full(folder) => Err(StoreError::DiskFull {
                folder: Some(folder.clone()),
            }),
            (opened, _) => opened,
        }
    }

    async fn open_whatever_the_disk(
        settings: &StoreSettings,
        now: DateTime<Utc>,
    ) -> Result<Self, StoreError> {
        let store = Self::connect(settings, now).await?;
        MIGRATIONS.run(&store.pool).await?;
        store.correct_future_dates(now).await?;
        if store.embedded.is_some() {
            // Only this process can have the folder open, so all workers in it are gone.
            store.expire_all_workers(now).await?;
            store.forget_crawlers().await?;
            store.release_asks().await?;
        }
        Ok(store)
    }

    /// Connects to the database, starting the embedded one if necessary, whatever its schema is.
    async fn connect(settings: &StoreSettings, now: DateTime<Utc>) -> Result<Self, StoreError> {
        let (pool, embedded) = match &settings.location {
            DatabaseLocation::Server(url) => (connect(url, settings).await?, None),
            DatabaseLocation::Embedded(folder) => open_embedded(folder, now).await?,
        };
        Ok(Self {
            pool,
            embedded,
            worker: Arc::new(Worker {
                name: process::name(),
                lease: settings.lease,
            }),
        })
    }

    /// Whether the database runs in this process.
    pub fn is_embedded(&self) -> bool {
        self.embedded.is_some()
    }

    /// Why the database cannot be reached, by an attempt to connect; `None` if it can. The error of a query says only that
    /// there was no connection.
    pub async fn connection_fault(&self) -> Option<String> {
        let options = self.pool.connect_options();
        let server = server_name(&options);
        let fault = match tokio::time::timeout(PROBE_TIMEOUT, options.connect()).await {
            Ok(Ok(connection)) => {
                // What it was opened for is known.
                drop(connection.close().await);
                return None;
            }
            Ok(Err(sqlx::Error::Io(error))) => error.to_string(),
            Ok(Err(error)) => StoreError::from(error).to_string(),
            Err(_) => format!("no answer within {} s", PROBE_TIMEOUT.as_secs()),
        };
        Some(format!("cannot connect to {server}: {fault}"))
    }

    /// Closes the connections and, with the last clone, stops an embedded database cleanly. Skipping this loses nothing: the
    /// next start recovers from the log.
    pub async fn close(self) {
        self.pool.close().await;
        #[cfg(feature = "embedded")]
        if let Some(embedded) = self.embedded.and_then(Arc::into_inner) {
            embedded.stop().await;
        }
    }

    /// Does what a server does on its own: planner statistics, and for the embedded database a checkpoint, without which its
    /// log would grow until it is closed. Call it after many writes.
    pub(crate) async fn tidy(&self) -> Result<(), StoreError> {
        let statements = if self.embedded.is_some() {
            "VACUUM (ANALYZE); CHECKPOINT"
        } else {
            "ANALYZE registry, repository, blob, manifest, image_config, tag, referrer"
        };
        for statement in statements.split("; ") {
            sqlx::query(statement).execute(&self.pool).named("tidy").await?;
        }
        Ok(())
    }
}

#[cfg(feature = "embedded")]
async fn open_embedded(
    folder: &std::path::Path,
    now: DateTime<Utc>,
) -> Result<(PgPool, EmbeddedHandle), StoreError> {
    let (embedded, pool) = embedded::Embedded::start(folder, now).await?;
    Ok((pool, Some(Arc::new(embedded))))
}

#[cfg(not(feature = "embedded"))]
async fn open_embedded(
    _: &std::path::Path,
    _: DateTime<Utc>,
) -> Result<(PgPool, EmbeddedHandle), StoreError> {
    Err(StoreError::NotEmbedded)
}

async fn connect(url: &SecretString, settings: &StoreSettings) -> Result<PgPool, StoreError> {
    let options: PgConnectOptions = url.expose_secret().parse().map_err(invalid_url)?;
    // Statements are not logged: they contain whole batches of registry content.
    let options = options.application_name("tare").disable_statement_logging();
    let server = server_name(&options);
    let unreachable =
        |problem: String| StoreError::Unavailable(format!("cannot connect to {server}: {problem}"));
    // A pool would try again until its time is over, and then say only that.
    match tokio::time::timeout(settings.connect_timeout, options.connect()).await {
        Ok(Ok(connection)) => connection.close().await?,
        Ok(Err(sqlx::Error::Io(error))) => return Err(unreachable(error.to_string())),
        Ok(Err(error)) => return Err(error.into()),
        Err(_) => {
            let waited = settings.connect_timeout.as_secs_f32();
            return Err(unreachable(format!("no answer within {waited} s")));
        }
    }
    let pool = PgPoolOptions::new()
        .max_connections(settings.max_connections.max(1))
        .acquire_timeout(settings.connect_timeout)
        .connect_with(options)
        .await?;
    Ok(pool)
}

/// A server as messages call it, without credentials.
fn server_name(options: &PgConnectOptions) -> String {
    match options.get_socket() {
        Some(socket) => socket.display().to_string(),
        None => format!("{}:{}", options.get_host(), options.get_port()),
    }
}

/// The fault of a connection URL, without the URL.
fn invalid_url(error: sqlx::Error) -> StoreError {
    match error {
        sqlx::Error::Configuration(problem) => StoreError::InvalidUrl(problem.to_string()),
        _ => StoreError::InvalidUrl("expected postgres://user:password@host:port/database".into()),
    }
}
