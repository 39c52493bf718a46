//! Retry delays.

use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::header::{HeaderMap, RETRY_AFTER};
use tokio::time::Instant;

use super::{ClientSettings, Reason, RegistryError};

/// The delay before retry number `retry` (from 0): exponential with full jitter. `random` lies in 0..1.
fn backoff(retry: u32, base: Duration, longest: Duration, random: f64) -> Duration {
    let ceiling = base.saturating_mul(1 << retry.min(20)).min(longest);
    ceiling.mul_f64(random)
}

/// The delay in a `Retry-After` header, in either of its forms.
pub(super) fn retry_after(headers: &HeaderMap, now: DateTime<Utc>) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let until = DateTime::parse_from_rfc2822(text).ok()?.to_utc();
    Some((until - now).to_std().unwrap_or(Duration::ZERO))
}

/// Counts the attempts of one request.
#[derive(Debug)]
pub(super) struct Attempts<'s> {
    settings: &'s ClientSettings,
    most: u32,
    started: Instant,
    faults: u32,
    throttled: u32,
}

impl<'s> Attempts<'s> {
    pub fn new(settings: &'s ClientSettings) -> Self {
        Self {
            settings,
            most: settings.max_attempts,
            started: Instant::now(),
            faults: 0,
            throttled: 0,
        }
    }

    /// Lowers the number of attempts.
    pub fn at_most(mut self, attempts: u32) -> Self {
        self.most = self.most.min(attempts);
        self
    }

    /// The delay after a transient fault; `None` if no attempt is left.
    pub fn after_fault(&mut self) -> Option<Duration> {
        self.faults += 1;
        (self.faults < self.most).then(|| self.delay(self.faults - 1))
    }

    /// The delay after throttling; `None` if no attempt is left. Throttling has a limit of its own.
    pub fn after_throttling(&mut self, asked: Option<Duration>) -> Option<Duration> {
        self.throttled += 1;
        let patience = self.settings.max_attempts.saturating_mul(4);
        (self.throttled < patience).then(|| match asked {
            Some(asked) => asked.min(self.settings.max_retry_after),
            None => self.delay(self.throttled),
        })
    }

    fn delay(&self, retry: u32) -> Duration {
        backoff(
            retry,
            self.settings.retry_base_delay,
            self.settings.retry_max_delay,
            fastrand::f64(),
        )
    }

    /// The error that ends the request, with attempts and elapsed time.
    pub fn give_up(&self, asked: String, reason: Reason) -> RegistryError {
        RegistryError {
            asked,
            reason: Box::new(reason),
            attempts: (self.faults + self.throttled).max(1),
            elapsed: self.started.elapsed(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(text: &str) -> Option<Duration> {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, text.parse().unwrap());
        let now = DateTime::parse_from_rfc3339("2026-11-23T06:00:00Z")
            .unwrap()
            .to_utc();
        retry_after(&headers, now)
    }

    #[test]
    fn retry_after_is_read_in_both_forms() {
        assert_eq!(asked("11"), Some(Duration::from_secs(11)));
        assert_eq!(
            asked("Mon, 23 Nov 2026 06:00:30 GMT"),
            Some(Duration::from_secs(30))
        );
        assert_eq!(asked("Mon, 23 Nov 2020 06:00:30 GMT"), Some(Duration::ZERO));
        for nonsense in ["", "soon", "-3", "99999999999999999999999"] {
            assert_eq!(asked(nonsense), None, "{nonsense}");
        }
    }

    #[test]
    fn backoff_doubles_up_to_its_ceiling_with_full_jitter() {
        let (base, longest) = (Duration::from_millis(100), Duration::from_secs(1));
        let ceilings: Vec<_> = (0..6)
            .map(|retry| backoff(retry, base, longest, 1.0).as_millis())
            .collect();
        assert_eq!(ceilings, [100, 200, 400, 800, 1000, 1000]);
        assert_eq!(backoff(3, base, longest, 0.0), Duration::ZERO);
        assert_eq!(backoff(u32::MAX, base, longest, 0.5).as_millis(), 500);
    }

    #[test]
    fn faults_and_throttling_are_counted_apart_and_end() {
        let settings = ClientSettings {
            max_attempts: 3,
            ..ClientSettings::default()
        };
        let mut attempts = Attempts::new(&settings);
        assert!(attempts.after_fault().is_some());
        assert!(attempts.after_throttling(None).is_some());
        assert!(attempts.after_fault().is_some());
        assert!(attempts.after_fault().is_none());
        let mut attempts = Attempts::new(&settings);
        let delays = std::iter::from_fn(|| attempts.after_throttling(Some(Duration::from_secs(9999))))
            .collect::<Vec<_>>();
        assert_eq!(delays, vec![settings.max_retry_after; 11]);
    }
}
