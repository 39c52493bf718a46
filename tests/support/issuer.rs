//! An identity provider: it publishes keys over real HTTP, signs whatever a test wants, and fails on demand.

use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::http::header;
use actix_web::{App, HttpResponse, HttpServer, web};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256,
    RSA_PSS_SHA256, RsaKeyPair,
};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject as _;
use serde_json::{Value, json};
use tare::clock::{Clock as _, SystemClock};
use tare::identity::{ClaimRule, IssuerSettings, Scope, Visible};

use super::login_provider::{self, Provider};

/// How the issuer lets down whoever asks it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Its document says that it is somebody else.
    OtherIssuer,
    /// Its document sends whoever wants its keys to another machine, without TLS.
    KeysElsewhere,
    /// It sends those who ask for its document elsewhere.
    Redirect,
    /// Its document is a page for people.
    Page,
    /// Its keys have no end.
    EndlessKeys,
    /// Its keys begin and never come to an end.
    Silence,
    /// It has a fault.
    Broken,
    /// It publishes a shared secret and no other key.
    Secret,
}

/// A running issuer.
pub struct Issuer {
    shared: Arc<Shared>,
    handle: ServerHandle,
    thread: Option<std::thread::JoinHandle<()>>,
}

pub(super) struct Shared {
    pub(super) url: String,
    /// How people log in.
    pub(super) provider: Provider,
    keys: Mutex<Vec<Value>>,
    fault: Mutex<Option<Fault>>,
    asked: AtomicUsize,
}

impl Issuer {
    /// An issuer with these keys.
    pub fn with_keys(keys: &[&SigningKey]) -> Self {
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let address = listener.local_addr().expect("an address");
        let shared = Arc::new(Shared {
            url: format!("http://{address}/realms/staff"),
            provider: Provider::default(),
            keys: Mutex::default(),
            fault: Mutex::default(),
            asked: AtomicUsize::default(),
        });
        let data = Arc::clone(&shared);
        let (ready, started) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async {
                let server = HttpServer::new(move || {
                    App::new()
                        .app_data(web::Data::from(Arc::clone(&data)))
                        .route(
                            "/realms/staff/.well-known/openid-configuration",
                            web::get().to(document),
                        )
                        .route("/keys", web::get().to(keys_of))
                        .configure(login_provider::configure)
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
        let issuer = Self {
            shared,
            handle: started.recv().expect("the server starts"),
            thread: Some(thread),
        };
        issuer.publish(keys);
        issuer
    }

    /// Settings that accept its tokens for `tare` and let those with this claim read everything.
    pub fn settings(&self, claim: &str, value: &str) -> IssuerSettings {
        IssuerSettings {
            issuer: self.url().parse().expect("an issuer"),
            audiences: vec!["tare".to_owned()],
            rules: vec![ClaimRule {
                claim: claim.to_owned(),
                value: value.to_owned(),
                scopes: vec![Scope::Read],
                registries: Visible::All,
                cost_centres: Visible::All,
            }],
            login: None,
            name_claim: "sub".to_owned(),
            extra_ca: Vec::new(),
            proxy: None,
        }
    }

    /// What its tokens have in `iss`.
    pub fn url(&self) -> &str {
        &self.shared.url
    }

    /// Publishes these keys and no others.
    pub fn publish(&self, keys: &[&SigningKey]) {
        *self.shared.keys.lock().expect("no panic") = keys.iter().map(|key| key.public.clone()).collect();
    }

    /// Lets down whoever asks from now on, or no longer.
    pub fn fail(&self, fault: Option<Fault>) {
        *self.shared.fault.lock().expect("no panic") = fault;
    }

    /// How people log in.
    pub fn provider(&self) -> &Provider {
        &self.shared.provider
    }

    /// How often it was asked for its document.
    pub fn asked(&self) -> usize {
        self.shared.asked.load(Ordering::SeqCst)
    }

    /// The claims of a token for `tare`, which lasts five minutes, with these in place of its own or beside them; null
    /// takes one away.
    pub fn claims(&self, changes: &Value) -> Value {
        let now = SystemClock.now().timestamp();
        let mut claims = json!({
            "iss": self.url(), "aud": "tare", "sub": "0001", "preferred_username": "alice", "iat": now, "exp": now + 300,
        });
        for (name, change) in changes.as_object().expect("claims") {
            claims[name] = change.clone();
        }
        claims
            .as_object_mut()
            .expect("claims")
            .retain(|_, value| !value.is_null());
        claims
    }

    /// A token with these claims.
    pub fn token(&self, key: &SigningKey, changes: &Value) -> String {
        key.sign(&key.header(), &self.claims(changes))
    }
}

impl Drop for Issuer {
    fn drop(&mut self) {
        drop(self.handle.stop(false));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn document(shared: web::Data<Shared>) -> HttpResponse {
    shared.asked.fetch_add(1, Ordering::SeqCst);
    let root = shared.url.trim_end_matches("/realms/staff");
    let (mut issuer, mut keys) = (shared.url.clone(), format!("{root}/keys"));
    match *shared.fault.lock().expect("no panic") {
        Some(Fault::OtherIssuer) => issuer = format!("{root}/realms/customers"),
        Some(Fault::KeysElsewhere) => keys = "http://keys.example.com/".to_owned(),
        Some(Fault::Redirect) => {
            let other = (header::LOCATION, format!("{root}/keys"));
            return HttpResponse::Found().insert_header(other).finish();
        }
        Some(Fault::Page) => return HttpResponse::Ok().body("<html>Log in</html>"),
        Some(Fault::Broken) => return HttpResponse::InternalServerError().finish(),
        _ => {}
    }
    HttpResponse::Ok().json(json!({
        "issuer": issuer, "jwks_uri": keys, "response_types_supported": ["code"],
        "authorization_endpoint": format!("{root}/authorize"), "token_endpoint": format!("{root}/token"),
        "end_session_endpoint": format!("{root}/logout"),
    }))
}

async fn keys_of(shared: web::Data<Shared>) -> HttpResponse {
    let fault = *shared.fault.lock().expect("no panic");
    match fault {
        Some(Fault::EndlessKeys) => {
            let piece = || {
                Some((
                    Ok::<_, actix_web::Error>(web::Bytes::from_static(&[b' '; 4096])),
                    (),
                ))
            };
            HttpResponse::Ok().streaming(futures::stream::unfold((), move |()| async move { piece() }))
        }
        Some(Fault::Silence) => {
            // Longer than anybody waits.
            actix_web::rt::time::sleep(Duration::from_secs(20)).await;
            HttpResponse::Ok().finish()
        }
        Some(Fault::Secret) => {
            HttpResponse::Ok().json(json!({"keys": [{"kty": "oct", "kid": "one", "k": "c2VjcmV0"}]}))
        }
        _ => HttpResponse::Ok().json(json!({"keys": *shared.keys.lock().expect("no panic")})),
    }
}

/// A key that signs tokens.
pub struct SigningKey {
    id: String,
    algorithm: &'static str,
    pair: Pair,
    /// As the issuer publishes it.
    public: Value,
}

enum Pair {
    Ec(EcdsaKeyPair),
    Ed(Ed25519KeyPair),
    Rsa(RsaKeyPair),
}

impl SigningKey {
    /// A new key of this id for `ES256`, `EdDSA`, `RS256` or `PS256`.
    pub fn new(id: &str, algorithm: &'static str) -> Self {
        let random = SystemRandom::new();
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let (pair, mut public) = match algorithm {
            "ES256" => {
                let signing = &ECDSA_P256_SHA256_FIXED_SIGNING;
                let made = EcdsaKeyPair::generate_pkcs8(signing, &random).expect("a key");
                let pair = EcdsaKeyPair::from_pkcs8(signing, made.as_ref(), &random).expect("a key");
                let point = pair.public_key().as_ref()[1..].to_vec();
                let (x, y) = (encode(&point[..32]), encode(&point[32..]));
                (
                    Pair::Ec(pair),
                    json!({"kty": "EC", "crv": "P-256", "x": x, "y": y}),
                )
            }
            "EdDSA" => {
                let made = Ed25519KeyPair::generate_pkcs8(&random).expect("a key");
                let pair = Ed25519KeyPair::from_pkcs8(made.as_ref()).expect("a key");
                let x = encode(pair.public_key().as_ref());
                (Pair::Ed(pair), json!({"kty": "OKP", "crv": "Ed25519", "x": x}))
            }
            _ => {
                let pair = rsa();
                let public = pair.public();
                let parts = ring::rsa::PublicKeyComponents::<Vec<u8>>::from(public);
                let (n, e) = (encode(&parts.n), encode(&parts.e));
                // With all that providers publish beside it.
                let more = json!({"kty": "RSA", "n": n, "e": e, "use": "sig", "x5t": "AAAA", "issuer": "x"});
                (Pair::Rsa(pair), more)
            }
        };
        public["kid"] = json!(id);
        Self {
            id: id.to_owned(),
            algorithm,
            pair,
            public,
        }
    }

    /// The header of tokens that it signs.
    pub fn header(&self) -> Value {
        json!({"alg": self.algorithm, "typ": "JWT", "kid": self.id})
    }

    /// The key as it is published.
    pub fn public(&self) -> &Value {
        &self.public
    }

    /// A token with this header and these claims.
    pub fn sign(&self, header: &Value, claims: &Value) -> String {
        let random = SystemRandom::new();
        signed(header, claims, |message| match &self.pair {
            Pair::Ec(pair) => pair
                .sign(&random, message)
                .expect("a signature")
                .as_ref()
                .to_vec(),
            Pair::Ed(pair) => pair.sign(message).as_ref().to_vec(),
            Pair::Rsa(pair) => {
                let encoding: &'static dyn ring::signature::RsaEncoding = match self.algorithm {
                    "PS256" => &RSA_PSS_SHA256,
                    _ => &RSA_PKCS1_SHA256,
                };
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(encoding, &random, message, &mut signature)
                    .expect("a signature");
                signature
            }
        })
    }
}

/// A token whose signature somebody else makes.
pub fn signed(header: &Value, claims: &Value, sign: impl FnOnce(&[u8]) -> Vec<u8>) -> String {
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", encode(header), encode(claims));
    let signature = URL_SAFE_NO_PAD.encode(sign(message.as_bytes()));
    format!("{message}.{signature}")
}

/// A new RSA key, which ring does not make.
fn rsa() -> RsaKeyPair {
    let made = Command::new("openssl")
        .args(["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"])
        .output()
        .expect("openssl is installed, as tests/run does");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let key = PrivatePkcs8KeyDer::from_pem_slice(&made.stdout).expect("a key as PEM");
    RsaKeyPair::from_pkcs8(key.secret_pkcs8_der()).expect("a key")
}
