//! The back end that models run on.
use ferras_cpu::Cpu;
use ferras_graph::Backend;
use std::sync::{Arc, OnceLock};

/// The back end of new models, shared by all of them.
pub(crate) fn default() -> Arc<dyn Backend> {
    static BACKEND: OnceLock<Arc<dyn Backend>> = OnceLock::new();
    BACKEND.get_or_init(|| Arc::new(Cpu::new())).clone()
}
