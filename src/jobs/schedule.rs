//! When to crawl a registry.

use std::fmt;
use std::time::Duration;

use chrono::{DateTime, LocalResult, TimeDelta, TimeZone as _, Timelike as _, Utc};
use chrono_tz::Tz;
use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};
use sha2::{Digest as _, Sha256};

use crate::oci::RegistryName;

/// The longest change of clocks that is taken into account: no zone changes by more than two hours for summer (IANA time
/// zone database, 2026).
const CLOCK_CHANGE: TimeDelta = TimeDelta::hours(3);
/// The longest jitter. Our choice: a day, because more would be another schedule.
const MAX_JITTER: Duration = Duration::from_secs(24 * 3600);

/// A schedule: a cron expression in a time zone, and the jitter by which each of its times may be delayed.
///
/// On days when the clocks change, each time of the expression occurs once: a skipped time moves to the change, and a
/// repeated time counts at its first occurrence.
#[derive(Debug, Clone, PartialEq)]
pub struct Schedule {
    cron: Cron,
    zone: Tz,
    jitter: Duration,
}

/// Why a schedule is not valid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSchedule {
    /// The expression cannot be parsed.
    #[error(
        "{expression:?} is not a cron expression of minute, hour, day of the month, month and day of the week, \
         such as \"30 3 * * *\" for every day at half past three: {problem}"
    )]
    Expression {
        /// The expression.
        expression: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The expression never matches.
    #[error("{0:?} names a time that never comes")]
    Never(String),
    /// The time zone is unknown.
    #[error("{0:?} is no time zone; give a name such as \"Europe/Stockholm\" or \"UTC\"")]
    Zone(String),
    /// The jitter is too long.
    #[error("a jitter is at most 24h")]
    Jitter,
}

impl Schedule {
    /// Creates a schedule.
    ///
    /// # Errors
    /// If the expression, the time zone or the jitter is not valid.
    pub fn new(expression: &str, zone: &str, jitter: Duration) -> Result<Self, InvalidSchedule> {
        let parser = CronParser::builder()
            .seconds(Seconds::Disallowed)
            .year(Year::Disallowed)
            .build();
        let cron = parser
            .parse(expression)
            .map_err(|problem| InvalidSchedule::Expression {
                expression: expression.to_owned(),
                problem: problem.to_string(),
            })?;
        let zone = zone.parse().map_err(|_| InvalidSchedule::Zone(zone.to_owned()))?;
        if jitter > MAX_JITTER {
            return Err(InvalidSchedule::Jitter);
        }
        let schedule = Self { cron, zone, jitter };
        if schedule.next_slot(DateTime::UNIX_EPOCH).is_none() {
            return Err(InvalidSchedule::Never(expression.to_owned()));
        }
        Ok(schedule)
    }

    /// The latest time of the schedule that has passed, jitter included; `None` if there is none.
    pub fn latest_due(&self, registry: &RegistryName, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        // Wall clocks differ from each other's order by the hour that is repeated.
        let mut wall = self.wall_clock(now) + CLOCK_CHANGE;
        loop {
            let slot = self.cron.find_previous_occurrence(&wall, false).ok()?;
            let moment = self.moment(slot)?;
            if moment <= now && self.put_off(registry, moment) <= now {
                return Some(moment);
            }
            wall = slot;
        }
    }

    /// The next time of the schedule, jitter included; `None` if there is none.
    pub fn next_due(&self, registry: &RegistryName, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let mut after = now - self.jitter;
        loop {
            let slot = self.next_slot(after)?;
            let due = self.put_off(registry, slot);
            if due > now {
                return Some(due);
            }
            after = slot;
        }
    }

    fn next_slot(&self, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let mut wall = self.wall_clock(after) - CLOCK_CHANGE;
        loop {
            let slot = self.cron.find_next_occurrence(&wall, false).ok()?;
            let moment = self.moment(slot)?;
            if moment > after {
                return Some(moment);
            }
            wall = slot;
        }
    }

    /// What a clock on the wall shows, as if it were UTC. The expression is evaluated on such times, because the crate
    /// croner (4.0.3) takes lists of hours and minutes for intervals when the clocks change.
    fn wall_clock(&self, moment: DateTime<Utc>) -> DateTime<Utc> {
        moment.with_timezone(&self.zone).naive_local().and_utc()
    }

    /// When a clock on the wall shows a time: at the first of two moments, or at the change of a time that is skipped.
    fn moment(&self, wall: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let mut wall = wall.naive_utc();
        for _ in 0..=CLOCK_CHANGE.num_minutes() {
            match self.zone.from_local_datetime(&wall) {
                LocalResult::Single(moment) | LocalResult::Ambiguous(moment, _) => {
                    return Some(moment.to_utc());
                }
                LocalResult::None => wall = wall.with_second(0)? + TimeDelta::minutes(1),
            }
        }
        None
    }

    /// A time of the schedule with its jitter, which depends only on the registry and the time, so that all processes agree.
    fn put_off(&self, registry: &RegistryName, slot: DateTime<Utc>) -> DateTime<Utc> {
        let hash = Sha256::digest(format!("{registry} {}", slot.timestamp()));
        let chance = u64::from(u32::from_be_bytes([hash[0], hash[1], hash[2], hash[3]]));
        let seconds = (self.jitter.as_secs() * chance) >> 32;
        slot + Duration::from_secs(seconds)
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} ({})", self.cron.as_str(), self.zone)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn registry() -> RegistryName {
        "reg.example.com".parse().unwrap()
    }

    fn schedule(expression: &str, zone: &str) -> Schedule {
        Schedule::new(expression, zone, Duration::ZERO).unwrap()
    }

    #[test]
    fn the_latest_time_that_has_come_is_due_however_many_were_missed() {
        let six_hourly = schedule("0 */6 * * *", "UTC");
        for (now, due) in [
            ("2026-11-23T09:30:00Z", "2026-11-23T06:00:00Z"),
            ("2026-11-23T12:00:00Z", "2026-11-23T12:00:00Z"),
            ("2026-11-23T11:59:59Z", "2026-11-23T06:00:00Z"),
        ] {
            assert_eq!(
                six_hourly.latest_due(&registry(), at(now)),
                Some(at(due)),
                "{now}"
            );
        }
    }

    #[test]
    fn times_are_those_of_the_zone_in_summer_and_winter() {
        let mornings = schedule("0 6 * * *", "Europe/Stockholm");
        for (now, due) in [
            ("2026-11-23T12:00:00Z", "2026-11-23T05:00:00Z"),
            ("2026-07-01T12:00:00Z", "2026-07-01T04:00:00Z"),
        ] {
            assert_eq!(mornings.latest_due(&registry(), at(now)), Some(at(due)), "{now}");
        }
    }

    #[test]
    fn nights_in_which_the_clocks_change_have_each_time_once() {
        // 02:30 does not exist on 29 March 2026 in Stockholm, and occurs twice on 25 October.
        let nights = schedule("30 2 * * *", "Europe/Stockholm");
        for (from, to) in [
            ("2026-03-28T12:00:00Z", "2026-03-29T12:00:00Z"),
            ("2026-10-24T12:00:00Z", "2026-10-25T12:00:00Z"),
        ] {
            let mut slots = Vec::new();
            let mut now = at(from);
            while now <= at(to) {
                slots.extend(
                    nights
                        .latest_due(&registry(), now)
                        .filter(|slot| *slot > at(from)),
                );
                now += TimeDelta::minutes(10);
            }
            slots.dedup();
            assert_eq!(slots.len(), 1, "{slots:?}");
        }
    }

    #[test]
    fn lists_of_times_are_times_in_nights_in_which_the_clocks_change() {
        for (expression, night, expected) in [
            // In spring 02:30 moves to the change, at 03:00 summer time; in autumn it is the first 02:30.
            ("30 2,14 * * *", "2026-03-29", &["01:00", "12:30"][..]),
            ("30 2,14 * * *", "2026-10-25", &["00:30", "13:30"]),
            ("0,30 2 * * *", "2026-03-29", &["01:00"]),
            ("0,30 2 * * *", "2026-10-25", &["00:00", "00:30"]),
            ("15 1-3 * * *", "2026-10-25", &["00:15", "02:15"]),
        ] {
            let nights = schedule(expression, "Europe/Stockholm");
            let mut slots = Vec::new();
            let mut now = at(&format!("{night}T00:00:00Z"));
            for _ in 0..24 * 12 {
                let due = nights.latest_due(&registry(), now).unwrap();
                if due.to_string().starts_with(night) {
                    slots.push(due.format("%H:%M").to_string());
                }
                now += TimeDelta::minutes(5);
            }
            slots.dedup();
            assert_eq!(slots, expected, "{expression} {night}");
        }
    }

    #[test]
    fn jitter_puts_each_time_off_by_another_part_and_always_the_same() {
        let jittery = Schedule::new("0 * * * *", "UTC", Duration::from_secs(1800)).unwrap();
        let slot = at("2026-11-23T12:00:00Z");
        let due = jittery.put_off(&registry(), slot);
        assert!(due >= slot && due < slot + TimeDelta::minutes(30));
        assert_eq!(jittery.latest_due(&registry(), due), Some(slot));
        let just_before = due - TimeDelta::seconds(1);
        assert_eq!(
            jittery.latest_due(&registry(), just_before),
            Some(slot - TimeDelta::hours(1))
        );
        let other: RegistryName = "other.example.com".parse().unwrap();
        let hours = (0..24).map(|hour| slot + TimeDelta::hours(hour));
        let differ = hours
            .filter(|slot| {
                jittery.put_off(&registry(), *slot) - *slot != jittery.put_off(&other, *slot) - *slot
            })
            .count();
        assert!(differ > 20, "{differ}");
    }

    #[test]
    fn what_is_no_schedule_is_refused_with_what_would_be_right() {
        for (expression, zone, words) in [
            ("nightly", "UTC", "30 3 * * *"),
            ("* * * * * *", "UTC", "minute, hour"),
            ("61 * * * *", "UTC", "61 * * * *"),
            ("0 0 30 2 *", "UTC", "never"),
            ("0 3 * * *", "Mars/Olympus", "Europe/Stockholm"),
        ] {
            let error = Schedule::new(expression, zone, Duration::ZERO).unwrap_err();
            assert!(error.to_string().contains(words), "{error}");
        }
        assert_eq!(
            Schedule::new("0 3 * * *", "UTC", Duration::from_secs(100_000)),
            Err(InvalidSchedule::Jitter)
        );
    }

    #[test]
    fn the_next_crawl_is_due_after_its_jitter() {
        let registry: RegistryName = "reg.example.com".parse().unwrap();
        let now = "2026-11-23T12:00:00Z".parse().unwrap();
        let daily = Schedule::new("30 3 * * *", "UTC", Duration::ZERO).unwrap();
        let due = daily.next_due(&registry, now).unwrap();
        assert_eq!(due.to_rfc3339(), "2026-11-24T03:30:00+00:00");
        // A time that has passed is due later if its jitter says so.
        let jittered = Schedule::new("30 3 * * *", "UTC", Duration::from_secs(6 * 3600)).unwrap();
        let slot = "2026-11-24T03:30:00Z".parse().unwrap();
        let due = jittered.next_due(&registry, slot).unwrap();
        assert!(due > slot && due <= slot + TimeDelta::hours(6), "{due}");
        assert_eq!(
            jittered.next_due(&registry, due - TimeDelta::seconds(1)),
            Some(due)
        );
    }
}
