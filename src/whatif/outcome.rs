//! What a choice of switching repositories would save, for the registry and for each repository.

use serde::Serialize;

use super::counterfactual::{BothStates, Counterfactual, Deviation};
use super::estimate::{Estimate, SavingEstimate};
use crate::inventory::{BlobId, DedupScope, Sharing};
use crate::oci::RepositoryName;
use crate::units::{ByteCount, ByteOverflow};

/// The registry if the chosen repositories switched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RegistryOnAlpine {
    /// Bytes stored now.
    pub stored_before_bytes: ByteCount,
    /// Bytes stored after the switch.
    pub stored_bytes: Estimate,
    /// Bytes actually freed. The repositories' joint savings add up to its expected value.
    pub saving_bytes: SavingEstimate,
    /// What a sum over tags would state instead, each tag counted on its own.
    pub naive_saving_bytes: SavingEstimate,
}

/// A repository if the chosen ones switched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RepositoryOnAlpine {
    /// The repository.
    pub repository: RepositoryName,
    /// Whether it is among those that switch.
    pub switches: bool,
    /// What it reaches now.
    pub stored_before_bytes: ByteCount,
    /// What it would reach.
    pub stored_bytes: Estimate,
    /// What nothing else reaches now.
    pub exclusive_before_bytes: ByteCount,
    /// What nothing else would reach.
    pub exclusive_bytes: Estimate,
    /// Its share of the bytes stored now.
    pub attributed_before_bytes: ByteCount,
    /// Its share of the bytes that would be stored.
    pub attributed_bytes: Estimate,
    /// The bytes freed if it alone switches, whether or not it is chosen.
    pub solo_saving_bytes: SavingEstimate,
    /// The drop of its attributed bytes if all chosen repositories switch. Repositories that do not switch have one too: it
    /// is negative if others leave them alone with a shared base.
    pub joint_saving_bytes: SavingEstimate,
    /// The saving according to a sum over its tags, if it switches.
    pub naive_saving_bytes: SavingEstimate,
    /// How many of the repositories that share its current layers must switch, including itself, before more bytes are
    /// freed than its new layers add. 1 if it gains alone; null if it never gains, because of repositories that do not
    /// switch. Uses expected sizes; new layers count in full, although others may share them.
    pub break_even_repositories: Option<u32>,
}

/// The result of one choice of repositories.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The whole registry.
    pub registry: RegistryOnAlpine,
    /// Each repository, sorted by name, including those that do not switch.
    pub repositories: Vec<RepositoryOnAlpine>,
}

impl Counterfactual {
    /// Computes the result if exactly the chosen repositories switch (by their index in the inventory). Linear in the number
    /// of layer references, whatever the number of repositories.
    ///
    /// # Errors
    /// If sizes add up to more than 63 bits.
    pub fn switching(&self, is_chosen: impl Fn(usize) -> bool) -> Result<Outcome, ByteOverflow> {
        let chosen: Vec<bool> = (0..self.repositories.len()).map(is_chosen).collect();
        let before = self.sharing(|index| &self.repositories[index].before);
        let after = self.sharing(|index| {
            let states = &self.repositories[index];
            if chosen[index] {
                &states.after
            } else {
                &states.before
            }
        });
        let attributed_before = self.attributed(&before);
        let attributed_after = self.attributed(&after);
        let releasing = self.releasing(&chosen);

        let mut repositories = Vec::with_capacity(chosen.len());
        let mut naive = Saving::default();
        let (mut own_naive, mut solo) = (Saving::default(), Saving::default());
        let [mut shares, mut reaches, mut alone] = [(); 3].map(|()| Deviation::default());
        for (index, states) in self.repositories.iter().enumerate() {
            self.naive_saving(states, &mut own_naive);
            if chosen[index] {
                naive.add(&own_naive);
            }
            for deviation in [&mut shares, &mut reaches, &mut alone] {
                deviation.clear();
            }
            let mut exclusive_after = 0;
            for &blob in after.set(index) {
                let users = self.sharers(&after, blob);
                if users == 1 {
                    exclusive_after += u128::from(self.sizes[blob as usize]);
                }
                if let Some(spread) = self.spread(blob) {
                    shares.add(spread, 1, users);
                    reaches.add(spread, 1, 1);
                    if users == 1 {
                        alone.add(spread, 1, 1);
                    }
                }
            }
            self.solo_saving(&before, states, &mut solo);
            let exclusive_before: u128 = before
                .set(index)
                .iter()
                .filter(|&&blob| self.sharers(&before, blob) == 1)
                .map(|&blob| u128::from(self.sizes[blob as usize]))
                .sum();
            let (below, above) = shares.total();
            let joint = attributed_before[index] as i128 - attributed_after[index] as i128;
            repositories.push(RepositoryOnAlpine {
                repository: states.name.clone(),
                switches: chosen[index],
                stored_before_bytes: before.stored_by(index).try_into()?,
                stored_bytes: around(after.stored_by(index), &mut reaches)?,
                exclusive_before_bytes: exclusive_before.try_into()?,
                exclusive_bytes: around(exclusive_after, &mut alone)?,
                attributed_before_bytes: attributed_before[index].try_into()?,
                attributed_bytes: around(attributed_after[index], &mut shares)?,
                solo_saving_bytes: solo.estimate()?,
                joint_saving_bytes: SavingEstimate::around(joint, above, below)?,
                naive_saving_bytes: own_naive.estimate()?,
                break_even_repositories: self.break_even(
                    &before,
                    &releasing,
                    index,
                    (chosen[index], solo.added),
                ),
            });
        }
        let stored_before: u128 = attributed_before.iter().sum();
        let stored_after: u128 = attributed_after.iter().sum();
        let mut whole = self.registry_deviation(&after);
        let (below, above) = whole.total();
        let registry = RegistryOnAlpine {
            stored_before_bytes: stored_before.try_into()?,
            stored_bytes: around(stored_after, &mut whole)?,
            saving_bytes: SavingEstimate::around(stored_before as i128 - stored_after as i128, above, below)?,
            naive_saving_bytes: naive.estimate()?,
        };
        Ok(Outcome {
            registry,
            repositories,
        })
    }

    fn sharing<'b>(&'b self, set_of: impl Fn(usize) -> &'b Vec<BlobId>) -> Sharing<'b> {
        Sharing::new(
            &self.sizes,
            (0..self.repositories.len()).map(|index| set_of(index).iter().copied()),
        )
    }

    /// The number of repositories that share a blob: all that reach it, or one if nothing is shared.
    fn sharers(&self, sharing: &Sharing<'_>, blob: BlobId) -> u32 {
        match self.dedup_scope {
            DedupScope::Registry => sharing.users(blob),
            DedupScope::Repository | DedupScope::Mounted => 1,
        }
    }

    fn attributed(&self, sharing: &Sharing<'_>) -> Vec<u128> {
        match self.dedup_scope {
            DedupScope::Registry => sharing.attributed(),
            DedupScope::Repository | DedupScope::Mounted => (0..self.repositories.len())
                .map(|index| sharing.stored_by(index))
                .collect(),
        }
    }

    fn registry_deviation(&self, sharing: &Sharing<'_>) -> Deviation {
        let mut deviation = Deviation::default();
        let first_new = self.blobs_today as BlobId;
        for blob in first_new..self.sizes.len() as BlobId {
            let copies = match self.dedup_scope {
                DedupScope::Registry => sharing.users(blob).min(1),
                DedupScope::Repository | DedupScope::Mounted => sharing.users(blob),
            };
            if let Some(spread) = self.spread(blob).filter(|_| copies > 0) {
                deviation.add(spread, copies, 1);
            }
        }
        deviation
    }

    fn naive_saving(&self, states: &BothStates, saving: &mut Saving) {
        saving.clear();
        saving.freed = states.logical_before;
        for &(tags, blob) in &states.logical_after {
            saving.added += u128::from(tags) * u128::from(self.sizes[blob as usize]);
            if let Some(spread) = self.spread(blob) {
                saving.deviation.add(spread, tags, 1);
            }
        }
    }

    /// The change if only this repository switches: blobs that no other repository holds go, new ones come.
    fn solo_saving(&self, before: &Sharing<'_>, states: &BothStates, saving: &mut Saving) {
        saving.clear();
        for blob in difference(&states.before, &states.after) {
            if self.sharers(before, blob) == 1 {
                saving.freed += u128::from(self.sizes[blob as usize]);
            }
        }
        for blob in difference(&states.after, &states.before) {
            let is_new = match self.dedup_scope {
                DedupScope::Registry => before.users(blob) == 0,
                DedupScope::Repository | DedupScope::Mounted => true,
            };
            if is_new {
                saving.added += u128::from(self.sizes[blob as usize]);
                if let Some(spread) = self.spread(blob) {
                    saving.deviation.add(spread, 1, 1);
                }
            }
        }
    }

    /// How many chosen repositories would release each current blob.
    fn releasing(&self, chosen: &[bool]) -> Vec<u32> {
        let mut releasing = vec![0; self.blobs_today];
        for (states, _) in self
            .repositories
            .iter()
            .zip(chosen)
            .filter(|(_, chosen)| **chosen)
        {
            for blob in difference(&states.before, &states.after) {
                releasing[blob as usize] += 1;
            }
        }
        releasing
    }

    /// See [`RepositoryOnAlpine::break_even_repositories`]. `added` are the bytes of its new layers.
    fn break_even(
        &self,
        before: &Sharing<'_>,
        releasing: &[u32],
        repository: usize,
        (is_chosen, added): (bool, u128),
    ) -> Option<u32> {
        let states = &self.repositories[repository];
        let mut balance = -i128::try_from(added).ok()?;
        let mut freed_by: Vec<(u32, u64)> = difference(&states.before, &states.after)
            .filter_map(|blob| {
                let sharers = self.sharers(before, blob);
                let leaving = releasing[blob as usize] + u32::from(!is_chosen);
                let is_released = sharers == 1 || leaving == sharers;
                is_released.then(|| (sharers, self.sizes[blob as usize]))
            })
            .collect();
        freed_by.sort_unstable();
        for group in freed_by.chunk_by(|first, second| first.0 == second.0) {
            balance += group.iter().map(|&(_, size)| i128::from(size)).sum::<i128>();
            if balance > 0 {
                return Some(group[0].0);
            }
        }
        None
    }
}

/// Freed and added bytes.
#[derive(Debug, Default)]
struct Saving {
    freed: u128,
    added: u128,
    deviation: Deviation,
}

impl Saving {
    fn add(&mut self, other: &Self) {
        self.freed += other.freed;
        self.added += other.added;
        self.deviation.merge(&other.deviation);
    }

    fn clear(&mut self) {
        self.freed = 0;
        self.added = 0;
        self.deviation.clear();
    }

    fn estimate(&mut self) -> Result<SavingEstimate, ByteOverflow> {
        let (below, above) = self.deviation.total();
        SavingEstimate::around(self.freed as i128 - self.added as i128, above, below)
    }
}

fn around(expected: u128, deviation: &mut Deviation) -> Result<Estimate, ByteOverflow> {
    let (below, above) = deviation.total();
    Estimate::around(expected, below, above)
}

/// The elements of the first of two sorted lists that are not in the second.
pub(super) fn difference<'b>(first: &'b [BlobId], second: &'b [BlobId]) -> impl Iterator<Item = BlobId> + 'b {
    let mut rest = second.iter().peekable();
    first.iter().copied().filter(move |blob| {
        while rest.next_if(|other| *other < blob).is_some() {}
        rest.peek() != Some(&blob)
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::super::testing::{Image, registry, replacements};
    use super::*;

    const MIB: u64 = 1 << 20;

    /// Applications `a`, `b` and `c` on one base of 100 MiB, each with a layer of its own. `b` and `c` move to an Alpine
    /// variant of 10 MiB, which `d` already has.
    fn company() -> Vec<Image> {
        vec![
            Image::new("a", &[(1, 100), (2, 5)]),
            Image::new("b", &[(1, 100), (3, 5)]).moved(&[(9, 10)], 1),
            Image::new("c", &[(1, 100), (4, 5)]).moved(&[(9, 10)], 1),
            Image::new("d", &[(9, 10), (5, 1)]),
        ]
    }

    #[test]
    fn a_shared_base_is_freed_only_by_its_last_user() {
        let mut images = company();
        let inventory = registry(&images, MIB, DedupScope::Registry);
        let all = Counterfactual::new(&inventory, &replacements(&inventory, &images, MIB))
            .switching(|_| true)
            .unwrap();
        // `a` stays, so the base stays too. The moved layers are rebuilt, and the variant already exists: nothing is
        // gained, although the sum over tags says 180 MiB.
        assert_eq!(all.registry.saving_bytes.expected, 0);
        assert_eq!(all.registry.naive_saving_bytes.expected, 180 * MIB as i64);
        assert_eq!(all.repositories[1].break_even_repositories, None);
        // Without the others, `a` bears the base alone.
        assert!(all.repositories[0].joint_saving_bytes.expected < 0);

        images[0] = Image::new("a", &[(1, 100), (2, 5)]).moved(&[(9, 10)], 1);
        let inventory = registry(&images, MIB, DedupScope::Registry);
        let graph = Counterfactual::new(&inventory, &replacements(&inventory, &images, MIB));
        let all = graph.switching(|_| true).unwrap();
        assert_eq!(all.registry.saving_bytes.expected, 100 * MIB as i64);
        assert_eq!(all.repositories[1].break_even_repositories, Some(3));
        assert_eq!(all.repositories[1].solo_saving_bytes.expected, 0);
        let two = graph.switching(|index| index < 2).unwrap();
        assert_eq!(two.registry.saving_bytes.expected, 0);
    }

    #[test]
    fn where_repositories_share_nothing_each_gains_alone() {
        let images = company();
        let inventory = registry(&images, MIB, DedupScope::Repository);
        let all = Counterfactual::new(&inventory, &replacements(&inventory, &images, MIB))
            .switching(|_| true)
            .unwrap();
        assert_eq!(all.registry.saving_bytes.expected, 180 * MIB as i64);
        assert_eq!(all.repositories[1].solo_saving_bytes.expected, 90 * MIB as i64);
        assert_eq!(all.repositories[1].break_even_repositories, Some(1));
    }

    #[test]
    fn errors_of_one_source_add_up_and_those_of_several_do_not() {
        let apart = vec![
            Image::new("a", &[(1, 100)]).moved(&[], 10).uncertain(3, 1),
            Image::new("b", &[(2, 100)]).moved(&[], 10).uncertain(4, 2),
        ];
        let width = |images: &[Image]| {
            let inventory = registry(images, MIB, DedupScope::Registry);
            let saving = Counterfactual::new(&inventory, &replacements(&inventory, images, MIB))
                .switching(|_| true)
                .unwrap()
                .registry
                .saving_bytes;
            (saving.expected - saving.low) as u64
        };
        assert_eq!(width(&apart), 5 * MIB);
        let together = vec![apart[0].clone(), apart[1].clone().uncertain(4, 1)];
        assert_eq!(width(&together), 7 * MIB);
    }

    fn any_images() -> impl Strategy<Value = Vec<Image>> {
        let layers = proptest::collection::vec((0_u8..6, 1_u64..2), 1..4);
        let twin = proptest::collection::vec(6_u8..9, 0..3);
        proptest::collection::vec((0_u8..5, layers, proptest::option::of(twin)), 1..12).prop_map(|images| {
            images
                .into_iter()
                .map(|(repository, layers, twin)| {
                    let layers: Vec<_> = layers
                        .iter()
                        .map(|&(id, _)| (id, 3 + u64::from(id) * 7))
                        .collect();
                    let image = Image::new(&format!("r{repository}"), &layers);
                    match twin {
                        Some(twin) => {
                            let twin: Vec<_> = twin.iter().map(|&id| (id, 2 + u64::from(id))).collect();
                            image.moved(&twin, 1)
                        }
                        None => image,
                    }
                })
                .collect()
        })
    }

    proptest! {
        /// Three properties of savings: joint savings add up to the registry's, a solo saving is what the registry would save,
        /// and a repository that gains alone breaks even alone.
        #[test]
        fn savings_agree_with_each_other(images in any_images(), mask in 0_u8..32) {
            let inventory = registry(&images, 1, DedupScope::Registry);
            let graph = Counterfactual::new(&inventory, &replacements(&inventory, &images, 1));
            let outcome = graph.switching(|index| mask >> index & 1 == 1).unwrap();
            let joint: i64 = outcome.repositories.iter().map(|one| one.joint_saving_bytes.expected).sum();
            prop_assert_eq!(joint, outcome.registry.saving_bytes.expected);
            for (index, repository) in outcome.repositories.iter().enumerate() {
                let alone = graph.switching(|other| other == index).unwrap();
                prop_assert_eq!(repository.solo_saving_bytes.expected, alone.registry.saving_bytes.expected);
                prop_assert_eq!(
                    repository.break_even_repositories == Some(1),
                    repository.solo_saving_bytes.expected > 0
                );
            }
        }

        /// The counterfactual registry stores what an inventory of it would account for.
        #[test]
        fn stored_bytes_are_those_of_the_new_sets(images in any_images()) {
            let inventory = registry(&images, 1, DedupScope::Registry);
            let graph = Counterfactual::new(&inventory, &replacements(&inventory, &images, 1));
            let outcome = graph.switching(|_| true).unwrap();
            let mut union: HashMap<BlobId, u64> = HashMap::new();
            for states in &graph.repositories {
                union.extend(states.after.iter().map(|&blob| (blob, graph.sizes[blob as usize])));
            }
            prop_assert_eq!(union.values().sum::<u64>(), outcome.registry.stored_bytes.expected.get());
        }
    }
}
