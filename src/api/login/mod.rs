//! Logins of people with a browser: `/auth/login` sends them to their identity provider, `/auth/callback` takes them
//! back, `/auth/logout` ends their session. For browsers, so these paths are not operations of the API.
//!
//! The state of a login that is under way is in a cookie of its browser, and a session is in the store. So each step may
//! reach another replica.

mod cookies;
mod failure;

use std::sync::Arc;

use actix_web::http::Method;
use actix_web::http::header::{self, HeaderMap};
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use subtle::ConstantTimeEq as _;
use url::{Url, form_urlencoded};

use super::Api;
use super::call::respond;
use super::problem::{FORBIDDEN, INVALID_REQUEST, LoginOffer, Problem};
use super::public_url::PublicUrl;
use crate::identity::{Caller, LoginError, Logins, SessionError};
use cookies::{Begun, LoginCookies};
use failure::{failed_page, problem_of};

/// The header that a browser sends only with requests of a page's script, and to another origin only if that allows it.
const REQUESTED_WITH: &str = "x-requested-with";
/// The longest place in the page to return to after a login, in bytes. Our choice: the longest addresses of the page have
/// about a third, and a cookie holds 4096.
const LONGEST_RETURN: usize = 2000;

/// Logins with a browser at this service.
pub(super) struct BrowserLogins {
    logins: Logins,
    home: PublicUrl,
    cookies: LoginCookies,
}

impl BrowserLogins {
    /// Logins that come back to the page at `home`.
    pub(super) fn new(logins: Logins, home: PublicUrl) -> Self {
        let cookies = LoginCookies::new(&home);
        Self {
            logins,
            home,
            cookies,
        }
    }

    /// The name of the cookie with a session's id, for the documentation.
    pub(super) fn session_cookie(&self) -> &str {
        self.cookies.session_name()
    }

    /// Where people can log in.
    pub(super) fn offers(&self) -> Vec<LoginOffer> {
        let providers = self.logins.providers().enumerate();
        providers
            .map(|(number, host)| LoginOffer {
                name: host,
                url: format!("{}auth/login?provider={number}", self.home.base_path()),
            })
            .collect()
    }

    /// Who is logged in; `None` if the request has no cookie of a login.
    ///
    /// # Errors
    /// If the login has ended, or the request changes something and may have been made by another page.
    pub(super) async fn caller(&self, request: &HttpRequest) -> Result<Option<Caller>, Problem> {
        let Some(id) = self.cookies.session(request) else {
            return Ok(None);
        };
        let caller = self.logins.caller(&id).await.map_err(|error| match error {
            SessionError::Store(error) => error.into(),
            error => Problem::internal(error),
        })?;
        let caller = caller.ok_or_else(|| Problem::unauthenticated("the login has ended; log in again"))?;
        if !request.method().is_safe() {
            self.check_sender(request.headers())?;
        }
        Ok(Some(caller))
    }

    /// Checks that a request with a cookie was made by this service's own page: browsers add cookies to the requests of
    /// other pages, too.
    fn check_sender(&self, headers: &HeaderMap) -> Result<(), Problem> {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let origin = self.home.origin();
        let is_own = match text("origin") {
            Some(sender) => sender == origin,
            None => text("sec-fetch-site") == Some("same-origin"),
        };
        if !is_own {
            let detail = format!(
                "with the cookie of a login, requests that change something must come from {origin}; send a key or \
                 token in the header Authorization instead"
            );
            return Err(Problem::new(&FORBIDDEN, detail));
        }
        if text(REQUESTED_WITH).is_none_or(str::is_empty) {
            let detail =
                "with the cookie of a login, requests that change something need the header X-Requested-With";
            return Err(Problem::new(&FORBIDDEN, detail));
        }
        Ok(())
    }
}

/// Adds the paths.
pub(super) fn configure(service: &mut web::ServiceConfig) {
    service
        .service(only(Method::GET, "/auth/login", |request, api| {
            Box::pin(async move { begin(&request, own(&api)?).await })
        }))
        .service(only(Method::GET, "/auth/callback", |request, api| {
            Box::pin(async move { finish(&request, &api, own(&api)?).await })
        }))
        .service(only(Method::POST, "/auth/logout", |request, api| {
            Box::pin(async move { end(&request, own(&api)?).await })
        }));
}

type Handler = fn(
    HttpRequest,
    web::Data<Arc<Api>>,
) -> futures::future::LocalBoxFuture<'static, Result<HttpResponse, Problem>>;

/// A path that answers one method. People who navigate get a page if something fails, programs a problem.
fn only(method: Method, path: &str, handler: Handler) -> actix_web::Resource {
    web::resource(path).to(move |request: HttpRequest, api: web::Data<Arc<Api>>| {
        let allowed = method.clone();
        async move {
            let answered = if request.method() == allowed {
                handler(request.clone(), api.clone()).await
            } else {
                Err(Problem::method_not_allowed(request.method(), allowed.as_str()))
            };
            answered.unwrap_or_else(|problem| match failed_page(&problem, &request, api.base_path()) {
                Some(page) => page,
                None => respond(&problem, &request, api.base_path()),
            })
        }
    })
}

fn own(api: &Api) -> Result<&BrowserLogins, Problem> {
    api.browser_logins.as_ref().ok_or_else(|| {
        Problem::not_found("people cannot log in here: the operator has set no client_id in [[oidc]]")
    })
}

/// A parameter of the request's address.
fn parameter(request: &HttpRequest, name: &str) -> Option<String> {
    form_urlencoded::parse(request.query_string().as_bytes())
        .find(|(found, _)| found == name)
        .map(|(_, value)| value.into_owned())
}

/// Sends the browser to the provider.
async fn begin(request: &HttpRequest, own: &BrowserLogins) -> Result<HttpResponse, Problem> {
    let provider = match parameter(request, "provider") {
        None => 0,
        Some(text) => text.parse().map_err(|_| {
            Problem::new(
                &INVALID_REQUEST,
                "provider: expected the number of a provider, from 0",
            )
        })?,
    };
    let return_to = parameter(request, "return_to").unwrap_or_default();
    check_return(&return_to)?;
    let (url, attempt) = own
        .logins
        .begin(provider)
        .await
        .map_err(|error| problem_of(error, own.logins.issuer(provider)))?;
    let begun = Begun {
        provider,
        attempt,
        return_to,
    };
    Ok(HttpResponse::Found()
        .cookie(own.cookies.begun(&begun))
        .insert_header((header::LOCATION, url.as_str()))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .finish())
}

/// Only places in the page itself are returned to, which an address says after its `?`.
fn check_return(return_to: &str) -> Result<(), Problem> {
    let is_place = return_to.is_empty() || return_to.starts_with('?');
    if is_place && return_to.len() <= LONGEST_RETURN {
        return Ok(());
    }
    let detail = "return_to: expected a place in the page, which begins with ?, such as ?view=savings";
    Err(Problem::new(&INVALID_REQUEST, detail))
}

/// Takes the browser back from the provider, and begins a session.
async fn finish(request: &HttpRequest, api: &Api, own: &BrowserLogins) -> Result<HttpResponse, Problem> {
    let begun = own.cookies.under_way(request).filter(|begun| {
        let state = parameter(request, "state").unwrap_or_default();
        begun.attempt.state.as_bytes().ct_eq(state.as_bytes()).into()
    });
    let Some(begun) = begun else {
        let detail = "this browser has no such login under way: it took longer than ten minutes, was begun in another \
                      window, or the page has another address than public_url in [serve]; log in again";
        return Err(Problem::new(&INVALID_REQUEST, detail));
    };
    let issuer = own.logins.issuer(begun.provider).map(str::to_owned);
    // RFC 9207: the answer of another provider than the one that was asked.
    if let (Some(named), Some(issuer)) = (parameter(request, "iss"), &issuer)
        && named != *issuer
    {
        return Err(Problem::new(
            &INVALID_REQUEST,
            "the answer is of another identity provider",
        ));
    }
    if let Some(code) = parameter(request, "error") {
        let refused = LoginError::refused(&code, parameter(request, "error_description").as_deref());
        return Err(problem_of(refused.into(), issuer.as_deref()));
    }
    let Some(code) = parameter(request, "code") else {
        return Err(Problem::new(
            &INVALID_REQUEST,
            "the answer of the identity provider has no code",
        ));
    };
    let session = own.logins.finish(begun.provider, begun.attempt, code).await;
    let session = session.map_err(|error| {
        if let SessionError::Login(LoginError::Token(refusal)) = &error {
            api.counters.count_refused_token(refusal.label());
        }
        problem_of(error, issuer.as_deref())
    })?;
    tracing::info!(name = session.name, issuer, "logged in");
    Ok(HttpResponse::SeeOther()
        .cookie(own.cookies.new_session(&session.id, session.lifetime))
        .cookie(own.cookies.no_login())
        .insert_header((header::LOCATION, place(&own.home, &begun.return_to)))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .finish())
}

/// The address of a place in the page.
fn place(home: &PublicUrl, return_to: &str) -> String {
    let query = return_to.strip_prefix('?').filter(|query| !query.is_empty());
    match Url::parse(home.as_str()) {
        Ok(mut url) => {
            url.set_query(query);
            url.into()
        }
        Err(_) => home.as_str().to_owned(),
    }
}

/// The answer to a logout.
#[derive(Serialize)]
struct LoggedOut {
    /// Where the browser ends its session at the provider, too; null if the provider does not offer that.
    continue_at: Option<String>,
}

/// Ends the session.
async fn end(request: &HttpRequest, own: &BrowserLogins) -> Result<HttpResponse, Problem> {
    own.check_sender(request.headers())?;
    let continue_at = match own.cookies.session(request) {
        Some(id) => own
            .logins
            .end(&id)
            .await
            .map_err(|error| problem_of(error, None))?,
        None => None,
    };
    Ok(HttpResponse::Ok()
        .cookie(own.cookies.no_session())
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .json(LoggedOut {
            continue_at: continue_at.map(String::from),
        }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_places_in_the_page_are_returned_to() {
        let home: PublicUrl = "https://example.com/tare/".parse().unwrap();
        for (return_to, address) in [
            ("", "https://example.com/tare/"),
            ("?", "https://example.com/tare/"),
            (
                "?view=savings&registry=a%2Fb",
                "https://example.com/tare/?view=savings&registry=a%2Fb",
            ),
            ("?a=ü\r\nx", "https://example.com/tare/?a=%C3%BCx"),
            ("?//evil.example", "https://example.com/tare/?//evil.example"),
        ] {
            assert!(check_return(return_to).is_ok(), "{return_to}");
            assert_eq!(place(&home, return_to), address);
        }
        let long = format!("?{}", "x".repeat(LONGEST_RETURN));
        for bad in [
            "/",
            "//evil.example",
            "https://evil.example/",
            "\\evil.example",
            " ?x",
            &long,
        ] {
            assert!(check_return(bad).is_err(), "{bad}");
        }
    }
}
