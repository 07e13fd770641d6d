//! Files of old versions give the models that the same words of today give.
use crate::models::Model;
use crate::prelude::*;
use serde_json::{Value as Json, json};

/// Arguments of the layer of this old object behind an input of this shape.
fn arguments(class: &str, config: Json, shape: &[usize]) -> Json {
    let mut config = config;
    let batch: Vec<Json> = [Json::Null].into_iter().chain(shape.iter().map(|d| json!(d))).collect();
    config["batch_input_shape"] = batch.into();
    config["name"] = json!("old");
    // Until Keras 2.2.2 a stack was a list.
    let model = json!({"class_name": "Sequential",
                       "config": [{"class_name": class, "config": config}]});
    let model = Model::from_config(&model).unwrap_or_else(|e| panic!("{class}: {e}"));
    let mut json = model.get_config().unwrap();
    let mut layer = json["config"]["layers"][1].take();
    for key in ["name", "trainable", "dtype"] {
        layer["config"].as_object_mut().unwrap().shift_remove(key);
    }
    json!([layer["class_name"], layer["config"]])
}

fn today<L: Layer>(layer: L) -> Json {
    json!([layer.class_name(), layer.get_config()])
}

#[test]
fn keras_1() {
    let image = [8, 8, 3];
    let old = json!({"nb_filter": 4, "nb_row": 3, "nb_col": 2, "border_mode": "same",
                     "subsample": [2, 1], "dim_ordering": "tf", "init": "he_normal", "bias": false,
                     "W_regularizer": {"name": "WeightRegularizer", "l1": 0.0, "l2": 0.5},
                     "W_constraint": {"name": "MaxNorm", "m": 2.0, "axis": 0},
                     "b_regularizer": null, "activation": "relu", "input_dim": null});
    let conv = Conv2D::new(4, (3, 2)).padding("same").strides((2, 1)).activation("relu");
    let conv = conv.data_format("channels_last").use_bias(false).kernel_initializer("he_normal");
    let conv = conv.kernel_regularizer(L1L2::new().l1(0.0).l2(0.5));
    let conv = conv.kernel_constraint(MaxNorm::new().max_value(2.0).axis(0));
    assert_eq!(arguments("Convolution2D", old, &image), today(conv));
    let old = json!({"output_dim": 3, "input_dim": 8, "init": "uniform"});
    let dense = Dense::new(3).kernel_initializer("uniform");
    assert_eq!(arguments("TimeDistributedDense", old, &[4, 8]), today(dense));
    let old = json!({"pool_length": 2, "stride": 3, "border_mode": "valid"});
    let pool = MaxPooling1D::new().pool_size(2).strides(3);
    assert_eq!(arguments("MaxPooling1D", old, &[8, 2]), today(pool));
    assert_eq!(arguments("Dropout", json!({"p": 0.25}), &[4]), today(Dropout::new(0.25)));
    let old = json!({"mode": 0, "axis": 1, "gamma_init": "one", "epsilon": 0.01});
    let norm = BatchNormalization::new().axis(1).epsilon(0.01);
    assert_eq!(arguments("BatchNormalization", old, &image), today(norm));
}

#[test]
fn keras_2() {
    let old = json!({"alpha": 0.125});
    assert_eq!(arguments("LeakyReLU", old, &[4]), today(LeakyReLU::new().negative_slope(0.125)));
    let old = json!({"theta": 0.5});
    assert_eq!(arguments("ThresholdedReLU", old, &[4]), today(ReLU::new().threshold(0.5)));
    let old = json!({"axis": {"class_name": "ListWrapper", "items": [3]}, "dtype": "float32"});
    let norm = BatchNormalization::new().axis(3);
    assert_eq!(arguments("BatchNormalizationV1", old, &[4, 4, 2]), today(norm));
    // Keras 3 has another function of this name.
    let old = json!({"activation": "hard_sigmoid"});
    assert_eq!(arguments("Activation", old, &[4])[1]["activation"], "keras2_hard_sigmoid");
    let zeros = json!({"class_name": "Zeros", "config": {"dtype": "float32"}});
    let old = json!({"units": 2, "bias_initializer": zeros, "activity_regularizer": null});
    assert_eq!(arguments("Dense", old, &[4]), today(Dense::new(2)));
}

#[test]
fn what_is_gone_is_refused() {
    let refused = |class: &str, config: Json| {
        let model = json!({"class_name": "Sequential",
                           "config": [{"class_name": class, "config": config}]});
        Model::from_config(&model).unwrap_err().to_string()
    };
    let said = refused("BatchNormalization", json!({"mode": 2}));
    assert!(said.contains("other statistics than those of the batch"), "{said}");
    assert!(refused("Merge", json!({"mode": "cos"})).contains("no mode of Merge"));
    assert!(refused("Merge", json!({"mode": "sum", "layers": []})).contains("its own branches"));
}

/// A dense model inside a functional one, whose uses are counted from `base`.
fn nested(base: u64) -> Json {
    let input = |name: &str| {
        json!({"class_name": "InputLayer", "name": name, "inbound_nodes": [],
               "config": {"batch_input_shape": [null, 4], "dtype": "float32", "name": name}})
    };
    let dense = json!({"class_name": "Dense", "name": "scope/dense",
                       "config": {"units": 4, "name": "scope/dense"},
                       "inbound_nodes": [[["a", 0, 0, {}]]]});
    let inner = json!({"name": "inner", "layers": [input("a"), dense],
                       "input_layers": [["a", 0, 0]], "output_layers": [["scope/dense", 0, 0]]});
    let inner = json!({"class_name": "Model", "name": "inner", "config": inner,
                       "inbound_nodes": [[["b", 0, 0, {}]], ["inner", base, 0, {"training": false}]]});
    json!({"class_name": "Model", "config": {
        "name": "outer", "layers": [input("b"), inner],
        "input_layers": [["b", 0, 0]], "output_layers": [["inner", base + 1, 0]],
    }})
}

#[test]
fn uses_of_models_are_counted_from_0_or_1() {
    let [from_0, from_1] = [0, 1].map(|base| Model::from_config(&nested(base)).unwrap());
    let json = from_0.get_config().unwrap();
    assert_eq!(from_1.get_config().unwrap(), json);
    assert_eq!(json["config"]["output_layers"], json!(["inner", 2, 0]));
    assert_eq!(from_0.weights()[0].path(), "inner/scope_dense/kernel");
}

#[test]
fn training_configurations() {
    let mut model = nested(0);
    model["compile_config"] = json!({
        "optimizer_config": {"class_name": "Custom>Adam", "config": {"lr": 0.5, "decay": 0.0,
                             "epsilon": null, "beta_1": 0.8, "is_legacy_optimizer": false}},
        "loss": {"class_name": "MeanSquaredError", "config": {"reduction": "auto", "name": "mse"}},
        "metrics": [[{"class_name": "MeanMetricWrapper",
                      "config": {"name": "acc", "dtype": "float32", "fn": "categorical_accuracy"}}]],
        "sample_weight_mode": null, "weighted_metrics": null, "loss_weights": null,
    });
    let compiled = Model::from_json(&model.to_string()).unwrap().get_config().unwrap();
    let compiled = &compiled["compile_config"];
    let optimizer = &compiled["optimizer"]["config"];
    assert_eq!((&optimizer["learning_rate"], &optimizer["beta_1"]), (&json!(0.5), &json!(0.8)));
    assert_eq!(optimizer["epsilon"], 1e-7);
    assert_eq!(compiled["loss"]["config"]["reduction"], "sum_over_batch_size");
    let metric = &compiled["metrics"][0][0];
    assert_eq!(metric["class_name"], "CategoricalAccuracy");
    assert_eq!(metric["config"]["name"], "acc");
}

/// What Keras 3 leaves out in `.h5` files.
fn plain(json: &mut Json) {
    let object = json.as_object_mut().unwrap();
    object.retain(|key, _| ["class_name", "config", "name", "inbound_nodes"].contains(&&**key));
    for layer in
        json.pointer_mut("/config/layers").and_then(Json::as_array_mut).into_iter().flatten()
    {
        plain(layer);
    }
}

#[test]
fn keras_3_without_modules() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/configs.json");
    let file: Json = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    for case in file["cases"].as_array().unwrap() {
        let mut json = case["json"].clone();
        plain(&mut json);
        let model = Model::from_config(&json).unwrap_or_else(|e| panic!("{}: {e}", case["case"]));
        let whole = Model::from_config(&case["json"]).unwrap();
        assert_eq!(model.get_config().unwrap(), whole.get_config().unwrap(), "{}", case["case"]);
    }
    let hard = json!({"class_name": "Sequential", "config": {"name": "s", "layers": [
        {"class_name": "InputLayer", "config": {"batch_shape": [null, 2], "name": "x"}},
        {"class_name": "Activation", "config": {"activation": "hard_sigmoid", "name": "y"}},
    ]}});
    let json = Model::from_config(&hard).unwrap().get_config().unwrap();
    assert_eq!(json["config"]["layers"][1]["config"]["activation"], "hard_sigmoid");
}

#[test]
fn tf_keras_with_modules() {
    let json = json!({
        "module": "keras", "class_name": "Sequential", "registered_name": null,
        "config": {"name": "s", "layers": [
            {"module": "keras.layers", "class_name": "InputLayer", "registered_name": null,
             "config": {"batch_input_shape": [null, 4], "dtype": "float32", "sparse": false,
                        "ragged": false, "name": "input_1"}},
            {"module": "keras.layers", "class_name": "LeakyReLU", "registered_name": null,
             "config": {"name": "leaky", "trainable": true, "dtype": "float32", "alpha": 0.5}},
            {"module": "keras.layers", "class_name": "Dense", "registered_name": null,
             "config": {"name": "d", "trainable": true, "dtype": "float32", "units": 1,
                        "activation": "linear", "use_bias": true, "kernel_initializer": {
                            "module": "keras.initializers", "class_name": "GlorotUniform",
                            "config": {"seed": null}, "registered_name": null}}},
        ]},
        "compile_config": {
            "optimizer": {"module": "keras.optimizers", "class_name": "Custom>Adam",
                          "registered_name": "Custom>Adam",
                          "config": {"name": "Adam", "learning_rate": 0.25, "weight_decay": null,
                                     "jit_compile": true, "is_legacy_optimizer": false}},
            "loss": "mse", "metrics": null, "loss_weights": null, "weighted_metrics": null,
        },
    });
    let model = Model::from_json(&json.to_string()).unwrap();
    assert_eq!(model.learning_rate().unwrap(), 0.25);
    let json = model.get_config().unwrap();
    assert_eq!(json["config"]["layers"][1]["config"]["negative_slope"], 0.5);
}

/// What a functional model of tf.keras gives for `[[1, -2]]`; `layers` stand behind the input `x`.
fn of_tf_keras(layers: &[Json], last: &str) -> Result<Vec<f64>, String> {
    let input = json!({"class_name": "InputLayer", "name": "x", "inbound_nodes": [],
                       "config": {"batch_input_shape": [null, 2], "dtype": "float32", "name": "x"}});
    let layers: Vec<&Json> = [&input].into_iter().chain(layers).collect();
    let model = json!({"class_name": "Functional", "config": {"name": "f", "layers": layers,
                       "input_layers": [["x", 0, 0]], "output_layers": [[last, 0, 0]]}});
    let model = Model::from_config(&model).map_err(|e| e.to_string())?;
    Ok(model.predict([[1.0_f32, -2.0]]).map_err(|e| e.to_string())?.to_f64_vec())
}

/// A function of TensorFlow between layers.
fn function(name: &str, function: &str, nodes: Json) -> Json {
    json!({"class_name": if function.ends_with("getitem") { "SlicingOpLambda" } else { "TFOpLambda" },
           "name": name, "inbound_nodes": nodes,
           "config": {"name": name, "trainable": true, "dtype": "float32", "function": function}})
}

#[test]
fn functions_of_tensorflow() {
    let run = |layers: &[Json]| of_tf_keras(layers, "b").unwrap();
    let twice = function("a", "math.multiply", json!([["x", 0, 0, {"y": 2, "name": null}]]));
    let sum = json!([["x", 0, 0, {"y": ["a", 0, 0], "name": null}]]);
    let sum = function("b", "__operators__.add", sum);
    assert_eq!(run(&[twice.clone(), sum]), [3.0, -6.0]);
    let from = json!([["_CONSTANT_VALUE", -1, 10.0, {"y": ["a", 0, 0], "name": null}]]);
    assert_eq!(run(&[twice.clone(), function("b", "math.subtract", from)]), [8.0, 14.0]);
    let joined = json!([["x", 0, 0, {"axis": -1}], ["a", 0, 0, {"axis": -1}]]);
    let joined = function("b", "concat", json!([joined]));
    assert_eq!(run(&[twice.clone(), joined]), [1.0, -2.0, 2.0, -4.0]);
    let last = json!({"slice_spec": [{"start": null, "stop": null, "step": null}, -1]});
    let last = function("b", "__operators__.getitem", json!([["a", 0, 0, last]]));
    assert_eq!(run(&[twice.clone(), last]), [-4.0]);
    let mean = json!([["a", 0, 0, {"axis": [1], "keepdims": true, "name": null}]]);
    assert_eq!(run(&[twice.clone(), function("b", "math.reduce_mean", mean)]), [-1.0]);
    let relu = json!([["a", 0, 0, {"alpha": 0.5}]]);
    assert_eq!(run(&[twice.clone(), function("b", "nn.leaky_relu", relu)]), [2.0, -2.0]);

    let refused = |layer: Json| of_tf_keras(&[twice.clone(), layer], "b").unwrap_err();
    let read = function("b", "io.read_file", json!([["a", 0, 0, {}]]));
    assert!(refused(read).contains("holds a TFOpLambda named \"b\", which holds a function"));
    let wild = json!([["a", 0, 0, {"adjoint_a": true}]]);
    let error = refused(function("b", "linalg.matmul", wild));
    assert!(error.contains("Matmul is called with adjoint_a = true, which is not read"), "{error}");
}

#[test]
fn nodes_of_tensorflow() {
    let node = |op: &str, constants: Json, attributes: Json| {
        json!({"class_name": "TensorFlowOpLayer", "name": "b", "inbound_nodes": [[["x", 0, 0, {}]]],
               "config": {"name": "a", "trainable": true, "dtype": null, "constants": constants,
                          "node_def": {"name": "a", "op": op, "attr": attributes}}})
    };
    let run = |node: Json| of_tf_keras(&[node], "b");
    let types = json!({"T": {"type": "DT_FLOAT"}});
    assert_eq!(run(node("Sub", json!({"0": 1.0}), types.clone())).unwrap(), [0.0, 3.0]);
    assert_eq!(run(node("Pow", json!({"1": 2.0}), types)).unwrap(), [1.0, 4.0]);
    let kept = json!({"keep_dims": {"b": true}, "Tidx": {"type": "DT_INT32"}});
    assert_eq!(run(node("Max", json!({"1": [1]}), kept)).unwrap(), [1.0]);
    let turned = json!({"transpose_a": {"b": true}, "T": {"type": "DT_FLOAT"}});
    let error = run(node("MatMul", json!({"1": [[1.0], [2.0]]}), turned)).unwrap_err();
    assert!(error.contains("has the attribute transpose_a, which is not read"), "{error}");
    let error = run(node("ReadFile", json!({}), json!({}))).unwrap_err();
    assert!(error.contains("holds a TensorFlowOpLayer"), "{error}");
}
