use chrono::{DateTime, Utc};

use crate::units::{ByteCount, ByteOverflow, Period};

/// Stored bytes over time. Each reading is valid until the next.
///
/// The first reading is also assumed before it was taken, and the last one after it; a bill that needs such an
/// assumption has a warning. Fractions of a second are dropped, so byte-seconds are integers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ByteHistory {
    /// In ascending order, at most one reading per moment; never empty.
    steps: Vec<(i64, ByteCount)>,
    /// From when until when the bytes are known; `None` if they are stated for all time.
    known: Option<(i64, i64)>,
}

/// A history without a reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("there is no reading of stored bytes; crawl the registry first")]
pub struct NoReading;

impl ByteHistory {
    /// The same number of bytes at all times, as for a forecast.
    pub fn constant(bytes: ByteCount) -> Self {
        Self {
            steps: vec![(i64::MIN, bytes)],
            known: None,
        }
    }

    /// Creates a history from readings in any order. The last reading was confirmed until `known_until` (the last complete
    /// crawl). Of two readings in the same second, the later in the list counts.
    ///
    /// # Errors
    /// If there is no reading.
    pub fn from_readings(
        readings: impl IntoIterator<Item = (DateTime<Utc>, ByteCount)>,
        known_until: DateTime<Utc>,
    ) -> Result<Self, NoReading> {
        let mut steps: Vec<(i64, ByteCount)> = readings
            .into_iter()
            .map(|(at, bytes)| (at.timestamp(), bytes))
            .collect();
        steps.sort_by_key(|&(at, _)| at);
        steps.reverse();
        steps.dedup_by_key(|&mut (at, _)| at);
        steps.reverse();
        let (first, last) = (
            steps.first().ok_or(NoReading)?.0,
            steps.last().ok_or(NoReading)?.0,
        );
        Ok(Self {
            steps,
            known: Some((first, last.max(known_until.timestamp()))),
        })
    }

    /// Byte-seconds between two moments (Unix seconds); zero if the second is not after the first.
    pub(super) fn byte_seconds(&self, from: i64, until: i64) -> u128 {
        let mut sum = 0;
        let first = self
            .steps
            .partition_point(|&(at, _)| at <= from)
            .saturating_sub(1);
        for (index, &(at, bytes)) in self.steps.iter().enumerate().skip(first) {
            let begin = if index == 0 { from } else { at.max(from) };
            let end = self
                .steps
                .get(index + 1)
                .map_or(until, |&(next, _)| next.min(until));
            if end > begin {
                // At most 2⁶³ bytes over 2⁶⁴ seconds, which fits into 128 bits.
                sum += u128::from(bytes.get()) * u128::from(end.abs_diff(begin));
            }
            if end >= until {
                break;
            }
        }
        sum
    }

    /// Byte-seconds over a period, exactly. Divided by 86 400 they are byte-days.
    pub fn byte_seconds_in(&self, period: Period) -> u128 {
        let (from, until) = period.epoch_seconds();
        self.byte_seconds(from, until)
    }

    /// The average number of bytes over a period, rounded down.
    pub fn average(&self, period: Period) -> ByteCount {
        let average = self.byte_seconds_in(period) / u128::from(period.seconds());
        // An average never exceeds the largest reading, so it fits.
        ByteCount::try_from(average).unwrap_or(ByteCount::MAX)
    }

    /// The largest number of bytes in a period.
    pub fn peak(&self, period: Period) -> ByteCount {
        let (from, until) = period.epoch_seconds();
        let first = self
            .steps
            .partition_point(|&(at, _)| at <= from)
            .saturating_sub(1);
        let steps = self.steps.iter().enumerate().skip(first);
        steps
            .take_while(|&(index, &(at, _))| index == first || at < until)
            .map(|(_, &(_, bytes))| bytes)
            .max()
            .unwrap_or_default()
    }

    /// From when until when (Unix seconds) bytes are known and not assumed; `None` for a constant.
    pub(super) const fn bounds(&self) -> Option<(i64, i64)> {
        self.known
    }

    /// The history with each reading changed, for example to its value on Alpine.
    pub fn map(&self, mut change: impl FnMut(ByteCount) -> ByteCount) -> Self {
        let steps = self
            .steps
            .iter()
            .map(|&(at, bytes)| (at, change(bytes)))
            .collect();
        Self {
            steps,
            known: self.known,
        }
    }

    /// The sum of two histories, as for all registries of an account.
    ///
    /// # Errors
    /// If a sum exceeds the range of [`ByteCount`].
    pub fn sum(&self, other: &Self) -> Result<Self, ByteOverflow> {
        let level = |history: &Self, at: i64| {
            let index = history
                .steps
                .partition_point(|&(step, _)| step <= at)
                .saturating_sub(1);
            history.steps[index].1
        };
        let mut moments: Vec<i64> = self.steps.iter().chain(&other.steps).map(|&(at, _)| at).collect();
        moments.sort_unstable();
        moments.dedup();
        let steps = moments
            .into_iter()
            .map(|at| Ok((at, level(self, at).checked_add(level(other, at))?)))
            .collect::<Result<_, ByteOverflow>>()?;
        let known = match (self.known, other.known) {
            (Some(one), Some(two)) => Some((one.0.max(two.0), one.1.min(two.1))),
            (one, two) => one.or(two),
        };
        Ok(Self { steps, known })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn bytes(count: u32) -> ByteCount {
        ByteCount::from(count)
    }

    fn january() -> Period {
        Period::month(2026, 1).unwrap()
    }

    #[test]
    fn integrates_a_step_function() {
        let history = ByteHistory::from_readings(
            [
                (at("2026-01-11T00:00:00Z"), bytes(30)),
                (at("2026-01-01T00:00:00.9Z"), bytes(10)),
            ],
            at("2026-02-01T00:00:00Z"),
        )
        .unwrap();
        // 10 days of 10 bytes and 21 days of 30.
        assert_eq!(history.byte_seconds_in(january()), (10 * 10 + 21 * 30) * 86_400);
        assert_eq!(history.average(january()), bytes(730 / 31));
        assert_eq!(history.peak(january()), bytes(30));
        let first_days = Period::new("2026-01-01".parse().unwrap(), "2026-01-11".parse().unwrap()).unwrap();
        assert_eq!(history.peak(first_days), bytes(10));
    }

    #[test]
    fn assumes_the_nearest_reading_outside_the_measured_time() {
        let history = ByteHistory::from_readings(
            [(at("2026-01-20T12:00:00Z"), bytes(7))],
            at("2026-01-21T00:00:00Z"),
        )
        .unwrap();
        assert_eq!(history.byte_seconds_in(january()), 7 * 31 * 86_400);
        assert!(ByteHistory::from_readings([], at("2026-01-21T00:00:00Z")).is_err());
        assert_eq!(
            ByteHistory::constant(bytes(7)).byte_seconds_in(january()),
            7 * 31 * 86_400
        );
    }

    #[test]
    fn histories_add_up_at_every_moment() {
        let one = ByteHistory::from_readings(
            [
                (at("2026-01-05T00:00:00Z"), bytes(1)),
                (at("2026-01-09T00:00:00Z"), bytes(4)),
            ],
            at("2026-02-01T00:00:00Z"),
        )
        .unwrap();
        let other = one.map(|count| bytes(count.get() as u32 * 100));
        let sum = one.sum(&other).unwrap();
        assert_eq!(
            sum.byte_seconds_in(january()),
            101 * one.byte_seconds_in(january())
        );
        let with_constant = one.sum(&ByteHistory::constant(bytes(10))).unwrap();
        assert_eq!(
            with_constant.byte_seconds_in(january()),
            one.byte_seconds_in(january()) + 10 * 31 * 86_400
        );
    }
}
