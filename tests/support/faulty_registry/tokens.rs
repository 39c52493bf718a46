use std::collections::HashMap;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::json;

use super::{Answer, Request};

/// The token server of a registry: it answers at `/token`, with one token for each scope.
#[derive(Debug)]
pub struct TokenServer {
    pub(super) realm: Option<String>,
    username: String,
    password: String,
    lifetime: Duration,
    issued: HashMap<String, (String, Instant)>,
    count: usize,
    grants_wildcard: bool,
    refuses_catalogue_scope: bool,
    /// Repositories that no token opens.
    denied: Vec<String>,
}

impl Default for TokenServer {
    fn default() -> Self {
        Self {
            realm: None,
            username: String::new(),
            password: String::new(),
            lifetime: Duration::from_secs(300),
            issued: HashMap::new(),
            count: 0,
            grants_wildcard: false,
            refuses_catalogue_scope: false,
            denied: Vec::new(),
        }
    }
}

impl TokenServer {
    /// Gives tokens to this user only; by default to anybody.
    pub fn user(mut self, username: &str, password: &str) -> Self {
        self.username = username.to_owned();
        self.password = password.to_owned();
        self
    }

    /// Sends clients to another URL for their tokens.
    pub fn realm(mut self, realm: &str) -> Self {
        self.realm = Some(realm.to_owned());
        self
    }

    /// Tokens die after so long, and say so.
    pub fn lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetime = lifetime;
        self
    }

    /// Grants `repository:*:*`, as Azure does without attribute-based access control.
    pub fn granting_wildcard(mut self) -> Self {
        self.grants_wildcard = true;
        self
    }

    /// Answers 400 to the scope of the catalogue, and gives tokens without a scope that open it, as Quay does.
    pub fn refusing_the_catalogues_scope(mut self) -> Self {
        self.refuses_catalogue_scope = true;
        self
    }

    /// Issues tokens that do not open these repositories, as Azure does with attribute-based access control.
    pub fn denying(mut self, repositories: &[&str]) -> Self {
        self.denied = repositories.iter().map(ToString::to_string).collect();
        self
    }

    /// Forgets every token given so far.
    pub(super) fn revoke(&mut self) {
        self.issued.clear();
    }

    pub(super) fn accepts(&self, request: &Request, scope: &str) -> bool {
        request
            .header("authorization")
            .and_then(|value| value.strip_prefix("Bearer "))
            .and_then(|token| self.issued.get(token))
            .is_some_and(|(granted, until)| self.opens(granted, scope) && Instant::now() < *until)
    }

    /// Whether a token for these scopes opens what needs this one.
    fn opens(&self, granted: &str, wanted: &str) -> bool {
        if self.refuses_catalogue_scope && wanted == "registry:catalog:*" {
            return granted.is_empty();
        }
        let (name, action) = wanted.rsplit_once(':').unwrap_or((wanted, ""));
        let is_denied = |denied: &String| name == format!("repository:{denied}");
        if self.denied.iter().any(is_denied) {
            return false;
        }
        granted.split(' ').any(|part| {
            let (granted_name, actions) = part.rsplit_once(':').unwrap_or((part, ""));
            let is_wildcard =
                self.grants_wildcard && part == "repository:*:*" && wanted.starts_with("repository:");
            part == wanted
                || is_wildcard
                || granted_name == name && actions.split(',').any(|granted| granted == action)
        })
    }

    pub(super) fn challenge(&self, own_url: &str, scope: &str) -> String {
        let realm = self.realm.clone().unwrap_or_else(|| format!("{own_url}/token"));
        format!(r#"Bearer realm="{realm}",service="faulty",scope="{scope}""#)
    }

    pub(super) fn issue(&mut self, request: &Request) -> Answer {
        let form: HashMap<String, String> = url::form_urlencoded::parse(request.body.as_bytes())
            .into_owned()
            .collect();
        // An identity token is sent in a form; the password stands for it here.
        let knows_password = self.username.is_empty()
            || is_basic(request, &self.username, &self.password)
            || form.get("refresh_token") == Some(&self.password);
        if !knows_password {
            return Answer::error(401, "UNAUTHORIZED");
        }
        let query = request.path.split_once('?').map_or("", |(_, query)| query);
        let asked: Vec<String> = url::form_urlencoded::parse(query.as_bytes())
            .filter(|(name, _)| name == "scope")
            .map(|(_, scope)| scope.into_owned())
            .chain(form.get("scope").cloned())
            .collect();
        let scope = asked.join(" ");
        if self.refuses_catalogue_scope && scope.contains("registry:catalog") {
            return Answer::error(400, "INVALID_REQUEST");
        }
        self.count += 1;
        let token = format!("token-{}", self.count);
        self.issued
            .insert(token.clone(), (scope, Instant::now() + self.lifetime));
        Answer::json(&json!({
            "token": token, "access_token": token, "expires_in": self.lifetime.as_secs(),
        }))
    }
}

pub(super) fn is_basic(request: &Request, username: &str, password: &str) -> bool {
    let expected = BASE64_STANDARD.encode(format!("{username}:{password}"));
    request.header("authorization") == Some(&format!("Basic {expected}"))
}
