//! The service: REST under `/v1`, its documentation, logins, health and metrics.
//!
//! Answers come from a `Snapshot`, which is computed in the background when the store has newer data. So
//! requests wait for no query and no model, and the rows of an answer always add up.
//!
//! An `Operation` is declared once, with its parameters, its answer and its problems. Its route, its checks and
//! its part of the OpenAPI document come from the declaration. Every error is an RFC 9457 problem.

mod access;
mod budgets;
mod call;
mod credentials;
mod cursor;
mod event_sender;
mod event_stream;
mod filter;
mod intake;
mod list;
mod login;
mod members;
mod middleware;
mod negotiate;
mod openapi;
mod operation;
mod parameter;
mod past;
mod problem;
mod provenance;
mod public_url;
mod refresh;
mod reply;
mod resources;
mod server;
mod settings;
mod snapshot;
mod sort;
mod tls;
mod turns;
mod visible;

use std::sync::Arc;

use tokio::sync::watch;
use tracing::{Instrument as _, Span};

pub use crate::page::GrafanaUrl;
pub use event_sender::EventSecrets;
pub use public_url::{InvalidPublicUrl, PublicUrl};
pub use server::Server;
pub use settings::{AccessMode, ApiSettings, ServeError, TlsFiles};

use intake::Intake;
use login::BrowserLogins;
use past::PastSnapshots;
use problem::Problem;
use snapshot::Snapshots;
use turns::Turns;

use crate::analysis::AnalysisService;
use crate::clock::Clock;
use crate::identity::{Authenticator, Caller};
use crate::metrics::ProcessCounters;
use crate::oci::RegistryName;
use crate::store::{CrawlOrder, CrawlRecord, Store, StoreError};

/// The shared state of all requests.
struct Api {
    store: Store,
    settings: ApiSettings,
    /// Computes the figures.
    analysis: AnalysisService,
    clock: Arc<dyn Clock>,
    snapshots: Snapshots,
    past: PastSnapshots,
    /// Held while the analysis of figures that were read is computed.
    wholes: tokio::sync::Mutex<()>,
    authenticator: Authenticator,
    /// Logins of people with a browser, if a provider is configured for them.
    browser_logins: Option<BrowserLogins>,
    counters: ProcessCounters,
    /// Stores events that registries send.
    intake: Intake,
    /// Whether the service stops: streams of events then end.
    is_stopping: watch::Sender<bool>,
    /// Computing a month takes much memory for some seconds, so only one is computed at a time.
    months: Turns,
    /// What-if answers, each of which has figures of its own for every repository.
    what_ifs: Turns,
    /// Open streams of events.
    streams: Turns,
    /// The runtime of the store's connections. The server's threads have their own runtimes, and a connection
    /// opened on one of them would stall while that thread is busy.
    runtime: tokio::runtime::Handle,
    /// The OpenAPI document, which does not change while the service runs.
    openapi: Vec<u8>,
    /// The schemas of answers in it, by name.
    schemas: serde_json::Value,
}

impl Api {
    /// The path below which users reach the service; ends with a slash.
    fn base_path(&self) -> &str {
        self.settings
            .public_url
            .as_ref()
            .map_or("/", PublicUrl::base_path)
    }

    /// Whether a caller may see anything of a registry. Of one that has no figures yet, a caller who is limited to some
    /// repositories sees nothing.
    fn shows(&self, caller: &Caller, registry: &RegistryName) -> bool {
        let sees = caller.sees(registry);
        let shows = || {
            let snapshot = self.snapshots.current();
            snapshot.is_some_and(|snapshot| snapshot.shows(caller, registry))
        };
        sees && (caller.sees_whole_registries() || shows())
    }

    /// A page of the crawls that a caller may see.
    ///
    /// # Errors
    /// If the store fails.
    async fn crawls(
        &self,
        caller: &Caller,
        registry: Option<RegistryName>,
        last: Option<i64>,
        limit: u32,
        order: CrawlOrder,
    ) -> Result<Vec<CrawlRecord>, Problem> {
        let among = match caller.sees_everything() {
            true => None,
            false => {
                let known = self
                    .query_store(|store| async move { store.registries().await })
                    .await?;
                let names = known.into_iter().map(|record| record.registry.name);
                Some(names.filter(|name| self.shows(caller, name)).collect::<Vec<_>>())
            }
        };
        self.query_store(move |store| async move {
            store
                .crawls_among(among.as_deref(), registry.as_ref(), last, limit, order)
                .await
        })
        .await
    }

    /// Queries the store on the runtime of its connections.
    ///
    /// # Errors
    /// If the store fails.
    async fn query_store<T, Query>(&self, query: impl FnOnce(Store) -> Query) -> Result<T, Problem>
    where
        T: Send + 'static,
        Query: Future<Output = Result<T, StoreError>> + Send + 'static,
    {
        let query = query(self.store.clone());
        let task = self.runtime.spawn(query.in_current_span());
        let rows = task.await.map_err(Problem::internal)?;
        Ok(rows?)
    }

    /// Runs a computation on a thread that may block.
    ///
    /// # Errors
    /// If it panics.
    async fn run_blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let span = Span::current();
        let task = self.runtime.spawn_blocking(move || span.in_scope(work));
        task.await.map_err(Problem::internal)
    }
}
