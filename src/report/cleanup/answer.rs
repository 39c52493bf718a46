use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use chrono::{DateTime, Days, NaiveDate, Utc};
use schemars::JsonSchema;
use serde::Serialize;

use super::content::{Times, contents};
use super::money::{parts, saving};
use super::notes;
use crate::cleanup::{CleanupResult, Policy, PushTimeBasis, RepositoryContent, TagTimesByRegistry, simulate};
use crate::cost::{CostPlan, newest_labels};
use crate::inventory::{BlobId, ManifestNode, RepositoryNode};
use crate::oci::{Digest, ManifestKind, RegistryName, RepositoryName, Tag};
use crate::pulls::LastPulls;
use crate::report::part::stored_of_part;
use crate::report::{LastCrawl, RegistryContent, ReportError};
use crate::units::{ByteCount, Money};

/// For how many days a tag counts as pulled lately. Our choice: about a month, the period of a bill.
const LATELY_DAYS: u64 = 30;

/// The question that a simulated clean-up answers.
pub struct CleanupQuestion<'a> {
    /// Its rules.
    pub policy: &'a Policy,
    /// Price books, cost centres, and the days on which pulls were counted.
    pub costs: &'a CostPlan,
    /// Since when tags point to what they point to.
    pub times: &'a TagTimesByRegistry,
    /// When tags were last pulled.
    pub last_pulls: &'a LastPulls,
    /// Which repositories are cleaned up.
    pub is_chosen: &'a (dyn Fn(&RegistryName, &RepositoryName) -> bool + Sync),
}

/// What a clean-up would delete and free. Nothing is deleted.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Cleanup {
    /// The bytes that are freed, each blob once. Registries free them with their next garbage collection.
    pub freed_bytes: ByteCount,
    /// What a month costs less: the registries' bills before and after, with quota and tiers. Null if a registry that frees
    /// something has no price book, or if they are billed in several currencies; `registries` has each.
    pub freed_cost: Option<Money>,
    /// The stored bytes before, with what no tag reaches where the registry lists it.
    pub stored_bytes: ByteCount,
    /// How many manifests go: of tags, of the platforms of an index, and what is attached to them. A manifest counts in each
    /// repository that loses it.
    pub manifests: usize,
    /// How many of them no tag reached before.
    pub untagged_manifests: usize,
    /// How many of the tags were pulled in the last 30 days.
    pub tags_pulled_lately: usize,
    /// The tags that go: first those that were pulled lately, then by registry, repository and name.
    pub tags: Vec<CleanupTag>,
    /// The rules, in the order in which they were given.
    pub rules: Vec<CleanupRule>,
    /// The repositories that lose something, by registry and name. Their freed bytes and costs add up to the totals.
    pub repositories: Vec<CleanupRepository>,
    /// The same by cost centre.
    pub cost_centres: Vec<CleanupCostCentre>,
    /// The registries that were examined.
    pub registries: Vec<CleanupRegistry>,
    /// What a reader must know about the figures.
    pub notes: Vec<String>,
}

/// A tag that goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct CleanupTag {
    /// The registry.
    pub registry: RegistryName,
    /// The repository.
    pub repository: RepositoryName,
    /// The tag.
    pub tag: Tag,
    /// The digest of the manifest that it points to.
    pub digest: Digest,
    /// Why it goes.
    pub reason: String,
    /// When it was pushed; null if that is not known.
    pub pushed_at: Option<DateTime<Utc>>,
    /// How that is known; null if it is not.
    pub pushed_at_basis: Option<PushTimeBasis>,
    /// The day of its last counted pull, or of its repository's if the source of pulls does not say which image was pulled; null
    /// if no pull was counted.
    pub last_pull: Option<NaiveDate>,
    /// Whether it was pulled in the last 30 days before the registry's last crawl.
    pub pulled_lately: bool,
}

/// A rule of the clean-up.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct CleanupRule {
    /// The rule.
    pub rule: String,
    /// The bytes that are freed if it is the only rule.
    pub alone_bytes: ByteCount,
}

/// A repository that loses something.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct CleanupRepository {
    /// The registry.
    pub registry: RegistryName,
    /// The repository.
    pub repository: RepositoryName,
    /// The cost centre; null if it has none.
    pub cost_centre: Option<String>,
    /// How many of its tags go.
    pub tags: usize,
    /// How many of its tags stay.
    pub kept_tags: usize,
    /// How many manifests it loses.
    pub manifests: usize,
    /// Their digests: what to delete besides the tags, indexes before the images that they list.
    pub manifest_digests: Vec<Digest>,
    /// How many of them no tag reached before.
    pub untagged_manifests: usize,
    /// Its part of the freed bytes: what several repositories held is divided evenly among them.
    pub freed_bytes: ByteCount,
    /// Its part of the monthly saving of its registry, by its part of the freed bytes; null without a price book.
    pub freed_cost: Option<Money>,
}

/// The repositories of a cost centre together.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct CleanupCostCentre {
    /// The cost centre; null for repositories that have none.
    pub cost_centre: Option<String>,
    /// How many of its repositories lose something.
    pub repositories: usize,
    /// Its part of the freed bytes.
    pub freed_bytes: ByteCount,
    /// What it saves in a month, one amount for each currency; empty without price books.
    pub freed_costs: Vec<Money>,
}

/// A registry that was examined.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct CleanupRegistry {
    /// The registry.
    pub registry: RegistryName,
    /// The moment that ages are measured from: its last crawl.
    pub as_of: DateTime<Utc>,
    /// Whether that crawl ended and read everything.
    pub complete: bool,
    /// The stored bytes before.
    pub stored_bytes: ByteCount,
    /// The bytes that are freed.
    pub freed_bytes: ByteCount,
    /// What a month costs less; null without a price book.
    pub freed_cost: Option<Money>,
    /// Why nothing is saved although bytes are freed; null otherwise.
    pub nothing_saved_because: Option<String>,
}

impl Cleanup {
    /// What a clean-up of these registries comes to.
    ///
    /// # Errors
    /// If sizes or sums overflow, or if a price book does not fit.
    pub fn new(registries: &[&RegistryContent], question: &CleanupQuestion<'_>) -> Result<Self, ReportError> {
        let rules = question.policy.rules();
        let mut answer = Self {
            freed_bytes: ByteCount::ZERO,
            freed_cost: None,
            stored_bytes: ByteCount::ZERO,
            manifests: 0,
            untagged_manifests: 0,
            tags_pulled_lately: 0,
            tags: Vec::new(),
            rules: Vec::with_capacity(rules.len()),
            repositories: Vec::new(),
            cost_centres: Vec::new(),
            registries: Vec::new(),
            notes: Vec::new(),
        };
        let mut alone = vec![ByteCount::ZERO; rules.len()];
        for content in registries {
            let registry = &content.source.registry;
            let overflow = |source| ReportError::overflow(registry)(source);
            let at = content.source.as_of;
            let times = Times {
                tags: question.times.get(registry),
                last_pulls: question.last_pulls,
                pulls: &question.costs.pulls,
            };
            let chosen = contents(content, &times, |name| (question.is_chosen)(registry, name));
            let simulated = |policy: &Policy| simulate(&content.inventory, &chosen, policy, at);
            let result = simulated(question.policy).map_err(overflow)?;
            for (sum, rule) in alone.iter_mut().zip(&rules) {
                let freed = simulated(&rule.alone).map_err(overflow)?.freed;
                *sum = sum.checked_add(freed).map_err(overflow)?;
            }
            notes::add(&mut answer.notes, content, &chosen, &result, question.policy);
            answer.add(content, &chosen, result, question)?;
        }
        answer.rules = rules
            .into_iter()
            .zip(alone)
            .map(|(rule, alone_bytes)| CleanupRule {
                rule: rule.text,
                alone_bytes,
            })
            .collect();
        answer.finish(question.policy)
    }

    /// Whether the last crawls of all registries ended and read everything.
    pub fn is_complete(&self) -> bool {
        self.registries.iter().all(|registry| registry.complete)
    }

    /// The same for a reader who may see a part of the registries: `stored` is what that part stores.
    #[must_use]
    pub fn of_part(mut self, stored: &BTreeMap<RegistryName, ByteCount>) -> Self {
        let rows = self.registries.iter_mut();
        self.stored_bytes = stored_of_part(rows.map(|row| (&row.registry, &mut row.stored_bytes)), stored);
        self
    }

    fn add(
        &mut self,
        content: &RegistryContent,
        chosen: &[RepositoryContent],
        result: CleanupResult,
        question: &CleanupQuestion<'_>,
    ) -> Result<(), ReportError> {
        let registry = &content.source.registry;
        let overflow = |source| ReportError::overflow(registry)(source);
        let saving = saving(content, question.costs, result.stored_before, result.freed)?;
        let costs = saving.map(|saving| parts(&result, saving.saving)).transpose()?;
        let cost_centre = cost_centres(content, question.costs);
        let lately = content.source.as_of.date_naive() - Days::new(LATELY_DAYS);
        for (index, (own, outcome)) in chosen.iter().zip(&result.repositories).enumerate() {
            let tags = own.tags.iter().zip(&outcome.selection.tags);
            let before = self.tags.len();
            self.tags.extend(tags.filter_map(|(tag, reason)| {
                Some(CleanupTag {
                    registry: registry.clone(),
                    repository: own.repository.clone(),
                    tag: tag.tag.clone(),
                    digest: tag.digest,
                    reason: reason.clone()?,
                    pushed_at: tag.pushed.map(|pushed| pushed.at),
                    pushed_at_basis: tag.pushed.map(|pushed| pushed.basis),
                    last_pull: tag.last_pull.day,
                    pulled_lately: tag.last_pull.day.is_some_and(|day| day >= lately),
                })
            }));
            let gone = self.tags.len() - before;
            self.manifests += outcome.manifests.len();
            self.untagged_manifests += outcome.untagged_manifests;
            if gone == 0 && outcome.manifests.is_empty() {
                continue;
            }
            let node = &content.inventory.repositories[own.place];
            self.repositories.push(CleanupRepository {
                registry: registry.clone(),
                repository: own.repository.clone(),
                cost_centre: cost_centre(node),
                tags: gone,
                kept_tags: own.tags.len() - gone,
                manifests: outcome.manifests.len(),
                manifest_digests: digests(content, &outcome.manifests),
                untagged_manifests: outcome.untagged_manifests,
                freed_bytes: outcome.freed,
                freed_cost: costs.as_ref().map(|costs| costs[index]),
            });
        }
        let sum = |one: ByteCount, other| one.checked_add(other).map_err(overflow);
        self.freed_bytes = sum(self.freed_bytes, result.freed)?;
        self.stored_bytes = sum(self.stored_bytes, result.stored_before)?;
        let because = saving.and_then(|saving| saving.nothing_saved_because);
        self.registries.push(CleanupRegistry {
            registry: registry.clone(),
            as_of: content.source.as_of,
            complete: content.source.last_crawl == LastCrawl::Complete,
            stored_bytes: result.stored_before,
            freed_bytes: result.freed,
            freed_cost: saving.map(|saving| saving.saving),
            nothing_saved_because: because
                .filter(|_| result.freed > ByteCount::ZERO)
                .map(|because| because.reason().to_owned()),
        });
        Ok(())
    }

    /// The answer with its sums over registries.
    fn finish(mut self, policy: &Policy) -> Result<Self, ReportError> {
        self.tags_pulled_lately = self.tags.iter().filter(|tag| tag.pulled_lately).count();
        self.tags.sort_by_key(|tag| !tag.pulled_lately);
        self.freed_cost = total(&self.registries)?;
        let mut centres: BTreeMap<Option<String>, Vec<&CleanupRepository>> = BTreeMap::new();
        for row in &self.repositories {
            centres.entry(row.cost_centre.clone()).or_default().push(row);
        }
        self.cost_centres = centres
            .into_iter()
            .map(|(cost_centre, rows)| {
                let freed: u128 = rows.iter().map(|row| u128::from(row.freed_bytes.get())).sum();
                let costs: Vec<Money> = rows.iter().filter_map(|row| row.freed_cost).collect();
                let currencies: BTreeSet<_> = costs.iter().map(|cost| cost.currency()).collect();
                let freed_costs = currencies.into_iter().map(|currency| {
                    let own = costs.iter().copied().filter(|cost| cost.currency() == currency);
                    Money::checked_total(currency, own)
                });
                Ok(CleanupCostCentre {
                    cost_centre,
                    repositories: rows.len(),
                    // A part of the total, which is a count of bytes.
                    freed_bytes: freed.try_into().unwrap_or(self.freed_bytes),
                    freed_costs: freed_costs
                        .collect::<Result<_, _>>()
                        .map_err(crate::cost::CostError::from)?,
                })
            })
            .collect::<Result<_, ReportError>>()?;
        notes::add_on_policy(&mut self.notes, policy);
        Ok(self)
    }
}

/// The digests of manifests, indexes first: a registry may refuse to delete what an index lists.
fn digests(content: &RegistryContent, manifests: &[BlobId]) -> Vec<Digest> {
    let inventory = &content.inventory;
    let gone: HashSet<BlobId> = manifests.iter().copied().collect();
    let nodes = inventory
        .manifests()
        .iter()
        .filter(|node| gone.contains(&node.blob));
    let (indexes, others): (Vec<_>, Vec<_>) = nodes.partition(|node| node.kind == ManifestKind::Index);
    let ordered = indexes.into_iter().rev().chain(others);
    ordered
        .map(|node: &ManifestNode| inventory.digest(node.blob))
        .collect()
}

/// What all registries save, if those that free something are billed in one currency.
fn total(registries: &[CleanupRegistry]) -> Result<Option<Money>, ReportError> {
    let is_unpriced = |row: &CleanupRegistry| row.freed_cost.is_none() && row.freed_bytes > ByteCount::ZERO;
    if registries.iter().any(is_unpriced) {
        return Ok(None);
    }
    let costs: Vec<Money> = registries.iter().filter_map(|row| row.freed_cost).collect();
    let Some(first) = costs.first() else {
        return Ok(None);
    };
    if costs.iter().any(|cost| cost.currency() != first.currency()) {
        return Ok(None);
    }
    let total = Money::checked_total(first.currency(), costs.iter().copied());
    Ok(Some(total.map_err(crate::cost::CostError::from)?))
}

/// When an image was built, and its labels.
type ImageLabels<'a> = (Option<DateTime<Utc>>, &'a BTreeMap<String, String>);

/// The cost centre of each repository, as in the report.
fn cost_centres(content: &RegistryContent, plan: &CostPlan) -> impl Fn(&RepositoryNode) -> Option<String> {
    let mut labels: HashMap<&RepositoryName, Vec<ImageLabels<'_>>> = HashMap::new();
    for image in &content.images {
        let Some(config) = &image.config else { continue };
        let mut names: Vec<&RepositoryName> = image.names.iter().map(|(name, _)| name).collect();
        names.dedup();
        for name in names {
            labels
                .entry(name)
                .or_default()
                .push((config.created, &config.labels));
        }
    }
    move |node| {
        let own = newest_labels(labels.get(&node.name).into_iter().flatten().copied());
        let registry = &content.source.registry;
        plan.centres.labels_of(registry, &node.name, &own).cost_centre
    }
}
