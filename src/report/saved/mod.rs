//! The answers of a report as bytes, which a process that has not analysed anything can answer from.
//!
//! The JSON of the API leaves out and adds fields for its readers, so it cannot be read back. These bytes can: every
//! field is written as it is. They have no versions; [`AnalysisInputs::answers_key`] names their form.

mod codec;
mod differences;
mod rows;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest as _, Sha256};

pub use codec::InvalidAnswers;
use codec::Saved;

use super::analysed::Analysed;
use super::content::LastCrawl;
use super::document::Report;
use super::image::ImageRow;
use super::inputs::AnalysisInputs;
use crate::base_image::AlpineRelease;

/// What lists, summaries and metrics are answered from, without the graph of the registries.
#[derive(Debug, Clone, PartialEq)]
pub struct SavedAnswers {
    /// The report on all registries, without images and forecast.
    pub report: Report,
    /// How the last crawl of each of the report's registries went.
    pub last_crawls: Vec<LastCrawl>,
    /// The representative image of each of the report's repositories.
    pub representatives: Vec<Option<ImageRow>>,
    /// The releases of Alpine that are known.
    pub alpine_releases: BTreeSet<AlpineRelease>,
}

impl SavedAnswers {
    /// The answers of an analysis and its report with these inputs.
    pub fn new(analysed: &Analysed, report: Report, inputs: &AnalysisInputs) -> Self {
        let context = inputs.context(&analysed.catalogue);
        let registries: BTreeMap<_, _> = analysed
            .registries
            .iter()
            .map(|registry| (registry.name(), registry))
            .collect();
        let last_crawls = report.registries.iter().map(|row| {
            let registry = registries.get(&row.registry);
            registry.map_or(LastCrawl::Unfinished, |registry| {
                registry.content.source.last_crawl
            })
        });
        let representatives = report.repositories.iter().map(|row| {
            let registry = registries.get(&row.registry)?;
            registry.representative_of(&row.totals.repository, &context)
        });
        Self {
            last_crawls: last_crawls.collect(),
            representatives: representatives.collect(),
            alpine_releases: analysed.catalogue.alpine_releases(),
            report: Report {
                images: None,
                forecast: None,
                ..report
            },
        }
    }

    /// The answers as bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        let Report {
            headline,
            as_of,
            registries,
            repositories,
            images: _,
            others: _,
            forecast: _,
            complete,
            notes,
        } = &self.report;
        headline.write(&mut out);
        as_of.write(&mut out);
        registries.write(&mut out);
        repositories.write(&mut out);
        complete.write(&mut out);
        notes.write(&mut out);
        self.last_crawls.write(&mut out);
        self.representatives.write(&mut out);
        let releases: Vec<AlpineRelease> = self.alpine_releases.iter().copied().collect();
        releases.write(&mut out);
        out
    }

    /// The answers from such bytes.
    ///
    /// # Errors
    /// If they are of another form.
    pub fn from_bytes(mut bytes: &[u8]) -> Result<Self, InvalidAnswers> {
        let input = &mut bytes;
        let report = Report {
            headline: Saved::read(input)?,
            as_of: Saved::read(input)?,
            registries: Saved::read(input)?,
            repositories: Saved::read(input)?,
            images: None,
            others: None,
            forecast: None,
            complete: Saved::read(input)?,
            notes: Saved::read(input)?,
        };
        let answers = Self {
            report,
            last_crawls: Saved::read(input)?,
            representatives: Saved::read(input)?,
            alpine_releases: Vec::read(input)?.into_iter().collect(),
        };
        let is_whole = input.is_empty()
            && answers.last_crawls.len() == answers.report.registries.len()
            && answers.representatives.len() == answers.report.repositories.len();
        is_whole.then_some(answers).ok_or(InvalidAnswers)
    }
}

impl AnalysisInputs {
    /// Identifies these inputs and the form of [`SavedAnswers`]: saved answers are those of other processes with the same
    /// key. Counted pulls are no part of it; they are in the store.
    pub fn answers_key(&self) -> String {
        let versions = self.versions();
        let costs = &self.costs;
        let mut hash = Sha256::new();
        for part in [
            versions.tare.to_owned(),
            // Another build may compute something else.
            env!("BUILD_COMMIT").to_owned(),
            versions.catalogue,
            versions.model,
            rows::LAYOUT.to_owned(),
            format!("{:?}", costs.books),
            format!("{:?}", costs.registries),
            format!("{:?}", costs.allocation),
            format!("{:?}", costs.transfer),
            format!("{:?}", costs.centres),
            format!("{:?}", costs.pulls.assumptions()),
            format!("{:?}", costs.efforts),
            format!("{:?}", costs.worth),
            format!("{:?}", self.reported_usage),
        ] {
            hash.update(part.len().to_le_bytes());
            hash.update(part);
        }
        hex::encode(&hash.finalize()[..16])
    }
}
