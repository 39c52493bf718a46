use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::event::{EventAction, EventSubject, RegistryEvent};
use crate::oci::{Digest, RegistryName, RepositoryName, Tag};
use crate::pulls::{EventKey, MeteredPulls, event_key};

/// Events so far in the future are skipped. Our choice: clocks differ by minutes and time zones by hours, so a day is an
/// error of the sender.
const LATEST: TimeDelta = TimeDelta::days(1);

/// Why an event is skipped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SkipReason {
    /// It is about something that Tare does not record: a layer, a scan, a `HEAD` request, a package that is no image.
    NotRecorded,
    /// It lacks a member, or a member makes no sense.
    Invalid,
    /// Its time is more than a day in the future.
    InTheFuture,
    /// It is a pull that is too old to tell whether it was counted before.
    Outdated,
    /// It is about another registry than the one that the path names.
    OtherRegistry,
    /// The caller may not see the repository.
    NotVisible,
}

/// The numbers of skipped events by reason.
pub type Skipped = BTreeMap<SkipReason, u64>;

/// What an envelope tells.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReadEvents {
    /// The changes, in the order of the envelope.
    pub changes: Vec<RegistryEvent>,
    /// The pulls.
    pub pulls: MeteredPulls,
    /// The skipped events.
    pub skipped: Skipped,
}

impl ReadEvents {
    /// Counts skipped events.
    pub fn skip(&mut self, reason: SkipReason, events: u64) {
        if events > 0 {
            let count = self.skipped.entry(reason).or_default();
            *count = count.saturating_add(events);
        }
    }

    /// How many events are skipped, for whatever reason.
    pub fn skipped_events(&self) -> u64 {
        self.skipped
            .values()
            .fold(0, |sum, count| sum.saturating_add(*count))
    }
}

/// Collects the events of an envelope.
pub(super) struct Reader<'a> {
    /// The registry that the path of the request names.
    pub(super) registry: &'a RegistryName,
    now: DateTime<Utc>,
    pub(super) read: ReadEvents,
}

/// A change as a vendor describes it, before it is checked.
pub(super) struct Told<'a> {
    pub(super) action: EventAction,
    pub(super) repository: Option<&'a str>,
    pub(super) tag: Option<&'a str>,
    pub(super) digest: Option<&'a str>,
    pub(super) at: Time,
    pub(super) key: Option<EventKey>,
}

/// The time of an event.
pub(super) enum Time {
    At(DateTime<Utc>),
    /// The vendor sends none.
    Unsaid,
    Invalid,
}

impl Time {
    /// A time as RFC 3339 writes it.
    pub(super) fn from_text(text: Option<&str>) -> Self {
        match text.map(str::parse) {
            None => Self::Unsaid,
            Some(Ok(at)) => Self::At(at),
            Some(Err(_)) => Self::Invalid,
        }
    }

    /// Seconds since 1970.
    pub(super) fn from_seconds(seconds: Option<i64>) -> Self {
        match seconds {
            None => Self::Unsaid,
            Some(seconds) => DateTime::from_timestamp(seconds, 0).map_or(Self::Invalid, Self::At),
        }
    }
}

impl<'a> Reader<'a> {
    pub(super) fn new(registry: &'a RegistryName, now: DateTime<Utc>) -> Self {
        Self {
            registry,
            now,
            read: ReadEvents::default(),
        }
    }

    /// Whether a time is too far in the future.
    pub(super) fn is_future(&self, at: DateTime<Utc>) -> bool {
        at.signed_duration_since(self.now) > LATEST
    }

    pub(super) fn skip(&mut self, reason: SkipReason) {
        self.read.skip(reason, 1);
    }

    /// Checks a change and adds it. An event with a tag and a digest is about the tag. A deletion may have been of either,
    /// so both are asked for.
    pub(super) fn tell(&mut self, told: &Told<'_>) {
        match told.at {
            Time::Invalid => return self.skip(SkipReason::Invalid),
            Time::At(at) if at < DateTime::UNIX_EPOCH => return self.skip(SkipReason::Invalid),
            Time::At(at) if self.is_future(at) => return self.skip(SkipReason::InTheFuture),
            Time::At(_) | Time::Unsaid => {}
        }
        let Some(subjects) = subjects(told) else {
            return self.skip(SkipReason::Invalid);
        };
        let Some(repository) = told
            .repository
            .and_then(|name| name.parse::<RepositoryName>().ok())
        else {
            return self.skip(SkipReason::Invalid);
        };
        let several = subjects.len() > 1;
        for subject in subjects {
            let key = told.key.map(|key| match several {
                true => event_key(&[&hex::encode(key), &subject.reference()]),
                false => key,
            });
            self.read.changes.push(RegistryEvent {
                action: told.action,
                repository: repository.clone(),
                subject,
                key,
            });
        }
    }
}

/// What a change is about; `None` if its members make no sense.
fn subjects(told: &Told<'_>) -> Option<Vec<EventSubject>> {
    let given = |text: Option<&'_ str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
    let (mut tag, mut digest) = (given(told.tag), given(told.digest));
    // Some vendors put the digest where the tag belongs.
    if let Some(text) = tag.take_if(|tag| tag.parse::<Digest>().is_ok()) {
        digest = digest.or(Some(text));
    }
    let tag = tag.map(|tag| tag.parse::<Tag>()).transpose().ok()?;
    let digest = digest.map(|digest| digest.parse::<Digest>()).transpose().ok()?;
    let (tag, digest) = (tag.map(EventSubject::Tag), digest.map(EventSubject::Manifest));
    match (told.action, tag, digest) {
        (EventAction::Push, Some(tag), _) => Some(vec![tag]),
        (EventAction::Push, None, None) => None,
        (EventAction::Delete, None, None) => Some(vec![EventSubject::Repository]),
        (_, tag, digest) => Some(tag.into_iter().chain(digest).collect()),
    }
}

/// The text at a JSON pointer.
pub(super) fn text<'v>(value: &'v Value, pointer: &str) -> Option<&'v str> {
    value.pointer(pointer).and_then(Value::as_str)
}
