use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr, VariantArray};

use super::fault::PullFileFault;
use crate::oci::{RegistryName, RepositoryName};
use crate::pulls::PullEvent;
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
}

impl PullFileFormat {
    /// The word for it on the command line and in the store.
    pub fn as_str(self) -> &'static str {
        self.into()
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
}

/// Pulls that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullEvents {
    /// The pulls; no two have the same key.
    pub events: Vec<PullEvent>,
    /// The days from the first to the last row, on which all pulls are taken to be in the file.
    pub period: Period,
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
