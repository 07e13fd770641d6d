//! Loops of a graph under construction: the body is a graph of its own, which may use values from
//! around it.
use super::hoist::{self, Traced};
use super::{Builder, Draft, Value};
use crate::TensorType;
use crate::ir::{Feed, Graph, Node, NodeId, Op, Scan};
use std::cell::RefCell;
use std::panic::Location;
use std::rc::Rc;
use std::sync::Arc;

type At = &'static Location<'static>;

impl Builder {
    /// A loop over the first axis of `sequences`, of size `steps`, from the last step to the first if
    /// `reverse`.
    ///
    /// `body` gets what is carried, at first `start`, and this step's slices of the sequences. It
    /// gives what is carried on, of the same types, and this step's outputs. The results are what is
    /// carried at the end, and the outputs of all steps along a new first axis, each at the place of
    /// its step. Values from outside of the body, as weights, may be used within it and are the same
    /// in every step; random numbers of one key and stream are so too.
    ///
    /// What depends on nothing carried is done outside of the loop, for all steps at once.
    ///
    /// ```
    /// use ferras_graph::{Backend, Builder, DType, Interpreter, Tensor, TensorType};
    /// let b = Builder::new();
    /// let x = b.feed("x", TensorType::new(DType::F32, [4]));
    /// let start = b.scalar(DType::F32, 0.0);
    /// let (last, sums) = b.scan(4, false, &[start], &[x], |carried, x| {
    ///     let sum = &carried[0] * 0.5 + &x[0];
    ///     (vec![sum.clone()], vec![sum])
    /// });
    /// let graph = b.finish(&[last[0].clone(), sums[0].clone()], &[])?;
    /// let data = Tensor::new([4], vec![1.0_f32, 2.0, 3.0, 4.0])?;
    /// let mut results = Vec::new();
    /// Interpreter.compile(&graph)?.run(&[data.view()], &mut [], &mut results)?;
    /// assert_eq!(results[0].to_f64_vec(), [6.125]);
    /// assert_eq!(results[1].to_f64_vec(), [1.0, 2.5, 4.25, 6.125]);
    /// # Ok::<(), ferras_graph::Error>(())
    /// ```
    #[track_caller]
    pub fn scan(
        &self,
        steps: usize,
        reverse: bool,
        start: &[Value],
        sequences: &[Value],
        body: impl FnOnce(&[Value], &[Value]) -> (Vec<Value>, Vec<Value>),
    ) -> (Vec<Value>, Vec<Value>) {
        let at = Location::caller();
        let inner = self.body();
        let carried: Vec<Value> = start.iter().map(|v| inner.argument(v.ty(), at)).collect();
        let slice = |v: &Value| {
            let mut ty = v.ty();
            if ty.shape.first() != Some(&steps) && !v.is_poisoned() {
                let problem = format!("expected a sequence of {steps} steps, got {ty}");
                self.fail("scan", problem, at);
            }
            ty.shape = ty.shape.iter().skip(1).copied().collect();
            inner.argument(ty, at)
        };
        let slices: Vec<Value> = sequences.iter().map(slice).collect();
        let (next, outputs) = body(&carried, &slices);
        for (i, (from, to)) in carried.iter().zip(&next).enumerate() {
            if from.ty() != to.ty() && !to.is_poisoned() {
                let problem = format!("carry {i} of type {} cannot become {}", from.ty(), to.ty());
                self.fail("scan", problem, at);
            }
        }
        if carried.len() != next.len() {
            let problem = format!("{} values are carried, got {}", carried.len(), next.len());
            self.fail("scan", problem, at);
        }
        let poisoned = || {
            let poison = |n: usize| (0..n).map(|_| self.poison()).collect::<Vec<Value>>();
            (poison(start.len()), poison(outputs.len()))
        };
        let own = |values: &[Value]| -> Option<Vec<NodeId>> {
            values.iter().map(|v| v.id.and_then(|_| inner.own(v))).collect()
        };
        let (Some(next), Some(out)) = (own(&next), own(&outputs)) else {
            self.take_error(&inner, "a loop's body gives values of another graph", at);
            return poisoned();
        };
        self.take_error(&inner, "", at);
        inner.0.borrow_mut().closed = true;
        let broken = self.0.borrow().error.is_some();
        if broken || start.iter().chain(sequences).any(Value::is_poisoned) {
            return poisoned();
        }
        let traced = Traced { inner, steps, reverse, start, sequences, next, outputs: out, at };
        hoist::build(self, &traced)
    }

    /// The graph of a loop's body within this one.
    pub(crate) fn body(&self) -> Builder {
        let scopes = self.0.borrow().scopes.clone();
        let draft = Draft { parent: Some(self.clone()), scopes, ..Draft::default() };
        Builder(Rc::new(RefCell::new(draft)))
    }

    /// An argument of a body.
    pub(crate) fn argument(&self, ty: TensorType, at: At) -> Value {
        self.append(Node { op: Op::Feed, inputs: Vec::new(), ty, at })
    }

    /// Whether this is the body of a loop within `outer`.
    pub(super) fn is_within(&self, outer: &Builder) -> bool {
        let mut around = self.0.borrow().parent.clone();
        while let Some(builder) = around {
            if Rc::ptr_eq(&builder.0, &outer.0) {
                return true;
            }
            around = builder.0.borrow().parent.clone();
        }
        false
    }

    /// The node of a value in this graph; a value from around a body becomes an argument of it.
    pub(super) fn own(&self, v: &Value) -> Option<NodeId> {
        if Rc::ptr_eq(&self.0, &v.builder.0) {
            return v.id;
        }
        let parent = self.0.borrow().parent.clone()?;
        let outer = parent.own(v)?;
        let known = |(value, _): &&(Value, NodeId)| value.id == Some(outer);
        if let Some((_, id)) = self.0.borrow().captured.iter().find(known) {
            return Some(*id);
        }
        let node = parent.node(outer);
        // Numbers are better known inside than handed in.
        if matches!(&node.op, Op::Constant(t) if t.shape().elements() == 1) {
            return self.append(node).id;
        }
        let id = self.argument(node.ty, node.at).id?;
        self.0.borrow_mut().captured.push((parent.value(outer), id));
        Some(id)
    }

    /// What the body uses from around it, and the arguments that stand for it.
    pub(super) fn captured(&self) -> Vec<(Value, NodeId)> {
        self.0.borrow().captured.clone()
    }

    /// Takes over the mistake of a body; if there is none, one of these words (unless they are empty).
    fn take_error(&self, inner: &Builder, or: &str, at: At) {
        match inner.0.borrow_mut().error.take() {
            Some(error) => {
                self.0.borrow_mut().error.get_or_insert(error);
            }
            None if or.is_empty() => {}
            None => {
                self.fail("scan", or.into(), at);
            }
        }
    }

    /// A loop of this body, whose arguments are the carries (with their first values), the sequences
    /// (with all steps) and what it captured; its results.
    pub(crate) fn push_scan(&self, parts: ScanParts<'_>) -> Vec<Value> {
        let ScanParts { body, steps, reverse, carries, sequences, fetches, at } = parts;
        let captured = body.captured();
        let arguments = carries.iter().chain(sequences).map(|(outer, inner)| (outer, inner.id));
        let arguments = arguments.chain(captured.iter().map(|(outer, id)| (outer, Some(*id))));
        let (operands, nodes): (Vec<&Value>, Vec<Option<NodeId>>) = arguments.unzip();
        let feed = |node: Option<NodeId>| Some(Feed { name: String::new(), node: node? });
        let feeds = nodes.into_iter().map(feed).collect::<Option<Vec<Feed>>>();
        let fetches = fetches.iter().map(|v| body.own(v)).collect::<Option<Vec<NodeId>>>();
        let mut draft = body.0.borrow_mut();
        draft.closed = true;
        if let Some(error) = draft.error.take() {
            self.0.borrow_mut().error.get_or_insert(error);
        }
        let (Some(feeds), Some(fetches)) = (feeds, fetches) else {
            self.fail("scan", "a loop's body lacks a value".into(), at);
            return Vec::new();
        };
        let (nodes, stopped) = (draft.nodes.clone(), draft.stopped.clone());
        drop(draft);
        let scan = Scan {
            body: Graph { nodes, feeds, states: Vec::new(), fetches },
            steps,
            carries: carries.len(),
            sequences: sequences.len(),
            reverse,
            stopped,
        };
        let types = scan.results();
        let token = self.push(Op::Scan(Arc::new(scan)), &operands, "scan", at);
        types.into_iter().enumerate().map(|(i, ty)| token.result(i, ty, at)).collect()
    }

    /// Replaces a loop by one that has more outputs behind those that it had.
    pub(crate) fn extend_scan(&self, id: NodeId, scan: Scan) {
        self.0.borrow_mut().nodes[id.index()].op = Op::Scan(Arc::new(scan));
    }
}

/// What a loop is made of.
pub(crate) struct ScanParts<'a> {
    pub body: &'a Builder,
    pub steps: usize,
    pub reverse: bool,
    /// First values and arguments.
    pub carries: &'a [(Value, Value)],
    /// All steps and arguments.
    pub sequences: &'a [(Value, Value)],
    /// The next carries, then the outputs.
    pub fetches: &'a [Value],
    pub at: At,
}

impl Value {
    /// A result of the loop that this value stands for.
    pub(crate) fn result(&self, index: usize, ty: TensorType, at: At) -> Value {
        self.builder.push(Op::ScanResult { index, ty }, &[self], "scan", at)
    }
}
