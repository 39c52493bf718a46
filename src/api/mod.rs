//! The service: REST under `/v1`, its documentation, and what operators look at.
//!
//! Everything that is read comes from a `Snapshot`, which is worked out off the way of requests
//! when the store has something newer. So a request waits for no query and no model, and an answer's rows
//! always add up, whatever is saved meanwhile.
//!
//! An `Operation` is declared once, with its parameters, its answer and its problems; route, checks and
//! the OpenAPI document come from the declaration. Every error of every kind is an RFC 9457 problem.

mod access;
mod budgets;
mod call;
mod credentials;
mod cursor;
mod list;
mod middleware;
mod negotiate;
mod openapi;
mod operation;
mod parameter;
mod problem;
mod provenance;
mod refresh;
mod reply;
mod resources;
mod seen;
mod server;
mod settings;
mod snapshot;
mod tls;

use std::sync::Arc;

use tokio::sync::Semaphore;
use tracing::{Instrument as _, Span};

pub use server::Server;
pub use settings::{AccessMode, ApiSettings, ServeError, TlsFiles};

use problem::Problem;
use snapshot::Snapshots;

use crate::analysis::AnalysisService;
use crate::clock::Clock;
use crate::identity::Authenticator;
use crate::metrics::ProcessCounters;
use crate::store::{Store, StoreError};

/// What every request has at hand.
struct Api {
    store: Store,
    settings: ApiSettings,
    /// Works out what is shown.
    analysis: AnalysisService,
    clock: Arc<dyn Clock>,
    snapshots: Snapshots,
    authenticator: Authenticator,
    counters: ProcessCounters,
    /// Held by whoever has a month drawn up, which takes much memory for seconds.
    drawing_up: Semaphore,
    /// The runtime that the store's connections live on. The server's threads have their own, and a
    /// connection that was opened on one of those would stand still whenever that thread is busy.
    runtime: tokio::runtime::Handle,
    /// The OpenAPI document, which does not change while the service runs.
    openapi: Vec<u8>,
}

impl Api {
    /// Asks the store something, where its connections live.
    ///
    /// # Errors
    /// Where the store fails.
    async fn ask<T, Asking>(&self, question: impl FnOnce(Store) -> Asking) -> Result<T, Problem>
    where
        T: Send + 'static,
        Asking: Future<Output = Result<T, StoreError>> + Send + 'static,
    {
        let asking = question(self.store.clone());
        let asking = self.runtime.spawn(asking.in_current_span());
        let answer = asking.await.map_err(Problem::internal)?;
        Ok(answer?)
    }

    /// Works something out on a thread where that holds up nobody.
    ///
    /// # Errors
    /// Where it panics.
    async fn work_out<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let span = Span::current();
        let working = self.runtime.spawn_blocking(move || span.in_scope(work));
        working.await.map_err(Problem::internal)
    }
}
