use std::sync::atomic::{AtomicBool, Ordering};

use crate::crawl::StopFlag;

/// Tells one worker's part in a crawl to stop, because the process stops or because a user cancelled the crawl.
#[derive(Debug, Default)]
pub(super) struct Control {
    /// Raised in both cases.
    pub(super) flag: StopFlag,
    is_cancelled: AtomicBool,
}

impl Control {
    /// Stops the part because the crawl is cancelled.
    pub(super) fn cancel(&self) {
        self.is_cancelled.store(true, Ordering::Relaxed);
        self.flag.stop();
    }

    /// Whether the crawl is cancelled.
    pub(super) fn is_cancelled(&self) -> bool {
        self.is_cancelled.load(Ordering::Relaxed)
    }
}
