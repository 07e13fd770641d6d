//! What a back end is: it compiles graphs and keeps variables.
use crate::{Graph, Result, Tensor, TensorType, TensorView};
use std::any::Any;
use std::fmt::Debug;

/// A device with its compiler.
///
/// Two methods make a back end. The conformance suite of this crate says when it is done.
pub trait Backend: Debug + Send + Sync {
    /// Short name, as in the configuration (`"cpu"`).
    fn name(&self) -> &str;
    /// Turns a graph into something that runs; the graph's shapes are final.
    fn compile(&self, graph: &Graph) -> Result<Box<dyn Executable>>;
    /// Puts a variable's value where executables of this back end keep variables.
    fn upload(&self, value: &Tensor) -> Result<Buffer>;
}

/// A compiled graph. May be run from many threads at once.
pub trait Executable: Debug + Send + Sync {
    /// Runs the graph once.
    ///
    /// `feeds` and `states` are in the graph's order; a state that the graph updates must be
    /// [`StateArg::Write`]. `fetches` receives the results; its old tensors are reused where
    /// nothing else holds them. An error leaves the states as they were.
    fn run(
        &self,
        feeds: &[TensorView<'_>],
        states: &mut [StateArg<'_>],
        fetches: &mut Vec<Tensor>,
    ) -> Result<()>;
}

/// A variable handed to a run.
#[derive(Debug)]
pub enum StateArg<'a> {
    /// For reading; many runs may share it.
    Read(&'a Buffer),
    /// For reading and replacing.
    Write(&'a mut Buffer),
}

impl StateArg<'_> {
    /// The variable, for reading.
    pub fn buffer(&self) -> &Buffer {
        match self {
            StateArg::Read(b) => b,
            StateArg::Write(b) => b,
        }
    }
}

/// A variable's memory on the device.
#[derive(Debug)]
pub struct Buffer {
    ty: TensorType,
    memory: Box<dyn DeviceMemory>,
}

impl Buffer {
    /// Wraps a back end's memory.
    pub fn new(ty: TensorType, memory: Box<dyn DeviceMemory>) -> Buffer {
        Buffer { ty, memory }
    }

    /// Type and shape of the variable.
    pub fn ty(&self) -> &TensorType {
        &self.ty
    }

    /// Copies the value to the host.
    pub fn download(&self) -> Result<Tensor> {
        self.memory.download()
    }

    /// The back end's own memory, if it is of type `M`.
    pub fn memory<M: DeviceMemory>(&self) -> Option<&M> {
        let memory: &dyn Any = &*self.memory;
        memory.downcast_ref()
    }

    /// The back end's own memory, if it is of type `M`, for writing.
    pub fn memory_mut<M: DeviceMemory>(&mut self) -> Option<&mut M> {
        let memory: &mut dyn Any = &mut *self.memory;
        memory.downcast_mut()
    }
}

/// Memory of a device that holds one variable.
pub trait DeviceMemory: Any + Debug + Send + Sync {
    /// Copies the value to the host.
    fn download(&self) -> Result<Tensor>;
}
