//! Streams of batches: what an epoch of one is, and that it trains as arrays do.
#![allow(clippy::unwrap_used)] // helpers of tests, which clippy.toml does not know
use ferras::data::{Batch, Dataset};
use ferras::prelude::*;

/// Five batches of two rows: x = y = the batch's number in all.
struct Five {
    passes: usize,
}

impl Dataset for Five {
    fn batches(&mut self) -> Box<dyn Iterator<Item = Result<Batch>> + Send + '_> {
        self.passes += 1;
        Box::new((0..5).map(|i| {
            let column = Tensor::new([2, 1], vec![i as f32; 2])?;
            Ok(Batch::new(column.clone(), column))
        }))
    }
    fn len(&self) -> Option<usize> {
        Some(5)
    }
}

/// A model whose metric shows which batches an epoch had.
fn seer() -> Result<Model> {
    let mut model = Sequential::new()
        .add(Dense::new(1).use_bias(false).kernel_initializer("ones").input_dim(1))
        .build()?;
    let mean = Metric::custom("seen", |y_true, _| y_true.mean(&[-1], false));
    model.compile(Compile::new().optimizer("sgd").loss("mse").metrics([mean]))?;
    Ok(model.into())
}

fn seen(fit: Fit<'_>) -> Result<Vec<f64>> {
    let history = seer()?.fit_dataset(&mut Five { passes: 0 }, fit.verbose(0))?;
    Ok(history.get("seen").unwrap().to_vec())
}

#[test]
fn an_epoch_is_a_pass_or_as_many_steps() -> Result<()> {
    assert_eq!(seen(Fit::new().epochs(2))?, [2.0, 2.0]);
    assert_eq!(seen(Fit::new().epochs(2).steps_per_epoch(5))?, [2.0, 2.0]);
    // The next epoch goes on where the one before ended; where the pass ends, so does the epoch.
    assert_eq!(seen(Fit::new().epochs(4).steps_per_epoch(2))?, [0.5, 2.5, 4.0, 0.5]);
    assert_eq!(seen(Fit::new().epochs(2).steps_per_epoch(9))?, [2.0, 2.0]);
    Ok(())
}

#[test]
fn no_more_passes_are_begun_than_epochs() -> Result<()> {
    let mut data = Five { passes: 0 };
    seer()?.fit_dataset(&mut data, Fit::new().epochs(3).verbose(0))?;
    assert_eq!(data.passes, 1 + 3, "one to see the shapes");
    Ok(())
}

#[test]
fn class_weights_count_in_streams_as_in_arrays() -> Result<()> {
    struct One(Tensor, Tensor);
    impl Dataset for One {
        fn batches(&mut self) -> Box<dyn Iterator<Item = Result<Batch>> + Send + '_> {
            Box::new(std::iter::once(Ok(Batch::new(self.0.clone(), self.1.clone()))))
        }
    }
    let x = Tensor::new([4, 1], vec![1.0_f32, 2.0, 3.0, 4.0])?;
    let y = Tensor::new([4], vec![0_i32, 1, 1, 0])?;
    let fit = || Fit::new().class_weight([(0, 1.0), (1, 5.0)]).shuffle(false).verbose(0);
    let mut arrays = seer()?;
    arrays.fit(&x, &y, fit())?;
    let mut stream = seer()?;
    stream.fit_dataset(&mut One(x, y), fit())?;
    assert_eq!(arrays.get_weights()?, stream.get_weights()?);
    assert_ne!(arrays.get_weights()?, seer()?.get_weights()?);
    Ok(())
}

#[test]
fn pictures_of_whole_numbers_are_data_too() -> Result<()> {
    let mut model = Sequential::new()
        .add(Conv2D::new(2, 3).activation("relu"))
        .add(Flatten::new())
        .add(Dense::new(1));
    model.compile(Compile::new().optimizer("sgd").loss("mse"))?;
    let x = Tensor::new([2, 4, 4, 1], (0..32_i64).collect::<Vec<_>>())?;
    model.fit(&x, vec![0.0_f32, 1.0], Fit::new().verbose(0))?;
    let floats = x.cast(DType::F32);
    assert_eq!(model.predict(&x)?, model.predict(&floats)?);
    Ok(())
}

/// Panics where it is told to.
struct Falls(&'static str);

impl Dataset for Falls {
    fn batches(&mut self) -> Box<dyn Iterator<Item = Result<Batch>> + Send + '_> {
        assert_ne!(self.0, "batches", "no stream");
        Box::new((0..3).map(|i| {
            assert!(self.0 != "next" && i < 2, "no batch {i}");
            let column = Tensor::new([2, 1], vec![1.0_f32; 2])?;
            Ok(Batch::new(column.clone(), column))
        }))
    }
    fn len(&self) -> Option<usize> {
        assert_ne!(self.0, "len", "no length");
        None
    }
}

#[test]
fn a_panic_anywhere_in_a_stream_is_an_error() -> Result<()> {
    for place in ["batches", "next", "len", "later"] {
        let mut model = seer()?;
        let fit = Fit::new().epochs(2).verbose(0);
        let error = model.fit_dataset(&mut Falls(place), fit).unwrap_err().to_string();
        assert!(error.contains("the data set panicked"), "{place}: {error}");
        if place != "len" {
            let quiet = Evaluate::new().verbose(0);
            let error = model.evaluate_dataset(&mut Falls(place), quiet).unwrap_err();
            assert!(error.to_string().contains("the data set panicked"), "{place}: {error}");
        }
    }
    Ok(())
}

#[test]
fn evaluation_and_prediction_of_a_stream_are_those_of_its_arrays() -> Result<()> {
    /// Steps that were begun and ended.
    #[derive(Default)]
    struct Count([usize; 3]);
    impl Callback for Count {
        fn on_test_begin(&mut self, run: &mut Run) -> Result<()> {
            assert_eq!(run.params().steps, Some(5));
            Ok(())
        }
        fn on_test_batch_end(&mut self, _: usize, run: &mut Run) -> Result<()> {
            self.0[0] += usize::from(run.logs()?.get("loss").is_some());
            Ok(())
        }
        fn on_test_end(&mut self, logs: &Logs, _: &mut Run) -> Result<()> {
            self.0[1] += usize::from(logs.get("seen") == Some(2.0));
            Ok(())
        }
        fn on_predict_batch_end(&mut self, _: usize, _: &mut Run) -> Result<()> {
            self.0[2] += 1;
            Ok(())
        }
    }
    let (model, mut count, mut data) = (seer()?, Count::default(), Five { passes: 0 });
    let quiet = Evaluate::new().verbose(0).callback(&mut count);
    let stream = model.evaluate_dataset(&mut data, quiet)?;
    let column: Vec<f32> = (0..10).map(|i| (i / 2) as f32).collect();
    let x = Tensor::new([10, 1], column)?;
    assert_eq!(stream, model.evaluate_with(&x, &x, Evaluate::new().batch_size(2).verbose(0))?);
    let quiet = || Predict::new().verbose(0);
    let outputs = model.predict_dataset(&mut data, quiet().callback(&mut count))?;
    assert_eq!(outputs, model.predict_with(&x, quiet())?);
    assert_eq!(
        model.predict_dataset(&mut data, quiet().steps(2))?[0].shape().to_string(),
        "(4, 1)"
    );
    assert_eq!(count.0, [5, 1, 5]);
    let error = model.predict_dataset(&mut data, quiet().batch_size(2)).unwrap_err().to_string();
    assert!(error.contains("argument \"batch_size\" needs arrays"), "{error}");
    Ok(())
}

/// The numbers of validation of a run on the stream, two epochs, with these options.
fn validated(fit: Fit<'_>) -> Result<Vec<f64>> {
    let fit = fit.epochs(2).verbose(0);
    let history = seer()?.fit_dataset(&mut Five { passes: 0 }, fit)?;
    Ok(history.get("val_seen").unwrap().to_vec())
}

#[test]
fn a_stream_validates_from_its_beginning_after_each_epoch() -> Result<()> {
    let mut data = Five { passes: 0 };
    assert_eq!(validated(Fit::new().validation_dataset(&mut data))?, [2.0, 2.0]);
    assert_eq!(data.passes, 1 + 2, "one to see the shapes");
    let five = || Fit::new().validation_dataset(Five { passes: 0 });
    assert_eq!(validated(five().validation_steps(2))?, [0.5, 0.5]);
    assert_eq!(validated(five().validation_steps(9))?, [2.0, 2.0]);
    // A share of rows, which a stream cannot give, is not asked for beside it.
    assert_eq!(validated(five().validation_split(0.5))?, [2.0, 2.0]);
    assert_eq!(validated(five().validation_freq(ValidationFreq::Every(2)))?, [2.0]);
    Ok(())
}

#[test]
fn arrays_and_streams_train_and_validate_each_other() -> Result<()> {
    let x = Tensor::new([10, 1], (0..10).map(|i| (i / 2) as f32).collect())?;
    let fit = || Fit::new().epochs(2).batch_size(2).shuffle(false).verbose(0);
    let whole = seer()?.fit(&x, &x, fit().validation_data(&x, &x))?;
    let five = || Five { passes: 0 };
    let stream = seer()?.fit(&x, &x, fit().validation_dataset(five()))?;
    let both = seer()?.fit_dataset(&mut five(), fit().validation_dataset(five()))?;
    let arrays = seer()?.fit_dataset(&mut five(), fit().validation_data(&x, &x))?;
    for name in ["loss", "val_loss", "val_seen"] {
        for other in [&stream, &both, &arrays] {
            assert_eq!(whole.get(name), other.get(name), "{name}");
        }
    }
    Ok(())
}

#[test]
fn a_stream_that_cannot_validate_is_told_before_training() -> Result<()> {
    /// Batches of rows of this width.
    struct Wide(usize, usize);
    impl Dataset for Wide {
        fn batches(&mut self) -> Box<dyn Iterator<Item = Result<Batch>> + Send + '_> {
            let row = Tensor::new([1, self.0], vec![1.0_f32; self.0]);
            let batch = move || Ok(Batch::new(row.clone()?, Tensor::new([1], vec![1.0_f32])?));
            Box::new((0..self.1).map(move |_| batch()))
        }
    }
    let mut model = seer()?;
    let before = model.get_weights()?;
    let mut refused = |fit: Fit<'_>| {
        let error = model.fit_dataset(&mut Five { passes: 0 }, fit.verbose(0)).unwrap_err();
        assert_eq!(model.get_weights().unwrap(), before);
        error.to_string()
    };
    let error = refused(Fit::new().validation_dataset(Wide(2, 3)));
    assert!(error.starts_with("validation_data: ") && error.contains("(1, 2)"), "{error}");
    let error = refused(Fit::new().validation_dataset(Wide(1, 0)));
    assert_eq!(error, "validation_data: the data set has no batch");
    let error = refused(Fit::new().validation_dataset(Falls("batches")));
    assert!(error.contains("the data set panicked"), "{error}");
    let error = refused(Fit::new().validation_dataset(Wide(1, 3)).validation_batch_size(4));
    assert!(error.contains("\"validation_batch_size\" needs arrays"), "{error}");
    let weight = vec![1.0_f32; 3];
    let error = refused(Fit::new().validation_dataset(Wide(1, 3)).validation_sample_weight(weight));
    assert!(error.contains("\"validation_sample_weight\" needs arrays"), "{error}");
    // One that falls later ends training with its error.
    let fit = Fit::new().validation_dataset(Falls("later")).verbose(0);
    let error = seer()?.fit_dataset(&mut Five { passes: 0 }, fit).unwrap_err().to_string();
    assert!(
        error.contains("the data set panicked instead of giving a batch: no batch 2"),
        "{error}"
    );
    Ok(())
}
