//! Notifications: the outbox, and the events that lead to them.

mod events;
mod outbox;

pub use events::{BookChange, EndedBadly, PricedRepository};
pub use outbox::{NewNotification, NotificationCount, PendingNotification};
