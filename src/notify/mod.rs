//! Notifications: what happened, as messages by e-mail, Slack, Microsoft Teams and webhooks.
//!
//! A [`Message`] is built from values by pure functions ([`weekly`], [`alerts`]) and turned into text by templates
//! ([`Templates`]). The [`Dispatcher`] finds what happened, puts one message for each event and receiver into the outbox
//! of the store, and delivers what is due. A message is sent at least once: a process that is killed between sending and
//! recording sends it again, with the same idempotency key, by which receivers can tell.

pub mod alerts;
mod audience;
mod budgets;
mod dispatcher;
mod escape;
mod event;
mod find;
mod message;
mod receiver;
mod schedule;
mod send;
mod templates;
pub mod weekly;

pub use audience::Audience;
pub use dispatcher::{DispatchError, Dispatcher, DispatcherSettings};
pub use event::EventKind;
pub use message::{Link, Message, Page, Row, Section};
pub use receiver::{Channel, EmailReceiver, MailServer, MailTls, Receiver, WebhookReceiver, WebhookStyle};
pub use schedule::WeeklyTime;
pub use send::{SendError, reach, send};
pub use templates::{Format, RenderError, Rendered, Templates, slack_document, teams_document};
