use std::time::Duration;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use super::section::Section;
use super::values::duration;
use crate::store::Retention;

/// What is sent again in the minutes around midnight is of the day before, and must be known.
const SHORTEST_PULL_EVENTS: Duration = Duration::from_secs(24 * 3600);

fn a_day_or_more<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let length = duration::deserialize(deserializer)?;
    if length < SHORTEST_PULL_EVENTS {
        return Err(D::Error::custom("expected a day or more, such as \"35d\""));
    }
    Ok(length)
}

/// `[retention]`: how long the service keeps what today's answers do not need.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RetentionSection {
    /// The events of a crawl that is over.
    #[serde(with = "duration")]
    pub crawl_events: Duration,
    /// What a crawl that is over could not read; of the latest crawl it is always kept.
    #[serde(with = "duration")]
    pub crawl_faults: Duration,
    /// That there was a crawl, and what it cost.
    #[serde(with = "duration")]
    pub crawls: Duration,
    /// Each saved report; of older ones the last of each day is kept for ever.
    #[serde(with = "duration")]
    pub every_report: Duration,
    /// By what a pull that a registry notifies of is known again; a day at least.
    #[serde(serialize_with = "duration::serialize", deserialize_with = "a_day_or_more")]
    pub pull_events: Duration,
    /// Which tag pointed where, after it did; nothing for ever.
    #[serde(with = "duration")]
    pub tag_history: Duration,
}

impl Default for RetentionSection {
    fn default() -> Self {
        let days = |days: u64| Duration::from_secs(days * 24 * 3600);
        Self {
            crawl_events: days(7),
            crawl_faults: days(90),
            crawls: days(400),
            every_report: days(35),
            pull_events: days(35),
            tag_history: Duration::ZERO,
        }
    }
}

impl Section for RetentionSection {
    const NAME: &'static str = "retention";
}

impl RetentionSection {
    /// The same as the store takes it.
    pub fn retention(&self) -> Retention {
        Retention {
            crawl_events: self.crawl_events,
            crawl_faults: self.crawl_faults,
            crawls: self.crawls,
            every_report: self.every_report,
            pull_events: self.pull_events,
            tag_history: (!self.tag_history.is_zero()).then_some(self.tag_history),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_pull_events_are_kept_for_a_day_at_least() {
        let read = |text: &str| toml::from_str::<RetentionSection>(text).map(|section| section.pull_events);
        assert_eq!(read("").unwrap(), Duration::from_secs(35 * 86_400));
        assert_eq!(read("pull_events = \"24h\"").unwrap(), SHORTEST_PULL_EVENTS);
        let error = read("pull_events = \"23h\"").unwrap_err().to_string();
        assert!(error.contains("a day or more"), "{error}");
    }
}
