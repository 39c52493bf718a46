//! The server: its address, the routes of the operations, and a graceful shutdown.

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::middleware::{Compress, from_fn};
use actix_web::{App, HttpRequest, HttpServer, web};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::Api;
use super::call::{dispatch, unknown_path};
use super::intake::Intake;
use super::login::{self, BrowserLogins};
use super::middleware::around;
use super::openapi::{Credentials, document};
use super::operation::Operation;
use super::past::PastSnapshots;
use super::refresh::refresh;
use super::resources::{EVENTS_PATH, operations};
use super::settings::{ApiSettings, ServeError};
use super::snapshot::Snapshots;
use super::tls;
use super::turns::Turns;
use crate::analysis::AnalysisService;
use crate::clock::Clock;
use crate::identity::{Authenticator, LoginOptions, Logins};
use crate::metrics::ProcessCounters;
use crate::page;
use crate::store::Store;

/// How long an idle connection is kept: longer than load balancers keep it, which would otherwise send a request
/// into a connection that is being closed.
const KEEP_ALIVE: Duration = Duration::from_secs(75);

/// How long a client may take to send the headers of a request. Our choice: slow lines need less than a second.
const HEADERS_TIMEOUT: Duration = Duration::from_secs(10);
/// The most connections, idle ones included. Our choice: below the 1024 files that most systems let a process open, so that
/// the database stays reachable.
const MOST_CONNECTIONS: usize = 800;
/// How many what-if answers are computed at the same time. Our choice: each may take as much memory as the figures.
const WHAT_IFS_AT_A_TIME: usize = 2;
/// How many requests wait for a turn. Our choice: a page sends a few at once, and no client waits for long.
const MOST_WAITING: usize = 16;
/// The most open streams of events. Our choice: each asks the database every second.
const MOST_STREAMS: usize = 200;

/// The service on its address, ready to run.
pub struct Server {
    address: SocketAddr,
    is_tls: bool,
    running: actix_web::dev::Server,
    handle: ServerHandle,
    api: Arc<Api>,
}

impl Server {
    /// Binds the address. Requests wait until [`Server::run`].
    ///
    /// # Errors
    /// If the address is not available, or a certificate cannot be used: the server's own or one for an issuer.
    /// Issuers need not be reachable.
    pub fn bind(
        address: SocketAddr,
        store: Store,
        analysis: AnalysisService,
        settings: ApiSettings,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, ServeError> {
        let bind = |source| ServeError::Bind { address, source };
        let listener = TcpListener::bind(address).map_err(bind)?;
        let address = listener.local_addr().map_err(bind)?;
        let tls = settings.tls.as_ref().map(tls::server_config).transpose()?;
        let mut books: Vec<&str> = analysis
            .inputs()
            .costs
            .books
            .iter()
            .map(|book| book.id.as_str())
            .collect();
        books.sort_unstable();
        books.dedup();
        let counters = ProcessCounters::new().map_err(|error| ServeError::Counters(error.to_string()))?;
        let operations = operations(settings.has_open_metrics);
        let runtime = tokio::runtime::Handle::current();
        let authenticator = Authenticator::new(
            store.clone(),
            &settings.issuers,
            Arc::clone(&clock),
            runtime.clone(),
        )
        .map_err(|(issuer, source)| ServeError::Issuer { issuer, source })?;
        let documents = settings.issuers.iter().map(|issuer| issuer.issuer.document());
        let has_logins = settings.issuers.iter().any(|issuer| issuer.login.is_some());
        let browser_logins = has_logins
            .then(|| {
                let scheme = if tls.is_some() { "https" } else { "http" };
                let own = || {
                    format!("{scheme}://{address}/")
                        .parse()
                        .map_err(ServeError::Address)
                };
                let home = settings.public_url.clone().map_or_else(own, Ok)?;
                let options = LoginOptions {
                    home: home.url().clone(),
                    redirect: home.join("auth/callback"),
                    lifetime: settings.session_lifetime,
                    idle_timeout: settings.session_idle_timeout,
                };
                let logins = Logins::new(
                    store.clone(),
                    authenticator.issuers(),
                    options,
                    Arc::clone(&clock),
                    runtime.clone(),
                );
                Ok::<_, ServeError>(BrowserLogins::new(logins, home))
            })
            .transpose()?;
        let cookie = browser_logins.as_ref().map(BrowserLogins::session_cookie);
        let credentials = Credentials::new(settings.access, documents, cookie);
        // Paths in the document begin with a slash.
        let server = settings
            .public_url
            .as_ref()
            .map_or("/", |url| url.as_str().trim_end_matches('/'));
        let mut document = document(&operations, &credentials, &books, server);
        let openapi = document.to_string().into_bytes();
        let schemas = document["components"]["schemas"].take();
        let routes = Arc::new(by_path(operations));
        let intake = Intake::start(store.clone(), Arc::clone(&clock));
        let api = Arc::new(Api {
            intake,
            store,
            settings,
            analysis,
            clock,
            snapshots: Snapshots::default(),
            past: PastSnapshots::default(),
            wholes: tokio::sync::Mutex::default(),
            authenticator,
            browser_logins,
            counters,
            is_stopping: watch::Sender::new(false),
            months: Turns::new(1, MOST_WAITING, "requests for figures of the past"),
            what_ifs: Turns::new(WHAT_IFS_AT_A_TIME, MOST_WAITING, "what-if requests"),
            streams: Turns::new(MOST_STREAMS, 0, "streams of events are open"),
            runtime,
            openapi,
            schemas,
        });
        // Actix limits connections for each worker.
        let workers = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        let shared = Arc::clone(&api);
        let server = HttpServer::new(move || {
            let api = Arc::clone(&shared);
            let routes = Arc::clone(&routes);
            App::new()
                .app_data(web::Data::new(Arc::clone(&api)))
                .wrap(Compress::default())
                .wrap(from_fn(around))
                .configure(move |service| configure(service, &api, &routes))
                .default_service(web::to(unknown_path))
        })
        .disable_signals()
        .keep_alive(KEEP_ALIVE)
        .client_request_timeout(HEADERS_TIMEOUT)
        .workers(workers)
        .max_connections(MOST_CONNECTIONS.div_ceil(workers))
        .shutdown_timeout(api.settings.shutdown_timeout.as_secs());
        let is_tls = tls.is_some();
        let running = match tls {
            Some(tls) => server.listen_rustls_0_23(listener, tls)?,
            None => server.listen(listener)?,
        }
        .run();
        let handle = running.handle();
        Ok(Self {
            address,
            is_tls,
            running,
            handle,
            api,
        })
    }

    /// Its address, with the port that the system chose if none was given.
    pub fn url(&self) -> String {
        let scheme = if self.is_tls { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }

    /// Serves until `stop` completes; then accepts no more requests, ends streams of events and finishes the other
    /// requests in progress.
    ///
    /// # Errors
    /// If the server fails.
    pub async fn run(self, stop: impl Future<Output = ()>) -> Result<(), ServeError> {
        // Aborted when this is dropped.
        let mut refreshing = JoinSet::new();
        refreshing.spawn(refresh(Arc::clone(&self.api)));
        for issuer in self.api.authenticator.issuers() {
            refreshing.spawn(Arc::clone(issuer).keep_fresh(Arc::clone(&self.api.clock)));
        }
        let running = tokio::spawn(self.running);
        stop.await;
        self.api.is_stopping.send_replace(true);
        self.handle.stop(true).await;
        drop(refreshing);
        match running.await {
            Ok(ended) => Ok(ended?),
            Err(error) => Err(ServeError::Server(std::io::Error::other(error))),
        }
    }
}

/// The operations by path.
fn by_path(operations: Vec<Operation>) -> BTreeMap<&'static str, Arc<Vec<Operation>>> {
    let mut routes: BTreeMap<&'static str, Vec<Operation>> = BTreeMap::new();
    for operation in operations {
        routes.entry(operation.path).or_default().push(operation);
    }
    routes
        .into_iter()
        .map(|(path, operations)| (path, Arc::new(operations)))
        .collect()
}

fn configure(
    service: &mut web::ServiceConfig,
    api: &Arc<Api>,
    routes: &BTreeMap<&'static str, Arc<Vec<Operation>>>,
) {
    // Each route with a parameter is a regular expression, and they are tried one after another. Events come by thousands a
    // second, so theirs is the first.
    let (first, others): (Vec<_>, Vec<_>) = routes.iter().partition(|(path, _)| **path == EVENTS_PATH);
    for (path, operations) in first.into_iter().chain(others) {
        let (api, operations) = (Arc::clone(api), Arc::clone(operations));
        let answer = move |request: HttpRequest, payload: web::Payload| {
            dispatch(Arc::clone(&api), Arc::clone(&operations), request, payload)
        };
        // Every method is routed here, so that an unsupported one is answered with a problem.
        service.service(web::resource(*path).to(answer));
    }
    login::configure(service);
    page::configure(service, api.settings.grafana_url.as_ref());
}
