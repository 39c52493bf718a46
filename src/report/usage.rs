//! What a registry and its repositories stored and served, as costs are worked out from it.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::NaiveDate;

use super::analysed_registry::AnalysedRegistry;
use crate::base_image::ImageFacts;
use crate::cost::{
    AlpineBytes, CostPlan, PulledBytes, RegistryUsage, RepositoryUsage, newest_labels, sound_label_value,
};
use crate::oci::{RegistryName, RepositoryName};
use crate::pricing::{ByteHistory, EmptyPeriod, Period};
use crate::pulls::PullCount;
use crate::units::ByteCount;
use crate::whatif::{Estimate, ImageAnalysis, Outcome, RepositoryOnAlpine};

/// What was stored over time, where it is known.
#[derive(Debug, Clone)]
pub struct RegistryHistory {
    /// The whole registry, with what no tag reached where that was known.
    pub stored: ByteHistory,
    /// The part that tags reach; `None` if untagged content was never known.
    pub tagged: Option<ByteHistory>,
    /// The shares of its repositories, by name.
    pub attributed: HashMap<RepositoryName, ByteHistory>,
}

/// The period of a cost.
#[derive(Debug, Clone, Copy)]
pub enum CostPeriod<'h> {
    /// The calendar month of a day, as if all of it were as the registry is now.
    MonthAt(NaiveDate),
    /// Days that have been, by what was stored then.
    History(Period, &'h RegistryHistory),
}

impl CostPeriod<'_> {
    /// The days.
    ///
    /// # Errors
    /// At the end of the calendar.
    pub fn period(self) -> Result<Period, EmptyPeriod> {
        match self {
            Self::MonthAt(day) => Period::month_containing(day),
            Self::History(period, _) => Ok(period),
        }
    }
}

/// What a registry stores and serves, with what these repositories' switching would change.
pub(super) fn registry_usage(
    analysed: &AnalysedRegistry,
    outcome: &Outcome,
    costs: &CostPlan,
    over: CostPeriod<'_>,
) -> RegistryUsage {
    let history = match over {
        CostPeriod::MonthAt(_) => None,
        CostPeriod::History(_, history) => Some(history),
    };
    let registry = analysed.name();
    let inventory = &analysed.content.inventory;
    let rows = inventory
        .repositories
        .iter()
        .zip(&analysed.accounting.repositories);
    // What is gone by now was stored all the same.
    let names: HashSet<&RepositoryName> = inventory.repositories.iter().map(|node| &node.name).collect();
    let mut vanished: Vec<(&RepositoryName, &ByteHistory)> = history
        .iter()
        .flat_map(|history| &history.attributed)
        .filter(|(name, _)| !names.contains(name))
        .collect();
    vanished.sort_unstable_by_key(|(name, _)| *name);
    let vanished = vanished.into_iter().map(|(name, attributed)| RepositoryUsage {
        repository: name.clone(),
        labels: costs.centres.labels_of(registry, name, &BTreeMap::new()),
        attributed: attributed.clone(),
        exclusive: ByteCount::ZERO,
        alpine: None,
        solo_saving: None,
        switches: false,
        pulls: pulls(costs, registry, name, over),
        pulled: None,
    });
    let repositories = rows
        .zip(&outcome.repositories)
        .map(|((node, totals), after)| {
            let own = analysed.image_places(node);
            let labels = labels_of_images(analysed, &own);
            let known = history.and_then(|history| history.attributed.get(&node.name));
            let untagged = totals.untagged_bytes.unwrap_or_default();
            RepositoryUsage {
                repository: node.name.clone(),
                labels: costs.centres.labels_of(registry, &node.name, &labels),
                attributed: match (known, history) {
                    (Some(known), _) => known.clone(),
                    // Of a repository that the history does not have, nothing was stored in it.
                    (None, Some(_)) => ByteHistory::constant(ByteCount::ZERO),
                    (None, None) => ByteHistory::constant(sum(totals.attributed_bytes, untagged)),
                },
                exclusive: sum(totals.exclusive_bytes, untagged),
                alpine: Some(attributed_on_alpine(after, untagged)),
                solo_saving: Some(after.solo_saving_bytes),
                switches: after.switches,
                pulls: pulls(costs, registry, &node.name, over),
                pulled: pulled(analysed, &own),
            }
        })
        .chain(vanished)
        .collect();
    let totals = &analysed.accounting.registry;
    let untagged = totals.untagged_bytes.unwrap_or_default();
    let (stored, tagged) = match history {
        Some(history) => (history.stored.clone(), history.tagged.clone()),
        None => (
            ByteHistory::constant(sum(totals.stored_bytes, untagged)),
            totals
                .untagged_bytes
                .map(|_| ByteHistory::constant(totals.stored_bytes)),
        ),
    };
    RegistryUsage {
        registry: registry.clone(),
        stored,
        tagged,
        alpine: Some(stored_on_alpine(outcome, untagged)),
        repositories,
        total_pulls: match over {
            CostPeriod::MonthAt(day) => costs.pulls.monthly_total(registry, day),
            CostPeriod::History(period, _) => costs.pulls.total_in(registry, period),
        },
    }
}

/// The labels of these images taken together.
fn labels_of_images(analysed: &AnalysedRegistry, images: &[usize]) -> BTreeMap<String, String> {
    let labels = images.iter().map(|&place| {
        let config = analysed.content.images[place].config.as_ref();
        config.map(|config| (config.created, &config.labels))
    });
    newest_labels(labels.flatten())
}

impl AnalysedRegistry {
    /// The labels of each repository's newest images, those with a value that can be shown.
    pub fn image_labels(&self) -> impl Iterator<Item = (&RepositoryName, BTreeMap<String, String>)> {
        self.content.inventory.repositories.iter().map(|node| {
            let labels = labels_of_images(self, &self.image_places(node)).into_iter();
            let sound = labels.filter_map(|(name, value)| Some((name, sound_label_value(&value)?)));
            (&node.name, sound.collect())
        })
    }
}

/// Present usage with another outcome: what was stored and served stays, and other repositories switch.
pub(super) fn usage_if(
    analysed: &AnalysedRegistry,
    usage: &RegistryUsage,
    outcome: &Outcome,
) -> RegistryUsage {
    let accounting = &analysed.accounting;
    let mut usage = usage.clone();
    // What has vanished comes last and has no outcome.
    let rows = usage.repositories.iter_mut().zip(&accounting.repositories);
    for ((row, totals), after) in rows.zip(&outcome.repositories) {
        row.alpine = Some(attributed_on_alpine(
            after,
            totals.untagged_bytes.unwrap_or_default(),
        ));
        row.solo_saving = Some(after.solo_saving_bytes);
        row.switches = after.switches;
    }
    let untagged = accounting.registry.untagged_bytes.unwrap_or_default();
    usage.alpine = Some(stored_on_alpine(outcome, untagged));
    usage
}

fn attributed_on_alpine(after: &RepositoryOnAlpine, untagged: ByteCount) -> AlpineBytes {
    let bytes = AlpineBytes {
        before: after.attributed_before_bytes,
        after: after.attributed_bytes,
    };
    bytes.beside(untagged)
}

fn stored_on_alpine(outcome: &Outcome, untagged: ByteCount) -> AlpineBytes {
    let bytes = AlpineBytes {
        before: outcome.registry.stored_before_bytes,
        after: outcome.registry.stored_bytes,
    };
    bytes.beside(untagged)
}

fn sum(one: ByteCount, other: ByteCount) -> ByteCount {
    one.checked_add(other).unwrap_or(ByteCount::MAX)
}

/// How often a repository was pulled in days that have been, or is pulled in a month at its present pace.
fn pulls(
    costs: &CostPlan,
    registry: &RegistryName,
    repository: &RepositoryName,
    over: CostPeriod<'_>,
) -> PullCount {
    let known = &costs.pulls;
    let ((count, source), bytes_each) = match over {
        CostPeriod::MonthAt(day) => (
            known.monthly_pace(registry, repository, day),
            known.recent_bytes_each(registry, repository, day),
        ),
        CostPeriod::History(period, _) => (
            known.pulls_in(registry, repository, period),
            known.bytes_each(registry, repository, period),
        ),
    };
    PullCount {
        count,
        source,
        bytes_each,
    }
}

/// What a pull of one of these images moves on average, for the platform most nodes have: a pull is of one
/// platform, so others must not count.
fn pulled(registry: &AnalysedRegistry, own: &[usize]) -> Option<PulledBytes> {
    let images: Vec<(&ImageFacts, &ImageAnalysis)> = own
        .iter()
        .map(|&place| (&registry.content.images[place], &registry.analysis.images[place]))
        .collect();
    let is_common =
        |facts: &ImageFacts| facts.platform.os == "linux" && facts.platform.architecture == "amd64";
    let common: Vec<_> = images
        .iter()
        .copied()
        .filter(|(facts, _)| is_common(facts))
        .collect();
    let images = if common.is_empty() { images } else { common };
    let cold = |facts: &ImageFacts| facts.layer_bytes();
    let base = |facts: &ImageFacts, image: &ImageAnalysis| {
        let layers = image
            .composition
            .as_ref()
            .map(|composition| composition.base_layers);
        let layers = layers.or(image
            .traits
            .detection
            .candidates
            .first()
            .map(|candidate| candidate.layers));
        let base = facts
            .layers
            .iter()
            .take(layers.unwrap_or(0))
            .filter(|layer| layer.stored);
        base.fold(0_u64, |sum, layer| sum.saturating_add(layer.bytes))
    };
    let warm = |facts: &ImageFacts, image: &ImageAnalysis| cold(facts).saturating_sub(base(facts, image));
    let moves = images.iter().any(|(_, image)| image.estimate.is_some());
    let alpine = moves.then(|| {
        let cold_then = |(facts, image): &(&ImageFacts, &ImageAnalysis)| {
            let stays = ByteCount::try_from(cold(facts)).unwrap_or(ByteCount::MAX);
            image.estimate.unwrap_or(Estimate::exact(stays))
        };
        let warm_then = |pair: &(&ImageFacts, &ImageAnalysis)| {
            let twin = match &pair.1.composition {
                Some(composition) => composition.twin.layers.iter().map(|layer| layer.bytes).sum(),
                None => base(pair.0, pair.1),
            };
            let above = |bytes: ByteCount| bytes.get().saturating_sub(twin);
            let whole = cold_then(pair);
            [above(whole.low), above(whole.expected), above(whole.high)]
        };
        let cold: Vec<[u64; 3]> = images
            .iter()
            .map(|pair| {
                let bytes = cold_then(pair);
                [bytes.low, bytes.expected, bytes.high].map(ByteCount::get)
            })
            .collect();
        let warm: Vec<[u64; 3]> = images.iter().map(warm_then).collect();
        (mean_estimate(&cold), mean_estimate(&warm))
    });
    Some(PulledBytes {
        cold: mean(images.iter().map(|(facts, _)| cold(facts)))?,
        warm: mean(images.iter().map(|(facts, image)| warm(facts, image)))?,
        alpine,
    })
}

fn mean_estimate(bytes: &[[u64; 3]]) -> Estimate {
    let of = |bound: usize| mean(bytes.iter().map(|bytes| bytes[bound])).unwrap_or_default();
    Estimate {
        low: of(0),
        expected: of(1),
        high: of(2),
    }
}

/// The mean, rounded down; none of nothing.
fn mean(bytes: impl ExactSizeIterator<Item = u64>) -> Option<ByteCount> {
    let count = bytes.len() as u128;
    let sum: u128 = bytes.map(u128::from).sum();
    let mean = sum.checked_div(count)?;
    Some(ByteCount::try_from(mean).unwrap_or(ByteCount::MAX))
}
