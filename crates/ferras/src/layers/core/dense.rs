//! `Dense`: an affine map of the last axis, then an activation.
use crate::layers::prelude::*;

/// Densely connected layer: `activation(x · kernel + bias)` on the last axis of `x`.
///
/// - **Input** `(batch, …, features)`, rank ≥ 2. **Output** `(batch, …, units)`.
/// - **Weights** `kernel (features, units)`; `bias (units)` if `use_bias`.
/// - **Errors** at build: rank below 2, `features` unknown, `units` 0.
/// - **Source** Keras 3 `layers.Dense`; default kernel of Glorot & Bengio 2010, eq. 16.
///
/// ```
/// use ferras::prelude::*;
/// let x = Input::new([16]);
/// let y = Dense::new(4).activation("relu").apply(&x);
/// let model = Model::new(&x, &y)?;
/// assert_eq!(model.count_params(), 16 * 4 + 4);
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.layers")]
pub struct Dense {
    /// Size of the output's last axis.
    units: usize,
    /// What the affine map is put through; linear by default.
    #[config(default = "linear")]
    activation: Activation,
    /// Whether a bias is added; true by default.
    #[config(default = true)]
    use_bias: bool,
    /// Initial kernel; `glorot_uniform` by default.
    #[config(default = "glorot_uniform")]
    kernel_initializer: Initializer,
    /// Initial bias; zeros by default.
    #[config(default = "zeros")]
    bias_initializer: Initializer,
    /// Penalty on the kernel.
    #[config(default)]
    kernel_regularizer: Option<Regularizer>,
    /// Penalty on the bias.
    #[config(default)]
    bias_regularizer: Option<Regularizer>,
    /// Penalty on the output.
    #[config(default, omit_default)]
    activity_regularizer: Option<Regularizer>,
    /// Projection of the kernel after each update.
    #[config(default)]
    kernel_constraint: Option<Constraint>,
    /// Projection of the bias after each update.
    #[config(default)]
    bias_constraint: Option<Constraint>,
}

impl Layer for Dense {
    fn build(&self, cx: &mut Build) -> Result<()> {
        cx.at_least("units", self.units, 1)?;
        self.activation.get()?;
        let features = cx.input()?.min_rank(2)?.known(-1)?;
        cx.weight("kernel", [features, self.units])
            .initializer(&self.kernel_initializer)
            .regularizer(&self.kernel_regularizer)
            .constraint(&self.kernel_constraint);
        if self.use_bias {
            cx.weight("bias", [self.units])
                .initializer(&self.bias_initializer)
                .regularizer(&self.bias_regularizer)
                .constraint(&self.bias_constraint);
        }
        Ok(())
    }

    fn call(&self, cx: &mut Call) -> Value {
        let mut y = cx.input().matmul(&cx.weight("kernel"));
        if self.use_bias {
            y = y + cx.weight("bias");
        }
        let y = self.activation.apply(&y);
        cx.penalize(&self.activity_regularizer, &y);
        y
    }

    fn supports_masking(&self) -> bool {
        true
    }
}
