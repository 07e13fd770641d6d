//! Callbacks: `keras.callbacks`. What programs commonly want done between the steps of training;
//! their own implement [`Callback`](crate::Callback).
mod backup_and_restore;
mod csv_logger;
mod early_stopping;
mod events;
mod lambda;
mod learning_rate_scheduler;
mod model_checkpoint;
mod monitor;
mod progbar_logger;
mod reduce_lr_on_plateau;
#[cfg(feature = "download")]
mod remote_monitor;
mod swap_ema_weights;
mod template;
mod tensor_board;
mod terminate_on_nan;
#[cfg(test)]
mod tests;

pub use backup_and_restore::BackupAndRestore;
pub use csv_logger::CSVLogger;
pub use early_stopping::EarlyStopping;
pub use lambda::LambdaCallback;
pub use learning_rate_scheduler::LearningRateScheduler;
pub use model_checkpoint::{ModelCheckpoint, SaveFreq};
pub use progbar_logger::ProgbarLogger;
pub use reduce_lr_on_plateau::ReduceLROnPlateau;
#[cfg(feature = "download")]
pub use remote_monitor::RemoteMonitor;
pub use swap_ema_weights::SwapEMAWeights;
pub use tensor_board::{TensorBoard, UpdateFreq};
pub use terminate_on_nan::TerminateOnNaN;
