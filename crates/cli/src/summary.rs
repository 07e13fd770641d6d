//! `summary`.
use crate::args::Summary;
use crate::console::{self, Console};
use crate::failure::Outcome;
use crate::load::{Compiled, load};
use ferras::Limits;
use ferras::models::{Model, Variable};
use serde_json::{Value as Json, json};

pub(crate) fn run(args: &Summary, console: Console, limits: &Limits) -> Outcome<Json> {
    let loaded = load(&args.source, Compiled::IfPossible, limits)?;
    let model = loaded.model;
    loaded.not_compiled.iter().for_each(console::warn);
    let summary = model.summary().expand_nested(args.expand_nested);
    let summary = summary.show_trainable(args.show_trainable);
    let summary = match args.line_length {
        Some(length) => summary.line_length(length),
        None => summary,
    };
    console.say(summary.to_string().trim_end())?;
    Ok(describe(&model))
}

/// The model in numbers.
fn describe(model: &Model) -> Json {
    let count = |list: Vec<&Variable>| list.iter().map(|v| elements(v)).sum::<usize>();
    let layer = |(name, layer): (String, ferras::layers::LayerRef)| {
        let own = format!("{name}/");
        let weights = model.weights().iter().filter(|v| v.path().starts_with(&own));
        let weights: Json = weights
            .map(|v| json!({"path": v.path(), "shape": sizes(v), "trainable": v.is_trainable()}))
            .collect();
        json!({"name": name, "class": layer.class_name(), "weights": weights})
    };
    let layers: Json = model.layers().into_iter().map(layer).collect();
    let shapes = |specs: Vec<&ferras::layers::TensorSpec>| -> Json {
        specs.iter().map(|spec| json!(spec.shape.to_vec())).collect()
    };
    let network = model.network().ok();
    let (inputs, outputs) =
        network.map(|n| (shapes(n.input_specs()), shapes(n.output_specs()))).unwrap_or_default();
    json!({
        "name": model.name(),
        "layers": layers,
        "inputs": inputs,
        "outputs": outputs,
        "params": model.count_params(),
        "trainable_params": count(model.trainable_weights()),
        "non_trainable_params": count(model.non_trainable_weights()),
    })
}

fn sizes(variable: &Variable) -> Vec<usize> {
    variable.ty().shape.to_vec()
}

fn elements(variable: &Variable) -> usize {
    sizes(variable).iter().product()
}
