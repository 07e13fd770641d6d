//! Training: `compile`, the one loop, history, callbacks.
#[cfg(test)]
mod added;
mod callback;
mod compile;
pub(crate) mod data;
pub(crate) mod dataset;
mod evaluate;
mod feed;
mod fit;
pub(crate) mod history;
mod metric;
pub(crate) mod number;
mod options;
mod per_output;
mod predict;
mod progress;
mod running;
mod source;
mod step;
mod targets;
#[cfg(test)]
pub(crate) mod testing;
mod tokens;
mod train_step;
mod validation;

pub(crate) use callback::Place;
pub use callback::{Callback, Run, RunParams};
pub use compile::Compile;
pub(crate) use compile::OptimizerVariable;
pub use history::{History, Logs};
pub use options::{Evaluate, Fit, OnBatch, Predict, ValidationFreq, Verbose};
pub(crate) use per_output::PerOutput;
pub use progress::Progbar;
pub(crate) use progress::bar as progress_bar;
pub use running::RunningMetric;
pub use train_step::{StepCall, TrainStep};

/// What a model keeps for training.
#[derive(Debug, Default)]
pub(crate) struct TrainingState {
    pub(crate) compiled: Option<compile::Compiled>,
    pub(crate) steps: step::StepCache,
}
