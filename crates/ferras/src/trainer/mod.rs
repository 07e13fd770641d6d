//! Training: `compile`, the one loop, history.

/// What a model keeps for training.
#[derive(Debug, Default)]
pub(crate) struct TrainingState {}
