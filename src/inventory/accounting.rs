use std::collections::{BTreeMap, HashSet};

use schemars::JsonSchema;
use serde::Serialize;

use super::graph::{DedupScope, Inventory, ManifestId, RepositoryNode};
use super::sharing::{Sharing, round_by_largest_remainder};
use super::untagged::Untagged;
use crate::oci::{ManifestKind, RepositoryName, Tag};
use crate::units::{ByteCount, ByteOverflow};

/// How many bytes a registry and its repositories hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accounting {
    /// The whole registry.
    pub registry: RegistryTotals,
    /// Each repository, sorted by name.
    pub repositories: Vec<RepositoryTotals>,
}

/// The totals of a registry.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RegistryTotals {
    /// Repositories that have a tag.
    pub repositories: usize,
    /// Tags in all repositories.
    pub tags: usize,
    /// Distinct images, one per platform. Absent if the answer covers a part of the registry.
    #[schemars(skip_serializing_if = "is_partial")]
    pub images: usize,
    /// Distinct manifests and indexes of any kind. Absent if the answer covers a part of the registry.
    #[schemars(skip_serializing_if = "is_partial")]
    pub manifests: usize,
    /// Distinct stored blobs: manifests, configurations and layers. Absent if the answer covers a part of the registry.
    #[schemars(skip_serializing_if = "is_partial")]
    pub blobs: usize,
    /// What the tags reach, each tag counted on its own.
    pub logical_bytes: ByteCount,
    /// Every reachable blob once within the scope in which the registry shares blobs. For a part of a registry: its share
    /// of that.
    pub stored_bytes: ByteCount,
    /// The least and the most that may be stored, if repositories may mount layers of each other. Absent if the registry
    /// keeps one copy of a blob for all repositories, and if the answer covers a part of the registry.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "StoredBounds")]
    pub stored_bytes_bounds: Option<StoredBounds>,
    /// Bytes that are stored but that no tag reaches; null if the registry does not list them. Absent if the answer covers
    /// a part of the registry.
    #[schemars(skip_serializing_if = "is_partial")]
    pub untagged_bytes: Option<ByteCount>,
    /// Distinct manifests that no tag reaches; null if the registry does not list them. For a part of a registry, a manifest
    /// counts in each repository that holds it.
    pub untagged_manifests: Option<usize>,
}

/// What a registry may store whose repositories can share layers without saying so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct StoredBounds {
    /// If repositories share every blob that they have in common.
    pub lowest: ByteCount,
    /// If they share nothing. The other figures assume this.
    pub highest: ByteCount,
}

/// The totals of a repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RepositoryTotals {
    /// The repository.
    pub repository: RepositoryName,
    /// Its tags, including those that only attach something to an image.
    pub tags: usize,
    /// Distinct images, one per platform. Charts, signatures and attestations are not images.
    pub images: usize,
    /// What its tags reach, each tag counted on its own: the result of a naive sum.
    pub logical_bytes: ByteCount,
    /// Everything it reaches, each blob once.
    pub stored_bytes: ByteCount,
    /// What nothing else reaches: what deleting the repository frees.
    pub exclusive_bytes: ByteCount,
    /// Its fair share of the registry's stored bytes. The shares add up to the registry's stored bytes.
    pub attributed_bytes: ByteCount,
    /// What it holds that no tag reaches. Content held by several repositories is divided among them, so that this adds
    /// up to the registry's untagged bytes. Null if the registry does not list it.
    pub untagged_bytes: Option<ByteCount>,
    /// How many of its manifests no tag reaches; null if the registry does not list them.
    pub untagged_manifests: Option<usize>,
}

/// The totals of a tag.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct TagTotals {
    /// The tag.
    pub tag: Tag,
    /// Everything the tag reaches, each blob once. For a single tag, logical and stored bytes are the same.
    pub stored_bytes: ByteCount,
    /// What no other tag or repository reaches: what deleting the tag frees.
    pub exclusive_bytes: ByteCount,
    /// Its share of the repository's attributed bytes. The tags' shares add up to them.
    pub attributed_bytes: ByteCount,
}

/// Accounts for every byte of a registry.
///
/// # Errors
/// If sizes add up to more than 63 bits, which only a hostile registry can claim.
pub fn account(inventory: &Inventory) -> Result<Accounting, ByteOverflow> {
    let sharing = repositories_sharing(inventory);
    let whole_registry = inventory.dedup_scope.is_registry();
    let attributed = if whole_registry {
        sharing.attributed()
    } else {
        (0..inventory.repositories.len())
            .map(|index| sharing.stored_by(index))
            .collect()
    };

    let untagged = Untagged::new(inventory, &sharing)?;
    let mut logical = 0_u128;
    let mut repositories = Vec::with_capacity(inventory.repositories.len());
    for (index, repository) in inventory.repositories.iter().enumerate() {
        let own_logical: u128 = repository
            .tags
            .iter()
            .map(|tag| bytes_reached(inventory, tag.manifest))
            .sum();
        logical += own_logical;
        let stored = sharing.stored_by(index);
        repositories.push(RepositoryTotals {
            repository: repository.name.clone(),
            tags: repository.tags.len(),
            images: images_of(inventory, repository).len(),
            logical_bytes: own_logical.try_into()?,
            stored_bytes: stored.try_into()?,
            exclusive_bytes: if whole_registry {
                sharing.exclusive_to(index)
            } else {
                stored
            }
            .try_into()?,
            attributed_bytes: attributed[index].try_into()?,
            untagged_bytes: untagged.repositories[index].map(|(bytes, _)| bytes),
            untagged_manifests: untagged.repositories[index].map(|(_, manifests)| manifests),
        });
    }
    let (stored, blobs) = if whole_registry {
        (sharing.stored(), sharing.blobs())
    } else {
        (
            attributed.iter().sum(),
            (0..inventory.repositories.len())
                .map(|index| sharing.set(index).len())
                .sum(),
        )
    };
    let images: HashSet<ManifestId> = inventory
        .repositories
        .iter()
        .flat_map(|repository| images_of(inventory, repository))
        .collect();
    let registry = RegistryTotals {
        repositories: inventory
            .repositories
            .iter()
            .filter(|repository| !repository.tags.is_empty())
            .count(),
        tags: inventory
            .repositories
            .iter()
            .map(|repository| repository.tags.len())
            .sum(),
        images: images.len(),
        manifests: inventory
            .manifests()
            .iter()
            .filter(|manifest| sharing.users(manifest.blob) > 0)
            .count(),
        blobs,
        logical_bytes: logical.try_into()?,
        stored_bytes: stored.try_into()?,
        stored_bytes_bounds: match whole_registry {
            true => None,
            false => Some(StoredBounds {
                lowest: sharing.stored().try_into()?,
                highest: stored.try_into()?,
            }),
        },
        untagged_bytes: untagged.bytes,
        untagged_manifests: untagged.manifests,
    };
    Ok(Accounting {
        registry,
        repositories,
    })
}

/// Accounts for the tags of one repository. `None` if the registry does not have the repository.
///
/// # Errors
/// If sizes add up to more than 63 bits.
pub fn account_tags(
    inventory: &Inventory,
    repository: &RepositoryName,
) -> Result<Option<Vec<TagTotals>>, ByteOverflow> {
    let Some(place) = inventory
        .repositories
        .iter()
        .position(|candidate| candidate.name == *repository)
    else {
        return Ok(None);
    };
    let between = repositories_sharing(inventory);
    // How many repositories share a blob, before this repository's tags divide its part.
    let repositories_of = |blob| match inventory.dedup_scope {
        DedupScope::Registry => between.users(blob),
        DedupScope::Repository | DedupScope::Mounted => 1,
    };
    let total = account(inventory)?.repositories[place].attributed_bytes;
    let tags = &inventory.repositories[place].tags;
    let within = Sharing::new(
        inventory.sizes(),
        tags.iter()
            .map(|tag| inventory.reached(tag.manifest).iter().copied()),
    );
    let shares = (0..tags.len()).map(|index| {
        let mut share = BTreeMap::new();
        for &blob in within.set(index) {
            let holders = u64::from(repositories_of(blob)) * u64::from(within.users(blob));
            *share.entry(holders).or_default() += u128::from(inventory.sizes()[blob as usize]);
        }
        share
    });
    let attributed = round_by_largest_remainder(shares, u128::from(total.get()));
    tags.iter()
        .zip(attributed)
        .enumerate()
        .map(|(index, (tag, attributed))| {
            let exclusive: u128 = within
                .set(index)
                .iter()
                .filter(|&&blob| within.users(blob) == 1 && repositories_of(blob) == 1)
                .map(|&blob| u128::from(inventory.sizes()[blob as usize]))
                .sum();
            Ok(TagTotals {
                tag: tag.tag.clone(),
                stored_bytes: within.stored_by(index).try_into()?,
                exclusive_bytes: exclusive.try_into()?,
                attributed_bytes: attributed.try_into()?,
            })
        })
        .collect::<Result<_, _>>()
        .map(Some)
}

pub(super) fn repositories_sharing(inventory: &Inventory) -> Sharing<'_> {
    Sharing::new(
        inventory.sizes(),
        inventory.repositories.iter().map(|repository| {
            repository
                .tags
                .iter()
                .flat_map(|tag| inventory.reached(tag.manifest).iter().copied())
        }),
    )
}

fn bytes_reached(inventory: &Inventory, manifest: ManifestId) -> u128 {
    inventory
        .reached(manifest)
        .iter()
        .map(|&blob| u128::from(inventory.sizes()[blob as usize]))
        .sum()
}

/// The images that a repository's tags point to, without what fallback tags attach to them.
fn images_of(inventory: &Inventory, repository: &RepositoryNode) -> HashSet<ManifestId> {
    repository
        .tags
        .iter()
        .filter(|tag| !tag.tag.is_referrers_fallback())
        .flat_map(|tag| inventory.images_of(tag.manifest))
        .filter(|&image| inventory.manifest(image).kind == ManifestKind::Image)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::examples::{digest, index, name, representative};
    use super::*;
    use crate::inventory::InventoryBuilder;

    fn totals(builder: InventoryBuilder) -> Accounting {
        account(&builder.finish()).unwrap()
    }

    fn bytes(accounting: &Accounting, repository: &str) -> [u64; 4] {
        let found = accounting
            .repositories
            .iter()
            .find(|totals| totals.repository == name(repository))
            .unwrap();
        [
            found.logical_bytes,
            found.stored_bytes,
            found.exclusive_bytes,
            found.attributed_bytes,
        ]
        .map(ByteCount::get)
    }

    // By hand, from the sizes in examples.rs: manifest 10, config 20, index 5.
    const API_1: u64 = 10 + 20 + 1000 + 100;
    const API_2: u64 = 5 + (10 + 20 + 1000 + 110) + (10 + 20 + 900 + 105) + 10;

    #[test]
    fn every_byte_is_accounted_for_once() {
        let accounting = totals(representative(DedupScope::Registry));
        let api_stored = API_1 + API_2 - 1000;
        assert_eq!(
            bytes(&accounting, "api"),
            [2 * API_1 + API_2, api_stored, api_stored - 1000, api_stored - 500]
        );
        assert_eq!(bytes(&accounting, "web"), [1363, 1363, 363, 863]);
        assert_eq!(
            bytes(&accounting, "chart"),
            [17, 17, 17, 17],
            "the foreign layer is not stored"
        );
        assert_eq!(bytes(&accounting, "empty"), [0; 4]);
        let registry = &accounting.registry;
        assert_eq!(registry.stored_bytes.get(), api_stored + 363 + 17);
        assert_eq!(registry.logical_bytes.get(), 2 * API_1 + API_2 + 1363 + 17);
        assert_eq!(
            (
                registry.repositories,
                registry.tags,
                registry.images,
                registry.manifests
            ),
            (3, 5, 4, 6)
        );
        assert_eq!(registry.untagged_bytes, None, "the registry has no such listing");
    }

    #[test]
    fn a_registry_that_shares_nothing_between_repositories_stores_the_base_twice() {
        let accounting = totals(representative(DedupScope::Repository));
        let stored: u64 = accounting
            .repositories
            .iter()
            .map(|totals| totals.stored_bytes.get())
            .sum();
        assert_eq!(accounting.registry.stored_bytes.get(), stored);
        assert_eq!(bytes(&accounting, "web"), [1363; 4]);
    }

    #[test]
    fn layers_that_may_be_mounted_make_two_bounds() {
        let shared = totals(representative(DedupScope::Registry)).registry;
        let each = totals(representative(DedupScope::Repository)).registry;
        let mounted = totals(representative(DedupScope::Mounted)).registry;
        assert_eq!(mounted.stored_bytes, each.stored_bytes);
        let bounds = mounted.stored_bytes_bounds.unwrap();
        assert_eq!(
            (bounds.lowest, bounds.highest),
            (shared.stored_bytes, each.stored_bytes)
        );
        assert_eq!(shared.stored_bytes_bounds, None);
    }

    #[test]
    fn chosen_platforms_leave_the_others_out() {
        let mut builder = representative(DedupScope::Registry);
        builder.platforms(vec!["linux/amd64".parse().unwrap()]);
        let inventory = builder.finish();
        assert_eq!(
            inventory.unread_children(),
            0,
            "the unread child is for another platform"
        );
        assert_eq!(
            bytes(&account(&inventory).unwrap(), "api")[0],
            2 * API_1 + 5 + 1140
        );
    }

    #[test]
    fn tags_divide_what_their_repository_stands_for() {
        let inventory = representative(DedupScope::Registry).finish();
        let tags = account_tags(&inventory, &name("api")).unwrap().unwrap();
        let shown: Vec<_> = tags
            .iter()
            .map(|tag| {
                (
                    tag.tag.as_str(),
                    tag.stored_bytes.get(),
                    tag.exclusive_bytes.get(),
                )
            })
            .collect();
        // `1` and `latest` are the same image, so deleting either frees nothing.
        assert_eq!(
            shown,
            [("1", API_1, 0), ("2", API_2, API_2 - 1000), ("latest", API_1, 0)]
        );
        let sum: u64 = tags.iter().map(|tag| tag.attributed_bytes.get()).sum();
        assert_eq!(sum, bytes(&account(&inventory).unwrap(), "api")[3]);
        assert_eq!(account_tags(&inventory, &name("nowhere")).unwrap(), None);
    }

    #[test]
    fn what_is_attached_to_an_image_is_reached_with_it() {
        let mut builder = representative(DedupScope::Registry);
        let (signature, size, mut manifest) = super::super::examples::image("signature", &[("signed", 3)]);
        manifest.kind = ManifestKind::Artifact;
        manifest.subject = Some(digest("web 1"));
        builder.manifest(signature, size, manifest);
        builder.referrer(digest("web 1"), signature);
        let accounting = totals(builder);
        assert_eq!(bytes(&accounting, "web")[1], 1363 + 33);
        assert_eq!(accounting.registry.images, 4, "a signature is not an image");
    }

    /// The README's example, which leaves manifests and configurations out.
    #[test]
    fn the_example_in_the_readme_is_true() {
        for (scope, web, api, stored) in [
            (DedupScope::Registry, [222, 122, 22, 72], [104, 104, 4, 54], 126),
            (
                DedupScope::Repository,
                [222, 122, 122, 122],
                [104, 104, 104, 104],
                226,
            ),
        ] {
            let mut builder = InventoryBuilder::new("reg.example.com".parse().unwrap(), scope);
            for (repository, tag, layer) in [
                ("web", "1", ("web 1", 10)),
                ("web", "2", ("web 2", 12)),
                ("api", "1", ("api 1", 4)),
            ] {
                let (digest, _, mut manifest) =
                    super::super::examples::image(&format!("image {}", layer.0), &[("base", 100), layer]);
                manifest.config = None;
                builder.manifest(digest, ByteCount::ZERO, manifest);
                builder.tag(name(repository), tag.parse().unwrap(), digest);
            }
            let accounting = totals(builder);
            assert_eq!(bytes(&accounting, "web"), web);
            assert_eq!(bytes(&accounting, "api"), api);
            assert_eq!(accounting.registry.logical_bytes.get(), 326);
            assert_eq!(accounting.registry.stored_bytes.get(), stored);
        }
    }

    #[test]
    fn sums_beyond_63_bits_are_an_error() {
        let mut builder = representative(DedupScope::Registry);
        for word in ["a", "b"] {
            let (digest, _, manifest) = index(word, &[]);
            builder.manifest(digest, ByteCount::MAX, manifest);
            builder.tag(name("huge"), word.parse().unwrap(), digest);
        }
        assert_eq!(account(&builder.finish()), Err(ByteOverflow));
    }
}
