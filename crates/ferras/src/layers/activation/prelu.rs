//! `PReLU`: a leaky ReLU whose slopes are learnt.
use crate::layers::{prelude::*, weights::WeightRule};

/// x for x > 0, else α · x with α learnt.
///
/// - **Input, output** any shape of rank ≥ 2.
/// - **Weights** `alpha`, of a sample's shape, with size 1 along `shared_axes`.
/// - **Errors** at build: sizes that are unknown, shared axes that are not there.
/// - **Source** Keras 3 `layers.PReLU`; He et al. 2015.
///
/// ```
/// use ferras::prelude::*;
/// let x = Input::new([8, 8, 16]);
/// let model = Model::new(&x, &PReLU::new().shared_axes([1, 2]).apply(&x))?;
/// assert_eq!(model.count_params(), 16);
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.layers")]
pub struct PReLU {
    /// Initial slopes; zeros by default.
    #[config(default = "Zeros")]
    alpha_initializer: Initializer,
    /// Penalty on the slopes.
    #[config(default)]
    alpha_regularizer: Option<Regularizer>,
    /// Projection of the slopes after each update.
    #[config(default)]
    alpha_constraint: Option<Constraint>,
    /// Axes along which the slope is the same, the first axis of a sample being 1.
    #[config(default)]
    shared_axes: Option<Vec<usize>>,
}

impl Layer for PReLU {
    fn build(&self, cx: &mut Build) -> Result<()> {
        let shape = cx.input()?.min_rank(2)?.shape();
        let shared = self.shared_axes.as_deref().unwrap_or(&[]);
        if let Some(axis) = shared.iter().find(|&&a| a == 0 || a >= shape.len()) {
            let rank = shape.len();
            return Err(cx.error(format!("shared_axes must be within 1 and {}, got {axis}", rank - 1)));
        }
        let size = |axis| match shared.contains(&axis) {
            true => Ok(1),
            false => cx.input()?.known(axis as isize),
        };
        let sizes = (1..shape.len()).map(size).collect::<Result<Vec<usize>>>()?;
        WeightRule(&self.alpha_initializer, &self.alpha_regularizer, &self.alpha_constraint)
            .add(cx, "alpha", sizes);
        Ok(())
    }

    fn call(&self, cx: &mut Call) -> Value {
        let x = cx.input();
        x.relu() - cx.weight("alpha") * (-&x).relu()
    }

    fn supports_masking(&self) -> bool {
        true
    }
}
