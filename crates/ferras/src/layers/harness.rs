//! One examination for every layer of the table: what holds of all of them is checked here once.
use super::testing::{Outcome, Run, build, normal};
use super::*;
use crate::Predict;
use crate::config::{ConfigValue, Configured, Identifier, Map, Scope, serialize};
use crate::models::{Input, Model, Network, SymbolicTensor};

use ferras_graph::{DType, Tensor, TensorType};
use serde_json::{Value as Json, json};

/// Arguments and the shapes of samples to examine a class with. A new layer needs a row.
fn sample(class: &str) -> (Json, Vec<Vec<usize>>) {
    let one = |args, shape: &[usize]| (args, vec![shape.to_vec()]);
    let image = &[5, 6, 4];
    match class {
        "Activation" => one(json!({"activation": "tanh"}), &[4]),
        "Dense" => one(json!({"units": 3, "activation": "elu"}), &[2, 4]),
        "ReversibleEmbedding" => {
            one(json!({"input_dim": 3, "output_dim": 2, "tie_weights": false}), &[4])
        }
        "Embedding" => one(json!({"input_dim": 3, "output_dim": 2}), &[4]),
        "SimpleRNN" => one(json!({"units": 3, "return_sequences": true}), &[4, 2]),
        "LSTM" => one(json!({"units": 3, "go_backwards": true}), &[4, 2]),
        "GRU" => one(json!({"units": 2, "return_state": true}), &[3, 2]),
        "SimpleRNNCell" => (json!({"units": 3}), vec![vec![2], vec![3]]),
        "GRUCell" => (json!({"units": 3, "reset_after": false}), vec![vec![2], vec![3]]),
        "LSTMCell" => (json!({"units": 3}), vec![vec![2], vec![3], vec![3]]),
        "Bidirectional" => one(json!({"layer": cell("LSTM", 2), "merge_mode": "mul"}), &[3, 2]),
        "TimeDistributed" => one(json!({"layer": cell("Dense", 3)}), &[3, 2]),
        "ConvLSTM1D" => {
            let args = json!({"filters": 2, "kernel_size": 3, "strides": 2, "padding": "same"});
            one(args, &[3, 5, 2])
        }
        "ConvLSTM2D" => one(json!({"filters": 2, "kernel_size": [2, 3]}), &[3, 4, 5, 1]),
        "ConvLSTM3D" => one(json!({"filters": 2, "kernel_size": 2}), &[2, 3, 2, 2, 1]),
        "RNN" => one(json!({"cell": cell("GRUCell", 2)}), &[3, 2]),
        "StackedRNNCells" => {
            let cells = json!({"cells": [cell("GRUCell", 2), cell("SimpleRNNCell", 3)]});
            (cells, vec![vec![4], vec![2], vec![3]])
        }
        "Masking" => one(json!({"mask_value": 0.5}), &[3, 2]),
        "EinsumDense" => {
            let args = json!({"equation": "abc,bcd->acd", "output_shape": [3, 2], "bias_axes": "d",
                              "activation": "tanh"});
            one(args, &[4, 3])
        }
        "Wrapper" => {
            let dense = json!({"class_name": "Dense", "config": {"units": 3, "dtype": "float64"}});
            one(json!({"layer": dense}), &[4])
        }
        "SpectralNormalization" => {
            let config = json!({"filters": 2, "kernel_size": 2, "dtype": "float64"});
            let layer = json!({"class_name": "Conv1D", "config": config});
            // At the singular vectors themselves no gradient is left out.
            one(json!({"layer": layer, "power_iterations": 200}), &[4, 3])
        }
        "Conv1D" => one(json!({"filters": 3, "kernel_size": 3, "padding": "same"}), &[7, 2]),
        "Conv2D" => one(
            json!({"filters": 6, "kernel_size": [3, 2], "strides": 2, "groups": 2,
                   "activation": "softmax"}),
            image,
        ),
        "Conv3D" => one(json!({"filters": 2, "kernel_size": 2}), &[3, 4, 3, 2]),
        "DepthwiseConv1D" => one(json!({"kernel_size": 2, "dilation_rate": 2}), &[6, 3]),
        "DepthwiseConv2D" => {
            let args = json!({"kernel_size": 3, "depth_multiplier": 2,
                              "data_format": "channels_first"});
            one(args, &[3, 5, 4])
        }
        "LocallyConnected1D" => one(json!({"filters": 3, "kernel_size": 2, "strides": 2}), &[6, 3]),
        "LocallyConnected2D" => {
            let args = json!({"filters": 2, "kernel_size": [3, 2], "activation": "tanh",
                              "data_format": "channels_first"});
            one(args, &[2, 4, 3])
        }
        "SeparableConv1D" => one(json!({"filters": 3, "kernel_size": 2, "strides": 2}), &[6, 3]),
        "SeparableConv2D" => {
            let args = json!({"filters": 2, "kernel_size": [3, 2], "depth_multiplier": 2,
                              "padding": "same", "activation": "tanh"});
            one(args, image)
        }
        "Conv1DTranspose" => one(json!({"filters": 3, "kernel_size": 2, "strides": 3}), &[4, 2]),
        "Conv2DTranspose" => {
            let args = json!({"filters": 3, "kernel_size": [3, 2], "strides": 2, "padding": "same",
                              "output_padding": [0, 1], "data_format": "channels_first"});
            one(args, &[2, 3, 4])
        }
        "Conv3DTranspose" => {
            one(json!({"filters": 2, "kernel_size": 2, "dilation_rate": 2}), &[2, 3, 2, 2])
        }
        "AveragePooling1D" | "MaxPooling1D" => one(json!({"pool_size": 2}), &[7, 2]),
        "AveragePooling2D" | "MaxPooling2D" => {
            one(json!({"pool_size": [2, 3], "strides": 2, "padding": "same"}), image)
        }
        "AveragePooling3D" | "MaxPooling3D" => one(json!({"pool_size": 2}), &[4, 3, 4, 2]),
        "GlobalAveragePooling1D" | "GlobalMaxPooling1D" => one(json!({}), &[5, 3]),
        "GlobalAveragePooling2D" | "GlobalMaxPooling2D" => one(json!({"keepdims": true}), image),
        "GlobalAveragePooling3D" | "GlobalMaxPooling3D" => one(json!({}), &[2, 3, 2, 2]),
        "AdaptiveAveragePooling1D" | "AdaptiveMaxPooling1D" => {
            one(json!({"output_size": 3}), &[7, 2])
        }
        "AdaptiveAveragePooling2D" | "AdaptiveMaxPooling2D" => {
            one(json!({"output_size": [2, 4], "data_format": "channels_first"}), &[2, 6, 5])
        }
        "AdaptiveAveragePooling3D" | "AdaptiveMaxPooling3D" => {
            one(json!({"output_size": [1, 2, 5]}), &[2, 5, 3, 2])
        }
        "GroupNormalization" => one(json!({"groups": 2, "axis": 1}), &[4, 3]),
        "RMSNormalization" | "UnitNormalization" => one(json!({"axis": [1, 2]}), &[3, 4]),
        "BatchNormalization" => one(json!({"axis": 1}), &[3, 4]),
        "LayerNormalization" => one(json!({"axis": [1, 2]}), &[3, 4]),
        "Concatenate" => (json!({"axis": 1}), vec![vec![2, 3], vec![1, 3], vec![4, 3]]),
        "Dot" => (json!({"axes": [1, -1], "normalize": true}), vec![vec![4, 3], vec![2, 4]]),
        "Attention" => (json!({"use_scale": true}), vec![vec![3, 4], vec![2, 5], vec![2, 4]]),
        "AdditiveAttention" => (json!({}), vec![vec![3, 4], vec![2, 4]]),
        "MultiHeadAttention" => {
            let args = json!({"num_heads": 2, "key_dim": 3, "value_dim": 2, "use_gate": true});
            (args, vec![vec![3, 4], vec![2, 5], vec![2, 4]])
        }
        "GroupQueryAttention" => {
            let args = json!({"head_dim": 3, "num_query_heads": 4, "num_key_value_heads": 2,
                              "sliding_window": 2});
            (args, vec![vec![3, 4], vec![2, 4]])
        }
        "Subtract" => (json!({}), vec![vec![3], vec![2, 3]]),
        "Add" | "Average" | "Maximum" | "Minimum" | "Multiply" => {
            (json!({}), vec![vec![2, 3], vec![1, 3], vec![3]])
        }
        "Reshape" => one(json!({"target_shape": [-1, 2]}), &[3, 4]),
        "Permute" => one(json!({"dims": [3, 1, 2]}), image),
        "RepeatVector" => one(json!({"n": 3}), &[4]),
        "Cropping1D" | "ZeroPadding1D" | "UpSampling1D" => one(json!({}), &[5, 2]),
        "Cropping2D" => one(json!({"cropping": [[1, 0], [2, 1]]}), image),
        "ZeroPadding2D" => one(json!({"padding": [1, 2]}), image),
        "UpSampling2D" => one(json!({"size": [2, 3], "interpolation": "bicubic"}), image),
        "Cropping3D" | "UpSampling3D" | "ZeroPadding3D" => one(json!({}), &[3, 4, 3, 2]),
        "AlphaDropout" | "Dropout" | "GaussianDropout" => one(json!({"rate": 0.4}), &[8]),
        "SpatialDropout1D" => one(json!({"rate": 0.5}), &[3, 16]),
        "SpatialDropout2D" => one(json!({"rate": 0.5}), &[3, 2, 16]),
        "SpatialDropout3D" => one(json!({"rate": 0.5}), &[2, 1, 2, 16]),
        "GaussianNoise" => one(json!({"stddev": 0.3}), &[8]),
        "ActivityRegularization" => one(json!({"l1": 0.1, "l2": 0.2}), &[4]),
        "PReLU" => one(json!({"shared_axes": [1], "alpha_initializer": "ones"}), &[3, 4]),
        "CenterCrop" | "RandomCrop" => one(json!({"height": 4, "width": 3}), &[6, 7, 3]),
        "Resizing" => {
            let args =
                json!({"height": 4, "width": 9, "interpolation": "bicubic", "antialias": true});
            one(args, &[6, 7, 3])
        }
        "Rescaling" => one(json!({"scale": 0.5, "offset": 1.0}), &[4]),
        "Identity" | "Flatten" | "ELU" | "LeakyReLU" | "ReLU" | "Softmax" | "ThresholdedReLU" => {
            one(json!({}), &[3, 4])
        }
        _ if PICTURES.iter().any(|p| p.0 == class) => {
            let args = PICTURES.iter().find(|p| p.0 == class).map(|p| p.1);
            one(serde_json::from_str(args.unwrap()).unwrap(), &[6, 7, 3])
        }
        "CustomScaleLayer" => (json!({"scale": 0.5}), vec![vec![2, 3], vec![2, 3]]),
        "LayerScale" => one(json!({"init_values": 0.5, "projection_dim": 4}), &[3, 4]),
        "MixUp" | "CutMix" => (json!({}), vec![vec![5, 4, 2], vec![3]]),
        "CategoryEncoding" => one(json!({"num_tokens": 3}), &[4]),
        "Discretization" => {
            one(json!({"bin_boundaries": [-0.5, 0.5], "output_mode": "one_hot"}), &[4])
        }
        "Normalization" => one(json!({"axis": [1, 2]}), &[3, 4]),
        "Hashing" => one(json!({"num_bins": 5, "salt": 3, "output_mode": "count"}), &[3]),
        "HashedCrossing" => (json!({"num_bins": 5}), vec![vec![1], vec![1]]),
        "IntegerLookup" => one(json!({"vocabulary": [3, 1, 2], "num_oov_indices": 2}), &[3]),
        "StringLookup" => one(json!({"vocabulary": ["a", "b"], "invert": true}), &[3]),
        "TextVectorization" => one(json!({"vocabulary": ["a", "b"], "ngrams": [1, 2]}), &[1]),
        "MelSpectrogram" => {
            let args = json!({"fft_length": 8, "sequence_stride": 3, "sequence_length": 6,
                              "sampling_rate": 100, "num_mel_bins": 3, "min_freq": 1,
                              "power_to_db": false});
            one(args, &[11])
        }
        "STFTSpectrogram" => {
            let args = json!({"mode": "psd", "frame_length": 5, "frame_step": 2});
            one(args, &[9, 2])
        }
        "MaxNumBoundingBoxes" => one(json!({"max_number": 4}), &[6, 4]),
        other => panic!("layer {other} has no sample to be examined with"),
    }
}

/// Layers that change pictures, and their arguments.
const PICTURES: [(&str, &str); 25] = [
    ("AugMix", r#"{"num_chains": 2, "chain_depth": 1, "value_range": [-4, 4]}"#),
    ("AutoContrast", r#"{"value_range": [-4, 4]}"#),
    ("ContrastLimitedAdaptiveHistogramEqualization", r#"{"tile_grid_size": [2, 2]}"#),
    ("Equalization", r#"{"value_range": [-4, 4], "bins": 4}"#),
    ("RandAugment", r#"{"num_ops": 1, "value_range": [-4, 4]}"#),
    ("RandomBrightness", r#"{"factor": [0.1, 0.2], "value_range": [-4, 4]}"#),
    ("RandomColorDegeneration", r#"{"factor": 0.4, "value_range": [-4, 4]}"#),
    ("RandomColorJitter", r#"{"brightness_factor": 0.2, "hue_factor": 0.1}"#),
    ("RandomContrast", r#"{"factor": 0.4, "value_range": [-4, 4]}"#),
    ("RandomElasticTransform", r#"{"factor": [1, 1], "value_range": [-9, 9]}"#),
    ("RandomErasing", r#"{"factor": [1, 1], "fill_value": 0.5, "scale": [0.3, 0.5]}"#),
    ("RandomFlip", r#"{"mode": "horizontal"}"#),
    ("RandomGaussianBlur", r#"{"factor": [1, 1], "value_range": [-4, 4]}"#),
    ("RandomGrayscale", r#"{"factor": 0.7}"#),
    ("RandomHue", r#"{"factor": 0.4, "value_range": [-4, 4]}"#),
    ("RandomInvert", r#"{"factor": [1, 1], "value_range": [-4, 4]}"#),
    ("RandomPerspective", r#"{"factor": [1, 1], "scale": 0.5}"#),
    ("RandomPosterization", r#"{"factor": 4, "value_range": [-4, 4]}"#),
    ("RandomRotation", r#"{"factor": 0.3}"#),
    ("RandomSaturation", r#"{"factor": [0.2, 0.4], "value_range": [-4, 4]}"#),
    ("RandomSharpness", r#"{"factor": 0.4, "value_range": [-4, 4]}"#),
    ("RandomShear", r#"{"x_factor": 0.4, "fill_mode": "wrap"}"#),
    ("RandomTranslation", r#"{"height_factor": 0.3, "width_factor": [0.1, 0.4]}"#),
    ("RandomZoom", r#"{"height_factor": 0.4, "fill_mode": "constant"}"#),
    ("Solarization", r#"{"threshold_factor": [0.4, 0.6], "value_range": [-4, 4]}"#),
];

/// Those of them that do the same in training and otherwise.
const SAME_IN_TRAINING: [&str; 3] =
    ["AutoContrast", "ContrastLimitedAdaptiveHistogramEqualization", "MaxNumBoundingBoxes"];

/// A cell or another layer of units as an argument.
fn cell(class: &str, units: usize) -> Json {
    json!({"class_name": class, "config": {"units": units, "dtype": "float64"}})
}

/// Layers that do something else in training.
const DIFFERENT_IN_TRAINING: [&str; 10] = [
    "AlphaDropout",
    "BatchNormalization",
    "Dropout",
    "GaussianDropout",
    "GaussianNoise",
    "RandomCrop",
    "SpatialDropout1D",
    "SpatialDropout2D",
    "SpatialDropout3D",
    "SpectralNormalization",
];

fn make(class: &str, args: &Json) -> LayerRef {
    let json = json!({"class_name": class, "config": args});
    let id = Identifier::<dyn Layer>::from_json(&json, &Scope::default()).unwrap();
    LayerRef::from_arc(id.get().unwrap())
}

/// Inputs of this batch size, and weights that are no fixed point of anything.
fn data(layer: &LayerRef, shapes: &[Vec<usize>], batch: usize) -> (Vec<Tensor>, Vec<Tensor>) {
    let input = |(i, s): (usize, &Vec<usize>)| {
        normal(DType::F64, &[&[batch], &s[..]].concat(), 10 + i as u64)
    };
    let inputs: Vec<Tensor> = shapes.iter().enumerate().map(input).collect();
    let types: Vec<TensorType> = inputs.iter().map(Tensor::ty).collect();
    let weight = |(i, spec): (usize, &WeightSpec)| {
        let value = normal(DType::F64, spec.ty().shape.as_ref(), 20 + i as u64);
        match spec.path().ends_with("variance") {
            true => map(&value, |v| v.abs() + 0.5),
            false => value,
        }
    };
    let weights = build(layer, &types).unwrap().iter().enumerate().map(weight).collect();
    (inputs, weights)
}

fn map(x: &Tensor, f: impl Fn(f64) -> f64) -> Tensor {
    Tensor::new(x.shape().clone(), x.to_f64_vec().into_iter().map(f).collect()).unwrap()
}

fn run(
    layer: &LayerRef,
    (inputs, weights): &(Vec<Tensor>, Vec<Tensor>),
    training: bool,
) -> Outcome {
    Run { layer, inputs, weights, training, cotangent: None }.go().unwrap()
}

/// The sum that gradients are of: of all outputs, each with a weight of its own.
fn total(layer: &LayerRef, data: &(Vec<Tensor>, Vec<Tensor>), cotangent: &Tensor) -> f64 {
    let output = run(layer, data, true).output.to_f64_vec();
    output.iter().zip(cotangent.to_f64_vec()).map(|(y, c)| y * c).sum()
}

fn check_round_trip(layer: &LayerRef) {
    let json = serialize(&*layer.0.layer);
    let again =
        Identifier::<dyn Layer>::from_json(&json, &Scope::default()).unwrap().get().unwrap();
    assert_eq!(json, serialize(&*again));
}

fn check_shapes(layer: &LayerRef, shapes: &[Vec<usize>]) {
    let inputs: Vec<SymbolicTensor> =
        shapes.iter().map(|s| Input::of(s.clone(), DType::F64)).collect();
    let network = Network::new(inputs.clone(), layer.apply(inputs)).unwrap();
    let symbolic = &network.output_specs()[0].shape;
    assert_eq!(symbolic[0], None, "the batch axis is open");
    for batch in [1, 3] {
        let executed = run(layer, &data(layer, shapes, batch), false).output;
        assert_eq!(*executed.shape(), symbolic.fill(batch));
    }
}

/// The gradient along a random direction against the slope between two points on it.
fn check_gradient(layer: &LayerRef, shapes: &[Vec<usize>]) {
    let (inputs, weights) = data(layer, shapes, 3);
    let at = (inputs, weights);
    let shape = run(layer, &at, true).output.shape().clone();
    let cotangent = normal(DType::F64, &shape, 5);
    let (inputs, weights) = &at;
    let analytic =
        Run { layer, inputs, weights, training: true, cotangent: Some(&cotangent) }.go().unwrap();
    let trained = build(layer, &inputs.iter().map(Tensor::ty).collect::<Vec<_>>()).unwrap();
    let trained: Vec<bool> = trained.iter().map(WeightSpec::is_trainable).collect();
    let direction = |seed: u64, x: &Tensor| normal(DType::F64, x.shape(), seed);
    let input_way: Vec<Tensor> = (30..).zip(inputs).map(|(s, x)| direction(s, x)).collect();
    let weight_way: Vec<Tensor> = (40..).zip(weights).map(|(s, w)| direction(s, w)).collect();
    let step = |h: f64| {
        let go = |x: &Tensor, way: &Tensor| {
            let sum = x.to_f64_vec().iter().zip(way.to_f64_vec()).map(|(x, d)| x + h * d).collect();
            Tensor::new(x.shape().clone(), sum).unwrap()
        };
        let inputs = inputs.iter().zip(&input_way).map(|(x, d)| go(x, d)).collect();
        let weight = |((w, d), &moves): ((_, _), &bool)| if moves { go(w, d) } else { w.clone() };
        (inputs, weights.iter().zip(&weight_way).zip(&trained).map(weight).collect())
    };
    let h = 1e-6;
    let slope =
        (total(layer, &step(h), &cotangent) - total(layer, &step(-h), &cotangent)) / (2.0 * h);
    let dot = |g: &Tensor, d: &Tensor| -> f64 {
        g.to_f64_vec().iter().zip(d.to_f64_vec()).map(|(g, d)| g * d).sum()
    };
    let ways = weight_way.iter().zip(&trained).filter(|w| *w.1).map(|w| w.0);
    let gradients = analytic.weight_gradients.iter().map(|g| &g.1);
    let sum: f64 =
        analytic.input_gradients.iter().zip(&input_way).map(|(g, d)| dot(g, d)).sum::<f64>()
            + gradients.zip(ways).map(|(g, d)| dot(g, d)).sum::<f64>();
    assert!((sum - slope).abs() <= 1e-6 * slope.abs().max(1.0), "gradient {sum}, slope {slope}");
}

fn check_training(class: &str, layer: &LayerRef, shapes: &[Vec<usize>]) {
    let data = data(layer, shapes, 4);
    let [inference, training] = [false, true].map(|training| run(layer, &data, training).output);
    let changes = PICTURES.iter().any(|p| p.0 == class) || matches!(class, "MixUp" | "CutMix");
    let different =
        DIFFERENT_IN_TRAINING.contains(&class) || changes && !SAME_IN_TRAINING.contains(&class);
    assert_eq!(inference != training, different);
    let frozen = layer.clone().trainable(false);
    if class == "BatchNormalization" {
        assert_eq!(run(&frozen, &data, true).output, inference);
    }
}

/// A model of the layer alone comes out of a file as it went in, with weights and predictions.
fn check_saved(class: &str, args: &Json, shapes: &[Vec<usize>]) {
    let layer = make(class, args);
    let inputs: Vec<SymbolicTensor> = shapes.iter().map(|s| Input::new(s.clone())).collect();
    let mut model = Model::new(inputs.clone(), layer.apply(inputs)).unwrap();
    let (x, weights) = data(&layer, shapes, 2);
    model.set_weights(&weights).unwrap();
    let name = format!("ferras-harness-{class}-{}.keras", std::process::id());
    let path = std::env::temp_dir().join(name);
    model.save(&path).unwrap();
    let again = Model::load(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    assert_eq!(again.get_weights().unwrap(), model.get_weights().unwrap());
    let x: Vec<Tensor> = x.into_iter().map(|x| x.cast(DType::F32)).collect();
    let predict = |model: &Model| model.predict_with(x.clone(), Predict::new().verbose(0)).unwrap();
    let bits = |outputs: Vec<Tensor>| {
        let numbers = outputs.iter().flat_map(Tensor::to_f64_vec);
        numbers.map(f64::to_bits).collect::<Vec<_>>()
    };
    assert_eq!(bits(predict(&again)), bits(predict(&model)));
}

/// Layers whose output jumps where the input is rounded.
const STEPPED: [&str; 3] = ["CategoryEncoding", "Discretization", "MaxNumBoundingBoxes"];

/// In 16 bits a layer gives what it gives in 32, but for what rounding takes.
fn check_mixed(class: &str, args: &Json, shapes: &[Vec<usize>]) {
    if STEPPED.contains(&class) || PICTURES.iter().any(|p| p.0 == class) {
        return;
    }
    let plain = make(class, args);
    let (inputs, weights) = data(&plain, shapes, 2);
    let cast = |list: Vec<Tensor>| list.iter().map(|t| t.cast(DType::F32)).collect::<Vec<_>>();
    let given = (cast(inputs), cast(weights));
    let whole = run(&plain, &given, false).output;
    let half = run(&plain.dtype("mixed_bfloat16"), &given, false).output;
    assert_eq!(whole.shape(), half.shape());
    let (whole, half) = (whole.to_f64_vec(), half.to_f64_vec());
    let largest = whole.iter().filter(|v| v.is_finite()).fold(0.1_f64, |m, v| m.max(v.abs()));
    for (a, b) in whole.iter().zip(&half) {
        let same = a == b || a.is_nan() && b.is_nan() || (a - b).abs() <= 0.06 * largest;
        assert!(same, "{a} in 32 bits, {b} in 16, largest {largest}");
    }
}

/// A mask that comes out of a layer belongs to its output; it comes out of none that does not know
/// masks.
fn check_masks(class: &str, args: &Json, shapes: &[Vec<usize>]) {
    let [shape] = shapes else { return };
    // The mask of Softmax has the shape of its input, as in Keras.
    if shape.len() != 2 || matches!(class, "Masking" | "Softmax") {
        return;
    }
    let layer = make(class, args);
    let x = Input::new(shape.clone());
    let network = Network::new(&x, layer.apply(Masking::new().apply(&x))).unwrap();
    let last = network.calls.last().unwrap();
    let (output, mask) = (&last.outputs[0].shape, &last.masks[0]);
    match mask {
        None => {}
        Some(_) if !layer.0.layer.supports_masking() => panic!("a mask came through"),
        Some(mask) => assert!(output.starts_with(mask), "mask {mask} of output {output}"),
    }
}

#[test]
fn every_layer_passes_the_examination() {
    for entry in <dyn Layer as Family>::table() {
        let class = entry.names[0];
        // It has no mathematics: its output is what is fed.
        if class == "InputLayer" {
            continue;
        }
        let (args, shapes) = sample(class);
        let layer = make(class, &args).dtype(DType::F64);
        println!("{class} {args}");
        check_round_trip(&layer);
        // Those have no graph; what they give is compared with Keras.
        if layer.0.layer.host().is_some() {
            continue;
        }
        check_shapes(&layer, &shapes);
        check_gradient(&layer, &shapes);
        check_training(class, &layer, &shapes);
        check_saved(class, &args, &shapes);
        check_mixed(class, &args, &shapes);
        check_masks(class, &args, &shapes);
    }
}

#[test]
fn penalties_of_outputs_are_divided_by_the_batch() {
    let x = Tensor::new([2, 2], vec![1.0_f64, -2.0, 3.0, 0.0]).unwrap();
    let data = (vec![x], Vec::new());
    let layer = ActivityRegularization::new().l1(0.1).l2(0.2).layer();
    // (0.1 · 6 + 0.2 · 14) / 2
    assert!((run(&layer, &data, false).loss.to_f64_vec()[0] - 1.7).abs() < 1e-6);
    let layer = Activation::new("relu").layer();
    assert_eq!(run(&layer, &data, true).loss.to_f64_vec(), [0.0]);
}

#[test]
fn dropout_keeps_and_scales_as_keras_says() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/layers.json");
    let file: Json = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    for row in file["dropout"].as_array().unwrap() {
        let shape: Vec<usize> =
            row["shape"].as_array().unwrap().iter().map(|d| d.as_u64().unwrap() as usize).collect();
        let ones = map(&normal(DType::F64, &shape, 1), |_| 1.0).cast(DType::F32);
        let output = run(&make("Dropout", &row["args"]), &(vec![ones], vec![]), true).output;
        let y = output.to_f64_vec();
        let largest = row["distinct_values"].as_array().unwrap().last().unwrap().as_f64().unwrap();
        assert!(y.iter().all(|&v| v == 0.0 || (v / largest - 1.0).abs() < 1e-6), "{row}");
        let kept = y.iter().filter(|&&v| v > 0.0).count() as f64 / y.len() as f64;
        // Whole rows are 100 choices, single elements 20,000.
        let alike = row["rows_alike"] == json!(true);
        let bound = if alike { 0.15 } else { 0.01 };
        let rate = row["args"]["rate"].as_f64().unwrap();
        assert!((kept - (1.0 - rate)).abs() < bound, "{row}: {kept}");
        let rows = y.chunks(shape[1]);
        assert_eq!(rows.clone().all(|r| r.iter().all(|v| v == &r[0])), alike, "{row}");
    }
}

#[test]
fn a_seed_of_its_own_is_a_stream_of_its_own() {
    let x = normal(DType::F64, &[4, 64], 3);
    let data = (vec![x], Vec::new());
    let dropped = |seed: Option<u64>| {
        let layer = seed.map_or(Dropout::new(0.5), |s| Dropout::new(0.5).seed(s));
        run(&layer.layer(), &data, true).output
    };
    assert_eq!(dropped(Some(1)), dropped(Some(1)));
    assert_ne!(dropped(Some(1)), dropped(Some(2)));
    assert_ne!(dropped(Some(1)), dropped(None));
}

#[test]
fn configurations_of_keras_layers_may_name_their_handle() {
    let dtype = json!({"module": "keras", "class_name": "DTypePolicy"});
    let config = json!({"name": "leaky_re_lu_1", "trainable": true, "dtype": dtype,
                        "negative_slope": 0.1});
    let object = json!({"module": "keras.layers", "class_name": "LeakyReLU", "config": config});
    let map: Map = json!({"units": 2, "activation": object}).as_object().unwrap().clone();
    let dense: Dense = crate::config::FromConfig::from_config(&map, &Scope::default()).unwrap();
    assert_eq!(dense.get_config()["activation"]["config"], json!({"negative_slope": 0.1}));
}
