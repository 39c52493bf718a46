//! Limits concurrency and request rate, and pauses all requests when the registry asks for it.

use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::ClientSettings;
use super::statistics::Counters;

/// The limits of one client.
pub(super) struct Throttle {
    slots: Semaphore,
    state: Mutex<State>,
    /// The mean time between two requests; zero means no limit.
    interval: Duration,
    /// How far requests may run ahead of that rate.
    burst: Duration,
}

struct State {
    /// The current number of slots.
    limit: usize,
    /// The configured number of slots.
    most: usize,
    /// Slots to remove as soon as they are returned.
    owed: usize,
    /// Successful responses since the limit last changed.
    answered: usize,
    /// No request starts before this time.
    not_before: Option<Instant>,
    /// When the request rate allows the next request.
    caught_up: Instant,
}

/// Permission for one request. Returned when dropped.
pub(super) struct Permit<'p> {
    throttle: &'p Throttle,
}

/// How many requests may start at once before the rate applies: those of ten seconds (a sixth of a minute). Our choice.
const BURST: u32 = 6;
/// Successful responses per slot before one more slot is added after a slow-down. Our choice.
const SUCCESSES_PER_SLOT: usize = 8;

impl Throttle {
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

    /// Waits for permission to send a request.
    pub async fn acquire(&self, counters: &Counters) -> Permit<'_> {
        let permit = match self.slots.try_acquire() {
            Ok(permit) => permit,
            // The semaphore is never closed, so waiting always ends with a permit.
            Err(_) => loop {
                if let Ok(permit) = self.slots.acquire().await {
                    break permit;
                }
            },
        };
        permit.forget();
        let permit = Permit { throttle: self };
        let mut until = self.reserve();
        while let Some(moment) = until {
            let before = Instant::now();
            tokio::time::sleep_until(moment).await;
            counters.count_waited(before.elapsed());
            // A pause may have started while this request slept.
            until = self.paused();
        }
        permit
    }

    /// Reserves this request's place in the rate. Returns when it may start, or `None` for at once.
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

    /// Pauses all requests for `delay` and halves the concurrency.
    pub fn slow_down(&self, delay: Duration) {
        let now = Instant::now();
        let mut state = self.lock();
        // Responses to requests sent before a pause must not halve it again.
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

    /// The current number of slots.
    #[cfg(test)]
    fn limit(&self) -> usize {
        self.lock().limit
    }

    fn lock(&self) -> parking_lot::MutexGuard<'_, State> {
        // A panic elsewhere cannot leave these few numbers half changed.
        self.state.lock()
    }
}

impl Permit<'_> {
    /// Records a successful response. A lowered limit rises again slowly.
    pub fn on_success(&self) {
        let mut state = self.throttle.lock();
        if state.limit == state.most {
            return;
        }
        state.answered += 1;
        if state.answered >= state.limit * SUCCESSES_PER_SLOT {
            state.answered = 0;
            state.limit += 1;
            if state.owed > 0 {
                state.owed -= 1;
            } else {
                self.throttle.slots.add_permits(1);
            }
        }
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        let mut state = self.throttle.lock();
        if state.owed > 0 {
            state.owed -= 1;
        } else {
            self.throttle.slots.add_permits(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn throttle(concurrent: usize, per_minute: u32) -> Throttle {
        Throttle::new(&ClientSettings {
            max_concurrent_requests: concurrent,
            requests_per_minute: per_minute,
            ..ClientSettings::default()
        })
    }

    #[tokio::test]
    async fn a_slow_down_halves_concurrency_once_and_good_answers_restore_it() {
        let (throttle, counters) = (throttle(8, 0), Counters::new());
        let mut slots = Vec::new();
        for _ in 0..6 {
            slots.push(throttle.acquire(&counters).await);
        }
        throttle.slow_down(Duration::from_millis(5));
        throttle.slow_down(Duration::from_millis(5));
        assert_eq!(throttle.limit(), 4);
        drop(slots);
        assert_eq!(throttle.slots.available_permits(), 4);
        for _ in 0..1000 {
            throttle.acquire(&counters).await.on_success();
        }
        assert_eq!((throttle.limit(), throttle.slots.available_permits()), (8, 8));
        assert!(counters.snapshot().waited >= Duration::from_millis(4));
    }

    #[tokio::test]
    async fn a_pause_holds_those_back_who_wait_already() {
        let (throttle, counters) = (throttle(1, 0), Counters::new());
        let permit = throttle.acquire(&counters).await;
        let begun = Instant::now();
        let waiting = async {
            throttle.acquire(&counters).await;
            begun.elapsed()
        };
        let pausing = async {
            tokio::task::yield_now().await;
            throttle.slow_down(Duration::from_millis(30));
            drop(permit);
        };
        let (waited, ()) = tokio::join!(waiting, pausing);
        assert!(waited >= Duration::from_millis(29), "{waited:?}");
    }

    #[test]
    fn the_rate_lets_a_burst_through_and_spaces_out_the_rest() {
        let throttle = throttle(4, 600);
        let at_once = std::iter::from_fn(|| throttle.reserve().is_none().then_some(()))
            .take(1000)
            .count();
        assert!((100..=102).contains(&at_once), "{at_once}");
        let now = Instant::now();
        let later = (0..10).filter_map(|_| throttle.reserve()).fold(now, Instant::max);
        assert!(later > now + Duration::from_millis(900), "{:?}", later - now);
    }
}
