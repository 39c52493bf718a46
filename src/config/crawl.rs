use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::section::Section;
use super::values::{duration, whole};
use crate::oci::PlatformFilter;

/// `[crawl]`: how registries are asked. A `[[registry]]` may have its own values for some of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CrawlSection {
    /// Requests in flight at once to one registry.
    #[serde(deserialize_with = "whole::<1, 1024, _, _>")]
    pub concurrency: usize,
    /// Requests to one registry in a minute; 0 for no limit.
    #[serde(deserialize_with = "whole::<0, 1_000_000, _, _>")]
    pub requests_per_minute: u32,
    /// How long a connection may take to come about.
    #[serde(with = "duration")]
    pub connect_timeout: Duration,
    /// How long a registry may be silent within an answer.
    #[serde(with = "duration")]
    pub read_timeout: Duration,
    /// How often a request is sent before it counts as failed.
    #[serde(deserialize_with = "whole::<1, 100, _, _>")]
    pub max_attempts: u32,
    /// The wait before the second attempt; it doubles with each further one.
    #[serde(with = "duration")]
    pub retry_base_delay: Duration,
    /// The longest wait that a registry may ask for by `Retry-After`; where it asks for more, the request
    /// counts as failed.
    #[serde(with = "duration")]
    pub max_retry_after: Duration,
    /// Names asked for on one page of a listing. Registries may send fewer.
    #[serde(deserialize_with = "whole::<1, 100_000, _, _>")]
    pub page_size: u32,
    /// The platforms whose images are read; all where there are none.
    pub platforms: Vec<PlatformFilter>,
    /// After how many complete crawls in a row without it a tag or repository counts as gone.
    #[serde(deserialize_with = "whole::<1, 100, _, _>")]
    pub tombstone_after: u32,
}

impl Default for CrawlSection {
    fn default() -> Self {
        Self {
            concurrency: 16,
            requests_per_minute: 3000,
            connect_timeout: Duration::from_secs(10),
            read_timeout: Duration::from_secs(30),
            max_attempts: 5,
            retry_base_delay: Duration::from_millis(500),
            max_retry_after: Duration::from_secs(300),
            page_size: 1000,
            platforms: Vec::new(),
            tombstone_after: 3,
        }
    }
}

impl Section for CrawlSection {
    const NAME: &'static str = "crawl";
}
