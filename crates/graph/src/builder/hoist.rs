//! What a loop's body computes without anything carried is taken out of the loop: what is the same
//! in every step is computed once, what each step's slices alone decide for all steps at once.
use super::batch::{self, Rule};
use super::body::ScanParts;
use super::{Builder, Value};
use crate::Shape;
use crate::ir::{Node, NodeId, Op};
use std::panic::Location;

/// A body as the caller traced it.
pub(super) struct Traced<'a> {
    pub inner: Builder,
    pub steps: usize,
    pub reverse: bool,
    pub start: &'a [Value],
    pub sequences: &'a [Value],
    pub next: Vec<NodeId>,
    pub outputs: Vec<NodeId>,
    pub at: &'static Location<'static>,
}

/// On what a node of the body depends.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    /// On nothing that changes from step to step.
    Fixed,
    /// On the slices of the step.
    Step,
    /// On what is carried, or it is better left in the loop.
    Carried,
}

/// How many times larger than what it is made of a result may be to be kept for all steps.
const MOST_GROWTH: usize = 4;

struct Hoist<'a> {
    outer: &'a Builder,
    traced: &'a Traced<'a>,
    nodes: Vec<Node>,
    stopped: Vec<NodeId>,
    level: Vec<Level>,
    rules: Vec<Option<Rule>>,
    /// Each node's value outside of the loop (with all steps, if it depends on the step's slices) and
    /// inside it, where that is needed.
    outside: Vec<Option<Value>>,
    inside: Vec<Option<Value>>,
    body: Builder,
    sequences: Vec<(Value, Value)>,
}

/// The results of the loop: what is carried at the end, the outputs.
pub(super) fn build(outer: &Builder, traced: &Traced<'_>) -> (Vec<Value>, Vec<Value>) {
    let (nodes, stopped) = traced.inner.nodes(|nodes, stopped| (nodes.to_vec(), stopped.to_vec()));
    let n = nodes.len();
    let mut h = Hoist {
        outer,
        traced,
        nodes,
        stopped,
        level: Vec::with_capacity(n),
        rules: Vec::with_capacity(n),
        outside: vec![None; n],
        inside: vec![None; n],
        body: outer.body(),
        sequences: Vec::new(),
    };
    h.classify();
    h.emit();
    h.finish()
}

impl Hoist<'_> {
    fn classify(&mut self) {
        let arguments = self.traced.start.len();
        for i in 0..self.nodes.len() {
            let node = &self.nodes[i];
            if node.op == Op::Feed {
                // Arguments come first: carries, then slices; then what was captured.
                let slices = arguments..arguments + self.traced.sequences.len();
                self.level.push(match i {
                    _ if i < arguments => Level::Carried,
                    _ if slices.contains(&i) => Level::Step,
                    _ => Level::Fixed,
                });
                self.rules.push(None);
                continue;
            }
            let of = |id: &NodeId| self.level[id.index()];
            let level = node.inputs.iter().map(of).max().unwrap_or(Level::Fixed);
            let rule = match level {
                Level::Step => self.rule(node),
                _ => None,
            };
            let stays = level == Level::Step && rule.is_none();
            self.level.push(if stays { Level::Carried } else { level });
            self.rules.push(rule);
        }
    }

    /// How a node is computed for all steps at once, if that is possible and no waste of memory.
    fn rule(&self, node: &Node) -> Option<Rule> {
        let varies: Vec<bool> =
            node.inputs.iter().map(|id| self.level[id.index()] == Level::Step).collect();
        let shapes: Vec<&Shape> =
            node.inputs.iter().map(|id| &self.nodes[id.index()].ty.shape).collect();
        let rule = batch::rule(&node.op, &varies, &shapes, self.traced.steps)?;
        let source = |id: NodeId| {
            let mut node = &self.nodes[id.index()];
            while let (Op::Broadcast(_) | Op::Reshape(_), Some(id)) =
                (&node.op, node.inputs.first())
            {
                node = &self.nodes[id.index()];
            }
            node.ty.shape.elements()
        };
        let walked = node.inputs.iter().zip(&varies).filter(|(_, varies)| **varies);
        let largest = walked.map(|(id, _)| source(*id)).max().unwrap_or(0);
        let grows = node.ty.shape.elements() > MOST_GROWTH * largest;
        (is_view(&node.op) || is_heavy(&node.op) || !grows).then_some(rule)
    }

    /// Emits what is needed, outside and inside.
    fn emit(&mut self) {
        let (mut inside, mut outside) = self.wanted();
        for i in (0..self.nodes.len()).rev() {
            let id = NodeId(i as u32);
            let kept = self.level[i] == Level::Carried || is_light(&self.nodes[i].op);
            if inside[i] && !kept {
                outside[i] = true;
            }
            for &input in &self.nodes[id.index()].inputs {
                inside[input.index()] |= inside[i] && kept;
                outside[input.index()] |= outside[i];
            }
        }
        for (i, start) in self.traced.start.iter().enumerate() {
            self.inside[i] = Some(self.body.argument(start.ty(), self.traced.at));
        }
        for i in 0..self.nodes.len() {
            if outside[i] {
                self.outside[i] = self.emit_outside(i);
            }
            if inside[i] && self.inside[i].is_none() {
                self.inside[i] = self.emit_inside(i);
            }
        }
    }

    /// What the next carries need inside, and the outputs inside or outside.
    fn wanted(&self) -> (Vec<bool>, Vec<bool>) {
        let (mut inside, mut outside) =
            (vec![false; self.nodes.len()], vec![false; self.nodes.len()]);
        self.traced.next.iter().for_each(|id| inside[id.index()] = true);
        for id in &self.traced.outputs {
            match self.level[id.index()] {
                Level::Carried => inside[id.index()] = true,
                _ => outside[id.index()] = true,
            }
        }
        (inside, outside)
    }

    fn emit_outside(&mut self, i: usize) -> Option<Value> {
        let node = &self.nodes[i];
        if node.op == Op::Feed {
            return self.argument(i);
        }
        let operands = node.inputs.iter().map(|id| self.outside[id.index()].clone());
        let operands = operands.collect::<Option<Vec<Value>>>()?;
        if self.stopped.binary_search(&NodeId(i as u32)).is_ok() {
            return operands.first().map(|v| self.outer.stopped(v));
        }
        Some(match &self.rules[i] {
            Some(rule) => {
                let varies =
                    node.inputs.iter().map(|id| self.level[id.index()] == Level::Step).collect();
                rule.emit(self.outer, operands, varies, &node.ty.shape, node.at)
            }
            None => {
                let operands: Vec<&Value> = operands.iter().collect();
                self.outer.push(node.op.clone(), &operands, "scan", node.at)
            }
        })
    }

    fn emit_inside(&mut self, i: usize) -> Option<Value> {
        let node = self.nodes[i].clone();
        let is_argument = node.op == Op::Feed;
        if is_argument || self.level[i] != Level::Carried && !is_light(&node.op) {
            let outside = if is_argument { self.argument(i) } else { self.outside[i].clone() }?;
            return Some(match self.level[i] {
                Level::Step => {
                    let slice = self.body.argument(node.ty, node.at);
                    self.sequences.push((outside, slice.clone()));
                    slice
                }
                // Captured by what uses it.
                _ => outside,
            });
        }
        let operands = node.inputs.iter().map(|id| self.inside[id.index()].clone());
        let operands = operands.collect::<Option<Vec<Value>>>()?;
        if self.stopped.binary_search(&NodeId(i as u32)).is_ok() {
            return operands.first().map(|v| self.body.stopped(v));
        }
        let operands: Vec<&Value> = operands.iter().collect();
        Some(self.body.push(node.op, &operands, "scan", node.at))
    }

    /// The value outside of an argument that is not carried.
    fn argument(&self, i: usize) -> Option<Value> {
        let carries = self.traced.start.len();
        if let Some(sequence) = i.checked_sub(carries).and_then(|k| self.traced.sequences.get(k)) {
            return Some(sequence.clone());
        }
        let captured = self.traced.inner.captured();
        captured.into_iter().find(|(_, id)| id.index() == i).map(|(value, _)| value)
    }

    fn finish(self) -> (Vec<Value>, Vec<Value>) {
        let traced = self.traced;
        let inside = |id: &NodeId| self.inside[id.index()].clone();
        let looped = |id: &&NodeId| self.level[id.index()] == Level::Carried;
        let twins = self.twins();
        let carried: Vec<usize> = (0..traced.start.len()).filter(|&i| twins[i] == i).collect();
        let outputs: Vec<&NodeId> = traced.outputs.iter().filter(looped).collect();
        let carries: Vec<(Value, Value)> = carried
            .iter()
            .filter_map(|&i| Some((traced.start[i].clone(), self.inside[i].clone()?)))
            .collect();
        let next = carried.iter().map(|&i| inside(&traced.next[i]));
        let fetches: Option<Vec<Value>> = next.chain(outputs.iter().map(|id| inside(id))).collect();
        let parts = ScanParts {
            body: &self.body,
            steps: traced.steps,
            reverse: traced.reverse,
            carries: &carries,
            sequences: &self.sequences,
            fetches: &fetches.unwrap_or_default(),
            at: traced.at,
        };
        let results = match parts.fetches.is_empty() {
            true => Vec::new(),
            false => self.outer.push_scan(parts),
        };
        let result = |i: usize| results.get(i).cloned().unwrap_or_else(|| self.outer.poison());
        let place = |i: usize| carried.iter().position(|&k| k == twins[i]).unwrap_or(0);
        let last = (0..traced.start.len()).map(|i| result(place(i))).collect();
        let mut next = carried.len()..;
        let output = |id: &NodeId| match (self.level[id.index()], &self.outside[id.index()]) {
            (Level::Carried, _) => result(next.next().unwrap_or(0)),
            (Level::Step, Some(v)) => v.clone(),
            (_, Some(v)) => v.expand_dims(0).broadcast_to(stacked(traced.steps, &v.shape())),
            (_, None) => self.outer.poison(),
        };
        (last, traced.outputs.iter().map(output).collect())
    }

    /// For each carry, the one that ends as it does: what no step reads need not be carried beside
    /// another one that becomes the same.
    fn twins(&self) -> Vec<usize> {
        let next = &self.traced.next;
        let mut read = vec![false; self.nodes.len()];
        for (i, node) in self.nodes.iter().enumerate() {
            if self.inside[i].is_some() {
                node.inputs.iter().for_each(|id| read[id.index()] = true);
            }
        }
        next.iter().chain(&self.traced.outputs).for_each(|id| read[id.index()] = true);
        let twin = |i: usize| {
            let same = |&k: &usize| k != i && next[k] == next[i] && (read[k] || k < i);
            match read[i] || self.traced.steps == 0 {
                true => i,
                false => (0..next.len()).find(same).unwrap_or(i),
            }
        };
        (0..next.len()).map(twin).collect()
    }
}

fn stacked(steps: usize, shape: &Shape) -> Shape {
    std::iter::once(steps).chain(shape.iter().copied()).collect()
}

/// Ops that a back end reads through: made again where they are used.
fn is_light(op: &Op) -> bool {
    matches!(op, Op::Constant(_) | Op::Iota { .. } | Op::Broadcast(_) | Op::Reshape(_))
}

fn is_view(op: &Op) -> bool {
    is_light(op) || matches!(op, Op::Transpose(_) | Op::Slice { .. } | Op::Reverse(_))
}

/// Ops of so much work that they are worth their result's memory.
fn is_heavy(op: &Op) -> bool {
    matches!(
        op,
        Op::Dot(_) | Op::Conv(_) | Op::ConvInputGrad(..) | Op::Gather { .. } | Op::Random { .. }
    )
}
