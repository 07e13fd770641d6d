//! Runs one layer as it stands in a model, on the reference back end: for tests.
use super::{Build, CallArguments, LayerRef, Masked, PartialShape, TensorSpec, Trace, WeightSpec};
use crate::Result;
use crate::random::Generator;
use ferras_graph::{
    Backend, Builder, DType, Interpreter, StateArg, Tensor, TensorType, Value, gradients,
};

/// What a layer gave.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) output: Tensor,
    /// New values of weights that are not trained, by name.
    pub(crate) updates: Vec<(String, Tensor)>,
    /// The sum of what was added to the loss.
    pub(crate) loss: Tensor,
    /// Gradients of Σ output · cotangent by the inputs.
    pub(crate) input_gradients: Vec<Tensor>,
    /// The same by the trained weights, with their names.
    pub(crate) weight_gradients: Vec<(String, Tensor)>,
}

/// One call of a layer.
pub(crate) struct Run<'a> {
    pub(crate) layer: &'a LayerRef,
    pub(crate) inputs: &'a [Tensor],
    pub(crate) weights: &'a [Tensor],
    pub(crate) training: bool,
    /// Weights of the outputs in the sum that gradients are of; ones by default.
    pub(crate) cotangent: Option<&'a Tensor>,
}

/// What a layer asks for, for inputs of these types with an open batch axis.
pub(crate) fn build(layer: &LayerRef, types: &[TensorType]) -> Result<Vec<WeightSpec>> {
    let spec = |ty: &TensorType| {
        let sample: Vec<usize> = ty.shape.iter().skip(1).copied().collect();
        TensorSpec { dtype: ty.dtype.into(), shape: PartialShape::from(sample).batched() }
    };
    let specs: Vec<TensorSpec> = types.iter().map(spec).collect();
    Build::run(layer, "layer", "layer", true, &specs)
}

/// Normal numbers.
pub(crate) fn normal(dtype: DType, shape: &[usize], seed: u64) -> Tensor {
    Generator::new(seed).fill(&TensorType::new(dtype, shape.to_vec()), Generator::normal)
}

impl Run<'_> {
    pub(crate) fn go(&self) -> Result<Outcome> {
        let types: Vec<TensorType> = self.inputs.iter().map(Tensor::ty).collect();
        let specs = build(self.layer, &types)?;
        let builder = Builder::new();
        let feeds: Vec<Value> = types.iter().map(|ty| builder.feed("x", ty.clone())).collect();
        let key = self.training.then(|| builder.full(DType::I64, [2], 7.0));
        let mut trace = Trace::new(builder.clone(), self.training, key);
        let mut trained = Vec::new();
        for (spec, value) in specs.iter().zip(self.weights) {
            let state = trace.bind(&WeightSpec { ty: value.ty(), ..spec.clone() });
            if spec.trainable {
                trained.push((spec.path.clone(), state));
            }
        }
        let inputs = feeds.iter().cloned().map(Masked::from).collect();
        let none = CallArguments::default();
        let output = trace.call(self.layer, "layer", "layer", true, inputs, &none).remove(0).value;
        let loss = trace.losses.iter().fold(builder.scalar(DType::F32, 0.0), |sum, l| sum + l);
        let weighted = match self.cotangent {
            Some(c) => (&output * builder.constant(c.clone())).sum(&[], false),
            None => output.sum(&[], false),
        };
        let wrt: Vec<Value> = feeds
            .iter()
            .filter(|x| x.dtype().is_float())
            .chain(trained.iter().map(|t| &t.1))
            .cloned()
            .collect();
        let mut fetches = vec![output, loss];
        fetches.extend(trace.updates.iter().map(|u| u.1.clone()));
        fetches.extend(gradients(&weighted, &wrt));
        let graph = builder.finish(&fetches, &[])?;
        let executable = Interpreter.compile(&graph)?;
        // States that the call does not read are left out of the graph.
        let value = |name: &str| specs.iter().zip(self.weights).find(|(s, _)| s.path == name);
        let buffers = graph.states.iter().filter_map(|s| value(&s.name));
        let buffers = buffers.map(|(_, v)| Interpreter.upload(v)).collect::<Result<Vec<_>, _>>()?;
        let mut states: Vec<StateArg<'_>> = buffers.iter().map(StateArg::Read).collect();
        let kept = graph.feeds.len();
        let views: Vec<_> = self.inputs.iter().map(Tensor::view).take(kept).collect();
        let mut results = Vec::new();
        executable.run(&views, &mut states, &mut results)?;
        let name = |path: &str| path.trim_start_matches("layer/").to_string();
        let mut results = results.into_iter();
        let mut take = |n: usize| results.by_ref().take(n).collect::<Vec<Tensor>>();
        let mut head = take(2);
        let loss = head.remove(1);
        let updates = trace.updates.iter().map(|u| name(&u.0)).zip(take(trace.updates.len()));
        let updates = updates.collect();
        let input_gradients = take(wrt.len() - trained.len());
        let names = trained.iter().map(|t| name(&t.0));
        let weight_gradients = names.zip(take(trained.len())).collect();
        Ok(Outcome { output: head.remove(0), updates, loss, input_gradients, weight_gradients })
    }
}
