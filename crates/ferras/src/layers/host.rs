//! What a layer computes on the host, in front of a model's graph.
use super::{Call, Layer, TensorSpec};
use crate::Result;
use crate::array::Array;
use ferras_graph::Value;
use std::sync::Arc;

/// The part of a layer that is computed on the host: of texts and vocabularies, which the graph does
/// not know. What it reads comes from the model's inputs, directly or through layers without weights.
///
/// ```
/// use ferras::{config::ElementType, data::Array, layers::Host, prelude::*};
///
/// /// How long texts are.
/// #[derive(Clone, Debug, Config)]
/// struct Length;
///
/// impl Layer for Length {
///     fn host(&self) -> Option<&dyn Host> {
///         Some(self)
///     }
///     fn call(&self, cx: &mut Call) -> Value {
///         cx.only_on_host()
///     }
/// }
///
/// impl Host for Length {
///     fn specs(&self, inputs: &[TensorSpec]) -> Result<Vec<TensorSpec>> {
///         let numbers = |spec: &TensorSpec| TensorSpec { dtype: DType::I64.into(), ..spec.clone() };
///         Ok(inputs.iter().map(numbers).collect())
///     }
///     fn run(&self, inputs: &[Array]) -> Result<Vec<Array>> {
///         let lengths = |array: &Array| {
///             let texts = array.texts()?;
///             let lengths = texts.iter().map(|text| text.chars().count() as i64).collect();
///             Ok(Tensor::new(texts.shape().clone(), lengths)?.into())
///         };
///         inputs.iter().map(lengths).collect()
///     }
/// }
///
/// let x = Input::text([1]);
/// let model = Model::new(&x, &Length.apply(&x))?;
/// assert_eq!(model.predict(["one", "three"])?.to_f64_vec(), [3.0, 5.0]);
/// # Ok::<(), ferras::Error>(())
/// ```
pub trait Host {
    /// What [`Host::run`] gives for inputs of these specifications.
    fn specs(&self, inputs: &[TensorSpec]) -> Result<Vec<TensorSpec>>;

    /// The outputs for a batch.
    fn run(&self, inputs: &[Array]) -> Result<Vec<Array>>;

    /// Whether the layer's `call` goes on in the graph with what [`Host::run`] gave; by default that is
    /// what the layer gives.
    fn goes_on(&self) -> bool {
        false
    }

    /// What a `.keras` file keeps of the layer beside its configuration.
    fn assets(&self) -> Assets {
        Assets::default()
    }

    /// The layer with what a file kept of it, where that says something.
    fn with_assets(&self, assets: &Assets) -> Result<Option<Arc<dyn Layer>>> {
        let _ = assets;
        Ok(None)
    }
}

/// What a `.keras` file keeps of a layer beside its configuration.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Assets {
    /// `vocabulary.txt`: a token a line.
    pub vocabulary: Option<String>,
    /// The weights of the vocabulary's places for `"tf_idf"`.
    pub idf_weights: Option<Vec<f32>>,
}

impl Call<'_> {
    /// The error of a layer that is computed on the host and stands where there is none.
    pub fn only_on_host(&mut self) -> Value {
        let problem = "is computed on the host, so it must not stand inside of another layer; put it \
                       behind the model's inputs";
        self.input().error("the layer", problem)
    }
}
