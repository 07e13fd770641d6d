//! Loops: the body becomes a program of its own, whose memory is part of the arena.
use super::memory::Layout;
use super::roles::Roles;
use super::schedule::Unit;
use super::{Program, compile};
use crate::memory::aligned;
use crate::steps::Loc;
use crate::steps::scan::{Carried, ScanStep, Walked};
use ferras_graph::{Error, Graph, Node, NodeId, Op, Result, Scan, State, TensorType};
use std::sync::Arc;

/// A loop's body, and the memory that it needs besides its arguments and results.
pub(crate) struct Body {
    program: Program,
    /// Bytes of results that nobody reads: what is carried all the same, and outputs of one step.
    spare: Vec<usize>,
}

impl Body {
    /// Compiles the body of a node that is a loop.
    pub(super) fn new(scan: &Scan) -> Result<Body> {
        let types = scan.results();
        let step = |i: usize| &scan.body.node(scan.body.fetches[i]).ty;
        let spare = (0..types.len()).map(|i| aligned(step(i).bytes())).collect();
        Ok(Body { program: compile(&as_program(scan))?, spare })
    }

    /// Bytes of the arena that the loop needs while it runs.
    pub(super) fn temporary(&self) -> usize {
        aligned(self.program.arena) + self.spare.iter().sum::<usize>()
    }
}

/// The loop of a node.
pub(super) fn scan_of(roles: &Roles, node: usize) -> Option<&Arc<Scan>> {
    match &roles.node(node).op {
        Op::Scan(scan) => Some(scan),
        _ => None,
    }
}

/// The body as a graph whose variables are what is carried, then the outputs. An output's old value
/// is read by nobody.
fn as_program(scan: &Scan) -> Graph {
    let mut graph = scan.body.clone();
    let outputs = graph.fetches.split_off(scan.carries);
    let arguments = graph.feeds.split_off(scan.carries);
    let carried = std::mem::replace(&mut graph.feeds, arguments);
    let next = std::mem::take(&mut graph.fetches);
    for (feed, update) in carried.into_iter().zip(next) {
        graph.nodes[feed.node.index()].op = Op::State;
        graph.states.push(State { name: feed.name, node: feed.node, update: Some(update) });
    }
    for update in outputs {
        let node = NodeId(graph.nodes.len() as u32);
        let like = graph.node(update).clone();
        graph.nodes.push(Node { op: Op::State, inputs: Vec::new(), ..like });
        graph.states.push(State { name: String::new(), node, update: Some(update) });
    }
    graph
}

/// The step of a unit: a loop and those of its results that are read.
pub(super) fn build(
    roles: &Roles,
    layout: &Layout,
    unit: &Unit,
    body: Body,
    temporary: Loc,
) -> Result<ScanStep> {
    let lost = || Error::Internal("a loop has no memory".into());
    let (&node, results) = unit.nodes.split_first().ok_or_else(lost)?;
    let scan = scan_of(roles, node).ok_or_else(lost)?;
    let mut operands = Vec::new();
    for read in roles.reads(node) {
        let mut loc = layout.loc[read.root].ok_or_else(lost)?;
        loc.offset += read.view.offset as usize * roles.node(read.root).ty.dtype.size();
        operands.push(loc);
    }
    let arena = temporary;
    let mut spare = arena;
    spare.offset += aligned(body.program.arena);
    // Each result's place; where nobody reads it, spare memory, which outputs do not walk over.
    let mut places = Vec::new();
    for (i, (ty, bytes)) in scan.results().iter().zip(&body.spare).enumerate() {
        let is_this =
            |&&n: &&usize| matches!(roles.node(n).op, Op::ScanResult { index, .. } if index == i);
        let loc = results.iter().find(is_this).and_then(|&n| layout.loc[n]);
        places.push((loc.unwrap_or(spare), loc.is_some(), ty.clone()));
        spare.offset += bytes;
    }
    let step_bytes = |ty: &TensorType| ty.bytes() / scan.steps.max(1);
    let walked = scan.carries..scan.carries + scan.sequences;
    let sequences = operands[walked.clone()].iter().zip(walked);
    let sequences = sequences
        .map(|(&loc, i)| Walked { loc, stride: scan.operand(i).as_ref().map_or(0, step_bytes) });
    let carries = operands.iter().zip(&places).take(scan.carries);
    let carries =
        carries.map(|(&start, (loc, _, ty))| Carried { start, loc: *loc, bytes: ty.bytes() });
    let outputs = places.iter().skip(scan.carries).map(|(loc, is_read, ty)| Walked {
        loc: *loc,
        stride: if *is_read { step_bytes(ty) } else { 0 },
    });
    let once: usize = body.program.regions.iter().flatten().map(|s| s.cost() + 10).sum();
    Ok(ScanStep {
        steps: scan.steps,
        reverse: scan.reverse,
        sequences: sequences.collect(),
        fixed: operands[scan.carries + scan.sequences..].to_vec(),
        carries: carries.collect(),
        outputs: outputs.collect(),
        arena,
        phases: vec![1],
        cost: once * scan.steps,
        name: name(scan, &body.program),
        body: body.program,
    })
}

fn name(scan: &Scan, body: &Program) -> String {
    let steps: Vec<&str> = body.regions.iter().flatten().map(|s| s.name()).collect();
    format!("{} times: {}", scan.steps, steps.join("; "))
}
