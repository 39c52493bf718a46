use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::store::row::Row;
use crate::store::span::Named as _;
use crate::store::text::clean;
use crate::store::{Store, StoreError};

/// A message for a receiver.
#[derive(Debug, Clone, PartialEq)]
pub struct NewNotification {
    /// The identity of the event.
    pub event_id: String,
    /// The receiver's name.
    pub receiver: String,
    /// The kind of receiver.
    pub channel: &'static str,
    /// The kind of event.
    pub event: &'static str,
    /// The message.
    pub message: Value,
}

/// A message that this process is to send before its lease expires.
#[derive(Debug, Clone, PartialEq)]
pub struct PendingNotification {
    /// Its number.
    pub id: i64,
    /// The receiver's name.
    pub receiver: String,
    /// The message.
    pub message: Value,
    /// How many attempts there have been, this one included.
    pub attempts: u32,
    /// When the message was put into the outbox.
    pub created_at: DateTime<Utc>,
}

/// How many messages have an outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotificationCount {
    /// The kind of receiver.
    pub channel: String,
    /// `pending`, `sent` or `failed`.
    pub state: String,
    /// How many.
    pub count: u64,
}

impl Store {
    /// Puts a message into the outbox, unless the receiver has one about this event. Returns whether it is new.
    ///
    /// # Errors
    /// If the database is not available.
    pub async fn enqueue_notification(
        &self,
        notification: &NewNotification,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let event_id = clean(&notification.event_id);
        let receiver = clean(&notification.receiver);
        let inserted = sqlx::query!(
            "INSERT INTO notification (event_id, receiver, channel, event, message, created_at, next_attempt_at)
             VALUES ($1, $2, $3, $4, $5, $6, $6) ON CONFLICT (receiver, event_id) DO NOTHING",
            event_id.as_ref(),
            receiver.as_ref(),
            notification.channel,
            notification.event,
            cleaned(&notification.message),
            now
        )
        .execute(&self.pool)
        .named("enqueue_notification")
        .await?;
        Ok(inserted.rows_affected() > 0)
    }

    /// Whether the receiver has a message about this event, sent or not.
    ///
    /// # Errors
    /// If the database is not available.
    pub async fn has_notification(&self, receiver: &str, event_id: &str) -> Result<bool, StoreError> {
        let (receiver, event_id) = (clean(receiver), clean(event_id));
        let has = sqlx::query_scalar!(
            r#"SELECT EXISTS (SELECT FROM notification WHERE receiver = $1 AND event_id = $2) AS "has!""#,
            receiver.as_ref(),
            event_id.as_ref()
        )
        .fetch_one(&self.pool)
        .named("has_notification")
        .await?;
        Ok(has)
    }

    /// Takes one message that is due, for one of these receivers. Until its lease expires, no other process takes it.
    ///
    /// # Errors
    /// If the database is not available.
    pub async fn take_notification(
        &self,
        receivers: &[String],
        lease: Duration,
        now: DateTime<Utc>,
    ) -> Result<Option<PendingNotification>, StoreError> {
        let row = sqlx::query!(
            "UPDATE notification SET attempts = attempts + 1,
                 lease_until = clock_timestamp() + make_interval(secs => $3)
             WHERE id = (
                 SELECT id FROM notification
                 WHERE state = 'pending' AND receiver = ANY ($1) AND next_attempt_at <= $2
                   AND (lease_until IS NULL OR lease_until < clock_timestamp())
                 ORDER BY next_attempt_at, id LIMIT 1 FOR UPDATE SKIP LOCKED)
             RETURNING id, receiver, message, attempts, created_at",
            receivers,
            now,
            lease.as_secs_f64()
        )
        .fetch_optional(&self.pool)
        .named("take_notification")
        .await?;
        row.map(|row| {
            Ok(PendingNotification {
                id: row.id,
                receiver: row.receiver,
                message: row.message,
                attempts: Row::new("notification", &row.id).count("attempts", i64::from(row.attempts))?,
                created_at: row.created_at,
            })
        })
        .transpose()
    }

    /// Records that a message was sent.
    ///
    /// # Errors
    /// If the database is not available.
    pub async fn notification_sent(&self, id: i64, now: DateTime<Utc>) -> Result<(), StoreError> {
        sqlx::query!(
            "UPDATE notification SET state = 'sent', finished_at = $2, error = NULL, lease_until = NULL
             WHERE id = $1 AND state = 'pending'",
            id,
            now
        )
        .execute(&self.pool)
        .named("notification_sent")
        .await?;
        Ok(())
    }

    /// Records that an attempt failed, and when to try again; `None` gives up.
    ///
    /// # Errors
    /// If the database is not available.
    pub async fn notification_failed(
        &self,
        id: i64,
        error: &str,
        next_attempt: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let error = clean(error);
        sqlx::query!(
            "UPDATE notification SET error = $2, lease_until = NULL,
                 state = CASE WHEN $3::timestamptz IS NULL THEN 'failed' ELSE 'pending' END,
                 finished_at = CASE WHEN $3::timestamptz IS NULL THEN $4::timestamptz END,
                 next_attempt_at = COALESCE($3::timestamptz, next_attempt_at)
             WHERE id = $1 AND state = 'pending'",
            id,
            error.as_ref(),
            next_attempt,
            now
        )
        .execute(&self.pool)
        .named("notification_failed")
        .await?;
        Ok(())
    }

    /// How many messages are pending, were sent, or were given up, by kind of receiver.
    ///
    /// # Errors
    /// If the database is not available.
    pub async fn notification_counts(&self) -> Result<Vec<NotificationCount>, StoreError> {
        let rows = sqlx::query!(
            r#"SELECT channel, state, count(*) AS "count!" FROM notification
               GROUP BY channel, state ORDER BY channel COLLATE "C", state COLLATE "C""#
        )
        .fetch_all(&self.pool)
        .named("notification_counts")
        .await?;
        rows.into_iter()
            .map(|row| {
                Ok(NotificationCount {
                    count: Row::new("notification", &row.channel).count("count", row.count)?,
                    channel: row.channel,
                    state: row.state,
                })
            })
            .collect()
    }
}

/// A document without the null characters that the database cannot store.
fn cleaned(document: &Value) -> Value {
    match document {
        Value::String(text) => Value::String(clean(text).into_owned()),
        Value::Array(items) => items.iter().map(cleaned).collect(),
        Value::Object(members) => Value::Object(
            members
                .iter()
                .map(|(name, member)| (clean(name).into_owned(), cleaned(member)))
                .collect(),
        ),
        other => other.clone(),
    }
}
