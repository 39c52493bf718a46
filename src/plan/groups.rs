use std::collections::HashMap;

use foldhash::fast::RandomState;

/// Weights that depend on several repositories together, each with the sorted places of its repositories.
///
/// All lists are in one array, so that millions of references take four bytes each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Groups {
    /// The bytes of each group.
    pub(super) bytes: Vec<i128>,
    /// Where the list of each group begins in `members`, and where the last one ends.
    starts: Vec<usize>,
    members: Vec<u32>,
}

impl Default for Groups {
    fn default() -> Self {
        Self {
            bytes: Vec::new(),
            starts: vec![0],
            members: Vec::new(),
        }
    }
}

impl Groups {
    /// Adds a group.
    pub(super) fn push(&mut self, bytes: i128, members: impl IntoIterator<Item = u32>) {
        self.bytes.push(bytes);
        self.members.extend(members);
        self.starts.push(self.members.len());
    }

    /// How many groups there are.
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// How many references all groups have together.
    pub(super) fn references(&self) -> usize {
        self.members.len()
    }

    /// The repositories of a group.
    pub(super) fn members(&self, group: usize) -> &[u32] {
        &self.members[self.range(group)]
    }

    /// The numbers of a group's references: they count through all groups.
    pub(super) fn range(&self, group: usize) -> std::ops::Range<usize> {
        self.starts[group]..self.starts[group + 1]
    }

    /// The repository of a reference.
    pub(super) fn member(&self, reference: usize) -> u32 {
        self.members[reference]
    }

    /// Each group with its bytes.
    pub(super) fn iter(&self) -> impl Iterator<Item = (i128, &[u32])> {
        self.bytes
            .iter()
            .enumerate()
            .map(|(group, &bytes)| (bytes, self.members(group)))
    }

    /// The same with groups of equal repositories as one. Groups of a single repository are given to `alone` instead.
    pub(super) fn merged(self, mut alone: impl FnMut(u32, i128)) -> Self {
        let mut merged = Self::default();
        let mut known: HashMap<&[u32], usize, RandomState> = HashMap::default();
        let mut bytes: Vec<i128> = Vec::new();
        for (weight, members) in self.iter() {
            match *members {
                [] => {}
                [only] => alone(only, weight),
                _ => {
                    let next = bytes.len();
                    let group = *known.entry(members).or_insert(next);
                    if group == next {
                        bytes.push(weight);
                        merged.members.extend_from_slice(members);
                        merged.starts.push(merged.members.len());
                    } else {
                        bytes[group] += weight;
                    }
                }
            }
        }
        merged.bytes = bytes;
        merged
    }
}
