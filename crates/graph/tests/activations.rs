//! Activations and their gradients against numbers from Keras on JAX.
#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests, which clippy.toml does not know as such
use ferras_graph::{Backend, Builder, Interpreter, Tensor, Value, gradients};
use serde_json::Value as Json;

fn golden() -> Json {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/activations.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// Numbers of a list; Keras' infinities and NaNs are told as strings.
fn numbers(list: &Json) -> Vec<f64> {
    let number = |v: &Json| match v {
        Json::String(s) => s.to_lowercase().parse().unwrap(),
        v => v.as_f64().unwrap(),
    };
    list.as_array().unwrap().iter().map(number).collect()
}

fn tensor(json: &Json) -> Tensor {
    let shape: Vec<usize> =
        json["shape"].as_array().unwrap().iter().map(|d| d.as_u64().unwrap() as usize).collect();
    let data = numbers(&json["data"]).into_iter().map(|v| v as f32).collect();
    Tensor::new(shape, data).unwrap()
}

fn apply(name: &str, args: &Json, x: &Value) -> Value {
    let number = |key: &str, default: f64| args[key].as_f64().unwrap_or(default);
    let axis = args["axis"].as_i64().unwrap_or(-1) as isize;
    match name {
        "linear" => x.clone(),
        "softmax" => x.softmax(&[axis]),
        "log_softmax" => x.log_softmax(&[axis]),
        "sparsemax" => x.sparsemax(axis),
        "glu" => x.glu(axis),
        "elu" => x.elu(number("alpha", 1.0)),
        "celu" => x.celu(number("alpha", 1.0)),
        "selu" => x.selu(),
        "softplus" => x.softplus(),
        "softsign" => x.softsign(),
        "relu" => x.relu_with(
            number("negative_slope", 0.0),
            args["max_value"].as_f64(),
            number("threshold", 0.0),
        ),
        "relu6" => x.relu6(),
        "leaky_relu" => x.leaky_relu(number("negative_slope", 0.2)),
        "tanh" => x.tanh(),
        "sigmoid" => x.sigmoid(),
        "hard_sigmoid" => x.hard_sigmoid(),
        "hard_silu" => x.hard_silu(),
        "hard_tanh" => x.hard_tanh(),
        "exponential" => x.exp(),
        "silu" => x.silu(),
        "gelu" => x.gelu(args["approximate"].as_bool().unwrap_or(false)),
        "mish" => x.mish(),
        "log_sigmoid" => x.log_sigmoid(),
        "soft_shrink" => x.soft_shrink(number("threshold", 0.5)),
        "hard_shrink" => x.hard_shrink(number("threshold", 0.5)),
        "tanh_shrink" => x.tanh_shrink(),
        "squareplus" => x.squareplus(number("b", 4.0)),
        "sparse_plus" => x.sparse_plus(),
        "sparse_sigmoid" => x.sparse_sigmoid(),
        "threshold" => x.threshold(number("threshold", 0.0), number("default_value", 0.0)),
        other => panic!("no activation {other}"),
    }
}

fn run(b: Builder, fetches: &[Value], feeds: &[&Tensor]) -> Vec<Tensor> {
    let graph = b.finish(fetches, &[]).unwrap();
    let views: Vec<_> = feeds.iter().map(|t| t.view()).collect();
    let mut results = Vec::new();
    Interpreter.compile(&graph).unwrap().run(&views, &mut [], &mut results).unwrap();
    results
}

/// What differs between a result and Keras' numbers, relative to the largest of them (or, for
/// numbers of very different sizes, to each).
fn differences(what: &str, found: &Tensor, expected: &[f64], each: bool) -> Vec<String> {
    let found = found.to_f64_vec();
    assert_eq!(found.len(), expected.len(), "{what}");
    let finite = expected.iter().filter(|v| v.is_finite());
    let largest = finite.fold(1.0_f64, |m, v| m.max(v.abs()));
    let different = |(i, (a, e)): (usize, (&f64, &f64))| {
        let scale = if each { e.abs().max(1.0) } else { largest };
        let same = a == e || a.is_nan() && e.is_nan() || (a - e).abs() < 2e-6 * scale;
        (!same).then(|| format!("{what}, element {i}: {a}, Keras has {e}"))
    };
    found.iter().zip(expected).enumerate().filter_map(different).collect()
}

#[test]
fn activations_and_gradients_are_those_of_keras() {
    let golden = golden();
    let (input, weight) = (tensor(&golden["input"]), tensor(&golden["weight"]));
    let mut problems = Vec::new();
    for case in golden["cases"].as_array().unwrap() {
        let (name, args) = (case["name"].as_str().unwrap(), &case["args"]);
        let b = Builder::new();
        let (x, w) = (b.feed("x", input.ty()), b.feed("w", weight.ty()));
        let y = apply(name, args, &x);
        let (rows, columns) = (y.dim(0), y.dim(1));
        let w = w.slice(&[0, 0], &[rows, columns], &[1, 1]);
        let dx = gradients(&(&y * w).sum(&[], false), &[x]);
        let found = run(b, &[y, dx[0].clone()], &[&input, &weight]);
        let expected = numbers(&case["output"]["data"]);
        problems.extend(differences(&format!("{name} {args}"), &found[0], &expected, false));
        let expected = numbers(&case["gradient"]["data"]);
        let what = format!("gradient of {name} {args}");
        problems.extend(differences(&what, &found[1], &expected, false));
    }
    assert!(problems.is_empty(), "{problems:#?}");
}

#[test]
fn huge_operands_give_what_keras_gives() {
    let golden = golden();
    let input = tensor(&golden["extremes_input"]);
    let mut problems = Vec::new();
    for case in golden["extremes"].as_array().unwrap() {
        let (name, args) = (case["name"].as_str().unwrap(), &case["args"]);
        let b = Builder::new();
        let x = b.feed("x", input.ty());
        let y = apply(name, args, &x);
        let found = run(b, &[y], &[&input]);
        let expected = numbers(&case["output"]["data"]);
        problems.extend(differences(&format!("{name} {args}"), &found[0], &expected, true));
    }
    assert!(problems.is_empty(), "{problems:#?}");
}
