//! A model as it is served: its inputs and outputs by name, and what they mean.
use crate::batch::{Batcher, warm};
use crate::failure::{Failure, Outcome};
use crate::metrics::ModelMetrics;
use crate::options::Options;
use crate::picture::{Form, Preprocess};
use ferras::config::ElementType;
use ferras::data::{Array, Texts};
use ferras::layers::TensorSpec;
use ferras::models::Model;
use ferras::{DType, Load, Tensor};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

/// An input or output of a model.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Slot {
    pub(crate) name: String,
    pub(crate) spec: TensorSpec,
}

impl Slot {
    /// Whether it takes texts.
    pub(crate) fn is_text(&self) -> bool {
        self.spec.dtype == ElementType::Text
    }

    /// Zeros, or empty texts, for warming up; open axes are of a modest size.
    fn zeros(&self, rows: usize) -> Array {
        let open = if self.spec.shape.len() > 3 { 64 } else { 16 };
        let sizes = self.spec.shape.iter().enumerate().map(|(i, size)| match i {
            0 => size.unwrap_or(rows),
            _ => size.unwrap_or(open),
        });
        let sizes: Vec<usize> = sizes.collect();
        match self.spec.dtype {
            ElementType::Number(dtype) => {
                Tensor::zeros(&ferras_graph::TensorType::new(dtype, sizes)).into()
            }
            ElementType::Text => {
                let texts = Texts::new(sizes.clone(), vec![""; sizes.iter().product()]);
                texts.map_or_else(|_| Array::from([""]), Array::from)
            }
        }
    }

    /// Numbers of one row, where all axes but the batch's are known.
    pub(crate) fn width(&self) -> Option<usize> {
        let sizes = self.spec.shape.iter().skip(1);
        sizes.copied().try_fold(1_usize, |n, size| n.checked_mul(size?))
    }
}

/// What an output's numbers are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Meaning {
    /// One probability a class.
    Classes,
    /// The probability of the second of two classes.
    Binary,
    /// Numbers.
    Values,
}

impl Meaning {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Meaning::Classes => "classes",
            Meaning::Binary => "binary",
            Meaning::Values => "values",
        }
    }
}

/// One version of a model, loaded and warm.
#[derive(Debug)]
pub(crate) struct Served {
    pub(crate) name: String,
    pub(crate) version: u64,
    pub(crate) inputs: Vec<Slot>,
    /// Outputs and what they mean.
    pub(crate) outputs: Vec<(Slot, Meaning)>,
    pub(crate) labels: Vec<String>,
    /// How its only input takes pictures, and what is done with pixels.
    pub(crate) picture: Option<(Form, Preprocess)>,
    pub(crate) summary: String,
    /// Each layer: its name and its class.
    pub(crate) layers: Vec<(String, &'static str)>,
    pub(crate) batcher: Arc<Batcher>,
    pub(crate) row: Duration,
    /// The largest answer, in bytes of numbers.
    largest: usize,
    timeout: Duration,
}

impl Served {
    /// Loads a file, and warms the model up.
    pub(crate) fn load(
        (name, version): (&str, u64),
        path: &Path,
        options: &Options,
        cores: &Arc<Semaphore>,
        metrics: &Arc<ModelMetrics>,
    ) -> Result<Served, String> {
        let how = Load::new().compile(false).limits(options.limits);
        let model = Model::load_with(path, how).map_err(|e| e.to_string())?;
        let network = model.network().map_err(|e| e.to_string())?.clone();
        let inputs = slots(network.input_names(), network.input_specs());
        let outputs = slots(network.output_names(), network.output_specs());
        let meant = outputs.into_iter().zip(network.output_names()).map(|(slot, layer)| {
            let meaning = meaning(&model, layer, &slot);
            (slot, meaning)
        });
        let outputs: Vec<(Slot, Meaning)> = meant.collect();
        let labels = fitting(&options.labels, &outputs);
        let picture = picture(&model, &inputs, options.preprocess)?;
        let zeros =
            |rows: usize| -> Vec<Array> { inputs.iter().map(|slot| slot.zeros(rows)).collect() };
        let fixed = inputs.iter().find_map(|slot| slot.spec.shape.first().copied().flatten());
        let most = if fixed.is_some() { 1 } else { options.max_batch };
        let mut warmth = warm(&model, most, zeros).map_err(|e| e.message)?;
        // A model that was made for so many rows takes no others.
        warmth.batch = fixed.unwrap_or(warmth.batch).max(1);
        let summary = model.summary().line_length(88).to_string();
        let layers = model.layers().into_iter().map(|(name, l)| (name, l.class_name())).collect();
        let model = model.with_name(name);
        let batcher = Batcher::new(model, warmth, options, cores.clone(), metrics.clone());
        Ok(Served {
            name: name.into(),
            version,
            inputs,
            outputs,
            labels,
            picture,
            summary,
            layers,
            batcher: Arc::new(batcher),
            row: warmth.row,
            largest: options.max_body,
            timeout: options.timeout,
        })
    }

    /// The place of the input of this name.
    pub(crate) fn input(&self, name: &str) -> Outcome<usize> {
        let place = self.inputs.iter().position(|slot| slot.name == name);
        place.ok_or_else(|| {
            let names: Vec<&str> = self.inputs.iter().map(|slot| slot.name.as_str()).collect();
            let names = names.join(", ");
            Failure::bad(format!("the model has no input {name:?}; its inputs are {names}"))
        })
    }

    /// The only input; an error that names all of them where there are several.
    pub(crate) fn only_input(&self) -> Outcome<&Slot> {
        match &self.inputs[..] {
            [only] => Ok(only),
            several => {
                let names: Vec<&str> = several.iter().map(|slot| slot.name.as_str()).collect();
                let (n, names) = (names.len(), names.join(", "));
                Err(Failure::bad(format!("the model has {n} inputs ({names}): give each by name")))
            }
        }
    }

    /// The outputs for inputs in the model's order.
    pub(crate) async fn predict(&self, inputs: Vec<Array>) -> Outcome<Vec<Tensor>> {
        let slots = self.inputs.iter().zip(inputs);
        let cast = |(slot, array): (&Slot, Array)| match (slot.spec.dtype.number(), array) {
            (Some(dtype), Array::Numbers(tensor)) => tensor.cast(dtype).into(),
            (_, array) => array,
        };
        let inputs: Vec<Array> = slots.map(cast).collect();
        self.batcher.model().check_inputs(inputs.clone())?;
        let rows = inputs.first().and_then(|x| x.shape().first().copied()).unwrap_or(0);
        self.check_answer(rows)?;
        let answer = self.batcher.clone().predict(inputs, rows);
        match tokio::time::timeout(self.timeout, answer).await {
            Ok(answer) => answer,
            Err(_) => Err(Failure::new(
                axum::http::StatusCode::GATEWAY_TIMEOUT,
                format!("the model was not done within {:?}", self.timeout),
            )),
        }
    }

    /// An error for a small request that asks for a huge answer.
    fn check_answer(&self, rows: usize) -> Outcome<()> {
        let bytes = |slot: &Slot| slot.width().unwrap_or(1).saturating_mul(slot.spec.dtype.size());
        let row = self.outputs.iter().map(|(slot, _)| bytes(slot)).fold(0, usize::saturating_add);
        let most = (self.largest / row.max(1)).max(1);
        match rows > most {
            true => Err(Failure::too_large(format!(
                "{rows} rows in one request: at most {most} are computed, whose outputs are {} MiB",
                self.largest >> 20
            ))),
            false => Ok(()),
        }
    }
}

/// Names and specifications; a name that comes twice is numbered.
fn slots(names: Vec<&str>, specs: Vec<&TensorSpec>) -> Vec<Slot> {
    let mut slots: Vec<Slot> = Vec::new();
    for (name, spec) in names.into_iter().zip(specs) {
        let taken = |name: &str| slots.iter().any(|slot| slot.name == name);
        let numbered = (1..).map(|i| format!("{name}_{i}"));
        let name = std::iter::once(name.to_string()).chain(numbered).find(|name| !taken(name));
        slots.push(Slot { name: name.unwrap_or_default(), spec: spec.clone() });
    }
    slots
}

/// What an output's numbers are, by the activation of the layer that gives them.
fn meaning(model: &Model, layer: &str, slot: &Slot) -> Meaning {
    let layer = model.get_layer(layer).ok();
    let class = layer.as_ref().map_or("", |layer| layer.class_name());
    let config = layer.as_ref().map(|layer| layer.get_config()).unwrap_or_default();
    let activation = match class {
        "Softmax" => "softmax",
        _ => config.get("activation").and_then(|name| name.as_str()).unwrap_or_default(),
    };
    match (activation, &slot.spec.shape[..]) {
        ("softmax", [_, Some(2..)]) => Meaning::Classes,
        ("sigmoid", [_, Some(1)]) => Meaning::Binary,
        _ => Meaning::Values,
    }
}

/// The labels, if they are as many as there are classes.
fn fitting(labels: &[String], outputs: &[(Slot, Meaning)]) -> Vec<String> {
    let classes = match outputs {
        [(slot, Meaning::Classes | Meaning::Values)] => slot.width(),
        [(_, Meaning::Binary)] => Some(2),
        _ => None,
    };
    if Some(labels.len()) == classes { labels.to_vec() } else { Vec::new() }
}

/// How the model takes pictures.
fn picture(
    model: &Model,
    inputs: &[Slot],
    preprocess: Option<Preprocess>,
) -> Result<Option<(Form, Preprocess)>, String> {
    let [input] = inputs else { return Ok(None) };
    if !input.spec.dtype.is_float() && input.spec.dtype != DType::U8 {
        return Ok(None);
    }
    let Some(form) = Form::of(&input.spec) else { return Ok(None) };
    let rescales = |class: &str| matches!(class, "Rescaling" | "Normalization");
    let rescaled = model.layers().iter().any(|(_, layer)| rescales(layer.class_name()));
    let own = if rescaled { Preprocess::None } else { Preprocess::Scale };
    let preprocess = preprocess.unwrap_or(own);
    match preprocess.needs_colour() && form.channels != 3 {
        true => Err(format!(
            "--preprocess {} is for pictures of three channels, and the model takes {}",
            preprocess.name(),
            form.channels
        )),
        false => Ok(Some((form, preprocess))),
    }
}
