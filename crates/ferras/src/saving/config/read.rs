//! Models from Keras' JSON.
use super::functional;
use super::{gate, legacy};
use crate::config::{
    ConfigValue, DTypePolicy, Entry, Map, Scope, check_module, entry_of, mismatch,
};
use crate::containers::Limits;
use crate::layers::operation::Operation;
use crate::layers::{InputLayer, Layer, LayerRef, PartialShape};
use crate::models::{Model, Nested, Network, SymbolicTensor, Topology};
use crate::{Error, Result};
use serde_json::Value as Json;
use std::sync::Arc;

/// Layers of a file, those of nested models counted.
const MAX_LAYERS: usize = 10_000;

/// A model without values of weights: nothing of their size has been allocated.
#[derive(Clone, Debug)]
pub(crate) struct Architecture {
    pub(crate) name: String,
    pub(crate) topology: Topology,
}

impl Architecture {
    /// Reads Keras' object of a model, of any version.
    pub(crate) fn read(json: &Json, scope: &Scope) -> Result<Architecture> {
        gate::check(json)?;
        let json = legacy::normalise(json.clone())?;
        let mut reader = Reader::new();
        let model = reader.model(&json, scope)?;
        let topology = match model.inside {
            Inside::Network { network, sequential } => Topology::Built { network, sequential },
            Inside::Stack(layers) => Topology::Stack(layers),
        };
        Ok(Architecture { name: model.name, topology })
    }

    /// An error if the values of a sample take more than the limits allow, layer by layer: a text of a
    /// few bytes can ask for any number.
    pub(crate) fn check_values(&self, limits: &Limits) -> Result<()> {
        self.network().map_or(Ok(()), |network| network.check_values(limits))
    }

    /// The network with what its layers ask for; none while its input is not known.
    pub(crate) fn network(&self) -> Option<&Network> {
        match &self.topology {
            Topology::Built { network, .. } => Some(network),
            Topology::Stack(_) => None,
        }
    }

    /// The model's name, if it is a stack.
    pub(crate) fn stack_name(&self) -> Option<&str> {
        let is_stack = !matches!(self.topology, Topology::Built { sequential: false, .. });
        is_stack.then_some(&self.name[..])
    }

    /// Number of the model's outputs.
    pub(crate) fn outputs(&self) -> usize {
        self.network().map_or(1, |network| network.outputs.len())
    }

    /// The model with initial weights, if there are not more than the limits allow: a text of a few
    /// bytes can ask for any number.
    pub(crate) fn model(self, limits: &Limits) -> Result<Model> {
        self.network().map_or(Ok(()), |network| network.check_initial(limits))?;
        let mut model = Model::assemble(&self.name, self.topology, None)?;
        model.limits = Some(*limits);
        Ok(model)
    }
}

/// What is read of a model.
pub(super) struct ReadModel {
    pub(super) name: String,
    pub(super) trainable: bool,
    pub(super) inside: Inside,
}

pub(super) enum Inside {
    Network {
        network: Arc<Network>,
        sequential: bool,
    },
    /// A stack whose input is not known.
    Stack(Vec<LayerRef>),
}

/// Reads one file.
pub(super) struct Reader {
    /// How many layers there were so far.
    layers: usize,
}

impl Reader {
    pub(super) fn new() -> Reader {
        Reader { layers: 0 }
    }

    fn model(&mut self, json: &Json, scope: &Scope) -> Result<ReadModel> {
        let scope = scope.deeper()?;
        let class = class_name(json)?;
        let config = config_of(json)?;
        let sequential = match class {
            "Sequential" => true,
            _ if is_model(class) && config.contains_key("input_layers") => false,
            other if is_model(other) => {
                let problem =
                    "lacks input_layers, which say where the model begins: is the text complete?";
                return Err(Error::Model(format!(
                    "the configuration of a {other} model {problem}"
                )));
            }
            other => return Err(not_a_model(other)),
        };
        let default = if sequential { "sequential" } else { "functional" };
        let handle = Handle::read(config, &scope)?;
        let name = handle.name.unwrap_or_else(|| default.into());
        let freeze = |layer: LayerRef| match handle.trainable {
            true => layer,
            false => layer.trainable(false),
        };
        let inside = match sequential {
            true => self.stack(json, config, &scope, freeze)?,
            false => {
                let network = Arc::new(functional::read(self, config, &scope, freeze)?);
                Inside::Network { network, sequential: false }
            }
        };
        Ok(ReadModel { name, trainable: handle.trainable, inside })
    }

    fn stack(
        &mut self,
        json: &Json,
        config: &Map,
        scope: &Scope,
        freeze: impl Fn(LayerRef) -> LayerRef,
    ) -> Result<Inside> {
        let mut layers = Vec::new();
        for json in list(config, "layers")? {
            layers.push(freeze(self.layer(json, scope)?));
        }
        let shape = [config.get("build_input_shape"), json.pointer("/build_config/input_shape")];
        let shape = shape.into_iter().flatten().find(|shape| !shape.is_null());
        let first = layers.first();
        if let Some(nested) = first.and_then(LayerRef::downcast::<Nested>) {
            let input = nested.network.input_specs().first().map(|s| (s.shape.clone(), s.dtype));
            if let Some((shape, dtype)) = input {
                layers.insert(0, InputLayer::new(shape).dtype(dtype).into());
            }
        } else if let Some(shape) = shape
            && first.is_some_and(|l| l.downcast::<InputLayer>().is_none())
        {
            layers.insert(0, InputLayer::new(shape_of(shape, scope)?).into());
        }
        match layers.first() {
            Some(input) if input.downcast::<InputLayer>().is_some() => {
                let input = SymbolicTensor::applied(input.clone(), Vec::new().into());
                let rest = layers.iter().skip(1);
                let output = rest.fold(input.clone(), |x, layer| layer.apply(&x));
                let network = Arc::new(Network::new(&input, &output)?);
                Ok(Inside::Network { network, sequential: true })
            }
            _ => Ok(Inside::Stack(layers)),
        }
    }

    /// One layer with its handle; a model inside counts as one.
    pub(super) fn layer(&mut self, json: &Json, scope: &Scope) -> Result<LayerRef> {
        self.layers += 1;
        if self.layers > MAX_LAYERS {
            let problem = format!("the configuration has more than {MAX_LAYERS} layers");
            return Err(Error::Model(problem));
        }
        if let Some(plain) = plain(json) {
            return self.layer(&plain, scope);
        }
        let class = class_name(json)?;
        if is_model(class) {
            return self.nested(json, scope);
        }
        let config = config_of(json)?;
        if Operation::is_meant(json) {
            return operation(json, config);
        }
        let handle = Handle::read(config, scope)?;
        let entry = lookup(json, class, handle.name.as_deref())?;
        let mut own = config.clone();
        for key in ["name", "trainable", "dtype"] {
            // The element type of an input is its own argument.
            if class != "InputLayer" || key != "dtype" {
                own.shift_remove(key);
            }
        }
        let layer = (entry.make)(&own, scope)
            .and_then(|layer| check_module(json, layer.module()).map(|()| layer))
            .map_err(|error| layer_error(handle.name.as_deref(), class, &error.to_string()))?;
        let layer = LayerRef::of_file(layer).trainable(handle.trainable);
        let layer = match handle.name {
            Some(name) => layer.name(name),
            None => layer,
        };
        Ok(match handle.dtype {
            Some(dtype) if class != "InputLayer" => layer.dtype(dtype),
            _ => layer,
        })
    }

    fn nested(&mut self, json: &Json, scope: &Scope) -> Result<LayerRef> {
        let model = self.model(json, scope)?;
        let Inside::Network { network, sequential } = model.inside else {
            let problem = "its input shape is not in the configuration";
            return Err(layer_error(Some(&model.name), "Sequential", problem));
        };
        let nested = Nested::new(network, sequential);
        Ok(LayerRef::of_file(Arc::new(nested)).name(model.name).trainable(model.trainable))
    }
}

/// The layer that a layer of Keras' `FeatureSpace` is under a name of its own.
fn plain(json: &Json) -> Option<Json> {
    let class = match json.get("class_name").and_then(Json::as_str)? {
        "TFDConcat" => "Concatenate",
        "TFDIdentity" => "Identity",
        _ => return None,
    };
    let object = json.as_object()?.clone().into_iter();
    let mut object: Map = object.filter(|(key, _)| key != "registered_name").collect();
    object.insert("module".into(), "keras.layers".into());
    object.insert("class_name".into(), class.into());
    Some(Json::Object(object))
}

/// An operation between layers.
fn operation(json: &Json, config: &Map) -> Result<LayerRef> {
    let name = config.get("name").and_then(Json::as_str);
    let class = class_name(json)?;
    let operation = Operation::read(json);
    let operation = operation.map_err(|problem| layer_error(name, class, &problem))?;
    let layer = LayerRef::of_file(Arc::new(operation));
    Ok(match name {
        Some(name) => layer.name(gate::check_name(name)?),
        None => layer,
    })
}

/// An error unless a layer, which is no model, can be made of its configuration.
pub(super) fn check_layer(json: &Json, scope: &Scope) -> Result<()> {
    Reader { layers: 0 }.layer(json, scope).map(drop)
}

/// What the configurations of all layers have in common.
struct Handle {
    name: Option<String>,
    trainable: bool,
    dtype: Option<DTypePolicy>,
}

impl Handle {
    fn read(config: &Map, scope: &Scope) -> Result<Handle> {
        let name = match config.get("name") {
            None | Some(Json::Null) => None,
            Some(Json::String(name)) => Some(gate::check_name(name)?),
            Some(other) => return Err(wrong("name", &mismatch("a string", other))),
        };
        let trainable = match config.get("trainable") {
            None | Some(Json::Null) => true,
            Some(Json::Bool(trainable)) => *trainable,
            Some(other) => return Err(wrong("trainable", &mismatch("true or false", other))),
        };
        // That of texts is no policy: an input keeps it itself, older layers of texts have no other.
        let dtype = config.get("dtype").filter(|json| !json.is_null() && *json != "string");
        let policy = |json| DTypePolicy::from_json(json, scope);
        let dtype = dtype.map(policy).transpose().map_err(|problem| wrong("dtype", &problem))?;
        Ok(Handle { name, trainable, dtype })
    }
}

fn wrong(argument: &str, problem: &str) -> Error {
    Error::argument(argument, format!("of the configuration: {problem}"))
}

/// The error of a layer of a file.
pub(super) fn layer_error(name: Option<&str>, class: &str, problem: &str) -> Error {
    let layer = name.unwrap_or("without a name").to_string();
    Error::Layer { layer, class: class.to_string(), problem: problem.to_string() }
}

fn not_a_model(class: &str) -> Error {
    Error::Model(format!(
        "the configuration is that of a {class}, expected a Sequential or a Functional model"
    ))
}

/// Whether a class is one of Keras' models.
pub(super) fn is_model(class: &str) -> bool {
    matches!(class, "Sequential" | "Functional" | "Model")
}

/// The row of a layer's class.
fn lookup(json: &Json, class: &str, name: Option<&str>) -> Result<Entry<dyn Layer>> {
    let none = Map::new();
    entry_of::<dyn Layer>(json.as_object().unwrap_or(&none), class).map_err(|error| match error {
        Error::Unknown { hint, .. } => {
            // The list of all layers would hide the sentence.
            let near = hint.split(';').next().unwrap_or_default();
            let problem =
                format!("Ferras has no layer of this class{near}, and the program registered none");
            layer_error(name, class, &problem)
        }
        other => layer_error(name, class, &other.to_string()),
    })
}

pub(super) fn class_name(json: &Json) -> Result<&str> {
    let class = json.get("class_name").and_then(Json::as_str);
    class.ok_or_else(|| wrong("class_name", &mismatch("an object with a class_name", json)))
}

pub(super) fn config_of(json: &Json) -> Result<&Map> {
    let config = json.get("config").and_then(Json::as_object);
    config.ok_or_else(|| wrong("config", &mismatch("an object with a config", json)))
}

pub(super) fn list<'a>(config: &'a Map, key: &str) -> Result<&'a Vec<Json>> {
    let json = config.get(key).unwrap_or(&Json::Null);
    json.as_array().ok_or_else(|| wrong(key, &mismatch("a list", json)))
}

fn shape_of(json: &Json, scope: &Scope) -> Result<PartialShape> {
    PartialShape::from_json(json, scope).map_err(|problem| wrong("input_shape", &problem))
}
