//! `TerminateOnNaN`: an end to training that has failed.
use crate::{Callback, Error, Result, Run, console};
use ferras_derive::Config;

/// Stops training after the step in which the loss became NaN or infinite.
///
/// - **Errors** in training: with `raise_error`, that loss.
/// - **Source** Keras 3 `callbacks.TerminateOnNaN`.
///
/// ```
/// use ferras::prelude::*;
/// let mut model = Sequential::new().add(Dense::new(1).input_dim(1));
/// model.compile(Compile::new().optimizer("sgd").loss("mse"))?;
/// let fit = Fit::new().epochs(9).verbose(0).callback(TerminateOnNaN::new());
/// let history = model.fit([[f32::INFINITY]], [[1.0_f32]], fit)?;
/// assert_eq!(history.epoch, [0]);
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.callbacks")]
pub struct TerminateOnNaN {
    /// Whether `fit` returns an error then; false by default.
    #[config(default = false)]
    raise_error: bool,
}

impl Callback for TerminateOnNaN {
    fn on_train_batch_end(&mut self, batch: usize, run: &mut Run) -> Result<()> {
        let Some(loss) = run.logs()?.get("loss").filter(|loss| !loss.is_finite()) else {
            return Ok(());
        };
        if self.raise_error {
            let loss = crate::trainer::number::repr(loss);
            return Err(Error::Data(format!(
                "the loss became {loss} in batch {batch}; expected a finite number: look for NaN \
                 or very large values in x, or lower the learning rate"
            )));
        }
        console::print(&format!("Batch {batch}: Invalid loss, terminating training\n"));
        run.stop_training();
        Ok(())
    }
}
