//! Keras' pixels in pictures of another size.
use super::{CenterCrop, RandomCrop, Resizing};
use crate::config::{FromConfig, Map, Scope};
use crate::golden::{assert_close, load, run, tensor};
use crate::layers::testing::Run;
use crate::layers::{Layer, LayerRef};
use crate::models::{Input, Model};
use ferras_graph::{Builder, Tensor};
use serde_json::Value as Json;

fn layer<L: FromConfig>(case: &Json) -> L {
    let args: Map = case["args"].as_object().unwrap().clone();
    L::from_config(&args, &Scope::default()).unwrap()
}

fn called<L: Layer + FromConfig>(case: &Json, training: bool) -> Tensor {
    let (layer, x) = (LayerRef::new(layer::<L>(case)), tensor(&case["x"]));
    if training {
        let inputs = [x];
        let run = Run { layer: &layer, inputs: &inputs, weights: &[], training, cotangent: None };
        return run.go().unwrap().output;
    }
    let input = Input::of(x.shape().iter().skip(1).copied().collect::<Vec<_>>(), x.dtype());
    Model::new(&input, layer.apply(&input)).unwrap().predict(x).unwrap()
}

/// The part at the places that Keras drew.
fn drawn(case: &Json, drawn: &Json) -> Tensor {
    let layer: RandomCrop = layer(case);
    let builder = Builder::new();
    let images = builder.constant(tensor(&case["x"]));
    let place = |i: usize| builder.constant(Tensor::scalar(drawn[i].as_i64().unwrap() as i32));
    let format = case["args"]["data_format"].as_str().unwrap_or("channels_last").into();
    let output = super::on_pictures(&images, &format, |images| {
        layer.drawn(images, [&place(0), &place(1)])
    });
    run(builder, &[output]).unwrap().remove(0)
}

#[test]
fn pictures_become_those_of_keras() {
    let file = load("crops");
    let cases = file["cases"].as_array().unwrap();
    assert!(cases.len() > 50, "{}", cases.len());
    for case in cases {
        let what = format!("{} {}", case["layer"], case["args"]);
        let training = case["training"].as_bool().unwrap();
        let found = match (case["layer"].as_str().unwrap(), case.get("drawn")) {
            ("Resizing", _) => called::<Resizing>(case, training),
            ("CenterCrop", _) => called::<CenterCrop>(case, training),
            (_, Some(places)) => drawn(case, places),
            _ => called::<RandomCrop>(case, training),
        };
        assert_eq!(found.dtype(), tensor(&case["y"]).dtype(), "{what}");
        assert_close(&found, &case["y"], 1e-5, &what);
    }
}

/// Each place is drawn, and none beyond the last.
#[test]
fn every_part_is_drawn() {
    let x: Vec<f32> = (0..12).map(|i| i as f32).collect();
    let x = Tensor::new([1, 3, 4, 1], x).unwrap();
    let mut corners = std::collections::BTreeSet::new();
    for seed in 0..200 {
        let layer = LayerRef::new(RandomCrop::new(2, 2).seed(seed));
        let inputs = [x.clone()];
        let run =
            Run { layer: &layer, inputs: &inputs, weights: &[], training: true, cotangent: None };
        let part = run.go().unwrap().output.to_f64_vec();
        assert_eq!(part, [part[0], part[0] + 1.0, part[0] + 4.0, part[0] + 5.0]);
        corners.insert(part[0] as usize);
    }
    assert_eq!(corners.into_iter().collect::<Vec<_>>(), [0, 1, 2, 4, 5, 6]);
}
