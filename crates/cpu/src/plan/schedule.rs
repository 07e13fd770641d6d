//! The order of work, and which instructions share a loop.
//!
//! Work is ordered from the end: a node is *ready* when all that reads it has its place, and is
//! then put before it. So values are made as late as possible. Steps of their own go first; when
//! only loop instructions are ready, a loop is opened and takes in all that is ready and fits, with
//! what becomes ready by that. The order found can have no cycle, whatever was fused.
use super::roles::{Role, Roles};
use crate::fused::FoldShape;
use ferras_graph::Op;
use std::collections::BTreeMap;

/// Loops up to this many elements take in whatever is ready; longer ones what shares their data.
const SMALL: usize = 4096;
/// Most instructions of a loop.
const MOST: usize = 64;

/// A step to be: nodes in the order of their ids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unit {
    pub nodes: Vec<usize>,
    /// Whether it is a fused loop.
    pub is_loop: bool,
    /// How the loop's reductions see its space.
    pub fold: Option<FoldShape>,
}

/// Units that do not need each other, to be run side by side.
pub(crate) type Region = Vec<Unit>;

struct Scheduler<'a> {
    roles: &'a Roles,
    /// (reader, direct) of each node.
    readers: Vec<Vec<(usize, bool)>>,
    pending: Vec<usize>,
    heavy: Vec<usize>,
    /// Ready instructions by the size of their space.
    loops: BTreeMap<usize, Vec<usize>>,
    /// The number of the unit that a node is in, from the end.
    unit: Vec<usize>,
}

/// The order of all work that results and variables need.
pub(crate) fn schedule(roles: &Roles) -> Vec<Region> {
    let mut s = Scheduler::new(roles);
    let mut units = Vec::new();
    loop {
        let number = units.len();
        if let Some(node) = s.heavy.pop() {
            s.take(node, number);
            let nodes = s.with_results(node, number);
            units.push(Unit { nodes, is_loop: false, fold: None });
        } else if let Some(size) = s.next_space() {
            units.push(s.open_loop(size, number));
        } else {
            break;
        }
    }
    units.reverse();
    side_by_side(units, roles)
}

impl<'a> Scheduler<'a> {
    fn new(roles: &'a Roles) -> Scheduler<'a> {
        let n = roles.graph.nodes.len();
        let mut s = Scheduler {
            roles,
            readers: vec![Vec::new(); n],
            pending: vec![0; n],
            heavy: Vec::new(),
            loops: BTreeMap::new(),
            unit: vec![usize::MAX; n],
        };
        let live = live(roles);
        for i in (0..n).filter(|&i| live[i]) {
            for read in roles.reads(i) {
                s.readers[read.root].push((i, read.direct));
                s.pending[read.root] += 1;
            }
        }
        let read_by_none: Vec<usize> = (0..n).filter(|&i| live[i] && s.pending[i] == 0).collect();
        read_by_none.into_iter().for_each(|i| s.ready(i));
        s
    }

    fn ready(&mut self, i: usize) {
        match self.roles.role[i] {
            Role::Heavy => self.heavy.push(i),
            Role::Loop => self.loops.entry(space(self.roles, i)).or_default().push(i),
            // The step that makes it is ready when all its results are.
            Role::Result => self.release(i),
            Role::Outside | Role::View | Role::Absorbed => {}
        }
    }

    /// A node with its results that are read.
    fn with_results(&mut self, node: usize, unit: usize) -> Vec<usize> {
        let readers = self.readers[node].iter().map(|(i, _)| *i);
        let results = readers.filter(|&i| self.roles.role[i] == Role::Result);
        let nodes: Vec<usize> = std::iter::once(node).chain(results).collect();
        nodes.iter().for_each(|&i| self.unit[i] = unit);
        nodes
    }

    /// Puts a node into a unit; what only it still waited for becomes ready.
    fn take(&mut self, i: usize, unit: usize) {
        self.unit[i] = unit;
        self.release(i);
    }

    fn release(&mut self, i: usize) {
        for read in self.roles.reads(i) {
            let root = read.root;
            self.pending[root] -= 1;
            if self.pending[root] == 0 {
                self.ready(root);
            }
        }
    }

    /// The space of the loop to open next: the largest in which something need not wait.
    fn next_space(&self) -> Option<usize> {
        let mut spaces = self.loops.iter().rev();
        let free = spaces.find(|(_, ready)| ready.iter().any(|&i| !self.waits(i)));
        free.or(self.loops.last_key_value()).map(|(&size, _)| size)
    }

    /// Whether an instruction can hope to share the loop of one of its operands: that one becomes
    /// ready once other readers, not yet ready themselves, have their place.
    fn waits(&self, i: usize) -> bool {
        self.roles.reads(i).iter().any(|read| {
            let root = read.root;
            let open = self.roles.role[root] == Role::Loop && self.unit[root] == usize::MAX;
            let blocked = |r: usize| self.unit[r] == usize::MAX && self.pending[r] > 0;
            open && read.direct
                && fold_shape(self.roles, root).is_none()
                && self.readers[root].iter().any(|&(r, _)| blocked(r))
        })
    }

    fn open_loop(&mut self, size: usize, number: usize) -> Unit {
        let mut unit = Unit { nodes: Vec::new(), is_loop: true, fold: None };
        while unit.nodes.len() < MOST {
            let Some(ready) = self.loops.get(&size) else { break };
            let at = match unit.nodes.is_empty() {
                true => ready.iter().position(|&i| !self.waits(i)).or(Some(0)),
                false => ready.iter().position(|&i| self.joins(i, &unit, number)),
            };
            let Some(at) = at else { break };
            let node = self.loops.get_mut(&size).map(|list| list.swap_remove(at));
            if self.loops.get(&size).is_some_and(Vec::is_empty) {
                self.loops.remove(&size);
            }
            let Some(node) = node else { break };
            unit.fold = unit.fold.or(fold_shape(self.roles, node));
            unit.nodes.push(node);
            self.take(node, number);
        }
        unit.nodes.sort_unstable();
        unit
    }

    /// Whether a ready node of the same space can be in this loop.
    fn joins(&self, i: usize, unit: &Unit, number: usize) -> bool {
        let fold = fold_shape(self.roles, i);
        if fold.is_some() && unit.fold.is_some() && fold != unit.fold {
            return false;
        }
        let mut inside = self.readers[i].iter().filter(|(r, _)| self.unit[*r] == number).peekable();
        let read_inside = inside.peek().is_some();
        // What a reduction or a view makes of a value is known only after the loop.
        if inside.any(|&(_, direct)| !direct || fold.is_some()) {
            return false;
        }
        let small = space(self.roles, i) <= SMALL;
        read_inside || small || (!self.waits(i) && self.shares_data(i, unit))
    }

    /// Whether the loop reads memory that the node, or what would follow it into the loop, reads.
    fn shares_data(&self, i: usize, unit: &Unit) -> bool {
        let mut own = Vec::new();
        self.collect_data(i, &mut own, &mut 0);
        unit.nodes
            .iter()
            .any(|&n| self.roles.reads(n).iter().any(|r| r.direct && own.contains(&r.root)))
    }

    /// The values that a node and the instructions before it read element by element.
    fn collect_data(&self, i: usize, found: &mut Vec<usize>, looked: &mut usize) {
        *looked += 1;
        for read in self.roles.reads(i).iter().filter(|r| r.direct) {
            let root = read.root;
            let open = self.roles.role[root] == Role::Loop && self.unit[root] == usize::MAX;
            if !open || fold_shape(self.roles, root).is_some() {
                found.push(root);
            } else if *looked < 32 {
                self.collect_data(root, found, looked);
            }
        }
    }
}

/// Nodes that work must be done for.
fn live(roles: &Roles) -> Vec<bool> {
    let n = roles.graph.nodes.len();
    let mut live = vec![false; n];
    let mut stack: Vec<usize> = roles.graph.roots().map(|id| roles.place[id.index()].0).collect();
    while let Some(i) = stack.pop() {
        if live[i] || !matches!(roles.role[i], Role::Loop | Role::Heavy | Role::Result) {
            continue;
        }
        live[i] = true;
        stack.extend(roles.reads(i).iter().map(|r| r.root));
    }
    live
}

/// Elements that the loop of a node runs over.
pub(crate) fn space(roles: &Roles, i: usize) -> usize {
    match roles.node(i).op {
        Op::Reduce(..) if roles.source[i].is_none() => {
            roles.elements(roles.node(i).inputs[0].index())
        }
        _ => roles.elements(i),
    }
}

/// How a reduction sees its space: what is left of the axes, the axes, and what is right of them.
pub(crate) fn fold_shape(roles: &Roles, i: usize) -> Option<FoldShape> {
    let node = roles.node(i);
    let Op::Reduce(_, axes) = &node.op else { return None };
    if roles.source[i].is_some() {
        return None;
    }
    let shape = &roles.node(node.inputs[0].index()).ty.shape;
    let (first, last) = (*axes.first()?, *axes.last()?);
    let over = |range: std::ops::Range<usize>| shape[range].iter().product::<usize>();
    Some(FoldShape::new(over(0..first), over(first..last + 1), over(last + 1..shape.rank())))
}

/// Groups neighbouring units of which none reads another.
fn side_by_side(units: Vec<Unit>, roles: &Roles) -> Vec<Region> {
    let mut made_in = vec![usize::MAX; roles.graph.nodes.len()];
    let mut regions: Vec<Region> = Vec::new();
    for unit in units {
        let now = regions.len().wrapping_sub(1);
        let mut roots = unit.nodes.iter().flat_map(|&n| roles.reads(n).iter().map(|r| r.root));
        let needs = roots.any(|root| made_in[root] == now && !unit.nodes.contains(&root));
        if regions.is_empty() || needs {
            regions.push(Vec::new());
        }
        let number = regions.len() - 1;
        unit.nodes.iter().for_each(|&n| made_in[n] = number);
        if let Some(region) = regions.last_mut() {
            region.push(unit);
        }
    }
    regions
}
