//! Content that no tag reaches, if the registry lists all its manifests.

use std::collections::HashSet;

use super::graph::{BlobId, Inventory, ManifestId};
use super::sharing::Sharing;
use crate::units::{ByteCount, ByteOverflow};

/// What no tag reaches.
pub(super) struct Untagged {
    /// Its bytes in the whole registry, each blob once within the dedup scope. `None` if no repository's manifests are
    /// listed.
    pub(super) bytes: Option<ByteCount>,
    /// The number of distinct manifests.
    pub(super) manifests: Option<usize>,
    /// The same per repository; `None` if its manifests are not listed. A blob that several repositories hold is divided
    /// among them, so that the bytes add up to the registry's.
    pub(super) repositories: Vec<Option<(ByteCount, usize)>>,
}

impl Untagged {
    /// Finds it, given what the tags of each repository reach.
    pub(super) fn new(inventory: &Inventory, tagged: &Sharing<'_>) -> Result<Self, ByteOverflow> {
        Self::of_manifests(inventory, tagged, |_, _| true)
    }

    /// The same of some manifests only, given a repository's place and a manifest.
    pub(super) fn of_manifests(
        inventory: &Inventory,
        tagged: &Sharing<'_>,
        is_chosen: impl Fn(usize, ManifestId) -> bool,
    ) -> Result<Self, ByteOverflow> {
        let repositories = &inventory.repositories;
        if repositories
            .iter()
            .all(|repository| repository.untagged.is_none())
        {
            return Ok(Self {
                bytes: None,
                manifests: None,
                repositories: vec![None; repositories.len()],
            });
        }
        let whole_registry = inventory.dedup_scope.is_registry();
        let mut sets = Vec::with_capacity(repositories.len());
        let mut manifests: Vec<HashSet<BlobId>> = Vec::with_capacity(repositories.len());
        for (place, repository) in repositories.iter().enumerate() {
            let Some(nodes) = &repository.untagged else {
                sets.push(Vec::new());
                manifests.push(HashSet::new());
                continue;
            };
            let nodes = || nodes.iter().filter(|&&node| is_chosen(place, node));
            let own: HashSet<BlobId> = match whole_registry {
                true => HashSet::new(),
                false => tagged.set(place).iter().copied().collect(),
            };
            let is_free = |blob: &BlobId| match whole_registry {
                true => tagged.users(*blob) == 0,
                false => !own.contains(blob),
            };
            let reached = nodes().flat_map(|&node| inventory.reached(node));
            sets.push(reached.copied().filter(is_free).collect());
            let documents = nodes().map(|&node| inventory.manifest(node).blob);
            manifests.push(documents.filter(is_free).collect());
        }
        let sharing = Sharing::new(inventory.sizes(), sets);
        let shares: Vec<u128> = match whole_registry {
            true => sharing.attributed(),
            false => (0..repositories.len())
                .map(|place| sharing.stored_by(place))
                .collect(),
        };
        let distinct = match whole_registry {
            true => manifests.iter().flatten().collect::<HashSet<_>>().len(),
            false => manifests.iter().map(HashSet::len).sum(),
        };
        let each = repositories.iter().zip(&shares).zip(&manifests);
        let each = each.map(|((repository, &share), manifests)| {
            let is_listed = repository.untagged.is_some();
            let share = ByteCount::try_from(share)?;
            Ok(is_listed.then_some((share, manifests.len())))
        });
        Ok(Self {
            repositories: each.collect::<Result<_, ByteOverflow>>()?,
            bytes: Some(shares.iter().sum::<u128>().try_into()?),
            manifests: Some(distinct),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::examples::{digest, image, index, name, representative};
    use super::super::{DedupScope, InventoryBuilder, account};
    use crate::oci::ManifestKind;
    use crate::units::ByteCount;

    /// Bytes and manifests without a tag: of the registry, of `api` and of `web`.
    fn untagged(builder: InventoryBuilder) -> [Option<(u64, usize)>; 3] {
        let accounting = account(&builder.finish()).unwrap();
        let of =
            |bytes: Option<ByteCount>, manifests: Option<usize>| bytes.map(ByteCount::get).zip(manifests);
        let repository = |wanted: &str| {
            let mut rows = accounting.repositories.iter();
            let row = rows.find(|row| row.repository == name(wanted)).unwrap();
            of(row.untagged_bytes, row.untagged_manifests)
        };
        let whole = &accounting.registry;
        [
            of(whole.untagged_bytes, whole.untagged_manifests),
            repository("api"),
            repository("web"),
        ]
    }

    #[test]
    fn untagged_bytes_are_what_no_tag_reaches() {
        let mut builder = representative(DedupScope::Registry);
        let (old, size, manifest) = image("old", &[("base", 1000), ("old layer", 50)]);
        builder.manifest(old, size, manifest);
        builder.listed(name("web"), [old, digest("web 1"), digest("never read")]);
        // The base is reached by tags; a manifest that was never read is not counted.
        assert_eq!(untagged(builder), [Some((80, 1)), None, Some((80, 1))]);
        assert_eq!(untagged(representative(DedupScope::Registry)), [None; 3]);
        let mut builder = representative(DedupScope::Registry);
        builder.listed(name("web"), [digest("web 1")]);
        assert_eq!(untagged(builder), [Some((0, 0)), None, Some((0, 0))]);
    }

    #[test]
    fn what_several_repositories_hold_without_a_tag_is_divided_among_them() {
        for (scope, expected) in [
            (
                DedupScope::Registry,
                [Some((81, 1)), Some((41, 1)), Some((40, 1))],
            ),
            // With a copy of its own in each, the base too where the repository's tags do not reach it.
            (
                DedupScope::Repository,
                [Some((162, 2)), Some((81, 1)), Some((81, 1))],
            ),
        ] {
            let mut builder = representative(scope);
            let (old, size, manifest) = image("old", &[("base", 1000), ("old layer", 51)]);
            builder.manifest(old, size, manifest);
            builder.listed(name("web"), [old]);
            builder.listed(name("api"), [old]);
            assert_eq!(untagged(builder), expected);
        }
    }

    #[test]
    fn children_and_attachments_are_tagged_with_what_they_belong_to() {
        let mut builder = representative(DedupScope::Registry);
        let (signature, size, mut manifest) = image("signature", &[("signed", 3)]);
        manifest.kind = ManifestKind::Artifact;
        manifest.subject = Some(digest("web 1"));
        builder.manifest(signature, size, manifest);
        builder.referrer(digest("web 1"), signature);
        builder.listed(name("web"), [signature, digest("web 1")]);
        // Of an index without a tag, the children have none either.
        let (child, child_size, child_manifest) = image("old child", &[("old layer", 50)]);
        let (old, size, manifest) = index("old index", &[("old child", "amd64")]);
        builder.manifest(child, child_size, child_manifest);
        builder.manifest(old, size, manifest);
        builder.listed(name("web"), [old, child]);
        let expected = Some((5 + 10 + 20 + 50, 2));
        assert_eq!(untagged(builder), [expected, None, expected]);
    }

    #[test]
    fn a_tower_of_manifests_is_neither_climbed_by_recursion_nor_counted_twice() {
        let mut builder = InventoryBuilder::new("reg.example.com".parse().unwrap(), DedupScope::Registry);
        const FLOORS: usize = 100_000;
        let floor = |number: usize| format!("floor {number}");
        let (ground, size, manifest) = image(&floor(0), &[("layer", 100)]);
        builder.manifest(ground, size, manifest);
        for number in 1..FLOORS {
            let (digest, size, manifest) = index(&floor(number), &[(&floor(number - 1), "amd64")]);
            builder.manifest(digest, size, manifest);
        }
        builder.listed(name("api"), (0..FLOORS).map(|number| digest(&floor(number))));
        builder.repository(name("web"));
        let bytes = 10 + 20 + 100 + 5 * (FLOORS as u64 - 1);
        assert_eq!(untagged(builder)[0], Some((bytes, FLOORS)));
    }
}
