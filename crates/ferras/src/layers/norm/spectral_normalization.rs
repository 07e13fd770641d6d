//! `SpectralNormalization`: a layer whose kernel has spectral norm 1 in training.
use crate::config::epsilon;
use crate::initializers::TruncatedNormal;
use crate::layers::{LayerRef, WeightSpec, prelude::*};

/// In a training step the layer inside works with kernel / σ, where σ is the kernel's largest singular
/// value as `power_iterations` steps of the power method find it; otherwise with the kernel as it is.
///
/// The kernel counts as a matrix of its last axis by all others. The method goes on at each step from
/// where it was, `vector_u`. Gradients go through σ, not through the vectors. A kernel of zeros stays.
///
/// - **Input, output** those of the layer, which has a weight `kernel` or `embeddings`.
/// - **Weights** those of the layer, and `vector_u (1, size of the kernel's last axis)`, not trained.
/// - **Errors** at build: `power_iterations` 0 or beyond 1,000, a layer without kernel.
/// - **Source** Keras 3 `layers.SpectralNormalization`; Miyato et al. 2018. As with Keras on JAX, the
///   trained kernel itself is not divided.
///
/// ```
/// use ferras::prelude::*;
/// let x = Input::new([8, 8, 3]);
/// let y = SpectralNormalization::new(Conv2D::new(4, 3)).power_iterations(2).apply(&x);
/// assert_eq!(Model::new(&x, &y)?.count_params(), 9 * 3 * 4 + 4 + 4);
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.layers")]
pub struct SpectralNormalization {
    /// The layer inside.
    layer: LayerRef,
    /// Steps of the power method at each training step; 1 by default.
    #[config(default = 1)]
    power_iterations: usize,
}

/// Steps of the power method, each of which is a part of the training step.
const MOST: usize = 1_000;
/// What the layer inside may call its kernel.
const KERNELS: [&str; 2] = ["layer/kernel", "layer/embeddings"];

impl SpectralNormalization {
    /// The vector u after some steps from `u`, and the kernel divided by the singular value it finds.
    fn normalized(&self, kernel: &Value, u: &Value) -> (Value, Value) {
        let columns = kernel.dim(-1);
        let rows = kernel.shape().elements() / columns.max(1);
        let matrix = kernel.reshape([rows, columns]);
        let transposed = matrix.transpose(&[1, 0]);
        let unit = |x: Value| x.l2_normalize(&[], epsilon());
        let (mut next, mut v) = (u.clone(), u.clone());
        for _ in 0..self.power_iterations {
            v = unit(next.matmul(&transposed));
            next = unit(v.matmul(&matrix));
        }
        let (next, v) = (next.stop_gradient(), v.stop_gradient());
        let sigma = v.matmul(&matrix).matmul(&next.transpose(&[1, 0])).reshape([]);
        let is_zero = kernel.abs().max(&[], false).equal(0.0);
        // Where nothing is divided the divisor is harmless, for its gradient's sake.
        let sigma = is_zero.select(&sigma.full_like(1.0), sigma);
        (is_zero.select(u, next), kernel / sigma)
    }
}

impl Layer for SpectralNormalization {
    fn build(&self, cx: &mut Build) -> Result<()> {
        if !(1..=MOST).contains(&self.power_iterations) {
            let (most, got) = (MOST, self.power_iterations);
            return Err(cx.error(format!("power_iterations must be from 1 to {most}, got {got}")));
        }
        let inputs = cx.inputs();
        cx.child("layer", &self.layer, inputs)?;
        let last = |kernel: &WeightSpec| kernel.ty().shape.last().copied();
        let Some(columns) =
            KERNELS.iter().find_map(|name| cx.share(name, "kernel").and_then(last))
        else {
            let class = self.layer.0.layer.class_name();
            return Err(cx.error(format!("a {class} has no weight kernel or embeddings")));
        };
        let start = TruncatedNormal::new().stddev(0.02);
        cx.weight("vector_u", [1, columns]).initializer(&start.into()).frozen();
        cx.own_first();
        Ok(())
    }

    fn call(&self, cx: &mut Call) -> Value {
        let inputs = cx.inputs().to_vec();
        let name = KERNELS.into_iter().find(|name| cx.has_weight(name)).unwrap_or(KERNELS[0]);
        let kernel = cx.weight(name);
        let used = match cx.training() {
            true => {
                let (u, used) = self.normalized(&kernel, &cx.weight("vector_u"));
                cx.update("vector_u", u);
                used
            }
            false => kernel.clone(),
        };
        cx.replace_weight(name, used);
        let outputs = cx.child("layer", &self.layer, inputs);
        cx.replace_weight(name, kernel);
        match outputs.into_iter().next() {
            Some(output) => output,
            None => cx.input().error("spectral_normalization", "the layer inside gave no output"),
        }
    }
}
