//! The entries of the catalogue of base images and Alpine variants, as tables and JSON.

use std::fmt::Write;

use serde::Serialize;

use super::reference::Found;
use super::text_table::{Column, TextTable};
use crate::base_image::{Base, BaseId, BaseName, Catalogue, Origin, Role, Scope, detect};
use crate::oci::PlatformFilter;
use crate::oci::text::printable;
use crate::units::ByteCount;

/// A base in the catalogue.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CatalogueRow {
    /// What it is called, the most telling name first.
    pub names: Vec<String>,
    /// What it runs on.
    pub platform: String,
    /// Its layers' bytes as stored.
    pub bytes: u64,
    /// The operating system.
    pub system: Option<String>,
    /// What takes its place on Alpine.
    pub twin: Option<String>,
    /// How many images of other repositories begin with its layers.
    pub images_built_on_it: u32,
    /// The file or the registry that it is known from.
    pub known_from: String,
}

impl CatalogueRow {
    fn new(id: BaseId, catalogue: &Catalogue) -> Self {
        let base = catalogue.base(id);
        let twins = catalogue.twins(id, &Scope::all());
        Self {
            names: base.all_names().map(ToString::to_string).collect(),
            platform: base.platform.to_string(),
            bytes: base.bytes,
            system: base.system.as_ref().map(ToString::to_string),
            twin: twins
                .first()
                .map(|twin| catalogue.base(twin.base).precise_name().to_string()),
            images_built_on_it: base.built_on_it,
            known_from: match &base.origin {
                Origin::File { file, .. } => file.clone(),
                Origin::Registry { registry, repository } => format!("{registry}/{repository}"),
            },
        }
    }
}

/// Which bases are meant.
#[derive(Debug, Clone, Default)]
pub struct BaseChoice {
    /// A part of their names.
    pub name: Option<String>,
    /// Their platform.
    pub platform: Option<PlatformFilter>,
}

impl BaseChoice {
    fn means(&self, base: &Base) -> bool {
        let fits = |filter: &PlatformFilter| filter.matches(&base.platform);
        let has_name = |part: &String| {
            base.all_names()
                .any(|name| name.to_string().contains(part.as_str()))
        };
        self.platform.as_ref().is_none_or(fits) && self.name.as_ref().is_none_or(has_name)
    }
}

/// The bases that are meant, by name. Images of the crawled registries are among them where something is
/// built on them, or if the catalogue gives their purpose.
pub fn catalogue_rows(catalogue: &Catalogue, choice: &BaseChoice) -> Vec<CatalogueRow> {
    let mut rows: Vec<CatalogueRow> = catalogue
        .bases()
        .filter(|(_, base)| !base.is_in_registry() || base.built_on_it > 0 || base.role != Role::Unknown)
        .filter(|(_, base)| choice.means(base))
        .map(|(id, _)| CatalogueRow::new(id, catalogue))
        .collect();
    rows.sort_by(|a, b| (&a.names, &a.platform, &a.known_from).cmp(&(&b.names, &b.platform, &b.known_from)));
    rows
}

/// The rows for people, in lines of at most `width` characters.
pub fn catalogue_table(rows: &[CatalogueRow], width: usize) -> String {
    let mut table = TextTable::new([
        Column::text("BASE").shortened_to(28),
        Column::text("PLATFORM").optional(2),
        Column::text("SYSTEM").shortened_to(16).optional(3),
        Column::text("ON ALPINE").shortened_to(22),
        Column::text("KNOWN FROM").shortened_to(14).optional(4),
        Column::number("SIZE"),
        Column::number("IMAGES ON IT").optional(1),
    ]);
    for row in rows {
        let name = row.names.first().map_or("", String::as_str);
        table.add([
            printable(name),
            printable(&row.platform),
            printable(row.system.as_deref().unwrap_or_default()),
            printable(row.twin.as_deref().unwrap_or_default()),
            printable(&row.known_from),
            ByteCount::try_from(row.bytes)
                .unwrap_or(ByteCount::MAX)
                .to_string(),
            match row.images_built_on_it {
                0 => String::new(),
                images => super::grouped(images as usize),
            },
        ]);
    }
    table.text(width)
}

/// The entries of the bases with one name in plain words; `None` if there is no such base.
pub fn base_explanations(
    catalogue: &Catalogue,
    name: &str,
    platform: Option<&PlatformFilter>,
) -> Option<String> {
    let (repository, tag) = name.split_once(':').unwrap_or((name, "latest"));
    let wanted = BaseName::new(catalogue.upstream_name(repository), tag);
    let mut text = String::new();
    for (id, base) in catalogue.bases() {
        let fits = platform.is_none_or(|platform| platform.matches(&base.platform));
        if fits && base.all_names().any(|name| *name == wanted) {
            // Names and sources come from files and registries.
            let shown = catalogue.explain(id).to_string();
            let shown: Vec<String> = shown.lines().map(printable).collect();
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{}\n", shown.join("\n"));
        }
    }
    (!text.is_empty()).then(|| text.trim_end().to_owned() + "\n")
}

/// The entries of the bases with one name; none if there is no such base.
pub fn base_rows(catalogue: &Catalogue, name: &str, platform: Option<&PlatformFilter>) -> Vec<CatalogueRow> {
    let (repository, tag) = name.split_once(':').unwrap_or((name, "latest"));
    let wanted = BaseName::new(catalogue.upstream_name(repository), tag);
    catalogue
        .bases()
        .filter(|(_, base)| base.all_names().any(|name| *name == wanted))
        .filter(|(_, base)| platform.is_none_or(|platform| platform.matches(&base.platform)))
        .map(|(id, _)| CatalogueRow::new(id, catalogue))
        .collect()
}

/// Which entries of the catalogue match an image, and why.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BaseMatches {
    /// The registry of the image.
    pub registry: String,
    /// Its repository.
    pub repository: String,
    /// Its digest.
    pub digest: String,
    /// Its platform.
    pub platform: String,
    /// The number of its layers.
    pub layers: usize,
    /// Its operating system; null if nothing shows it.
    pub system: Option<SystemMatch>,
    /// The base images that it may be built from, the most likely first.
    pub candidates: Vec<BaseMatch>,
}

/// The operating system of an image.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SystemMatch {
    /// Its name and release.
    pub system: String,
    /// How sure that is, in per cent.
    pub confidence: u8,
    /// What shows it.
    pub evidence: String,
    /// How many layers of the image belong to it.
    pub layers: usize,
}

/// A base image that an image may be built from.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BaseMatch {
    /// Its name.
    pub name: String,
    /// How sure that is, in per cent.
    pub confidence: u8,
    /// What shows it.
    pub evidence: String,
    /// Why, in words.
    pub because: String,
    /// How many layers of the image belong to it.
    pub layers: usize,
    /// Where it is known from; null if it is not in the catalogue.
    pub known_from: Option<String>,
    /// Its Alpine variant; null if none is known.
    pub twin: Option<String>,
    /// Why that is its Alpine variant.
    pub twin_rule: Option<String>,
}

impl BaseMatches {
    /// The matches of an image in a catalogue.
    pub fn new(found: Found<'_>, catalogue: &Catalogue) -> Self {
        let facts = found.image;
        let detection = detect(facts, catalogue, &Scope::all());
        let candidates = detection.candidates.iter().map(|candidate| {
            let twin = candidate
                .base
                .and_then(|id| catalogue.twins(id, &Scope::all()).into_iter().next());
            BaseMatch {
                name: candidate.name.to_string(),
                confidence: candidate.confidence.get(),
                evidence: candidate.evidence.as_str().replace('_', " "),
                because: candidate.because.to_string(),
                layers: candidate.layers,
                known_from: candidate
                    .base
                    .map(|id| CatalogueRow::new(id, catalogue).known_from),
                twin_rule: twin.as_ref().map(|twin| twin.rule.describe().to_string()),
                twin: twin.map(|twin| catalogue.base(twin.base).precise_name().to_string()),
            }
        });
        Self {
            registry: found.content.source.registry.to_string(),
            repository: found.repository.to_string(),
            digest: facts.digest.to_string(),
            platform: facts.platform.to_string(),
            layers: facts.layers.len(),
            system: detection.system.as_ref().map(|finding| SystemMatch {
                system: finding.system.to_string(),
                confidence: finding.confidence.get(),
                evidence: finding.evidence.as_str().replace('_', " "),
                layers: finding.layers,
            }),
            candidates: candidates.collect(),
        }
    }

    /// The matches for people.
    pub fn text(&self) -> String {
        let mut text = format!(
            "{}/{}@{} for {}\n",
            self.registry,
            self.repository,
            self.digest,
            printable(&self.platform)
        );
        // Writing to a string cannot fail.
        if let Some(finding) = &self.system {
            let _ = writeln!(
                text,
                "\nSystem: {}, {} % sure, by {}, {} of {} layers",
                printable(&finding.system),
                finding.confidence,
                finding.evidence,
                finding.layers,
                self.layers
            );
        }
        if self.candidates.is_empty() {
            text.push_str("\nNo entry of the catalogue matches.\n");
        }
        for candidate in &self.candidates {
            let _ = writeln!(
                text,
                "\n{}, {} % sure, by {}: {}",
                printable(&candidate.name),
                candidate.confidence,
                candidate.evidence,
                printable(&candidate.because)
            );
            let Some(known_from) = &candidate.known_from else {
                text.push_str("  it is not in the catalogue\n");
                continue;
            };
            let _ = writeln!(
                text,
                "  {} of the image's {} layers; known from {}",
                candidate.layers,
                self.layers,
                printable(known_from)
            );
            let _ = match (&candidate.twin, &candidate.twin_rule) {
                (Some(twin), Some(rule)) => writeln!(text, "  Alpine variant {}: {rule}", printable(twin)),
                _ => writeln!(text, "  no Alpine variant is known"),
            };
        }
        text
    }
}
