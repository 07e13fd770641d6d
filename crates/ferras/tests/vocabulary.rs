//! Words of the vocabulary that want a whole model to be compared with the real Keras.
#![allow(clippy::unwrap_used)] // helpers of tests are tests too

mod common;

use common::{golden, list, number, tensor, tensor_difference, tensors};
use ferras::config::{ConfigValue, Scope};
use ferras::optimizers::{LossScaleOptimizer, MultiOptimizer, OptimizerMap};
use ferras::prelude::*;
use serde_json::{Value as Json, json};

/// An object of a class of Keras.
fn made<T: ConfigValue>(class: &str, args: &Json) -> T {
    T::from_json(&json!({"class_name": class, "config": args}), &Scope::default()).unwrap()
}

fn near(found: &[Tensor], expected: &Json, bound: f64, what: &str) {
    let expected = tensors(expected);
    assert_eq!(found.len(), expected.len(), "{what}");
    for (i, (found, expected)) in found.iter().zip(&expected).enumerate() {
        let apart = tensor_difference(found, expected);
        assert!(apart < bound, "{what}, {i}: {apart}\n{found:?}\n{expected:?}");
    }
}

#[test]
fn sequences_are_learnt_as_in_keras() {
    let case = &golden("ctc")["training"];
    let mut model = Sequential::new()
        .add(Input::new([8, 3]))
        .add(Conv1D::new(5, 3).padding("same").activation("tanh"))
        .add(Dense::new(4))
        .build()
        .unwrap();
    model.set_weights(&tensors(&case["weights"])).unwrap();
    let sgd = SGD::new().learning_rate(0.1);
    model.compile(Compile::new().optimizer(sgd).loss("ctc")).unwrap();
    let fit = Fit::new().batch_size(3).epochs(3).shuffle(false).verbose(0);
    let history = model.fit(tensor(&case["x"]), tensor(&case["y"]), fit).unwrap();
    for (found, expected) in history.get("loss").unwrap().iter().zip(list(&case["losses"])) {
        assert!((found / number(expected) - 1.0).abs() < 1e-4, "{found}, {expected}");
    }
    near(&model.get_weights().unwrap(), &case["trained"], 1e-4, "trained with CTC");
    let wrong = Tensor::new([6, 3], vec![4_i32; 18]).unwrap();
    let error = model.fit(tensor(&case["x"]), wrong, Fit::new().verbose(0)).unwrap_err();
    assert!(error.to_string().contains("holds 4 in row 0, expected class numbers from 1 to 3"));
}

/// Numbers to vectors, and the vectors' squares back to scores.
fn there_and_back(case: &Json, x: &Tensor) -> Model {
    let layer: LayerRef = made("ReversibleEmbedding", &case["args"]);
    let words = Input::of(&x.shape()[1..], DType::I32);
    let hidden = layer.apply(&words);
    let squares = Multiply::new().apply([&hidden, &hidden]);
    let scores = layer.with("reverse", true).apply(squares);
    let mut model = Model::new(&words, [&hidden, &scores]).unwrap();
    model.set_weights(&tensors(&case["weights"])).unwrap();
    model
}

#[test]
fn numbers_become_vectors_and_scores_as_in_keras() {
    let path = std::env::temp_dir().join(format!("ferras-reversible-{}.keras", std::process::id()));
    for case in list(&golden("reversible_embedding")["cases"]) {
        let x = tensor(&case["x"]);
        let mut model = there_and_back(case, &x);
        // Sums of rounded numbers may be rounded once more or less.
        let rounded = case["args"]["reverse_dtype"] != Json::Null;
        let (bound, trained_bound) = if rounded { (1e-2, 1e-2) } else { (1e-5, 1e-4) };
        let predict = |model: &Model| {
            let found = model.predict_with(&x, Predict::new().verbose(0)).unwrap();
            found.into_iter().map(|y| y.cast(DType::F32)).collect::<Vec<_>>()
        };
        let what = case["args"].to_string();
        near(&predict(&model), &case["outputs"], bound, &what);
        model.save(&path).unwrap();
        near(&predict(&Model::load(&path).unwrap()), &case["outputs"], bound, &what);
        let sgd = SGD::new().learning_rate(0.3);
        model.compile(Compile::new().optimizer(sgd).losses(["mse", "mse"])).unwrap();
        let zeros: Vec<Tensor> =
            tensors(&case["outputs"]).iter().map(|y| Tensor::zeros(&y.ty())).collect();
        for _ in 0..2 {
            model.train_on_batch(&x, zeros.clone()).unwrap();
        }
        near(&model.get_weights().unwrap(), &case["trained"], trained_bound, &what);
    }
    std::fs::remove_file(&path).unwrap();
}

#[test]
fn averages_are_validated_as_in_keras() {
    for case in list(&golden("ema_swap")["cases"]) {
        let mut options = case["options"].clone();
        options["learning_rate"] = json!(0.2);
        options["use_ema"] = json!(true);
        let hidden = Dense::new(3).activation("tanh").input_dim(2);
        let mut model = Sequential::new().add(hidden).add(Dense::new(1)).build().unwrap();
        model.set_weights(&tensors(&case["weights"])).unwrap();
        let sgd: Optimizer = made("SGD", &options);
        model.compile(Compile::new().optimizer(sgd).loss("mse")).unwrap();
        let swap = case["swap_on_epoch"].as_bool().unwrap();
        let mut seen = Vec::new();
        let watch = LambdaCallback::new().on_epoch_end(|_, _, run| {
            seen.push(run.get_weights()?);
            Ok(())
        });
        let [held_x, held_y] = <[Tensor; 2]>::try_from(tensors(&case["validation"])).unwrap();
        let fit = Fit::new().epochs(3).batch_size(4).shuffle(false).verbose(0);
        let fit = fit.validation_data(held_x, held_y);
        let fit = fit.callback(SwapEMAWeights::new().swap_on_epoch(swap)).callback(watch);
        let history = model.fit(tensor(&case["x"]), tensor(&case["y"]), fit).unwrap();
        for (name, values) in case["history"].as_object().unwrap() {
            for (found, expected) in history.get(name).unwrap().iter().zip(list(values)) {
                let expected = number(expected);
                assert!((found - expected).abs() < 1e-4 * expected, "{name}: {found}, {expected}");
            }
        }
        for (found, expected) in seen.iter().zip(list(&case["after_epochs"])) {
            near(found, expected, 1e-4, "weights after an epoch");
        }
        near(&model.get_weights().unwrap(), &case["trained"], 1e-4, "weights after training");
    }
}

#[test]
fn averages_that_are_not_kept_are_missed() {
    let mut model = Sequential::new().add(Dense::new(1).input_dim(1));
    model.compile(Compile::new().optimizer("sgd").loss("mse")).unwrap();
    let fit = Fit::new().verbose(0).validation_split(0.5).callback(SwapEMAWeights::new());
    let error = model.fit([[1.0_f32], [2.0]], [[1.0_f32], [0.0]], fit).unwrap_err().to_string();
    assert!(error.contains("give it .use_ema(true)"), "{error}");
    let options = Evaluate::new().verbose(0).callback(SwapEMAWeights::new());
    let error = model.evaluate_with([[1.0_f32]], [[1.0_f32]], options).unwrap_err().to_string();
    assert!(error.contains("only be changed while it is trained"), "{error}");
}

/// A residual block as a model of its own: what `call` of a subclass of `keras.Model` is.
#[derive(Clone, Debug, Config)]
#[config(package = "tests")]
struct Residual {
    hidden: LayerRef,
    #[config(default = 0.5)]
    share: f64,
}

impl Layer for Residual {
    fn build(&self, cx: &mut Build) -> Result<()> {
        let inputs = cx.inputs();
        cx.child("hidden", &self.hidden, inputs)
    }

    fn call(&self, cx: &mut Call) -> Value {
        let x = cx.input();
        let inside = cx.child("hidden", &self.hidden, vec![x.clone()]);
        let penalty = inside[0].square().mean(&[], false);
        cx.add_loss(penalty);
        x + &inside[0] * self.share
    }
}

#[test]
fn a_model_of_ones_own_is_a_layer_with_layers_inside() {
    LayerRef::register::<Residual>();
    let x = Input::new([2]);
    let block = Residual::new(Dense::new(2).activation("tanh")).share(0.25);
    let mut model = Model::new(&x, block.name("block").apply(&x)).unwrap();
    let paths: Vec<&str> = model.weights().iter().map(|w| w.path()).collect();
    assert_eq!(paths, ["block/hidden/kernel", "block/hidden/bias"]);
    let kernel = Tensor::new([2, 2], vec![1.0_f32, 0.0, 0.0, 1.0]).unwrap();
    model
        .set_layer_weights("block", &[kernel, Tensor::new([2], vec![0.0_f32; 2]).unwrap()])
        .unwrap();
    model.compile(Compile::new().optimizer("sgd").loss("mse")).unwrap();
    let data = [[0.5_f32, -1.0]];
    let logs = model.evaluate_with(data, data, Evaluate::new().verbose(0)).unwrap();
    let squares = (0.5_f64.tanh().powi(2) + 1.0_f64.tanh().powi(2)) / 2.0;
    // The loss of the output, and what the block added.
    let expected = squares / 16.0 + squares;
    assert!((logs.get("loss").unwrap() - expected).abs() < 1e-6, "{logs:?}, {expected}");
    let path = std::env::temp_dir().join(format!("ferras-own-{}.keras", std::process::id()));
    model.save(&path).unwrap();
    let again = Model::load(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    assert_eq!(again.predict(data).unwrap(), model.predict(data).unwrap());
}

/// Twice the loss, and half of the gradients of biases.
#[derive(Debug)]
struct Doubled {
    looks: usize,
}

impl TrainStep for Doubled {
    fn loss(&self, cx: &mut StepCall) -> Result<Value> {
        let mut sum = cx.builder().scalar(DType::F32, 0.0);
        for _ in 0..self.looks {
            let outputs = cx.predict(&cx.x())?;
            sum = sum + cx.compute_loss(&outputs)?;
        }
        Ok(sum)
    }

    fn gradients(&self, names: &[&str], gradients: Vec<Value>) -> Vec<Value> {
        let half = |(name, g): (&&str, Value)| if name.ends_with("bias") { g * 0.5 } else { g };
        names.iter().zip(gradients).map(half).collect()
    }
}

#[test]
fn a_training_step_of_ones_own_is_what_it_says() {
    let (x, y) = ([[0.5_f32, 1.0], [2.0, 0.0]], [[1.0_f32], [0.0]]);
    let run = |compile: Compile| {
        let dense = Dense::new(1).kernel_initializer("ones").input_dim(2);
        let mut model = Sequential::new().add(dense);
        model.compile(compile.loss("mse").metrics(["mae"]))?;
        let history = model.fit(x, y, Fit::new().verbose(0))?;
        let numbers = ["loss", "mae"].map(|name| history.get(name).unwrap()[0]);
        let weights = model.get_weights()?.iter().flat_map(Tensor::to_f64_vec).collect::<Vec<_>>();
        Ok::<_, Error>((numbers, weights))
    };
    let sgd = |rate: f64| Compile::new().optimizer(SGD::new().learning_rate(rate));
    let (plain, once) = run(sgd(0.1)).unwrap();
    let (doubled, twice) = run(sgd(0.1).train_step(Doubled { looks: 2 })).unwrap();
    assert!((doubled[0] / plain[0] - 2.0).abs() < 1e-6 && doubled[1] == plain[1]);
    let moved = |weights: &[f64], i: usize| weights[i] - [1.0, 1.0, 0.0][i];
    let ratios: Vec<f64> = (0..3).map(|i| moved(&twice, i) / moved(&once, i)).collect();
    assert!(ratios.iter().zip([2.0, 2.0, 1.0]).all(|(a, b)| (a - b).abs() < 1e-5), "{ratios:?}");
    let error = run(sgd(0.1).train_step(Doubled { looks: 0 })).unwrap_err().to_string();
    assert!(error.contains("must call predict at least once"), "{error}");
}

/// Two layers inside a model, batch normalization among them, and a head.
fn with_a_base() -> Model {
    let inner = Sequential::new()
        .add(Dense::new(4).activation("relu").input_dim(3))
        .add(BatchNormalization::new())
        .build()
        .unwrap()
        .with_name("base");
    let x = Input::new([3]);
    let y = Dense::new(1).name("head").apply(inner.apply(&x).unwrap());
    Model::new(&x, &y).unwrap()
}

fn trained(model: &Model) -> Vec<&str> {
    model.trainable_weights().into_iter().map(|w| w.path()).collect()
}

#[test]
fn frozen_layers_stay_as_they_are() {
    let (x, y) = ([[0.5_f32, 1.0, -1.0], [2.0, 0.0, 1.0]], [[1.0_f32], [0.0]]);
    let compile = || Compile::new().optimizer("sgd").loss("mse");
    let mut model = with_a_base();
    model.compile(compile()).unwrap();
    model.set_layer_trainable("base", false).unwrap();
    assert_eq!(trained(&model), ["head/kernel", "head/bias"]);
    assert!(!model.get_layer("base").unwrap().is_trainable());
    let error = model.fit(x, y, Fit::new().verbose(0)).unwrap_err().to_string();
    assert!(error.contains("call compile again before fit"), "{error}");
    // What was compiled is still good for evaluation.
    model.evaluate_with(x, y, Evaluate::new().verbose(0)).unwrap();
    model.compile(compile()).unwrap();
    let before = model.get_weights().unwrap();
    model.fit(x, y, Fit::new().epochs(3).verbose(0)).unwrap();
    let after = model.get_weights().unwrap();
    // The base with its moving statistics, then the head.
    assert_eq!(before[..6], after[..6]);
    assert_ne!(before[6..], after[6..]);
    // Its last layer learns again, the whole, nothing.
    model.set_layer_trainable("base", true).unwrap();
    model.set_layer_trainable("base/dense", false).unwrap();
    let expected = ["base/batch_normalization/gamma", "base/batch_normalization/beta"];
    assert_eq!(trained(&model), [&expected[..], &["head/kernel", "head/bias"]].concat());
    model.set_trainable(false).unwrap();
    assert!(trained(&model).is_empty() && !model.is_trainable());
    model.set_trainable(true).unwrap();
    assert_eq!(trained(&model).len(), 6);
    let error = model.set_layer_trainable("base/dens", false).unwrap_err().to_string();
    assert!(error.contains("did you mean \"dense\"?"), "{error}");
}

#[test]
fn a_frozen_model_is_frozen_in_files_and_tables() {
    let path = std::env::temp_dir().join(format!("ferras-frozen-{}.keras", std::process::id()));
    let mut model = with_a_base();
    model.set_layer_trainable("base", false).unwrap();
    model.save(&path).unwrap();
    let again = Model::load(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    assert_eq!(trained(&again), ["head/kernel", "head/bias"]);
    let text = again.summary().show_trainable(true).expand_nested(true).to_string();
    assert!(text.contains(" Trainable params: 5 ") && text.contains(" Non-trainable params: 32 "));
    let column = |name: &str| {
        let line = text.lines().find(|l| l.contains(name)).unwrap();
        line.trim_end_matches([' ', '│']).chars().last().unwrap()
    };
    assert_eq!([column("base (Seq"), column("└ dense"), column("head")], ['N', 'N', 'Y'], "{text}");
    // A stack that is not built can be frozen too.
    let mut stack = Sequential::new().add(Dense::new(2)).add(Dense::new(1));
    stack.set_layer_trainable("dense_1", false).unwrap();
    stack.compile(Compile::new().optimizer("sgd").loss("mse")).unwrap();
    stack.fit([[1.0_f32], [2.0]], [[1.0_f32], [0.0]], Fit::new().verbose(0)).unwrap();
    assert_eq!(trained(&stack), ["dense/kernel", "dense/bias"]);
}

#[test]
fn optimizers_made_of_others_go_on_from_files() {
    let path = std::env::temp_dir().join(format!("ferras-compound-{}.keras", std::process::id()));
    let (x, y) = ([[0.5_f32, 1.0], [2.0, 0.0]], [[1.0_f32], [0.0]]);
    let stack = || {
        let hidden = Dense::new(4).activation("relu").name("hidden").input_dim(2);
        Sequential::new().add(hidden).add(Dense::new(1).name("head"))
    };
    let map = OptimizerMap::new(SGD::new().momentum(0.9)).with("head/.*", Adam::new());
    let optimizers = [
        Optimizer::from(LossScaleOptimizer::new("adam").initial_scale(64.0)),
        Optimizer::from(MultiOptimizer::new(map)),
    ];
    for optimizer in optimizers {
        let mut model = stack();
        model.compile(Compile::new().optimizer(optimizer).loss("mse")).unwrap();
        model.fit(x, y, Fit::new().epochs(2).verbose(0)).unwrap();
        model.save(&path).unwrap();
        let mut again = Model::load(&path).unwrap();
        assert_eq!(again.learning_rate().ok(), model.learning_rate().ok());
        for model in [&mut *model, &mut again] {
            model.train_on_batch(x, y).unwrap();
        }
        assert_eq!(again.get_weights().unwrap(), model.get_weights().unwrap());
    }
    std::fs::remove_file(&path).unwrap();
}
