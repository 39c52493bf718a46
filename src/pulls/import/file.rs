use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr, VariantArray};

use super::fault::PullFileFault;
use crate::oci::{Digest, RegistryName, RepositoryName};
use crate::pulls::{EventKey, PullEvent};
use crate::units::Period;

/// The forms of files that are read.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, IntoStaticStr, EnumString, VariantArray,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum PullFileFormat {
    /// Azure's table `ContainerRegistryRepositoryEvents`, as CSV or as JSON.
    AcrEvents,
    /// Docker Hub's usage of pulls, as CSV.
    DockerHub,
    /// Harbor's answer about repositories, as JSON: counters as they stood at one moment.
    Harbor,
    /// Harbor's audit log, as JSON.
    HarborAudit,
    /// AWS CloudTrail's records of Amazon ECR, as JSON.
    Cloudtrail,
    /// Amazon CloudWatch's metric `RepositoryPullCount`, as JSON.
    Cloudwatch,
    /// Google Cloud's audit log of Artifact Registry, as JSON.
    GoogleAudit,
    /// Kubernetes' events of pulled images, as JSON.
    KubernetesEvents,
    /// Azure Monitor's metrics `TotalPullCount` and `SuccessfulPullCount`, as JSON: the sum of all repositories by day.
    AzureMetrics,
}

impl PullFileFormat {
    /// The word for it on the command line and in the store.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Whether a file has all pulls of the registry on the days that it covers, so that a repository without a row was not
    /// pulled. A cluster's events have only the pulls of that cluster, and a sum says nothing of one repository.
    pub fn has_all_pulls(self) -> bool {
        !matches!(self, Self::KubernetesEvents | Self::AzureMetrics)
    }
}

/// A file and how to read it.
#[derive(Debug, Clone, Copy)]
pub struct PullFile<'a> {
    /// Its name, for messages.
    pub name: &'a str,
    /// What stands in it.
    pub text: &'a str,
    /// The host that rows about the registry name, where a row names one at all.
    pub login_server: &'a RegistryName,
}

/// What a file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReadPulls {
    /// Pulls that happened, one by one or by the hour.
    Events(PullEvents),
    /// Counters as they stood when the file was made; two such readings make a difference.
    Readings(PullReadings),
    /// The sums of all repositories.
    Totals(PullTotals),
}

/// What one pull in a log stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PullUnit {
    /// The image of one platform.
    Images,
    /// A manifest that was requested. The pull of a multi-platform image requests two: the index and the image. The log does
    /// not tell one from the other. The store knows the registry's content and leaves out the indexes.
    Manifests,
}

/// A layer or configuration that was served for a pull. Its size is not in the log; the crawled manifests tell it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServedLayer {
    /// Identifies the event if it is also in another file.
    pub key: EventKey,
    /// The repository.
    pub repository: RepositoryName,
    /// The digest of the layer.
    pub digest: Digest,
    /// The day, in UTC.
    pub day: NaiveDate,
}

/// How often all repositories of a registry together were pulled. A sum cannot be divided among repositories, so it is a
/// limit: what is assumed for all of them must not exceed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullTotals {
    /// The sum of each day, in UTC.
    pub days: BTreeMap<NaiveDate, u64>,
}

impl PullTotals {
    /// The days from the first to the last.
    pub fn period(&self) -> Option<Period> {
        let ((first, _), (last, _)) = (self.days.first_key_value()?, self.days.last_key_value()?);
        Period::new(*first, last.succ_opt()?).ok()
    }

    /// The sum of all days.
    pub fn sum(&self) -> u64 {
        self.days.values().fold(0, |sum, day| sum.saturating_add(*day))
    }
}

/// Pulls that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullEvents {
    /// The pulls; no two have the same key.
    pub events: Vec<PullEvent>,
    /// The days from the first to the last row, on which all pulls are taken to be in the file.
    pub period: Period,
    /// The layers that were served for them, if the file tells.
    pub layers: Vec<ServedLayer>,
    /// What one pull stands for.
    pub unit: PullUnit,
    /// What else stands in the file.
    pub skipped: Skipped,
}

/// Rows that are not counted, by why.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Skipped {
    /// They are about something other than pulls, such as pushes.
    pub other_operations: u64,
    /// The registry refused the pull.
    pub failed: u64,
    /// Tare itself pulled, when it crawled.
    pub own: u64,
    /// They are about other registries.
    pub other_registries: u64,
    /// They repeat a row of the same file.
    pub repeated: u64,
    /// They are about the index of a multi-platform image; the image that was pulled has a row of its own.
    pub indexes: u64,
    /// They are about signatures and other attachments.
    pub attachments: u64,
    /// They are requests by tag; the same client then requested the manifest by its digest.
    pub by_tag_first: u64,
    /// They are about the vendor's own scanner.
    pub scans: u64,
}

/// Counters of pulls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullReadings {
    /// Each repository with how often it had ever been pulled.
    pub readings: Vec<PullReading>,
    /// Whether there are as many as fit on one page of the answer, so that others may be missing.
    pub may_be_one_page: bool,
}

/// A counter as it stood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullReading {
    /// The repository.
    pub repository: RepositoryName,
    /// How often it had ever been pulled.
    pub count: u64,
}

/// The days from the first to the last, both included.
pub(super) fn period(days: Option<(NaiveDate, NaiveDate)>, file: &str) -> Result<Period, PullFileFault> {
    days.and_then(|(first, last)| Period::new(first, last.succ_opt()?).ok())
        .ok_or_else(|| {
            PullFileFault::new(
                file,
                1,
                "no row is about this registry",
                "give a file with rows of it; --login-server says by which name they call it",
            )
        })
}
