//! A small file may describe a model whose values are larger than any memory: computing them is an error
//! that says so, and no allocation ends the program.
#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests are tests too
use ferras::prelude::*;
use serde_json::{Value as Json, json};

/// The model of these layers behind a series of 4 steps with 3 features.
fn model(layers: &[Json]) -> Result<Model> {
    let input =
        json!({"class_name": "InputLayer", "config": {"batch_shape": [null, 4, 3], "name": "x"}});
    let layers: Vec<&Json> = [&input].into_iter().chain(layers).collect();
    Model::from_config(
        &json!({"class_name": "Sequential", "config": {"name": "s", "layers": layers}}),
    )
}

fn layer(class: &str, config: Json) -> Json {
    json!({"class_name": class, "config": config})
}

#[test]
fn values_too_large_for_any_memory_are_errors() {
    let up = |size: u64| layer("UpSampling1D", json!({"size": size}));
    let pad = |n: u64| layer("ZeroPadding1D", json!({"padding": [n, 0]}));
    let flat = || layer("Flatten", json!({}));
    let cases: Vec<Vec<Json>> = vec![
        vec![up(1 << 45)],
        vec![up(1 << 20), up(1 << 25)],
        vec![up(1 << 40), layer("GlobalAveragePooling1D", json!({}))],
        vec![up(1 << 40), layer("Activation", json!({"activation": "softmax"}))],
        vec![up(1 << 60)],
        vec![up(u64::MAX / 2)],
        vec![pad(1 << 44)],
        vec![pad(u64::MAX / 4)],
        vec![flat(), layer("RepeatVector", json!({"n": 1_u64 << 42}))],
        vec![flat(), layer("RepeatVector", json!({"n": 1_u64 << 62}))],
        vec![
            flat(),
            layer("RepeatVector", json!({"n": 1_u64 << 42})),
            layer("LayerNormalization", json!({})),
        ],
        vec![
            flat(),
            layer("RepeatVector", json!({"n": 1_u64 << 22})),
            layer("Permute", json!({"dims": [2, 1]})),
            layer("Dense", json!({"units": 1_u64 << 4, "use_bias": false})),
            up(1 << 40),
        ],
        vec![
            up(1 << 22),
            layer("Conv1D", json!({"filters": 1_u64 << 26, "kernel_size": 1, "use_bias": false})),
        ],
        vec![layer(
            "CategoryEncoding",
            json!({"num_tokens": 1_u64 << 42, "output_mode": "one_hot"}),
        )],
        vec![layer("AdaptiveAveragePooling1D", json!({"output_size": 1_u64 << 42}))],
        vec![
            layer("Reshape", json!({"target_shape": [12, 1, 1]})),
            layer(
                "UpSampling2D",
                json!({"size": [1_u64 << 21, 1_u64 << 21], "interpolation": "bilinear"}),
            ),
        ],
    ];
    for layers in cases {
        let what = json!(layers).to_string();
        let x = Tensor::new([1, 4, 3], vec![0.5_f32; 12]).unwrap();
        let error = match model(&layers) {
            Ok(model) => match model.predict_with(x, Predict::new().verbose(0)) {
                Ok(outputs) => {
                    panic!("{what} gave {:?}", outputs.iter().map(Tensor::ty).collect::<Vec<_>>())
                }
                Err(error) => error.to_string(),
            },
            Err(error) => error.to_string(),
        };
        println!("{what}: {error}");
        assert!(!error.contains("internal error"), "{what}: {error}");
    }
}

/// A stack whose input the file does not tell asks when it is given data.
#[test]
fn values_of_a_stack_without_an_input_are_bounded_when_data_come() {
    let layers = [
        layer("UpSampling1D", json!({"size": 1_u64 << 31})),
        layer("GlobalAveragePooling1D", json!({})),
        layer("Dense", json!({"units": 1})),
    ];
    let config = json!({"class_name": "Sequential", "config": {"name": "s", "layers": layers}});
    for model in [Model::from_config(&config), Model::from_config(&config).unwrap().clone_model()] {
        let mut model = model.unwrap();
        model.compile(Compile::new().optimizer("sgd").loss("mse")).unwrap();
        let (x, y) = (Tensor::zeros(&TensorType::new(DType::F32, [2, 4, 3])), [[0.0_f32], [0.0]]);
        let error = model.fit(x, y, Fit::new().verbose(0)).unwrap_err().to_string();
        assert!(error.contains("raise Limits::value_bytes"), "{error}");
    }
}
