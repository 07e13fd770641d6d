//! Where every value lies: in one arena by lifetime, in the place of an operand that ends there,
//! or in the variable that it becomes.
use super::roles::{Role, Roles};
use super::schedule::Region;
use crate::memory::aligned;
use crate::steps::Loc;
use ferras_graph::Op;

/// Base numbers: the arena, the constants, then feeds and variables.
pub(crate) const ARENA: u32 = 0;
pub(crate) const CONSTANTS: u32 = 1;
pub(crate) const FEEDS: u32 = 2;

/// The memory plan.
#[derive(Debug)]
pub(crate) struct Layout {
    /// Place of each node that has memory.
    pub loc: Vec<Option<Loc>>,
    /// Memory that a unit needs for itself, by region and unit.
    pub temporary: Vec<Vec<Loc>>,
    /// Bytes of the arena.
    pub arena: usize,
    /// Constants and their offsets.
    pub constants: Vec<(usize, usize)>,
    pub constant_bytes: usize,
    /// New values that are copied to their variable at the end: (place, variable, bytes).
    pub commits: Vec<(Loc, usize, usize)>,
    /// Values in the arena: (first region, last region, offset, bytes, node). For tests.
    #[cfg(test)]
    pub spans: Vec<Span>,
}

#[cfg(test)]
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    pub first: usize,
    pub last: usize,
    pub offset: usize,
    pub bytes: usize,
    pub node: Option<usize>,
    /// The node whose place was taken over.
    pub over: Option<usize>,
}

/// Free memory of the arena: (offset, bytes), by offset, never adjacent.
#[derive(Debug, Default)]
struct Free {
    gaps: Vec<(usize, usize)>,
    end: usize,
}

impl Free {
    /// The smallest gap that fits, or new memory at the end.
    fn take(&mut self, bytes: usize) -> usize {
        let fits = self.gaps.iter().enumerate().filter(|(_, g)| g.1 >= bytes);
        if let Some((i, &(offset, room))) = fits.min_by_key(|(_, g)| g.1) {
            if room == bytes {
                self.gaps.remove(i);
            } else {
                self.gaps[i] = (offset + bytes, room - bytes);
            }
            return offset;
        }
        let offset = match self.gaps.last() {
            Some(&(offset, room)) if offset + room == self.end => {
                self.gaps.pop();
                offset
            }
            _ => self.end,
        };
        self.end = offset + bytes;
        offset
    }

    fn give(&mut self, offset: usize, bytes: usize) {
        let mut at = self.gaps.partition_point(|g| g.0 < offset);
        self.gaps.insert(at, (offset, bytes));
        if at > 0 && self.gaps[at - 1].0 + self.gaps[at - 1].1 == offset {
            self.gaps[at - 1].1 += bytes;
            self.gaps.remove(at);
            at -= 1;
        }
        if at + 1 < self.gaps.len() && self.gaps[at].0 + self.gaps[at].1 == self.gaps[at + 1].0 {
            self.gaps[at].1 += self.gaps[at + 1].1;
            self.gaps.remove(at + 1);
        }
    }
}

/// Who reads a node, and when last.
struct Lives {
    /// (region, unit) that makes the node.
    made: Vec<Option<(usize, usize)>>,
    /// (region, unit, reading node, direct).
    reads: Vec<Vec<(usize, usize, usize, bool)>>,
    /// Read after all steps, as a result.
    at_end: Vec<bool>,
    /// Becomes a variable's value.
    update: Vec<bool>,
    /// The last region that reads the node.
    last: Vec<usize>,
}

struct Planner<'a> {
    roles: &'a Roles,
    regions: &'a [Region],
    lives: Lives,
    layout: Layout,
    free: Free,
    /// Nodes that keep a variable's memory.
    stored: Vec<Option<u32>>,
}

/// Plans the memory of all regions; `temporary` are the bytes that each unit needs for itself.
pub(crate) fn plan(roles: &Roles, regions: &[Region], temporary: &[Vec<usize>]) -> Layout {
    let nodes = roles.graph.nodes.len();
    let layout = Layout {
        loc: vec![None; nodes],
        temporary: Vec::new(),
        arena: 0,
        constants: Vec::new(),
        constant_bytes: 0,
        commits: Vec::new(),
        #[cfg(test)]
        spans: Vec::new(),
    };
    let lives = lives(roles, regions);
    let stored = vec![None; nodes];
    let mut p = Planner { roles, regions, lives, layout, free: Free::default(), stored };
    p.place_arguments();
    p.place_updates();
    for (region, temporary) in temporary.iter().enumerate() {
        p.place_region(region, temporary);
    }
    p.layout.arena = p.free.end;
    p.commit();
    p.layout
}

fn lives(roles: &Roles, regions: &[Region]) -> Lives {
    let n = roles.graph.nodes.len();
    let mut lives = Lives {
        made: vec![None; n],
        reads: vec![Vec::new(); n],
        at_end: vec![false; n],
        update: vec![false; n],
        last: vec![0; n],
    };
    for (r, region) in regions.iter().enumerate() {
        for (u, unit) in region.iter().enumerate() {
            for &node in &unit.nodes {
                lives.made[node] = Some((r, u));
                for read in roles.reads(node) {
                    lives.reads[read.root].push((r, u, node, read.direct));
                }
            }
        }
    }
    for id in &roles.graph.fetches {
        lives.at_end[roles.place[id.index()].0] = true;
    }
    for id in roles.graph.states.iter().filter_map(|s| s.update) {
        lives.update[roles.place[id.index()].0] = true;
    }
    for i in 0..n {
        let end = lives.at_end[i] || lives.update[i];
        let last = lives.reads[i].iter().map(|r| r.0).max().unwrap_or(0);
        lives.last[i] = if end { usize::MAX } else { last };
    }
    lives
}

impl Planner<'_> {
    fn bytes(&self, node: usize) -> usize {
        self.roles.node(node).ty.bytes()
    }

    /// Feeds, variables, constants, and values without elements.
    fn place_arguments(&mut self) {
        let graph = &self.roles.graph;
        for (i, node) in graph.nodes.iter().enumerate() {
            if self.roles.role[i] == Role::Outside {
                self.layout.loc[i] = Some(Loc { base: ARENA, offset: 0 });
            }
            let used = !self.lives.reads[i].is_empty() || self.lives.at_end[i];
            if let (Op::Constant(_), true) = (&node.op, used) {
                let offset = self.layout.constant_bytes;
                self.layout.constants.push((i, offset));
                self.layout.constant_bytes += aligned(node.ty.bytes());
                self.layout.loc[i] = Some(Loc { base: CONSTANTS, offset });
            }
        }
        let states = FEEDS + graph.feeds.len() as u32;
        let feeds = graph.feeds.iter().map(|f| f.node).zip(FEEDS..);
        for (id, base) in feeds.chain(graph.states.iter().map(|s| s.node).zip(states..)) {
            self.layout.loc[id.index()] = Some(Loc { base, offset: 0 });
        }
    }

    /// New values made in the variable's own memory, where nobody needs the old one any more.
    fn place_updates(&mut self) {
        let states = FEEDS + self.roles.graph.feeds.len() as u32;
        for (base, state) in (states..).zip(&self.roles.graph.states) {
            let Some(update) = state.update else { continue };
            let (root, old) = (self.roles.place[update.index()].0, state.node.index());
            let Some((region, unit)) = self.lives.made[root] else { continue };
            let free = self.stored[root].is_none() && self.bytes(root) == self.bytes(old);
            if free && self.may_overwrite(old, root, region, unit) {
                self.stored[root] = Some(base);
                self.layout.loc[root] = Some(Loc { base, offset: 0 });
            }
        }
    }

    /// Whether `node`, made by that unit, may be written where `old` lies.
    fn may_overwrite(&self, old: usize, node: usize, region: usize, unit: usize) -> bool {
        let is_loop = self.regions[region][unit].is_loop;
        let folds = matches!(self.roles.node(node).op, Op::Reduce(..));
        let size = |i: usize| self.roles.node(i).ty.dtype.size();
        let alike = is_loop && !folds && size(old) == size(node);
        !self.lives.at_end[old]
            && self.lives.reads[old].iter().all(|&(r, u, reader, direct)| {
                // Earlier, or in the same pass element by element and not after the writing.
                r < region || (r == region && u == unit && direct && alike && reader <= node)
            })
    }

    /// Whether a value is read outside the loop that makes it.
    fn needs_memory(&self, node: usize, region: usize, unit: usize) -> bool {
        let reads = &self.lives.reads[node];
        self.lives.last[node] == usize::MAX
            || reads.iter().any(|&(r, u, ..)| (r, u) != (region, unit))
    }

    fn place_region(&mut self, region: usize, temporary: &[usize]) {
        let mut ending: Vec<(usize, usize)> = Vec::new();
        let mut taken = Vec::new();
        for (u, unit) in self.regions[region].iter().enumerate() {
            for &node in &unit.nodes {
                if self.layout.loc[node].is_none() && self.needs_memory(node, region, u) {
                    self.place_value(node, region, u, &mut taken);
                }
            }
        }
        let mut places = Vec::new();
        for &bytes in temporary {
            let bytes = aligned(bytes);
            let offset = if bytes == 0 { 0 } else { self.free.take(bytes) };
            if bytes > 0 {
                ending.push((offset, bytes));
                #[cfg(test)]
                self.layout.spans.push(Span {
                    first: region,
                    last: region,
                    offset,
                    bytes,
                    node: None,
                    over: None,
                });
            }
            places.push(Loc { base: ARENA, offset });
        }
        self.layout.temporary.push(places);
        // What is read here for the last time ends here, unless its place was taken over.
        for node in self.read_last_in(region) {
            match self.layout.loc[node] {
                Some(Loc { base: ARENA, offset })
                    if self.lives.made[node].is_some() && !taken.contains(&node) =>
                {
                    ending.push((offset, aligned(self.bytes(node))));
                }
                _ => {}
            }
        }
        ending.into_iter().for_each(|(offset, bytes)| self.free.give(offset, bytes));
    }

    fn place_value(&mut self, node: usize, region: usize, unit: usize, taken: &mut Vec<usize>) {
        let bytes = aligned(self.bytes(node));
        let mut reads = self.regions[region][unit].nodes.iter().take_while(|&&n| n <= node);
        let over = reads.find_map(|&n| {
            self.roles.reads(n).iter().map(|r| r.root).find(|&root| {
                let ends = self.lives.last[root] == region;
                let before = self.lives.made[root].is_some_and(|(r, _)| r < region);
                let arena = self.layout.loc[root].is_some_and(|l| l.base == ARENA);
                let same = self.bytes(root) == self.bytes(node) && !taken.contains(&root);
                ends && before && arena && same && self.may_overwrite(root, node, region, unit)
            })
        });
        let offset = match over.and_then(|root| self.layout.loc[root]) {
            Some(loc) => loc.offset,
            None => self.free.take(bytes),
        };
        taken.extend(over);
        #[cfg(test)]
        self.layout.spans.push(Span {
            first: region,
            last: self.lives.last[node].max(region),
            offset,
            bytes,
            node: Some(node),
            over,
        });
        self.layout.loc[node] = Some(Loc { base: ARENA, offset });
    }

    fn read_last_in(&self, region: usize) -> Vec<usize> {
        let mut list: Vec<usize> = Vec::new();
        for unit in &self.regions[region] {
            for &node in &unit.nodes {
                let roots = self.roles.reads(node).iter().map(|r| r.root);
                list.extend(roots.filter(|&r| self.lives.last[r] == region));
            }
        }
        list.sort_unstable();
        list.dedup();
        list
    }

    /// Copies for the new values that could not be made in place.
    fn commit(&mut self) {
        let states = FEEDS + self.roles.graph.feeds.len() as u32;
        for (i, state) in self.roles.graph.states.iter().enumerate() {
            let Some(update) = state.update else { continue };
            let root = self.roles.place[update.index()].0;
            let base = states + i as u32;
            let bytes = self.bytes(state.node.index());
            match self.layout.loc[root] {
                Some(loc) if loc.base != base && bytes > 0 => {
                    self.layout.commits.push((loc, i, bytes));
                }
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::simd::Level;
    use crate::plan::{legal, schedule};
    use ferras_graph::{Builder, DType, TensorType, Value, random};

    /// A random graph: rows, columns and matrices, combined, reduced, multiplied; some variables.
    fn graph(seed: i64) -> ferras_graph::Graph {
        let pick = |i: u64, n: usize| (random::uniform([seed, 1], 0, i) * n as f32) as usize;
        let b = Builder::new();
        let matrix = TensorType::new(DType::F32, [40, 40]);
        let states: Vec<Value> = (0..3).map(|i| b.state(format!("s{i}"), matrix.clone())).collect();
        let mut values = vec![b.feed("x", matrix.clone()), b.feed("y", matrix)];
        values.extend(states.iter().cloned());
        for i in 0..30 {
            let (a, c) =
                (&values[pick(3 * i, values.len())], &values[pick(3 * i + 1, values.len())]);
            values.push(match pick(3 * i + 2, 7) {
                0 => a.matmul(c),
                1 => a + c,
                2 => a * c - 0.5,
                3 => (a - a.sum(&[1], true)).tanh(),
                4 => a.max(&[0], true) + c,
                5 => a.transpose(&[1, 0]).sigmoid(),
                _ => (a.matmul(c) + c.sum(&[0], false)).relu(),
            });
        }
        let last = values.len() - 1;
        let updates: Vec<_> = states
            .iter()
            .enumerate()
            .map(|(i, s)| (s.clone(), values[last - pick(1000 + i as u64, 12)].clone()))
            .collect();
        b.finish(&[values[last].clone(), values[last - 3].clone()], &updates).unwrap()
    }

    #[test]
    fn no_two_values_that_live_at_once_share_memory() {
        for seed in 0..60 {
            let roles = Roles::new(legal::legalize(&graph(seed)), Level::detect());
            let regions = schedule::schedule(&roles);
            let temporary: Vec<Vec<usize>> =
                regions.iter().map(|r| r.iter().map(|u| u.nodes.len() * 100).collect()).collect();
            let layout = plan(&roles, &regions, &temporary);
            let spans = &layout.spans;
            for (i, a) in spans.iter().enumerate() {
                assert!(a.offset % 64 == 0 && a.offset + a.bytes <= layout.arena);
                for b in &spans[..i] {
                    let at_once = a.first <= b.last && b.first <= a.last;
                    let apart = a.offset + a.bytes <= b.offset || b.offset + b.bytes <= a.offset;
                    // In place: the old value ends in the loop that makes the new one.
                    let handed_over = a.over.is_some() && a.over == b.node && b.last == a.first;
                    assert!(!at_once || apart || handed_over, "seed {seed}: {a:?} and {b:?}");
                }
            }
        }
    }
}
