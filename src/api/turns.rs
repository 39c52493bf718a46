//! Limits on work that takes much memory or time. Each turn belongs to the work itself, not to the request: a client that
//! goes away does not make room for more.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::problem::Problem;

/// How many such tasks run at the same time, and how many wait.
pub(super) struct Turns {
    running: Arc<Semaphore>,
    queue: Arc<Semaphore>,
    /// What is full, for the problem.
    what: &'static str,
}

/// The right to run one task. It ends when dropped.
pub(super) struct Turn {
    _running: OwnedSemaphorePermit,
    _queue: OwnedSemaphorePermit,
}

impl Turns {
    /// So many tasks at a time, while so many others wait.
    pub(super) fn new(at_a_time: usize, waiting: usize, what: &'static str) -> Self {
        Self {
            running: Arc::new(Semaphore::new(at_a_time)),
            queue: Arc::new(Semaphore::new(at_a_time + waiting)),
            what,
        }
    }

    /// Waits for a turn.
    ///
    /// # Errors
    /// If too many wait already.
    pub(super) async fn next(&self) -> Result<Turn, Problem> {
        let full = || {
            Problem::unavailable(
                format!(
                    "too many {} at the same time; ask again in some seconds",
                    self.what
                ),
                5,
            )
        };
        let queue = Arc::clone(&self.queue).try_acquire_owned().map_err(|_| full())?;
        // The semaphore is never closed.
        let running = Arc::clone(&self.running)
            .acquire_owned()
            .await
            .map_err(|_| full())?;
        Ok(Turn {
            _running: running,
            _queue: queue,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn beyond_the_queue_a_client_is_told_to_come_back() {
        let turns = Turns::new(1, 1, "questions");
        let first = turns.next().await.unwrap();
        let waiting = tokio::spawn({
            let (running, queue) = (Arc::clone(&turns.running), Arc::clone(&turns.queue));
            let turns = Turns {
                running,
                queue,
                what: "questions",
            };
            async move { turns.next().await.is_ok() }
        });
        while turns.queue.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        let refused = turns.next().await.err().unwrap();
        assert_eq!(refused.status(), 503);
        drop(first);
        assert!(waiting.await.unwrap());
        assert!(turns.next().await.is_ok());
    }
}
