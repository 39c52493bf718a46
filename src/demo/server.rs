//! The HTTP API of a registry: the read half of the distribution specification, and the catalogue.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};

use actix_web::dev::{ServerHandle, Service as _};
use actix_web::http::{StatusCode, header};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use serde::Deserialize;
use serde_json::json;

use super::content::{Content, Document, Page};
use super::error::DemoError;
use super::image::OCI_INDEX;

/// A running server, in a thread of its own. It stops when dropped.
pub(super) struct RegistryServer {
    pub address: SocketAddr,
    requests: Arc<AtomicU64>,
    handle: ServerHandle,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl RegistryServer {
    /// Serves a content at an address, with so many threads that answer.
    ///
    /// # Errors
    /// If the address cannot be bound.
    pub fn start(address: SocketAddr, content: Arc<dyn Content>, workers: usize) -> Result<Self, DemoError> {
        let (ready, started) = mpsc::channel();
        let requests = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&requests);
        // A separate actix runtime, so that it neither needs nor disturbs the caller's.
        let thread = std::thread::spawn(move || {
            let outcome = actix_web::rt::System::new().block_on(async {
                let app = move || {
                    let counter = Arc::clone(&counter);
                    App::new()
                        .configure(|service| routes(service, &content))
                        .wrap_fn(move |request, app| {
                            counter.fetch_add(1, Ordering::Relaxed);
                            app.call(request)
                        })
                };
                let server = HttpServer::new(app)
                    .workers(workers)
                    .disable_signals()
                    .bind(address)?;
                let addresses = server.addrs();
                let server = server.run();
                // The receiver is gone only if the caller panicked, and then the answer is not needed.
                let _ = ready.send(Ok((addresses, server.handle())));
                server.await
            });
            if let Err(error) = outcome {
                let _ = ready.send(Err(error));
            }
        });
        let (addresses, handle) = started
            .recv()
            .map_err(|_| std::io::Error::other("the server's thread ended"))??;
        let address = *addresses
            .first()
            .ok_or_else(|| std::io::Error::other("no address was bound"))?;
        Ok(Self {
            address,
            requests,
            handle,
            thread: Some(thread),
        })
    }

    /// How many requests it has received.
    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }
}

impl Drop for RegistryServer {
    fn drop(&mut self) {
        // An ungraceful stop is only a message, so nothing has to be polled.
        drop(self.handle.stop(false));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Sets up the routes.
pub(super) fn routes(service: &mut web::ServiceConfig, content: &Arc<dyn Content>) {
    service
        .app_data(web::Data::from(Arc::clone(content)))
        .route("/v2/", web::get().to(HttpResponse::Ok))
        .route("/v2/_catalog", web::get().to(catalog))
        .route("/v2/{name:.+}/tags/list", web::get().to(tags))
        .route("/v2/{name:.+}/manifests/{reference}", web::get().to(manifest))
        .route("/v2/{name:.+}/manifests/{reference}", web::head().to(manifest))
        .route("/v2/{name:.+}/blobs/{digest}", web::get().to(blob))
        .route("/v2/{name:.+}/blobs/{digest}", web::head().to(blob))
        .route("/v2/{name:.+}/referrers/{digest}", web::get().to(referrers));
}

#[derive(Deserialize)]
struct Paging {
    n: Option<usize>,
    last: Option<String>,
}

impl Paging {
    fn size(&self, most: usize) -> usize {
        self.n.unwrap_or(most).clamp(1, most)
    }
}

/// A page as an answer, with the `Link` to the next one if there are more entries.
fn listing(request: &HttpRequest, page: &Page, size: usize, body: &serde_json::Value) -> HttpResponse {
    let mut response = HttpResponse::Ok();
    if let Some(last) = page.entries.last().filter(|_| page.has_more) {
        let query: String = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("last", last)
            .finish();
        let link = format!("<{}?{query}&n={size}>; rel=\"next\"", request.path());
        response.insert_header((header::LINK, link));
    }
    response.json(body)
}

async fn catalog(
    request: HttpRequest,
    content: web::Data<dyn Content>,
    paging: web::Query<Paging>,
) -> HttpResponse {
    let size = paging.size(content.page_sizes().repositories);
    let page = content.repositories(paging.last.as_deref(), size);
    listing(&request, &page, size, &json!({"repositories": page.entries}))
}

async fn tags(
    request: HttpRequest,
    content: web::Data<dyn Content>,
    name: web::Path<String>,
    paging: web::Query<Paging>,
) -> HttpResponse {
    let size = paging.size(content.page_sizes().tags);
    match content.tags(&name, paging.last.as_deref(), size) {
        Some(page) => listing(
            &request,
            &page,
            size,
            &json!({"name": *name, "tags": page.entries}),
        ),
        None => unknown("NAME_UNKNOWN", "repository name not known to registry"),
    }
}

async fn manifest(content: web::Data<dyn Content>, path: web::Path<(String, String)>) -> HttpResponse {
    let (name, reference) = path.into_inner();
    let document = content.manifest(&name, &reference);
    answer(document, "MANIFEST_UNKNOWN", "manifest unknown")
}

async fn blob(content: web::Data<dyn Content>, path: web::Path<(String, String)>) -> HttpResponse {
    let (name, digest) = path.into_inner();
    let document = content.blob(&name, &digest);
    answer(document, "BLOB_UNKNOWN", "blob unknown to registry")
}

async fn referrers(content: web::Data<dyn Content>, path: web::Path<(String, String)>) -> HttpResponse {
    let (name, digest) = path.into_inner();
    let Some(manifests) = content.referrers(&name, &digest) else {
        return unknown("NAME_UNKNOWN", "repository name not known to registry");
    };
    HttpResponse::Ok()
        .content_type(OCI_INDEX)
        .body(json!({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": manifests}).to_string())
}

fn answer(document: Option<Document>, code: &str, message: &str) -> HttpResponse {
    match document {
        Some(document) => HttpResponse::Ok()
            .content_type(document.media_type)
            .insert_header(("Docker-Content-Digest", document.digest.to_string()))
            .body(document.bytes),
        None => unknown(code, message),
    }
}

fn unknown(code: &str, message: &str) -> HttpResponse {
    HttpResponse::build(StatusCode::NOT_FOUND).json(json!({"errors": [{"code": code, "message": message}]}))
}
