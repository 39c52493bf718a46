//! Finds events, and delivers what is in the outbox.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::time::sleep;

use super::message::Message;
use super::receiver::Receiver;
use super::send::{SendError, send};
use super::templates::Templates;
use crate::analysis::{AnalysisError, AnalysisService};
use crate::clock::Clock;
use crate::cost::Budget;
use crate::report::GroupError;
use crate::store::{PendingNotification, SavedState, Store, StoreError};
use crate::units::MoneyError;

/// How often the dispatcher looks for events and for messages that are due. Our choice.
const LOOK: Duration = Duration::from_secs(10);
/// How long one process may take to send a message. Our choice: longer than all time limits of sending together.
const LEASE: Duration = Duration::from_secs(600);
/// The pause after the first failed attempt; it doubles with each attempt, up to [`LONGEST_PAUSE`]. Our choice.
const FIRST_PAUSE: TimeDelta = TimeDelta::seconds(30);
const LONGEST_PAUSE: TimeDelta = TimeDelta::hours(1);
/// How long a message is tried before it is given up. Our choice: an outage of a mail server ends within a day.
const GIVE_UP: TimeDelta = TimeDelta::hours(24);

/// The settings of notifications.
#[derive(Clone)]
pub struct DispatcherSettings {
    /// Who gets messages.
    pub receivers: Vec<Receiver>,
    /// The monthly budgets.
    pub budgets: Vec<Budget>,
    /// The address of the page; `None` for messages without links.
    pub page: Option<String>,
    /// The templates of messages.
    pub templates: Templates,
}

/// Sends notifications, together with any number of other processes on the same database.
pub struct Dispatcher {
    pub(super) store: Store,
    pub(super) analysis: AnalysisService,
    pub(super) settings: Arc<DispatcherSettings>,
    pub(super) clock: Arc<dyn Clock>,
}

/// Why notifications are not found or not delivered.
#[derive(Debug, thiserror::Error)]
pub enum DispatchError {
    /// The store fails.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The analysis fails.
    #[error(transparent)]
    Analysis(#[from] AnalysisError),
    /// A sum leaves the range of exact numbers.
    #[error(transparent)]
    Money(#[from] MoneyError),
    /// The headline cannot be computed.
    #[error(transparent)]
    Headline(#[from] GroupError),
    /// A message cannot be stored or read.
    #[error("a message in the outbox is not valid: {0}")]
    Message(#[from] serde_json::Error),
}

impl Dispatcher {
    /// Sends notifications about what is in the store.
    pub fn new(
        store: Store,
        analysis: AnalysisService,
        settings: DispatcherSettings,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            store,
            analysis,
            settings: Arc::new(settings),
            clock,
        }
    }

    /// Runs until `stop` completes. A message that is being sent then may be sent again after the next start.
    pub async fn run(&self, stop: impl Future<Output = ()>) {
        if self.settings.receivers.is_empty() {
            return stop.await;
        }
        let work = async {
            let mut seen = None;
            loop {
                if let Err(error) = self.turn(&mut seen).await {
                    tracing::warn!(error = format!("{error:#}"), "notifications are delayed");
                }
                sleep(LOOK).await;
            }
        };
        tokio::select! {
            () = stop => {}
            () = work => {}
        }
    }

    /// Finds new events once, and delivers all messages that are due. `seen` is kept between turns.
    ///
    /// # Errors
    /// If the store or the analysis fails. What was found stays in the outbox.
    pub async fn turn(&self, seen: &mut Option<SavedState>) -> Result<(), DispatchError> {
        let found = self.find(seen).await;
        let names: Vec<String> = self
            .settings
            .receivers
            .iter()
            .map(|receiver| receiver.name.clone())
            .collect();
        while let Some(pending) = self
            .store
            .take_notification(&names, LEASE, self.clock.now())
            .await?
        {
            self.deliver(&pending).await?;
        }
        found
    }

    async fn deliver(&self, pending: &PendingNotification) -> Result<(), DispatchError> {
        let receivers = &self.settings.receivers;
        let Some(receiver) = receivers
            .iter()
            .find(|receiver| receiver.name == pending.receiver)
        else {
            return Ok(());
        };
        let message: Result<Message, _> = serde_json::from_value(pending.message.clone());
        let sent = match message {
            Ok(message) => send(receiver, &message, &self.settings.templates).await,
            Err(error) => Err(SendError::Permanent(error.to_string())),
        };
        let now = self.clock.now();
        let error = match sent {
            Ok(()) => {
                tracing::info!(
                    receiver = receiver.name,
                    notification = pending.id,
                    "notification sent"
                );
                return Ok(self.store.notification_sent(pending.id, now).await?);
            }
            Err(error) => error,
        };
        let next = match &error {
            SendError::Permanent(_) => None,
            SendError::Temporary(_) => next_attempt(pending, now),
        };
        let text = error.to_string();
        match next {
            Some(next) => tracing::warn!(
                receiver = receiver.name,
                notification = pending.id,
                error = text,
                %next,
                "notification not sent, trying again"
            ),
            None => tracing::error!(
                receiver = receiver.name,
                notification = pending.id,
                attempts = pending.attempts,
                error = text,
                "notification given up"
            ),
        }
        Ok(self
            .store
            .notification_failed(pending.id, &text, next, now)
            .await?)
    }
}

/// When to try again; `None` to give up.
fn next_attempt(pending: &PendingNotification, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let doublings = pending.attempts.saturating_sub(1).min(16);
    let pause = FIRST_PAUSE * 2_i32.pow(doublings);
    let next = now + pause.min(LONGEST_PAUSE);
    (next - pending.created_at < GIVE_UP).then_some(next)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pending(attempts: u32) -> PendingNotification {
        PendingNotification {
            id: 1,
            receiver: "x".to_owned(),
            message: serde_json::Value::Null,
            attempts,
            created_at: DateTime::UNIX_EPOCH,
        }
    }

    #[test]
    fn pauses_double_up_to_an_hour_and_end_after_a_day() {
        let now = DateTime::UNIX_EPOCH;
        let pause = |attempts| next_attempt(&pending(attempts), now).map(|next| (next - now).num_seconds());
        assert_eq!(
            [1, 2, 3, 8, 30].map(pause),
            [Some(30), Some(60), Some(120), Some(3600), Some(3600)]
        );
        assert_eq!(next_attempt(&pending(5), now + TimeDelta::hours(24)), None);
    }
}
