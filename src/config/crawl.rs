use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::section::Section;
use super::values::{duration, maybe_whole, whole};
use crate::cost::ImageLabelNames;
use crate::crawl::{CrawlPlan, ReferrersPolicy};
use crate::oci::PlatformFilter;
use crate::registry::ClientSettings;

/// `[crawl]`: how registries are asked. A `[[registry]]` may have its own values for some of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CrawlSection {
    /// Requests in flight at once to one registry.
    #[serde(deserialize_with = "whole::<1, 1024, _, _>")]
    pub concurrency: usize,
    /// Requests to one registry in a minute, 0 for no limit; by the registry's host where it is not set.
    #[serde(deserialize_with = "maybe_whole::<0, 1_000_000, _, _>")]
    pub requests_per_minute: Option<u32>,
    /// How long a connection may take to come about.
    #[serde(with = "duration")]
    pub connect_timeout: Duration,
    /// How long a registry may be silent within an answer.
    #[serde(with = "duration")]
    pub read_timeout: Duration,
    /// The time limit of one attempt, so that a registry that sends bytes slowly does not block a crawl.
    #[serde(with = "duration")]
    pub attempt_timeout: Duration,
    /// How often a request is attempted when it meets faults that may pass. Being throttled counts apart
    /// and is tolerated four times as often.
    #[serde(deserialize_with = "whole::<1, 100, _, _>")]
    pub max_attempts: u32,
    /// The wait before the second attempt; it doubles with each further one.
    #[serde(with = "duration")]
    pub retry_base_delay: Duration,
    /// The longest wait before another attempt that the registry did not ask for.
    #[serde(with = "duration")]
    pub retry_max_delay: Duration,
    /// The longest time a `Retry-After` is obeyed for at once.
    #[serde(with = "duration")]
    pub max_retry_after: Duration,
    /// Names asked for on one page of a listing. Registries may send fewer.
    #[serde(deserialize_with = "whole::<1, 100_000, _, _>")]
    pub page_size: u32,
    /// The platforms whose images are read; all if empty.
    pub platforms: Vec<PlatformFilter>,
    /// What is asked about signatures, SBOMs and the like that are attached to images.
    pub referrers: ReferrersPolicy,
    /// The label of images that says which team a repository belongs to, where no rule does.
    pub team_label: Option<String>,
    /// The label of images that names the cost centre.
    pub cost_centre_label: Option<String>,
    /// The label of images that says what a repository runs for.
    pub environment_label: Option<String>,
    /// How many repositories are walked side by side.
    #[serde(deserialize_with = "whole::<1, 1024, _, _>")]
    pub concurrent_repositories: usize,
    /// How many tags of one repository are walked side by side.
    #[serde(deserialize_with = "whole::<1, 1024, _, _>")]
    pub concurrent_tags: usize,
    /// Docker's configuration with the credentials of registries that have none here; the one Docker
    /// itself would use where this is not set.
    pub docker_config: Option<PathBuf>,
    /// How long a credential helper that it names may take.
    #[serde(with = "duration")]
    pub credential_helper_timeout: Duration,
    /// After how many complete crawls in a row without it a tag or repository counts as gone.
    #[serde(deserialize_with = "whole::<1, 100, _, _>")]
    pub tombstone_after: u32,
}

impl Default for CrawlSection {
    fn default() -> Self {
        let client = ClientSettings::default();
        let plan = CrawlPlan::default();
        Self {
            concurrency: client.max_concurrent_requests,
            requests_per_minute: None,
            connect_timeout: client.connect_timeout,
            read_timeout: client.read_timeout,
            attempt_timeout: client.attempt_timeout,
            max_attempts: client.max_attempts,
            retry_base_delay: client.retry_base_delay,
            retry_max_delay: client.retry_max_delay,
            max_retry_after: client.max_retry_after,
            page_size: client.page_size,
            platforms: plan.platforms,
            referrers: plan.referrers,
            team_label: None,
            cost_centre_label: None,
            environment_label: None,
            concurrent_repositories: plan.concurrent_repositories,
            concurrent_tags: plan.concurrent_tags,
            docker_config: None,
            credential_helper_timeout: Duration::from_secs(10),
            tombstone_after: 3,
        }
    }
}

impl CrawlSection {
    /// The labels of images that name the owner of a repository.
    pub fn image_labels(&self) -> ImageLabelNames {
        ImageLabelNames {
            team: self.team_label.clone(),
            cost_centre: self.cost_centre_label.clone(),
            environment: self.environment_label.clone(),
        }
    }
}

impl Section for CrawlSection {
    const NAME: &'static str = "crawl";
}
