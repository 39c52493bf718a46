use super::{RepositoryChange, Step, SwitchGraph, SwitchOrder, TooLarge};
use crate::inventory::BlobId;

/// How many generated registries are tried. Each is checked against all of its subsets.
const CASES: u64 = 2_000;

/// Numbers that look random and are the same in each run (xorshift64*, Vigna 2016).
struct Numbers(u64);

impl Numbers {
    fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// A number from zero to less than `end`.
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % end
    }
}

/// A small registry: current and new blobs, and what each repository does when it switches.
#[derive(Debug)]
struct Registry {
    sizes: Vec<u64>,
    kept: Vec<bool>,
    changes: Vec<RepositoryChange>,
}

impl Registry {
    fn new(seed: u64) -> Self {
        let mut numbers = Numbers::new(seed);
        let repositories = numbers.below(8) + 1;
        let blobs = numbers.below(14) + 1;
        // Small sizes give ties, and large ones do not fit into 64 bits with their efforts.
        let largest = [4, 100, 1 << 40, 1 << 58][numbers.below(4) as usize];
        let most_effort = [1, 2, 5, 1 << 20][numbers.below(4) as usize];
        let sizes = (0..blobs).map(|_| numbers.below(largest)).collect();
        let kept = (0..blobs).map(|_| numbers.below(8) == 0).collect();
        let sharing = numbers.below(4) + 2;
        let changes = (0..repositories)
            .map(|_| {
                let mut change = RepositoryChange {
                    effort: numbers.below(most_effort + 1),
                    ..RepositoryChange::default()
                };
                for blob in 0..blobs as BlobId {
                    // Blobs with even numbers exist, those with odd ones are new.
                    if numbers.below(sharing) == 0 {
                        let list = if blob % 2 == 0 {
                            &mut change.released
                        } else {
                            &mut change.added
                        };
                        list.push(blob);
                    }
                }
                change
            })
            .collect();
        Self { sizes, kept, changes }
    }

    fn graph(&self) -> SwitchGraph {
        let is_kept = |blob: BlobId| self.kept[blob as usize];
        SwitchGraph::new(&self.sizes, is_kept, &self.changes).expect("small sums")
    }

    /// The saving of a set of repositories, as a list of the blobs before and after says it.
    fn saving(&self, set: u32) -> i128 {
        let is_in = |place: usize| set >> place & 1 == 1;
        let mut saving = 0;
        for blob in (0..self.sizes.len()).filter(|&blob| !self.kept[blob]) {
            let holds = |blobs: &[BlobId]| blobs.contains(&(blob as BlobId));
            let places = || self.changes.iter().enumerate();
            let before = places().any(|(_, change)| holds(&change.released));
            let after = places().any(|(place, change)| match is_in(place) {
                true => holds(&change.added),
                false => holds(&change.released),
            });
            let size = i128::from(self.sizes[blob]);
            saving += size * (i128::from(before) - i128::from(after));
        }
        saving
    }

    fn effort(&self, set: u32) -> u64 {
        let places = (0..self.changes.len()).filter(|place| set >> place & 1 == 1);
        places.map(|place| self.changes[place].effort).sum()
    }

    fn subsets(&self) -> impl Iterator<Item = u32> {
        0..1 << self.changes.len()
    }
}

fn set_of(steps: &[Step]) -> u32 {
    let places = steps.iter().flat_map(|step| &step.repositories);
    places.fold(0, |set, &place| set | 1 << place)
}

#[test]
fn no_subset_of_a_small_registry_is_better_than_the_steps() {
    for seed in 0..CASES {
        let registry = Registry::new(seed);
        let order = registry.graph().order();
        check_against_all_subsets(seed, &registry, &order);
    }
}

fn check_against_all_subsets(seed: u64, registry: &Registry, order: &SwitchOrder) {
    // The steps say what they save, and come to what a count of all blobs says.
    let mut corners = vec![(0, 0)];
    for end in 1..=order.steps.len() {
        let step = &order.steps[end - 1];
        let (saving, effort) = corners[end - 1];
        corners.push((saving + step.saving, effort + step.effort));
        let set = set_of(&order.steps[..end]);
        assert_eq!(registry.saving(set), corners[end].0, "seed {seed}: {registry:?}");
        assert_eq!(registry.effort(set), corners[end].1, "seed {seed}: {registry:?}");
    }
    // Every repository is in one place.
    let mut places: Vec<u32> = order
        .steps
        .iter()
        .flat_map(|step| step.repositories.clone())
        .collect();
    places.extend(&order.left_out);
    places.sort_unstable();
    assert_eq!(
        places,
        Vec::from_iter(0..registry.changes.len() as u32),
        "seed {seed}: {registry:?}"
    );
    for step in &order.steps {
        assert_eq!(
            step.shares.iter().sum::<i128>(),
            step.saving,
            "seed {seed}: {registry:?}"
        );
    }
    // Each step saves something, and the ratio of saving to effort never rises.
    assert!(
        order.steps.iter().all(|step| step.saving > 0),
        "seed {seed}: {registry:?}"
    );
    for pair in order.steps.windows(2) {
        let ratios = (
            pair[0].saving * i128::from(pair[1].effort),
            pair[1].saving * i128::from(pair[0].effort),
        );
        assert!(ratios.0 >= ratios.1, "seed {seed}: {registry:?}");
    }
    let last = corners[corners.len() - 1];
    for set in registry.subsets() {
        let (saving, effort) = (registry.saving(set), registry.effort(set));
        // Nothing saves more than all steps, and nothing as much with fewer repositories.
        assert!(saving <= last.0, "seed {seed}: subset {set:b} of {registry:?}");
        if saving == last.0 {
            let all = set_of(&order.steps);
            assert_eq!(all & set, all, "seed {seed}: subset {set:b} of {registry:?}");
        }
        // At the price of each step, the set after it is as good as any.
        for (step, corner) in order.steps.iter().zip(&corners[1..]) {
            let value = |saving: i128, effort: u64| {
                saving * i128::from(step.effort) - i128::from(effort) * step.saving
            };
            // No choice with less effort than the step ends with saves more than the step before by more than this.
            if effort < corner.1 && step.effort > 0 {
                let most = corner.0 - step.saving + step.missed_at_most(1);
                assert!(saving <= most, "seed {seed}: subset {set:b} of {registry:?}");
            }
            assert!(
                value(saving, effort) <= value(corner.0, corner.1),
                "seed {seed}: subset {set:b} of {registry:?}"
            );
        }
    }
}

#[test]
fn sums_that_could_not_be_exact_are_refused() {
    let change = |effort| RepositoryChange {
        effort,
        released: vec![0],
        added: Vec::new(),
    };
    let graph = |bytes, efforts: [u64; 2]| SwitchGraph::new(&[bytes], |_| false, &efforts.map(change));
    let most = u64::MAX >> 2;
    assert_eq!(graph(most + 1, [1, 1]), Err(TooLarge));
    assert_eq!(graph(1, [most, 1]), Err(TooLarge));
    let largest = graph(most, [most - 1, 1]).expect("sums of 62 bits").order();
    assert_eq!(largest.steps.len(), 1);
    assert_eq!(largest.steps[0].saving, i128::from(most));
}
