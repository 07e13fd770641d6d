//! What a back end is: it compiles graphs and keeps variables.
use crate::{Error, Graph, Result, Shape, Tensor, TensorType, TensorView};
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

/// The arguments that a graph takes: what an executable checks at each run, allocating nothing
/// unless something does not fit.
///
/// ```
/// use ferras_graph::{Builder, DType, Signature, Tensor, TensorType};
/// let b = Builder::new();
/// let x = b.feed("x", TensorType::new(DType::F32, [2, 3]));
/// let signature = Signature::of(&b.finish(&[x], &[])?);
/// let wrong = Tensor::new([2], vec![1_i32, 2])?;
/// let error = signature.check(&[wrong.view()], &[]).unwrap_err().to_string();
/// assert_eq!(error, "feed \"x\": expected float32 (2, 3), got int32 (2,)");
/// # Ok::<(), ferras_graph::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Signature {
    feeds: Vec<(String, TensorType)>,
    states: Vec<(String, TensorType, bool)>,
}

impl Signature {
    /// The arguments of this graph.
    pub fn of(graph: &Graph) -> Signature {
        let ty = |id| graph.node(id).ty.clone();
        let feeds = graph.feeds.iter().map(|f| (f.name.clone(), ty(f.node)));
        let states = graph.states.iter().map(|s| (s.name.clone(), ty(s.node), s.update.is_some()));
        Signature { feeds: feeds.collect(), states: states.collect() }
    }

    /// Whether these arguments fit; the error names the first that does not, what was expected
    /// and what came.
    pub fn check(&self, feeds: &[TensorView<'_>], states: &[StateArg<'_>]) -> Result<()> {
        check_count("feeds", self.feeds.iter().map(|f| &f.0), feeds.len())?;
        check_count("states", self.states.iter().map(|s| &s.0), states.len())?;
        for ((name, ty), view) in self.feeds.iter().zip(feeds) {
            let dtype = view.elements().dtype();
            if dtype != ty.dtype || !same(view.shape(), &ty.shape) {
                let found = TensorType { dtype, shape: Shape::from(view.shape()) };
                return Err(Error::Run(format!("feed \"{name}\": expected {ty}, got {found}")));
            }
        }
        for ((name, ty, updated), arg) in self.states.iter().zip(states) {
            let found = arg.buffer().ty();
            if found.dtype != ty.dtype || !same(&found.shape, &ty.shape) {
                return Err(Error::Run(format!("state \"{name}\": expected {ty}, got {found}")));
            }
            if *updated && matches!(arg, StateArg::Read(_)) {
                return Err(Error::Run(format!(
                    "state \"{name}\" is updated by the graph, but was handed over for reading \
                     only; hand it over as StateArg::Write"
                )));
            }
        }
        Ok(())
    }
}

/// As `==`, which calls the system's comparison of memory: a step of some microseconds notices that.
fn same(a: &[usize], b: &[usize]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a == b)
}

fn check_count<'a>(
    what: &str,
    names: impl ExactSizeIterator<Item = &'a String>,
    found: usize,
) -> Result<()> {
    let expected = names.len();
    if expected == found {
        return Ok(());
    }
    let names: Vec<&str> = names.map(String::as_str).collect();
    let list = if names.is_empty() { String::new() } else { format!(" ({})", names.join(", ")) };
    Err(Error::Run(format!("expected {expected} {what}{list}, got {found}")))
}
