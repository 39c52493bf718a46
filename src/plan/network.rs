//! A maximum flow, by the push-relabel method (Goldberg and Tarjan, 1988): highest label first, with exact labels from a
//! breadth-first search every now and then. Only its first half is needed: a cut does not depend on what flows back to the
//! source. Arcs are not stored: a reference of a group is an arc, which has unlimited capacity in one direction, and in the
//! other what flows through it.

use super::graph::Part;
use super::groups::Groups;

/// An exact amount of flow.
pub(super) trait Amount: Copy + Ord + std::ops::AddAssign + std::ops::SubAssign {
    const ZERO: Self;
    fn new(value: i128) -> Self;
}

impl Amount for i128 {
    const ZERO: Self = 0;
    fn new(value: i128) -> Self {
        value
    }
}

/// Half the memory where all amounts are small enough.
impl Amount for i64 {
    const ZERO: Self = 0;
    fn new(value: i128) -> Self {
        value as Self
    }
}

/// Nodes are numbered: repositories, then the groups that supply, then the groups that take. Arcs are numbered: the
/// references of the groups that supply, then those of the groups that take.
pub(super) struct Network<'a, T> {
    supplying: &'a Groups,
    taking: &'a Groups,
    repositories: usize,
    /// The number of the first group that takes.
    first_taking: usize,
    /// The number of the first arc to a group that takes.
    first_taking_arc: usize,
    /// Where the arcs of each repository begin in `arcs`.
    starts: Vec<u32>,
    arcs: Vec<u32>,
    /// The node of the group of each arc.
    group_of: Vec<u32>,
    /// What flows through each arc.
    flow: Vec<T>,
    /// What has reached a node and not yet left it.
    excess: Vec<T>,
    /// What a node can still give to the sink.
    to_sink: Vec<T>,
    /// The distance to the sink, or less.
    labels: Vec<u32>,
    /// The next arc to try.
    current: Vec<u32>,
    /// Nodes with excess by label.
    active: Vec<Vec<u32>>,
    highest: usize,
    /// How many nodes have each label.
    with_label: Vec<u32>,
    work: usize,
    queue: Vec<u32>,
}

/// The label of nodes that cannot reach the sink.
const UNREACHABLE: u32 = u32::MAX;

impl<'a, T: Amount> Network<'a, T> {
    /// The network of a part. `losses` are what its repositories would lose by switching, or gain where they are negative; the
    /// bytes of groups are multiplied by `scale`.
    pub(super) fn new(part: &'a Part, losses: &[i128], scale: i128) -> Self {
        let (supplying, taking) = (&part.added, &part.freed);
        let repositories = losses.len();
        let first_taking = repositories + supplying.len();
        let nodes = first_taking + taking.len();
        let first_taking_arc = supplying.references();
        let arcs = first_taking_arc + taking.references();

        let mut group_of = Vec::with_capacity(arcs);
        for group in 0..supplying.len() {
            group_of.extend(
                supplying
                    .members(group)
                    .iter()
                    .map(|_| (repositories + group) as u32),
            );
        }
        for group in 0..taking.len() {
            group_of.extend(
                taking
                    .members(group)
                    .iter()
                    .map(|_| (first_taking + group) as u32),
            );
        }
        let repository_of = |arc: usize| match arc.checked_sub(first_taking_arc) {
            None => supplying.member(arc),
            Some(arc) => taking.member(arc),
        };
        let mut starts = vec![0_u32; repositories + 1];
        for arc in 0..arcs {
            starts[repository_of(arc) as usize + 1] += 1;
        }
        for index in 0..repositories {
            starts[index + 1] += starts[index];
        }
        let mut next = starts.clone();
        let mut by_repository = vec![0_u32; arcs];
        for arc in 0..arcs {
            let place = &mut next[repository_of(arc) as usize];
            by_repository[*place as usize] = arc as u32;
            *place += 1;
        }

        let scaled = |groups: &'a Groups| groups.bytes.iter().map(move |bytes| T::new(bytes * scale));
        let none = |count| std::iter::repeat_n(T::ZERO, count);
        let supplied = losses.iter().map(|&loss| T::new(loss.max(0)));
        let supplied = supplied.chain(scaled(supplying)).chain(none(taking.len()));
        let taken = losses.iter().map(|&loss| T::new((-loss).max(0)));
        let taken = taken.chain(none(supplying.len())).chain(scaled(taking));
        Self {
            supplying,
            taking,
            repositories,
            first_taking,
            first_taking_arc,
            starts,
            arcs: by_repository,
            group_of,
            flow: vec![T::ZERO; arcs],
            excess: supplied.collect(),
            to_sink: taken.collect(),
            labels: vec![UNREACHABLE; nodes],
            current: vec![0; nodes],
            active: Vec::new(),
            highest: 0,
            with_label: Vec::new(),
            work: 0,
            queue: Vec::with_capacity(nodes),
        }
    }

    /// Finds a maximum flow into the sink, and returns which repositories cannot reach the sink any more.
    pub(super) fn source_side(mut self) -> Vec<bool> {
        self.saturate();
        let size = self.labels.len() * 4 + self.flow.len();
        self.relabel_all();
        while let Some(node) = self.next_active() {
            self.discharge(node);
            if self.work > size {
                self.relabel_all();
            }
        }
        self.relabel_all();
        self.labels[..self.repositories]
            .iter()
            .map(|&label| label == UNREACHABLE)
            .collect()
    }

    /// Pushes along the shortest paths first: from groups to repositories that take it, and from repositories to groups. Most
    /// of the flow needs no more than that.
    fn saturate(&mut self) {
        for node in self.repositories..self.first_taking {
            let (first, members) = self.references(node);
            for (arc, &repository) in (first..).zip(members) {
                let repository = repository as usize;
                let amount = self.excess[node].min(self.to_sink[repository]);
                self.flow[arc] += amount;
                self.excess[node] -= amount;
                self.to_sink[repository] -= amount;
            }
        }
        for repository in 0..self.repositories {
            for at in self.starts[repository]..self.starts[repository + 1] {
                let arc = self.arcs[at as usize] as usize;
                if arc >= self.first_taking_arc {
                    let group = self.group_of[arc] as usize;
                    let amount = self.excess[repository].min(self.to_sink[group]);
                    self.flow[arc] += amount;
                    self.excess[repository] -= amount;
                    self.to_sink[group] -= amount;
                }
            }
        }
    }

    /// The number of a group's first reference, and the repositories of all of them.
    fn references(&self, node: usize) -> (usize, &'a [u32]) {
        let (supplying, taking) = (self.supplying, self.taking);
        match node.checked_sub(self.first_taking) {
            None => {
                let group = node - self.repositories;
                (supplying.range(group).start, supplying.members(group))
            }
            Some(group) => (
                self.first_taking_arc + taking.range(group).start,
                taking.members(group),
            ),
        }
    }

    /// Sets each label to the distance from the sink.
    fn relabel_all(&mut self) {
        self.work = 0;
        self.labels.fill(UNREACHABLE);
        self.current.fill(0);
        self.with_label.clear();
        self.active.iter_mut().for_each(Vec::clear);
        self.highest = 0;
        let mut queue = std::mem::take(&mut self.queue);
        queue.clear();
        for node in 0..self.labels.len() {
            if self.to_sink[node] > T::ZERO {
                self.labels[node] = 1;
                queue.push(node as u32);
            }
        }
        let mut next = 0;
        while next < queue.len() {
            let node = queue[next] as usize;
            next += 1;
            let label = self.labels[node];
            self.count(label);
            if self.excess[node] > T::ZERO {
                self.activate(node);
            }
            let mut reach = |labels: &mut [u32], other: usize| {
                if labels[other] == UNREACHABLE {
                    labels[other] = label + 1;
                    queue.push(other as u32);
                }
            };
            if node < self.repositories {
                for at in self.starts[node]..self.starts[node + 1] {
                    let arc = self.arcs[at as usize] as usize;
                    // A group that supplies can always push more, one that takes can give back what it got.
                    if arc < self.first_taking_arc || self.flow[arc] > T::ZERO {
                        reach(&mut self.labels, self.group_of[arc] as usize);
                    }
                }
            } else {
                let (first, members) = self.references(node);
                for (arc, &repository) in (first..).zip(members) {
                    if node >= self.first_taking || self.flow[arc] > T::ZERO {
                        reach(&mut self.labels, repository as usize);
                    }
                }
            }
        }
        self.queue = queue;
    }

    /// Counts a node with this label.
    fn count(&mut self, label: u32) {
        let label = label as usize;
        if label >= self.with_label.len() {
            self.with_label.resize(label + 1, 0);
        }
        self.with_label[label] += 1;
    }

    fn activate(&mut self, node: usize) {
        let label = self.labels[node] as usize;
        if label >= self.active.len() {
            self.active.resize_with(label + 1, Vec::new);
        }
        self.active[label].push(node as u32);
        self.highest = self.highest.max(label);
    }

    /// A node with excess, of those with the highest label.
    fn next_active(&mut self) -> Option<usize> {
        loop {
            let bucket = self.active.get_mut(self.highest)?;
            match bucket.pop() {
                // A node that was found to be unreachable stays in its bucket.
                Some(node) if self.labels[node as usize] == self.highest as u32 => {
                    return Some(node as usize);
                }
                Some(_) => {}
                None if self.highest == 0 => return None,
                None => self.highest -= 1,
            }
        }
    }

    /// Pushes a node's excess on until it has none, or until the sink is out of its reach.
    fn discharge(&mut self, node: usize) {
        while self.excess[node] > T::ZERO {
            if self.to_sink[node] > T::ZERO {
                let amount = self.excess[node].min(self.to_sink[node]);
                self.excess[node] -= amount;
                self.to_sink[node] -= amount;
                continue;
            }
            let is_done = if node < self.repositories {
                self.push_from_repository(node)
            } else {
                self.push_from_group(node)
            };
            if !is_done && !self.relabel(node) {
                return;
            }
        }
    }

    /// Whether all excess could be pushed.
    fn push_from_repository(&mut self, node: usize) -> bool {
        let label = self.labels[node];
        let arcs = self.starts[node]..self.starts[node + 1];
        for at in arcs.start + self.current[node]..arcs.end {
            let arc = self.arcs[at as usize] as usize;
            let group = self.group_of[arc] as usize;
            if self.labels[group].checked_add(1) != Some(label) {
                continue;
            }
            let mut amount = self.excess[node];
            if arc >= self.first_taking_arc {
                self.flow[arc] += amount;
            } else {
                amount = amount.min(self.flow[arc]);
                self.flow[arc] -= amount;
            }
            self.hand_over(node, group, amount);
            if self.excess[node] == T::ZERO {
                self.current[node] = at - arcs.start;
                return true;
            }
        }
        false
    }

    /// Whether all excess could be pushed.
    fn push_from_group(&mut self, node: usize) -> bool {
        let label = self.labels[node];
        let (first, members) = self.references(node);
        let start = self.current[node] as usize;
        for (index, &repository) in members.iter().enumerate().skip(start) {
            let repository = repository as usize;
            if self.labels[repository].checked_add(1) != Some(label) {
                continue;
            }
            let arc = first + index;
            let mut amount = self.excess[node];
            if node < self.first_taking {
                self.flow[arc] += amount;
            } else {
                amount = amount.min(self.flow[arc]);
                self.flow[arc] -= amount;
            }
            self.hand_over(node, repository, amount);
            if self.excess[node] == T::ZERO {
                self.current[node] = index as u32;
                return true;
            }
        }
        false
    }

    fn hand_over(&mut self, from: usize, to: usize, amount: T) {
        if amount > T::ZERO {
            if self.excess[to] == T::ZERO {
                self.activate(to);
            }
            self.excess[from] -= amount;
            self.excess[to] += amount;
        }
    }

    /// Raises a node's label so that it can push again. Whether it can still reach the sink.
    fn relabel(&mut self, node: usize) -> bool {
        let mut least = UNREACHABLE;
        if node < self.repositories {
            let arcs = self.starts[node]..self.starts[node + 1];
            self.work += arcs.len() + 12;
            for at in arcs {
                let arc = self.arcs[at as usize] as usize;
                if arc >= self.first_taking_arc || self.flow[arc] > T::ZERO {
                    least = least.min(self.labels[self.group_of[arc] as usize]);
                }
            }
        } else {
            let (first, members) = self.references(node);
            self.work += members.len() + 12;
            for (arc, &repository) in (first..).zip(members) {
                if node < self.first_taking || self.flow[arc] > T::ZERO {
                    least = least.min(self.labels[repository as usize]);
                }
            }
        }
        let old = self.labels[node];
        self.with_label[old as usize] -= 1;
        self.current[node] = 0;
        if self.with_label[old as usize] == 0 {
            // No node is left at this distance, so none that is farther away can reach the sink.
            self.forget_above(old);
            self.labels[node] = UNREACHABLE;
            return false;
        }
        let Some(label) = least.checked_add(1) else {
            self.labels[node] = UNREACHABLE;
            return false;
        };
        self.labels[node] = label;
        self.count(label);
        true
    }

    fn forget_above(&mut self, label: u32) {
        self.work += self.labels.len();
        for other in &mut self.labels {
            if *other > label {
                *other = UNREACHABLE;
            }
        }
        self.with_label.truncate(label as usize + 1);
    }
}
