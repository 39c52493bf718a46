//! A token server as Docker's token specification has it, with a key of its own, for a registry server
//! that trusts the key's certificate.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, mpsc};

use actix_web::dev::ServerHandle;
use actix_web::http::header;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use tare::clock::{Clock as _, SystemClock};

/// Who the tokens say that they are from.
pub const ISSUER: &str = "tare-tests";

/// How many seconds a token lasts.
const LIFETIME: i64 = 300;

/// A running token server.
pub struct TokenServer {
    shared: Arc<Shared>,
    realm: String,
    handle: ServerHandle,
    thread: Option<std::thread::JoinHandle<()>>,
}

struct Shared {
    folder: tempfile::TempDir,
    /// `user:password` of the one user.
    login: String,
    /// The scopes of every token that was given out.
    given: Mutex<Vec<String>>,
}

impl TokenServer {
    /// Serves tokens to a user with this password.
    pub fn serve(user: &str, password: &str) -> Self {
        let shared = Arc::new(Shared {
            folder: tempfile::tempdir().expect("a folder"),
            login: format!("{user}:{password}"),
            given: Mutex::default(),
        });
        let made = Command::new("openssl")
            .args([
                "req",
                "-x509",
                "-newkey",
                "rsa:2048",
                "-nodes",
                "-days",
                "2",
                "-subj",
                "/CN=tare-tests",
            ])
            .arg("-keyout")
            .arg(shared.key())
            .arg("-out")
            .arg(shared.certificate())
            .stderr(Stdio::null())
            .status()
            .expect("openssl is installed, as tests/run does");
        assert!(made.success());
        let data = Arc::clone(&shared);
        let (ready, started) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async {
                let server = HttpServer::new(move || {
                    App::new()
                        .app_data(web::Data::from(Arc::clone(&data)))
                        .route("/token", web::get().to(token))
                })
                .workers(1)
                .disable_signals()
                .bind(("127.0.0.1", 0))
                .expect("a free port");
                let address = server.addrs()[0];
                let server = server.run();
                ready.send((address, server.handle())).expect("the test waits");
                server.await.expect("the server runs");
            });
        });
        let (address, handle) = started.recv().expect("the server starts");
        Self {
            shared,
            realm: format!("http://{address}/token"),
            handle,
            thread: Some(thread),
        }
    }

    /// Where tokens are asked for.
    pub fn realm(&self) -> &str {
        &self.realm
    }

    /// The certificate by which the tokens can be checked.
    pub fn certificate(&self) -> PathBuf {
        self.shared.certificate()
    }

    /// The scopes of the tokens given out so far, in order.
    pub fn given(&self) -> Vec<String> {
        self.shared.given.lock().expect("no panic").clone()
    }
}

impl Drop for TokenServer {
    fn drop(&mut self) {
        drop(self.handle.stop(false));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn key(&self) -> PathBuf {
        self.folder.path().join("key.pem")
    }

    fn certificate(&self) -> PathBuf {
        self.folder.path().join("certificate.pem")
    }

    fn sign(&self, claims: &Value) -> String {
        let chain: String = std::fs::read_to_string(self.certificate())
            .expect("a certificate")
            .lines()
            .filter(|line| !line.starts_with("-----"))
            .collect();
        let header = json!({"typ": "JWT", "alg": "RS256", "x5c": [chain]});
        let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", encode(&header), encode(claims));
        let signature = rsa_sha256(&self.key(), signed.as_bytes());
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

fn rsa_sha256(key: &Path, content: &[u8]) -> Vec<u8> {
    let mut openssl = Command::new("openssl")
        .args(["dgst", "-sha256", "-sign"])
        .arg(key)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("openssl");
    let mut input = openssl.stdin.take().expect("a pipe");
    input.write_all(content).expect("openssl reads");
    drop(input);
    openssl.wait_with_output().expect("openssl").stdout
}

async fn token(request: HttpRequest, shared: web::Data<Shared>) -> HttpResponse {
    let expected = format!("Basic {}", STANDARD.encode(&shared.login));
    let given = request.headers().get(header::AUTHORIZATION);
    if given.and_then(|value| value.to_str().ok()) != Some(&expected) {
        return HttpResponse::Unauthorized().json(json!({"details": "incorrect username or password"}));
    }
    let query: Vec<(String, String)> = url::form_urlencoded::parse(request.query_string().as_bytes())
        .into_owned()
        .collect();
    let asked = |name: &'static str| {
        query
            .iter()
            .filter(move |(key, _)| key == name)
            .map(|(_, value)| value.clone())
    };
    let scopes: Vec<String> = asked("scope").collect();
    let access: Vec<Value> = scopes
        .iter()
        .map(|scope| {
            let words: Vec<&str> = scope.split(':').collect();
            let actions: Vec<&str> = words[2].split(',').collect();
            json!({"type": words[0], "name": words[1], "actions": actions})
        })
        .collect();
    let now = SystemClock.now();
    let until = now.timestamp() + LIFETIME;
    let claims = json!({
        "iss": ISSUER,
        "sub": "tests",
        "aud": asked("service").next(),
        "iat": now.timestamp(),
        // The registry's clock is this one; the second before allows for its rounding.
        "nbf": now.timestamp() - 1,
        "exp": until,
        "jti": format!("{}", shared.given.lock().expect("no panic").len()),
        "access": access,
    });
    shared.given.lock().expect("no panic").push(scopes.join(" "));
    HttpResponse::Ok().json(json!({
        "token": shared.sign(&claims),
        "expires_in": LIFETIME,
        "issued_at": now,
    }))
}
