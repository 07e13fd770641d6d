//! `CustomScaleLayer`: a shortcut and a weighed branch.
use crate::layers::prelude::*;

/// a + b · scale.
///
/// - **Inputs** two, `a` and `b`, of one shape. **Output** the same.
/// - **Errors** at build: not two inputs.
/// - **Source** Keras 3 `applications.inception_resnet_v2`; Szegedy et al. 2016, section 3.3.
///
/// ```
/// use ferras::prelude::*;
/// use ferras::layers::CustomScaleLayer;
/// let (a, b) = (Input::new([1]), Input::new([1]));
/// let model = Model::new([&a, &b], &CustomScaleLayer::new(0.5).apply([&a, &b]))?;
/// let (a, b) = (Tensor::new([1, 1], vec![1.0_f32])?, Tensor::new([1, 1], vec![4.0_f32])?);
/// assert_eq!(model.predict([&a, &b])?.as_slice(), Some(&[3.0_f32][..]));
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.src.applications.inception_resnet_v2")]
pub struct CustomScaleLayer {
    /// The weight of the second input.
    scale: f64,
}

impl Layer for CustomScaleLayer {
    fn build(&self, cx: &mut Build) -> Result<()> {
        match cx.inputs().len() {
            2 => Ok(()),
            n => Err(cx.error(format!("expected 2 inputs, got {n}"))),
        }
    }

    fn call(&self, cx: &mut Call) -> Value {
        match cx.inputs() {
            [a, b] => a + b * self.scale,
            _ => cx.input().error("inputs", "expected 2 inputs"),
        }
    }
}
