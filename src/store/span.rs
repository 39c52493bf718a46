//! Statements in the log: a span with the name of each, and how long it took.

use std::time::Instant;

use futures::FutureExt as _;
use tracing::Instrument as _;

use crate::units::milliseconds;

/// A statement on its way to the database and back.
pub(super) trait Named: Future + Sized {
    /// Runs the statement in a span `db` with its name, at the level debug. At the level trace, a log line says how
    /// long it took. Neither holds the statement's text or values: they are what registries say.
    fn named(self, statement: &'static str) -> impl Future<Output = Self::Output> {
        let span = tracing::debug_span!("db", statement);
        let started = Instant::now();
        self.inspect(move |_| {
            tracing::trace!(
                milliseconds = milliseconds(started.elapsed()),
                "statement answered"
            );
        })
        .instrument(span)
    }
}

impl<Running: Future> Named for Running {}
