use chrono::{DateTime, Datelike, Days, NaiveTime, TimeZone, Utc, Weekday};
use chrono_tz::Tz;

/// When the weekly summary is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WeeklyTime {
    /// The day.
    pub weekday: Weekday,
    /// The full hour, from 0 to 23.
    pub hour: u32,
    /// The time zone.
    pub zone: Tz,
}

impl WeeklyTime {
    /// The latest time that has passed. On a day when the clocks change, an hour that does not exist counts as the next
    /// one that does, and an hour that occurs twice counts once.
    pub fn latest(self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let today = now.with_timezone(&self.zone).date_naive();
        let since = (7 + today.weekday().num_days_from_monday() - self.weekday.num_days_from_monday()) % 7;
        [u64::from(since), u64::from(since) + 7]
            .into_iter()
            .find_map(|back| {
                let day = today.checked_sub_days(Days::new(back))?;
                let moment = (self.hour..24).find_map(|hour| {
                    let time = NaiveTime::from_hms_opt(hour, 0, 0)?;
                    self.zone.from_local_datetime(&day.and_time(time)).earliest()
                })?;
                Some(moment.to_utc()).filter(|moment| *moment <= now)
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn monday_at(hour: u32, zone: &str) -> WeeklyTime {
        WeeklyTime {
            weekday: Weekday::Mon,
            hour,
            zone: zone.parse().unwrap(),
        }
    }

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn the_latest_time_is_of_this_week_or_of_the_week_before() {
        let weekly = monday_at(8, "Europe/Stockholm");
        // 30 November 2026 is a Monday; Stockholm is an hour ahead of UTC.
        for (now, latest) in [
            ("2026-11-30T06:59:59Z", "2026-11-23T07:00:00Z"),
            ("2026-11-30T07:00:00Z", "2026-11-30T07:00:00Z"),
            ("2026-12-06T23:30:00Z", "2026-11-30T07:00:00Z"),
        ] {
            assert_eq!(weekly.latest(at(now)), Some(at(latest)), "{now}");
        }
    }

    #[test]
    fn an_hour_that_does_not_exist_is_the_next_one() {
        let weekly = WeeklyTime {
            weekday: Weekday::Sun,
            ..monday_at(2, "Europe/Stockholm")
        };
        // On 29 March 2026 the clocks go from 02:00 to 03:00, which is 01:00 UTC.
        assert_eq!(
            weekly.latest(at("2026-03-29T12:00:00Z")),
            Some(at("2026-03-29T01:00:00Z"))
        );
    }
}
