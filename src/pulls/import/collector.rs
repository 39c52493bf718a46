use std::collections::HashSet;

use chrono::NaiveDate;

use super::fault::PullFileFault;
use super::file::{PullEvents, PullFile, PullUnit, ServedLayer, Skipped, period};
use crate::oci::Digest;
use crate::pulls::event::{EventKey, PullEvent, key};

/// Puts the rows of a file together, whichever form they came in.
pub(super) struct Collector<'a> {
    pub(super) file: PullFile<'a>,
    pub(super) skipped: Skipped,
    file_key: String,
    events: Vec<PullEvent>,
    layers: Vec<ServedLayer>,
    keys: HashSet<EventKey>,
    days: Option<(NaiveDate, NaiveDate)>,
}

impl<'a> Collector<'a> {
    pub(super) fn new(file: PullFile<'a>) -> Self {
        Self {
            file,
            skipped: Skipped::default(),
            file_key: Digest::sha256_of(file.text.as_bytes()).to_string(),
            events: Vec::new(),
            layers: Vec::new(),
            keys: HashSet::new(),
            days: None,
        }
    }

    /// Notes the day of a row about this registry: the file covers it.
    pub(super) fn covers(&mut self, day: NaiveDate) {
        let (first, last) = self.days.unwrap_or((day, day));
        self.days = Some((first.min(day), last.max(day)));
    }

    /// The key of a row that nothing identifies but its place in this file.
    pub(super) fn key_of_line(&self, line: u64) -> EventKey {
        key(&[&self.file_key, &line.to_string()])
    }

    /// Takes a pull, unless the file has it already.
    pub(super) fn pull(&mut self, event: PullEvent) {
        if self.keys.insert(event.key) {
            self.events.push(event);
        } else {
            self.skipped.repeated += 1;
        }
    }

    /// Takes a layer that was served, unless the file has it already.
    pub(super) fn layer(&mut self, layer: ServedLayer) {
        if self.keys.insert(layer.key) {
            self.layers.push(layer);
        } else {
            self.skipped.repeated += 1;
        }
    }

    /// # Errors
    /// If no row is about this registry.
    pub(super) fn finish(self, unit: PullUnit) -> Result<PullEvents, PullFileFault> {
        Ok(PullEvents {
            period: period(self.days, self.file.name)?,
            events: self.events,
            layers: self.layers,
            unit,
            skipped: self.skipped,
        })
    }
}
