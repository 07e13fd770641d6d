//! The back end that models run on.
use ferras_cpu::Cpu;
use ferras_graph::Backend;
use std::sync::{Arc, Mutex, PoisonError};

/// The back end of new models, shared by all of them.
static BACKEND: Mutex<Option<Arc<dyn Backend>>> = Mutex::new(None);

/// The back end of a new model.
pub(crate) fn default() -> Arc<dyn Backend> {
    let mut backend = BACKEND.lock().unwrap_or_else(PoisonError::into_inner);
    backend.get_or_insert_with(|| Arc::new(Cpu::new())).clone()
}

/// One thread, for graphs that several threads run at once.
pub(crate) fn single_threaded() -> Arc<dyn Backend> {
    Arc::new(Cpu::with_threads(1))
}

/// How many threads models made from here on compute with; the calling thread counts, 0 is taken
/// as 1. By default it is what `FERRAS_NUM_THREADS` says, or else one for each core. Results are
/// bit-identical for every number.
///
/// ```
/// use ferras::prelude::*;
/// ferras::set_num_threads(1);
/// let x = Input::new([2]);
/// let model = Model::new(&x, &Dense::new(1).apply(&x))?;
/// assert_eq!(model.predict([[0.0_f32, 1.0]])?.shape().to_string(), "(1, 1)");
/// # Ok::<(), ferras::Error>(())
/// ```
pub fn set_num_threads(threads: usize) {
    let backend: Arc<dyn Backend> = Arc::new(Cpu::with_threads(threads));
    *BACKEND.lock().unwrap_or_else(PoisonError::into_inner) = Some(backend);
}
