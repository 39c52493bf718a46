//! The two cookies: one for a session, one for a login that is under way. Scripts cannot read them, and browsers send
//! them with requests of other sites only when people follow a link.

use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::cookie::{Cookie, SameSite, time};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::api::public_url::PublicUrl;
use crate::identity::LoginAttempt;

/// How long a login may be under way. Our choice: time enough for a second factor.
const LONGEST_LOGIN: Duration = Duration::from_secs(600);

/// The cookies of a service at an address.
pub(super) struct LoginCookies {
    session: String,
    login: String,
    path: String,
    is_secure: bool,
}

/// A login that is under way.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Begun {
    /// The number of the provider.
    pub provider: usize,
    pub attempt: LoginAttempt,
    /// The place in the page to return to, such as `?view=savings`.
    pub return_to: String,
}

impl LoginCookies {
    /// The prefixes make browsers refuse such cookies from plain HTTP, and `__Host-` also from other hosts of the domain;
    /// that one is only for cookies of the whole host.
    pub(super) fn new(home: &PublicUrl) -> Self {
        let prefix = match (home.is_https(), home.base_path()) {
            (true, "/") => "__Host-",
            (true, _) => "__Secure-",
            (false, _) => "",
        };
        Self {
            session: format!("{prefix}tare-session"),
            login: format!("{prefix}tare-login"),
            path: home.base_path().to_owned(),
            is_secure: home.is_https(),
        }
    }

    /// The name of the session's cookie.
    pub(super) fn session_name(&self) -> &str {
        &self.session
    }

    /// The id of the session, if the request has one.
    pub(super) fn session(&self, request: &HttpRequest) -> Option<String> {
        let cookie = request.cookie(&self.session)?;
        Some(cookie.value().to_owned())
    }

    /// The login that the request's browser has under way.
    pub(super) fn under_way(&self, request: &HttpRequest) -> Option<Begun> {
        let cookie = request.cookie(&self.login)?;
        Begun::decode(cookie.value())
    }

    /// The cookie of a new session.
    pub(super) fn new_session(&self, id: &str, lifetime: Duration) -> Cookie<'static> {
        self.cookie(&self.session, id.to_owned(), lifetime)
    }

    /// The cookie of a login that begins.
    pub(super) fn begun(&self, begun: &Begun) -> Cookie<'static> {
        self.cookie(&self.login, begun.encode(), LONGEST_LOGIN)
    }

    /// Removes the cookie of the session.
    pub(super) fn no_session(&self) -> Cookie<'static> {
        self.cookie(&self.session, String::new(), Duration::ZERO)
    }

    /// Removes the cookie of the login.
    pub(super) fn no_login(&self) -> Cookie<'static> {
        self.cookie(&self.login, String::new(), Duration::ZERO)
    }

    fn cookie(&self, name: &str, value: String, lifetime: Duration) -> Cookie<'static> {
        let seconds = i64::try_from(lifetime.as_secs()).unwrap_or(i64::MAX);
        Cookie::build(name.to_owned(), value)
            .path(self.path.clone())
            .secure(self.is_secure)
            .http_only(true)
            .same_site(SameSite::Lax)
            .max_age(time::Duration::seconds(seconds))
            .finish()
    }
}

impl Begun {
    /// Five parts with dots between; none of them has a dot.
    fn encode(&self) -> String {
        let LoginAttempt {
            state,
            nonce,
            verifier,
        } = &self.attempt;
        let return_to = URL_SAFE_NO_PAD.encode(&self.return_to);
        format!("{}.{state}.{nonce}.{verifier}.{return_to}", self.provider)
    }

    fn decode(text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.split('.').collect();
        let &[provider, state, nonce, verifier, return_to] = parts.as_slice() else {
            return None;
        };
        let return_to = String::from_utf8(URL_SAFE_NO_PAD.decode(return_to).ok()?).ok()?;
        if [state, nonce, verifier].contains(&"") || super::check_return(&return_to).is_err() {
            return None;
        }
        Some(Self {
            provider: provider.parse().ok()?,
            attempt: LoginAttempt {
                state: state.to_owned(),
                nonce: nonce.to_owned(),
                verifier: verifier.to_owned(),
            },
            return_to,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begun() -> Begun {
        Begun {
            provider: 1,
            attempt: LoginAttempt {
                state: "s-_1".to_owned(),
                nonce: "n".to_owned(),
                verifier: "v".to_owned(),
            },
            return_to: "?view=savings; a=ü".to_owned(),
        }
    }

    #[test]
    fn cookies_are_as_safe_as_the_address_allows() {
        for (home, name, attributes) in [
            (
                "https://tare.example.com/",
                "__Host-tare-session",
                "HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=60",
            ),
            (
                "https://example.com/tare/",
                "__Secure-tare-session",
                "HttpOnly; SameSite=Lax; Secure; Path=/tare/; Max-Age=60",
            ),
            (
                "http://127.0.0.1:8080/",
                "tare-session",
                "HttpOnly; SameSite=Lax; Path=/; Max-Age=60",
            ),
        ] {
            let cookies = LoginCookies::new(&home.parse().unwrap());
            let cookie = cookies.new_session("id", Duration::from_secs(60));
            assert_eq!(cookie.to_string(), format!("{name}=id; {attributes}"));
            assert!(cookies.no_session().to_string().ends_with("Max-Age=0"));
        }
    }

    #[test]
    fn a_login_that_is_under_way_is_read_as_it_was_written() {
        let text = begun().encode();
        assert!(
            text.bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte)),
            "{text}"
        );
        assert_eq!(Begun::decode(&text), Some(begun()));
        let elsewhere = Begun {
            return_to: "https://evil.example/".to_owned(),
            ..begun()
        };
        for bad in [
            "",
            "1.s.n.v",
            "x.s.n.v.",
            "0..n.v.",
            "0.s.n.v.!",
            &elsewhere.encode(),
        ] {
            assert_eq!(Begun::decode(bad), None, "{bad}");
        }
    }
}
