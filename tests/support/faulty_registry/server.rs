use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use actix_web::dev::ServerHandle;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};

use super::endpoints;
use super::rules::{Rule, RuleBuilder};
use super::setup::Login;
use super::{Content, Links, Request, Setup};

/// What the test and the serving thread share.
pub(super) struct Shared {
    pub(super) url: String,
    pub(super) content: Mutex<Content>,
    pub(super) page_size: usize,
    pub(super) links: Links,
    pub(super) says_digest: bool,
    pub(super) has_referrers: bool,
    pub(super) lists_manifests: bool,
    pub(super) lists_as_google: bool,
    pub(super) login: Mutex<Login>,
    requests: Mutex<Vec<Request>>,
    rules: Mutex<Vec<Rule>>,
    in_flight: AtomicUsize,
    most_in_flight: AtomicUsize,
}

/// A running registry; it stops when dropped.
pub struct FaultyRegistry {
    shared: Arc<Shared>,
    handle: ServerHandle,
    thread: Option<JoinHandle<()>>,
}

impl FaultyRegistry {
    pub(super) fn serve(setup: Setup) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let address = listener.local_addr().expect("the socket is bound");
        let shared = Arc::new(Shared {
            url: format!("http://{address}"),
            content: Mutex::new(setup.content),
            page_size: setup.page_size,
            links: setup.links,
            says_digest: setup.says_digest,
            has_referrers: setup.has_referrers,
            lists_manifests: setup.lists_manifests,
            lists_as_google: setup.lists_as_google,
            login: Mutex::new(setup.login),
            requests: Mutex::default(),
            rules: Mutex::default(),
            in_flight: AtomicUsize::new(0),
            most_in_flight: AtomicUsize::new(0),
        });
        let data = web::Data::from(Arc::clone(&shared));
        let (send_handle, receive_handle) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let server = HttpServer::new(move || {
                    App::new()
                        .app_data(data.clone())
                        .default_service(web::to(respond))
                })
                .workers(1)
                // On a busy machine a client may open a connection seconds before it asks.
                .client_request_timeout(Duration::ZERO)
                .disable_signals()
                .shutdown_timeout(0)
                .listen(listener)
                .expect("the socket is bound")
                .run();
                send_handle.send(server.handle()).expect("the test waits for it");
                server.await.expect("the server ends when told to");
            });
        });
        let handle = receive_handle.recv().expect("the server has started");
        Self {
            shared,
            handle,
            thread: Some(thread),
        }
    }

    /// `http://127.0.0.1:…`
    pub fn url(&self) -> &str {
        &self.shared.url
    }

    /// Changes what the registry holds while it runs.
    pub fn change(&self, change: impl FnOnce(&mut Content)) {
        change(&mut self.shared.content.lock().expect("no test panics inside"));
    }

    /// Chooses the requests whose answers are to be spoilt. The first rule that fits a request and is
    /// not used up applies.
    pub fn on(&self, matches: impl Fn(&Request) -> bool + Send + Sync + 'static) -> RuleBuilder<'_> {
        RuleBuilder {
            registry: self,
            matches: Box::new(matches),
            times: usize::MAX,
        }
    }

    /// Is honest from now on.
    pub fn heal(&self) {
        self.rules().clear();
    }

    /// Every request so far, those to the token server among them.
    pub fn requests(&self) -> Vec<Request> {
        self.log().clone()
    }

    /// How many requests of a method had this in their path.
    pub fn count(&self, method: &str, part_of_path: &str) -> usize {
        self.log()
            .iter()
            .filter(|request| request.method == method && request.path.contains(part_of_path))
            .count()
    }

    pub fn forget_requests(&self) {
        self.log().clear();
    }

    /// The most requests that were being answered at the same time.
    pub fn most_in_flight(&self) -> usize {
        self.shared.most_in_flight.load(Ordering::Relaxed)
    }

    /// Refuses every token given so far, as a token server does that was restarted.
    pub fn revoke_tokens(&self) {
        if let Login::Tokens(tokens) = &mut *self.shared.login.lock().expect("no test panics inside") {
            tokens.revoke();
        }
    }

    pub(super) fn add_rule(&self, rule: Rule) {
        self.rules().push(rule);
    }

    fn rules(&self) -> std::sync::MutexGuard<'_, Vec<Rule>> {
        self.shared.rules.lock().expect("no test panics inside")
    }

    fn log(&self) -> std::sync::MutexGuard<'_, Vec<Request>> {
        self.shared.requests.lock().expect("no test panics inside")
    }
}

impl Drop for FaultyRegistry {
    fn drop(&mut self) {
        futures::executor::block_on(self.handle.stop(false));
        if let Some(thread) = self.thread.take() {
            // A panic there has been reported already, and one in a drop would hide the test's own.
            let _ = thread.join();
        }
    }
}

async fn respond(shared: web::Data<Shared>, http: HttpRequest, body: web::Bytes) -> HttpResponse {
    let request = Request {
        method: http.method().to_string(),
        path: http
            .uri()
            .path_and_query()
            .map_or_else(String::new, ToString::to_string),
        headers: http
            .headers()
            .iter()
            .map(|(name, value)| {
                (
                    name.to_string(),
                    String::from_utf8_lossy(value.as_bytes()).into_owned(),
                )
            })
            .collect(),
        body: String::from_utf8_lossy(&body).into_owned(),
        at: Instant::now(),
    };
    let in_flight = shared.in_flight.fetch_add(1, Ordering::Relaxed) + 1;
    shared.most_in_flight.fetch_max(in_flight, Ordering::Relaxed);
    shared
        .requests
        .lock()
        .expect("no test panics inside")
        .push(request.clone());
    let honest = endpoints::answer(&shared, &request);
    let mut answer = Rule::apply_first(
        &mut shared.rules.lock().expect("no test panics inside"),
        &request,
        honest,
    );
    if !answer.delay.is_zero() {
        actix_web::rt::time::sleep(answer.delay).await;
    }
    if let Some(held) = &mut answer.held {
        // Where the gate is gone, so is the test.
        let _ = held.wait_for(|is_open| *is_open).await;
    }
    shared.in_flight.fetch_sub(1, Ordering::Relaxed);
    answer.into_response()
}
