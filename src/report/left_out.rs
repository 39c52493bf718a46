//! Registries without figures, because their sizes cannot be added up: one registry's claims must not cost the others
//! their figures.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::content::{RegistryContent, RegistrySource};
use super::document::{Note, NoteKind};
use crate::inventory::{Accounting, account};
use crate::oci::RegistryName;
use crate::units::ByteCount;

/// The most bytes that the tags of all registries together may reach, each tag counted alone. Our choice of December
/// 2026: 1 EiB, ten thousand times the largest Azure registry. An eighth of the range of 63 bits, so that no sum, saving or
/// range of a prediction overflows.
const MOST_BYTES: ByteCount = ByteCount::from_pebibytes(1024);

/// A registry without figures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// The registry.
    pub registry: RegistryName,
    /// When it was last crawled.
    pub as_of: DateTime<Utc>,
}

impl LeftOut {
    /// A registry of which only this is known.
    pub(super) fn new(source: &RegistrySource) -> Self {
        Self {
            registry: source.registry.clone(),
            as_of: source.as_of,
        }
    }

    /// What a reader must know.
    pub(super) fn note(&self) -> Note {
        Note {
            registry: self.registry.clone(),
            kind: NoteKind::LeftOut,
            count: 0,
            note: "Its manifests claim sizes that no registry can have, so it has no figures and no total includes it. \
                   See the faults of its last crawl."
                .to_owned(),
        }
    }
}

/// The content of a registry and its accounting.
type Accounted = (Arc<RegistryContent>, Arc<Accounting>);

/// Accounts for registries, and separates those whose bytes cannot be added up: each alone, and then the largest until
/// the others together can.
pub(super) fn accounted(registries: Vec<Arc<RegistryContent>>) -> (Vec<Accounted>, Vec<LeftOut>) {
    let mut left_out = Vec::new();
    let mut kept = Vec::with_capacity(registries.len());
    for mut content in registries {
        let accounting = match &content.accounting {
            Some(accounting) => Ok(Arc::clone(accounting)),
            None => account(&content.inventory).map(Arc::new),
        };
        match accounting {
            Ok(accounting) => {
                let totals = &accounting.registry;
                let untagged = totals.untagged_bytes.unwrap_or_default();
                let bytes = u128::from(totals.logical_bytes.get()) + u128::from(untagged.get());
                // For the next analysis of the same content.
                if let Some(content) = Arc::get_mut(&mut content) {
                    content.accounting = Some(Arc::clone(&accounting));
                }
                kept.push((bytes, content, accounting));
            }
            Err(_) => left_out.push(LeftOut::new(&content.source)),
        }
    }
    loop {
        let sum: u128 = kept.iter().map(|(bytes, ..)| bytes).sum();
        if sum <= u128::from(MOST_BYTES.get()) {
            break;
        }
        // Of equals, the last by name.
        let largest = (0..kept.len()).max_by(|&one, &other| {
            (kept[one].0, &kept[one].1.source.registry).cmp(&(kept[other].0, &kept[other].1.source.registry))
        });
        let Some(largest) = largest else { break };
        left_out.push(LeftOut::new(&kept.remove(largest).1.source));
    }
    let kept = kept
        .into_iter()
        .map(|(_, content, accounting)| (content, accounting));
    (kept.collect(), left_out)
}

#[cfg(test)]
mod tests {
    use super::super::analysed::Analysed;
    use super::super::build::ReportOptions;
    use super::super::content::LastCrawl;
    use super::super::inputs::AnalysisInputs;
    use super::*;
    use crate::inventory::examples::{image, name, representative_inventory};
    use crate::inventory::{DedupScope, Inventory, InventoryBuilder};

    fn content(registry: &str, inventory: Inventory) -> RegistryContent {
        RegistryContent {
            source: RegistrySource {
                registry: registry.parse().unwrap(),
                as_of: DateTime::UNIX_EPOCH,
                last_crawl: LastCrawl::Complete,
                dedup_scope: DedupScope::Registry,
                unread_manifests: 0,
                conflicting_sizes: 0,
                missing_tags: 0,
                soft_deleted: None,
                event_coverage: None,
            },
            inventory,
            images: Vec::new(),
            accounting: None,
        }
    }

    /// A registry in which so many tags claim a layer of their own with so many bytes.
    fn claiming(registry: &str, tags: usize, bytes: ByteCount) -> RegistryContent {
        let mut builder = InventoryBuilder::new(registry.parse().unwrap(), DedupScope::Registry);
        for tag in 0..tags {
            let layer = format!("{registry} {tag}");
            let (digest, size, mut manifest) = image(&format!("image of {layer}"), &[(&layer, 1)]);
            manifest.layers[0].size = bytes;
            builder.manifest(digest, size, manifest);
            builder.tag(name("app"), format!("v{tag}").parse().unwrap(), digest);
        }
        content(registry, builder.finish())
    }

    fn left_out(registries: Vec<RegistryContent>) -> Vec<String> {
        let sound = content("sound.example.com", representative_inventory());
        let inputs = AnalysisInputs::default();
        let all = std::iter::once(sound).chain(registries).collect();
        let analysed = Analysed::new(all, &inputs).unwrap();
        let report = analysed.report(&inputs, &ReportOptions::default()).unwrap();
        let own = report
            .registries
            .iter()
            .find(|row| row.registry.as_str() == "sound.example.com");
        assert!(own.unwrap().totals.stored_bytes.get() > 0, "the others stand");
        let notes = report.notes.iter().filter(|note| note.kind == NoteKind::LeftOut);
        let names: Vec<String> = notes.map(|note| note.registry.to_string()).collect();
        assert_eq!(report.complete, names.is_empty());
        for name in &names {
            assert!(
                !report
                    .repositories
                    .iter()
                    .any(|row| row.registry.as_str() == name)
            );
        }
        names
    }

    #[test]
    fn a_registry_whose_sizes_overflow_takes_no_other_figures() {
        let most = ByteCount::MAX;
        assert_eq!(
            left_out(vec![claiming("liar.example.com", 2, most)]),
            ["liar.example.com"]
        );
        // One alone fits into a count, and leaves no room for savings and ranges.
        assert_eq!(
            left_out(vec![claiming("liar.example.com", 1, most)]),
            ["liar.example.com"]
        );
    }

    #[test]
    fn a_report_without_any_figures_says_so() {
        let inputs = AnalysisInputs::default();
        let liars =
            ["one.example.com", "two.example.com"].map(|registry| claiming(registry, 2, ByteCount::MAX));
        let analysed = Analysed::new(liars.into(), &inputs).unwrap();
        let report = analysed.report(&inputs, &ReportOptions::default()).unwrap();
        assert!(report.registries.is_empty() && !report.complete);
        assert_eq!(
            report.headline.text,
            "No registry has figures: the manifests of each claim sizes that no registry can have, so all are left out. \
             See the faults of their last crawls."
        );
    }

    #[test]
    fn of_registries_that_overflow_together_the_largest_go_first() {
        let large = |registry, pebibytes| claiming(registry, 1, ByteCount::from_pebibytes(pebibytes));
        assert_eq!(
            left_out(vec![large("a.example.com", 600), large("b.example.com", 400)]),
            [""; 0]
        );
        assert_eq!(
            left_out(vec![
                large("a.example.com", 500),
                large("b.example.com", 600),
                large("c.example.com", 400)
            ]),
            ["b.example.com"]
        );
        // Of equals, the last by name.
        assert_eq!(
            left_out(vec![large("a.example.com", 600), large("b.example.com", 600)]),
            ["b.example.com"]
        );
    }
}
