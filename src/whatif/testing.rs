//! Small registries for tests.

use std::collections::{BTreeMap, HashMap};

use super::{ErrorSource, LayerIdentity, NewLayer, Replacement, UncertainSize};
use crate::inventory::{DedupScope, Inventory, InventoryBuilder, ManifestId};
use crate::oci::{Descriptor, Digest, Manifest, ManifestKind};
use crate::units::ByteCount;

/// An image with a tag of its own: its layers as numbers, with sizes in a unit that the test chooses.
#[derive(Debug, Clone)]
pub(super) struct Image {
    repository: String,
    layers: Vec<(u8, u64)>,
    twin: Option<Vec<(u8, u64)>>,
    base_layers: usize,
    uncertain: (u64, u32),
}

impl Image {
    pub(super) fn new(repository: &str, layers: &[(u8, u64)]) -> Self {
        Self {
            repository: repository.to_owned(),
            layers: layers.to_vec(),
            twin: None,
            base_layers: 0,
            uncertain: (0, 0),
        }
    }

    /// Puts the layers above the first few on an Alpine variant.
    pub(super) fn moved(mut self, twin: &[(u8, u64)], base_layers: usize) -> Self {
        self.twin = Some(twin.to_vec());
        self.base_layers = base_layers;
        self
    }

    /// Adds a layer with an expected size of zero and an upper bound of `above`, with the given source of error.
    pub(super) fn uncertain(mut self, above: u64, source: u32) -> Self {
        self.uncertain = (above, source);
        self
    }

    fn manifest(&self, index: usize, unit: u64) -> (Digest, Manifest) {
        let layers = self
            .layers
            .iter()
            .map(|&(id, size)| descriptor(id, size * unit))
            .collect();
        let manifest = Manifest {
            kind: ManifestKind::Image,
            media_type: "application/vnd.oci.image.manifest.v1+json".to_owned(),
            artifact_type: None,
            config: None,
            layers,
            children: Vec::new(),
            subject: None,
            annotations: BTreeMap::new(),
            left_out_layers: 0,
        };
        (Digest::sha256_of(format!("image {index}").as_bytes()), manifest)
    }
}

fn descriptor(id: u8, size: u64) -> Descriptor {
    Descriptor {
        media_type: "application/vnd.oci.image.layer.v1.tar+gzip".to_owned(),
        digest: Digest::sha256_of(&[id]),
        size: ByteCount::try_from(size).unwrap(),
        platform: None,
        artifact_type: None,
        annotations: BTreeMap::new(),
    }
}

/// A registry with these images; manifests have no size, and configurations are left out.
pub(super) fn registry(images: &[Image], unit: u64, dedup_scope: DedupScope) -> Inventory {
    let mut builder = InventoryBuilder::new("registry.test".parse().unwrap(), dedup_scope);
    for (index, image) in images.iter().enumerate() {
        let (digest, manifest) = image.manifest(index, unit);
        builder.manifest(digest, ByteCount::ZERO, manifest);
        let tag = format!("t{index}").parse().unwrap();
        builder.tag(image.repository.parse().unwrap(), tag, digest);
    }
    builder.finish()
}

/// The replacements of the images that move.
pub(super) fn replacements(
    inventory: &Inventory,
    images: &[Image],
    unit: u64,
) -> HashMap<ManifestId, Replacement> {
    let by_digest: HashMap<Digest, ManifestId> = (0..inventory.manifests().len() as ManifestId)
        .map(|id| (inventory.manifest_digest(id), id))
        .collect();
    let mut replacements = HashMap::new();
    for (index, image) in images.iter().enumerate() {
        let Some(twin) = &image.twin else { continue };
        let id = by_digest[&image.manifest(index, unit).0];
        let mut layers: Vec<_> = twin
            .iter()
            .map(|&(id, size)| NewLayer {
                identity: LayerIdentity::Published(Digest::sha256_of(&[id])),
                size: UncertainSize::exact(size * unit),
            })
            .collect();
        for &layer in inventory.layers(id).iter().skip(image.base_layers) {
            layers.push(NewLayer {
                identity: LayerIdentity::Rebuilt(layer),
                size: UncertainSize::exact(inventory.sizes()[layer as usize]),
            });
        }
        let (above, source) = image.uncertain;
        if above > 0 {
            layers.push(NewLayer {
                identity: LayerIdentity::Addition(Some(inventory.layers(id)[0])),
                size: UncertainSize {
                    expected: 0,
                    below: 0,
                    above: above * unit,
                    source: ErrorSource(source),
                },
            });
        }
        let twin = format!("{twin:?}");
        replacements.insert(id, Replacement { twin, layers });
    }
    replacements
}
