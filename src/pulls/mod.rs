//! How often images were pulled.
//!
//! Registries say so in three ways: in logs and counters that are imported ([`read_pulls`]), and in notifications that
//! they send ([`read_notifications`]). Where neither exists, the configuration may assume a number
//! ([`PullAssumption`]). [`PullCounts`] puts them together: for each day the most trusted source counts alone.
//!
//! What pulls cost is not decided here; see [`cost`](crate::cost).

mod counts;
#[cfg(test)]
mod counts_tests;
mod event;
mod import;
mod last;
mod notifications;

pub use counts::{
    CountedBy, CountedPulls, CountedSpan, PullAssumption, PullCount, PullCounts, PullSource, PullTotal,
    ServedBytes,
};
pub use event::{EventKey, PullEvent, key as event_key};
pub use import::{
    PullEvents, PullFile, PullFileFault, PullFileFormat, PullReading, PullReadings, PullTotals, PullUnit,
    ReadPulls, ServedLayer, Skipped, read_pulls,
};
pub use last::{LastPull, LastPulls, PullLevel, PullState, PulledOn};
pub use notifications::{MeteredPulls, Metering, ServedBlob, read_notifications};
