//! The best set of repositories at one price of effort: a closure of the largest weight, by a minimum cut.
//!
//! The network decides which repositories stay as they are, so that of equally good sets the one with the fewest switching
//! repositories is found. It has a node for each repository, added group and freed group. Its source supplies each added group
//! with its bytes, which are saved if all of its repositories stay, and each repository with what it would lose by switching. Its
//! sink takes the bytes of each freed group, which are lost if one of its repositories stays, and what each repository would
//! gain by switching. Arcs without limit lead from an added group to its repositories, and from a repository to its freed groups.
//! The repositories on the source's side of a minimum cut stay.

use super::graph::Part;
use super::network::Network;

/// A price of effort: so many bytes for so many units. All sums are exact.
#[derive(Debug, Clone, Copy)]
pub(super) struct Price {
    pub(super) bytes: i128,
    pub(super) per_effort: i128,
}

impl Part {
    /// Of the sets whose saving less the price of their effort is largest, the smallest one. Whether a repository is in it, in
    /// the order of the part.
    pub(super) fn best_set(&self, price: Price) -> Vec<bool> {
        let own = self.own.iter().zip(&self.efforts);
        let losses: Vec<i128> = own
            .map(|(own, &effort)| i128::from(effort) * price.bytes - own * price.per_effort)
            .collect();
        let lost: i128 = losses.iter().filter(|&&loss| loss > 0).sum();
        let supply = lost + self.added.bytes.iter().sum::<i128>() * price.per_effort;
        let demand =
            lost - losses.iter().sum::<i128>() + self.freed.bytes.iter().sum::<i128>() * price.per_effort;
        let stays = if i64::try_from(supply.max(demand)).is_ok() {
            Network::<i64>::new(self, &losses, price.per_effort).source_side()
        } else {
            Network::<i128>::new(self, &losses, price.per_effort).source_side()
        };
        stays.into_iter().map(|stays| !stays).collect()
    }
}
