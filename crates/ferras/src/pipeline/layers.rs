//! Layers on batches outside of a model: compiled once for each shape, run by many threads.
use crate::layers::{Build, CallArguments, LayerRef, Masked, PartialShape, TensorSpec, Trace};
use crate::{Error, Result, backend};
use ferras_graph::{Builder, DType, Executable, Tensor, TensorType, TensorView};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// A layer, and what is compiled of it.
pub(super) struct Applied {
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

impl Applied {
    pub(super) fn new(layer: LayerRef) -> Applied {
        Applied { layer, compiled: Mutex::new(HashMap::new()) }
    }

    /// The layer's outputs in training, with random numbers of this seed.
    pub(super) fn run(&self, inputs: &[Tensor], seed: u64) -> Result<Vec<Tensor>> {
        let types: Vec<TensorType> = inputs.iter().map(Tensor::ty).collect();
        let compiled = self.compiled(&types)?;
        let key = [seed as i64, 0];
        let all: Vec<TensorView<'_>> = inputs.iter().map(Tensor::view).collect();
        let key = TensorView::new(&[2], &key)?;
        let feeds: Vec<TensorView<'_>> =
            compiled.feeds.iter().map(|&i| all.get(i).copied().unwrap_or(key)).collect();
        let mut outputs = Vec::new();
        compiled.executable.run(&feeds, &mut [], &mut outputs)?;
        Ok(outputs)
    }

    fn compiled(&self, types: &[TensorType]) -> Result<Arc<Compiled>> {
        let mut all = self.compiled.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(compiled) = all.get(types) {
            return Ok(compiled.clone());
        }
        let compiled = Arc::new(self.compile(types)?);
        if all.len() >= MOST {
            all.clear();
        }
        all.insert(types.to_vec(), compiled.clone());
        Ok(compiled)
    }

    fn compile(&self, types: &[TensorType]) -> Result<Compiled> {
        let spec = |ty: &TensorType| {
            let sample: Vec<usize> = ty.shape.iter().skip(1).copied().collect();
            TensorSpec { dtype: ty.dtype, shape: PartialShape::from(sample).batched() }
        };
        let specs: Vec<TensorSpec> = types.iter().map(spec).collect();
        let name = "data";
        let weights = Build::run(&self.layer, name, name, false, &specs)?;
        let builder = Builder::new();
        // The graph drops what the layer does not read; names tell what is left.
        let feed = |(i, ty): (usize, &TensorType)| builder.feed(i.to_string(), ty.clone());
        let feeds: Vec<_> = types.iter().enumerate().map(feed).collect();
        let key = builder.feed("key", TensorType::new(DType::I64, [2]));
        let mut trace = Trace::new(builder.clone(), true, Some(key));
        for weight in weights {
            let value = weight.value.ok_or_else(|| {
                let problem = "the layer of a pipeline has weights without values; give it as a \
                               model, which has them";
                Error::Model(problem.into())
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
