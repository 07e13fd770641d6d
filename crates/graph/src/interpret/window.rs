//! Convolutions, pools and their gradients: windows that slide over (batch, spatial…, channels).
use super::number::Number;
use super::{data, each_index, place, unknown};
use crate::ir::{Binary, ConvDims, Op, Window};
use crate::{Result, Shape, Tensor, TensorType};

pub(super) fn evaluate<T: Number>(op: &Op, inputs: &[&Tensor], ty: &TensorType) -> Result<Tensor> {
    let add = |sum: &mut T::Wide, v: T::Wide| *sum = T::Wide::binary(Binary::Add, *sum, v);
    let mul = |a: T, b: T| T::Wide::binary(Binary::Mul, a.widen(), b.widen());
    let mut sums = vec![T::Wide::default(); ty.shape.elements()];
    match (op, inputs) {
        (Op::Conv(dims), [x, k]) => {
            let (a, b) = (data::<T>(x)?, data::<T>(k)?);
            let visit = |xi, ki, yi: usize| add(&mut sums[yi], mul(a[xi], b[ki]));
            each_product(dims, x.shape(), k.shape(), &ty.shape, visit);
        }
        (Op::ConvInputGrad(dims, _), [dy, k]) => {
            let (a, b) = (data::<T>(dy)?, data::<T>(k)?);
            let visit = |xi: usize, ki, yi| add(&mut sums[xi], mul(a[yi], b[ki]));
            each_product(dims, &ty.shape, k.shape(), dy.shape(), visit);
        }
        (Op::ConvKernelGrad(dims, _), [x, dy]) => {
            let (a, b) = (data::<T>(x)?, data::<T>(dy)?);
            let visit = |xi, ki: usize, yi| add(&mut sums[ki], mul(a[xi], b[yi]));
            each_product(dims, x.shape(), &ty.shape, dy.shape(), visit);
        }
        (Op::SumPool(w), [x]) => {
            let a = data::<T>(x)?;
            each_tap(w, x.shape(), &ty.shape, |xi, yi| add(&mut sums[yi], a[xi].widen()));
        }
        (Op::SumPoolGrad(w, _), [dy]) => {
            let a = data::<T>(dy)?;
            each_tap(w, &ty.shape, dy.shape(), |xi, yi| add(&mut sums[xi], a[yi].widen()));
        }
        (Op::MaxPool(w), [x]) => {
            let a = data::<T>(x)?;
            let value = |first: Option<usize>| first.map_or(T::ENDS.0, |xi| a[xi]);
            let largest = largest(w, a, x.shape(), &ty.shape);
            return Tensor::new(ty.shape.clone(), largest.into_iter().map(value).collect());
        }
        (Op::MaxPoolGrad(w), [x, dy]) => {
            let (a, b) = (data::<T>(x)?, data::<T>(dy)?);
            for (first, dy) in largest(w, a, x.shape(), dy.shape()).into_iter().zip(b) {
                if let Some(xi) = first {
                    add(&mut sums[xi], dy.widen());
                }
            }
        }
        _ => return Err(unknown(op)),
    }
    Tensor::new(ty.shape.clone(), sums.into_iter().map(T::narrow).collect())
}

/// The place of each window's first largest element, NaN counting as largest; none where the
/// window sees only padding.
fn largest<T: Number>(w: &Window, x: &[T], from: &Shape, to: &Shape) -> Vec<Option<usize>> {
    let mut best: Vec<Option<usize>> = vec![None; to.elements()];
    each_tap(w, from, to, |xi, yi| {
        let beats = |b: usize| !x[b].is_nan() && (x[xi].is_nan() || x[xi] > x[b]);
        if best[yi].is_none_or(beats) {
            best[yi] = Some(xi);
        }
    });
    best
}

/// Calls `f` with the flat places in input, kernel and output of each product of a convolution.
fn each_product(
    dims: &ConvDims,
    x: &Shape,
    k: &Shape,
    y: &Shape,
    mut f: impl FnMut(usize, usize, usize),
) {
    let spatial = dims.strides.len();
    let (channels, filters) = (k[spatial], k[spatial + 1]);
    let in_group = (filters / dims.groups).max(1);
    let (x_strides, k_strides) = (x.strides(), k.strides());
    let mut yi = 0;
    each_index(&y[..=spatial], |to| {
        each_index(&k[..spatial], |tap| {
            let at = |i: usize| {
                let padded = to[i + 1] * dims.strides[i] + tap[i] * dims.dilation[i];
                padded.checked_sub(dims.padding[i].0).filter(|&p| p < x[i + 1])
            };
            let Some(seen) = (0..spatial).map(at).collect::<Option<Vec<usize>>>() else { return };
            let xi = to[0] * x_strides[0] + place(&seen, &x_strides[1..]);
            let ki = place(tap, &k_strides);
            for c in 0..channels {
                for o in 0..filters {
                    f(xi + o / in_group * channels + c, ki + c * filters + o, yi + o);
                }
            }
        });
        yi += filters;
    });
}

/// Calls `f` with the flat places in input and output of each element that a window sees, in
/// the window's order.
fn each_tap(w: &Window, x: &Shape, y: &Shape, mut f: impl FnMut(usize, usize)) {
    let channels = y.last().copied().unwrap_or(1);
    let dims = ConvDims {
        strides: w.strides.clone(),
        padding: w.padding.clone(),
        dilation: vec![1; w.size.len()],
        groups: channels.max(1),
    };
    // A convolution in which each channel is a group of its own has one product for each tap.
    let kernel: Shape = [&w.size[..], &[1, channels]].concat().into();
    each_product(&dims, x, &kernel, y, |xi, _, yi| f(xi, yi));
}
