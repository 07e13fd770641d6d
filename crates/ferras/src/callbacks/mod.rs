//! Callbacks: `keras.callbacks`. What programs commonly want done between the steps of training;
//! their own implement [`Callback`](crate::Callback).
mod backup_and_restore;
mod csv_logger;
mod early_stopping;
mod lambda;
mod model_checkpoint;
mod monitor;
mod template;
mod terminate_on_nan;
#[cfg(test)]
mod tests;

pub use backup_and_restore::BackupAndRestore;
pub use csv_logger::CSVLogger;
pub use early_stopping::EarlyStopping;
pub use lambda::LambdaCallback;
pub use model_checkpoint::{ModelCheckpoint, SaveFreq};
pub use terminate_on_nan::TerminateOnNaN;
