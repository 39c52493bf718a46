//! The processing that every request and every answer gets.

use std::sync::Arc;
use std::time::Instant;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::http::uri::PathAndQuery;
use actix_web::http::{StatusCode, Uri};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage as _, HttpResponse, web};
use tracing::{Instrument as _, Span};

use super::Api;
use super::call::RequestId;
use super::problem::{MEDIA_TYPE, MISDIRECTED, Problem, ProblemRequest};
use super::reply::GZIP_SUFFIX;
use super::settings::AccessMode;
use crate::metrics::ProcessCounters;
use crate::oci::host_without_port;
use crate::oci::text::printable;
use crate::units::milliseconds;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// The maximum length of a request id from the client. Our choice: UUIDs (36) and W3C trace contexts (55) fit, and log
/// lines stay short.
const LONGEST_REQUEST_ID: usize = 128;

/// The most requests in progress. Our choice: far more than a service answers at once, and their bodies take 64 MB at most.
const MOST_IN_FLIGHT: i64 = 256;

/// The default headers of every answer.
const SECURITY_HEADERS: [(HeaderName, &str); 6] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
];

/// Gives the request its id and a span, refuses requests for other hosts, and finishes the answer.
pub(super) async fn around(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let api = request.app_data::<web::Data<Arc<Api>>>().cloned();
    if let Some(api) = api {
        remove_base_path(&mut request, api.base_path());
    }
    let id = own_id(&request).unwrap_or_else(|| format!("{:032x}", fastrand::u128(..)));
    let span = request_span(&request, &id);
    answer(request, next, id).instrument(span).await
}

/// Removes the path of the public URL from a request, for a proxy that keeps it. One that removes it needs nothing.
fn remove_base_path(request: &mut ServiceRequest, base_path: &str) {
    let uri = request.uri();
    let Some(rest) = uri
        .path_and_query()
        .and_then(|path| path.as_str().strip_prefix(base_path))
    else {
        return;
    };
    let mut parts = uri.clone().into_parts();
    let Ok(path) = PathAndQuery::try_from(format!("/{rest}")) else {
        return;
    };
    parts.path_and_query = Some(path);
    if let Ok(uri) = Uri::from_parts(parts) {
        request.match_info_mut().get_mut().update(&uri);
        request.head_mut().uri = uri;
    }
}

/// The answer to a request for the base path without its slash, below which relative addresses would be wrong.
fn to_base_path(request: &ServiceRequest, base_path: &str) -> Option<HttpResponse> {
    let is_base = base_path != "/" && base_path.strip_suffix('/') == Some(request.path());
    is_base.then(|| {
        let query = request.uri().query();
        let target = query.map_or_else(|| base_path.to_owned(), |query| format!("{base_path}?{query}"));
        HttpResponse::PermanentRedirect()
            .insert_header((header::LOCATION, target))
            .finish()
    })
}

/// The span of a request. Its level is the highest, so every log line within it has the id at any log level.
fn request_span(request: &ServiceRequest, id: &str) -> Span {
    tracing::error_span!(
        "request",
        request_id = id,
        method = request.method().as_str(),
        route = request.match_pattern()
    )
}

async fn answer(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
    id: String,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let started = Instant::now();
    request.extensions_mut().insert(RequestId(id.clone()));
    let (method, path) = (request.method().clone(), request.path().to_owned());
    let api = request.app_data::<web::Data<Arc<Api>>>().cloned();
    let is_tls = request.app_config().secure();

    let counters = api.as_ref().map(|api| api.counters.clone());
    let in_flight = counters.as_ref().map(ProcessCounters::begin_request);
    let base_path = api.as_ref().map_or("/", |api| api.base_path());
    let to = ProblemRequest {
        path: &path,
        request_id: &id,
        base_path,
    };
    let refused = api
        .as_ref()
        .and_then(|api| overloaded(api, &path).or_else(|| misdirected(api, &request)));
    let ready = refused
        .map(|problem| problem.respond(&to))
        .or_else(|| to_base_path(&request, base_path));
    let mut response = match ready {
        Some(ready) => request.into_response(ready),
        None => match next.call(request).await {
            Ok(response) => response.map_into_boxed_body(),
            Err(error) => {
                let status = error.as_response_error().status_code();
                log_failure(status, &error);
                let problem = Problem::from_status(status);
                return Err(InternalError::from_response(error, problem.respond(&to)).into());
            }
        },
    };
    // A lower layer may have answered with an error of its own.
    let status = response.status();
    if (status.is_client_error() || status.is_server_error()) && !is_explained(&response) {
        if let Some(error) = response.response().error() {
            log_failure(status, error);
        }
        response = response.into_response(Problem::from_status(status).respond(&to));
    }
    mark_compressed(&mut response);
    let headers = response.headers_mut();
    for (name, value) in SECURITY_HEADERS {
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
    if is_tls {
        headers.insert(
            header::STRICT_TRANSPORT_SECURITY,
            HeaderValue::from_static("max-age=31536000"),
        );
    }
    if let Ok(value) = HeaderValue::from_str(&id) {
        headers.insert(REQUEST_ID, value);
    }
    if let Some(counters) = &counters {
        let route = response.request().match_pattern().unwrap_or_default();
        counters.count_request(
            method.as_str(),
            &route,
            response.status().as_u16(),
            started.elapsed(),
        );
    }
    drop(in_flight);
    tracing::debug!(
        path,
        status = response.status().as_u16(),
        milliseconds = milliseconds(started.elapsed()),
        "request answered"
    );
    Ok(response)
}

/// Logs the cause of a server error that a lower layer answered.
fn log_failure(status: StatusCode, error: &Error) {
    if status.is_server_error() {
        tracing::error!(%error, status = status.as_u16(), "request failed");
    }
}

/// The client's id for the request, if it is safe to log.
fn own_id(request: &ServiceRequest) -> Option<String> {
    let text = request.headers().get(REQUEST_ID)?.to_str().ok()?;
    let is_plain = (1..=LONGEST_REQUEST_ID).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b':'));
    is_plain.then(|| text.to_owned())
}

/// The answer while too many other requests are in progress. Whether the process is alive can always be asked.
fn overloaded(api: &Api, path: &str) -> Option<Problem> {
    let is_full = api.counters.requests_in_flight() > MOST_IN_FLIGHT && path != "/healthz";
    is_full.then(|| {
        Problem::unavailable(
            format!("more than {MOST_IN_FLIGHT} requests are in progress; ask again in a second"),
            1,
        )
    })
}

/// Checks that a request is for this host. Needed only without access control: a web page could point its own
/// domain name to this machine and read the answers through a browser (DNS rebinding).
fn misdirected(api: &Api, request: &ServiceRequest) -> Option<Problem> {
    if api.settings.access != AccessMode::Anonymous || api.settings.is_open_to_all_hosts {
        return None;
    }
    let info = request.connection_info();
    let authority = request
        .headers()
        .get(header::HOST)
        .and_then(|host| host.to_str().ok())
        .unwrap_or_else(|| info.host());
    let host = host_without_port(authority);
    let is_own = host.eq_ignore_ascii_case("localhost")
        || host == "[::1]"
        || host
            .parse::<std::net::Ipv4Addr>()
            .is_ok_and(|address| address.is_loopback())
        || api
            .settings
            .public_url
            .as_ref()
            .is_some_and(|url| url.host().eq_ignore_ascii_case(host))
        || api
            .settings
            .hosts
            .iter()
            .any(|own| own.eq_ignore_ascii_case(host));
    (!is_own).then(|| {
        Problem::new(
            &MISDIRECTED,
            format!(
                "this service does not answer for the host name {}; the operator can add it to hosts in [serve] \
                 (TARE_SERVE_HOSTS), or set public_url",
                printable(host)
            ),
        )
    })
}

/// Whether an error says what is wrong: as a problem, or as a page for people.
fn is_explained(response: &ServiceResponse<BoxBody>) -> bool {
    let content_type = response.headers().get(header::CONTENT_TYPE);
    content_type.is_some_and(|value| {
        value.as_bytes() == MEDIA_TYPE.as_bytes() || value.as_bytes().starts_with(b"text/html")
    })
}

/// Gives a compressed body its own tag: a strong tag identifies the bytes that are sent.
fn mark_compressed(response: &mut ServiceResponse<BoxBody>) {
    let headers = response.headers_mut();
    let is_compressed = headers
        .get(header::CONTENT_ENCODING)
        .is_some_and(|coding| coding == "gzip");
    if !is_compressed {
        return;
    }
    let marked = headers
        .get(header::ETAG)
        .and_then(|tag| tag.to_str().ok())
        .and_then(|tag| tag.strip_suffix('"'))
        .and_then(|tag| HeaderValue::from_str(&format!("{tag}{GZIP_SUFFIX}\"")).ok());
    if let Some(marked) = marked {
        headers.insert(header::ETAG, marked);
    }
}
