//! A reverse proxy that serves another server below a path, as nginx does.

use std::sync::mpsc;

use actix_web::dev::ServerHandle;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};

/// A proxy that runs until this is dropped.
pub struct Proxy {
    url: String,
    handle: ServerHandle,
    thread: Option<std::thread::JoinHandle<()>>,
}

/// What it does with the path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PathRule {
    /// The server sees the whole path.
    Keep,
    /// The server sees what comes after the prefix.
    Remove,
}

#[derive(Clone)]
struct Target {
    server: String,
    prefix: &'static str,
    rule: PathRule,
    client: reqwest::Client,
}

impl Proxy {
    /// A proxy for this server, below a prefix such as `/tare`.
    pub fn start(server: &str, prefix: &'static str, rule: PathRule) -> Self {
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let address = listener.local_addr().expect("an address");
        let target = Target {
            server: server.to_owned(),
            prefix,
            rule,
            client: reqwest::Client::builder()
                .redirect(reqwest::redirect::Policy::none())
                .no_gzip()
                .build()
                .expect("a client"),
        };
        let (ready, started) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async {
                let server = HttpServer::new(move || {
                    App::new()
                        .app_data(web::Data::new(target.clone()))
                        .default_service(web::to(pass))
                })
                .workers(1)
                .disable_signals()
                .listen(listener)
                .expect("it listens")
                .run();
                ready.send(server.handle()).expect("the test waits");
                server.await.expect("the server runs");
            });
        });
        Self {
            url: format!("http://{address}"),
            handle: started.recv().expect("the server starts"),
            thread: Some(thread),
        }
    }

    /// Where it is, without a slash at the end.
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        drop(self.handle.stop(false));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn pass(request: HttpRequest, body: web::Bytes, target: web::Data<Target>) -> HttpResponse {
    let path = request.uri().to_string();
    let Some(rest) = path.strip_prefix(target.prefix) else {
        return HttpResponse::NotFound().body("nothing but the prefix is here");
    };
    let path = match target.rule {
        PathRule::Keep => path.as_str(),
        PathRule::Remove => rest,
    };
    let method = reqwest::Method::from_bytes(request.method().as_str().as_bytes()).expect("a method");
    let mut passed = target
        .client
        .request(method, format!("{}{path}", target.server))
        .body(body.to_vec());
    for (name, value) in request.headers() {
        if name != "content-length" {
            passed = passed.header(name.as_str(), value.as_bytes());
        }
    }
    let answer = passed.send().await.expect("an answer");
    let status = actix_web::http::StatusCode::from_u16(answer.status().as_u16()).expect("a status");
    let mut response = HttpResponse::build(status);
    for (name, value) in answer.headers() {
        if name != "transfer-encoding" && name != "content-length" {
            response.append_header((name.as_str(), value.as_bytes()));
        }
    }
    response.body(answer.bytes().await.expect("a body"))
}
