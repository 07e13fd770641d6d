//! Common sub-expressions: values are numbered by what computes them.
use crate::ir::{Binary, Node, NodeId, Op};
use crate::{Element, Elements, Tensor};
use std::borrow::Cow;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

/// Elements of a constant that its key looks at; equality looks at all.
const KEYED: usize = 64;

/// The nodes so far, by key. It is asked for keys and never walked through, so that its order
/// matters to nothing.
#[derive(Default)]
pub(super) struct Numbers(HashMap<u64, Vec<NodeId>>);

impl Numbers {
    /// Equal for equal nodes. Attributes of rarer ops are left to the comparison.
    pub fn key(node: &Node) -> u64 {
        let mut h = DefaultHasher::new();
        std::mem::discriminant(&node.op).hash(&mut h);
        operands(node).hash(&mut h);
        node.ty.hash(&mut h);
        match &node.op {
            Op::Unary(u) => u.hash(&mut h),
            Op::Binary(b) => b.hash(&mut h),
            Op::Compare(c) => c.hash(&mut h),
            Op::Slice { start, .. } => start.hash(&mut h),
            Op::Random { stream, .. } => stream.hash(&mut h),
            Op::Constant(t) => first_bits(t).for_each(|bits| bits.hash(&mut h)),
            _ => {}
        }
        h.finish()
    }

    /// A node that computes the same.
    pub fn find(&self, key: u64, node: &Node, nodes: &[Node]) -> Option<NodeId> {
        let same = |id: &&NodeId| {
            let other = &nodes[id.index()];
            operands(other) == operands(node) && other.ty == node.ty && same_op(&other.op, &node.op)
        };
        self.0.get(&key)?.iter().find(same).copied()
    }

    pub fn insert(&mut self, key: u64, id: NodeId) {
        self.0.entry(key).or_default().push(id);
    }
}

/// The operands, in one order where their order does not matter.
fn operands(node: &Node) -> Cow<'_, [NodeId]> {
    match (&node.op, &node.inputs[..]) {
        (Op::Binary(Binary::Add | Binary::Mul), &[a, b]) if b < a => Cow::Owned(vec![b, a]),
        (_, inputs) => Cow::Borrowed(inputs),
    }
}

/// Whether two ops on the same operands give the same bits. Each feed and each state is its own.
fn same_op(a: &Op, b: &Op) -> bool {
    match (a, b) {
        (Op::Feed | Op::State, _) => false,
        (Op::Constant(a), Op::Constant(b)) => same_bits(a, b),
        (Op::Pad { value: a, .. }, Op::Pad { value: b, .. }) if a.to_bits() != b.to_bits() => false,
        (a, b) => a == b,
    }
}

/// Equality that tells 0 from −0 and takes a NaN for itself.
fn same_bits(a: &Tensor, b: &Tensor) -> bool {
    fn all<T: Element>(a: &[T], b: &[T], bits: impl Fn(T) -> u64) -> bool {
        a.len() == b.len() && a.iter().zip(b).all(|(&a, &b)| bits(a) == bits(b))
    }
    use Elements::*;
    match (a.elements(), b.elements()) {
        (F16(a), F16(b)) => all(a, b, |v| v.to_bits().into()),
        (BF16(a), BF16(b)) => all(a, b, |v| v.to_bits().into()),
        (F32(a), F32(b)) => all(a, b, |v| v.to_bits().into()),
        (F64(a), F64(b)) => all(a, b, f64::to_bits),
        (a, b) => a == b,
    }
}

fn first_bits(t: &Tensor) -> impl Iterator<Item = u64> {
    fn bits<T: Element>(data: &[T]) -> Vec<u64> {
        data.iter().take(KEYED).map(|v| v.to_f64().to_bits()).collect()
    }
    use Elements::*;
    let bits = match t.elements() {
        Bool(v) => bits(v),
        U8(v) => bits(v),
        I32(v) => bits(v),
        I64(v) => bits(v),
        F16(v) => bits(v),
        BF16(v) => bits(v),
        F32(v) => bits(v),
        F64(v) => bits(v),
    };
    bits.into_iter()
}

/// The element that a constant has everywhere, if it has more than one.
pub(super) fn repeated(t: &Tensor) -> Option<Tensor> {
    fn one<T: Element>(data: &[T]) -> Option<Tensor> {
        let (&first, rest) = data.split_first()?;
        // Equality leaves NaN alone, the bits tell 0 from −0.
        let bits = |v: T| v.to_f64().to_bits();
        let same = |&v: &T| v == first && bits(v) == bits(first);
        (!rest.is_empty() && rest.iter().all(same)).then(|| Tensor::scalar(first))
    }
    use Elements::*;
    match t.elements() {
        Bool(v) => one(v),
        U8(v) => one(v),
        I32(v) => one(v),
        I64(v) => one(v),
        F16(v) => one(v),
        BF16(v) => one(v),
        F32(v) => one(v),
        F64(v) => one(v),
    }
}
