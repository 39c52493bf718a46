//! The result of a crawl, for programs and for people.

use std::fmt::Write;

use serde::Serialize;

use crate::crawl::CrawlStatus;
use crate::events::EventCoverage;
use crate::inventory::FaultKind;
use crate::jobs::CrawlResult;
use crate::oci::text::printable;
use crate::oci::{RegistryName, RepositoryName};
use crate::report::grouped;
use crate::units::{ByteCount, RequestCounts};

/// How many faults of one kind are shown to a person. Our choice: enough to see what they have in common; `--format json` has
/// all of them.
const FAULTS_SHOWN: usize = 5;

/// The result of a crawl of one registry. Serialized, it is a line of `tare crawl --format json`: keys are added,
/// never renamed or removed.
#[derive(Debug, Serialize)]
pub(super) struct Shown {
    registry: RegistryName,
    status: &'static str,
    repositories: usize,
    tags: usize,
    manifests: usize,
    blobs: usize,
    requests: RequestCounts,
    bytes_received: u64,
    seconds: f64,
    faults: Vec<ShownFault>,
    interrupted: bool,
    events: Option<EventCoverage>,
}

#[derive(Debug, Serialize)]
struct ShownFault {
    repository: Option<RepositoryName>,
    reference: Option<String>,
    fault: String,
    kind: FaultKind,
}

impl Shown {
    pub(super) fn new(result: &CrawlResult) -> Self {
        Self {
            registry: result.registry.clone(),
            // Scripts treat a stopped crawl as incomplete.
            status: match result.status {
                CrawlStatus::Complete => "complete",
                CrawlStatus::Incomplete | CrawlStatus::Interrupted => "incomplete",
            },
            repositories: result.repositories,
            tags: result.tags,
            manifests: result.manifests,
            blobs: result.blobs,
            requests: result.requests,
            bytes_received: result.bytes_received,
            seconds: result.seconds,
            faults: result
                .faults
                .iter()
                .map(|fault| ShownFault {
                    repository: fault.repository.clone(),
                    reference: fault.reference.clone(),
                    fault: fault.fault.clone(),
                    kind: fault.kind,
                })
                .collect(),
            interrupted: result.status == CrawlStatus::Interrupted,
            events: result.event_coverage,
        }
    }

    /// Whether everything that was chosen has been read.
    pub(super) fn is_complete(&self) -> bool {
        self.status == "complete"
    }

    /// The result as one line of JSON.
    ///
    /// # Errors
    /// Only where serde_json fails, which no value of a result causes.
    pub(super) fn json_line(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(self).map(|line| line + "\n")
    }

    /// The result in a few lines for a person.
    pub(super) fn in_words(&self) -> String {
        let status = if self.interrupted { "stopped" } else { self.status };
        let requests = &self.requests;
        let mut text = format!(
            "{}: {status} after {:.1} s\n  {} repositories, {} tags, {} manifests, {} blobs\n  \
             {} requests ({} GET, {} HEAD), {} received",
            self.registry,
            self.seconds,
            grouped(self.repositories),
            grouped(self.tags),
            grouped(self.manifests),
            grouped(self.blobs),
            large(requests.total),
            large(requests.get),
            large(requests.head),
            ByteCount::try_from(self.bytes_received).unwrap_or(ByteCount::MAX),
        );
        // Writing to a string cannot fail, here and below.
        if requests.retried > 0 {
            let _ = write!(text, ", {} retried", large(requests.retried));
        }
        if requests.rate_limited > 0 {
            let _ = write!(text, ", rate-limited {} times", large(requests.rate_limited));
        }
        text.push('\n');
        if let Some(events) = self.events {
            let _ = writeln!(text, "  {}", events.sentence());
        }
        text
    }

    /// Why nothing was read, in one line; `None` if the registry was reached.
    pub(super) fn unreached(&self) -> Option<String> {
        match &self.faults[..] {
            [fault]
                if fault.kind == FaultKind::Unavailable && is_catalogue(fault) && self.repositories == 0 =>
            {
                Some(format!(
                    "{}: not reached: {}",
                    self.registry,
                    printable(&fault.fault)
                ))
            }
            _ => None,
        }
    }

    /// What is missing, why, and what can be done about it; then what could not be read without that
    /// being a loss. Empty where there is nothing to say.
    pub(super) fn missing_in_words(&self) -> String {
        let mut text = String::new();
        if self.interrupted {
            let _ = writeln!(
                text,
                "{}: stopped; what was found is saved, and the next crawl continues from there.",
                self.registry
            );
        }
        for group in GROUPS {
            let faults: Vec<&ShownFault> = self.faults.iter().filter(|fault| (group.holds)(fault)).collect();
            if faults.is_empty() {
                continue;
            }
            let _ = writeln!(
                text,
                "{}: {} {}:",
                self.registry,
                grouped(faults.len()),
                group.heading
            );
            for fault in faults.iter().take(FAULTS_SHOWN) {
                let place: Vec<&str> = fault
                    .repository
                    .iter()
                    .map(RepositoryName::as_str)
                    .chain(fault.reference.as_deref())
                    .collect();
                let _ = writeln!(
                    text,
                    "  {}: {}",
                    printable(&place.join(" ")),
                    printable(&fault.fault)
                );
            }
            if faults.len() > FAULTS_SHOWN {
                let more = grouped(faults.len() - FAULTS_SHOWN);
                let _ = writeln!(text, "  … and {more} more; --format json lists all");
            }
            let _ = writeln!(text, "  {}", group.remedy);
        }
        text
    }
}

fn large(count: u64) -> String {
    grouped(usize::try_from(count).unwrap_or(usize::MAX))
}

struct Group {
    holds: fn(&ShownFault) -> bool,
    heading: &'static str,
    remedy: &'static str,
}

/// The whole catalogue could not be read, rather than something in it.
fn is_catalogue(fault: &ShownFault) -> bool {
    fault.repository.is_none()
}

const GROUPS: [Group; 9] = [
    Group {
        holds: |fault| fault.kind == FaultKind::Denied && is_catalogue(fault),
        heading: "listing not allowed",
        remedy: "Give credentials (--username NAME --password-stdin, TARE_USERNAME and TARE_PASSWORD, docker login, \
                 or the configuration), or name the repositories with --repository if the credentials \
                 may not list the catalogue.",
    },
    Group {
        holds: |fault| fault.kind == FaultKind::Denied && !is_catalogue(fault),
        heading: "not allowed",
        remedy: "No credentials were given, or those in use may not read these. Use others (--username, TARE_USERNAME, docker login, the \
                 configuration), or leave these out with --repository.",
    },
    Group {
        holds: |fault| fault.kind == FaultKind::Unavailable,
        heading: "not answered",
        remedy: "Crawl again: only missing content is requested. If nothing was answered, check the address, \
                 and whether the registry uses https (the default) or http.",
    },
    Group {
        holds: |fault| fault.kind == FaultKind::Invalid,
        heading: "rejected because the registry's answer was invalid",
        remedy: "These may be damaged in the registry. Pull one of them to find out before you push or delete anything.",
    },
    Group {
        holds: |fault| fault.kind == FaultKind::Unsupported,
        heading: "in an unsupported format",
        remedy: "Their size is unknown; the totals do not include them.",
    },
    Group {
        holds: |fault| fault.kind == FaultKind::Conflicting,
        heading: "of different sizes according to different manifests",
        remedy: "One size counts, as each line says. A manifest that states another one was not made by a usual tool: ask \
                 who pushed it.",
    },
    Group {
        holds: |fault| fault.kind == FaultKind::Unlisted,
        heading: "without a list of untagged manifests",
        remedy: "Everything that tags reach was read. Untagged bytes and their cost are unknown.",
    },
    Group {
        holds: |fault| fault.kind == FaultKind::Broken,
        heading: "missing in the registry although a tag leads there",
        remedy: "These tags cannot be pulled completely. Push them again, or remove the tags.",
    },
    Group {
        holds: |fault| fault.kind == FaultKind::Vanished,
        heading: "deleted between listing and reading",
        remedy: "This is normal in a registry in use; nothing is missing.",
    },
];
