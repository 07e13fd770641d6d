//! The default back end of Ferras: graphs run on the processor.
//!
//! A graph is compiled in these passes, each a module of `plan`: it is put into the terms of the
//! kernels (`legal`); each node becomes memory from outside, a view, an instruction of a loop or a
//! step of its own (`roles`); loops and their order are found from the end (`schedule`); every
//! value gets its place in one arena (`memory`); instructions and kernels get their pointers
//! (`loops`, `heavy`). Running is then a walk over a list of steps that allocates nothing.
//!
//! Results are bit-identical for every number of threads: work is cut by shapes alone.
mod fused;
pub mod kernels;
mod memory;
mod plan;
mod pool;
mod profile;
mod run;
mod steps;
mod tiny;

use ferras_graph::{Backend, Buffer, Executable, Graph, Result, Tensor};
use pool::Pool;
use std::sync::Arc;

/// The processor as a back end.
///
/// Clones share their threads. A graph of little work runs on the calling thread alone; where
/// several runs want the threads at once, one has them and the others work on their own.
///
/// ```
/// use ferras_cpu::Cpu;
/// use ferras_graph::{Backend, Builder, DType, Tensor, TensorType};
/// let b = Builder::new();
/// let x = b.feed("x", TensorType::new(DType::F32, [3]));
/// let graph = b.finish(&[x.relu() + 1.0], &[])?;
/// let data = Tensor::new([3], vec![-1.0_f32, 0.0, 2.0])?;
/// let mut fetches = Vec::new();
/// Cpu::with_threads(1).compile(&graph)?.run(&[data.view()], &mut [], &mut fetches)?;
/// assert_eq!(fetches[0].as_slice::<f32>(), Some(&[1.0, 1.0, 3.0][..]));
/// # Ok::<(), ferras_graph::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Cpu {
    pool: Arc<Pool>,
}

impl Cpu {
    /// As many threads as `FERRAS_NUM_THREADS` says, or else as there are cores.
    pub fn new() -> Cpu {
        let said = std::env::var("FERRAS_NUM_THREADS").ok();
        let said = said.and_then(|text| text.trim().parse().ok()).filter(|&n: &usize| n > 0);
        let cores = || std::thread::available_parallelism().map_or(1, usize::from);
        Cpu::with_threads(said.unwrap_or_else(cores))
    }

    /// This many threads, the calling one included; 0 counts as 1.
    pub fn with_threads(threads: usize) -> Cpu {
        Cpu { pool: Arc::new(Pool::new(threads.clamp(1, 1024))) }
    }

    /// Threads that a run may use.
    ///
    /// ```
    /// assert_eq!(ferras_cpu::Cpu::with_threads(1).threads(), 1);
    /// ```
    pub fn threads(&self) -> usize {
        self.pool.threads()
    }
}

impl Default for Cpu {
    fn default() -> Cpu {
        Cpu::new()
    }
}

impl Backend for Cpu {
    fn name(&self) -> &str {
        "cpu"
    }

    fn compile(&self, graph: &Graph) -> Result<Box<dyn Executable>> {
        Ok(Box::new(run::Compiled::new(graph, self.pool.clone())?))
    }

    fn upload(&self, value: &Tensor) -> Result<Buffer> {
        Ok(Buffer::new(value.ty(), Box::new(memory::Variable::new(value)?)))
    }
}
