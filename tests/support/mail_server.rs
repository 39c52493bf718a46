//! A stand-in for a mail server: SMTP with STARTTLS, implicit TLS or neither, and a login.

use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use base64::Engine as _;
use parking_lot::Mutex;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// How connections to the server are encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailTls {
    StartTls,
    Implicit,
    Unencrypted,
}

/// An e-mail that was delivered.
#[derive(Debug, Clone)]
pub struct Mail {
    pub recipients: Vec<String>,
    /// Head and body as sent.
    pub text: String,
    /// Whether the connection was encrypted.
    pub is_encrypted: bool,
    /// User and password of the login.
    pub login: Option<(String, String)>,
}

struct Shared {
    mails: Mutex<Vec<Mail>>,
    /// Replies to the next `MAIL FROM`, in place of success.
    refusals: Mutex<Vec<String>>,
    is_stopped: AtomicBool,
    tls: MailTls,
    config: Arc<ServerConfig>,
}

/// A server on a free port, until it is dropped. Its certificate is for `localhost`.
pub struct MailServer {
    port: u16,
    shared: Arc<Shared>,
    folder: tempfile::TempDir,
}

impl MailServer {
    pub fn start(tls: MailTls) -> Self {
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
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared {
            mails: Mutex::default(),
            refusals: Mutex::default(),
            is_stopped: AtomicBool::default(),
            tls,
            config: Arc::new(config),
        });
        let for_thread = Arc::clone(&shared);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if for_thread.is_stopped.load(Ordering::Relaxed) {
                    return;
                }
                // A client may break off, as one does that refuses the certificate.
                drop(serve(stream, &for_thread));
            }
        });
        Self { port, shared, folder }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// The certificate of its authority.
    pub fn authority(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// The next mail gets this reply instead of being taken.
    pub fn refuse_with(&self, reply: &str) {
        self.shared.refusals.lock().push(reply.to_owned());
    }

    pub fn mails(&self) -> Vec<Mail> {
        self.shared.mails.lock().clone()
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        self.shared.is_stopped.store(true, Ordering::Relaxed);
        drop(TcpStream::connect(("127.0.0.1", self.port)));
    }
}

fn encrypted(
    stream: TcpStream,
    shared: &Shared,
) -> std::io::Result<StreamOwned<ServerConnection, TcpStream>> {
    let connection = ServerConnection::new(Arc::clone(&shared.config)).map_err(std::io::Error::other)?;
    Ok(StreamOwned::new(connection, stream))
}

fn serve(stream: TcpStream, shared: &Shared) -> std::io::Result<()> {
    if shared.tls == MailTls::Implicit {
        let mut reader = BufReader::new(encrypted(stream, shared)?);
        say(reader.get_mut(), "220 localhost")?;
        return session(&mut reader, shared, true).map(drop);
    }
    let mut reader = BufReader::new(stream.try_clone()?);
    say(reader.get_mut(), "220 localhost")?;
    if session(&mut reader, shared, false)? {
        let mut reader = BufReader::new(encrypted(stream, shared)?);
        session(&mut reader, shared, true)?;
    }
    Ok(())
}

fn say(stream: &mut impl Write, line: &str) -> std::io::Result<()> {
    stream.write_all(format!("{line}\r\n").as_bytes())?;
    stream.flush()
}

/// Talks until the client leaves, or asks for STARTTLS, in which case it is true.
fn session<S: Read + Write>(
    reader: &mut BufReader<S>,
    shared: &Shared,
    is_encrypted: bool,
) -> std::io::Result<bool> {
    let mut recipients = Vec::new();
    let mut login = None;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(false);
        }
        let command = line.trim_end().to_owned();
        let stream = reader.get_mut();
        if command.starts_with("EHLO") {
            let offered = match (shared.tls, is_encrypted) {
                (MailTls::StartTls, false) => "250 STARTTLS",
                (MailTls::Unencrypted, _) => "250 8BITMIME",
                _ => "250 AUTH PLAIN",
            };
            say(stream, "250-localhost")?;
            say(stream, offered)?;
        } else if command == "STARTTLS" {
            say(stream, "220 go on")?;
            return Ok(true);
        } else if let Some(encoded) = command.strip_prefix("AUTH PLAIN ") {
            let decoded = base64::engine::general_purpose::STANDARD.decode(encoded);
            let decoded = String::from_utf8(decoded.unwrap_or_default()).unwrap_or_default();
            let mut parts = decoded.split('\0').skip(1).map(str::to_owned);
            let (user, password) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
            let is_right = password == "hunter2";
            login = Some((user, password));
            say(
                stream,
                if is_right {
                    "235 welcome"
                } else {
                    "535 wrong password"
                },
            )?;
        } else if command.starts_with("MAIL FROM") {
            let refusal = shared.refusals.lock().pop();
            say(stream, refusal.as_deref().unwrap_or("250 ok"))?;
        } else if let Some(recipient) = command.strip_prefix("RCPT TO:") {
            recipients.push(recipient.trim_matches(['<', '>']).to_owned());
            say(stream, "250 ok")?;
        } else if command == "DATA" {
            say(stream, "354 go on")?;
            let mut text = String::new();
            loop {
                let mut line = String::new();
                reader.read_line(&mut line)?;
                if line == ".\r\n" || line.is_empty() {
                    break;
                }
                text.push_str(&line);
            }
            shared.mails.lock().push(Mail {
                recipients: std::mem::take(&mut recipients),
                text,
                is_encrypted,
                login: login.clone(),
            });
            say(reader.get_mut(), "250 taken")?;
        } else if command == "QUIT" {
            say(stream, "221 bye")?;
            return Ok(false);
        } else {
            say(stream, "250 ok")?;
        }
    }
}
