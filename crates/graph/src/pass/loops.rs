//! Loops: what none of their results needs is no longer computed, carried, or handed in, what is
//! handed in twice comes once, and numbers that are known stand in the body.
use super::{optimize, remove_dead};
use crate::ir::{Graph, Node, NodeId, Op, Scan};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Makes every loop of a graph as small as its used results allow, and optimizes its body.
pub(super) fn tidy(graph: &mut Graph) {
    if !graph.nodes.iter().any(|n| matches!(n.op, Op::Scan(_))) {
        return;
    }
    remove_dead(graph);
    for i in 0..graph.nodes.len() {
        let Op::Scan(scan) = &graph.nodes[i].op else { continue };
        let id = NodeId(i as u32);
        let result = |n: &Node| match n.op {
            Op::ScanResult { index, .. } if n.inputs[..] == [id] => Some(index),
            _ => None,
        };
        let used: Vec<usize> = graph.nodes.iter().filter_map(result).collect();
        let small = shrink(graph, &scan.clone(), &graph.nodes[i].inputs.clone(), &used);
        for node in &mut graph.nodes[i + 1..] {
            let of_this = node.inputs[..] == [id];
            if let (Op::ScanResult { index, .. }, true) = (&mut node.op, of_this) {
                *index = small.place[index];
            }
        }
        graph.nodes[i].op = Op::Scan(Arc::new(small.scan));
        graph.nodes[i].inputs = small.operands;
    }
    remove_dead(graph);
}

struct Small {
    scan: Scan,
    operands: Vec<NodeId>,
    /// Where each used result is now.
    place: BTreeMap<usize, usize>,
}

fn shrink(graph: &Graph, scan: &Scan, operands: &[NodeId], used: &[usize]) -> Small {
    let mut body = scan.body.clone();
    let mut operands = operands.to_vec();
    take_in(graph, scan, &mut body, &operands);
    merge(scan, &mut body, &mut operands);
    let carried = needed_carries(scan, &body, used);
    let mut place: BTreeMap<usize, usize> = BTreeMap::new();
    let mut fetches: Vec<NodeId> = Vec::new();
    for (new, &old) in carried.iter().enumerate() {
        place.insert(old, new);
        fetches.push(body.fetches[old]);
    }
    let mut outputs: Vec<usize> = used.iter().copied().filter(|&i| i >= scan.carries).collect();
    outputs.sort_unstable();
    outputs.dedup();
    for old in outputs {
        let same = fetches.iter().skip(carried.len()).position(|id| *id == body.fetches[old]);
        place.insert(old, carried.len() + same.unwrap_or(fetches.len() - carried.len()));
        if same.is_none() {
            fetches.push(body.fetches[old]);
        }
    }
    body.fetches = fetches;
    let kept: Vec<usize> = (0..body.feeds.len())
        .filter(|&i| if i < scan.carries { carried.contains(&i) } else { is_read(&body, i) })
        .collect();
    body.feeds = kept.iter().map(|&i| body.feeds[i].clone()).collect();
    remove_dead(&mut body);
    let walked = scan.carries..scan.carries + scan.sequences;
    let scan = Scan {
        body: optimize(&body),
        steps: scan.steps,
        carries: carried.len(),
        sequences: kept.iter().filter(|i| walked.contains(i)).count(),
        reverse: scan.reverse,
        stopped: Vec::new(),
    };
    Small { scan, operands: kept.into_iter().map(|i| operands[i]).collect(), place }
}

/// Whether anything that the body gives depends on an argument.
fn is_read(body: &Graph, i: usize) -> bool {
    live(body)[body.feeds[i].node.index()]
}

/// The nodes that the body's results need.
fn live(body: &Graph) -> Vec<bool> {
    let mut live = vec![false; body.nodes.len()];
    body.fetches.iter().for_each(|id| live[id.index()] = true);
    for i in (0..body.nodes.len()).rev() {
        if live[i] {
            body.nodes[i].inputs.iter().for_each(|id| live[id.index()] = true);
        }
    }
    live
}

/// Carries that used results depend on, through however many steps.
fn needed_carries(scan: &Scan, body: &Graph, used: &[usize]) -> Vec<usize> {
    let mut carried: Vec<usize> = used.iter().copied().filter(|&i| i < scan.carries).collect();
    loop {
        let outputs = used.iter().copied().filter(|&i| i >= scan.carries);
        let fetches = outputs.chain(carried.iter().copied()).map(|i| body.fetches[i]).collect();
        let live = live(&Graph { fetches, ..body.clone() });
        let more = |i: &usize| !carried.contains(i) && live[body.feeds[*i].node.index()];
        match (0..scan.carries).find(more) {
            Some(i) => carried.push(i),
            None => break,
        }
    }
    carried.sort_unstable();
    carried.dedup();
    carried
}

/// Arguments that are a known number everywhere are made in the body.
fn take_in(graph: &Graph, scan: &Scan, body: &mut Graph, operands: &[NodeId]) {
    for (i, operand) in operands.iter().enumerate().skip(scan.carries) {
        let node = body.feeds[i].node.index();
        let Some(one) = uniform(graph, *operand) else { continue };
        let rank = body.nodes[node].ty.shape.rank();
        let Ok(one) = one.reshape(vec![1; rank]) else { continue };
        // A constant of its own before all others: nodes keep their numbers but for one.
        let ty = body.nodes[node].ty.clone();
        let constant =
            Node { op: Op::Constant(one.clone()), ty: one.ty(), ..body.nodes[node].clone() };
        insert_first(body, constant);
        let node = &mut body.nodes[node + 1];
        node.op = Op::Broadcast(ty.shape);
        node.inputs = vec![NodeId(0)];
        // The argument itself stays in the list, as one that nothing reads.
        let unread = Node {
            op: Op::Feed,
            inputs: Vec::new(),
            ..body.nodes[body.feeds[i].node.index()].clone()
        };
        body.nodes.push(unread);
        body.feeds[i].node = NodeId(body.nodes.len() as u32 - 1);
    }
}

/// The number that a value is everywhere, if it is known.
fn uniform(graph: &Graph, mut id: NodeId) -> Option<&crate::Tensor> {
    loop {
        let node = graph.node(id);
        match &node.op {
            Op::Broadcast(_) | Op::Reshape(_) => id = *node.inputs.first()?,
            Op::Constant(t) if t.shape().elements() == 1 => return Some(t),
            _ => return None,
        }
    }
}

/// Puts a node before all others.
fn insert_first(body: &mut Graph, node: Node) {
    let up = |id: &mut NodeId| id.0 += 1;
    body.nodes.iter_mut().flat_map(|n| &mut n.inputs).for_each(up);
    body.feeds.iter_mut().for_each(|f| up(&mut f.node));
    body.fetches.iter_mut().for_each(up);
    body.nodes.insert(0, node);
}

/// Of arguments with one operand, the first is read in the place of all.
fn merge(scan: &Scan, body: &mut Graph, operands: &mut [NodeId]) {
    let walked = |i: usize| i < scan.carries + scan.sequences;
    for i in scan.carries..operands.len() {
        let first =
            (scan.carries..i).find(|&k| operands[k] == operands[i] && walked(k) == walked(i));
        if let Some(first) = first {
            let (from, to) = (body.feeds[i].node, body.feeds[first].node);
            let read = body.nodes.iter_mut().flat_map(|n| &mut n.inputs).chain(&mut body.fetches);
            read.filter(|id| **id == from).for_each(|id| *id = to);
        }
    }
}
