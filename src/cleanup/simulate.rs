use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{DateTime, Utc};

use super::content::RepositoryContent;
use super::policy::Policy;
use super::selection::Selection;
use crate::inventory::{BlobId, Inventory, ManifestId, Sharing, round_by_largest_remainder};
use crate::units::{ByteCount, ByteOverflow};

/// What a clean-up of a registry deletes and frees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CleanupResult {
    /// The stored bytes before, with what no tag reaches where the registry lists it.
    pub stored_before: ByteCount,
    /// The bytes that are freed, each blob once within the dedup scope.
    pub freed: ByteCount,
    /// The repositories that were to be cleaned up, in the order given.
    pub repositories: Vec<RepositoryResult>,
}

/// What a clean-up deletes and frees in a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepositoryResult {
    /// What goes, with the signatures that follow their images.
    pub selection: Selection,
    /// The manifests that the repository no longer has, as blobs.
    pub manifests: Vec<BlobId>,
    /// How many of them no tag reached before.
    pub untagged_manifests: usize,
    /// Its part of the freed bytes: each freed blob is divided evenly among the repositories that held it.
    pub freed: ByteCount,
}

/// What a policy deletes in these repositories of a registry at a moment, and what that frees. Other repositories stay as
/// they are.
///
/// # Errors
/// If sizes add up to more than 63 bits.
pub fn simulate(
    inventory: &Inventory,
    contents: &[RepositoryContent],
    policy: &Policy,
    at: DateTime<Utc>,
) -> Result<CleanupResult, ByteOverflow> {
    let documents = documents(inventory);
    let selections: Vec<Selection> = contents
        .iter()
        .map(|content| {
            let mut selection = policy.select(content, at);
            if selection.attachments_follow {
                follow(inventory, &documents, content, &mut selection);
            }
            selection
        })
        .collect();
    let changed: HashMap<usize, (&RepositoryContent, &Selection)> = contents
        .iter()
        .zip(&selections)
        .filter(|(_, selection)| !selection.is_empty())
        .map(|(content, selection)| (content.place, (content, selection)))
        .collect();
    let places = 0..inventory.repositories.len();
    let before = Sharing::new(
        inventory.sizes(),
        places
            .clone()
            .map(|place| reached(inventory, roots(inventory, place))),
    );
    let after = Sharing::new(
        inventory.sizes(),
        places.map(|place| match changed.get(&place) {
            Some((content, selection)) => reached(inventory, kept_roots(content, selection)),
            None => reached(inventory, roots(inventory, place)),
        }),
    );
    let shares_blobs = inventory.dedup_scope.is_registry();
    let mut shares = Vec::with_capacity(contents.len());
    let mut total = 0_u128;
    let mut counted = HashSet::new();
    let mut repositories = Vec::with_capacity(contents.len());
    for (content, selection) in contents.iter().zip(&selections) {
        let mut share: BTreeMap<u64, u128> = BTreeMap::new();
        let (mut manifests, mut untagged_manifests) = (Vec::new(), 0);
        if !selection.is_empty() {
            let stays: HashSet<BlobId> = after.set(content.place).iter().copied().collect();
            let tagged: HashSet<BlobId> = content
                .tags
                .iter()
                .flat_map(|tag| inventory.reached(tag.manifest).iter().copied())
                .collect();
            for &blob in before.set(content.place) {
                if stays.contains(&blob) {
                    continue;
                }
                if documents[blob as usize] {
                    manifests.push(blob);
                    untagged_manifests += usize::from(!tagged.contains(&blob));
                }
                let size = u128::from(inventory.sizes()[blob as usize]);
                if !shares_blobs {
                    *share.entry(1).or_default() += size;
                    total += size;
                } else if after.users(blob) == 0 {
                    *share.entry(u64::from(before.users(blob))).or_default() += size;
                    if counted.insert(blob) {
                        total += size;
                    }
                }
            }
        }
        shares.push(share);
        repositories.push((manifests, untagged_manifests));
    }
    let freed = round_by_largest_remainder(shares, total);
    let repositories = selections
        .into_iter()
        .zip(repositories)
        .zip(freed)
        .map(|((selection, (manifests, untagged_manifests)), freed)| {
            Ok(RepositoryResult {
                selection,
                manifests,
                untagged_manifests,
                freed: freed.try_into()?,
            })
        })
        .collect::<Result<_, ByteOverflow>>()?;
    let stored_before = match shares_blobs {
        true => before.stored(),
        false => (0..inventory.repositories.len())
            .map(|place| before.stored_by(place))
            .sum(),
    };
    Ok(CleanupResult {
        stored_before: stored_before.try_into()?,
        freed: total.try_into()?,
        repositories,
    })
}

/// Which blobs are documents: manifests and indexes that were read.
fn documents(inventory: &Inventory) -> Vec<bool> {
    let mut documents = vec![false; inventory.sizes().len()];
    for manifest in inventory.manifests() {
        documents[manifest.blob as usize] = true;
    }
    documents
}

/// Everything that a repository holds a reference to: its tags, and what it is known to hold without one.
fn roots(inventory: &Inventory, place: usize) -> Vec<ManifestId> {
    let node = &inventory.repositories[place];
    let tags = node.tags.iter().map(|tag| tag.manifest);
    tags.chain(node.untagged.iter().flatten().copied()).collect()
}

/// The same after the clean-up.
fn kept_roots(content: &RepositoryContent, selection: &Selection) -> Vec<ManifestId> {
    let tags = content.tags.iter().zip(&selection.tags);
    let untagged = content.untagged.iter().flatten().zip(&selection.untagged);
    let mut kept: Vec<ManifestId> = tags
        .filter(|(_, reason)| reason.is_none())
        .map(|(tag, _)| tag.manifest)
        .collect();
    kept.extend(
        untagged
            .filter(|(_, goes)| !**goes)
            .map(|(facts, _)| facts.manifest),
    );
    kept.extend(&selection.stay);
    kept
}

fn reached(inventory: &Inventory, roots: Vec<ManifestId>) -> impl Iterator<Item = BlobId> + '_ {
    roots
        .into_iter()
        .flat_map(|manifest| inventory.reached(manifest).iter().copied())
}

/// Lets signatures that are attached by a tag go or stay with their image.
fn follow(inventory: &Inventory, documents: &[bool], content: &RepositoryContent, selection: &mut Selection) {
    let attachments: Vec<usize> = (0..content.tags.len())
        .filter(|&place| content.tags[place].tag.is_referrers_fallback())
        .collect();
    if attachments.is_empty() || selection.is_empty() {
        return;
    }
    let held: HashMap<String, BlobId> = reached(inventory, roots(inventory, content.place))
        .filter(|&blob| documents[blob as usize])
        .map(|blob| (inventory.digest(blob).to_string().replacen(':', "-", 1), blob))
        .collect();
    let mut waiting: Vec<(usize, BlobId)> = Vec::new();
    for place in attachments {
        let tag = content.tags[place].tag.as_str();
        let subject = tag.split('.').next().unwrap_or_default();
        if let Some(&blob) = held.get(subject) {
            waiting.push((place, blob));
            selection.tags[place] = Some("it is attached to an image that goes".to_owned());
        }
    }
    // What stays may itself be signed, so this ends when nothing more stays.
    let mut stays: HashSet<BlobId> = reached(inventory, kept_roots(content, selection)).collect();
    loop {
        let (staying, others): (Vec<_>, Vec<_>) = waiting
            .into_iter()
            .partition(|(_, subject)| stays.contains(subject));
        if staying.is_empty() {
            return;
        }
        for (place, _) in staying {
            selection.tags[place] = None;
            stays.extend(inventory.reached(content.tags[place].manifest));
        }
        waiting = others;
    }
}
