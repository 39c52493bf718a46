//! Events that registries send: received once, collapsed to questions, and answered by the registry.

mod accept;
mod apply;
mod ask;
mod told;

pub use accept::{AcceptedEvents, PENDING_LIMIT};
pub use apply::{Asked, AskedAnswer};
pub use ask::{EventState, PendingAsk};
pub(in crate::store) use told::{TagSource, told_since};
