use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};

use super::document::{Note, NoteKind, Others, RegistryRow, Report, RepositoryRow};
use super::grouped;
use crate::inventory::{Accounting, DedupScope};
use crate::oci::RegistryName;
use crate::units::{ByteCount, ByteOverflow};

/// What is known about a registry beside its accounting.
#[derive(Debug, Clone)]
pub struct RegistrySource {
    /// The registry.
    pub registry: RegistryName,
    /// When the latest crawl ended, or started where it has not ended.
    pub as_of: DateTime<Utc>,
    /// How that crawl went.
    pub last_crawl: LastCrawl,
    /// Where the registry keeps a blob once.
    pub dedup_scope: DedupScope,
    /// Manifests that an index lists and nothing is known of.
    pub unread_manifests: usize,
    /// Blobs about whose size manifests disagree.
    pub conflicting_sizes: usize,
    /// Tags that are still counted though the latest crawls no longer found them.
    pub missing_tags: usize,
}

/// How the latest crawl of a registry went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LastCrawl {
    /// It read everything.
    Complete,
    /// It came to its end without this many things.
    Incomplete {
        /// How many faults it met that make it incomplete.
        losses: usize,
    },
    /// It is running, or it was stopped.
    Unfinished,
}

/// What a report shows and in which order.
#[derive(Debug, Clone, Default)]
pub struct ReportOptions {
    /// The order of the repositories.
    pub sort: SortOrder,
    /// How many repositories get a row of their own; none for all.
    pub limit: Option<usize>,
}

/// What repositories can be ordered by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SortKey {
    /// The fair share of what is stored.
    #[default]
    Attributed,
    /// Everything the repository reaches, once.
    Stored,
    /// What deleting it frees.
    Exclusive,
    /// Each tag counted alone.
    Logical,
    /// How many tags there are.
    Tags,
    /// The registry and the repository, by alphabet.
    Name,
}

/// An order of repositories: the largest first, names by alphabet, or the reverse of that.
///
/// As text it is the key's name, with `-` in front for the reverse.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SortOrder {
    /// What to order by.
    pub key: SortKey,
    /// Whether to turn the order around.
    pub reverse: bool,
}

/// A text that is no order of repositories.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected one of attributed, stored, exclusive, logical, tags and name, with - in front for the reverse"
)]
pub struct UnknownSortOrder;

impl SortKey {
    const ALL: [(&str, Self); 6] = [
        ("attributed", Self::Attributed),
        ("stored", Self::Stored),
        ("exclusive", Self::Exclusive),
        ("logical", Self::Logical),
        ("tags", Self::Tags),
        ("name", Self::Name),
    ];
}

impl FromStr for SortOrder {
    type Err = UnknownSortOrder;

    fn from_str(text: &str) -> Result<Self, UnknownSortOrder> {
        let (reverse, name) = match text.strip_prefix('-') {
            Some(name) => (true, name),
            None => (false, text),
        };
        SortKey::ALL
            .into_iter()
            .find(|(known, _)| *known == name)
            .map(|(_, key)| Self { key, reverse })
            .ok_or(UnknownSortOrder)
    }
}

impl fmt::Display for SortOrder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.reverse { "-" } else { "" };
        let name = SortKey::ALL
            .into_iter()
            .find(|(_, key)| *key == self.key)
            .map_or("", |(name, _)| name);
        formatter.pad(&format!("{sign}{name}"))
    }
}

impl SortOrder {
    fn compare(self, a: &RepositoryRow, b: &RepositoryRow) -> Ordering {
        let by_name = || (&a.registry, &a.totals.repository).cmp(&(&b.registry, &b.totals.repository));
        let largest_first = |of: fn(&RepositoryRow) -> u64| of(b).cmp(&of(a));
        let order = match self.key {
            SortKey::Attributed => largest_first(|row| row.totals.attributed_bytes.get()),
            SortKey::Stored => largest_first(|row| row.totals.stored_bytes.get()),
            SortKey::Exclusive => largest_first(|row| row.totals.exclusive_bytes.get()),
            SortKey::Logical => largest_first(|row| row.totals.logical_bytes.get()),
            SortKey::Tags => largest_first(|row| row.totals.tags as u64),
            SortKey::Name => by_name(),
        };
        let order = if self.reverse { order.reverse() } else { order };
        // Equals stand by name, so that the same registry gives the same report twice.
        order.then_with(by_name)
    }
}

impl Report {
    /// Puts the accounts of registries together. There must be at least one for the report to have a
    /// moment of its own; of none, it is empty and as of the epoch.
    ///
    /// # Errors
    /// Where the rows that a limit leaves out add up to more than 63 bits.
    pub fn build(
        registries: Vec<(RegistrySource, Accounting)>,
        options: &ReportOptions,
    ) -> Result<Self, ByteOverflow> {
        let mut report = Self {
            as_of: DateTime::UNIX_EPOCH,
            registries: Vec::new(),
            repositories: Vec::new(),
            others: None,
            complete: true,
            notes: Vec::new(),
        };
        for (source, accounting) in registries {
            report.as_of = report.as_of.max(source.as_of);
            report.notes.extend(notes(&source));
            report
                .repositories
                .extend(accounting.repositories.into_iter().map(|totals| RepositoryRow {
                    registry: source.registry.clone(),
                    totals,
                }));
            report.registries.push(RegistryRow {
                registry: source.registry,
                totals: accounting.registry,
                dedup_scope: source.dedup_scope,
                as_of: source.as_of,
            });
        }
        report.registries.sort_by(|a, b| a.registry.cmp(&b.registry));
        report.repositories.sort_by(|a, b| options.sort.compare(a, b));
        report.complete = !report.notes.iter().any(|note| note.kind.is_loss());
        if let Some(limit) = options.limit.filter(|limit| *limit < report.repositories.len()) {
            report.others = Some(others(&report.repositories.split_off(limit))?);
        }
        Ok(report)
    }
}

fn others(rows: &[RepositoryRow]) -> Result<Others, ByteOverflow> {
    Ok(Others {
        repositories: rows.len(),
        tags: rows.iter().map(|row| row.totals.tags).sum(),
        logical_bytes: ByteCount::checked_sum(rows.iter().map(|row| row.totals.logical_bytes))?,
        attributed_bytes: ByteCount::checked_sum(rows.iter().map(|row| row.totals.attributed_bytes))?,
    })
}

fn notes(source: &RegistrySource) -> Vec<Note> {
    let mut notes = Vec::new();
    let mut add = |kind, count, note| {
        notes.push(Note {
            registry: source.registry.clone(),
            kind,
            count,
            note,
        });
    };
    match source.last_crawl {
        LastCrawl::Complete => {}
        LastCrawl::Incomplete { losses } => add(
            NoteKind::IncompleteCrawl,
            losses,
            format!(
                "The last crawl could not read everything ({}), so the totals may be too small. \
                 Another `tare crawl` tries again what is missing.",
                counted(losses, "fault", "faults")
            ),
        ),
        LastCrawl::Unfinished => add(
            NoteKind::UnfinishedCrawl,
            0,
            "The last crawl has not come to its end, so the totals are of what it has found so far. \
             Another `tare crawl` goes on from there."
                .to_owned(),
        ),
    }
    if source.unread_manifests > 0 {
        add(
            NoteKind::UnreadManifests,
            source.unread_manifests,
            format!(
                "{} listed in an index have not been read (platforms that the crawl left out, or what the \
                 registry no longer has): of these only the manifest itself is counted, not its layers.",
                counted(source.unread_manifests, "manifest", "manifests")
            ),
        );
    }
    if source.missing_tags > 0 {
        add(
            NoteKind::MissingTags,
            source.missing_tags,
            format!(
                "{} no longer listed by the registry; still counted until several complete crawls in a row \
                 have not found them.",
                counted(source.missing_tags, "tag is", "tags are")
            ),
        );
    }
    if source.conflicting_sizes > 0 {
        add(
            NoteKind::ConflictingSizes,
            source.conflicting_sizes,
            format!(
                "For {} manifests give different sizes, which a sound registry does not do. \
                 One of the sizes is counted.",
                counted(source.conflicting_sizes, "blob", "blobs")
            ),
        );
    }
    notes
}

fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{} {}", grouped(count), if count == 1 { one } else { many })
}
