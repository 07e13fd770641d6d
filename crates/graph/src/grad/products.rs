//! Gradients of products and windows.
use super::table::{Shares, Site, both, inverse};
use crate::ir::{DotDims, Window};
use crate::{Shape, Value};

/// Taps of a window beyond which the second derivative of a maximum is refused: it is built of
/// one slice a tap.
const MOST_TAPS: usize = 256;

/// A product's gradients are products: with the other operand, over its free axes.
pub(super) fn dot(s: &Site<'_>, dims: &DotDims) -> Shares {
    let left = Side { batch: &dims.lhs_batch, contract: &dims.lhs_contract };
    let right = Side { batch: &dims.rhs_batch, contract: &dims.rhs_contract };
    let (a, b) = (s.x(0), s.x(1));
    let middle = dims.lhs_batch.len() + left.free(a.rank()).len();
    both(
        s.share(0, || {
            by_operand(&s.dy, dims.lhs_batch.len()..middle, &a.shape(), &left, &b, &right)
        }),
        s.share(1, || by_operand(&s.dy, middle..s.dy.rank(), &b.shape(), &right, &a, &left)),
    )
}

/// How one operand takes part in a product.
struct Side<'a> {
    batch: &'a [usize],
    contract: &'a [usize],
}

impl Side<'_> {
    fn free(&self, rank: usize) -> Vec<usize> {
        (0..rank).filter(|i| !self.batch.contains(i) && !self.contract.contains(i)).collect()
    }
}

/// The gradient by the operand `own`, of the given shape, whose free axes are `axes` of dy.
fn by_operand(
    dy: &Value,
    axes: std::ops::Range<usize>,
    shape: &Shape,
    own: &Side<'_>,
    other: &Value,
    side: &Side<'_>,
) -> Value {
    let batch: Vec<usize> = (0..own.batch.len()).collect();
    let free = own.free(shape.rank());
    // dy's remaining axes are the other's free axes, which are summed over.
    let summed: Vec<usize> = (batch.len()..dy.rank()).filter(|i| !axes.contains(i)).collect();
    let other_free = side.free(other.rank());
    // The other's contracted axes come out in ascending order; each stands for an own axis.
    let mut pairs: Vec<(usize, usize)> =
        side.contract.iter().copied().zip(own.contract.iter().copied()).collect();
    pairs.sort_unstable();
    let contracted: Vec<usize> = pairs.into_iter().map(|(_, own)| own).collect();
    let first = [own.batch, &free, &contracted].concat();
    let second = [own.batch, &contracted, &free].concat();
    // Two orders of the operands give two orders of axes; one often needs no transpose.
    if is_identity(&second) && !is_identity(&first) {
        let dims = DotDims {
            lhs_batch: side.batch.to_vec(),
            lhs_contract: other_free,
            rhs_batch: batch,
            rhs_contract: summed,
        };
        return other.dot_general(dy, dims);
    }
    let dims = DotDims {
        lhs_batch: batch,
        lhs_contract: summed,
        rhs_batch: side.batch.to_vec(),
        rhs_contract: other_free,
    };
    let product = dy.dot_general(other, dims);
    if is_identity(&first) { product } else { product.transpose(&inverse(&first)) }
}

fn is_identity(perm: &[usize]) -> bool {
    perm.iter().enumerate().all(|(i, &p)| i == p)
}

/// The reverse of `MaxPoolGrad`: of each window of dy, the element at the place of the first
/// largest of x.
pub(super) fn pick(s: &Site<'_>, w: &Window) -> Value {
    let taps: usize = w.size.iter().product();
    if taps > MOST_TAPS {
        let problem = format!(
            "the second derivative of a maximum over windows of {taps} elements is not built \
             (at most {MOST_TAPS}); use a smaller window or the maximum over whole axes"
        );
        return s.dy.error("max_pool", problem);
    }
    let widened = |v: &Value, with: f64| {
        let pad = |f: fn(&(usize, usize)) -> usize| {
            let inner = w.padding.iter().map(f);
            [0].into_iter().chain(inner).chain([0]).collect::<Vec<_>>()
        };
        v.pad(&pad(|p| p.0), &pad(|p| p.1), with)
    };
    let x = widened(&s.x(0), f64::NEG_INFINITY);
    let dy = widened(&s.dy, 0.0);
    let out = s.x(1).shape();
    let mut best: Option<(Value, Value)> = None;
    for tap in 0..taps {
        let window = |v: &Value| window_tap(v, w, tap, &out);
        let (x, dy) = (window(&x), window(&dy));
        best = Some(match best {
            None => (x, dy),
            Some((largest, picked)) => {
                let larger = x.greater(&largest);
                (larger.select(&x, &largest), larger.select(&dy, &picked))
            }
        });
    }
    best.map_or_else(|| super::zeros_like(&s.x(1)), |(_, picked)| picked)
}

/// The elements that one tap (counted row by row) of the windows meets.
fn window_tap(v: &Value, w: &Window, tap: usize, out: &Shape) -> Value {
    let shape = v.shape();
    let strides = Shape::from(&w.size[..]).strides();
    let (mut start, mut limit) = (vec![0; shape.rank()], shape.to_vec());
    let mut step = vec![1; shape.rank()];
    for i in 0..w.size.len() {
        let offset = tap / strides[i] % w.size[i];
        start[i + 1] = offset;
        limit[i + 1] = match out[i + 1] {
            0 => offset,
            n => offset + (n - 1) * w.strides[i] + 1,
        };
        step[i + 1] = w.strides[i];
    }
    v.slice(&start, &limit, &step)
}
