//! Which sets share which blobs, and how the bytes of a shared blob are divided. Used for the registry as it is and as
//! it would be on Alpine.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use num_bigint::BigUint;
use num_integer::Integer;

use super::BlobId;

/// Sets of blobs, and how many sets hold each blob.
#[derive(Debug)]
pub struct Sharing<'a> {
    sizes: &'a [u64],
    sets: Vec<Vec<BlobId>>,
    users: Vec<u32>,
}

impl<'a> Sharing<'a> {
    /// Builds the sets from the blobs that their members reach. Repeated blobs are held once.
    ///
    /// `sizes` gives the bytes of every blob by id. Linear in the number of references.
    pub fn new<Blobs>(sizes: &'a [u64], members: impl IntoIterator<Item = Blobs>) -> Self
    where
        Blobs: IntoIterator<Item = BlobId>,
    {
        let mut last_seen_in = vec![0_u32; sizes.len()];
        let mut users = vec![0_u32; sizes.len()];
        let mut sets = Vec::new();
        for (index, blobs) in members.into_iter().enumerate() {
            let stamp = index as u32 + 1;
            let mut set = Vec::new();
            for blob in blobs {
                let seen = &mut last_seen_in[blob as usize];
                if *seen != stamp {
                    *seen = stamp;
                    users[blob as usize] += 1;
                    set.push(blob);
                }
            }
            sets.push(set);
        }
        Self { sizes, sets, users }
    }

    /// How many sets hold a blob.
    pub fn users(&self, blob: BlobId) -> u32 {
        self.users[blob as usize]
    }

    /// The blobs of a set, each once.
    pub fn set(&self, index: usize) -> &[BlobId] {
        &self.sets[index]
    }

    /// How many distinct blobs the sets hold together.
    pub fn blobs(&self) -> usize {
        self.users.iter().filter(|&&users| users > 0).count()
    }

    /// The bytes of all sets together, each blob once.
    pub fn stored(&self) -> u128 {
        self.sizes
            .iter()
            .zip(&self.users)
            .filter(|&(_, &users)| users > 0)
            .map(|(&size, _)| u128::from(size))
            .sum()
    }

    /// The bytes of a set.
    pub fn stored_by(&self, index: usize) -> u128 {
        self.sets[index]
            .iter()
            .map(|&blob| u128::from(self.sizes[blob as usize]))
            .sum()
    }

    /// The bytes of a set that no other set holds.
    pub fn exclusive_to(&self, index: usize) -> u128 {
        self.sets[index]
            .iter()
            .filter(|&&blob| self.users(blob) == 1)
            .map(|&blob| u128::from(self.sizes[blob as usize]))
            .sum()
    }

    /// Each set's share: every blob's size divided by the number of sets that hold it. This is the Shapley value of the
    /// game in which a coalition costs the bytes of its union. The exact shares are rounded by largest remainder, so that
    /// they add up to [`Self::stored`].
    pub fn attributed(&self) -> Vec<u128> {
        let shares = self.sets.iter().map(|set| {
            let mut by_users = BTreeMap::new();
            for &blob in set {
                *by_users.entry(u64::from(self.users(blob))).or_default() +=
                    u128::from(self.sizes[blob as usize]);
            }
            by_users
        });
        round_by_largest_remainder(shares, self.stored())
    }
}

/// Rounds exact shares to integers that add up to `total`.
///
/// A share is a sum of fractions, given as numerator by denominator. Each is rounded down, and the remaining units go
/// one by one to the largest remainders, the first of equals first. The exact shares must add up to `total`, or to
/// less than one unit per share from it.
pub fn round_by_largest_remainder(
    shares: impl IntoIterator<Item = BTreeMap<u64, u128>>,
    total: u128,
) -> Vec<u128> {
    let shares: Vec<(u128, Remainder)> = shares.into_iter().map(Remainder::of_share).collect();
    let mut rounded: Vec<u128> = shares.iter().map(|(whole, _)| *whole).collect();
    let floor: u128 = rounded.iter().sum();
    let left = usize::try_from(total.saturating_sub(floor)).unwrap_or(usize::MAX);
    let mut order: Vec<usize> = (0..shares.len()).collect();
    order.sort_by(|&one, &other| shares[other].1.cmp(&shares[one].1).then(one.cmp(&other)));
    for place in order.into_iter().take(left) {
        rounded[place] += 1;
    }
    rounded
}

/// What rounding a share down leaves: a sum of fractions, less than 1. The sum is compared exactly. A common denominator
/// of all fractions has thousands of digits if many repositories share blobs, so an approximation comes first.
#[derive(Debug)]
struct Remainder {
    /// Its first 64 binary digits, rounded down; the exact value is less than [`Self::terms`] units of the last digit above.
    lowest: u64,
    /// The number of fractions.
    terms: u64,
    /// The fractions, each less than 1, by denominator. Their sum may have a whole part.
    fractions: Vec<(u64, u64)>,
    /// The whole part of their sum.
    whole: u64,
}

impl Remainder {
    /// Divides a share into its whole part and the rest.
    fn of_share(share: BTreeMap<u64, u128>) -> (u128, Self) {
        let mut whole = 0_u128;
        let mut sum = 0_u128;
        let mut fractions = Vec::with_capacity(share.len());
        for (denominator, numerator) in share {
            whole += numerator / u128::from(denominator);
            // It is less than the denominator.
            let rest = (numerator % u128::from(denominator)) as u64;
            if rest > 0 {
                sum += (u128::from(rest) << 64) / u128::from(denominator);
                fractions.push((denominator, rest));
            }
        }
        let terms = fractions.len() as u64;
        let mut remainder = Self {
            lowest: sum as u64,
            terms,
            fractions,
            whole: (sum >> 64) as u64,
        };
        if remainder.lowest.checked_add(terms).is_none() {
            // The exact sum may reach the next whole number.
            let common = remainder.common_with(&[]);
            let (exact_whole, rest) = remainder.sum(&common).div_rem(&common);
            remainder.whole = u64::try_from(exact_whole).unwrap_or(u64::MAX);
            remainder.lowest = u64::try_from((rest << 64_u32) / common).unwrap_or(u64::MAX);
        }
        (whole + u128::from(remainder.whole), remainder)
    }

    /// A common denominator of these fractions and others.
    fn common_with(&self, others: &[(u64, u64)]) -> BigUint {
        let denominators = self
            .fractions
            .iter()
            .chain(others)
            .map(|(denominator, _)| *denominator);
        denominators.fold(BigUint::from(1_u32), |common, denominator| {
            common.lcm(&BigUint::from(denominator))
        })
    }

    /// The exact sum of the fractions over a common denominator.
    fn sum(&self, common: &BigUint) -> BigUint {
        let fractions = self.fractions.iter();
        fractions
            .map(|&(denominator, numerator)| common / denominator * numerator)
            .sum()
    }

    /// The exact remainder over a common denominator.
    fn exact(&self, common: &BigUint) -> BigUint {
        self.sum(common) - common * self.whole
    }
}

impl Ord for Remainder {
    fn cmp(&self, other: &Self) -> Ordering {
        let apart = self.lowest.abs_diff(other.lowest);
        if apart > self.terms.max(other.terms) {
            return self.lowest.cmp(&other.lowest);
        }
        if self.whole == other.whole && self.fractions == other.fractions {
            return Ordering::Equal;
        }
        let common = self.common_with(&other.fractions);
        self.exact(&common).cmp(&other.exact(&common))
    }
}

impl PartialOrd for Remainder {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Remainder {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Remainder {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The same with one common denominator of all fractions.
    fn plainly_rounded(shares: &[BTreeMap<u64, u128>], total: u128) -> Vec<u128> {
        let denominators = shares.iter().flat_map(BTreeMap::keys);
        let common = denominators.fold(BigUint::from(1_u32), |common, &denominator| {
            common.lcm(&BigUint::from(denominator))
        });
        let mut rounded = Vec::new();
        let mut remainders = Vec::new();
        for (place, share) in shares.iter().enumerate() {
            let terms = share
                .iter()
                .map(|(&denominator, &numerator)| &common / denominator * numerator);
            let (whole, rest) = terms.sum::<BigUint>().div_rem(&common);
            rounded.push(u128::try_from(whole).unwrap());
            remainders.push((rest, place));
        }
        let floor = rounded.iter().sum::<u128>();
        let left = usize::try_from(total.saturating_sub(floor)).unwrap();
        remainders.sort_by(|(a, first), (b, second)| b.cmp(a).then(first.cmp(second)));
        for (_, place) in remainders.into_iter().take(left) {
            rounded[place] += 1;
        }
        rounded
    }

    proptest! {
        #[test]
        fn approximations_never_change_who_gets_a_unit(
            shares in proptest::collection::vec(
                proptest::collection::btree_map(
                    prop_oneof![1_u64..8, Just(3 << 40), Just(u64::MAX), any::<u64>().prop_map(|some| some.max(1))],
                    prop_oneof![0_u128..20, any::<u64>().prop_map(u128::from)],
                    0..5,
                ),
                0..12,
            ),
            missing in 0_u128..4,
        ) {
            let floor: u128 = plainly_rounded(&shares, 0).iter().sum();
            let total = floor + missing.min(shares.len() as u128);
            prop_assert_eq!(
                round_by_largest_remainder(shares.clone(), total),
                plainly_rounded(&shares, total)
            );
        }
    }

    #[test]
    fn fractions_that_add_up_to_a_whole_leave_nothing() {
        let thirds = BTreeMap::from([(3, 1), (6, 4)]);
        let (whole, remainder) = Remainder::of_share(thirds);
        assert_eq!((whole, remainder.lowest), (1, 0));
        // Equal remainders in other words: the first gets the unit.
        let half = [(2, 1)].into();
        let quarters = [(4, 2)].into();
        assert_eq!(round_by_largest_remainder([quarters, half], 1), [1, 0]);
    }
}
