//! A request: checked, then passed to the function that answers it.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use actix_web::error::PayloadError;
use actix_web::http::Method;
use actix_web::http::header::{self, Accept, Header as _};
use actix_web::web::{self, Bytes};
use actix_web::{HttpMessage as _, HttpRequest, HttpResponse};
use chrono::NaiveDate;
use futures::{Stream, StreamExt as _};
use serde::de::DeserializeOwned;
use tokio::time::{Instant, timeout_at};
use tracing::Instrument as _;

use super::Api;
use super::access::Access;
use super::event_sender::EventSender;
use super::negotiate::preferred;
use super::openapi::Shape;
use super::operation::{Content, Operation};
use super::parameter::Values;
use super::problem::{
    INVALID_BODY, INVALID_REQUEST, Invalid, NOT_ACCEPTABLE, Place, Problem, ProblemRequest, TOO_LARGE,
    TOO_SLOW, UNSUPPORTED_MEDIA_TYPE,
};
use super::reply::Reply;
use super::snapshot::Snapshot;
use crate::analysis::{AnalysisError, AnalysisService, RegistryMonth};
use crate::export::BilledMonth;
use crate::identity::{Caller, Scope};
use crate::oci::RegistryName;
use crate::oci::text::printable;
use crate::units::Period;

/// The maximum size of a body, in bytes. Our choice: a what-if request with the most and longest patterns (1000 of
/// 255 bytes) fits.
pub(super) const LARGEST_BODY: usize = 256 * 1024;

/// How long a body may take, however many pieces it comes in. Our choice: the largest one at 20 kB a second.
const BODY_TIMEOUT: Duration = Duration::from_secs(15);

/// The identifier of a request in the log.
#[derive(Debug, Clone)]
pub(super) struct RequestId(pub String);

/// A request whose caller, parameters and body have been checked.
pub(super) struct Call {
    pub api: Arc<Api>,
    pub request: HttpRequest,
    pub caller: Caller,
    /// The parameters of path, query and headers.
    pub values: Values,
    /// The requested format of the answer.
    pub form: &'static str,
    /// The schema of the answer, if it is JSON.
    pub(super) shape: Option<Shape>,
    /// Whether clients may cache the answer, as the operation declares.
    is_cacheable: bool,
    /// The body; empty if the operation has none.
    pub body: Bytes,
}

impl Call {
    /// The figures to answer from.
    ///
    /// # Errors
    /// If none have been computed yet.
    pub(super) fn snapshot(&self) -> Result<Arc<Snapshot>, Problem> {
        let snapshots = &self.api.snapshots;
        snapshots.current().ok_or_else(|| snapshots.none_yet())
    }

    /// Whether a registry of this name exists and the caller may see it.
    pub(super) fn knows(&self, registry: &str) -> bool {
        let snapshot = self.api.snapshots.current();
        snapshot.is_some_and(|snapshot| {
            snapshot
                .registry_row(registry)
                .is_ok_and(|row| snapshot.shows(&self.caller, &row.registry))
        })
    }

    /// The current day in UTC.
    pub(super) fn today(&self) -> NaiveDate {
        self.api.clock.now().date_naive()
    }

    /// The days of a window; `None` if it was not given.
    ///
    /// # Errors
    /// If it is not a window, or in the future.
    pub(super) fn window(&self, name: &str) -> Result<Option<Period>, Problem> {
        let window = self
            .values
            .text(name)
            .map(|text| Period::from_window(text, self.today()));
        window
            .transpose()
            .map_err(|error| Problem::invalid_query(name, error))
    }

    /// Runs a task of the analysis on the runtime of the store's connections. Only one runs at a time, since each takes much
    /// memory.
    ///
    /// # Errors
    /// If the task fails.
    pub(super) async fn analyse<T, Work>(
        &self,
        work: impl FnOnce(AnalysisService) -> Work,
    ) -> Result<T, Problem>
    where
        T: Send + 'static,
        Work: Future<Output = Result<T, AnalysisError>> + Send + 'static,
    {
        let turn = self.api.months.next().await?;
        let work = work(self.api.analysis.clone());
        let task = async move {
            let done = work.await;
            drop(turn);
            done
        };
        let task = self.api.runtime.spawn(task.in_current_span());
        Ok(task.await.map_err(Problem::internal)??)
    }

    /// The statements of each registry in a month.
    ///
    /// # Errors
    /// If the store fails or a bill cannot be computed.
    pub(super) async fn statements(&self, month: Period) -> Result<Vec<RegistryMonth>, Problem> {
        let now = self.api.clock.now();
        self.analyse(move |analysis| async move { analysis.months(month, now).await })
            .await
    }

    /// The cost of each registry in a month, ready for export.
    ///
    /// # Errors
    /// If the store fails or a bill cannot be computed.
    pub(super) async fn months(&self, month: Period) -> Result<Vec<(RegistryName, BilledMonth)>, Problem> {
        let months = self.statements(month).await?;
        let accounts = &self.api.settings.accounts;
        Ok(months
            .into_iter()
            .map(|month| {
                let account = accounts.account_of(&month.registry);
                (month.registry, BilledMonth::new(month.statements, account))
            })
            .collect())
    }

    /// The body as a value.
    ///
    /// # Errors
    /// If it is not JSON or has the wrong shape.
    pub(super) fn read_body<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        serde_json::from_slice(&self.body).map_err(|error| {
            let kind = if error.is_data() {
                &INVALID_BODY
            } else {
                &INVALID_REQUEST
            };
            let name = format!("line {} column {}", error.line(), error.column());
            // The library repeats the position.
            let detail = error.to_string();
            let detail = detail.strip_suffix(&format!(" at {name}")).unwrap_or(&detail);
            Problem::invalid(
                kind,
                vec![Invalid {
                    place: Place::Body,
                    detail: detail.to_owned(),
                    name,
                }],
            )
        })
    }

    /// Answers.
    pub(super) fn reply(&self, reply: Reply) -> Result<HttpResponse, Problem> {
        Ok(reply.respond(&self.request, self.is_cacheable))
    }
}

/// Answers a request for the path of these operations.
pub(super) async fn dispatch(
    api: Arc<Api>,
    operations: Arc<Vec<Operation>>,
    request: HttpRequest,
    payload: web::Payload,
) -> HttpResponse {
    let base_path = api.base_path().to_owned();
    let answered = answer(api, &operations, request.clone(), payload).await;
    answered.unwrap_or_else(|problem| respond(&problem, &request, &base_path))
}

/// Answers a request with a problem.
pub(super) fn respond(problem: &Problem, request: &HttpRequest, base_path: &str) -> HttpResponse {
    problem.respond(&ProblemRequest {
        path: request.path(),
        request_id: &request_id(request),
        base_path,
    })
}

/// The id of the request.
fn request_id(request: &HttpRequest) -> String {
    let extensions = request.extensions();
    extensions
        .get::<RequestId>()
        .map(|id| id.0.clone())
        .unwrap_or_default()
}

async fn answer(
    api: Arc<Api>,
    operations: &[Operation],
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let method = match request.method() {
        &Method::HEAD => &Method::GET,
        method => method,
    };
    let Some(operation) = operations.iter().find(|operation| operation.method == *method) else {
        return Err(Problem::method_not_allowed(
            request.method(),
            &allowed(operations),
        ));
    };
    let sender = match operation.access {
        Access::Open => EventSender::Known(Caller::anonymous()),
        Access::AnyCaller => EventSender::Known(api.caller(&request).await?),
        Access::Needs(scope) => EventSender::Known(with_scope(api.caller(&request).await?, scope)?),
        Access::Events => {
            let registry = decoded(request.match_info().query("registry"));
            let registry = registry.and_then(|name| name.parse().ok());
            match api.event_sender(&request, registry.as_ref()).await? {
                EventSender::Known(caller) => EventSender::Known(with_scope(caller, Scope::Ingest)?),
                signed @ EventSender::Signed { .. } => signed,
            }
        }
    };
    let mut values = Values::from_query(request.query_string(), &operation.in_query)?;
    path_values(&request, operation, &mut values)?;
    header_values(&request, operation, &mut values)?;
    let form = form(&request, operation, &values)?;
    let body = match operation.body {
        Some(_) => read(&request, payload, operation).await?,
        None => Bytes::new(),
    };
    let caller = match sender {
        EventSender::Known(caller) => caller,
        EventSender::Signed { registry, signature } => api.signer(&request, &registry, &signature, &body)?,
    };
    let call = Call {
        api,
        request,
        caller,
        values,
        form,
        shape: operation.answer.forms.iter().find_map(|form| match form.content {
            Content::Shaped(shape) => Some(shape),
            Content::Text | Content::Binary => None,
        }),
        is_cacheable: operation.answer.is_cacheable,
        body,
    };
    (operation.handler)(call).await
}

/// The caller, if it has the scope.
fn with_scope(caller: Caller, scope: Scope) -> Result<Caller, Problem> {
    match caller.may(scope) {
        true => Ok(caller),
        false => Err(Problem::forbidden(scope)),
    }
}

/// The methods of these operations, for the header `Allow`.
fn allowed(operations: &[Operation]) -> String {
    let mut methods = Vec::new();
    for operation in operations {
        methods.push(operation.method.as_str());
        if operation.method == Method::GET {
            methods.push("HEAD");
        }
    }
    methods.join(", ")
}

/// The decoded parameters of the path. Their text is not checked: an unknown name gives 404.
fn path_values(request: &HttpRequest, operation: &Operation, values: &mut Values) -> Result<(), Problem> {
    for parameter in &operation.in_path {
        let raw = request.match_info().query(parameter.name);
        let text = decoded(raw)
            .ok_or_else(|| Problem::not_found(format!("the path's {} is not UTF-8 text", parameter.name)))?;
        if let Err(detail) = parameter.form.check(&text) {
            return Err(Problem::not_found(format!(
                "the path's {} is {detail}",
                parameter.name
            )));
        }
        values.insert(parameter.name, text);
    }
    Ok(())
}

/// Percent-decoded text; `None` if it is not UTF-8.
fn decoded(raw: &str) -> Option<Cow<'_, str>> {
    percent_encoding::percent_decode_str(raw).decode_utf8().ok()
}

fn header_values(request: &HttpRequest, operation: &Operation, values: &mut Values) -> Result<(), Problem> {
    for parameter in &operation.in_headers {
        let Some(value) = request.headers().get(parameter.name) else {
            continue;
        };
        let text = value.to_str().unwrap_or_default();
        if let Err(detail) = parameter.form.check(text) {
            let error = Invalid {
                place: Place::Header,
                name: parameter.name.to_owned(),
                detail,
            };
            return Err(Problem::invalid(&INVALID_REQUEST, vec![error]));
        }
        values.insert(parameter.name, text.into());
    }
    Ok(())
}

/// The format of the answer: that of the parameter `format`, else the one that the client prefers.
fn form(request: &HttpRequest, operation: &Operation, values: &Values) -> Result<&'static str, Problem> {
    let forms = &operation.answer.forms;
    if let Some(named) = values.text("format")
        && let Some(form) = forms.iter().find(|form| form.name == named)
    {
        return Ok(form.name);
    }
    let offered: Vec<&str> = forms.iter().map(|form| form.media_type).collect();
    // An unreadable header is ignored.
    let accept = Accept::parse(request).unwrap_or_else(|_| Accept::star());
    preferred(&accept, &offered)
        .map(|place| forms[place].name)
        .ok_or_else(|| {
            Problem::new(
                &NOT_ACCEPTABLE,
                format!("available formats: {}", offered.join(", ")),
            )
        })
}

/// The body of a request for an operation, which must have one of its media types. A body that says that it is too large is
/// not read.
async fn read(request: &HttpRequest, payload: web::Payload, operation: &Operation) -> Result<Bytes, Problem> {
    let (media_types, largest) = (operation.body_types, operation.largest_body);
    let media_type = request.content_type();
    if !media_types.contains(&media_type) {
        let found = if media_type.is_empty() {
            "no Content-Type".to_owned()
        } else {
            format!("Content-Type {}", printable(media_type))
        };
        return Err(Problem::new(
            &UNSUPPORTED_MEDIA_TYPE,
            format!(
                "expected Content-Type {}, found {found}",
                media_types.join(" or ")
            ),
        ));
    }
    let too_large = || Problem::new(&TOO_LARGE, format!("the maximum size is {largest} bytes"));
    let declared = request.headers().get(header::CONTENT_LENGTH);
    let declared = declared.and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if declared.is_some_and(|length| length > largest as u64) {
        return Err(too_large());
    }
    collect(payload, largest, BODY_TIMEOUT).await
}

/// A body of at most so many bytes that arrives in time.
async fn collect(
    mut pieces: impl Stream<Item = Result<Bytes, PayloadError>> + Unpin,
    largest: usize,
    timeout: Duration,
) -> Result<Bytes, Problem> {
    let too_large = || Problem::new(&TOO_LARGE, format!("the maximum size is {largest} bytes"));
    let too_slow = |_| {
        Problem::new(
            &TOO_SLOW,
            format!("the body must arrive within {} seconds", timeout.as_secs()),
        )
    };
    let deadline = Instant::now() + timeout;
    let mut body = web::BytesMut::new();
    while let Some(piece) = timeout_at(deadline, pieces.next()).await.map_err(too_slow)? {
        let piece = piece.map_err(|error| Problem::new(&INVALID_REQUEST, error.to_string()))?;
        if body.len() + piece.len() > largest {
            return Err(too_large());
        }
        body.extend_from_slice(&piece);
    }
    Ok(body.freeze())
}

/// An unknown path.
pub(super) async fn unknown_path(request: HttpRequest, api: web::Data<Arc<Api>>) -> HttpResponse {
    let base_path = api.base_path();
    let detail = format!("{} does not exist; see {base_path}docs", request.path());
    respond(&Problem::not_found(detail), &request, base_path)
}

#[cfg(test)]
mod tests {
    use futures::stream;

    use super::*;

    fn piece(text: &'static str) -> Result<Bytes, PayloadError> {
        Ok(Bytes::from_static(text.as_bytes()))
    }

    #[tokio::test]
    async fn a_body_that_drips_is_not_waited_for() {
        let whole = stream::iter([piece("{"), piece("}")]);
        assert_eq!(
            collect(whole, LARGEST_BODY, Duration::from_secs(60))
                .await
                .unwrap(),
            "{}"
        );

        let drips = Box::pin(stream::unfold((), async |()| {
            tokio::time::sleep(Duration::from_millis(1)).await;
            Some((piece(" "), ()))
        }));
        let refused = collect(drips, LARGEST_BODY, Duration::from_millis(20))
            .await
            .unwrap_err();
        assert_eq!(refused.status(), 408);

        let flood = stream::repeat_with(|| piece("0123456789abcdef"));
        assert_eq!(
            collect(flood, LARGEST_BODY, Duration::from_secs(60))
                .await
                .unwrap_err()
                .status(),
            413
        );
    }
}
