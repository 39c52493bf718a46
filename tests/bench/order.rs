//! The best order of switching, at the size of a large company: 10,000 repositories with 12 million references to layers.

use divan::{Bencher, black_box};
use tare::plan::{RepositoryChange, SwitchGraph};

/// How many references the tags of a repository have together, before and after the switch.
const REFERENCES: usize = 1_200;
const BASES: u64 = 200;
/// How many releases of each base are in use.
const RELEASES: u64 = 30;
/// How many layers the repositories of a team share.
const TEAM_LAYERS: u64 = 40;
const TEAM: u64 = 12;

/// Numbers that look random and are the same in each run (xorshift64*, Vigna 2016).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % end
    }
}

/// What switches change: releases of bases and their Alpine variants, layers of teams, and layers of each tag. Each current
/// blob is followed by the new one that takes its place.
fn changes(repositories: u64) -> (Vec<u64>, Vec<RepositoryChange>) {
    let mut numbers = Numbers(88_172_645_463_325_252);
    let mut sizes: Vec<u64> = Vec::new();
    let mut pairs = |count: u64, numbers: &mut Numbers| {
        let first = sizes.len() as u32;
        for _ in 0..count {
            let bytes = 1 << (10 + numbers.below(18));
            sizes.extend([bytes + numbers.below(bytes), bytes]);
        }
        first
    };
    let bases = pairs(BASES * RELEASES * 5, &mut numbers);
    let teams = pairs((repositories / TEAM + 1) * TEAM_LAYERS, &mut numbers);
    let changes = (0..repositories).map(|repository| {
        let mut change = RepositoryChange {
            effort: 1 + numbers.below(20),
            ..RepositoryChange::default()
        };
        let mut reach = |first: u32, count: u64| {
            for pair in 0..count as u32 {
                change.released.push(first + 2 * pair);
                change.added.push(first + 2 * pair + 1);
            }
            count as usize
        };
        // Few bases have most of the users.
        let base = numbers.below(BASES) * numbers.below(BASES) / BASES;
        let mut references = 0;
        while references < REFERENCES {
            let release = base * RELEASES + numbers.below(RELEASES);
            references += reach(bases + (release * 10) as u32, 5);
            for _ in 0..3 {
                let layer = repository / TEAM * TEAM_LAYERS + numbers.below(TEAM_LAYERS);
                references += reach(teams + (layer * 2) as u32, 1);
            }
            references += reach(pairs(4, &mut numbers), 4);
        }
        for blobs in [&mut change.released, &mut change.added] {
            blobs.sort_unstable();
            blobs.dedup();
        }
        change
    });
    let changes = changes.collect();
    (sizes, changes)
}

/// The graph from references, and the order of all repositories.
#[divan::bench(args = [1_000, 10_000], sample_count = 5)]
fn order_of_switching(bencher: Bencher<'_, '_>, repositories: u64) {
    let (sizes, changes) = changes(repositories);
    bencher.bench(|| {
        let graph = SwitchGraph::new(black_box(&sizes), |_| false, black_box(&changes));
        graph.expect("sums of 62 bits").order()
    });
}
