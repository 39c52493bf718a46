//! The half of the issuer with which people log in: the authorisation code flow, as strict about PKCE and codes as real
//! providers are.

use std::collections::HashMap;
use std::sync::Mutex;

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tare::clock::{Clock as _, SystemClock};

use super::issuer::{Shared, SigningKey};

/// What is wrong with a login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoginFault {
    /// The person does not agree.
    Denied,
    /// The answer claims to be of another provider (RFC 9207).
    OtherIssuer,
    /// The ID token is of another login.
    OtherNonce,
    /// The ID token is for another client.
    OtherAudience,
    /// The ID token was made for another party beside this client.
    OtherParty,
    /// The ID token is signed by a key that is not published.
    OtherKey,
    /// The answer has no ID token.
    NoIdToken,
    /// The answer is a page.
    Page,
}

/// Who logs in, and how.
#[derive(Default)]
pub struct Provider {
    /// The key that signs ID tokens.
    key: Mutex<Option<SigningKey>>,
    /// The claims of the person who logs in.
    person: Mutex<Value>,
    /// The secret of the client; `None` for a public one.
    secret: Mutex<Option<String>>,
    fault: Mutex<Option<LoginFault>>,
    codes: Mutex<HashMap<String, Grant>>,
}

/// What a code was given for.
struct Grant {
    client: String,
    redirect: String,
    challenge: String,
    nonce: String,
    person: Value,
}

impl Provider {
    /// From now on a person with these claims logs in, whose ID tokens this key signs.
    pub fn person(&self, key: SigningKey, claims: Value) {
        *self.key.lock().expect("no panic") = Some(key);
        *self.person.lock().expect("no panic") = claims;
    }

    /// From now on the client needs this secret.
    pub fn secret(&self, secret: &str) {
        *self.secret.lock().expect("no panic") = Some(secret.to_owned());
    }

    /// From now on logins fail like this, or no longer.
    pub fn fail(&self, fault: Option<LoginFault>) {
        *self.fault.lock().expect("no panic") = fault;
    }

    fn fails(&self, fault: LoginFault) -> bool {
        *self.fault.lock().expect("no panic") == Some(fault)
    }
}

/// Adds its endpoints.
pub(super) fn configure(service: &mut web::ServiceConfig) {
    service
        .route("/authorize", web::get().to(authorize))
        .route("/token", web::post().to(token));
}

/// The person has logged in, and comes back with a code.
async fn authorize(shared: web::Data<Shared>, query: web::Query<HashMap<String, String>>) -> HttpResponse {
    let provider = &shared.provider;
    let text = |name: &str| query.get(name).cloned().unwrap_or_default();
    let is_right = text("response_type") == "code"
        && text("code_challenge_method") == "S256"
        && text("code_challenge").len() == 43
        && text("scope").split(' ').any(|scope| scope == "openid")
        && !text("nonce").is_empty()
        && !text("state").is_empty();
    if !is_right {
        return HttpResponse::BadRequest().json(json!({"error": "invalid_request", "query": *query}));
    }
    let mut back = url::Url::parse(&text("redirect_uri")).expect("a redirect address");
    back.query_pairs_mut().append_pair("state", &text("state"));
    if provider.fails(LoginFault::Denied) {
        back.query_pairs_mut()
            .append_pair("error", "access_denied")
            .append_pair("error_description", "<b>alice</b> did not agree");
    } else {
        let code = format!("{:032x}", fastrand::u128(..));
        back.query_pairs_mut().append_pair("code", &code);
        let grant = Grant {
            client: text("client_id"),
            redirect: text("redirect_uri"),
            challenge: text("code_challenge"),
            nonce: text("nonce"),
            person: provider.person.lock().expect("no panic").clone(),
        };
        provider.codes.lock().expect("no panic").insert(code, grant);
    }
    let issuer = match provider.fails(LoginFault::OtherIssuer) {
        true => "https://evil.example",
        false => &shared.url,
    };
    back.query_pairs_mut().append_pair("iss", issuer);
    HttpResponse::Found()
        .insert_header((header::LOCATION, back.as_str()))
        .finish()
}

/// A code becomes an ID token, once, for the client that has the verifier.
async fn token(
    request: HttpRequest,
    shared: web::Data<Shared>,
    form: web::Form<HashMap<String, String>>,
) -> HttpResponse {
    let provider = &shared.provider;
    let refused = |error: &str, description: &str| {
        HttpResponse::BadRequest().json(json!({"error": error, "error_description": description}))
    };
    if provider.fails(LoginFault::Page) {
        return HttpResponse::Ok()
            .content_type("text/html")
            .body("<html>Log in</html>");
    }
    let text = |name: &str| form.get(name).cloned().unwrap_or_default();
    let Some(grant) = provider.codes.lock().expect("no panic").remove(&text("code")) else {
        return refused("invalid_grant", "Code not valid");
    };
    if !is_client(&request, &grant.client, provider, &text("client_id")) {
        return refused("invalid_client", "Invalid client or Invalid client credentials");
    }
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(text("code_verifier")));
    if text("grant_type") != "authorization_code" || challenge != grant.challenge {
        return refused("invalid_grant", "PKCE verification failed");
    }
    if text("redirect_uri") != grant.redirect {
        return refused("invalid_grant", "Incorrect redirect_uri");
    }
    let mut answer = json!({"access_token": "opaque", "token_type": "Bearer", "expires_in": 300});
    if !provider.fails(LoginFault::NoIdToken) {
        answer["id_token"] = json!(id_token(&shared.url, provider, &grant));
    }
    HttpResponse::Ok().json(answer)
}

/// Whether the client is the one of the code, with its secret if it has one.
fn is_client(request: &HttpRequest, client: &str, provider: &Provider, named: &str) -> bool {
    match &*provider.secret.lock().expect("no panic") {
        None => named == client,
        Some(secret) => {
            let basic = format!("Basic {}", STANDARD.encode(format!("{client}:{secret}")));
            let sent = request.headers().get(header::AUTHORIZATION);
            sent.is_some_and(|sent| sent.as_bytes() == basic.as_bytes())
        }
    }
}

fn id_token(issuer: &str, provider: &Provider, grant: &Grant) -> String {
    let now = SystemClock.now().timestamp();
    let mut claims = json!({
        "iss": issuer, "aud": grant.client, "sub": "0001", "nonce": grant.nonce, "iat": now, "exp": now + 60,
    });
    for (name, claim) in grant.person.as_object().into_iter().flatten() {
        claims[name] = claim.clone();
    }
    if provider.fails(LoginFault::OtherNonce) {
        claims["nonce"] = json!("another");
    }
    if provider.fails(LoginFault::OtherAudience) {
        claims["aud"] = json!("another");
    }
    if provider.fails(LoginFault::OtherParty) {
        claims["aud"] = json!([grant.client, "another"]);
        claims["azp"] = json!("another");
    }
    let key = provider.key.lock().expect("no panic");
    let key = key.as_ref().expect("a person");
    if provider.fails(LoginFault::OtherKey) {
        return SigningKey::new("one", "EdDSA").sign(&key.header(), &claims);
    }
    key.sign(&key.header(), &claims)
}
