use std::time::Duration;

use lettre::message::header::HeaderName;
use lettre::message::header::HeaderValue;
use lettre::message::{Mailbox, MultiPart};
use lettre::transport::smtp::Error as SmtpError;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Message as Mail, Tokio1Executor};
use secrecy::ExposeSecret as _;

use super::error::SendError;
use crate::notify::message::Message;
use crate::notify::receiver::{EmailReceiver, MailServer, MailTls};
use crate::notify::templates::Rendered;
use crate::oci::text::excerpt;

/// The time limit of each command to the mail server. Our choice: RFC 5321 allows minutes, but a retry follows.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Sends a message by e-mail. The `Message-ID` is the same at each attempt, so that mail servers can drop a repeated one.
pub(super) async fn send(
    receiver: &EmailReceiver,
    message: &Message,
    key: &str,
    content: &Rendered,
) -> Result<(), SendError> {
    let mail = mail(receiver, message, key, content)?;
    let transport = transport(&receiver.server)?;
    let sent = transport
        .send(mail)
        .await
        .map_err(|error| failure(&receiver.server, &error))?;
    if sent.is_positive() {
        Ok(())
    } else {
        let answer = sent.message().collect::<Vec<_>>().join(" ");
        Err(SendError::Temporary(format!(
            "{} answers {}: {}",
            receiver.server.host,
            sent.code(),
            excerpt(&answer)
        )))
    }
}

/// Connects to a mail server, with encryption and login as configured, and leaves again.
pub(super) async fn reach(server: &MailServer) -> Result<String, SendError> {
    let reached = transport(server)?.test_connection().await;
    let is_ready = reached.map_err(|error| failure(server, &error))?;
    let MailServer { host, port, .. } = server;
    if !is_ready {
        return Err(SendError::Temporary(format!(
            "mail server {host}:{port} is not ready"
        )));
    }
    let encryption = match server.tls {
        MailTls::StartTls => " with STARTTLS",
        MailTls::Implicit => " with TLS",
        MailTls::Unencrypted => " without encryption",
    };
    let login = server.login.as_ref().map_or("", |_| " and accepts the login");
    Ok(format!("mail server {host}:{port} answers{encryption}{login}"))
}

fn mail(
    receiver: &EmailReceiver,
    message: &Message,
    key: &str,
    content: &Rendered,
) -> Result<Mail, SendError> {
    let mailbox = |address: &str| -> Result<Mailbox, SendError> {
        address
            .parse()
            .map_err(|error| SendError::Permanent(format!("{} is not an address: {error}", excerpt(address))))
    };
    let from = mailbox(&receiver.from)?;
    let domain = from.email.domain().to_owned();
    let mut mail = Mail::builder()
        .from(from)
        .subject(content.subject.clone())
        .date(std::time::SystemTime::from(message.at))
        .message_id(Some(format!("<{key}.tare@{domain}>")))
        // Automatic replies must not answer it (RFC 3834).
        .raw_header(HeaderValue::new(
            HeaderName::new_from_ascii_str("Auto-Submitted"),
            "auto-generated".to_owned(),
        ));
    for address in &receiver.to {
        mail = mail.to(mailbox(address)?);
    }
    mail.multipart(MultiPart::alternative_plain_html(
        content.text.clone(),
        content.html.clone(),
    ))
    .map_err(|error| SendError::Permanent(format!("the e-mail cannot be built: {error}")))
}

fn transport(server: &MailServer) -> Result<AsyncSmtpTransport<Tokio1Executor>, SendError> {
    let tls = match server.tls {
        MailTls::Unencrypted => Tls::None,
        MailTls::StartTls => Tls::Required(parameters(server)?),
        MailTls::Implicit => Tls::Wrapper(parameters(server)?),
    };
    let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(server.host.as_str())
        .port(server.port)
        .tls(tls)
        .timeout(Some(TIMEOUT));
    if let Some((username, password)) = &server.login {
        let password = password.expose_secret().to_owned();
        builder = builder.credentials(Credentials::new(username.clone(), password));
    }
    Ok(builder.build())
}

fn parameters(server: &MailServer) -> Result<TlsParameters, SendError> {
    let mut parameters = TlsParameters::builder(server.host.clone());
    for file in &server.extra_ca {
        let failed =
            |problem: String| SendError::Permanent(format!("extra_ca {}: {problem}", file.display()));
        let pem = std::fs::read(file).map_err(|error| failed(error.to_string()))?;
        let certificate = Certificate::from_pem(&pem).map_err(|error| failed(error.to_string()))?;
        parameters = parameters.add_root_certificate(certificate);
    }
    parameters
        .build()
        .map_err(|error| SendError::Permanent(format!("TLS cannot be set up: {error}")))
}

fn failure(server: &MailServer, error: &SmtpError) -> SendError {
    let text = format!(
        "mail server {}:{}: {}",
        server.host,
        server.port,
        excerpt(&error.to_string())
    );
    if error.is_permanent() {
        SendError::Permanent(text)
    } else {
        SendError::Temporary(text)
    }
}
