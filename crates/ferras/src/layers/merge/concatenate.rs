//! `Concatenate`: one after the other along an axis.
use crate::layers::{PartialShape, prelude::*};
use ferras_graph::DType;

/// The inputs one after the other along `axis`.
///
/// - **Inputs** at least one, of equal shape but for the axis. **Output** the same with the sum of
///   the sizes of the axis.
/// - **Errors** at build: no such axis, the batch axis, other sizes that differ.
/// - **Source** Keras 3 `layers.Concatenate`.
///
/// ```
/// use ferras::prelude::*;
/// let (a, b) = (Input::new([4]), Input::new([6]));
/// let y = Dense::new(1).apply(&Concatenate::new().apply([&a, &b]));
/// assert_eq!(Model::new([&a, &b], &y)?.count_params(), 10 + 1);
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.layers")]
pub struct Concatenate {
    /// The axis, batch axis counted; the last by default.
    #[config(default = -1)]
    axis: isize,
}

impl Layer for Concatenate {
    fn build(&self, cx: &mut Build) -> Result<()> {
        let shapes: Vec<&PartialShape> = cx.inputs().iter().map(|s| &s.shape).collect();
        let Some((first, rest)) = shapes.split_first() else {
            return Err(cx.error("expected at least 1 input, got none"));
        };
        let rank = first.len() as isize;
        let axis = if self.axis < 0 { self.axis + rank } else { self.axis };
        if !(0..rank).contains(&axis) {
            return Err(cx.error(format!("its input of shape {first} has no axis {}", self.axis)));
        }
        if axis == 0 {
            return Err(cx.error("axis 0 is the batch, which stays as it is; name another axis"));
        }
        let fits = |other: &&&PartialShape| {
            let mut pairs = first.iter().zip(other.iter()).enumerate();
            other.len() == first.len()
                && pairs.all(|(i, (a, b))| i == axis as usize || a == b || a.is_none() || b.is_none())
        };
        match rest.iter().find(|other| !fits(other)) {
            None => Ok(()),
            Some(other) => Err(cx.error(format!(
                "expected inputs of equal shape but for axis {}, got {first} and {other}",
                self.axis
            ))),
        }
    }

    fn call(&self, cx: &mut Call) -> Value {
        let inputs = cx.inputs().to_vec();
        match inputs.first() {
            Some(first) => first.builder().concat(&inputs, self.axis),
            None => cx.input(),
        }
    }

    fn supports_masking(&self) -> bool {
        true
    }

    fn compute_mask(&self, cx: &mut Call) -> Vec<Option<Value>> {
        if cx.masks().iter().all(Option::is_none) {
            return Vec::new();
        }
        let full = |(x, mask): (&Value, &Option<Value>)| match mask {
            Some(mask) if mask.rank() < x.rank() => mask.expand_dims(-1).broadcast_to(x.shape()),
            Some(mask) => mask.clone(),
            None => x.builder().full(DType::Bool, x.shape(), 1.0),
        };
        let masks: Vec<Value> = cx.inputs().iter().zip(cx.masks()).map(full).collect();
        let joined = masks.first().map(|m| m.builder().concat(&masks, self.axis));
        vec![joined.map(|m| m.max(&[-1], false))]
    }
}
