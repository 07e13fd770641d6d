//! Layers on data outside of a graph: compiled once for each shape, run by many threads.
use super::{Build, CallArguments, LayerRef, Masked, PartialShape, TensorSpec, Trace};
use crate::array::Array;
use crate::config::ElementType;
use crate::{Error, Result, backend};
use ferras_graph::{Builder, DType, Executable, Tensor, TensorType, TensorView};
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// A layer, and what is compiled of it.
pub(crate) struct Applied {
    layer: LayerRef,
    compiled: Mutex<HashMap<Vec<TensorType>, Arc<Compiled>>>,
}

/// Shapes that are kept compiled: whole batches, rests, and few more.
const MOST: usize = 16;

struct Compiled {
    executable: Box<dyn Executable>,
    /// Which inputs the graph reads, in order; what is beyond them is the random key.
    feeds: Vec<usize>,
}

impl fmt::Debug for Applied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Applied").field("layer", &self.layer).finish_non_exhaustive()
    }
}

impl Applied {
    pub(crate) fn new(layer: LayerRef) -> Applied {
        Applied { layer, compiled: Mutex::new(HashMap::new()) }
    }

    /// The layer's outputs: in training, with random numbers of this seed, if there is one.
    pub(crate) fn run(&self, inputs: &[Array], seed: Option<u64>) -> Result<Vec<Array>> {
        let on_host;
        let fed = match self.layer.0.layer.host() {
            None => inputs,
            Some(host) => {
                let outputs = host.run(inputs)?;
                if !host.goes_on() {
                    return Ok(outputs);
                }
                on_host = outputs;
                &on_host[..]
            }
        };
        let tensors = fed.iter().map(Array::numbers).collect::<Result<Vec<_>>>()?;
        let outputs = self.run_graph(inputs, &tensors, seed)?;
        Ok(outputs.into_iter().map(Array::from).collect())
    }

    fn run_graph(
        &self,
        inputs: &[Array],
        fed: &[&Tensor],
        seed: Option<u64>,
    ) -> Result<Vec<Tensor>> {
        let types: Vec<TensorType> = fed.iter().map(|tensor| tensor.ty()).collect();
        let compiled = self.compiled(inputs, &types, seed.is_some())?;
        let key = [seed.unwrap_or_default() as i64, 0];
        let all: Vec<TensorView<'_>> = fed.iter().map(|tensor| tensor.view()).collect();
        let key = TensorView::new(&[2], &key)?;
        let feeds: Vec<TensorView<'_>> =
            compiled.feeds.iter().map(|&i| all.get(i).copied().unwrap_or(key)).collect();
        let mut outputs = Vec::new();
        compiled.executable.run(&feeds, &mut [], &mut outputs)?;
        Ok(outputs)
    }

    fn compiled(
        &self,
        inputs: &[Array],
        types: &[TensorType],
        training: bool,
    ) -> Result<Arc<Compiled>> {
        let mut all = self.compiled.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(compiled) = all.get(types) {
            return Ok(compiled.clone());
        }
        let compiled = Arc::new(self.compile(inputs, types, training)?);
        if all.len() >= MOST {
            all.clear();
        }
        all.insert(types.to_vec(), compiled.clone());
        Ok(compiled)
    }

    fn compile(&self, inputs: &[Array], types: &[TensorType], training: bool) -> Result<Compiled> {
        let specs: Vec<TensorSpec> = inputs.iter().map(spec_of).collect();
        let name = "data";
        let weights = Build::run(&self.layer, name, name, false, &specs)?;
        let builder = Builder::new();
        // The graph drops what the layer does not read; names tell what is left.
        let feed = |(i, ty): (usize, &TensorType)| builder.feed(i.to_string(), ty.clone());
        let feeds: Vec<_> = types.iter().enumerate().map(feed).collect();
        let key = builder.feed("key", TensorType::new(DType::I64, [2]));
        let mut trace = Trace::new(builder.clone(), training, training.then_some(key));
        for weight in weights {
            let value = weight.value.ok_or_else(|| {
                Error::Model(format!(
                    "a {} that is called on data has weights without values; give it as a model, \
                     which has them",
                    self.layer.0.layer.class_name()
                ))
            })?;
            trace.weights.insert(weight.path, builder.constant(value));
        }
        let inputs = feeds.into_iter().map(Masked::from).collect();
        let outputs = trace.call(&self.layer, name, name, false, inputs, &CallArguments::default());
        let outputs: Vec<_> = outputs.into_iter().map(|m| m.value).collect();
        let graph = builder.finish(&outputs, &[])?;
        let place = |name: &str| name.parse().unwrap_or(types.len());
        let feeds = graph.feeds.iter().map(|feed| place(&feed.name)).collect();
        Ok(Compiled { executable: backend::single_threaded().compile(&graph)?, feeds })
    }
}

/// What an array is, with an open batch axis.
fn spec_of(array: &Array) -> TensorSpec {
    let sample: Vec<usize> = array.shape().iter().skip(1).copied().collect();
    let dtype = match array {
        Array::Numbers(tensor) => tensor.dtype().into(),
        Array::Texts(_) => ElementType::Text,
    };
    TensorSpec { dtype, shape: PartialShape::from(sample).batched() }
}
