//! Reverse-mode gradients: the graph under construction grows the ops that compute them.
mod calculus;
mod order;
mod products;
mod scan;
mod sums;
mod table;

use crate::ir::{Node, NodeId, Op};
use crate::{Builder, Value};
use std::collections::BTreeMap;
use table::Site;

/// The gradient of a scalar loss by each of `wrt`: ∂loss/∂w, of w's type. Zeros where the loss
/// does not depend on it.
///
/// Nothing is built for parts of the graph that lead to none of `wrt`; integers, truth values and
/// [`Value::stop_gradient`] end every path. Forward results are used again where a derivative is a
/// function of them (tanh, sigmoid, exp, softmax).
///
/// ```
/// use ferras_graph::{Builder, DType, TensorType, gradients};
/// let b = Builder::new();
/// let x = b.feed("x", TensorType::new(DType::F32, [4, 3]));
/// let w = b.state("w", TensorType::new(DType::F32, [3, 2]));
/// let loss = x.matmul(&w).tanh().mean(&[], false);
/// let [dw] = &gradients(&loss, &[w.clone()])[..] else { unreachable!() };
/// assert_eq!(dw.shape(), w.shape());
/// ```
///
/// A loss that is no float scalar is a mistake, which [`Builder::finish`] reports.
#[track_caller]
pub fn gradients(loss: &Value, wrt: &[Value]) -> Vec<Value> {
    let ty = loss.ty();
    if ty.shape.rank() != 0 || !ty.dtype.is_float() {
        let problem = format!("expected a loss that is one float, got {ty}; sum or average it");
        return vec![loss.error("gradients", problem); wrt.len()];
    }
    let seed = loss.builder().scalar(ty.dtype, 1.0);
    gradients_with(std::slice::from_ref(loss), &[seed], wrt)
}

/// The gradient of Σ ⟨outputsᵢ, seedsᵢ⟩ by each of `wrt`: the product of the seeds, which have the
/// outputs' types, with the Jacobian.
///
/// ```
/// use ferras_graph::{Builder, DType, TensorType, gradients_with};
/// let b = Builder::new();
/// let x = b.feed("x", TensorType::new(DType::F32, [3]));
/// let dy = b.feed("dy", TensorType::new(DType::F32, [3]));
/// let dx = gradients_with(&[x.exp()], &[dy], &[x]);
/// assert_eq!(dx[0].shape().to_string(), "(3,)");
/// ```
#[track_caller]
pub fn gradients_with(outputs: &[Value], seeds: &[Value], wrt: &[Value]) -> Vec<Value> {
    let Some(builder) = outputs.first().map(Value::builder) else {
        return wrt.iter().map(zeros_like).collect();
    };
    if outputs.len() != seeds.len() {
        let problem = format!("expected {} seeds, got {}", outputs.len(), seeds.len());
        return vec![builder.error("gradients", problem); wrt.len()];
    }
    if let Some((y, s)) = outputs.iter().zip(seeds).find(|(y, s)| y.ty() != s.ty()) {
        let problem = format!("expected a seed of type {}, got {}", y.ty(), s.ty());
        return vec![builder.error("gradients", problem); wrt.len()];
    }
    let poisoned = outputs.iter().chain(seeds).chain(wrt).find(|v| v.is_poisoned());
    if let Some(poisoned) = poisoned {
        return vec![poisoned.clone(); wrt.len()];
    }
    if outputs.iter().chain(seeds).chain(wrt).any(|v| !v.builder().is(builder)) {
        let problem = "outputs, seeds and what gradients are asked for are not all of one graph: a \
                       loop's body cannot ask for gradients by values from around it";
        return vec![builder.error("gradients", problem); wrt.len()];
    }
    let mut tape = Tape::new(builder, outputs, wrt);
    for (output, seed) in outputs.iter().zip(seeds) {
        tape.add(output.id(), seed.clone());
    }
    tape.unwind();
    wrt.iter().map(|w| tape.take(w)).collect()
}

impl Value {
    /// The same value, as a constant to gradients.
    ///
    /// ```
    /// use ferras_graph::{Builder, DType};
    /// let x = Builder::new().full(DType::F32, [3], 1.0);
    /// assert_eq!((&x - x.stop_gradient()).shape().to_string(), "(3,)");
    /// ```
    #[track_caller]
    pub fn stop_gradient(&self) -> Value {
        self.builder().stopped(self)
    }
}

/// Zeros of a value's type.
pub(crate) fn zeros_like(v: &Value) -> Value {
    v.builder().full(v.dtype(), v.shape(), 0.0)
}

/// What is known of the gradients while the nodes are visited from last to first.
struct Tape<'b> {
    builder: &'b Builder,
    /// Whether a node lies on a path from one of `wrt`.
    needed: Vec<bool>,
    /// Those of `wrt` that are results of ops.
    inner: Vec<NodeId>,
    /// The gradient by each node, as far as its users have told.
    gradients: Vec<Option<Value>>,
    /// The gradients by the results of loops, by the loop's node.
    results: BTreeMap<NodeId, Vec<Option<Value>>>,
}

/// Whether a gradient goes through each node: it is a float that depends on one of `wanted`, or
/// wanted itself.
fn reached(nodes: &[Node], stopped: &[NodeId], mut needed: Vec<bool>) -> Vec<bool> {
    for (i, node) in nodes.iter().enumerate().take(needed.len()) {
        let is_float = node.ty.dtype.is_float();
        let is_loop = matches!(node.op, Op::Scan(_));
        let passes = is_loop || is_float && !table::is_flat(&node.op);
        let reached = node.inputs.iter().any(|id| needed[id.index()]);
        let open = passes && stopped.binary_search(&NodeId(i as u32)).is_err();
        needed[i] = is_float && needed[i] || open && reached;
    }
    needed
}

impl<'b> Tape<'b> {
    fn new(builder: &'b Builder, outputs: &[Value], wrt: &[Value]) -> Tape<'b> {
        let ids = |values: &[Value]| values.iter().filter_map(Value::id).collect::<Vec<_>>();
        let end = ids(outputs).into_iter().max().map_or(0, |id| id.index() + 1);
        let mut needed = vec![false; end];
        for id in ids(wrt).into_iter().filter(|id| id.index() < end) {
            needed[id.index()] = true;
        }
        let needed = builder.nodes(|nodes, stopped| reached(nodes, stopped, needed));
        let is_result = |id: &NodeId| builder.nodes(|n, _| !n[id.index()].inputs.is_empty());
        let inner = ids(wrt).into_iter().filter(is_result).collect();
        Tape { builder, needed, inner, gradients: vec![None; end], results: BTreeMap::new() }
    }

    /// Adds a contribution to the gradient by a node.
    fn add(&mut self, id: Option<NodeId>, gradient: Value) {
        let Some(id) = id.filter(|id| self.needed.get(id.index()) == Some(&true)) else {
            return;
        };
        let place = &mut self.gradients[id.index()];
        *place = Some(match place.take() {
            Some(sum) => sum + gradient,
            None => gradient,
        });
    }

    /// Visits all nodes, each after all of its users.
    fn unwind(&mut self) {
        for i in (0..self.gradients.len()).rev() {
            let id = NodeId(i as u32);
            if let Some(results) = self.results.remove(&id) {
                self.unwind_loop(id, results);
                continue;
            }
            let Some(dy) = self.gradients[i].clone() else { continue };
            let node = self.builder.node(id);
            if let (Op::ScanResult { index, .. }, [of]) = (&node.op, &node.inputs[..]) {
                self.keep_result(*of, *index, dy);
                continue;
            }
            if !node.inputs.iter().any(|id| self.needed[id.index()]) || self.ends(id, &node.op) {
                continue;
            }
            let before = self.builder.len();
            let site = Site::new(self, id, &node, dy);
            for (to, gradient) in table::gradient(&site) {
                self.add(Some(to), gradient);
            }
            // A slow or wrong op of the gradient is best told by the line of the op it belongs to.
            self.builder.relocate(before, node.at);
        }
    }

    /// Keeps the gradient by a result of a loop until the loop is visited.
    fn keep_result(&mut self, of: NodeId, index: usize, dy: Value) {
        let results = self.results.entry(of).or_default();
        if results.len() <= index {
            results.resize(index + 1, None);
        }
        let sum = results[index].take();
        results[index] = Some(sum.map_or(dy.clone(), |sum| sum + dy));
    }

    /// The shares of a loop's operands in the gradients of its results.
    fn unwind_loop(&mut self, id: NodeId, results: Vec<Option<Value>>) {
        let node = self.builder.node(id);
        let Op::Scan(scan) = &node.op else { return };
        let before = self.builder.len();
        let needed: Vec<bool> = node.inputs.iter().map(|id| self.needed[id.index()]).collect();
        for (i, gradient) in scan::gradients(self.builder, id, &node, scan, &needed, results) {
            self.add(node.inputs.get(i).copied(), gradient);
        }
        self.builder.relocate(before, node.at);
    }

    /// Whether gradients stop at a node that may itself be one of `wrt`.
    fn ends(&self, id: NodeId, op: &Op) -> bool {
        table::is_flat(op) || self.builder.nodes(|_, stopped| stopped.binary_search(&id).is_ok())
    }

    fn take(&self, w: &Value) -> Value {
        let found = w.id().and_then(|id| self.gradients.get(id.index()).cloned().flatten());
        found.unwrap_or_else(|| zeros_like(w))
    }
}

/// The number that a value has everywhere, if it is known while the graph is built.
fn known_number(builder: &Builder, mut id: NodeId) -> Option<f64> {
    builder.nodes(|nodes, _| {
        loop {
            match &nodes[id.index()] {
                Node { op: Op::Reshape(_) | Op::Broadcast(_), inputs, .. } => {
                    id = *inputs.first()?
                }
                Node { op: Op::Constant(t), .. } if t.shape().elements() == 1 => {
                    return t.to_f64_vec().first().copied();
                }
                _ => return None,
            }
        }
    })
}

#[cfg(test)]
mod tests;
