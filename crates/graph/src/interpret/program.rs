//! The interpreter as a back end.
use super::{apply, scan};
use crate::backend::{Backend, Buffer, DeviceMemory, Executable, Signature, StateArg};
use crate::ir::{Graph, NodeId, Op};
use crate::{Error, Result, Tensor, TensorView};
use std::collections::HashMap;

/// The reference back end: one plain loop an op, in the order of the graph.
///
/// ```
/// use ferras_graph::{Backend, Builder, DType, Interpreter, Tensor, TensorType};
/// let b = Builder::new();
/// let x = b.feed("x", TensorType::new(DType::F32, [3]));
/// let graph = b.finish(&[x.relu()], &[])?;
/// let data = Tensor::new([3], vec![-1.0_f32, 0.0, 2.0])?;
/// let mut fetches = Vec::new();
/// Interpreter.compile(&graph)?.run(&[data.view()], &mut [], &mut fetches)?;
/// assert_eq!(fetches[0].as_slice::<f32>(), Some(&[0.0, 0.0, 2.0][..]));
/// # Ok::<(), ferras_graph::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Interpreter;

impl Backend for Interpreter {
    fn name(&self) -> &str {
        "interpreter"
    }

    fn compile(&self, graph: &Graph) -> Result<Box<dyn Executable>> {
        Ok(Box::new(Program { graph: graph.clone(), signature: Signature::of(graph) }))
    }

    fn upload(&self, value: &Tensor) -> Result<Buffer> {
        Ok(Buffer::new(value.ty(), Box::new(HostMemory(value.clone()))))
    }
}

#[derive(Debug)]
struct HostMemory(Tensor);

impl DeviceMemory for HostMemory {
    fn download(&self) -> Result<Tensor> {
        Ok(self.0.clone())
    }
}

#[derive(Debug)]
struct Program {
    graph: Graph,
    signature: Signature,
}

impl Executable for Program {
    fn run(
        &self,
        feeds: &[TensorView<'_>],
        states: &mut [StateArg<'_>],
        fetches: &mut Vec<Tensor>,
    ) -> Result<()> {
        self.signature.check(feeds, states)?;
        let values = self.values(feeds, states)?;
        fetches.clear();
        fetches.extend(self.graph.fetches.iter().map(|id| values[id.index()].clone()));
        for (state, arg) in self.graph.states.iter().zip(states) {
            if let (Some(update), StateArg::Write(buffer)) = (state.update, arg) {
                let memory =
                    buffer.memory_mut::<HostMemory>().ok_or_else(|| foreign(&state.name))?;
                memory.0 = values[update.index()].clone();
            }
        }
        Ok(())
    }
}

impl Program {
    /// The value of each node.
    fn values(&self, feeds: &[TensorView<'_>], states: &[StateArg<'_>]) -> Result<Vec<Tensor>> {
        let graph = &self.graph;
        let mut given: Vec<Option<Tensor>> = vec![None; graph.nodes.len()];
        for (feed, view) in graph.feeds.iter().zip(feeds) {
            given[feed.node.index()] = Some(view.to_tensor());
        }
        for (state, arg) in graph.states.iter().zip(states) {
            let memory = arg.buffer().memory::<HostMemory>();
            let value = memory.ok_or_else(|| foreign(&state.name))?.0.clone();
            given[state.node.index()] = Some(value);
        }
        values(graph, given)
    }
}

/// The value of each node, where those of arguments are given.
pub(super) fn values(graph: &Graph, given: Vec<Option<Tensor>>) -> Result<Vec<Tensor>> {
    let mut values: Vec<Tensor> = Vec::with_capacity(graph.nodes.len());
    let mut loops: HashMap<NodeId, Vec<Tensor>> = HashMap::new();
    for (i, (node, given)) in graph.nodes.iter().zip(given).enumerate() {
        let operands: Vec<&Tensor> = node.inputs.iter().map(|id| &values[id.index()]).collect();
        let value = match (given, &node.op) {
            (Some(value), _) => value,
            (None, Op::Feed | Op::State) => {
                let problem = "a feed or state stands in no list of arguments";
                return Err(Error::Internal(problem.into()));
            }
            (None, Op::Scan(scan)) => {
                loops.insert(NodeId(i as u32), scan::evaluate(scan, &operands)?);
                Tensor::zeros(&node.ty)
            }
            (None, Op::ScanResult { index, .. }) => {
                let results = node.inputs.first().and_then(|id| loops.get(id));
                let lost = || Error::Internal("a result of no loop".into());
                results.and_then(|r| r.get(*index)).cloned().ok_or_else(lost)?
            }
            (None, op) => apply(op, &operands, &node.ty)?,
        };
        values.push(value);
    }
    Ok(values)
}

fn foreign(name: &str) -> Error {
    Error::Run(format!(
        "state \"{name}\" lives on another back end; upload its value to the interpreter first"
    ))
}
