//! Files in which registries say how often they were pulled from, read into counts.
//!
//! [`read_pulls`] takes the text of a file and gives everything that it says, or the first place at which it
//! says something that cannot be right. Nothing is taken over from a file with a fault.

mod acr;
mod acr_json;
mod docker_hub;
mod fault;
mod harbor;
mod table;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr, VariantArray};

pub use fault::PullFileFault;

use crate::oci::{Digest, RegistryName, RepositoryName, Tag};
use crate::units::Period;

/// The forms of files that are read.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, IntoStaticStr, EnumString, VariantArray,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case", const_into_str)]
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
    pub const fn as_str(self) -> &'static str {
        self.into_str()
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

/// A pull, or the pulls of one kind in one hour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullEvent {
    /// By what it is known again when it stands in another file too.
    pub key: EventKey,
    /// What was pulled from.
    pub repository: RepositoryName,
    /// By which tag, where that is said.
    pub tag: Option<Tag>,
    /// What was pulled, where that is said.
    pub digest: Option<Digest>,
    /// The day, in UTC.
    pub day: NaiveDate,
    /// How often; never zero.
    pub count: u64,
}

/// What tells an event from all others: half a SHA-256 digest of what identifies it.
pub type EventKey = [u8; 16];

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

/// Reads a file, in the format said or else in the one that it seems to be in.
///
/// # Errors
/// Where the file is in none of the formats, and at the first thing in it that cannot be right.
pub fn read_pulls(
    file: PullFile<'_>,
    format: Option<PullFileFormat>,
) -> Result<(PullFileFormat, ReadPulls), PullFileFault> {
    // Spreadsheets and PowerShell put a mark of the encoding in front.
    let file = PullFile {
        text: file.text.trim_start_matches('\u{feff}'),
        ..file
    };
    let format = match format {
        Some(format) => format,
        None => recognised(file)?,
    };
    let pulls = match format {
        PullFileFormat::AcrEvents => ReadPulls::Events(acr::read(file)?),
        PullFileFormat::DockerHub => ReadPulls::Events(docker_hub::read(file)?),
        PullFileFormat::Harbor => ReadPulls::Readings(harbor::read(file)?),
    };
    Ok((format, pulls))
}

/// The format that a file seems to be in.
fn recognised(file: PullFile<'_>) -> Result<PullFileFormat, PullFileFault> {
    let is_json = file.text.trim_start().starts_with(['{', '[']);
    let header = file.text.lines().next().unwrap_or_default().to_lowercase();
    if is_json && file.text.contains("\"pull_count\"") {
        Ok(PullFileFormat::Harbor)
    } else if is_json || header.contains("operationname") {
        Ok(PullFileFormat::AcrEvents)
    } else if header.contains("datehour") {
        Ok(PullFileFormat::DockerHub)
    } else {
        Err(PullFileFault::new(
            file.name,
            1,
            "in none of the formats that are read",
            "give rows of ContainerRegistryRepositoryEvents (CSV with their names in the first line, or JSON), Docker Hub's \
             usage of pulls (CSV), or Harbor's repositories (JSON); --format says which it is",
        ))
    }
}

/// The key of an event that is identified by these texts.
pub(super) fn key(parts: &[&str]) -> EventKey {
    // No text of a row holds this character and a length besides, so different parts never read alike.
    let joined: String = parts
        .iter()
        .map(|part| format!("{}\u{1f}{part}", part.len()))
        .collect();
    let mut key = EventKey::default();
    if let Digest::Sha256(bytes) = Digest::sha256_of(joined.as_bytes()) {
        key.copy_from_slice(&bytes[..16]);
    }
    key
}

/// The days from the first to the last, both included.
fn period(days: Option<(NaiveDate, NaiveDate)>, file: &str) -> Result<Period, PullFileFault> {
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

#[cfg(test)]
mod tests;
