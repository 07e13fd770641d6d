//! From a graph to a program: what is fused, in which order it runs, and where it lies in memory.
mod columns;
mod conv;
mod epilogue;
mod heavy;
mod largest;
mod legal;
mod loops;
mod memory;
mod narrow;
mod pooled;
mod roles;
mod scan;
mod schedule;
pub(crate) mod view;

pub(crate) use memory::FEEDS;

use crate::kernels::epilogue::Clamp;
use crate::kernels::simd::Level;
use crate::memory::{Block, bytes_of};
use crate::steps::heavy::{Heavy, Kernel, Operands};
use crate::steps::{Bases, Loc, Step};
use ferras_graph::{Error, Graph, Op, Result, TensorType, pass};
use memory::Layout;
use roles::Roles;
use schedule::{Region, Unit};

/// A compiled graph: steps and the memory they work on.
#[derive(Debug)]
pub(crate) struct Program {
    /// Steps that may run side by side, region after region.
    pub regions: Vec<Vec<Box<dyn Step>>>,
    /// Bytes of the arena, and of scratch memory for each thread.
    pub arena: usize,
    pub scratch: usize,
    pub constants: Block,
    /// Place and type of each result.
    pub fetches: Vec<(Loc, TensorType)>,
    /// New values to copy to their variable at the end: (place, variable, bytes).
    pub commits: Vec<(Loc, usize, usize)>,
    pub feeds: usize,
    pub states: usize,
}

impl Program {
    /// Runs all steps on this thread, and moves new values to their variables.
    ///
    /// # Safety
    /// `bases` are laid out as this program's places are counted; `scratch` is aligned to a cache
    /// line, as long as asked for and used by nobody else meanwhile.
    pub(crate) unsafe fn run(&self, bases: Bases<'_>, scratch: *mut u8) {
        for step in self.regions.iter().flatten() {
            for (phase, &tasks) in step.phases().iter().enumerate() {
                for task in 0..tasks {
                    // SAFETY: phases and tasks in order; the caller's promises.
                    unsafe { step.run(phase, task, bases, scratch) };
                }
            }
        }
        for &(from, state, bytes) in &self.commits {
            // SAFETY: the variable has the value's type; the source is other memory.
            unsafe {
                let to = bases.pointers.get_unchecked(FEEDS as usize + self.feeds + state);
                bases.at(from).copy_to_nonoverlapping(*to, bytes);
            }
        }
    }
}

/// What a unit will be, as far as it is known before the memory is.
enum Made {
    Fused,
    Kernel(Box<Kernel>),
    Scan(scan::Body),
}

/// Compiles a graph.
pub(crate) fn compile(graph: &Graph) -> Result<Program> {
    let graph = narrow::widen(&pooled::pool_gradients(&pass::optimize(graph)));
    let graph = columns::join_columns(&graph);
    let roles = Roles::new(legal::legalize(&graph), Level::detect());
    let regions = schedule::schedule(&roles);
    let made = regions.iter().map(|r| r.iter().map(|unit| make(&roles, unit)).collect());
    let made = made.collect::<Result<Vec<Vec<Made>>>>()?;
    let temporary: Vec<Vec<usize>> =
        regions.iter().zip(&made).map(|(r, m)| temporary(&roles, r, m)).collect();
    let layout = memory::plan(&roles, &regions, &temporary);
    let mut steps = Vec::with_capacity(regions.len());
    for ((region, made), places) in regions.iter().zip(made).zip(&layout.temporary) {
        let mut list: Vec<Box<dyn Step>> = Vec::with_capacity(region.len());
        for ((unit, made), &place) in region.iter().zip(made).zip(places) {
            list.push(step(&roles, &layout, unit, made, place)?);
        }
        steps.push(list);
    }
    let scratch = steps.iter().flatten().map(|s| s.scratch()).max().unwrap_or(0);
    let mut fetches = Vec::with_capacity(graph.fetches.len());
    for id in &roles.graph.fetches {
        fetches.push((place(&roles, &layout, id.index())?, roles.node(id.index()).ty.clone()));
    }
    Ok(Program {
        regions: steps,
        arena: layout.arena,
        scratch,
        constants: constants(&roles, &layout)?,
        fetches,
        commits: layout.commits,
        feeds: graph.feeds.len(),
        states: graph.states.len(),
    })
}

fn make(roles: &Roles, unit: &Unit) -> Result<Made> {
    let Some(&node) = unit.nodes.first().filter(|_| !unit.is_loop) else { return Ok(Made::Fused) };
    Ok(match scan::scan_of(roles, node) {
        Some(scan) => Made::Scan(scan::Body::new(scan)?),
        None => Made::Kernel(Box::new(heavy::kernel(roles, node))),
    })
}

/// Bytes that each unit needs between its phases.
fn temporary(roles: &Roles, region: &Region, made: &[Made]) -> Vec<usize> {
    let bytes = |(unit, made): (&Unit, &Made)| match made {
        Made::Kernel(kernel) => kernel.shared(),
        Made::Scan(body) => body.temporary(),
        Made::Fused => loops::partials(roles, unit).iter().sum(),
    };
    region.iter().zip(made).map(bytes).collect()
}

/// Where the elements of a node begin.
fn place(roles: &Roles, layout: &Layout, node: usize) -> Result<Loc> {
    let (root, view) = &roles.place[node];
    let missing = || Error::Internal(format!("node %{root} has no memory"));
    let mut loc = layout.loc[*root].ok_or_else(missing)?;
    loc.offset += view.offset as usize * roles.node(*root).ty.dtype.size();
    Ok(loc)
}

fn step(
    roles: &Roles,
    layout: &Layout,
    unit: &Unit,
    made: Made,
    temporary: Loc,
) -> Result<Box<dyn Step>> {
    let (kernel, node) = match (made, unit.nodes.first()) {
        (Made::Kernel(kernel), Some(&node)) => (kernel, node),
        (Made::Scan(body), _) => {
            return Ok(Box::new(scan::build(roles, layout, unit, body, temporary)?));
        }
        _ => return Ok(Box::new(loops::build(roles, layout, unit, temporary)?)),
    };
    let mut places = Vec::new();
    for read in roles.reads(node) {
        let missing = || Error::Internal(format!("node %{} has no memory", read.root));
        let mut loc = layout.loc[read.root].ok_or_else(missing)?;
        loc.offset += read.view.offset as usize * roles.node(read.root).ty.dtype.size();
        places.push(loc);
    }
    let epilogue = roles.epilogue[node];
    let base = roles.node(epilogue.map_or(node, |e| e.base));
    let mut besides = places.split_off(base.inputs.len()).into_iter();
    let besides =
        epilogue.map_or([None; 5], |e| e.operands().map(|o| o.and_then(|_| besides.next())));
    let clamp = epilogue.map_or(Clamp::None, |e| e.clamp);
    let types = base.inputs.iter().map(|id| roles.node(id.index()).ty.shape.to_string());
    let types = types.collect::<Vec<_>>().join(" ");
    let name = format!("{} {types} -> {}", base.op.name(), roles.node(node).ty.shape);
    // Of a convolution that is pooled at once, the places are its own and the rest a result.
    let result = unit.nodes.get(1).copied();
    if result.is_none() && matches!(base.op, Op::Conv(_)) && roles.windows[node].is_some() {
        return Err(Error::Internal(format!("nobody reads what %{node} is pooled to")));
    }
    let out = place(roles, layout, result.unwrap_or(node))?;
    let own = if result.is_some() { layout.loc[node] } else { None };
    let operands = Operands { inputs: places, besides, clamp, out, own, shared: temporary };
    Ok(Box::new(Heavy::new(*kernel, operands, name)))
}

/// One block with all constants that are read.
fn constants(roles: &Roles, layout: &Layout) -> Result<Block> {
    let block = Block::new(layout.constant_bytes)?;
    for &(node, offset) in &layout.constants {
        if let Op::Constant(tensor) = &roles.node(node).op {
            let bytes = tensor.ty().bytes();
            // SAFETY: the layout made room for each constant.
            unsafe {
                let from = bytes_of(tensor.elements());
                from.copy_to_nonoverlapping(block.start().add(offset), bytes);
            }
        }
    }
    Ok(block)
}
