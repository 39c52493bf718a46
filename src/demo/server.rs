//! The registry's HTTP API: the read half of the distribution specification, and the catalogue.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, web};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::json;

use super::content::{Contents, Repository};
use super::image::OCI_INDEX;
use crate::oci::Digest;

/// Entries of a catalogue page. Our choice: few enough to need several pages.
const CATALOG_PAGE: usize = 20;
/// Entries of a tag page. Our choice.
const TAGS_PAGE: usize = 100;

/// What the server serves: the contents of the year, and the moment that is shown.
pub(super) struct ServedState {
    pub contents: Contents,
    pub time: AtomicI64,
}

impl ServedState {
    fn time(&self) -> DateTime<Utc> {
        DateTime::from_timestamp(self.time.load(Ordering::Relaxed), 0).unwrap_or_default()
    }
}

/// Sets up the routes.
pub(super) fn routes(service: &mut web::ServiceConfig, shown: &Arc<ServedState>) {
    service
        .app_data(web::Data::from(Arc::clone(shown)))
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

/// One page of a sorted listing, and its `Link` if there are more.
fn page<'a>(
    request: &HttpRequest,
    paging: &Paging,
    most: usize,
    all: impl Iterator<Item = &'a str>,
) -> (Vec<&'a str>, Option<String>) {
    let size = paging.n.unwrap_or(most).clamp(1, most);
    let mut all = all
        .skip_while(|entry| paging.last.as_deref().is_some_and(|last| *entry <= last))
        .peekable();
    let page: Vec<&str> = all.by_ref().take(size).collect();
    let link = page.last().filter(|_| all.peek().is_some()).map(|last| {
        let query: String = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("last", last)
            .finish();
        format!("<{}?{query}&n={size}>; rel=\"next\"", request.path())
    });
    (page, link)
}

fn listing(link: Option<String>, body: &serde_json::Value) -> HttpResponse {
    let mut response = HttpResponse::Ok();
    if let Some(link) = link {
        response.insert_header((header::LINK, link));
    }
    response.json(body)
}

async fn catalog(
    request: HttpRequest,
    shown: web::Data<ServedState>,
    paging: web::Query<Paging>,
) -> HttpResponse {
    let (repositories, link) = page(
        &request,
        &paging,
        CATALOG_PAGE,
        shown.contents.repositories(shown.time()),
    );
    listing(link, &json!({"repositories": repositories}))
}

async fn tags(
    request: HttpRequest,
    shown: web::Data<ServedState>,
    name: web::Path<String>,
    paging: web::Query<Paging>,
) -> HttpResponse {
    let Some(repository) = shown.contents.repository(&name) else {
        return unknown("NAME_UNKNOWN", "repository name not known to registry");
    };
    let (tags, link) = page(&request, &paging, TAGS_PAGE, repository.tags(shown.time()));
    listing(link, &json!({"name": *name, "tags": tags}))
}

async fn manifest(shown: web::Data<ServedState>, path: web::Path<(String, String)>) -> HttpResponse {
    let (name, reference) = path.into_inner();
    let document = shown.contents.repository(&name).and_then(|repository| {
        let digest = match reference.parse::<Digest>() {
            Ok(digest) => Some(digest),
            Err(_) => repository.tag(&reference, shown.time()),
        };
        digest.filter(|digest| repository.holds(digest))
    });
    answer(&shown, document, "MANIFEST_UNKNOWN", "manifest unknown")
}

async fn blob(shown: web::Data<ServedState>, path: web::Path<(String, String)>) -> HttpResponse {
    let (name, digest) = path.into_inner();
    let held = |repository: &Repository| {
        let digest = digest.parse().ok()?;
        repository.holds(&digest).then_some(digest)
    };
    let digest = shown.contents.repository(&name).and_then(held);
    answer(&shown, digest, "BLOB_UNKNOWN", "blob unknown to registry")
}

async fn referrers(shown: web::Data<ServedState>, path: web::Path<(String, String)>) -> HttpResponse {
    let (name, digest) = path.into_inner();
    let (Some(repository), Ok(digest)) = (shown.contents.repository(&name), digest.parse()) else {
        return unknown("NAME_UNKNOWN", "repository name not known to registry");
    };
    let manifests = repository.referrers(&digest);
    HttpResponse::Ok()
        .content_type(OCI_INDEX)
        .body(json!({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": manifests}).to_string())
}

fn answer(shown: &ServedState, digest: Option<Digest>, code: &str, message: &str) -> HttpResponse {
    match digest.and_then(|digest| shown.contents.document(&digest)) {
        Some(document) => HttpResponse::Ok()
            .content_type(document.media_type)
            .insert_header(("Docker-Content-Digest", document.digest.to_string()))
            .body(document.bytes.clone()),
        None => unknown(code, message),
    }
}

fn unknown(code: &str, message: &str) -> HttpResponse {
    HttpResponse::build(StatusCode::NOT_FOUND).json(json!({"errors": [{"code": code, "message": message}]}))
}
