//! Registries behind TLS with a company's own certificate authority.

use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::mpsc;
use std::thread::JoinHandle;

use actix_web::dev::ServerHandle;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tare::registry::{ClientSettings, Credentials, ErrorKind, Reason};

use super::harness::{client_with, name, quick, stranger, tag, user};

/// A server that gives one answer to everything, under a certificate of an authority of its own.
struct SecureServer {
    url: String,
    handle: ServerHandle,
    thread: Option<JoinHandle<()>>,
    folder: tempfile::TempDir,
}

impl SecureServer {
    fn start(answer: impl Fn(&HttpRequest) -> HttpResponse + Send + Clone + 'static) -> Self {
        tare::http::install_tls_provider();
        let mut authority = CertificateParams::default();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        let certificate = certificate.signed_by(&key, &authority).unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("ca.pem"), authority.pem()).unwrap();

        let config = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.der().clone()],
                PrivateKeyDer::Pkcs8(key.serialize_der().into()),
            )
            .unwrap();
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
        let (send, receive) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let server = HttpServer::new(move || {
                    let answer = answer.clone();
                    let respond = move |request: HttpRequest| std::future::ready(answer(&request));
                    App::new().default_service(web::to(respond))
                })
                .workers(1)
                .disable_signals()
                .shutdown_timeout(0)
                .listen_rustls_0_23(listener, config)
                .unwrap()
                .run();
                send.send(server.handle()).unwrap();
                server.await.unwrap();
            });
        });
        let handle = receive.recv().unwrap();
        Self {
            url,
            handle,
            thread: Some(thread),
            folder,
        }
    }

    fn authority(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    fn trusted(&self) -> ClientSettings {
        ClientSettings {
            extra_ca: vec![self.authority()],
            ..quick()
        }
    }
}

impl Drop for SecureServer {
    fn drop(&mut self) {
        futures::executor::block_on(self.handle.stop(false));
        if let Some(thread) = self.thread.take() {
            // A panic there has been reported already.
            let _ = thread.join();
        }
    }
}

#[tokio::test]
async fn an_own_certificate_authority_is_trusted_when_named_and_only_then() {
    let registry = SecureServer::start(|_| HttpResponse::Ok().body(r#"{"repositories":["app"]}"#));
    let trusting = client_with(&registry.url, Credentials::Anonymous, registry.trusted());
    assert_eq!(trusting.catalog_page(None).await.unwrap().items, [name("app")]);
    let strict = client_with(&registry.url, Credentials::Anonymous, quick());
    let error = strict.catalog_page(None).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.to_string().contains("certificate"), "{error}");
}

#[tokio::test]
async fn https_does_not_lead_to_http() {
    let trap = stranger();
    let plain = trap.url().replace("127.0.0.1", "localhost");
    let redirecting = {
        let target = format!("{plain}/v2/app/manifests/1");
        SecureServer::start(move |_| {
            HttpResponse::TemporaryRedirect()
                .insert_header(("Location", target.as_str()))
                .finish()
        })
    };
    let challenging = {
        let challenge = format!(r#"Bearer realm="{plain}/token",service="x""#);
        SecureServer::start(move |_| {
            HttpResponse::Unauthorized()
                .insert_header(("WWW-Authenticate", challenge.as_str()))
                .finish()
        })
    };
    for registry in [&redirecting, &challenging] {
        let client = client_with(&registry.url, user("me", "hunter2"), registry.trusted());
        let error = client.get_manifest(&name("app"), &tag("1")).await.unwrap_err();
        assert!(matches!(error.reason(), Reason::Refused { .. }), "{error}");
    }
    assert!(trap.requests().is_empty());
}

#[test]
fn a_file_without_certificates_is_told_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("empty.pem");
    std::fs::write(&path, "nothing here").unwrap();
    for path in [path, folder.path().join("missing.pem")] {
        let settings = ClientSettings {
            extra_ca: vec![path.clone()],
            ..quick()
        };
        let origin = tare::registry::Origin::parse("https://localhost").unwrap();
        let clock = std::sync::Arc::new(tare::clock::SystemClock);
        let made = tare::registry::Client::new(origin, Credentials::Anonymous, settings, clock);
        let error = made.err().expect("the file is of no use").to_string();
        assert!(error.contains(&path.display().to_string()), "{error}");
    }
}
