//! How fast the registry is asked: concurrency, requests a minute, and a pause for everybody when the
//! registry says so.

use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::ClientSettings;
use super::statistics::Counters;

/// The pace of one client.
pub(super) struct Pace {
    slots: Semaphore,
    state: Mutex<State>,
    /// The mean time between two requests; zero for no limit.
    interval: Duration,
    /// How far requests may run ahead of that mean.
    burst: Duration,
}

struct State {
    /// The slots there should be now.
    limit: usize,
    /// The slots there are in good times.
    most: usize,
    /// Slots to be taken out of use as soon as they come back.
    owed: usize,
    /// Good answers since the limit last changed.
    answered: usize,
    /// Nobody asks before this moment.
    not_before: Option<Instant>,
    /// When the request rate will have caught up with what has been asked.
    caught_up: Instant,
}

/// Leave to ask once. Given back when dropped.
pub(super) struct Slot<'p> {
    pace: &'p Pace,
}

/// The requests that may be made at once before the rate a minute is enforced: those of ten seconds.
const BURST: u32 = 6;
/// Good answers per slot before one more slot is tried after a slow-down.
const TRUST: usize = 8;

impl Pace {
    pub fn new(settings: &ClientSettings) -> Self {
        let most = settings.max_concurrent_requests.clamp(1, 1024);
        let minute = Duration::from_secs(60);
        let (interval, burst) = match settings.requests_per_minute {
            0 => (Duration::ZERO, Duration::ZERO),
            rate => (minute / rate, minute / BURST),
        };
        Self {
            slots: Semaphore::new(most),
            state: Mutex::new(State {
                limit: most,
                most,
                owed: 0,
                answered: 0,
                not_before: None,
                caught_up: Instant::now(),
            }),
            interval,
            burst,
        }
    }

    /// Waits for leave to ask.
    pub async fn enter(&self, counters: &Counters) -> Slot<'_> {
        let slot = match self.slots.try_acquire() {
            Ok(permit) => permit,
            // The semaphore is never closed, so waiting can only end with a permit.
            Err(_) => loop {
                if let Ok(permit) = self.slots.acquire().await {
                    break permit;
                }
            },
        };
        slot.forget();
        let slot = Slot { pace: self };
        let mut until = self.reserve();
        while let Some(moment) = until {
            let before = Instant::now();
            tokio::time::sleep_until(moment).await;
            counters.count_waited(before.elapsed());
            // A pause may have begun while this request slept.
            until = self.paused();
        }
        slot
    }

    /// Takes this request's place in the rate and says when it may go, if not at once.
    fn reserve(&self) -> Option<Instant> {
        let mut state = self.lock();
        if self.interval.is_zero() && state.not_before.is_none() {
            return None;
        }
        let now = Instant::now();
        let mut earliest = state.not_before.filter(|pause| *pause > now);
        if !self.interval.is_zero() {
            let due = state.caught_up.max(now);
            state.caught_up = due + self.interval;
            let ahead = due - now;
            if ahead > self.burst {
                earliest = earliest.max(Some(now + (ahead - self.burst)));
            }
        }
        earliest
    }

    fn paused(&self) -> Option<Instant> {
        let now = Instant::now();
        self.lock().not_before.filter(|pause| *pause > now)
    }

    /// Everybody waits for `delay` and, once they go on, half as many do so at a time.
    pub fn slow_down(&self, delay: Duration) {
        let now = Instant::now();
        let mut state = self.lock();
        // Answers to requests sent before a pause say the same thing again; they halve nothing.
        let pausing = state.not_before.is_some_and(|pause| pause > now);
        state.not_before = state.not_before.max(Some(now + delay));
        state.answered = 0;
        if !pausing {
            let lower = (state.limit / 2).max(1);
            let excess = state.limit - lower;
            state.limit = lower;
            let idle = self.slots.forget_permits(excess);
            state.owed += excess - idle;
        }
    }

    /// The slots in use or free at present.
    #[cfg(test)]
    fn limit(&self) -> usize {
        self.lock().limit
    }

    fn lock(&self) -> parking_lot::MutexGuard<'_, State> {
        // A panic elsewhere cannot leave these few numbers half changed.
        self.state.lock()
    }
}

impl Slot<'_> {
    /// The registry answered well: a limit that was lowered rises again, slowly.
    pub fn went_well(&self) {
        let mut state = self.pace.lock();
        if state.limit == state.most {
            return;
        }
        state.answered += 1;
        if state.answered >= state.limit * TRUST {
            state.answered = 0;
            state.limit += 1;
            if state.owed > 0 {
                state.owed -= 1;
            } else {
                self.pace.slots.add_permits(1);
            }
        }
    }
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        let mut state = self.pace.lock();
        if state.owed > 0 {
            state.owed -= 1;
        } else {
            self.pace.slots.add_permits(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pace(concurrent: usize, per_minute: u32) -> Pace {
        Pace::new(&ClientSettings {
            max_concurrent_requests: concurrent,
            requests_per_minute: per_minute,
            ..ClientSettings::default()
        })
    }

    #[tokio::test]
    async fn a_slow_down_halves_concurrency_once_and_good_answers_restore_it() {
        let (pace, counters) = (pace(8, 0), Counters::new());
        let mut slots = Vec::new();
        for _ in 0..6 {
            slots.push(pace.enter(&counters).await);
        }
        pace.slow_down(Duration::from_millis(5));
        pace.slow_down(Duration::from_millis(5));
        assert_eq!(pace.limit(), 4);
        drop(slots);
        assert_eq!(pace.slots.available_permits(), 4);
        for _ in 0..1000 {
            pace.enter(&counters).await.went_well();
        }
        assert_eq!((pace.limit(), pace.slots.available_permits()), (8, 8));
        assert!(counters.snapshot().waited >= Duration::from_millis(4));
    }

    #[tokio::test]
    async fn a_pause_holds_those_back_who_wait_already() {
        let (pace, counters) = (pace(1, 0), Counters::new());
        let slot = pace.enter(&counters).await;
        let begun = Instant::now();
        let waiting = async {
            pace.enter(&counters).await;
            begun.elapsed()
        };
        let pausing = async {
            tokio::task::yield_now().await;
            pace.slow_down(Duration::from_millis(30));
            drop(slot);
        };
        let (waited, ()) = tokio::join!(waiting, pausing);
        assert!(waited >= Duration::from_millis(29), "{waited:?}");
    }

    #[test]
    fn the_rate_lets_a_burst_through_and_spaces_out_the_rest() {
        let pace = pace(4, 600);
        let at_once = std::iter::from_fn(|| pace.reserve().is_none().then_some(()))
            .take(1000)
            .count();
        assert!((100..=102).contains(&at_once), "{at_once}");
        let now = Instant::now();
        let later = (0..10).filter_map(|_| pace.reserve()).fold(now, Instant::max);
        assert!(later > now + Duration::from_millis(900), "{:?}", later - now);
    }
}
