//! Operations of `keras.ops` as parts of a functional model: what `x * 2 + y` and `ops.mean(x)` are
//! in Keras' files.
mod arguments;
mod arrange;
mod elementwise;
mod fourier;
mod linalg;
mod nn;
mod order;
mod pieces;
mod products;
mod rearrange;
mod spectral;
mod table;

pub(crate) use arguments::Argument;
pub(crate) use rearrange::rearrange;

use super::{Call, Layer};
use crate::Error;
use crate::config::{Configured, Map};
use ferras_graph::{Builder, Value};
use serde_json::{Value as Json, json};
use table::{Row, rows};

/// Modules of Keras whose classes are operations.
const MODULES: [&str; 2] = ["keras.src.ops.", "keras.src.activations."];

/// One operation of a closed set with everything that it is called with. It has no weights.
#[derive(Clone, Debug)]
pub(crate) struct Operation {
    row: &'static Row,
    /// Its own arguments, as Keras writes them.
    config: Map,
    /// What it is called with by position, and by name.
    args: Vec<Argument>,
    kwargs: Vec<(String, Argument)>,
}

impl Operation {
    /// Whether Keras' object is one of an operation instead of a layer.
    pub(crate) fn is_meant(json: &Json) -> bool {
        let module = json.get("module").and_then(Json::as_str).unwrap_or_default();
        MODULES.iter().any(|own| module.starts_with(own))
    }

    /// The module of an operation that came without one, as `.h5` files have them. Layers of the same
    /// name (`is_layer`) have what no operation has, or are called with a list.
    pub(crate) fn module_of(json: &Json, is_layer: bool) -> Option<&'static str> {
        let class = json.get("class_name").and_then(Json::as_str)?;
        let row = rows().find(|row| row.class == class)?;
        let config = json.get("config").and_then(Json::as_object)?;
        let node = json.get("inbound_nodes")?.get(0)?;
        let given = |key: &str| match node.get(key) {
            Some(Json::Array(list)) => list.len(),
            Some(Json::Object(map)) => map.len(),
            _ => 0,
        };
        let is_alike = row.config.iter().all(|key| config.contains_key(*key))
            && !config.contains_key("trainable")
            && given("args") + given("kwargs") >= row.call.len();
        (json.get("module").is_none() && (is_alike || !is_layer)).then_some(row.module)
    }

    /// The operation of Keras' object, with what its only node gives it. Tensors count as they come.
    pub(crate) fn read(json: &Json) -> Result<Operation, String> {
        let text = |key: &str| json.get(key).and_then(Json::as_str).unwrap_or_default();
        let (module, class) = (text("module"), text("class_name"));
        let row = rows().find(|row| row.module == module && row.class == class);
        let row = row.ok_or_else(|| format!("Ferras has no operation {class} of {module}"))?;
        let mut config = json.get("config").and_then(Json::as_object).cloned().unwrap_or_default();
        config.shift_remove("name");
        if let Some((key, value)) =
            config.iter().find(|(key, value)| !row.config.contains(&&key[..]) && !value.is_null())
        {
            return Err(format!("the argument {key} = {value} is unknown to the operation"));
        }
        let nodes = json.get("inbound_nodes").and_then(Json::as_array);
        let Some([node]) = nodes.map(Vec::as_slice) else {
            return Err("an operation is used once".into());
        };
        let mut inputs = 0;
        let args = node.get("args").and_then(Json::as_array).into_iter().flatten();
        let args = args.map(|json| Argument::read(json, &mut inputs)).collect::<Result<_, _>>()?;
        let kwargs = node.get("kwargs").and_then(Json::as_object).into_iter().flatten();
        let kwargs =
            kwargs.map(|(key, json)| Ok((key.clone(), Argument::read(json, &mut inputs)?)));
        let kwargs: Vec<(String, Argument)> = kwargs.collect::<Result<_, String>>()?;
        // The names of axes are the program's.
        let is_known = |key: &str| row.call.contains(&key) || row.class == "Rearrange";
        if let Some((key, _)) = kwargs.iter().find(|(key, _)| !is_known(key)) {
            return Err(format!("it is called with {key}, which is unknown to the operation"));
        }
        Ok(Operation { row, config, args, kwargs })
    }

    #[track_caller]
    fn run(&self, inputs: &[Value], builder: &Builder) -> Vec<Value> {
        match (self.row.run)(&arguments::Given::new(self, inputs, builder)) {
            Ok(outputs) if !outputs.is_empty() => outputs,
            Ok(_) => vec![builder.error(self.row.class, "gives nothing")],
            Err(problem) => vec![builder.error(self.row.class, problem)],
        }
    }

    /// The operation of `keras.ops` of this name, called with these arguments and settings.
    pub(crate) fn of(
        class: &'static str,
        args: Vec<Argument>,
        settings: &[(&str, Json)],
    ) -> Result<Operation, Error> {
        let module = "keras.src.ops.numpy";
        let row = rows().find(|row| row.module == module && row.class == class);
        let row = row.ok_or_else(|| Error::Internal(format!("no operation {class}")))?;
        let config = settings.iter().map(|(key, value)| (key.to_string(), value.clone())).collect();
        Ok(Operation { row, config, args, kwargs: Vec::new() })
    }

    /// What Keras makes of `x + 3.0` and `x + y`: the operation of this name of an input and a number,
    /// or of two inputs.
    pub(crate) fn of_two(class: &'static str, number: Option<f64>) -> Result<Operation, Error> {
        let second = number.map_or(Argument::Input(1), |number| Argument::Constant(json!(number)));
        Operation::of(class, vec![Argument::Input(0), second], &[])
    }

    /// Keras' node of the operation for these symbolic tensors.
    pub(crate) fn node(&self, tensors: &[Json]) -> Json {
        let args: Vec<Json> = self.args.iter().map(|a| a.write(tensors)).collect();
        let kwargs = self.kwargs.iter().map(|(key, a)| (key.clone(), a.write(tensors)));
        json!({"args": args, "kwargs": kwargs.collect::<Map>()})
    }
}

impl Configured for Operation {
    fn class_name(&self) -> &'static str {
        self.row.class
    }
    fn module(&self) -> Option<&'static str> {
        Some(self.row.module)
    }
    fn registered_name(&self) -> &'static str {
        self.row.class
    }
    fn get_config(&self) -> Map {
        self.config.clone()
    }
}

impl Layer for Operation {
    fn call(&self, cx: &mut Call) -> Value {
        self.call_all(cx).swap_remove(0)
    }

    fn call_all(&self, cx: &mut Call) -> Vec<Value> {
        let inputs = cx.inputs().to_vec();
        let Some(first) = inputs.first() else { return vec![cx.input()] };
        let builder = first.builder().clone();
        self.run(&inputs, &builder)
    }
}

/// What the operation of this class gives for these values, of which `args` tells what they are;
/// mistakes are kept in the graph.
#[track_caller]
pub(crate) fn compute(
    class: &str,
    values: &[Value],
    args: Vec<Argument>,
    settings: Vec<(&str, Json)>,
) -> Vec<Value> {
    let row = rows().find(|row| row.class == class);
    let (Some(first), Some(row)) = (values.first(), row) else {
        return vec![Builder::new().error("ops", format!("{class} is given no value"))];
    };
    let config = settings.into_iter().map(|(key, value)| (key.to_string(), value)).collect();
    Operation { row, config, args, kwargs: Vec::new() }.run(values, first.builder())
}
