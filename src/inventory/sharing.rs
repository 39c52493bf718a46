//! Which sets share which blobs, and how the bytes of a shared blob are divided. Used for the registry as it is and as
//! it would be on Alpine.

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
    let shares: Vec<_> = shares.into_iter().collect();
    // A common denominator makes remainders comparable as integers; it is large, but exact.
    let common = shares
        .iter()
        .flat_map(BTreeMap::keys)
        .fold(BigUint::from(1_u32), |common, &denominator| {
            common.lcm(&BigUint::from(denominator))
        });
    let factors: BTreeMap<u64, BigUint> = shares
        .iter()
        .flat_map(BTreeMap::keys)
        .map(|&denominator| (denominator, &common / denominator))
        .collect();
    let mut rounded = Vec::with_capacity(shares.len());
    let mut remainders = Vec::with_capacity(shares.len());
    for (index, share) in shares.iter().enumerate() {
        let mut whole = 0_u128;
        let mut fraction = BigUint::ZERO;
        for (&denominator, &numerator) in share {
            whole += numerator / u128::from(denominator);
            fraction += &factors[&denominator] * (numerator % u128::from(denominator));
        }
        let (carried, remainder) = fraction.div_rem(&common);
        whole += u128::try_from(carried).unwrap_or(0);
        rounded.push(whole);
        remainders.push((remainder, index));
    }
    let floor: u128 = rounded.iter().sum();
    let left = usize::try_from(total.saturating_sub(floor)).unwrap_or(usize::MAX);
    remainders.sort_by(|(a, first), (b, second)| b.cmp(a).then(first.cmp(second)));
    for (_, index) in remainders.into_iter().take(left) {
        rounded[index] += 1;
    }
    rounded
}
