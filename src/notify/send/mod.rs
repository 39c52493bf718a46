//! Sending one message to one receiver.

mod email;
mod error;
mod webhook;

pub use error::SendError;

use sha2::{Digest as _, Sha256};

use super::message::Message;
use super::receiver::{Channel, Receiver};
use super::templates::Templates;

/// Sends a message.
///
/// # Errors
/// If it is not certain that the receiver has it.
pub async fn send(receiver: &Receiver, message: &Message, templates: &Templates) -> Result<(), SendError> {
    let key = idempotency_key(&receiver.name, &message.id);
    match &receiver.channel {
        Channel::Email(email) => email::send(email, message, &key, &templates.email(message)?).await,
        Channel::Webhook(webhook) => webhook::send(webhook, message, &key, templates).await,
    }
}

/// Connects to the receiver's server and sends nothing. Says what answers.
///
/// # Errors
/// If the server cannot be reached, or refuses the encryption or the login.
pub async fn reach(receiver: &Receiver) -> Result<String, SendError> {
    match &receiver.channel {
        Channel::Email(email) => email::reach(&email.server).await,
        Channel::Webhook(webhook) => webhook::reach(webhook).await,
    }
}

/// The key by which a receiver can tell that a message was sent before: 32 hexadecimal digits.
fn idempotency_key(receiver: &str, id: &str) -> String {
    let digest = Sha256::digest(format!("{receiver}\n{id}"));
    hex::encode(&digest[..16])
}
