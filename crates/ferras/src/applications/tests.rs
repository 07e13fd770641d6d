//! Every network against the real Keras: its layers, and what it makes of pictures.
use super::application::Architecture;
use super::*;
use crate::golden::{assert_close, load};
use crate::layers::PartialShape;
use crate::layers::operation::Operation;
use crate::models::Model;
use crate::{Error, Result};
use ferras_graph::{DType, Tensor, TensorType};
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};

/// Sets an argument that only some networks have.
type Own<A> = fn(Application<A>, &str, &Json) -> Application<A>;

/// A network with the settings of a reference file.
fn set<A: Architecture>(settings: &Json, own: Own<A>) -> Application<A> {
    let mut network = Application::<A>::new().weights(None);
    for (key, value) in settings.as_object().unwrap() {
        network = match key.as_str() {
            "include_top" => network.include_top(value.as_bool().unwrap()),
            "pooling" => network.pooling(if value == "avg" { "avg" } else { "max" }),
            "classes" => network.classes(value.as_u64().unwrap() as usize),
            "classifier_activation" => network.classifier_activation(value.as_str().unwrap()),
            "name" => network.name(value.as_str().unwrap()),
            "input_shape" => {
                let sizes = value.as_array().unwrap().iter();
                let shape: Vec<usize> = sizes.map(|n| n.as_u64().unwrap() as usize).collect();
                network.input_shape(PartialShape::from(shape))
            }
            key => own(network, key, value),
        };
    }
    network
}

fn nothing<A>(_: Application<A>, key: &str, _: &Json) -> Application<A> {
    panic!("no argument {key}")
}

fn mobilenet(n: MobileNet, key: &str, value: &Json) -> MobileNet {
    match key {
        "alpha" => n.alpha(value.as_f64().unwrap()),
        "dropout" => n.dropout(value.as_f64().unwrap()),
        "depth_multiplier" => n.depth_multiplier(value.as_u64().unwrap() as usize),
        _ => nothing(n, key, value),
    }
}

fn mobilenet_v2(n: MobileNetV2, key: &str, value: &Json) -> MobileNetV2 {
    match key {
        "alpha" => n.alpha(value.as_f64().unwrap()),
        _ => nothing(n, key, value),
    }
}

type V3<const LARGE: bool> = Application<mobilenet_v3::MobileNetV3<LARGE>>;

fn mobilenet_v3<const LARGE: bool>(n: V3<LARGE>, key: &str, value: &Json) -> V3<LARGE> {
    match key {
        "alpha" => n.alpha(value.as_f64().unwrap()),
        "dropout_rate" => n.dropout_rate(value.as_f64().unwrap()),
        "minimalistic" => n.minimalistic(value.as_bool().unwrap()),
        "include_preprocessing" => n.include_preprocessing(value.as_bool().unwrap()),
        _ => nothing(n, key, value),
    }
}

type V2<const KIND: usize> = Application<efficientnet_v2::EfficientNetV2<KIND>>;

fn efficientnet_v2<const KIND: usize>(n: V2<KIND>, key: &str, value: &Json) -> V2<KIND> {
    match key {
        "include_preprocessing" => n.include_preprocessing(value.as_bool().unwrap()),
        _ => nothing(n, key, value),
    }
}

type Next<const KIND: usize> = Application<convnext::ConvNeXt<KIND>>;

fn convnext<const KIND: usize>(n: Next<KIND>, key: &str, value: &Json) -> Next<KIND> {
    match key {
        "include_preprocessing" => n.include_preprocessing(value.as_bool().unwrap()),
        _ => nothing(n, key, value),
    }
}

macro_rules! networks {
    ($($own:ident { $($name:ident)* })*) => {
        /// The network of a class with settings.
        fn network(class: &str, settings: &Json) -> Result<Model> {
            match class {
                $($(stringify!($name) => {
                    let network: $name = set(settings, $own);
                    network.build()
                })*)*
                _ => Err(Error::Internal(format!("no network {class}"))),
            }
        }
    };
}

networks! {
    convnext { ConvNeXtTiny ConvNeXtSmall ConvNeXtBase ConvNeXtLarge ConvNeXtXLarge }
    efficientnet_v2 {
        EfficientNetV2B0 EfficientNetV2B1 EfficientNetV2B2 EfficientNetV2B3 EfficientNetV2S
        EfficientNetV2M EfficientNetV2L
    }
    mobilenet { MobileNet }
    mobilenet_v2 { MobileNetV2 }
    mobilenet_v3 { MobileNetV3Large MobileNetV3Small }
    nothing {
        DenseNet121 DenseNet169 DenseNet201
        EfficientNetB0 EfficientNetB1 EfficientNetB2 EfficientNetB3
        EfficientNetB4 EfficientNetB5 EfficientNetB6 EfficientNetB7
        InceptionResNetV2 InceptionV3 NASNetLarge NASNetMobile
        ResNet50 ResNet101 ResNet152 ResNet50V2 ResNet101V2 ResNet152V2
        VGG16 VGG19 Xception
    }
}

/// One line a layer, as the reference writes it: class, name, output shape and number of weights.
fn outline(model: &Model) -> String {
    let network = model.network().unwrap();
    let mut lines = Vec::new();
    for (i, layer) in network.layers.iter().enumerate() {
        // Keras does not count operations among the layers.
        if layer.layer.0.layer_as::<Operation>().is_some() {
            continue;
        }
        let call = network.calls.iter().find(|c| c.layer == i).unwrap();
        let class = match layer.layer.0.layer.class_name() {
            // A stack as a layer, and Keras' class that is called otherwise inside.
            "Nested" | "Functional" => "Sequential",
            class => class,
        };
        let weights = &network.weights[network.layer_weights[i].clone()];
        let count: usize = weights.iter().map(|w| w.ty.shape.iter().product::<usize>()).sum();
        lines.push(format!("{class} {} {} {count}", layer.name, call.outputs[0].shape));
    }
    lines.join("\n")
}

#[test]
fn networks_are_those_of_keras() {
    let facts = load("applications");
    let mut wrong = Vec::new();
    for case in facts["outlines"].as_array().unwrap() {
        let class = case["class"].as_str().unwrap();
        let model = network(class, &case["settings"]).unwrap();
        let what = format!("{class} {}", case["settings"]);
        assert_eq!(model.name(), case["name"], "{what}");
        assert_eq!(model.count_params(), case["params"].as_u64().unwrap() as usize, "{what}");
        let text = outline(&model);
        let hash: String = Sha256::digest(&text).iter().map(|byte| format!("{byte:02x}")).collect();
        if hash != case["sha256"].as_str().unwrap() {
            wrong.push(what);
        }
    }
    assert!(wrong.is_empty(), "other layers than in Keras: {wrong:#?}");
}

/// The reference's numbers from -1 to 1: a hash of where they stand.
fn noise(index: u64, size: usize) -> impl Iterator<Item = f64> {
    let offset = index.wrapping_mul(0xBF58_476D_1CE4_E5B9);
    (1..=size as u64).map(move |i| {
        let x = i.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(offset);
        let x = (x ^ (x >> 31)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((x ^ (x >> 29)) >> 40) as f64 / f64::from(1 << 23) - 1.0
    })
}

/// The reference's value of a weight.
fn weight(index: usize, path: &str, ty: &TensorType) -> Tensor {
    let name = path.rsplit('/').next().unwrap();
    let shape = &ty.shape[..];
    let values = noise(index as u64, shape.iter().product());
    let values: Vec<f64> = match shape.len() {
        n if n >= 2 => {
            let places = if name.contains("depthwise") { &shape[..2] } else { &shape[..n - 1] };
            let scale = (3.0 / places.iter().product::<usize>() as f64).sqrt();
            values.map(|v| v * scale).collect()
        }
        _ if name.contains("variance") || name.contains("gamma") => {
            values.map(|v| 1.0 + 0.2 * v).collect()
        }
        _ => values.map(|v| 0.1 * v).collect(),
    };
    Tensor::new(shape, values).unwrap().cast(ty.dtype)
}

#[test]
fn networks_give_the_numbers_of_keras() {
    let facts = load("applications");
    for case in facts["forward"].as_array().unwrap() {
        let class = case["class"].as_str().unwrap();
        let side = case["side"].as_u64().unwrap() as usize;
        let settings =
            json!({"include_top": false, "pooling": "avg", "input_shape": [side, side, 3]});
        let mut model = network(class, &settings).unwrap();
        let values = model.weights().iter().enumerate();
        let values: Vec<Tensor> = values.map(|(i, v)| weight(i, v.path(), v.ty())).collect();
        model.set_weights(&values).unwrap();
        let pixels: Vec<f64> = noise(12345, 2 * side * side * 3).collect();
        let pixels = Tensor::new([2, side, side, 3], pixels).unwrap().cast(DType::F32);
        let output = model.predict(&pixels).unwrap();
        assert_close(&output, &case["output"], 1e-4, class);
    }
}

#[test]
fn wrong_arguments_are_told() {
    let said = |model: Result<Model>| model.unwrap_err().to_string();
    let error = said(VGG16::new().classes(10).build());
    assert!(error.contains("must be 1000 with weights \"imagenet\""), "{error}");
    let error = said(ResNet50::new().weights(None).input_shape([20, 64, 3]).build());
    assert!(error.contains("at least 32 rows and 32 columns, got (20, 64, 3)"), "{error}");
    let error = said(ResNet50::new().weights(None).input_shape([64, 64]).build());
    assert!(error.contains("rows, columns and channels"), "{error}");
    let open = PartialShape::from([None, None, Some(3)]);
    let error = said(ResNet50::new().weights(None).input_shape(open).build());
    assert!(error.contains("must have its rows and columns with include_top"), "{error}");
    let error = said(VGG16::new().weights(None).include_top(false).pooling("mean").build());
    assert!(error.contains("unknown pooling \"mean\""), "{error}");
    let error = said(MobileNet::new().weights(None).alpha(-1.0).build());
    assert!(error.contains("must be above 0, got -1"), "{error}");
    let error = said(MobileNetV2::new().alpha(0.6).build());
    assert!(error.contains("one of [0.35, 0.5, 0.75, 1.0, 1.3, 1.4]"), "{error}");
    let error = said(VGG16::new().weights("none.h5").include_top(false).build());
    assert!(error.contains("none.h5"), "{error}");
}

#[test]
fn a_network_stands_on_another_tensor() {
    use crate::layers::{Conv2D, LayerExt};
    use crate::models::Input;
    let image = Input::named("image", [40, 40, 1]);
    let coloured = Conv2D::new(3, 1).apply(&image);
    let network = MobileNet::new().weights(None).include_top(false).pooling("avg");
    let model = network.input_tensor(&coloured).build().unwrap();
    assert_eq!(model.network().unwrap().input_names(), ["image"]);
    assert_eq!(model.output_shape().unwrap().to_string(), "(None, 1024)");
}
