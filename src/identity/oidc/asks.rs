use chrono::{DateTime, TimeDelta, Utc};

/// How often in a row strangers can make us ask an issuer, and how long until they can once more.
const AT_ONCE: i32 = 3;
const ONE_MORE_AFTER: TimeDelta = TimeDelta::seconds(30);

/// How often an issuer may yet be asked because of tokens that name an unknown key. Anybody can make up such a token.
#[derive(Debug)]
pub(super) struct Asks {
    left: i32,
    /// Since when `left` has not grown.
    since: DateTime<Utc>,
}

impl Asks {
    pub fn new(now: DateTime<Utc>) -> Self {
        Self {
            left: AT_ONCE,
            since: now,
        }
    }

    /// Whether the issuer may be asked now; it then counts as asked.
    pub fn take(&mut self, now: DateTime<Utc>) -> bool {
        if now < self.since {
            // The clock was set back.
            self.since = now;
        }
        while self.left < AT_ONCE && now - self.since >= ONE_MORE_AFTER {
            self.left += 1;
            self.since += ONE_MORE_AFTER;
        }
        if self.left == 0 {
            return false;
        }
        if self.left == AT_ONCE {
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
    fn however_many_strangers_come_an_issuer_is_asked_twice_a_minute() {
        let at = |seconds| DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds);
        let mut asks = Asks::new(at(0));
        let asked = |asks: &mut Asks, from, to| (from..to).filter(|&second| asks.take(at(second))).count();
        assert_eq!(asked(&mut asks, 0, 30), 3);
        assert_eq!(asked(&mut asks, 30, 90), 2);
        assert_eq!(
            asked(&mut asks, 10_000, 10_010),
            3,
            "a quiet time makes up for a busy one"
        );
        assert_eq!(
            asked(&mut asks, 50, 80),
            0,
            "a clock that was set back gives nothing"
        );
        assert_eq!(asked(&mut asks, 80, 110), 1, "and takes nothing");
    }
}
