use super::graph::{RepositoryChange, SwitchGraph, TooLarge};
use crate::inventory::DedupScope;
use crate::whatif::Counterfactual;

/// A repository that can switch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate {
    /// Its place in the registry.
    pub place: usize,
    /// The work of switching it, in a unit that the caller chooses.
    pub effort: u64,
}

impl SwitchGraph {
    /// The graph of a registry in which the candidates can switch and all other repositories stay as they are. Places in it are
    /// those of the list of candidates. New blobs count with their expected sizes.
    ///
    /// # Errors
    /// If bytes or efforts add up to more than 62 bits.
    pub fn from_counterfactual(
        registry: &Counterfactual,
        candidates: &[Candidate],
    ) -> Result<Self, TooLarge> {
        let changes: Vec<RepositoryChange> = candidates
            .iter()
            .map(|candidate| RepositoryChange {
                effort: candidate.effort,
                released: registry.released_blobs(candidate.place).collect(),
                added: registry.added_blobs(candidate.place).collect(),
            })
            .collect();
        let sizes = registry.expected_sizes();
        match registry.dedup_scope() {
            DedupScope::Registry => {}
            DedupScope::Repository | DedupScope::Mounted => return Self::without_sharing(sizes, &changes),
        }
        // A blob stays if a repository that holds it does not release it.
        let mut holders = vec![0_u32; sizes.len()];
        for place in 0..registry.repository_count() {
            for &blob in registry.current_blobs(place) {
                holders[blob as usize] += 1;
            }
        }
        for &blob in changes.iter().flat_map(|change| &change.released) {
            holders[blob as usize] -= 1;
        }
        Self::new(sizes, |blob| holders[blob as usize] > 0, &changes)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;
    use crate::inventory::examples::{digest, image, name};
    use crate::inventory::{Inventory, InventoryBuilder, ManifestId};
    use crate::whatif::{LayerIdentity, NewLayer, Replacement, UncertainSize};

    const REPOSITORIES: usize = 5;

    /// An image: its repository, its layers, and the layers of the Alpine variant that replaces its first layer.
    #[derive(Debug, Clone)]
    struct TaggedImage {
        repository: usize,
        layers: Vec<usize>,
        twin: Option<Vec<usize>>,
    }

    fn images() -> impl Strategy<Value = Vec<TaggedImage>> {
        let layers = || proptest::collection::vec(0_usize..9, 1..4);
        let image = (0..REPOSITORIES, layers(), proptest::option::of(layers()));
        let image = image.prop_map(|(repository, layers, twin)| TaggedImage {
            repository,
            layers,
            twin,
        });
        proptest::collection::vec(image, 1..10)
    }

    fn layer(number: usize) -> (String, u32) {
        (
            format!("layer {number}"),
            [1, 10, 100, 7, 70, 700, 3, 33, 333][number],
        )
    }

    fn registry(images: &[TaggedImage], scope: DedupScope) -> (Inventory, HashMap<ManifestId, Replacement>) {
        let mut builder = InventoryBuilder::new("reg.example.com".parse().expect("a name"), scope);
        for (number, own) in images.iter().enumerate() {
            let layers: Vec<_> = own.layers.iter().map(|&number| layer(number)).collect();
            let layers: Vec<_> = layers.iter().map(|(name, size)| (name.as_str(), *size)).collect();
            let (digest, size, manifest) = image(&format!("image {number}"), &layers);
            builder.manifest(digest, size, manifest);
            let tag = format!("t{number}").parse().expect("a tag");
            builder.tag(name(&format!("r{}", own.repository)), tag, digest);
        }
        let inventory = builder.finish();
        let mut replacements = HashMap::new();
        for id in 0..inventory.manifests().len() as ManifestId {
            let number = (0..images.len())
                .find(|number| inventory.manifest_digest(id) == digest(&format!("image {number}")))
                .expect("an image");
            let Some(twin) = &images[number].twin else {
                continue;
            };
            let published = twin.iter().map(|&number| {
                let (name, size) = layer(number);
                (LayerIdentity::Published(digest(&name)), u64::from(size))
            });
            let above = inventory.layers(id).iter().skip(1);
            let rebuilt = above.map(|&layer| {
                (
                    LayerIdentity::Rebuilt(layer),
                    inventory.sizes()[layer as usize] / 2,
                )
            });
            let layers = published.chain(rebuilt).map(|(identity, bytes)| NewLayer {
                identity,
                size: UncertainSize::exact(bytes),
            });
            replacements.insert(
                id,
                Replacement {
                    twin: "one".to_owned(),
                    layers: layers.collect(),
                },
            );
        }
        (inventory, replacements)
    }

    proptest! {
        #[test]
        fn a_choice_saves_what_the_whole_registry_says(
            images in images(),
            scope in prop_oneof![Just(DedupScope::Registry), Just(DedupScope::Repository)],
            switching in 0_u32..1 << REPOSITORIES,
            able in 0_u32..1 << REPOSITORIES,
        ) {
            let (inventory, replacements) = registry(&images, scope);
            let whole = Counterfactual::new(&inventory, &replacements);
            let candidates: Vec<Candidate> = (0..whole.repository_count())
                .filter(|place| able >> place & 1 == 1)
                .map(|place| Candidate { place, effort: 1 })
                .collect();
            let graph = SwitchGraph::from_counterfactual(&whole, &candidates).expect("small sums");
            let is_switching = |place: usize| (switching & able) >> place & 1 == 1;
            let saving = i128::from(whole.switching(is_switching).expect("small sums").registry.saving_bytes.expected);
            let computed = graph.saving(|index| is_switching(candidates[index].place));
            // What some repositories leave and others come to is left open.
            prop_assert!(computed <= saving, "{computed} is more than {saving}");
            prop_assert!(saving <= computed + graph.undecided_bytes(), "{saving} is more than {computed}");
        }
    }
}
