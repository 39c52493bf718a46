use std::sync::Arc;

use tokio::sync::watch;

/// Tells a crawl to stop. Clones share one flag; once raised, it stays raised.
#[derive(Debug, Clone)]
pub struct StopFlag(Arc<watch::Sender<bool>>);

impl StopFlag {
    /// A flag that is not raised.
    pub fn new() -> Self {
        Self(Arc::new(watch::Sender::new(false)))
    }

    /// Raises the flag.
    pub fn stop(&self) {
        self.0.send_replace(true);
    }

    /// Whether the flag is raised.
    pub fn is_stopped(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits until the flag is raised.
    pub async fn stopped(&self) {
        let mut raised = self.0.subscribe();
        // The sender lives as long as `self`, so waiting cannot fail.
        let _ = raised.wait_for(|&raised| raised).await;
    }
}

impl Default for StopFlag {
    fn default() -> Self {
        Self::new()
    }
}
