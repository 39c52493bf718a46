//! The difference between what a registry reports and what is counted, by cause.

use std::fmt::Write as _;

use chrono::{DateTime, TimeDelta, Utc};
use schemars::JsonSchema;
use serde::Serialize;
use strum::{IntoStaticStr, VariantArray};

use super::reported::{ReportedUsage, UsageSource};
use crate::inventory::{SoftDeleted, StoredBounds};
use crate::units::{ByteCount, ByteOverflow};

/// Why a registry reports something else than what its tags reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, JsonSchema, IntoStaticStr, VariantArray)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum DifferenceCause {
    /// Content that no tag reaches.
    Untagged,
    /// Content that was deleted and is kept for some days.
    SoftDeleted,
    /// The copies in the registry's replicas.
    ReplicaCopies,
    /// Copies of images in another format for streaming, where they are not counted as stored.
    ConvertedCopies,
    /// Layers that repositories mount from each other, and that are counted in each.
    MountedLayers,
    /// Repositories, platforms or manifests that the crawl did not read.
    NotRead,
    /// What was pushed or deleted between the reading and the crawl.
    Lag,
    /// The remainder.
    Unknown,
}

impl DifferenceCause {
    /// The cause as stored in the database.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// The cause as part of a sentence.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Untagged => "untagged",
            Self::SoftDeleted => "soft-deleted content",
            Self::ReplicaCopies => "in replicas",
            Self::ConvertedCopies => "copies for artifact streaming",
            Self::MountedLayers => "mounted layers that are counted in each repository",
            Self::NotRead => "content that the crawl does not read",
            Self::Lag => "pushes and deletions between the reading and the crawl",
            Self::Unknown => "unexplained",
        }
    }
}

/// A part of the difference. Bytes that the registry reports and Tare does not count are positive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct DifferencePart {
    /// The cause.
    pub cause: DifferenceCause,
    /// The cause in words.
    pub text: String,
    /// What is known of it; 0 if nothing is known.
    pub bytes: i64,
    /// The least that it may be; null if there is no bound.
    pub low: Option<i64>,
    /// The most that it may be; null if there is no bound.
    pub high: Option<i64>,
}

/// What a registry reports, compared with what is counted: `counted_bytes` and the bytes of the parts add up to
/// `reported_bytes`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Reconciliation {
    /// What the registry reports.
    pub reported_bytes: ByteCount,
    /// Where that figure comes from.
    pub source: UsageSource,
    /// When it was read; null if that is not known.
    pub reported_at: Option<DateTime<Utc>>,
    /// Whether it includes the copies in replicas.
    pub includes_replicas: bool,
    /// What Tare counts: the registry's stored bytes.
    pub counted_bytes: ByteCount,
    /// The difference by cause. The remainder comes last, as `unknown`.
    pub parts: Vec<DifferencePart>,
    /// The remainder: negative if Tare counts more than the registry reports.
    pub unexplained_bytes: i64,
    /// Whether the remainder lies within the bounds of the causes that are not known exactly.
    pub within_bounds: bool,
    /// The comparison in one sentence.
    pub text: String,
}

/// What is known about a registry, besides what it reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReconciliationFacts {
    /// What its tags reach.
    pub stored: ByteCount,
    /// The same with and without sharing, if repositories can share without saying so.
    pub stored_bounds: Option<StoredBounds>,
    /// What no tag reaches; `None` if unknown.
    pub untagged: Option<ByteCount>,
    /// Whether every repository lists its manifests, so that nothing else is untagged.
    pub lists_all_manifests: bool,
    /// What is in converted copies, which is part of `stored` and `untagged`.
    pub converted: ByteCount,
    /// Whether it is a registry that can make converted copies and can keep what was deleted (Azure).
    pub is_azure: bool,
    /// What it still keeps of deleted repositories; `None` if unknown.
    pub soft_deleted: Option<SoftDeleted>,
    /// The number of regions beyond the first that keep a copy.
    pub replicas: usize,
    /// Whether something in it was not read, on purpose or not.
    pub is_partly_read: bool,
    /// Whether tags are counted that the last crawl did not find.
    pub counts_missing_tags: bool,
    /// When it was crawled.
    pub as_of: DateTime<Utc>,
    /// What was pushed between the reading and the crawl; `None` if unknown.
    pub pushed_since: Option<ByteCount>,
}

/// Up to this distance between reading and crawl, nothing is taken to have been deleted in between. Our choice.
const AT_ONCE: TimeDelta = TimeDelta::hours(1);

impl Reconciliation {
    /// Compares what a registry reports with what is known.
    ///
    /// # Errors
    /// If sums leave the range of 63 bits.
    pub fn new(reported: &ReportedUsage, facts: &ReconciliationFacts) -> Result<Self, ByteOverflow> {
        let mut parts = known_parts(reported, facts)?;
        let sum = parts.iter().map(|part| i128::from(part.bytes)).sum::<i128>();
        let remainder = i128::from(reported.bytes.as_i64()) - i128::from(facts.stored.as_i64()) - sum;
        let remainder = i64::try_from(remainder).map_err(|_| ByteOverflow)?;
        let within_bounds = is_within(remainder, &parts);
        let text = in_words(reported, facts, &parts, remainder);
        parts.push(DifferencePart::exact(DifferenceCause::Unknown, remainder));
        Ok(Self {
            reported_bytes: reported.bytes,
            source: reported.source,
            reported_at: reported.read_at,
            includes_replicas: reported.includes_replicas,
            counted_bytes: facts.stored,
            parts,
            unexplained_bytes: remainder,
            within_bounds,
            text,
        })
    }
}

impl DifferencePart {
    fn exact(cause: DifferenceCause, bytes: i64) -> Self {
        Self {
            cause,
            text: cause.in_words().to_owned(),
            bytes,
            low: Some(bytes),
            high: Some(bytes),
        }
    }

    /// A cause of which `bytes` are known, and that may be more if `is_open`.
    fn at_least(cause: DifferenceCause, bytes: i64, is_open: bool) -> Self {
        Self {
            high: (!is_open).then_some(bytes),
            ..Self::exact(cause, bytes)
        }
    }

    /// Whether it may be more than what is known of it.
    fn can_grow(&self) -> bool {
        self.high.is_none_or(|high| high > self.bytes)
    }

    /// Whether it may be less than what is known of it.
    fn can_shrink(&self) -> bool {
        self.low.is_none_or(|low| low < self.bytes)
    }
}

fn known_parts(
    reported: &ReportedUsage,
    facts: &ReconciliationFacts,
) -> Result<Vec<DifferencePart>, ByteOverflow> {
    use DifferenceCause as Cause;
    let untagged = facts.untagged.unwrap_or_default();
    let in_first_region = facts.stored.checked_add(untagged)?;
    let copies = if reported.includes_replicas {
        facts.replicas
    } else {
        0
    };
    let in_replicas = u128::from(in_first_region.get()) * copies as u128;
    let in_replicas = ByteCount::try_from(in_replicas)?.as_i64();
    let lists_all = facts.untagged.is_some() && facts.lists_all_manifests;
    let shared = facts
        .stored_bounds
        .map_or(0, |bounds| bounds.highest.as_i64() - bounds.lowest.as_i64());
    let pushed = reported
        .read_at
        .filter(|read_at| *read_at <= facts.as_of)
        .and(facts.pushed_since)
        .map(ByteCount::as_i64);
    let is_at_once = reported
        .read_at
        .is_some_and(|read_at| (facts.as_of - read_at).abs() <= AT_ONCE);
    Ok(vec![
        DifferencePart::at_least(Cause::Untagged, untagged.as_i64(), !lists_all),
        DifferencePart::at_least(Cause::SoftDeleted, 0, facts.is_azure),
        DifferencePart::exact(Cause::ReplicaCopies, in_replicas),
        // Where all manifests are listed, the copies are among what is stored.
        DifferencePart::at_least(Cause::ConvertedCopies, 0, facts.is_azure && !lists_all),
        DifferencePart {
            low: Some(-shared),
            ..DifferencePart::exact(Cause::MountedLayers, 0)
        },
        DifferencePart::at_least(Cause::NotRead, 0, facts.is_partly_read),
        match is_at_once && !facts.counts_missing_tags {
            true => DifferencePart::exact(Cause::Lag, pushed.map_or(0, |pushed| -pushed)),
            false => DifferencePart {
                // Only what was pushed later is counted and not reported.
                low: pushed
                    .filter(|_| !facts.counts_missing_tags)
                    .map(|pushed| -pushed),
                high: None,
                ..DifferencePart::exact(Cause::Lag, pushed.map_or(0, |pushed| -pushed))
            },
        },
    ])
}

/// Whether a remainder lies within what the parts may be beyond what is known of them.
fn is_within(remainder: i64, parts: &[DifferencePart]) -> bool {
    let room = |bound: fn(&DifferencePart) -> Option<i64>| {
        parts.iter().try_fold(0_i128, |sum, part| {
            Some(sum + i128::from(bound(part)?) - i128::from(part.bytes))
        })
    };
    let remainder = i128::from(remainder);
    room(|part| part.low).is_none_or(|least| remainder >= least)
        && room(|part| part.high).is_none_or(|most| remainder <= most)
}

fn in_words(
    reported: &ReportedUsage,
    facts: &ReconciliationFacts,
    parts: &[DifferencePart],
    remainder: i64,
) -> String {
    let mut text = format!(
        "The registry itself reports {} ({}{}): {} counted",
        reported.bytes,
        reported.source.in_words(),
        reported
            .read_at
            .map(|at| format!(", read {} UTC", at.format("%Y-%m-%d %H:%M")))
            .unwrap_or_default(),
        facts.stored,
    );
    // Writing to a string cannot fail, here and below.
    if facts.converted > ByteCount::ZERO {
        let _ = write!(
            text,
            " (with {} of copies for artifact streaming)",
            facts.converted
        );
    }
    for part in parts.iter().filter(|part| part.bytes != 0) {
        let _ = write!(text, ", {} {}", signed(part.bytes), part.text);
    }
    if remainder == 0 {
        text.push_str(", nothing unexplained.");
        return text;
    }
    let _ = write!(text, ", {} unexplained", signed(remainder));
    if let Some(share) = per_mille(remainder, reported.bytes) {
        let _ = write!(text, " ({}.{} %)", share / 10, share % 10);
    }
    let may_be = |part: &&DifferencePart| match remainder > 0 {
        true => part.can_grow(),
        false => part.can_shrink(),
    };
    let deleted = facts.soft_deleted.map_or(0, |deleted| deleted.repositories);
    let causes: Vec<String> = parts
        .iter()
        .filter(may_be)
        .map(|part| match part.cause {
            DifferenceCause::Untagged => "untagged content".to_owned(),
            DifferenceCause::SoftDeleted if deleted > 0 => {
                format!("{} ({deleted} deleted repositories are kept)", part.text)
            }
            _ => part.text.clone(),
        })
        .collect();
    match causes.split_last() {
        None => text.push('.'),
        Some((last, [])) => {
            let _ = write!(text, "; it may be {last}.");
        }
        Some((last, others)) => {
            let _ = write!(text, "; it may be {}, or {last}.", others.join(", "));
        }
    }
    text
}

/// A signed number of bytes.
fn signed(bytes: i64) -> String {
    let size = ByteCount::try_from(bytes.unsigned_abs()).unwrap_or(ByteCount::MAX);
    match bytes < 0 {
        true => format!("-{size}"),
        false => size.to_string(),
    }
}

/// The share of a whole in tenths of a per cent, rounded; `None` of nothing.
fn per_mille(part: i64, whole: ByteCount) -> Option<u128> {
    let whole = u128::from(whole.get());
    (whole > 0).then(|| (u128::from(part.unsigned_abs()) * 1000 + whole / 2) / whole)
}
