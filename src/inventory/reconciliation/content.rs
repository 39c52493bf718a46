//! Bytes of special content.

use chrono::{DateTime, Utc};

use crate::inventory::graph::{BlobId, Inventory, ManifestId};
use crate::units::{ByteCount, ByteOverflow};

/// The bytes that only converted copies of images contain (Azure's artifact streaming). They are part of the stored bytes,
/// tagged or not.
///
/// # Errors
/// If sizes add up to more than 63 bits.
pub fn converted_bytes(inventory: &Inventory) -> Result<ByteCount, ByteOverflow> {
    let mut is_copied = vec![false; inventory.sizes().len()];
    let mut is_original = vec![false; inventory.sizes().len()];
    for (id, node) in (0..).zip(inventory.manifests()) {
        let marks = match node.is_converted_copy {
            true => &mut is_copied,
            false => &mut is_original,
        };
        own_blobs(inventory, id).for_each(|blob| marks[blob as usize] = true);
    }
    sum(inventory, |blob| is_copied[blob] && !is_original[blob])
}

/// The bytes that only manifests contain which were pushed after a moment. `None` if the registry does not list when its
/// manifests were pushed.
///
/// # Errors
/// If sizes add up to more than 63 bits.
pub fn pushed_since(inventory: &Inventory, moment: DateTime<Utc>) -> Result<Option<ByteCount>, ByteOverflow> {
    let mut pushed = vec![None::<DateTime<Utc>>; inventory.manifests().len()];
    for repository in &inventory.repositories {
        if repository.untagged.is_none() && !repository.tags.is_empty() {
            return Ok(None);
        }
        for (&node, times) in &repository.times {
            let Some(created) = times.created else {
                return Ok(None);
            };
            let first = &mut pushed[node as usize];
            *first = Some(first.map_or(created, |known| known.min(created)));
        }
    }
    let mut is_new = vec![false; inventory.sizes().len()];
    let mut is_old = vec![false; inventory.sizes().len()];
    for (id, pushed) in (0..).zip(&pushed) {
        let marks = match pushed {
            Some(pushed) if *pushed > moment => &mut is_new,
            _ => &mut is_old,
        };
        own_blobs(inventory, id).for_each(|blob| marks[blob as usize] = true);
    }
    sum(inventory, |blob| is_new[blob] && !is_old[blob]).map(Some)
}

/// A manifest's document, configuration and layers.
fn own_blobs(inventory: &Inventory, id: ManifestId) -> impl Iterator<Item = BlobId> {
    let node = inventory.manifest(id);
    let layers = inventory.layers(id).iter().copied();
    [node.blob].into_iter().chain(node.config).chain(layers)
}

fn sum(inventory: &Inventory, is_chosen: impl Fn(usize) -> bool) -> Result<ByteCount, ByteOverflow> {
    let sizes = inventory.sizes().iter().enumerate();
    let chosen = sizes.filter(|(blob, _)| is_chosen(*blob));
    chosen.map(|(_, &size)| u128::from(size)).sum::<u128>().try_into()
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::inventory::examples::{digest, image, name, representative};
    use crate::inventory::{DedupScope, InventoryBuilder, ManifestTimes, account};
    use crate::oci::ManifestKind;

    fn with_copy() -> InventoryBuilder {
        let mut builder = representative(DedupScope::Registry);
        let (copy, size, mut manifest) = image("copy", &[("copied layer", 700)]);
        manifest.kind = ManifestKind::Artifact;
        manifest.artifact_type = Some("application/vnd.azure.artifact.streaming.v1".into());
        manifest.subject = Some(digest("web 1"));
        builder.manifest(copy, size, manifest);
        builder.listed(name("web"), [copy, digest("web 1")]);
        builder
    }

    /// Vendors: Azure.
    #[test]
    fn a_converted_copy_of_a_tagged_image_is_stored_and_no_waste() {
        let inventory = with_copy().finish();
        assert_eq!(converted_bytes(&inventory), Ok(ByteCount::from(10 + 20 + 700)));
        let totals = account(&inventory).unwrap().registry;
        assert_eq!(totals.untagged_manifests, Some(0));
        let without = account(&representative(DedupScope::Registry).finish()).unwrap();
        let more = totals.stored_bytes.get() - without.registry.stored_bytes.get();
        assert_eq!(more, 10 + 20 + 700);
        assert_eq!(
            converted_bytes(&representative(DedupScope::Registry).finish()),
            Ok(ByteCount::ZERO)
        );
    }

    #[test]
    fn what_was_pushed_later_is_known_only_where_every_push_is() {
        let moment = DateTime::UNIX_EPOCH;
        assert_eq!(pushed_since(&with_copy().finish(), moment), Ok(None));
        let mut builder = InventoryBuilder::new("reg.example.com".parse().unwrap(), DedupScope::Registry);
        for (word, hours) in [("old", -1), ("new", 1)] {
            let layer = format!("{word} layer");
            let (digest, size, manifest) = image(word, &[("base", 1000), (&layer, 5)]);
            builder.manifest(digest, size, manifest);
            builder.listed(name("api"), [digest]);
            let created = Some(moment + TimeDelta::hours(hours));
            let times = ManifestTimes {
                created,
                changed: None,
            };
            builder.times(name("api"), digest, times);
        }
        let inventory = builder.finish();
        assert_eq!(
            pushed_since(&inventory, moment),
            Ok(Some(ByteCount::from(10 + 20 + 5)))
        );
    }
}
