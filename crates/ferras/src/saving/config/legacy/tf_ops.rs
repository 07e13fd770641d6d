//! TensorFlow's functions between layers, as tf.keras wrote them, in Keras 3's words: `TFOpLambda`,
//! `SlicingOpLambda`, and `TensorFlowOpLayer` of TensorFlow 2.0 to 2.3. A closed set.
use crate::config::Map;
use serde_json::{Value as Json, json};

/// A function: TensorFlow's names, Keras 3's class, and what each of its parameters is called there, in
/// order; the first is what it is called with.
struct Rule {
    names: &'static [&'static str],
    module: &'static str,
    class: &'static str,
    parameters: &'static [(&'static str, &'static str)],
}

macro_rules! rules {
    ($($module:literal { $($class:ident [$($name:literal),*] ($($from:ident = $to:ident),*);)* })*) => {
        const RULES: &[Rule] = &[$($(Rule {
            names: &[$($name),*],
            module: concat!("keras.src.ops.", $module),
            class: stringify!($class),
            parameters: &[$((stringify!($from), stringify!($to))),*],
        },)*)*];
    };
}

rules! {
    "numpy" {
        Add["math.add", "__operators__.add"](x = x1, y = x2);
        Subtract["math.subtract", "__operators__.sub"](x = x1, y = x2);
        Multiply["math.multiply", "__operators__.mul"](x = x1, y = x2);
        Divide["math.divide", "math.truediv", "__operators__.truediv"](x = x1, y = x2);
        FloorDivide["math.floordiv", "__operators__.floordiv"](x = x1, y = x2);
        Mod["math.floormod", "math.mod", "__operators__.mod"](x = x1, y = x2);
        DivideNoNan["math.divide_no_nan"](x = x1, y = x2);
        Power["math.pow", "__operators__.pow"](x = x1, y = x2);
        Maximum["math.maximum"](x = x1, y = x2);
        Minimum["math.minimum"](x = x1, y = x2);
        Equal["math.equal", "__operators__.eq"](x = x1, y = x2);
        NotEqual["math.not_equal", "__operators__.ne"](x = x1, y = x2);
        Less["math.less", "__operators__.lt"](x = x1, y = x2);
        LessEqual["math.less_equal", "__operators__.le"](x = x1, y = x2);
        Greater["math.greater", "__operators__.gt"](x = x1, y = x2);
        GreaterEqual["math.greater_equal", "__operators__.ge"](x = x1, y = x2);
        LogicalAnd["math.logical_and", "__operators__.and"](x = x1, y = x2);
        LogicalOr["math.logical_or", "__operators__.or"](x = x1, y = x2);
        LogicalNot["math.logical_not", "__operators__.invert"](x = x);
        Where["where"](condition = condition, x = x1, y = x2);
        Negative["math.negative", "__operators__.neg"](x = x);
        Absolute["math.abs", "__operators__.abs"](x = x);
        Sign["math.sign"](x = x);
        Square["math.square"](x = x);
        Sqrt["math.sqrt"](x = x);
        Exp["math.exp"](x = x);
        Expm1["math.expm1"](x = x);
        Log["math.log"](x = x);
        Log1p["math.log1p"](x = x);
        Sin["math.sin"](x = x);
        Cos["math.cos"](x = x);
        Tanh["math.tanh", "nn.tanh"](x = x);
        Reciprocal["math.reciprocal"](x = x);
        Floor["math.floor"](x = x);
        Ceil["math.ceil"](x = x);
        Round["math.round"](x = x);
        Copy["identity", "stop_gradient"](input = x);
        Clip["clip_by_value"](t = x, clip_value_min = x_min, clip_value_max = x_max);
        Sum["math.reduce_sum"](input_tensor = x, axis = axis, keepdims = keepdims);
        Mean["math.reduce_mean"](input_tensor = x, axis = axis, keepdims = keepdims);
        Max["math.reduce_max"](input_tensor = x, axis = axis, keepdims = keepdims);
        Min["math.reduce_min"](input_tensor = x, axis = axis, keepdims = keepdims);
        Prod["math.reduce_prod"](input_tensor = x, axis = axis, keepdims = keepdims);
        Var["math.reduce_variance"](input_tensor = x, axis = axis, keepdims = keepdims);
        Std["math.reduce_std"](input_tensor = x, axis = axis, keepdims = keepdims);
        All["math.reduce_all"](input_tensor = x, axis = axis, keepdims = keepdims);
        Any["math.reduce_any"](input_tensor = x, axis = axis, keepdims = keepdims);
        Reshape["reshape"](tensor = x, shape = newshape);
        Transpose["transpose"](a = x, perm = axes);
        ExpandDims["expand_dims"](input = x, axis = axis);
        Squeeze["squeeze"](input = x, axis = axis);
        BroadcastTo["broadcast_to"](input = x, shape = shape);
        Concatenate["concat"](values = xs, axis = axis);
        Stack["stack"](values = x, axis = axis);
        Tile["tile"](input = x, multiples = repeats);
        Flip["reverse"](tensor = x, axis = axis);
        Roll["roll"](input = x, shift = shift, axis = axis);
        Matmul["linalg.matmul", "__operators__.matmul"](a = x1, b = x2);
        GetItem["__operators__.getitem"](tensor = x, slice_spec = key);
        OnesLike["ones_like"](input = x, dtype = dtype);
        ZerosLike["zeros_like"](input = x, dtype = dtype);
    }
    "nn" {
        Relu["nn.relu"](features = x);
        Relu6["nn.relu6"](features = x);
        Sigmoid["math.sigmoid", "nn.sigmoid"](x = x);
        Silu["nn.silu", "nn.swish"](features = x);
        Softplus["math.softplus", "nn.softplus"](features = x);
        Softsign["nn.softsign"](features = x);
        Elu["nn.elu"](features = x);
        Selu["nn.selu"](features = x);
        Gelu["nn.gelu"](features = x, approximate = approximate);
        LeakyRelu["nn.leaky_relu"](features = x, alpha = negative_slope);
        Softmax["nn.softmax"](logits = x, axis = axis);
        LogSoftmax["nn.log_softmax"](logits = x, axis = axis);
    }
    "math" {
        Rsqrt["math.rsqrt"](x = x);
        Erf["math.erf"](x = x);
        Logsumexp["math.reduce_logsumexp"](input_tensor = x, axis = axis, keepdims = keepdims);
    }
    "core" {
        Cast["cast"](x = x, dtype = dtype);
        Unstack["unstack"](value = x, num = num, axis = axis);
    }
}

/// What Keras 3's classes need and TensorFlow leaves to be the default.
const DEFAULTS: &[(&str, &str, f64)] = &[
    ("Softmax", "axis", -1.0),
    ("LogSoftmax", "axis", -1.0),
    ("Stack", "axis", 0.0),
    ("Unstack", "axis", 0.0),
    ("Elu", "alpha", 1.0),
    ("LeakyRelu", "negative_slope", 0.2),
];

/// Nodes of TensorFlow's graphs: op, function, its parameters in order. A parameter of an attribute
/// instead of an input stands behind a colon, with the attribute's name.
const NODES: &[(&str, &str, &[&str])] = &[
    ("Add", "math.add", &["x", "y"]),
    ("AddV2", "math.add", &["x", "y"]),
    ("Sub", "math.subtract", &["x", "y"]),
    ("Mul", "math.multiply", &["x", "y"]),
    ("RealDiv", "math.divide", &["x", "y"]),
    ("FloorDiv", "math.floordiv", &["x", "y"]),
    ("FloorMod", "math.floormod", &["x", "y"]),
    ("Pow", "math.pow", &["x", "y"]),
    ("Maximum", "math.maximum", &["x", "y"]),
    ("Minimum", "math.minimum", &["x", "y"]),
    ("Greater", "math.greater", &["x", "y"]),
    ("Less", "math.less", &["x", "y"]),
    ("Neg", "math.negative", &["x"]),
    ("Abs", "math.abs", &["x"]),
    ("Square", "math.square", &["x"]),
    ("Sqrt", "math.sqrt", &["x"]),
    ("Rsqrt", "math.rsqrt", &["x"]),
    ("Exp", "math.exp", &["x"]),
    ("Log", "math.log", &["x"]),
    ("Tanh", "math.tanh", &["x"]),
    ("Sigmoid", "math.sigmoid", &["x"]),
    ("Relu", "nn.relu", &["features"]),
    ("Relu6", "nn.relu6", &["features"]),
    ("Softmax", "nn.softmax", &["logits"]),
    ("Identity", "identity", &["input"]),
    ("Sum", "math.reduce_sum", &["input_tensor", "axis", "keepdims:keep_dims"]),
    ("Mean", "math.reduce_mean", &["input_tensor", "axis", "keepdims:keep_dims"]),
    ("Max", "math.reduce_max", &["input_tensor", "axis", "keepdims:keep_dims"]),
    ("Min", "math.reduce_min", &["input_tensor", "axis", "keepdims:keep_dims"]),
    ("Prod", "math.reduce_prod", &["input_tensor", "axis", "keepdims:keep_dims"]),
    ("Reshape", "reshape", &["tensor", "shape"]),
    ("Transpose", "transpose", &["a", "perm"]),
    ("ExpandDims", "expand_dims", &["input", "axis"]),
    ("Squeeze", "squeeze", &["input", "axis:squeeze_dims"]),
    ("Tile", "tile", &["input", "multiples"]),
    ("BatchMatMulV2", "linalg.matmul", &["a", "b"]),
    ("MatMul", "linalg.matmul", &["a", "b"]),
];

/// Attributes of nodes that say nothing beyond element types, which the values have themselves.
const TYPES: [&str; 5] = ["T", "Tidx", "Tperm", "Tshape", "Tdim"];

/// Whether an object of a file is a function that is read.
pub(in super::super) fn is_known(json: &Map) -> bool {
    let text = |json: &Json, at: &str| json.pointer(at).and_then(Json::as_str).map(str::to_string);
    let config = json.get("config").unwrap_or(&Json::Null);
    match json.get("class_name").and_then(Json::as_str) {
        Some("TFOpLambda" | "SlicingOpLambda") => {
            text(config, "/function").is_some_and(|name| rule(&name).is_some())
        }
        Some("TensorFlowOpLayer") => {
            text(config, "/node_def/op").is_some_and(|op| NODES.iter().any(|row| row.0 == op))
        }
        _ => false,
    }
}

fn rule(name: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.names.contains(&name))
}

/// Turns such a layer into an operation of Keras 3; its nodes are in today's form already. Others stay as
/// they are.
pub(super) fn layer(json: &mut Json) -> Result<(), String> {
    let Some(map) = json.as_object().filter(|map| is_known(map)) else { return Ok(()) };
    let config = map.get("config").unwrap_or(&Json::Null);
    let name = map.get("name").or_else(|| config.get("name")).cloned().unwrap_or_default();
    let Some([node]) = map.get("inbound_nodes").and_then(Json::as_array).map(Vec::as_slice) else {
        return Err(format!("the function of layer {name} is not called once"));
    };
    let (function, given) = match config.pointer("/node_def/op").and_then(Json::as_str) {
        Some(op) => of_node(op, config, node)?,
        None => {
            let function = config.get("function").and_then(Json::as_str).unwrap_or_default();
            (function, of_call(function, node))
        }
    };
    let Some(rule) = rule(function) else { return Ok(()) };
    let translated = translate(rule, given).map_err(|e| format!("layer {name}: {e}"))?;
    let (mut own, call) = translated;
    own.insert("name".into(), name.clone());
    *json = json!({
        "module": rule.module, "class_name": rule.class, "config": own, "registered_name": rule.class,
        "name": name, "inbound_nodes": [{"args": [], "kwargs": call}],
    });
    Ok(())
}

/// What a function is called with, by TensorFlow's names.
fn of_call(function: &str, node: &Json) -> Map {
    let first = rule(function).and_then(|rule| rule.parameters.first());
    let mut given = Map::new();
    let arguments = node.get("args").and_then(Json::as_array);
    if let (Some((name, _)), Some([first])) = (first, arguments.map(Vec::as_slice)) {
        given.insert(name.to_string(), first.clone());
    }
    let options = node.get("kwargs").and_then(Json::as_object).into_iter().flatten();
    given.extend(options.map(|(key, value)| (key.clone(), value.clone())));
    given
}

/// The same of a node of a graph, and the function: inputs that are constants stand in its configuration.
fn of_node(op: &str, config: &Json, node: &Json) -> Result<(&'static str, Map), String> {
    let row = NODES.iter().find(|row| row.0 == op);
    let (_, function, parameters) = row.ok_or_else(|| format!("the op {op} is not read"))?;
    let constants = config.get("constants").and_then(Json::as_object);
    let mut tensors = Vec::new();
    match node.get("args").and_then(Json::as_array).map(Vec::as_slice) {
        Some([Json::Array(list)]) => tensors.extend(list.iter().cloned()),
        Some(list) => tensors.extend(list.iter().cloned()),
        None => {}
    }
    let mut tensors = tensors.into_iter();
    let none = Map::new();
    let attributes = config.pointer("/node_def/attr").and_then(Json::as_object).unwrap_or(&none);
    let mut given = Map::new();
    let mut used: Vec<&str> = TYPES.to_vec();
    for (i, parameter) in parameters.iter().enumerate() {
        let (name, value) = match parameter.split_once(':') {
            Some((name, attribute)) => {
                used.push(attribute);
                (name, attributes.get(attribute).and_then(attribute_value))
            }
            None => {
                let constant = constants.and_then(|all| all.get(&i.to_string())).cloned();
                (*parameter, constant.or_else(|| tensors.next()))
            }
        };
        given.insert(name.to_string(), value.unwrap_or_default());
    }
    let more = attributes.iter().find(|(key, value)| {
        !used.contains(&&key[..]) && attribute_value(value) != Some(Json::Bool(false))
    });
    match more {
        Some((key, _)) => Err(format!("the op {op} has the attribute {key}, which is not read")),
        None => Ok((function, given)),
    }
}

/// The value of an attribute: `{"b": true}`, `{"list": {"i": ["1"]}}`.
fn attribute_value(json: &Json) -> Option<Json> {
    if let Some(flag) = json.get("b") {
        return Some(flag.clone());
    }
    let list = json.pointer("/list/i")?.as_array()?;
    let number = |json: &Json| json.as_i64().or_else(|| json.as_str()?.parse().ok());
    let numbers: Option<Vec<i64>> = list.iter().map(number).collect();
    numbers.filter(|list| !list.is_empty()).map(|list| json!(list))
}

/// An operation's own arguments, and what it is called with.
fn translate(rule: &Rule, given: Map) -> Result<(Map, Map), String> {
    let (mut own, mut call) = (Map::new(), Map::new());
    for (key, value) in given.into_iter().filter(|(key, value)| !value.is_null() && key != "name") {
        let row = rule.parameters.iter().find(|(from, _)| *from == key);
        let Some((_, to)) = row else {
            // Switches that are off change nothing.
            if value == json!(false) {
                continue;
            }
            return Err(format!(
                "{} is called with {key} = {value}, which is not read",
                rule.class
            ));
        };
        match *to {
            "x" | "xs" | "x1" | "x2" | "condition" => call.insert(to.to_string(), value),
            "key" => call.insert(to.to_string(), slices(value)),
            _ => own.insert(to.to_string(), value),
        };
    }
    for (class, key, number) in DEFAULTS {
        if *class == rule.class && !own.contains_key(*key) {
            let whole = number.fract() == 0.0 && *key == "axis";
            let number = if whole { json!(*number as i64) } else { json!(number) };
            own.insert(key.to_string(), number);
        }
    }
    Ok((own, call))
}

/// The key of `x[key]`: slices are objects with their three numbers.
fn slices(json: Json) -> Json {
    match json {
        Json::Array(list) => list.into_iter().map(slices).collect(),
        Json::Object(map) if map.contains_key("start") || map.contains_key("stop") => {
            json!({"class_name": "__slice__", "config": map})
        }
        other => other,
    }
}
