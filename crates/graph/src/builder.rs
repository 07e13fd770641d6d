//! Building a graph: values are handles, mistakes are kept until the end.
mod batch;
mod body;
mod hoist;

pub(crate) use body::ScanParts;

use crate::ir::{Feed, Graph, Node, NodeId, Op, State};
use crate::{DType, Error, Result, Shape, Tensor, TensorType, infer};
use std::cell::RefCell;
use std::panic::Location;
use std::rc::Rc;

/// A graph under construction.
///
/// Ops are methods of [`Value`]; none of them fails. The first mistake is kept with its source
/// line, everything that follows from it is ignored, and [`Builder::finish`] returns it.
///
/// ```
/// use ferras_graph::{Builder, DType, TensorType};
/// let b = Builder::new();
/// let x = b.feed("x", TensorType::new(DType::F32, [4, 3]));
/// let graph = b.finish(&[x.relu().sum(&[-1], false)], &[])?;
/// assert_eq!(graph.node(graph.fetches[0]).ty.shape.to_string(), "(4,)");
/// # Ok::<(), ferras_graph::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Builder(Rc<RefCell<Draft>>);

#[derive(Debug, Default)]
struct Draft {
    nodes: Vec<Node>,
    feeds: Vec<Feed>,
    states: Vec<State>,
    scopes: Vec<String>,
    /// Nodes at which gradients stop, ascending.
    stopped: Vec<NodeId>,
    error: Option<Error>,
    /// The graph around that of a loop's body.
    parent: Option<Builder>,
    /// Values from there that the body uses, and the feeds that stand for them.
    captured: Vec<(Value, NodeId)>,
    /// Whether the loop is made: its body takes no more nodes.
    closed: bool,
}

/// A symbolic tensor: the result of an op in a graph under construction. Cloning is cheap.
///
/// Binary ops broadcast by NumPy's rule and promote the element type; numbers (`&x * 2.0`) take
/// the value's type.
#[derive(Clone, Debug)]
pub struct Value {
    builder: Builder,
    /// `None` after a mistake.
    id: Option<NodeId>,
}

impl Builder {
    /// An empty graph.
    pub fn new() -> Builder {
        Builder::default()
    }

    /// Data to be given at each run, in the order of these calls.
    #[track_caller]
    pub fn feed(&self, name: impl Into<String>, ty: TensorType) -> Value {
        let value = self.leaf(Op::Feed, ty, Location::caller());
        let node = value.id.unwrap_or(NodeId(0));
        self.0.borrow_mut().feeds.push(Feed { name: name.into(), node });
        value
    }

    /// A variable, in the order of these calls.
    #[track_caller]
    pub fn state(&self, name: impl Into<String>, ty: TensorType) -> Value {
        let value = self.leaf(Op::State, ty, Location::caller());
        let node = value.id.unwrap_or(NodeId(0));
        self.0.borrow_mut().states.push(State { name: name.into(), node, update: None });
        value
    }

    /// Known data.
    #[track_caller]
    pub fn constant(&self, tensor: Tensor) -> Value {
        let ty = tensor.ty();
        self.leaf(Op::Constant(tensor), ty, Location::caller())
    }

    /// A known number.
    #[track_caller]
    pub fn scalar(&self, dtype: DType, value: f64) -> Value {
        self.constant(Tensor::scalar_of(dtype, value))
    }

    /// The same number everywhere.
    ///
    /// ```
    /// use ferras_graph::{Builder, DType};
    /// assert_eq!(Builder::new().full(DType::F32, [2, 3], 1.0).shape().to_string(), "(2, 3)");
    /// ```
    #[track_caller]
    pub fn full(&self, dtype: DType, shape: impl Into<Shape>, value: f64) -> Value {
        self.scalar(dtype, value).broadcast_to(shape)
    }

    /// 0, 1, 2, … along an axis of the shape.
    #[track_caller]
    pub fn iota(&self, dtype: DType, shape: impl Into<Shape>, axis: usize) -> Value {
        self.push(Op::Iota { dtype, shape: shape.into(), axis }, &[], "iota", Location::caller())
    }

    /// Uniform float32 numbers in [0, 1); see [`Op::Random`].
    #[track_caller]
    pub fn random_uniform(&self, key: &Value, stream: u32, shape: impl Into<Shape>) -> Value {
        let op = Op::Random { shape: shape.into(), stream };
        self.push(op, &[key], "random_uniform", Location::caller())
    }

    /// The operands one after the other along an axis; negative axes count from the end.
    ///
    /// ```
    /// use ferras_graph::{Builder, DType};
    /// let b = Builder::new();
    /// let (x, y) = (b.full(DType::F32, [2, 1], 1.0), b.full(DType::F32, [2, 3], 0.0));
    /// assert_eq!(b.concat(&[x, y], -1).shape().to_string(), "(2, 4)");
    /// ```
    #[track_caller]
    pub fn concat(&self, values: &[Value], axis: isize) -> Value {
        let at = Location::caller();
        let Some(first) = values.first() else {
            return self.fail("concat", "expected at least one operand".into(), at);
        };
        let Some(axis) = first.shape().axis(axis) else {
            let problem = format!("axis {axis} is beyond the rank of {}", first.shape());
            return self.fail("concat", problem, at);
        };
        let operands: Vec<&Value> = values.iter().collect();
        self.push(Op::Concat { axis }, &operands, "concat", at)
    }

    /// Names what is traced from here until [`Builder::leave`], for errors.
    pub fn enter(&self, scope: impl Into<String>) {
        self.0.borrow_mut().scopes.push(scope.into());
    }

    /// Ends the innermost scope.
    pub fn leave(&self) {
        self.0.borrow_mut().scopes.pop();
    }

    /// Keeps a mistake that the caller found, and returns the value that stands for it.
    #[track_caller]
    pub fn error(&self, op: &'static str, problem: impl Into<String>) -> Value {
        self.fail(op, problem.into(), Location::caller())
    }

    /// The first mistake so far.
    pub fn first_error(&self) -> Option<Error> {
        self.0.borrow().error.clone()
    }

    /// The finished graph: results to fetch, and new values of states (state, new value). Nodes
    /// that neither needs are left out.
    pub fn finish(self, fetches: &[Value], updates: &[(Value, Value)]) -> Result<Graph> {
        for (state, update) in updates {
            self.check_update(state, update);
        }
        let mut draft = self.0.borrow_mut();
        if let Some(error) = draft.error.take() {
            return Err(error);
        }
        let poisoned = || Error::Internal("a value without node or error".into());
        for (state, update) in updates.iter().filter(|(s, u)| s.id != u.id) {
            let place = draft.states.iter_mut().find(|s| Some(s.node) == state.id);
            place.ok_or_else(poisoned)?.update = Some(update.id.ok_or_else(poisoned)?);
        }
        let fetches = fetches.iter().map(|v| v.id.ok_or_else(poisoned)).collect::<Result<_>>()?;
        let Draft { nodes, feeds, states, .. } = std::mem::take(&mut *draft);
        let mut graph = Graph { nodes, feeds, states, fetches };
        if graph.roots().any(|id| id.index() >= graph.nodes.len()) {
            return Err(Error::Internal("finish was called before: it takes the graph".into()));
        }
        crate::pass::remove_dead(&mut graph);
        Ok(graph)
    }

    #[track_caller]
    fn check_update(&self, state: &Value, update: &Value) {
        if state.ty() != update.ty() {
            let problem = format!("a state of type {} cannot become {}", state.ty(), update.ty());
            self.error("update", problem);
        }
    }

    fn leaf(&self, op: Op, ty: TensorType, at: &'static Location<'static>) -> Value {
        match crate::infer::check_size(&ty) {
            Ok(()) => self.append(Node { op, inputs: Vec::new(), ty, at }),
            Err(problem) => self.fail("tensor", problem, at),
        }
    }

    fn append(&self, node: Node) -> Value {
        let mut draft = self.0.borrow_mut();
        let id = NodeId(draft.nodes.len() as u32);
        draft.nodes.push(node);
        Value { builder: self.clone(), id: Some(id) }
    }

    /// Adds an op; its mistake is reported under the name `op_name` at `at`.
    pub(crate) fn push(
        &self,
        op: Op,
        operands: &[&Value],
        op_name: &'static str,
        at: &'static Location<'static>,
    ) -> Value {
        if operands.iter().any(|v| v.is_poisoned()) {
            return self.poison();
        }
        // Inside a loop's body, values from around it may be used: the op is the body's.
        let home = operands.iter().fold(self, |home, v| match v.builder.is_within(home) {
            true => &v.builder,
            false => home,
        });
        let inputs = operands.iter().map(|v| home.own(v)).collect::<Option<Vec<NodeId>>>();
        let Some(inputs) = inputs else {
            return self.fail(op_name, "operands of two different graphs".into(), at);
        };
        if home.0.borrow().closed {
            let problem = "a value of a loop's body is used outside of it; let the body return it";
            return self.fail(op_name, problem.into(), at);
        }
        let inferred = {
            let draft = home.0.borrow();
            let types: Vec<_> = inputs.iter().map(|id| &draft.nodes[id.index()].ty).collect();
            infer(&op, &types)
        };
        match inferred {
            Ok(ty) => home.append(Node { op, inputs, ty, at }),
            Err(problem) => home.fail(op_name, problem, at),
        }
    }

    pub(crate) fn fail(
        &self,
        op: &'static str,
        problem: String,
        at: &'static Location<'static>,
    ) -> Value {
        // A finished body has no say any more.
        let around = Some(self.0.borrow()).filter(|d| d.closed).and_then(|d| d.parent.clone());
        if let Some(around) = around {
            return around.fail(op, problem, at);
        }
        let mut draft = self.0.borrow_mut();
        let scope = draft.scopes.join(", in ");
        draft.error.get_or_insert(Error::Op { op, problem, scope, at });
        drop(draft);
        self.poison()
    }

    fn poison(&self) -> Value {
        Value { builder: self.clone(), id: None }
    }

    /// The same value under a node of its own, marked as the end of gradients. It is a reshape to
    /// its own shape, which no method makes otherwise and which passes drop.
    #[track_caller]
    pub(crate) fn stopped(&self, v: &Value) -> Value {
        let op = Op::Reshape(v.shape());
        let same = self.push(op, &[v], "stop_gradient", Location::caller());
        same.builder.0.borrow_mut().stopped.extend(same.id);
        same
    }

    /// Whether both are handles of one graph.
    pub(crate) fn is(&self, other: &Builder) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }

    /// How many nodes there are so far.
    pub(crate) fn len(&self) -> usize {
        self.0.borrow().nodes.len()
    }

    /// Gives nodes from a place on another source line.
    pub(crate) fn relocate(&self, from: usize, at: &'static Location<'static>) {
        self.0.borrow_mut().nodes.iter_mut().skip(from).for_each(|n| n.at = at);
    }

    /// Takes over the nodes of another graph, with the numbers that they have there.
    pub(crate) fn copy_nodes(&self, nodes: &[Node], stopped: &[NodeId]) {
        let mut draft = self.0.borrow_mut();
        draft.nodes = nodes.to_vec();
        draft.stopped = stopped.to_vec();
    }

    /// Keeps a mistake found elsewhere.
    pub(crate) fn keep_error(&self, error: Error) {
        self.0.borrow_mut().error.get_or_insert(error);
    }

    /// Reads the nodes, and those at which gradients stop (ascending).
    pub(crate) fn nodes<R>(&self, read: impl FnOnce(&[Node], &[NodeId]) -> R) -> R {
        let draft = self.0.borrow();
        read(&draft.nodes, &draft.stopped)
    }

    /// The node of an id, copied.
    pub(crate) fn node(&self, id: NodeId) -> Node {
        self.0.borrow().nodes[id.index()].clone()
    }

    /// The handle of a node.
    pub(crate) fn value(&self, id: NodeId) -> Value {
        Value { builder: self.clone(), id: Some(id) }
    }
}

impl Value {
    /// The graph that the value belongs to.
    pub fn builder(&self) -> &Builder {
        &self.builder
    }

    /// Element type and shape; a float32 scalar stands for a value that a mistake made.
    pub fn ty(&self) -> TensorType {
        match self.id {
            Some(id) => self.builder.0.borrow().nodes[id.index()].ty.clone(),
            None => TensorType::new(DType::F32, []),
        }
    }

    /// Size of each axis.
    pub fn shape(&self) -> Shape {
        self.ty().shape
    }

    /// Number of axes.
    pub fn rank(&self) -> usize {
        self.shape().rank()
    }

    /// Size of an axis, negative ones counted from the end; 1 where there is no such axis.
    pub fn dim(&self, axis: isize) -> usize {
        self.shape().dim(axis).unwrap_or(1)
    }

    /// Type of the elements.
    pub fn dtype(&self) -> DType {
        match self.id {
            Some(id) => self.builder.0.borrow().nodes[id.index()].ty.dtype,
            None => DType::F32,
        }
    }

    /// Whether a mistake stands behind the value.
    pub fn is_poisoned(&self) -> bool {
        self.id.is_none()
    }

    /// Whether both are handles of one value.
    pub fn is_same(&self, other: &Value) -> bool {
        self.builder.is(&other.builder) && self.id.is_some() && self.id == other.id
    }

    pub(crate) fn id(&self) -> Option<NodeId> {
        self.id
    }

    /// A mistake found by the caller, in the graph of this value.
    #[track_caller]
    pub fn error(&self, op: &'static str, problem: impl Into<String>) -> Value {
        self.builder.fail(op, problem.into(), Location::caller())
    }
}
