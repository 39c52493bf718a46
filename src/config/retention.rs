use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::section::Section;
use super::values::duration;
use crate::store::Retention;

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
            tag_history: (!self.tag_history.is_zero()).then_some(self.tag_history),
        }
    }
}
