//! The tables of `summary` against those of Keras.
#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests, which clippy.toml does not know

mod common;

use common::{golden, list, printed, text};
use ferras::prelude::*;

fn stack(input: impl Into<ferras::layers::PartialShape>) -> Sequential {
    Sequential::new().add(Input::new(input))
}

fn churn() -> Sequential {
    stack(11)
        .add(Dense::new(6).activation("relu"))
        .add(Dense::new(6).activation("relu"))
        .add(Dense::new(1).activation("sigmoid"))
}

fn conv_net(after_pool: Option<LayerRef>, after_dense: Option<LayerRef>) -> Sequential {
    let add = |stack: Sequential, layer: Option<LayerRef>| match layer {
        Some(layer) => stack.add(layer),
        None => stack,
    };
    let net = stack([28, 28, 1]).add(Conv2D::new(32, 3).activation("relu"));
    let net = add(net.add(MaxPooling2D::new().pool_size(2)), after_pool);
    let net = net
        .add(Conv2D::new(64, 3).activation("relu"))
        .add(MaxPooling2D::new().pool_size(2))
        .add(Conv2D::new(64, 3).activation("relu"))
        .add(Flatten::new())
        .add(Dense::new(64).activation("relu"));
    add(net, after_dense).add(Dense::new(10).activation("softmax"))
}

fn le_net() -> Sequential {
    stack([28, 28, 1])
        .add(Conv2D::new(20, 5).padding("same").activation("relu"))
        .add(MaxPooling2D::new().pool_size(2))
        .add(Conv2D::new(50, 5).padding("same").activation("relu"))
        .add(MaxPooling2D::new().pool_size(2))
        .add(Flatten::new())
        .add(Dense::new(500).activation("relu"))
        .add(Dense::new(10).activation("softmax"))
}

fn sudoku() -> Sequential {
    stack([9, 9, 1])
        .add(Conv2D::new(64, 3).padding("same").activation("relu"))
        .add(BatchNormalization::new())
        .add(Conv2D::new(64, 3).padding("same").activation("relu"))
        .add(BatchNormalization::new())
        .add(Conv2D::new(128, 1).padding("same").activation("relu"))
        .add(Flatten::new())
        .add(Dense::new(729))
        .add(Reshape::new([-1, 9]))
        .add(ferras::layers::Activation::new("softmax"))
}

fn two_branches() -> Result<Model> {
    let (image, numbers) = (Input::named("image", [8, 8, 1]), Input::named("numbers", [4]));
    let x = Conv2D::new(4, 3).activation("relu").apply(&image);
    let x = GlobalAveragePooling2D::new().apply(&x);
    let y = Dense::new(4).apply(&numbers);
    let both = Concatenate::new().apply([&x, &y]);
    let more = Add::new().apply([&x, &y]);
    let size = Dense::new(1).name("size").apply(&both);
    let kind = Dense::new(3).name("kind").apply(&more);
    Model::new([&image, &numbers], [&size, &kind])
}

fn shared_layer() -> Result<Model> {
    let (a, b) = (Input::new([4]), Input::new([4]));
    let dense = Dense::new(3).name("twice");
    let sum = Add::new().apply([&dense.apply(&a), &dense.apply(&b)]);
    Model::new([&a, &b], &sum)
}

/// Keras counts names over all models, Ferras in each: the names are given here.
fn nested() -> Result<Model> {
    let inner = stack(4).add(Dense::new(3)).add(Dense::new(2)).build()?;
    let inner = Model::from(inner).with_name("inner");
    let x = Input::named("input_layer_1", [4]);
    let y = Dense::new(1).name("dense_2").apply(&inner.apply(&x)?);
    Ok(Model::new(&x, &y)?.with_name("outer"))
}

/// Keras numbers layers as they are made, the outer one first here; Ferras as they are used.
fn plain_functional() -> Result<Model> {
    let x = Input::new([4]);
    let first = Dense::new(3).name("dense_1").apply(&x);
    Model::new(&x, Dense::new(1).name("dense").apply(&first))
}

fn frozen() -> Sequential {
    stack(4).add(Dense::new(3).trainable(false)).add(BatchNormalization::new()).add(Dense::new(1))
}

fn network(name: &str) -> Result<Model> {
    let relu = |units| Dense::new(units).activation("relu");
    let softmax = || Dense::new(10).activation("softmax");
    let dropout = |rate| Some(Dropout::new(rate).layer());
    let long = "a_layer_with_a_name_too_long_for_its_column_in_the_table";
    let stack = match name {
        "xor" => stack(2).add(relu(8)).add(relu(4)).add(Dense::new(1).activation("sigmoid")),
        "churn" => churn(),
        "mlp_one_layer" => stack(784).add(relu(512)).add(softmax()),
        "mlp_two_layers" => stack(784).add(relu(512)).add(relu(512)).add(softmax()),
        "mlp_two_layers_dropout" => stack(784)
            .add(relu(512))
            .add(Dropout::new(0.5))
            .add(relu(512))
            .add(Dropout::new(0.5))
            .add(softmax()),
        "conv_net" => conv_net(None, None),
        "conv_net_dropout" => conv_net(dropout(0.25), dropout(0.5)),
        "conv_net_batch_norm" => conv_net(
            Some(BatchNormalization::new().layer()),
            Some(BatchNormalization::new().layer()),
        ),
        "le_net" => le_net(),
        "sudoku" => sudoku(),
        "two_branches" => return two_branches(),
        "shared_layer" => return shared_layer(),
        "nested" => return nested(),
        "plain_functional" => return plain_functional(),
        "frozen" => frozen(),
        "unbuilt" => Sequential::new().add(Dense::new(3)).add(Dense::new(1)),
        "long_names" => stack(4).add(Dense::new(3).name(long)).add(Dense::new(1)),
        other => panic!("no network is named {other}"),
    };
    Ok(stack.into())
}

#[test]
fn tables_are_those_of_keras() {
    for case in list(&golden("summary")["networks"]) {
        let mut model = network(text(&case["name"])).unwrap();
        match case["note"].as_str() {
            None => {}
            Some(note) => {
                let compile = Compile::new().optimizer("adam").loss("binary_crossentropy");
                model.compile(compile).unwrap();
                if note.starts_with("after fit") {
                    let x = Tensor::new([4, 11], vec![0.0_f32; 44]).unwrap();
                    let y = Tensor::new([4, 1], vec![0.0_f32; 4]).unwrap();
                    model.fit(&x, &y, Fit::new().verbose(0)).unwrap();
                }
            }
        }
        let lines: Vec<&str> = list(&case["text"]).iter().map(text).collect();
        let mut expected = lines.join("\n");
        if case["name"] == "unbuilt" {
            expected.push_str(
                " Its input shape is not known yet: begin the stack with an Input, give the \
                 first layer .input_shape(…), or call fit on data.\n",
            );
        }
        let found = printed(&model, case);
        assert_eq!(found, expected, "{}\n{found}\n{expected}", case["name"]);
        if let Some(parameters) = case["parameters"].as_u64() {
            assert_eq!(model.count_params(), parameters as usize);
        }
    }
}

#[test]
fn a_stack_is_described_before_and_after_it_is_built() {
    let stack = churn();
    assert!(!stack.is_built());
    let before = stack.summary().to_string();
    assert_eq!(stack.count_params(), 121);
    let built = stack.build().unwrap();
    assert!(built.is_built());
    assert_eq!(built.summary().to_string(), before);
}

#[test]
fn what_is_wrong_stands_below_the_table() {
    let stack = Sequential::new().add(Dense::new(0).input_dim(3));
    let text = stack.summary().to_string();
    assert!(text.contains("0 (unbuilt)"), "{text}");
    let problem = " It cannot be built: layer \"dense\" (Dense): units must be at least 1, got 0\n";
    assert!(text.ends_with(problem), "{text}");
    assert_eq!(stack.count_params(), 0);
    let stack = churn();
    let text = stack.summary().layer_range("danse_1", "dense_2").to_string();
    let hint = " No layer is named \"danse_1\" (did you mean \"dense_1\"?); known: dense, dense_1";
    assert!(text.contains(hint), "{text}");
}
