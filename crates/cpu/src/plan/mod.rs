//! From a graph to a program: what is fused, in which order it runs, and where it lies in memory.
mod heavy;
mod legal;
mod loops;
mod memory;
mod pooled;
mod roles;
mod schedule;
pub(crate) mod view;

pub(crate) use memory::FEEDS;

use crate::kernels::simd::Level;
use crate::memory::{Block, bytes_of};
use crate::steps::heavy::{Heavy, Kernel};
use crate::steps::{Loc, Step};
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

/// Compiles a graph.
pub(crate) fn compile(graph: &Graph) -> Result<Program> {
    let graph = pooled::pool_gradients(&pass::optimize(graph));
    let roles = Roles::new(legal::legalize(&graph), Level::detect());
    let regions = schedule::schedule(&roles);
    let mut kernels: Vec<Vec<Option<Kernel>>> =
        regions.iter().map(|r| kernels(&roles, r)).collect();
    let temporary: Vec<Vec<usize>> =
        regions.iter().zip(&kernels).map(|(r, k)| temporary(&roles, r, k)).collect();
    let layout = memory::plan(&roles, &regions, &temporary);
    let mut steps = Vec::with_capacity(regions.len());
    for (r, region) in regions.iter().enumerate() {
        let mut list: Vec<Box<dyn Step>> = Vec::with_capacity(region.len());
        for (u, unit) in region.iter().enumerate() {
            list.push(step(&roles, &layout, unit, kernels[r][u].take(), layout.temporary[r][u])?);
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

fn kernels(roles: &Roles, region: &Region) -> Vec<Option<Kernel>> {
    let kernel = |unit: &Unit| match unit.is_loop {
        true => None,
        false => unit.nodes.first().map(|&i| heavy::kernel(roles, i)),
    };
    region.iter().map(kernel).collect()
}

/// Bytes that each unit needs between its phases.
fn temporary(roles: &Roles, region: &Region, kernels: &[Option<Kernel>]) -> Vec<usize> {
    let bytes = |(unit, kernel): (&Unit, &Option<Kernel>)| match kernel {
        Some(kernel) => kernel.shared(),
        None => loops::partials(roles, unit).iter().sum(),
    };
    region.iter().zip(kernels).map(bytes).collect()
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
    kernel: Option<Kernel>,
    temporary: Loc,
) -> Result<Box<dyn Step>> {
    let (Some(kernel), Some(&node)) = (kernel, unit.nodes.first()) else {
        return Ok(Box::new(loops::build(roles, layout, unit, temporary)?));
    };
    let mut inputs = Vec::new();
    for read in roles.reads(node) {
        let missing = || Error::Internal(format!("node %{} has no memory", read.root));
        let mut loc = layout.loc[read.root].ok_or_else(missing)?;
        loc.offset += read.view.offset as usize * roles.node(read.root).ty.dtype.size();
        inputs.push(loc);
    }
    let base = roles.epilogue[node].map_or(node, |e| e.base);
    let types =
        roles.node(base).inputs.iter().map(|id| roles.node(id.index()).ty.shape.to_string());
    let types = types.collect::<Vec<_>>().join(" ");
    let name = format!("{} {types} -> {}", roles.node(base).op.name(), roles.node(node).ty.shape);
    let out = place(roles, layout, node)?;
    Ok(Box::new(Heavy::new(kernel, inputs, out, temporary, name)))
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
