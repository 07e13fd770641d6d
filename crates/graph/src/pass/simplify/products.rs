//! Rules of products: transposes become part of how axes pair.
use super::super::rewrite::Rewriter;
use crate::ir::{DotDims, NodeId, Op};

/// A product of transposed operands, if their free axes keep their order.
pub(super) fn dot(r: &mut Rewriter, dims: &DotDims, x: NodeId, y: NodeId) -> Option<NodeId> {
    let mut dims = dims.clone();
    let left = untransposed(r, x, &mut dims.lhs_batch, &mut dims.lhs_contract);
    let right = untransposed(r, y, &mut dims.rhs_batch, &mut dims.rhs_contract);
    if left.is_none() && right.is_none() {
        return None;
    }
    r.emit(Op::Dot(dims), &[left.unwrap_or(x), right.unwrap_or(y)])
}

fn untransposed(
    r: &Rewriter,
    x: NodeId,
    batch: &mut [usize],
    contract: &mut [usize],
) -> Option<NodeId> {
    let Op::Transpose(perm) = r.op(x) else { return None };
    let free = (0..perm.len()).filter(|a| !batch.contains(a) && !contract.contains(a));
    if !free.map(|a| perm[a]).is_sorted() {
        return None;
    }
    batch.iter_mut().chain(contract).for_each(|a| *a = perm[*a]);
    r.input(x, 0)
}

/// A transposed product whose two groups of free axes change places: the operands do.
pub(super) fn turned(
    r: &mut Rewriter,
    perm: &[usize],
    dims: &DotDims,
    product: NodeId,
) -> Option<NodeId> {
    let [x, y] = r.node(product).inputs[..] else { return None };
    let batch = dims.lhs_batch.len();
    let left = r.shape(x).rank() - batch - dims.lhs_contract.len();
    let swapped = (0..batch).chain(batch + left..perm.len()).chain(batch..batch + left);
    if !swapped.eq(perm.iter().copied()) {
        return None;
    }
    let dims = DotDims {
        lhs_batch: dims.rhs_batch.clone(),
        lhs_contract: dims.rhs_contract.clone(),
        rhs_batch: dims.lhs_batch.clone(),
        rhs_contract: dims.lhs_contract.clone(),
    };
    r.emit(Op::Dot(dims), &[y, x])
}
