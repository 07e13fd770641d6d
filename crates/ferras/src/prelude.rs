//! The one glob: `use ferras::prelude::*`.
pub use crate::activations::{Activation, ActivationFn};
#[cfg(feature = "download")]
pub use crate::callbacks::RemoteMonitor;
pub use crate::callbacks::{
    BackupAndRestore, CSVLogger, EarlyStopping, LambdaCallback, LearningRateScheduler,
    ModelCheckpoint, ProgbarLogger, ReduceLROnPlateau, SwapEMAWeights, TensorBoard, TerminateOnNaN,
};
pub use crate::config::{Configured, FromConfig};
pub use crate::constraints::*;
pub use crate::initializers::{
    Constant, GlorotNormal, GlorotUniform, HeNormal, HeUniform, Initializer, InitializerFn,
    LecunNormal, LecunUniform, Ones, Orthogonal, RandomNormal, RandomUniform, TruncatedNormal,
    VarianceScaling, Zeros,
};
pub use crate::layers::*;
pub use crate::losses::{Loss, LossFn};
pub use crate::metrics::{
    AUC, BinaryAccuracy, CategoricalAccuracy, F1Score, MeanIoU, Metric, MetricFn, Precision,
    R2Score, Recall, SparseCategoricalAccuracy, TopKCategoricalAccuracy,
};
pub use crate::models::{Input, Model, Sequential, SymbolicTensor};
pub use crate::optimizers::{
    Adadelta, Adafactor, Adagrad, Adam, AdamW, Adamax, Ftrl, Lamb, Lion, Muon, Nadam, Optimizer,
    OptimizerFn, RMSprop, SGD, ScheduleFreeAdamW,
};
pub use crate::regularizers::*;
pub use crate::{
    Callback, Compile, Error, Evaluate, Fit, History, Load, LoadWeights, Logs, OnBatch, Predict,
    Result, Run, RunningMetric, StepCall, TrainStep, ValidationFreq, set_random_seed,
};
pub use ferras_derive::Config;
pub use ferras_graph::{DType, Shape, Tensor, TensorType, Value};
