//! Numbers that vary, each computed from the seed and from what it is for, so that any of them can be computed alone.

use crate::oci::Digest;

/// A source of pseudo-random numbers: the state of SplitMix64 (Steele, Lea and Flood, 2014).
#[derive(Debug, Clone, Copy)]
pub(super) struct Draw(u64);

impl Draw {
    /// The source of a seed.
    pub fn new(seed: u64) -> Self {
        Self(mix(seed))
    }

    /// The source of one purpose or number, independent of those of others.
    pub fn of(self, part: u64) -> Self {
        Self(mix(self.0 ^ mix(part)))
    }

    /// A number from 0 up to but not including `bound`.
    pub fn below(self, bound: u64) -> u64 {
        // The upper half of a product of two numbers of 64 bits fits in 64.
        ((u128::from(self.0) * u128::from(bound)) >> 64) as u64
    }

    /// Whether this is one of so many in a hundred.
    pub fn percent(self, share: u64) -> bool {
        self.below(100) < share
    }

    /// A number below `bound`, small ones more often: half of them are in the first quarter.
    pub fn skewed(self, bound: u64) -> u64 {
        let one = self.of(1).below(1 << 16);
        (one * one * bound) >> 32
    }

    /// A value of a distribution, given by its quantiles: thousandths and values, both ascending.
    pub fn quantile(self, quantiles: &[(u64, u64)]) -> u64 {
        let at = self.below(1_000);
        let after = quantiles.partition_point(|(thousandth, _)| *thousandth <= at);
        match (quantiles.get(after.wrapping_sub(1)), quantiles.get(after)) {
            (Some((low, from)), Some((high, to))) => {
                // Within the interval, in a million steps.
                let within = (at - low) * 1_000 + self.of(2).below(1_000);
                from + (to - from) * within / ((high - low) * 1_000)
            }
            (Some((_, value)), None) | (None, Some((_, value))) => *value,
            (None, None) => 0,
        }
    }

    /// A digest of content that does not exist.
    pub fn digest(self) -> Digest {
        let mut bytes = [0; 32];
        for (part, chunk) in (10..).zip(bytes.chunks_exact_mut(8)) {
            chunk.copy_from_slice(&self.of(part).0.to_be_bytes());
        }
        Digest::Sha256(bytes)
    }
}

fn mix(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_lies_between_the_values_of_its_interval() {
        let quantiles = [(0, 10), (500, 20), (1_000, 1_000)];
        let values: Vec<u64> = (0..2_000)
            .map(|number| Draw::new(7).of(number).quantile(&quantiles))
            .collect();
        let below = values.iter().filter(|value| **value < 20).count();
        assert!(values.iter().all(|value| (10..1_000).contains(value)));
        assert!(
            (900..1_100).contains(&below),
            "{below} of 2000 are in the lower half"
        );
    }

    #[test]
    fn small_numbers_are_drawn_more_often_than_large_ones() {
        let small = (0..2_000).filter(|number| Draw::new(3).of(*number).skewed(100) < 25);
        assert!((900..1_100).contains(&small.count()));
    }
}
