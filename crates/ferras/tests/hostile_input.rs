//! Hostile input: sizes beyond memory, damaged bits, streams that fail. Nothing panics, aborts,
//! reads beyond its memory or passes in silence.
#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests, which clippy.toml does not know

use ferras::data::{Batch, Dataset};
use ferras::prelude::*;
use ndarray::{Array1, Array2};

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

fn classifier() -> Result<Model> {
    let mut model =
        Sequential::new().add(Dense::new(3).activation("softmax").input_dim(4)).build()?;
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

#[test]
fn sizes_beyond_memory_are_errors() {
    let (flat, image, steps) = (Input::new([4]), Input::new([4, 4, 1]), Input::new([4, 1]));
    let most = usize::MAX;
    let no_room = ["layer", "fits into no memory; use smaller sizes"];
    for units in [most, 1 << 62, 1 << 61] {
        says(Model::new(&flat, Dense::new(units).apply(&flat)), &no_room);
    }
    let parts = ["no memory for weight \"dense/kernel\"", "fewer units"];
    says(Model::new(&flat, Dense::new(1 << 45).apply(&flat)), &parts);
    says(Model::new(&flat, RepeatVector::new(most).apply(&flat)), &no_room);
    says(Model::new(&steps, UpSampling1D::new().size(1 << 62).apply(&steps)), &no_room);
    says(Model::new(&image, UpSampling2D::new().size(most).apply(&image)), &no_room);
    says(Model::new(&image, ZeroPadding2D::new().padding(most).apply(&image)), &no_room);
    let wrapped = ZeroPadding1D::new().padding((1 << 63, 1 << 63));
    says(Model::new(&steps, wrapped.apply(&steps)), &no_room);
    let kernel = Conv2D::new(2, most).padding("same");
    says(Model::new(&image, kernel.apply(&image)), &["layer \"conv2d\""]);
    let taps = Conv2D::new(2, 3).dilation_rate(1 << 62).padding("same");
    says(
        Model::new(&image, taps.apply(&image)),
        &["layer \"conv2d\"", "at most 2147483647 places"],
    );
    let pool = MaxPooling2D::new().pool_size(1 << 20).padding("same");
    says(Model::new(&image, pool.apply(&image)), &["layer \"max_pooling2d\"", "too large"]);
    let wide = Input::new([1_usize << 62]);
    says(Model::new(&wide, Dense::new(4).apply(&wide)), &no_room);
}

/// A window wider than the sizes that shapes are tried out with looked like a known size.
#[test]
fn open_sizes_stay_open_behind_wide_windows() -> Result<()> {
    let x = Input::new([None, Some(1)]);
    for layer in [MaxPooling1D::new().pool_size(10).layer(), Conv1D::new(1, 70).layer()] {
        let network = Model::new(&x, layer.apply(&x))?;
        assert_eq!(network.network()?.output_specs()[0].shape.to_string(), "(None, None, 1)");
    }
    Ok(())
}

#[test]
fn a_layer_of_one_input_refuses_two() {
    let x = Input::new([4]);
    for layer in [ReLU::new().layer(), Activation::new("relu").layer(), Identity::new().layer()] {
        says(Model::new(&x, layer.apply([&x, &x])), &["expected one input, got 2"]);
    }
}

#[test]
fn a_flipped_bit_is_not_loaded() -> Result<()> {
    let path = std::env::temp_dir().join(format!("ferras-flipped-{}.npz", std::process::id()));
    let mut model = classifier()?;
    let weights = model.get_weights()?;
    model.save_weights(&path)?;
    let good = std::fs::read(&path).unwrap();
    let mut refused = 0;
    for place in 0..good.len() {
        let mut bad = good.clone();
        bad[place] ^= 1;
        std::fs::write(&path, &bad).unwrap();
        refused += usize::from(model.load_weights(&path).is_err());
        assert_eq!(model.get_weights()?, weights, "byte {place}");
    }
    std::fs::remove_file(&path).unwrap();
    assert!(refused > good.len() / 2);
    Ok(())
}

#[test]
fn numbers_that_would_ruin_training_or_count_nothing() -> Result<()> {
    let mut model = classifier()?;
    let mut fit = |options: Fit<'static>, parts: &[&str]| {
        says(model.fit(x(6), labels(6), options), parts);
    };
    let weights = Array1::from_elem(6, f32::NAN);
    fit(quiet().sample_weight(weights), &["sample_weight of output \"dense\" has NaN in row 0"]);
    for weight in [f64::NAN, f64::INFINITY] {
        fit(quiet().class_weight([(1, weight)]), &["\"class_weight\" must be finite", "class 1"]);
    }
    let half = || quiet().validation_split(0.5);
    fit(half().validation_steps(0), &["argument \"validation_steps\" must be at least 1"]);
    let never = half().validation_freq(ValidationFreq::Every(0));
    fit(never, &["argument \"validation_freq\" must be at least 1"]);
    let none = ["argument \"steps\" must be at least 1"];
    says(model.evaluate_with(x(6), labels(6), Evaluate::new().steps(0)), &none);
    says(model.predict_with(x(6), Predict::new().steps(0)), &none);
    Ok(())
}

#[test]
fn a_stack_is_not_built_on_data_that_do_not_fit() -> Result<()> {
    let mut model = Sequential::new().add(Dense::new(3));
    model.compile(Compile::new().optimizer("adam").loss("sparse_categorical_crossentropy"))?;
    assert!(model.fit(Array2::<f32>::zeros((6, 9)), labels(5), quiet()).is_err());
    assert!(!model.is_built());
    model.fit(x(6), labels(6), quiet())?;
    assert_eq!(model.count_params(), 15);
    Ok(())
}

#[test]
fn a_summary_has_an_end() -> Result<()> {
    let text = classifier()?.summary().line_length(usize::MAX).to_string();
    assert!(text.lines().all(|line| line.chars().count() <= 1000));
    Ok(())
}

/// Gives what batches it has left; panics behind them if `bad`.
struct Left {
    batches: usize,
    bad: bool,
}

impl Dataset for Left {
    fn batches(&mut self) -> Box<dyn Iterator<Item = Result<Batch>> + Send + '_> {
        let (left, bad) = (&mut self.batches, self.bad);
        Box::new(std::iter::from_fn(move || {
            assert!(!bad || *left > 0, "the camera is on fire");
            *left = left.checked_sub(1)?;
            Some(Ok(Batch::new(Tensor::from(&x(4)), Tensor::from(&labels(4)))))
        }))
    }
}

#[test]
fn streams_that_panic_or_run_dry() -> Result<()> {
    let mut model = classifier()?;
    let mut burning = Left { batches: 3, bad: true };
    let parts = ["the data set panicked instead of giving a batch", "the camera is on fire"];
    says(model.fit_dataset(&mut burning, quiet()), &parts);
    let mut dry = Left { batches: 5, bad: false };
    let parts = ["the data set has no batch to begin an epoch with", "begin anew"];
    says(model.fit_dataset(&mut dry, quiet().epochs(2)), &parts);
    let shared = || Left { batches: 5, bad: false };
    model.fit_dataset(&mut shared(), quiet().epochs(2).steps_per_epoch(2))?;
    let none = quiet().steps_per_epoch(0);
    says(model.fit_dataset(&mut shared(), none), &["\"steps_per_epoch\" must be at least 1"]);
    let weights = Evaluate::new().sample_weight(Array1::<f32>::ones(4));
    says(model.evaluate_dataset(&mut shared(), weights), &["\"sample_weight\" needs arrays"]);
    Ok(())
}
