//! `normalize`: values along an axis as a vector of length 1.
use crate::{Error, Result};
use ferras_graph::{DType, Tensor};

/// x / ‖x‖ along an axis, where ‖x‖ is the norm of this order; what is 0 stays 0.
///
/// - **Input** numbers of any shape of rank 1 at least. `axis` counts from the end where it is negative.
///   `order` 2 is the length of a vector, 1 the sum of absolute values, infinity the largest of them,
///   any other p (Σ |x|ᵖ)^(1/p).
/// - **Output** the same shape; floating-point types stay, others become float64.
/// - **Errors**: an axis that is not there, an order that is not a number.
/// - **Source** Keras `utils.normalize`, whose defaults are axis -1 and order 2. Axis 0 is what Keras
///   makes of tensors; arrays of NumPy it divides by the norms of another axis.
///
/// ```
/// use ferras::Tensor;
/// use ferras::utils::normalize;
/// let x = Tensor::new([2, 2], vec![3.0_f32, 4.0, 0.0, 0.0])?;
/// assert_eq!(normalize(&x, -1, 2.0)?.to_f64_vec(), [0.6_f32.into(), 0.8_f32.into(), 0.0, 0.0]);
/// assert_eq!(normalize(&x, 0, 1.0)?.to_f64_vec(), [1.0, 1.0, 0.0, 0.0]);
/// # Ok::<(), ferras::Error>(())
/// ```
pub fn normalize(x: &Tensor, axis: isize, order: f64) -> Result<Tensor> {
    let shape = x.shape().clone();
    let Some(axis) = shape.axis(axis) else {
        let problem = format!("must be an axis of an array of shape {shape}, got {axis}");
        return Err(Error::argument("axis", problem));
    };
    if order.is_nan() {
        return Err(Error::argument("order", "must be a number or infinity, got NaN"));
    }
    let mut values = x.to_f64_vec();
    let (count, step) = (shape[axis], shape[axis + 1..].iter().product::<usize>());
    for block in values.chunks_mut((count * step).max(1)) {
        for start in 0..step {
            let line = || block.iter().skip(start).step_by(step);
            let length = norm(line().map(|v| v.abs()), order);
            if length != 0.0 {
                block.iter_mut().skip(start).step_by(step).for_each(|v| *v /= length);
            }
        }
    }
    let dtype = if x.dtype().is_float() { x.dtype() } else { DType::F64 };
    Ok(Tensor::new(shape, values)?.cast(dtype))
}

/// The norm of a vector with these absolute values.
fn norm(values: impl Iterator<Item = f64>, order: f64) -> f64 {
    if order == f64::INFINITY {
        return values.fold(0.0, f64::max);
    }
    if order == f64::NEG_INFINITY {
        return values.fold(f64::INFINITY, f64::min);
    }
    if order == 0.0 {
        return values.filter(|v| *v != 0.0).count() as f64;
    }
    if order == 2.0 {
        return values.map(|v| v * v).sum::<f64>().sqrt();
    }
    values.map(|v| v.powf(order)).sum::<f64>().powf(1.0 / order)
}

#[cfg(test)]
mod tests {
    use super::*;

    const INF: [f64; 8] = [-1.0, -1.0, -0.333333333, 0.0, 0.333333333, 0.5, 1.0, 1.0];
    const THREE: [f64; 8] =
        [-0.987950634, -0.793700526, -0.329316878, 0.0, 0.329316878, 0.793700526, 0.987950634, 1.0];
    const ZERO: [f64; 8] = [-1.5, -1.0, -1.0, 0.0, 0.5, 1.0, 1.5, 2.0];

    /// As `keras.utils.normalize` gives them for tensors.
    #[test]
    fn orders_and_axes() {
        let x = Tensor::new([2, 2, 2], (0..8).map(|i| i as f64 - 3.0).collect()).unwrap();
        let of = |axis, order| normalize(&x, axis, order).unwrap().to_f64_vec();
        let near = |found: Vec<f64>, expected: [f64; 8]| {
            for (a, b) in found.iter().zip(expected) {
                assert!((a - b).abs() < 1e-7, "{found:?}");
            }
        };
        near(of(1, f64::INFINITY), INF);
        near(of(0, 3.0), THREE);
        near(of(-1, 0.0), ZERO);
        assert!(normalize(&x, 3, 2.0).unwrap_err().to_string().contains("must be an axis"));
        assert!(normalize(&x, 0, f64::NAN).is_err());
        let whole = Tensor::new([2], vec![3_i32, 4]).unwrap();
        assert_eq!(normalize(&whole, -1, 2.0).unwrap().dtype(), DType::F64);
        let none = Tensor::new([0, 3], Vec::<f32>::new()).unwrap();
        assert_eq!(normalize(&none, -1, 2.0).unwrap().shape(), none.shape());
    }
}
