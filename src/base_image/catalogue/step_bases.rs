//! The bases with one sequence of steps. Steps alone do not distinguish one release from the next, so a sequence has
//! many bases: they are sorted by their variables and their sizes, and a search looks at the nearest only.

use super::base::BaseId;
use super::contents::VariablesId;
use super::peers::{Bases, PeersId, Wanted};

/// The bases with one sequence of steps.
#[derive(Debug)]
pub(in crate::base_image) struct StepBases {
    releases: Box<[StepRelease]>,
}

/// Those of them for one platform with the same variables.
#[derive(Debug)]
pub(in crate::base_image) struct StepRelease {
    /// The index of the platform.
    pub platform: u32,
    /// The variables.
    pub variables: VariablesId,
    /// Sorted by size.
    sizes: Box<[StepSize]>,
    /// The places of the sizes that have bases that are not unnamed.
    named: Box<[u32]>,
}

/// Those of them with one size and number of layers.
#[derive(Debug)]
struct StepSize {
    bytes: u64,
    layers: u32,
    bases: Bases,
}

/// What the index needs to know of a base.
#[derive(Debug, Clone, Copy)]
pub(super) struct StepBase {
    pub platform: u32,
    pub variables: VariablesId,
    pub bytes: u64,
    pub layers: u32,
}

/// A base with the bytes by which it differs from an image's first layers; the nearest first.
pub(in crate::base_image) type NearBase = (u64, BaseId);

impl StepBases {
    /// Sorts bases, which are given in ascending order.
    pub(super) fn new(
        bases: &[BaseId],
        describe: impl Fn(BaseId) -> StepBase,
        peers_of: impl Fn(BaseId) -> PeersId,
        is_unnamed: impl Fn(PeersId) -> bool,
    ) -> Self {
        let key = |base: &BaseId| {
            let StepBase {
                platform,
                variables,
                bytes,
                layers,
            } = describe(*base);
            ((platform, variables), (bytes, layers))
        };
        let mut sorted = bases.to_vec();
        // Stable, so that bases of one size stay in ascending order.
        sorted.sort_by_key(key);
        let releases = sorted
            .chunk_by(|one, other| key(one).0 == key(other).0)
            .map(|release| {
                let ((platform, variables), _) = key(&release[0]);
                let sizes = release.chunk_by(|one, other| key(one) == key(other)).map(|same| {
                    let (_, (bytes, layers)) = key(&same[0]);
                    StepSize {
                        bytes,
                        layers,
                        bases: Bases::new(same, &peers_of, &is_unnamed),
                    }
                });
                let sizes: Box<[StepSize]> = sizes.collect();
                let named = (0_u32..).zip(&sizes);
                let named = named.filter(|(_, size)| size.bases.has_named(&is_unnamed));
                StepRelease {
                    platform,
                    variables,
                    named: named.map(|(place, _)| place).collect(),
                    sizes,
                }
            });
        Self {
            releases: releases.collect(),
        }
    }

    /// The bases by platform and variables.
    pub fn releases(&self) -> &[StepRelease] {
        &self.releases
    }
}

impl StepRelease {
    /// Adds to `near` the bases that are nearest to a number of bytes, at most `most`, and more only if they are as near as
    /// the last.
    pub fn nearest(
        &self,
        bytes: u64,
        most: usize,
        wanted: Wanted,
        may_be_group: impl Fn(PeersId) -> bool,
        may_be: impl Fn(BaseId) -> bool,
        near: &mut Vec<NearBase>,
    ) {
        let mut above = match wanted {
            Wanted::All => self.sizes.partition_point(|size| size.bytes < bytes),
            Wanted::Named => self
                .named
                .partition_point(|&place| self.sizes[place as usize].bytes < bytes),
        };
        let mut below = above;
        let mut found = Vec::new();
        let start = near.len();
        loop {
            let apart = |size: &StepSize| size.bytes.abs_diff(bytes);
            let down = below.checked_sub(1).and_then(|place| self.size(place, wanted));
            let down = down.map(apart);
            let up = self.size(above, wanted).map(apart);
            let (place, apart) = match (down, up) {
                (Some(down), Some(up)) if down < up => (below - 1, down),
                (Some(down), None) => (below - 1, down),
                (_, Some(up)) => (above, up),
                (None, None) => return,
            };
            if near.len() - start >= most && near.last().is_some_and(|last| apart > last.0) {
                return;
            }
            if place < below {
                below = place;
            } else {
                above = place + 1;
            }
            if let Some(size) = self.size(place, wanted) {
                size.bases.first(most, wanted, &may_be_group, &may_be, &mut found);
            }
            near.extend(found.iter().map(|&base| (apart, base)));
        }
    }

    /// A size by its place among those that have wanted bases.
    fn size(&self, place: usize, wanted: Wanted) -> Option<&StepSize> {
        match wanted {
            Wanted::All => self.sizes.get(place),
            Wanted::Named => self.sizes.get(*self.named.get(place)? as usize),
        }
    }

    /// Adds the bases of all sizes to `near`; `apart` says how far a base with these bytes and this number of layers is.
    pub fn all(
        &self,
        most: usize,
        wanted: Wanted,
        mut apart: impl FnMut(u64, usize) -> u64,
        may_be_group: impl Fn(PeersId) -> bool,
        may_be: impl Fn(BaseId) -> bool,
        near: &mut Vec<NearBase>,
    ) {
        let mut found = Vec::new();
        let sizes = (0..).map_while(|place| self.size(place, wanted));
        for size in sizes {
            let apart = apart(size.bytes, size.layers as usize);
            size.bases.first(most, wanted, &may_be_group, &may_be, &mut found);
            near.extend(found.iter().map(|&base| (apart, base)));
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// The nearest bases are those that a look at every base finds.
        #[test]
        fn the_nearest_are_those_of_a_plain_search(
            bases in proptest::collection::vec((0_u64..12, 1_u32..3, 0_u32..4), 1..30),
            bytes in 0_u64..12,
            left_out in 0_u32..16,
            unnamed in 0_u32..16,
            named_only in any::<bool>(),
            missing in proptest::collection::vec(any::<bool>(), 30),
            most in 1_usize..6,
        ) {
            let ids: Vec<BaseId> = (0..bases.len() as u32).map(BaseId).collect();
            let of = |id: BaseId| bases[id.0 as usize];
            let describe = |id: BaseId| StepBase {
                platform: 0,
                variables: VariablesId::for_tests(0),
                bytes: of(id).0,
                layers: of(id).1,
            };
            let is_unnamed = |peers: PeersId| unnamed >> peers.0 & 1 == 1;
            let index = StepBases::new(&ids, describe, |id| PeersId(of(id).2), is_unnamed);
            let wanted = if named_only { Wanted::Named } else { Wanted::All };
            let may_be_group = |peers: PeersId| {
                left_out >> peers.0 & 1 == 0 && !(named_only && is_unnamed(peers))
            };
            let may_be = |id: BaseId| !missing[id.0 as usize];
            let mut plain: Vec<NearBase> = ids
                .iter()
                .copied()
                .filter(|&id| may_be_group(PeersId(of(id).2)) && may_be(id))
                .map(|id| (of(id).0.abs_diff(bytes), id))
                .collect();
            plain.sort_unstable();
            plain.truncate(most);
            for by_size in [true, false] {
                let mut near = Vec::new();
                for release in index.releases() {
                    if by_size {
                        release.nearest(bytes, most, wanted, may_be_group, may_be, &mut near);
                    } else {
                        let apart = |own: u64, _| own.abs_diff(bytes);
                        release.all(most, wanted, apart, may_be_group, may_be, &mut near);
                    }
                }
                near.sort_unstable();
                near.truncate(most);
                prop_assert_eq!(&near, &plain);
            }
        }
    }
}
