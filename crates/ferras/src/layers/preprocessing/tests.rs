//! What Keras' layers make of numbers, and what they learn from data.
use super::{CategoryEncoding, Discretization, Normalization};
use crate::config::{Configured, FromConfig, Map, Scope};
use crate::golden::{assert_close, load, tensor};
use crate::layers::LayerRef;
use crate::layers::testing::build;
use crate::models::{Input, Model, SymbolicTensor};
use ferras_graph::{DType, Tensor, TensorType};
use serde_json::Value as Json;

fn layer<L: FromConfig>(case: &Json) -> L {
    let mut args: Map = case["args"].as_object().unwrap().clone();
    // Keras' None stands for no axis at all.
    if args.get("axis").is_some_and(Json::is_null) {
        args.insert("axis".into(), serde_json::json!([]));
    }
    L::from_config(&args, &Scope::default()).unwrap()
}

fn made(case: &Json) -> LayerRef {
    let adapt = case.get("adapt").map(tensor);
    match (case["layer"].as_str().unwrap(), adapt) {
        ("Normalization", Some(data)) => {
            LayerRef::new(layer::<Normalization>(case).adapt(&data).unwrap())
        }
        ("Normalization", None) => LayerRef::new(layer::<Normalization>(case)),
        ("Discretization", Some(data)) => {
            let adapted = layer::<Discretization>(case).adapt(&data).unwrap();
            let found = adapted.get_config()["bin_boundaries"].clone();
            let found: Vec<f64> = serde_json::from_value(found).unwrap();
            let expected: Vec<f64> = serde_json::from_value(case["boundaries"].clone()).unwrap();
            assert_eq!(found.len(), expected.len(), "{}", case["args"]);
            let near = |(a, b): (&f64, &f64)| (a - b).abs() < 1e-5;
            assert!(found.iter().zip(&expected).all(near), "{found:?} for {expected:?}");
            LayerRef::new(adapted)
        }
        ("Discretization", None) => LayerRef::new(layer::<Discretization>(case)),
        _ => LayerRef::new(layer::<CategoryEncoding>(case)),
    }
}

#[test]
fn numbers_become_those_of_keras() {
    let file = load("tables");
    let cases = file["cases"].as_array().unwrap();
    assert!(cases.len() > 30, "{}", cases.len());
    for case in cases {
        let what = format!("{} {}", case["layer"], case["args"]);
        let layer = &made(case);
        let inputs: Vec<Tensor> = case["inputs"].as_array().unwrap().iter().map(tensor).collect();
        let types: Vec<_> = inputs.iter().map(Tensor::ty).collect();
        let specs = build(layer, &types).unwrap();
        let weights: Vec<Tensor> = specs
            .iter()
            .map(|s| s.value.clone().unwrap_or_else(|| Tensor::zeros(s.ty())))
            .collect();
        for (name, weight) in ["mean", "variance"].iter().zip(&weights) {
            assert_close(weight, &case[*name], 1e-5, &format!("{what}: {name}"));
        }
        let x: Vec<SymbolicTensor> = types
            .iter()
            .map(|ty| Input::of(ty.shape.iter().skip(1).copied().collect::<Vec<_>>(), ty.dtype))
            .collect();
        let model = Model::new(x.clone(), layer.apply(x)).unwrap();
        assert_close(&model.predict(inputs).unwrap(), &case["output"], 1e-5, &what);
    }
}

#[test]
fn says_what_does_not_fit() {
    let x = |shape: &[usize]| vec![TensorType::new(DType::F32, shape)];
    let error = |layer: LayerRef, shape: &[usize]| build(&layer, &x(shape)).unwrap_err().to_string();
    let data = Tensor::new([2, 3], vec![1.0_f32; 6]).unwrap();
    let adapted = Normalization::new().adapt(&data).unwrap();
    assert!(error(LayerRef::new(adapted), &[5, 4]).contains("was adapted to data of sizes (3,)"));
    let half = Normalization::new().mean(1.0);
    assert!(error(LayerRef::new(half), &[5, 4]).contains("both be given, or neither"));
    let many = Normalization::new().mean([1.0, 2.0]).variance([1.0, 2.0]);
    assert!(error(LayerRef::new(many), &[5, 4]).contains("got 2 and 2"));
    assert!(error(LayerRef::new(Discretization::new()), &[5, 4]).contains("bin_boundaries must be given"));
    let down = Discretization::new().bin_boundaries([1.0, 0.0]);
    assert!(error(LayerRef::new(down), &[5, 4]).contains("must ascend"));
    let sparse = CategoryEncoding::new(3).sparse(true);
    assert!(error(LayerRef::new(sparse), &[5, 4]).contains("no sparse tensors"));
    let int = CategoryEncoding::new(3).output_mode("int");
    assert!(error(LayerRef::new(int), &[5, 4]).contains("output_mode must be"));
    assert!(error(LayerRef::new(CategoryEncoding::new(3)), &[5]).contains("behind the batch"));
    assert!(Discretization::new().adapt(&data).is_err());
    assert!(Normalization::new().mean(1.0).adapt(&data).is_err());
}
