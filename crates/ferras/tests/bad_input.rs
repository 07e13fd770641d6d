//! Bad input: each mistake is an error that names where it is, what was expected, what came and
//! the way out; the model works afterwards as before.
#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests, which clippy.toml does not know

mod common;

use ferras::data::{Batch, Dataset};
use ferras::prelude::*;
use ndarray::{Array1, Array2};
use std::path::PathBuf;

fn classifier() -> Result<Model> {
    let mut model = Sequential::new()
        .add(Dense::new(5).activation("relu").input_dim(4))
        .add(Dense::new(3).activation("softmax"))
        .build()?;
    model.compile(Compile::new().optimizer("sgd").loss("sparse_categorical_crossentropy"))?;
    Ok(model.into())
}

fn x(rows: usize) -> Array2<f32> {
    Array2::from_shape_fn((rows, 4), |(i, j)| (i * 4 + j) as f32 / 10.0)
}

fn labels(rows: usize) -> Array1<i64> {
    (0..rows as i64).map(|i| i % 3).collect()
}

fn quiet() -> Fit<'static> {
    Fit::new().verbose(0).batch_size(4)
}

/// The text holds every part.
#[track_caller]
fn says<T>(result: Result<T>, parts: &[&str]) {
    let error = match result {
        Ok(_) => panic!("no error; expected one with {parts:?}"),
        Err(error) => error.to_string(),
    };
    for part in parts {
        assert!(error.contains(part), "{part:?} is not in {error:?}");
    }
}

/// The model predicts as it did before `mistake`, and can be trained.
fn survives(model: &mut Model, mistake: impl FnOnce(&mut Model)) -> Result<()> {
    let before = model.predict(x(6))?;
    mistake(model);
    assert_eq!(model.predict(x(6))?, before, "the mistake changed the weights");
    model.fit(x(6), labels(6), quiet())?;
    assert_ne!(model.predict(x(6))?, before);
    Ok(())
}

#[test]
fn wrong_rank_and_feature_count() -> Result<()> {
    survives(&mut classifier()?, |model| {
        let flat = Array1::<f32>::zeros(4);
        let expected = "input \"input_layer\" of model \"sequential\": expected shape (None, 4)";
        says(model.predict(&flat), &[expected, "got (4,)", "needs a batch axis in front"]);
        let narrow = Array2::<f32>::zeros((6, 3));
        says(model.fit(&narrow, labels(6), quiet()), &[expected, "got (6, 3)"]);
        says(model.evaluate(&narrow, labels(6)), &[expected, "got (6, 3)"]);
        let deep = ndarray::Array3::<f32>::zeros((6, 4, 2));
        says(model.predict(&deep), &[expected, "got (6, 4, 2)"]);
    })
}

#[test]
fn a_last_axis_of_size_1_comes_and_goes_as_in_keras() -> Result<()> {
    let mut model = classifier()?;
    let flat = model.predict(x(6))?;
    let deep = Tensor::from(&x(6)).reshape([6, 4, 1])?;
    assert_eq!(model.predict(&deep)?, flat);
    model.fit(&deep, labels(6), quiet())?;
    let grey = Sequential::new().add(Input::new([2, 2, 1])).add(Flatten::new()).build()?;
    let pictures = Tensor::from(&x(6)).reshape([6, 2, 2])?;
    assert_eq!(grey.predict(&pictures)?, Tensor::from(&x(6)));
    says(grey.predict(x(6)), &["expected shape (None, 2, 2, 1), got (6, 4)"]);
    Ok(())
}

#[test]
fn targets_of_a_wrong_shape() -> Result<()> {
    survives(&mut classifier()?, |model| {
        let two = Array2::<f32>::zeros((6, 2));
        says(model.fit(x(6), &two, quiet()), &["y of output \"dense_1\"", "(6, 2)"]);
        says(model.evaluate(x(6), &two), &["y of output \"dense_1\"", "(6, 2)"]);
    })
}

#[test]
fn broken_labels() -> Result<()> {
    survives(&mut classifier()?, |model| {
        for value in [f32::NAN, f32::INFINITY] {
            let mut y = labels(6).mapv(|label| label as f32);
            y[4] = value;
            let name = if value.is_nan() { "NaN in row 4" } else { "inf in row 4" };
            let parts = ["y of output \"dense_1\" has", name, "expected finite", "drop or fill"];
            says(model.fit(x(6), &y, quiet()), &parts);
        }
        for label in [3, -1] {
            let mut y = labels(6);
            y[2] = label;
            let came = label.to_string();
            let parts = ["y of output \"dense_1\"", &came, "0 to 2"];
            says(model.fit(x(6), &y, quiet()), &parts);
            says(model.evaluate(x(6), &y), &parts);
        }
    })
}

#[test]
fn lengths_that_differ_and_nothing_at_all() -> Result<()> {
    survives(&mut classifier()?, |model| {
        let parts = ["one row for each sample", "x has 6 rows, y has 5"];
        says(model.fit(x(6), labels(5), quiet()), &parts);
        says(model.train_on_batch(x(6), labels(5)), &parts);
        let parts =
            ["sample_weight must have one row for each sample", "6 rows", "sample_weight has 4"];
        let weight = Array1::<f32>::ones(4);
        says(model.fit(x(6), labels(6), quiet().sample_weight(&weight)), &parts);
        let parts = ["empty", "at least one row"];
        says(model.fit(x(0), labels(0), quiet()), &parts);
        says(model.evaluate(x(0), labels(0)), &parts);
        says(model.predict(x(0)), &parts);
        let both = [&Tensor::from(&x(6)), &Tensor::from(&x(6))];
        says(model.predict(both), &["x: expected 1 array (input_layer), got 2"]);
    })
}

#[test]
fn arguments_out_of_range() -> Result<()> {
    survives(&mut classifier()?, |model| {
        let mut fit = |options: Fit<'static>, parts: &[&str]| {
            says(model.fit(x(6), labels(6), options), parts);
        };
        let zero = "must be at least 1, got 0";
        fit(quiet().batch_size(0), &["argument \"batch_size\"", zero]);
        fit(quiet().steps_per_epoch(0), &["argument \"steps_per_epoch\"", zero]);
        let weights = quiet().class_weight([(0, f64::NAN)]);
        fit(weights, &["argument \"class_weight\" must be finite, got NaN for class 0"]);
        let mut weights = vec![1.0; 6];
        weights[2] = f64::INFINITY;
        let parts = ["sample_weight of output \"dense_1\" has inf in row 2"];
        fit(quiet().sample_weight(weights), &parts);
        let alone = quiet().validation_sample_weight(vec![1.0; 6]);
        fit(alone, &["argument \"validation_sample_weight\" needs validation_data"]);
        let validated = || quiet().validation_split(0.5);
        fit(validated().validation_steps(0), &["argument \"validation_steps\"", zero]);
        let never = validated().validation_freq(ValidationFreq::Every(0));
        fit(never, &["argument \"validation_freq\"", zero]);
        fit(validated().validation_batch_size(0), &["argument \"validation_batch_size\"", zero]);
        for share in [1.0, 1.5, -0.5, f64::NAN] {
            let parts = ["argument \"validation_split\"", "rows on both sides", "between 0 and 1"];
            fit(quiet().validation_split(share), &parts);
        }
        let both = quiet().class_weight([(0, 1.0)]).sample_weight(Array1::<f32>::ones(6));
        fit(both, &["argument \"class_weight\"", "together with sample_weight", "multiply"]);
        let options = quiet().validation_data(Array2::<f32>::zeros((2, 3)), labels(2));
        fit(options, &["validation_data: input \"input_layer\"", "got (2, 3)"]);
        let options = Predict::new().batch_size(0);
        says(model.predict_with(x(6), options), &["argument \"batch_size\"", zero]);
        let options = Evaluate::new().batch_size(0);
        says(model.evaluate_with(x(6), labels(6), options), &["argument \"batch_size\"", zero]);
        says(model.set_learning_rate(f64::NAN), &["argument \"learning_rate\" must be finite"]);
    })
}

#[test]
fn unknown_names() -> Result<()> {
    let built = |layer: Dense| Sequential::new().add(layer.input_dim(4)).build();
    let parts =
        ["layer \"dense\" (Dense)", "unknown activation \"rleu\"", "did you mean \"relu\"?"];
    says(built(Dense::new(2).activation("rleu")), &parts);
    let parts = ["unknown initializer \"glorot_unform\"", "did you mean \"glorot_uniform\"?"];
    says(built(Dense::new(2).kernel_initializer("glorot_unform")), &parts);
    survives(&mut classifier()?, |model| {
        let adan = Compile::new().optimizer("adan").loss("mse");
        says(model.compile(adan), &["unknown optimizer \"adan\"", "did you mean \"adam\"?"]);
        let mes = Compile::new().loss("mean_square_error");
        let parts = ["unknown loss \"mean_square_error\"", "did you mean \"mean_squared_error\"?"];
        says(model.compile(mes), &parts);
        let metric = Compile::new().loss("mse").metrics(["acuracy"]);
        says(model.compile(metric), &["unknown metric \"acuracy\"", "did you mean \"accuracy\"?"]);
        let output = Compile::new().loss_for("dens_1", "mse");
        says(model.compile(output), &["unknown output \"dens_1\"", "did you mean \"dense_1\"?"]);
        let stop = quiet().callback(EarlyStopping::new().monitor("los"));
        let parts = ["unknown logged number \"los\"", "did you mean \"loss\"?"];
        says(model.fit(x(6), labels(6), stop), &parts);
    })
}

#[test]
fn layers_that_do_not_fit() -> Result<()> {
    let x = Input::new([4]);
    let parts = ["layer \"conv2d\" (Conv2D)", "rank 4", "rank 2", "(None, 4)"];
    says(Model::new(&x, Conv2D::new(2, 3).apply(&x)), &parts);
    let parts = ["layer \"dense\" (Dense)", "units must be at least 1, got 0"];
    says(Model::new(&x, Dense::new(0).apply(&x)), &parts);
    let image = Input::new([2, 2, 1]);
    let small = Model::new(&image, Conv2D::new(2, 3).apply(&image));
    says(small, &["layer \"conv2d\" (Conv2D)", "(None, 2, 2, 1)"]);
    let open = Input::new([None]);
    let parts = ["layer \"dense\" (Dense)", "axis -1", "must be known", "(None, None)"];
    says(Model::new(&open, Dense::new(2).apply(&open)), &parts);
    let (a, b) = (Input::new([4]), Input::new([3]));
    let sum = Model::new([&a, &b], Add::new().apply([&a, &b]));
    says(sum, &["layer \"add\" (Add)", "(None, 4)", "(None, 3)"]);
    // The others still do.
    assert_eq!(Model::new(&x, Dense::new(2).apply(&x))?.count_params(), 10);
    Ok(())
}

#[test]
fn networks_that_are_none() -> Result<()> {
    let (x, other) = (Input::new([4]), Input::named("other", [4]));
    let y = Dense::new(2).apply(&x);
    let parts = ["depend on input", "not among the model's inputs", "add it to Model::new"];
    says(Model::new(&other, Add::new().apply([&y, &Dense::new(2).apply(&other)])), &parts);
    says(Model::new([&x, &other], &y), &["an input", "not connected to its outputs"]);
    says(Model::new(&y, &y), &["must come from Input", "Dense"]);
    says(Model::new([&x, &x], &y), &["listed twice"]);
    let two = Dense::new(2).name("same").apply(Dense::new(2).name("same").apply(&x));
    let parts = ["two layers are named \"same\"", "unique", ".name("];
    says(Model::new(&x, &two), &parts);
    let named = Dense::new(2).name("a/b").apply(&x);
    says(Model::new(&x, &named), &["\"a/b\" cannot be a layer's name"]);
    let empty: [&SymbolicTensor; 0] = [];
    says(Model::new(&x, empty), &["at least one input and one output"]);
    // A cycle cannot be written down: a symbolic tensor is made from those before it. A layer
    // applied twice in a row is two uses of the same weights.
    let again = Dense::new(4).layer();
    let model = Model::new(&x, again.apply(again.apply(&x)))?;
    assert_eq!(model.count_params(), 20);
    Ok(())
}

#[test]
fn steps_out_of_order() -> Result<()> {
    let mut model = Sequential::new().add(Dense::new(2));
    let parts = ["model \"sequential\" is not compiled", "before fit"];
    says(model.fit(x(6), labels(6), quiet()), &parts);
    says(model.evaluate(x(6), labels(6)), &["is not compiled", "before evaluate"]);
    let parts = ["is not built", ".build()", "begins with an Input", ".input_shape"];
    says(model.predict(x(6)), &parts);
    says(model.set_weights(&[]), &parts);
    says(model.layer(), &parts);
    says(model.save_weights("w.npz"), &parts);
    model.compile(Compile::new().optimizer("sgd").metrics(["mse"]))?;
    let y = Array2::<f32>::zeros((6, 2));
    says(model.fit(x(6), &y, quiet()), &["has no loss to train with", ".loss(\"mse\")"]);
    model.compile(Compile::new().optimizer("sgd").loss("mse"))?;
    model.fit(x(6), &y, quiet())?;
    says(Sequential::new().build(), &["has no layers"]);
    Ok(())
}

/// Two batches and then an error.
struct Breaking;

impl Dataset for Breaking {
    fn batches(&mut self) -> Box<dyn Iterator<Item = Result<Batch>> + Send + '_> {
        Box::new((0..3).map(|i| match i {
            2 => Err(Error::Data("the camera was unplugged".into())),
            _ => Ok(Batch::new(Tensor::from(&x(4)), Tensor::from(&labels(4)))),
        }))
    }
}

#[test]
fn streams_that_break_or_are_empty() -> Result<()> {
    struct Nothing;
    impl Dataset for Nothing {
        fn batches(&mut self) -> Box<dyn Iterator<Item = Result<Batch>> + Send + '_> {
            Box::new(std::iter::empty())
        }
    }
    let mut model = classifier()?;
    says(model.fit_dataset(&mut Nothing, quiet()), &["the data set has no batch"]);
    says(model.evaluate_dataset(&mut Nothing, Evaluate::new()), &["the data set has no batch"]);
    says(model.fit_dataset(&mut Breaking, quiet()), &["the camera was unplugged"]);
    let split = quiet().validation_split(0.5);
    says(model.fit_dataset(&mut Breaking, split), &["argument \"validation_split\" needs arrays"]);
    let weights = quiet().sample_weight(vec![1.0; 4]);
    says(model.fit_dataset(&mut Breaking, weights), &["argument \"sample_weight\" needs arrays"]);
    let none = quiet().steps_per_epoch(0);
    says(model.fit_dataset(&mut Breaking, none), &["\"steps_per_epoch\" must be at least 1"]);
    survives(&mut model, |_| {})
}

/// A folder of its own, removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("ferras-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Folder(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn data_files_that_are_missing_cut_or_something_else() -> Result<()> {
    let folder = Folder::new("bad-files");
    let path = folder.0.join("mnist.npz");
    let load = || ferras::datasets::npz::read(&path);
    says(load(), &["cannot read", "mnist.npz", "No such file"]);
    let model = classifier()?;
    model.save_weights(&path)?;
    let good = std::fs::read(&path).unwrap();
    std::fs::write(&path, &good[..good.len() / 2]).unwrap();
    says(load(), &["mnist.npz", "truncated or damaged", "fetch or save it again"]);
    std::fs::write(&path, "no archive").unwrap();
    says(load(), &["mnist.npz", "is no .npz file"]);
    let mut damaged = good.clone();
    damaged[good.len() / 2] ^= 0xff;
    std::fs::write(&path, &damaged).unwrap();
    assert!(load().is_err() || load()?.into_arrays().len() == 4);
    std::fs::write(&path, &good).unwrap();
    assert_eq!(load()?.names().len(), 4);
    says(load()?.get("dense/kernal"), &["no array \"dense/kernal\"", "\"dense/kernel\"?"]);
    Ok(())
}

#[test]
fn data_files_with_other_contents() -> Result<()> {
    let folder = Folder::new("other-files");
    let path = folder.0.join("mnist.npz");
    classifier()?.save_weights(&path)?;
    let load = ferras::datasets::mnist::load_data_from(&path);
    says(load, &["mnist.npz", "holds no array \"x_train\"", "known: dense/kernel"]);
    let table = ferras::datasets::Table::parse("Age,Balance\n42,0\n41,much\n")?;
    let parts = ["has no column \"Balanse\"", "did you mean \"Balance\"?"];
    says(table.number("Balanse"), &parts);
    says(table.number("Balance"), &["line 3", "\"Balance\"", "\"much\""]);
    Ok(())
}

#[test]
fn outputs_that_cannot_be_written() -> Result<()> {
    let folder = Folder::new("bad-outputs");
    survives(&mut classifier()?, |model| {
        // A file where a folder should be; a permission would not stop root.
        let file = folder.0.join("file");
        std::fs::write(&file, "").unwrap();
        let inside = file.join("weights.npz");
        says(model.save_weights(&inside), &["cannot write", "weights.npz"]);
        says(
            model.save_weights(folder.0.join("m.onnx")),
            &["m.onnx", "must end in \".weights.h5\""],
        );
        let save = |path: &PathBuf| {
            ModelCheckpoint::to(path.display().to_string()).save_weights_only(true)
        };
        let fit = quiet().epochs(0).callback(save(&folder.0.join("m.onnx")));
        says(model.fit(x(6), labels(6), fit), &["m.onnx", "must end in \".weights.h5\""]);
        let log = CSVLogger::new(file.join("log.csv").display().to_string());
        let parts = ["cannot write", "log.csv"];
        says(model.fit(x(6), labels(6), quiet().callback(log)), &parts);
    })
}

/// What a full disk says, where the system has one to try.
#[test]
#[cfg(target_os = "linux")]
fn no_space_left() -> Result<()> {
    let mut model = classifier()?;
    let log = CSVLogger::new("/dev/full");
    let parts = ["cannot write /dev/full", "No space left"];
    says(model.fit(x(6), labels(6), quiet().callback(log)), &parts);
    survives(&mut model, |_| {})
}

#[test]
fn a_layer_with_fewer_outputs_in_training() -> Result<()> {
    #[derive(Clone, Debug, Config)]
    struct Moody {}
    impl Layer for Moody {
        fn call(&self, cx: &mut Call) -> Value {
            cx.input()
        }
        fn call_all(&self, cx: &mut Call) -> Vec<Value> {
            let x = cx.input();
            if cx.training() { vec![x] } else { vec![x.clone(), x] }
        }
    }
    let input = Input::new([4]);
    let first = Moody::new().name("moody").apply(&input);
    let both = Add::new().apply([&first, &first.output(1)]);
    let mut model = Model::new(&input, Dense::new(3).apply(&both))?;
    model.compile(Compile::new().optimizer("sgd").loss("mse"))?;
    let y = Array2::<f32>::zeros((6, 3));
    says(model.fit(x(6), &y, quiet()), &["layer \"moody\" (Moody)", "gave 2 outputs", "1 now"]);
    assert_eq!(model.predict(x(6))?.shape().to_string(), "(6, 3)");
    Ok(())
}

#[test]
fn arguments_that_are_no_sense() -> Result<()> {
    let refused = |optimizer: Optimizer, argument: &str| {
        let mut model = Sequential::new().add(Dense::new(1).input_dim(4));
        let result = model.compile(Compile::new().optimizer(optimizer).loss("mse"));
        says(result, &[&format!("argument {argument:?} must be")]);
    };
    refused(Adam::new().beta_1(f64::NAN).into(), "beta_1");
    refused(AdamW::new().beta_2(1.5).into(), "beta_2");
    refused(Adamax::new().epsilon(-1.0).into(), "epsilon");
    refused(Nadam::new().beta_1(-0.1).into(), "beta_1");
    refused(Lion::new().beta_2(f64::NAN).into(), "beta_2");
    refused(RMSprop::new().rho(-1.0).into(), "rho");
    refused(Adadelta::new().rho(f64::NAN).into(), "rho");
    refused(Adagrad::new().epsilon(f64::NAN).into(), "epsilon");
    refused(SGD::new().momentum(f64::NAN).into(), "momentum");
    refused(SGD::new().clipnorm(-1.0).into(), "clipnorm");
    refused(SGD::new().clipvalue(-1.0).into(), "clipvalue");
    refused(SGD::new().global_clipnorm(f64::NAN).into(), "global_clipnorm");
    let refused = |layer: LayerRef, shape: &[usize], parts: &[&str]| {
        says(Sequential::new().add(layer.name("it").input_shape(shape)).build(), parts);
    };
    let dense = || Dense::new(2);
    let axis = ["layer \"it\" (Dense)", "\"axis\"", "5 is no axis"];
    refused(dense().kernel_constraint(MaxNorm::new().axis(5)).layer(), &[4], &axis);
    refused(dense().kernel_regularizer(l1(f64::NAN)).layer(), &[4], &["(Dense)", "\"l1\"", "NaN"]);
    refused(dense().activity_regularizer(l2(-1.0)).layer(), &[4], &["(Dense)", "\"l2\"", "-1"]);
    let noise =
        |shape: [usize; 2]| Dropout::new(0.5).noise_shape(PartialShape::from(shape)).layer();
    refused(noise([1, 3]), &[4], &["(Dropout)", "noise_shape", "(None, 4)", "(1, 3)"]);
    refused(noise([1, 1]), &[4, 4], &["(Dropout)", "noise_shape must have as many axes"]);
    let conv = || Conv2D::new(1, 3).padding("same").layer();
    refused(conv(), &[0, 5, 1], &["(Conv2D)", "empty along axis 1"]);
    Ok(())
}

#[test]
fn open_axes_of_any_size() -> Result<()> {
    let x = Input::new([None, Some(3)]);
    let model = Model::new(&x, Cropping1D::new().cropping((500, 500)).apply(&x))?;
    let long = ndarray::Array3::<f32>::zeros((1, 1004, 3));
    assert_eq!(model.predict(&long)?.shape().to_string(), "(1, 4, 3)");
    let short = ndarray::Array3::<f32>::zeros((1, 10, 3));
    says(model.predict(&short), &["layer \"cropping1d\" (Cropping1D)"]);
    let (a, b) = (Input::new([3]), Input::new([3]));
    let joined = Concatenate::new().axis(0).apply([&a, &b]);
    says(Model::new([&a, &b], &joined), &["(Concatenate)", "axis 0 is the batch"]);
    let image = Input::new([None, Some(4), Some(1)]);
    let model = Model::new(&image, Conv2D::new(1, 3).padding("same").apply(&image))?;
    let empty = ndarray::Array4::<f32>::zeros((1, 0, 4, 1));
    assert_eq!(model.predict(&empty)?.shape().to_string(), "(1, 0, 4, 1)");
    Ok(())
}

#[test]
fn labels_beyond_float32() -> Result<()> {
    let mut model = Sequential::new().add(Dense::new(1).input_dim(4));
    model.compile(Compile::new().optimizer("sgd").loss("mse"))?;
    let y = |value: f64| Array1::from_vec(vec![0.0, value]);
    let parts = ["y of output \"dense\" has 1e300 in row 1", "too large for float32"];
    says(model.fit(x(2), y(1e300), quiet()), &parts);
    let fit = quiet().sample_weight(vec![1.0, -1e39]);
    says(model.fit(x(2), y(1.0), fit), &["sample_weight of output \"dense\" has -1e39"]);
    model.fit(x(2), y(1.0), quiet())?;
    Ok(())
}

#[test]
fn metrics_of_one_name_are_numbered() -> Result<()> {
    let mut model = Sequential::new().add(Dense::new(1).input_dim(4));
    let compile = Compile::new().optimizer("sgd").loss("mse");
    model
        .compile(compile.metrics(["mae", "mae", "mae"]).weighted_metrics(["mae", "mae", "mse"]))?;
    let logs = model.train_on_batch(x(2), [0.0_f32, 1.0])?;
    let names: Vec<&str> = logs.iter().map(|(name, _)| name).collect();
    let expected = ["loss", "mae", "mae_1", "mae_2", "mse", "weighted_mae", "weighted_mae_1"];
    assert_eq!(names, expected);
    assert_eq!(logs.get("mae"), logs.get("weighted_mae_1"));
    Ok(())
}

#[test]
fn a_log_without_a_name() -> Result<()> {
    let mut model = classifier()?;
    let fit = quiet().callback(ferras::callbacks::CSVLogger::new(""));
    says(model.fit(x(6), labels(6), fit), &["argument \"filename\" must name the file"]);
    Ok(())
}

#[test]
fn a_word_that_is_no_verbosity() -> Result<()> {
    let mut model = classifier()?;
    let parts = ["argument \"verbose\" must be 0, 1, 2 or \"auto\", got"];
    says(model.fit(x(6), labels(6), quiet().verbose("loud")), &parts);
    says(model.evaluate_with(x(6), labels(6), Evaluate::new().verbose(7)), &parts);
    says(model.predict_with(x(6), Predict::new().verbose("")), &parts);
    model.fit(x(6), labels(6), quiet())?;
    Ok(())
}

#[test]
fn rows_and_labels_of_every_kind() -> Result<()> {
    let mut model = classifier()?;
    let rows: Vec<Vec<f64>> = x(6).rows().into_iter().map(|r| r.mapv(f64::from).to_vec()).collect();
    let whole = model.predict(x(6))?;
    assert_eq!(model.predict(&rows)?, whole);
    let four: Vec<[f32; 4]> = x(6).rows().into_iter().map(|r| [r[0], r[1], r[2], r[3]]).collect();
    assert_eq!(model.predict(&four)?, whole);
    assert_eq!(model.predict([&x(6)])?, whole);
    let classes = labels(6).mapv(|l| l as usize);
    let loss = |y: &dyn Fn() -> ferras::data::Data| {
        let logs = model.evaluate_with(x(6), y(), Evaluate::new().verbose(0));
        logs.map(|logs| logs.get("loss"))
    };
    let expected = loss(&|| labels(6).into())?;
    assert_eq!(loss(&|| (&classes).into())?, expected);
    assert_eq!(loss(&|| classes.mapv(|c| c as u16).to_vec().into())?, expected);
    assert_eq!(loss(&|| classes.mapv(|c| c as i8).to_vec().into())?, expected);
    let ragged = vec![vec![0.0_f32; 4], vec![0.0; 3]];
    let parts = ["x: rows of different lengths: row 0 has 4 numbers, row 1 has 3"];
    says(model.predict(&ragged), &parts);
    says(model.fit(&ragged, [0, 1], quiet()), &parts);
    let mut stack = Sequential::new().add(Dense::new(1));
    stack.compile(Compile::new().loss("mse"))?;
    says(stack.fit(ragged, [0, 1], quiet()), &parts);
    says(stack.predict(x(6)), &["only fit builds a stack from its data", ".input_shape("]);
    Ok(())
}
