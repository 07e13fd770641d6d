//! Constant folding: ops on known data are done by the reference interpreter.
use super::rewrite::Rewriter;
use crate::ir::{NodeId, Op};
use crate::{Tensor, TensorType, evaluate};

/// Elements of an operand or result at most: a constant is kept for ever, and compiling must
/// stay cheap.
const MOST_ELEMENTS: usize = 1 << 16;

/// As above where operands are made of a pattern (a count, a repetition): back ends compute those
/// on the fly, so that data in memory is only better if it is little.
const MOST_OF_PATTERN: usize = 1 << 10;

/// Products summed up at most.
const MOST_PRODUCTS: usize = 1 << 20;

/// The value of an op, if all operands are known and it is worth it.
pub(super) fn fold(r: &Rewriter, op: &Op, inputs: &[NodeId], ty: &TensorType) -> Option<Tensor> {
    // Patterns without operands, and repetition, are kept as such; loops are never of known data.
    let kept = matches!(op, Op::Broadcast(_) | Op::Scan(_) | Op::ScanResult { .. });
    if inputs.is_empty() || kept {
        return None;
    }
    // Another shape of the same data costs nothing, whatever its size.
    if let (Op::Reshape(to), Op::Constant(t)) = (op, r.op(inputs[0])) {
        return t.reshape(to.clone()).ok();
    }
    let constant = |id: &NodeId| matches!(r.op(*id), Op::Constant(_));
    // A smaller result saves work at each run; one as large as a pattern may not.
    let largest = inputs.iter().map(|&id| r.shape(id).elements()).max()?;
    let shrinks = ty.shape.elements() * 2 <= largest;
    let most = if shrinks || inputs.iter().all(constant) { MOST_ELEMENTS } else { MOST_OF_PATTERN };
    if ty.shape.elements() > most
        || largest > MOST_ELEMENTS
        || products(r, op, inputs, ty) > MOST_PRODUCTS
    {
        return None;
    }
    let known = inputs.iter().map(|&id| known(r, id)).collect::<Option<Vec<Tensor>>>()?;
    evaluate(op, &known.iter().collect::<Vec<_>>(), ty).ok()
}

/// The value of a constant or of a pattern.
fn known(r: &Rewriter, id: NodeId) -> Option<Tensor> {
    let node = r.node(id);
    match &node.op {
        Op::Constant(t) => Some(t.clone()),
        Op::Iota { .. } => evaluate(&node.op, &[], &node.ty).ok(),
        Op::Broadcast(_) => evaluate(&node.op, &[&known(r, *node.inputs.first()?)?], &node.ty).ok(),
        _ => None,
    }
}

fn products(r: &Rewriter, op: &Op, inputs: &[NodeId], ty: &TensorType) -> usize {
    let elements = ty.shape.elements();
    let each = match op {
        Op::Dot(dims) => dims.lhs_contract.iter().map(|&a| r.shape(inputs[0])[a]).product(),
        Op::Conv(_) | Op::ConvInputGrad(..) | Op::ConvKernelGrad(..) => {
            r.shape(inputs[0]).elements()
        }
        Op::MaxPool(w) | Op::MaxPoolGrad(w) | Op::SumPool(w) | Op::SumPoolGrad(w, _) => {
            w.size.iter().product()
        }
        _ => 1,
    };
    elements.saturating_mul(each)
}
