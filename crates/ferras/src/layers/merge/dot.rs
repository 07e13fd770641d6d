//! `Dot`: products of samples, summed over an axis of each.
use crate::config::{Axes, epsilon};
use crate::layers::prelude::*;
use crate::Error;
use ferras_graph::DotDims;

/// Σ a · b over one axis of each of two inputs, for each sample.
///
/// - **Inputs** two, of rank ≥ 2, with axes of equal size. **Output** `(batch, …)` with the other axes
///   of the first, then those of the second; `(batch, 1)` where there are none.
/// - **Errors** at build: a number of inputs other than 2, no such axis, the batch axis, sizes that
///   differ.
/// - **Source** Keras 3 `layers.Dot`.
///
/// ```
/// use ferras::prelude::*;
/// let (a, b) = (Input::new([5, 7]), Input::new([3, 5]));
/// let y = Dot::new([1, 2]).apply([&a, &b]); // (7, 3)
/// let model = Model::new([&a, &b], &Dense::new(1).apply(&y))?;
/// assert_eq!(model.count_params(), 3 + 1);
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.layers")]
pub struct Dot {
    /// The axis of both, or one of the first and one of the second; negative ones count from the end.
    axes: Axes,
    /// Whether vectors along the axes have norm 1 first: the product is then the cosine of the angle
    /// between them. False by default.
    #[config(default = false)]
    normalize: bool,
}

impl Dot {
    /// The axis of each of two inputs of these ranks, counted from the front.
    fn resolve(&self, ranks: [usize; 2]) -> Result<[usize; 2]> {
        let given = match *self.axes.as_slice() {
            [axis] => [axis, axis],
            [first, second] => [first, second],
            _ => {
                let problem = format!(
                    "must be one axis, or one of each of the two inputs, got {:?}",
                    self.axes.as_slice()
                );
                return Err(Error::argument("axes", problem));
            }
        };
        let place = |(axis, rank): (isize, usize)| {
            let place = if axis < 0 { axis + rank as isize } else { axis };
            match usize::try_from(place) {
                Ok(place) if place > 0 && place < rank => Ok(place),
                _ => {
                    let problem = format!("{axis} is no axis of a sample of rank {rank}, batch counted");
                    Err(Error::argument("axes", problem))
                }
            }
        };
        Ok([place((given[0], ranks[0]))?, place((given[1], ranks[1]))?])
    }
}

impl Layer for Dot {
    fn build(&self, cx: &mut Build) -> Result<()> {
        let [a, b] = cx.inputs() else {
            let count = cx.inputs().len();
            return Err(cx.error(format!("expected exactly 2 inputs, got {count}")));
        };
        let (a, b) = (&a.shape, &b.shape);
        let [i, j] = self.resolve([a.len(), b.len()])?;
        match (a[i], b[j]) {
            (Some(m), Some(n)) if m != n => Err(cx.error(format!(
                "expected axes of equal size, got axis {i} of {a} and axis {j} of {b}"
            ))),
            _ => Ok(()),
        }
    }

    fn call(&self, cx: &mut Call) -> Value {
        let [a, b] = cx.inputs() else { return cx.input() };
        let [i, j] = match self.resolve([a.rank(), b.rank()]) {
            Ok(axes) => axes,
            Err(e) => return a.error("dot", e.to_string()),
        };
        let unit = |x: &Value, axis: usize| match self.normalize {
            true => x.l2_normalize(&[axis as isize], epsilon()),
            false => x.clone(),
        };
        let dims = DotDims {
            lhs_batch: vec![0],
            lhs_contract: vec![i],
            rhs_batch: vec![0],
            rhs_contract: vec![j],
        };
        let y = unit(a, i).dot_general(&unit(b, j), dims);
        if y.rank() == 1 { y.expand_dims(-1) } else { y }
    }

    fn supports_masking(&self) -> bool {
        true
    }

    fn compute_mask(&self, _: &mut Call) -> Vec<Option<Value>> {
        Vec::new()
    }
}
