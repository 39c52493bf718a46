use std::path::PathBuf;

use secrecy::SecretString;
use url::Url;

use super::audience::Audience;
use super::event::EventKind;
use super::schedule::WeeklyTime;

/// Who gets which messages, and how.
#[derive(Debug, Clone)]
pub struct Receiver {
    /// The name in the settings, the outbox and the log.
    pub name: String,
    /// How messages are sent.
    pub channel: Channel,
    /// The events that it is told about.
    pub events: Vec<EventKind>,
    /// The registries and the cost centre that it is told about.
    pub audience: Audience,
    /// When the weekly summary is sent.
    pub weekly: WeeklyTime,
    /// The percentages of a budget that it is told about, in ascending order.
    pub budget_levels: Vec<u32>,
}

/// How messages are sent.
#[derive(Debug, Clone)]
pub enum Channel {
    /// By e-mail.
    Email(EmailReceiver),
    /// By an HTTP request.
    Webhook(WebhookReceiver),
}

impl Channel {
    /// The kind, as settings and metrics name it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Email(_) => "email",
            Self::Webhook(webhook) => match webhook.style {
                WebhookStyle::Slack => "slack",
                WebhookStyle::Teams => "teams",
                WebhookStyle::Json { .. } => "webhook",
            },
        }
    }
}

/// Addresses, and the server that delivers to them.
#[derive(Debug, Clone)]
pub struct EmailReceiver {
    /// The sender's address.
    pub from: String,
    /// The recipients' addresses.
    pub to: Vec<String>,
    /// The mail server.
    pub server: MailServer,
}

/// A mail server.
#[derive(Debug, Clone)]
pub struct MailServer {
    /// Its host.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is encrypted.
    pub tls: MailTls,
    /// User name and password; `None` to send without a login.
    pub login: Option<(String, SecretString)>,
    /// PEM files with certificates to trust besides the system's.
    pub extra_ca: Vec<PathBuf>,
}

/// How the connection to a mail server is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailTls {
    /// STARTTLS is required.
    StartTls,
    /// TLS from the first byte.
    Implicit,
    /// Not at all.
    Unencrypted,
}

/// An address that gets HTTP requests.
#[derive(Debug, Clone)]
pub struct WebhookReceiver {
    /// The address. It may contain a secret, so it is never shown.
    pub url: Url,
    /// The form of the body.
    pub style: WebhookStyle,
    /// PEM files with certificates to trust besides the system's.
    pub extra_ca: Vec<PathBuf>,
}

/// The form of a request's body.
#[derive(Debug, Clone)]
pub enum WebhookStyle {
    /// Slack's blocks, for an incoming webhook.
    Slack,
    /// An Adaptive Card, for a workflow of Microsoft Teams.
    Teams,
    /// The message as JSON, signed if there is a secret.
    Json {
        /// The key of the signature (HMAC-SHA256).
        secret: Option<SecretString>,
    },
}
