use chrono::{DateTime, TimeDelta, Utc};

/// The most lookups in a row. Our choice: a new key is found at once, and an attack costs the issuer two requests a
/// minute.
const BURST: i32 = 3;
/// How long it takes until one more lookup is allowed. Our choice, as above.
const REFILL_INTERVAL: TimeDelta = TimeDelta::seconds(30);

/// Limits how often an issuer is asked because a token names an unknown key. Anybody can make up such a token.
#[derive(Debug)]
pub(super) struct LookupBudget {
    left: i32,
    /// When `left` last grew.
    since: DateTime<Utc>,
}

impl LookupBudget {
    /// A full budget.
    pub fn new(now: DateTime<Utc>) -> Self {
        Self {
            left: BURST,
            since: now,
        }
    }

    /// Whether the issuer may be asked now. If so, the lookup is counted.
    pub fn take(&mut self, now: DateTime<Utc>) -> bool {
        if now < self.since {
            // The clock was set back.
            self.since = now;
        }
        while self.left < BURST && now - self.since >= REFILL_INTERVAL {
            self.left += 1;
            self.since += REFILL_INTERVAL;
        }
        if self.left == 0 {
            return false;
        }
        if self.left == BURST {
            self.since = now;
        }
        self.left -= 1;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_keys_make_us_ask_an_issuer_at_most_twice_a_minute() {
        let at = |seconds| DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds);
        let mut budget = LookupBudget::new(at(0));
        let asked = |budget: &mut LookupBudget, from, to| {
            (from..to).filter(|&second| budget.take(at(second))).count()
        };
        assert_eq!(asked(&mut budget, 0, 30), 3);
        assert_eq!(asked(&mut budget, 30, 90), 2);
        assert_eq!(
            asked(&mut budget, 10_000, 10_010),
            3,
            "a quiet time makes up for a busy one"
        );
        assert_eq!(
            asked(&mut budget, 50, 80),
            0,
            "a clock that was set back gives nothing"
        );
        assert_eq!(asked(&mut budget, 80, 110), 1, "and takes nothing");
    }
}
