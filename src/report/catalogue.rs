//! The entries of the catalogue of base images and Alpine variants, as tables and JSON.

use std::fmt::Write;

use comfy_table::{Cell, Table, presets};
use serde::Serialize;

use super::cells::shortened;
use super::reference::Found;
use super::rows::lines;
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
            names: base.names.iter().map(ToString::to_string).collect(),
            platform: base.platform.to_string(),
            bytes: base.bytes,
            system: base.system.as_ref().map(ToString::to_string),
            twin: twins
                .first()
                .map(|twin| catalogue.base(twin.base).name().to_string()),
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
            base.names
                .iter()
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

/// The rows for people.
pub fn catalogue_table(rows: &[CatalogueRow]) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    let header = [
        "BASE",
        "PLATFORM",
        "SYSTEM",
        "TWIN",
        "KNOWN FROM",
        "SIZE",
        "BENEATH",
    ];
    table.set_header(header.into_iter().map(Cell::new));
    for row in rows {
        let name = row.names.first().map_or("", String::as_str);
        table.add_row([
            shortened(&printable(name), 34),
            shortened(&printable(&row.platform), 13),
            shortened(&printable(row.system.as_deref().unwrap_or_default()), 16),
            shortened(&printable(row.twin.as_deref().unwrap_or_default()), 26),
            shortened(&printable(&row.known_from), 22),
            ByteCount::try_from(row.bytes)
                .unwrap_or(ByteCount::MAX)
                .to_string(),
            match row.images_built_on_it {
                0 => String::new(),
                images => super::grouped(images as usize),
            },
        ]);
    }
    lines(table, |place| place > 4)
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
        if fits && base.names.contains(&wanted) {
            // Names and sources come from files and registries.
            let shown = catalogue.explain(id).to_string();
            let shown: Vec<String> = shown.lines().map(printable).collect();
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{}\n", shown.join("\n"));
        }
    }
    (!text.is_empty()).then(|| text.trim_end().to_owned() + "\n")
}

/// Which entries of the catalogue match an image and why, for people.
pub fn base_matches(found: Found<'_>, catalogue: &Catalogue) -> String {
    let facts = found.image;
    let detection = detect(facts, catalogue, &Scope::all());
    let mut text = format!(
        "{}/{}@{} for {}\n",
        found.content.source.registry,
        found.repository,
        facts.digest,
        printable(&facts.platform.to_string())
    );
    if let Some(finding) = &detection.system {
        let _ = writeln!(
            text,
            "\nSystem: {}, {} % sure, by {}, {} of {} layers",
            printable(&finding.system.to_string()),
            finding.confidence.get(),
            finding.evidence.as_str().replace('_', " "),
            finding.layers,
            facts.layers.len()
        );
    }
    if detection.candidates.is_empty() {
        text.push_str("\nNo entry of the catalogue matches.\n");
    }
    for candidate in &detection.candidates {
        let _ = writeln!(
            text,
            "\n{}, {} % sure, by {}: {}",
            printable(&candidate.name.to_string()),
            candidate.confidence.get(),
            candidate.evidence.as_str().replace('_', " "),
            printable(&candidate.because)
        );
        let Some(id) = candidate.base else {
            text.push_str("  it is not in the catalogue\n");
            continue;
        };
        let row = CatalogueRow::new(id, catalogue);
        let _ = writeln!(
            text,
            "  {} of the image's {} layers; known from {}",
            candidate.layers,
            facts.layers.len(),
            printable(&row.known_from)
        );
        match catalogue.twins(id, &Scope::all()).first() {
            Some(twin) => {
                let name = catalogue.base(twin.base).name().to_string();
                let _ = writeln!(
                    text,
                    "  Alpine variant {}: {}",
                    printable(&name),
                    twin.rule.describe()
                );
            }
            None => text.push_str("  no Alpine variant is known\n"),
        }
    }
    text
}
