//! The gradient of a loop is a loop, from the last step to the first, over values that the forward
//! loop keeps of each step.
//!
//! The body is differentiated as any graph. What its backward part reads of the forward part is read
//! again from a sequence, made again where that costs little, or kept by the forward loop, which
//! gets more outputs for that. Gradients by what is the same in every step are sums over the steps,
//! taken behind the loop where they are products: see `sums`.
use super::sums::{Planner, Sum, is_zero};
use super::{gradients_with, reached};
use crate::builder::ScanParts;
use crate::ir::{Binary, Graph, Node, NodeId, Op, Scan, Unary};
use crate::{Builder, TensorType, Value};
use std::collections::BTreeMap;
use std::panic::Location;
use std::sync::Arc;

/// The gradients by a loop's operands, with the operands' numbers. `needed` says by which of them,
/// `dys` are the gradients by the results.
pub(super) fn gradients(
    builder: &Builder,
    id: NodeId,
    node: &Node,
    scan: &Arc<Scan>,
    needed: &[bool],
    dys: Vec<Option<Value>>,
) -> Vec<(usize, Value)> {
    let active = active(scan, needed);
    let Some(mut d) = Differentiated::new(builder, node, scan, active, dys) else {
        return Vec::new();
    };
    d.plan_sums();
    d.plan_forward();
    d.extend_forward(id);
    d.backward()
}

/// By which arguments of the body a gradient is taken: by those that are asked for, and by carries
/// that depend on them.
fn active(scan: &Scan, needed: &[bool]) -> Vec<bool> {
    let body = &scan.body;
    let is_float = |i: usize| body.node(body.feeds[i].node).ty.dtype.is_float();
    let mut active: Vec<bool> = (0..body.feeds.len()).map(|i| needed[i] && is_float(i)).collect();
    loop {
        let reached = reached_from(scan, &active);
        let more = |&i: &usize| !active[i] && reached[body.fetches[i].index()];
        match (0..scan.carries).find(more) {
            Some(i) => active[i] = true,
            None => return active,
        }
    }
}

fn reached_from(scan: &Scan, active: &[bool]) -> Vec<bool> {
    let body = &scan.body;
    let mut wanted = vec![false; body.nodes.len()];
    for (feed, &active) in body.feeds.iter().zip(active) {
        wanted[feed.node.index()] |= active;
    }
    reached(&body.nodes, &scan.stopped, wanted)
}

/// How the backward loop gets at a value of the forward body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    /// An operand that is the same in every step.
    Fixed(usize),
    /// A sequence that the forward loop walks over.
    Sequence(usize),
    /// Made again.
    Again,
    /// Kept by the forward loop.
    Kept,
}

/// A body with the ops of its gradient behind its own.
struct Differentiated<'a> {
    builder: &'a Builder,
    node: &'a Node,
    scan: &'a Arc<Scan>,
    /// The forward body, whose nodes keep their numbers, and its gradient.
    nodes: Vec<Node>,
    /// The arguments that stand for gradients by the next carries, and by outputs (with all steps).
    d_next: Vec<(usize, NodeId)>,
    d_outputs: Vec<(Value, NodeId)>,
    /// The first values of the former.
    d_last: Vec<Value>,
    /// The gradient by each active argument.
    gradients: Vec<(usize, NodeId)>,
    sums: Vec<(usize, Sum)>,
    sources: BTreeMap<NodeId, Source>,
    /// What the forward loop keeps, with all steps.
    kept: BTreeMap<NodeId, Value>,
}

impl<'a> Differentiated<'a> {
    /// None where no result leads to an operand.
    fn new(
        builder: &'a Builder,
        node: &'a Node,
        scan: &'a Arc<Scan>,
        active: Vec<bool>,
        dys: Vec<Option<Value>>,
    ) -> Option<Differentiated<'a>> {
        let reached = reached_from(scan, &active);
        let scratch = builder.body();
        scratch.copy_nodes(&scan.body.nodes, &scan.stopped);
        let body = &scan.body;
        let at = node.at;
        let (mut outputs, mut seeds) = (Vec::new(), Vec::new());
        let (mut d_next, mut d_outputs, mut d_last) = (Vec::new(), Vec::new(), Vec::new());
        for (i, fetch) in body.fetches.iter().enumerate() {
            let ty = body.node(*fetch).ty.clone();
            let dy = dys.get(i).cloned().flatten();
            let carried = i < scan.carries && active[i];
            if !carried && (dy.is_none() || i < scan.carries || !reached[fetch.index()]) {
                continue;
            }
            let seed = scratch.argument(ty.clone(), at);
            let place = seed.id()?;
            if carried {
                d_next.push((i, place));
                d_last.push(dy.unwrap_or_else(|| builder.full(ty.dtype, ty.shape, 0.0)));
            } else if let Some(dy) = dy {
                d_outputs.push((dy, place));
            }
            outputs.push(scratch.value(*fetch));
            seeds.push(seed);
        }
        let wanted: Vec<usize> = (0..active.len()).filter(|&i| active[i]).collect();
        let wrt: Vec<Value> = wanted.iter().map(|&i| scratch.value(body.feeds[i].node)).collect();
        if outputs.is_empty() || wrt.is_empty() {
            return None;
        }
        let gradients = gradients_with(&outputs, &seeds, &wrt);
        if let Some(error) = scratch.first_error() {
            builder.keep_error(error);
            return None;
        }
        let nodes = scratch.nodes(|nodes, _| nodes.to_vec());
        // No share is as good as one of zeros, but a carry's goes round.
        let pairs = wanted.into_iter().zip(gradients.iter().filter_map(Value::id));
        let counts = |(i, id): &(usize, NodeId)| *i < scan.carries || !is_zero(&nodes, *id);
        let gradients = pairs.filter(counts).collect();
        let (sums, sources, kept) = (Vec::new(), BTreeMap::new(), BTreeMap::new());
        Some(Differentiated {
            builder,
            node,
            scan,
            nodes,
            d_next,
            d_outputs,
            d_last,
            gradients,
            sums,
            sources,
            kept,
        })
    }

    /// Whether a node is of the forward body; results of loops in it that the gradient added are.
    fn is_forward(&self, id: NodeId) -> bool {
        let own = self.scan.body.nodes.len();
        let node = &self.nodes[id.index()];
        let added = matches!(node.op, Op::ScanResult { .. });
        id.index() < own || added && node.inputs.iter().all(|id| id.index() < own)
    }

    /// The argument of the body that a node is.
    fn argument(&self, id: NodeId) -> Option<usize> {
        self.scan.body.feeds.iter().position(|f| f.node == id)
    }

    fn first_fixed(&self) -> usize {
        self.scan.carries + self.scan.sequences
    }

    /// Whether each node changes from step to step.
    fn varies(&self) -> Vec<bool> {
        let mut varies = vec![false; self.nodes.len()];
        for (i, node) in self.nodes.iter().enumerate() {
            varies[i] = match node.op {
                Op::Feed => self.argument(NodeId(i as u32)).is_none_or(|k| k < self.first_fixed()),
                _ => node.inputs.iter().any(|id| varies[id.index()]),
            };
        }
        varies
    }

    /// Plans the sums over all steps of the gradients by what is the same in every step. Products
    /// come first: what they take from all steps others may take too.
    fn plan_sums(&mut self) {
        let varies = self.varies();
        let planner = Planner { nodes: &self.nodes, varies: &varies };
        let fixed = || self.gradients.iter().filter(|(i, _)| *i >= self.first_fixed());
        let mut leaves = Vec::new();
        for sum in fixed().filter_map(|(_, id)| planner.product(*id)) {
            sum.leaves(&mut leaves);
        }
        self.sums = fixed().map(|&(i, id)| (i, planner.plan(id, &leaves))).collect();
    }

    /// The gradients by carries, by sequences.
    fn carried(&self) -> impl Iterator<Item = &(usize, NodeId)> {
        self.gradients.iter().filter(|(i, _)| *i < self.scan.carries)
    }

    fn walked(&self) -> impl Iterator<Item = &(usize, NodeId)> {
        let range = self.scan.carries..self.first_fixed();
        self.gradients.iter().filter(move |(i, _)| range.contains(i))
    }

    /// What is needed of all steps: the gradients by sequences, what sums are made of.
    fn outputs(&self) -> Vec<NodeId> {
        let mut outputs: Vec<NodeId> = self.walked().map(|(_, id)| *id).collect();
        self.sums.iter().for_each(|(_, sum)| sum.leaves(&mut outputs));
        outputs.sort_unstable();
        outputs.dedup();
        outputs
    }

    /// Finds the values of the forward body that are needed, and where they come from.
    fn plan_forward(&mut self) {
        let mut needed = vec![false; self.nodes.len()];
        let roots = self.outputs();
        roots
            .iter()
            .chain(self.carried().map(|(_, id)| id))
            .for_each(|id| needed[id.index()] = true);
        for i in (0..self.nodes.len()).rev() {
            if needed[i] && !self.is_forward(NodeId(i as u32)) {
                self.nodes[i].inputs.iter().for_each(|id| needed[id.index()] = true);
            }
        }
        for i in (0..self.nodes.len()).filter(|&i| needed[i]) {
            if self.is_forward(NodeId(i as u32)) {
                self.find(NodeId(i as u32));
            }
        }
    }

    fn find(&mut self, id: NodeId) {
        if self.sources.contains_key(&id) {
            return;
        }
        let source = self.source(id);
        self.sources.insert(id, source);
        if source == Source::Again {
            self.nodes[id.index()].inputs.clone().into_iter().for_each(|id| self.find(id));
        }
    }

    fn source(&self, id: NodeId) -> Source {
        if let Some(i) = self.argument(id) {
            return match i {
                _ if i < self.scan.carries => Source::Kept,
                _ if i < self.first_fixed() => Source::Sequence(i),
                _ => Source::Fixed(i),
            };
        }
        let node = &self.nodes[id.index()];
        let again = match &node.op {
            Op::Constant(_) | Op::Iota { .. } | Op::Broadcast(_) | Op::Reshape(_) => true,
            // Not worth their memory where all that they need is at hand.
            Op::Compare(_) | Op::Select | Op::Unary(Unary::Neg | Unary::Not) => {
                node.inputs.iter().all(|id| self.at_hand(*id))
            }
            Op::Binary(b) if *b != Binary::Pow && *b != Binary::Div => {
                node.inputs.iter().all(|id| self.at_hand(*id))
            }
            _ => false,
        };
        if again { Source::Again } else { Source::Kept }
    }

    /// Whether a value is there without being kept for it.
    fn at_hand(&self, mut id: NodeId) -> bool {
        loop {
            if self.sources.contains_key(&id) {
                return true;
            }
            if let Some(i) = self.argument(id) {
                return i >= self.scan.carries;
            }
            let node = &self.nodes[id.index()];
            match (&node.op, node.inputs.first()) {
                (Op::Broadcast(_) | Op::Reshape(_), Some(&x)) => id = x,
                (op, _) => return matches!(op, Op::Constant(_) | Op::Iota { .. }),
            }
        }
    }

    /// Lets the forward loop keep what is needed.
    fn extend_forward(&mut self, id: NodeId) {
        let kept: Vec<NodeId> =
            self.sources.iter().filter(|(_, s)| **s == Source::Kept).map(|(id, _)| *id).collect();
        // The gradient may have extended loops of the body, and read more of their results.
        let own = self.scan.body.nodes.len();
        let mut nodes = self.nodes[..own].to_vec();
        let mut place = BTreeMap::new();
        for i in own..self.nodes.len() {
            if self.is_forward(NodeId(i as u32)) {
                place.insert(NodeId(i as u32), NodeId(nodes.len() as u32));
                nodes.push(self.nodes[i].clone());
            }
        }
        let mut fetches = self.scan.body.fetches.clone();
        let first = fetches.len();
        fetches.extend(kept.iter().map(|id| place.get(id).copied().unwrap_or(*id)));
        let body = Graph { nodes, fetches, ..self.scan.body.clone() };
        let scan = Scan { body, ..Scan::clone(self.scan) };
        let types = scan.results();
        self.builder.extend_scan(id, scan);
        let token = self.builder.value(id);
        for (k, id) in kept.into_iter().enumerate() {
            if let Some(ty) = types.get(first + k) {
                let all = token.result(first + k, ty.clone(), self.node.at);
                self.kept.insert(id, all);
            }
        }
    }

    fn operand(&self, i: usize) -> Value {
        self.builder.value(self.node.inputs[i])
    }

    /// Builds the backward loop; the gradients by the operands.
    fn backward(&self) -> Vec<(usize, Value)> {
        let mut emitter = Emitter {
            of: self,
            body: self.builder.body(),
            values: BTreeMap::new(),
            sequences: Vec::new(),
        };
        let carries: Vec<(Value, Value)> = self
            .d_next
            .iter()
            .zip(&self.d_last)
            .map(|((_, id), last)| (last.clone(), emitter.argument(*id)))
            .collect();
        let mut outputs = self.outputs();
        outputs.retain(|id| self.all_steps(*id).is_none());
        emitter.emit(&outputs);
        let value = |id: &NodeId| emitter.values.get(id).cloned();
        let next = self.d_next.iter().map(|(i, _)| {
            let (_, id) = self.carried().find(|(k, _)| k == i)?;
            value(id)
        });
        let fetches = next.chain(outputs.iter().map(value)).collect::<Option<Vec<Value>>>();
        let results = self.builder.push_scan(ScanParts {
            body: &emitter.body,
            steps: self.scan.steps,
            reverse: !self.scan.reverse,
            carries: &carries,
            sequences: &emitter.sequences,
            fetches: &fetches.unwrap_or_default(),
            at: self.node.at,
        });
        let stacked = Stacked { of: self, outputs: &outputs, results: &results, at: self.node.at };
        let carried = self.d_next.iter().zip(&results).map(|((i, _), v)| (*i, v.clone()));
        let walked = self.walked().filter_map(|(i, id)| Some((*i, stacked.value(*id)?)));
        let summed = self.sums.iter().filter_map(|(i, sum)| Some((*i, sum.emit(&stacked)?)));
        carried.chain(walked).chain(summed).collect()
    }

    /// A value in all steps that is there without the backward loop.
    fn all_steps(&self, id: NodeId) -> Option<Value> {
        if let Some((all, _)) = self.d_outputs.iter().find(|(_, place)| *place == id) {
            return Some(all.clone());
        }
        match self.sources.get(&id)? {
            Source::Sequence(i) => Some(self.operand(*i)),
            Source::Kept => self.kept.get(&id).cloned(),
            Source::Fixed(_) | Source::Again => None,
        }
    }
}

/// The values of nodes in all steps.
pub(super) struct Stacked<'a> {
    of: &'a Differentiated<'a>,
    /// Nodes that are outputs of the backward loop, and that loop's results.
    outputs: &'a [NodeId],
    results: &'a [Value],
    pub(super) at: &'static Location<'static>,
}

impl Stacked<'_> {
    /// The value of a node, with the steps as its first axis.
    pub(super) fn value(&self, id: NodeId) -> Option<Value> {
        if let Some(all) = self.of.all_steps(id) {
            return Some(all);
        }
        let place = self.outputs.binary_search(&id).ok()?;
        self.results.get(self.of.d_next.len() + place).cloned()
    }
}

/// The backward body under construction.
struct Emitter<'a> {
    of: &'a Differentiated<'a>,
    body: Builder,
    values: BTreeMap<NodeId, Value>,
    sequences: Vec<(Value, Value)>,
}

impl Emitter<'_> {
    fn ty(&self, id: NodeId) -> TensorType {
        self.of.nodes[id.index()].ty.clone()
    }

    /// An argument that stands for a node.
    fn argument(&mut self, id: NodeId) -> Value {
        let value = self.body.argument(self.ty(id), self.of.node.at);
        self.values.insert(id, value.clone());
        value
    }

    /// Emits what the next carries and these outputs need.
    fn emit(&mut self, outputs: &[NodeId]) {
        let of = self.of;
        let mut needed = vec![false; of.nodes.len()];
        let roots = of.carried().map(|(_, id)| id).chain(outputs);
        roots.for_each(|id| needed[id.index()] = true);
        for i in (0..of.nodes.len()).rev() {
            let id = NodeId(i as u32);
            let made = !of.is_forward(id) || of.sources.get(&id) == Some(&Source::Again);
            if needed[i] && made {
                of.nodes[i].inputs.iter().for_each(|id| needed[id.index()] = true);
            }
        }
        for i in (0..of.nodes.len()).filter(|&i| needed[i]) {
            let id = NodeId(i as u32);
            if self.values.contains_key(&id) {
                continue;
            }
            if let Some(all) = of.all_steps(id) {
                let slice = self.argument(id);
                self.sequences.push((all, slice));
                continue;
            }
            if let Some(Source::Fixed(operand)) = of.sources.get(&id) {
                self.values.insert(id, of.operand(*operand));
                continue;
            }
            let node = &of.nodes[i];
            let operands = node.inputs.iter().map(|id| self.values.get(id).cloned());
            let Some(operands) = operands.collect::<Option<Vec<Value>>>() else { continue };
            let operands: Vec<&Value> = operands.iter().collect();
            let value = self.body.push(node.op.clone(), &operands, "gradient", node.at);
            self.values.insert(id, value);
        }
    }
}
