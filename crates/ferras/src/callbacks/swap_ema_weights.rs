//! `SwapEMAWeights`: evaluation with the moving averages of the weights.
use crate::{Callback, Logs, Result, Run};
use ferras_derive::Config;

/// Puts the moving averages that an optimizer with `use_ema` keeps in place of the weights while a
/// model is validated, and the weights back afterwards.
///
/// With `swap_on_epoch` they stay in place from the end of an epoch to the beginning of the next,
/// so that callbacks behind this one, as [`ModelCheckpoint`](super::ModelCheckpoint), see them.
///
/// - **Errors** at the first validation or end of an epoch: an optimizer without `use_ema`; in
///   `evaluate` and `predict`, which do not change a model (after `fit` its weights are the
///   averages).
/// - **Source** Keras 3 `callbacks.SwapEMAWeights`; Polyak & Juditsky 1992.
///
/// ```
/// use ferras::prelude::*;
/// let mut model = Sequential::new().add(Dense::new(1).input_dim(1));
/// let sgd = SGD::new().use_ema(true).ema_momentum(0.9);
/// model.compile(Compile::new().optimizer(sgd).loss("mse"))?;
/// let fit = Fit::new().epochs(2).verbose(0).validation_split(0.5).callback(SwapEMAWeights::new());
/// model.fit([[1.0_f32], [2.0]], [[1.0_f32], [0.0]], fit)?;
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.callbacks")]
pub struct SwapEMAWeights {
    /// Whether the averages are in place between epochs too; false by default.
    #[config(default = false)]
    swap_on_epoch: bool,
    /// Whether the averages are in place.
    #[config(state)]
    swapped: bool,
}

impl SwapEMAWeights {
    /// Puts the averages in place, or the weights back, unless that is so.
    fn put(&mut self, averages: bool, run: &mut Run) -> Result<()> {
        if self.swapped != averages {
            run.swap_averages()?;
            self.swapped = averages;
        }
        Ok(())
    }
}

impl Callback for SwapEMAWeights {
    fn on_train_begin(&mut self, _: &mut Run) -> Result<()> {
        self.swapped = false;
        Ok(())
    }

    fn on_epoch_begin(&mut self, _: usize, run: &mut Run) -> Result<()> {
        if self.swap_on_epoch { self.put(false, run) } else { Ok(()) }
    }

    fn on_epoch_end(&mut self, epoch: usize, _: &Logs, run: &mut Run) -> Result<()> {
        if !self.swap_on_epoch {
            return Ok(());
        }
        self.put(true, run)?;
        // Training ends with the averages as the weights: those that are in place now.
        match epoch + 1 == run.params().epochs {
            true => run.set_averages(),
            false => Ok(()),
        }
    }

    fn on_test_begin(&mut self, run: &mut Run) -> Result<()> {
        self.put(true, run)
    }

    fn on_test_end(&mut self, _: &Logs, run: &mut Run) -> Result<()> {
        self.put(false, run)
    }

    fn on_predict_begin(&mut self, run: &mut Run) -> Result<()> {
        self.put(true, run)
    }

    fn on_predict_end(&mut self, run: &mut Run) -> Result<()> {
        self.put(false, run)
    }
}
