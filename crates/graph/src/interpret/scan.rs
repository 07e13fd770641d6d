//! Loops, step by step.
use super::program::values;
use super::with_type;
use crate::ir::Scan;
use crate::{Element, Result, Tensor, TensorType};

/// The results of a loop.
pub(super) fn evaluate(scan: &Scan, operands: &[&Tensor]) -> Result<Vec<Tensor>> {
    let body = &scan.body;
    let mut carried: Vec<Tensor> =
        operands.iter().take(scan.carries).map(|t| (*t).clone()).collect();
    let types = scan.results();
    let mut results: Vec<Tensor> = types.iter().map(Tensor::zeros).collect();
    for step in scan.order() {
        let mut given: Vec<Option<Tensor>> = vec![None; body.nodes.len()];
        for (i, (feed, operand)) in body.feeds.iter().zip(operands).enumerate() {
            let ty = &body.node(feed.node).ty;
            given[feed.node.index()] = Some(match carried.get(i) {
                Some(value) => value.clone(),
                None if i < scan.carries + scan.sequences => slice(operand, step, ty)?,
                None => (*operand).clone(),
            });
        }
        let values = values(body, given)?;
        let fetched = |i: usize| &values[body.fetches[i].index()];
        carried = (0..scan.carries).map(|i| fetched(i).clone()).collect();
        for (i, result) in results.iter_mut().enumerate().skip(scan.carries) {
            put(result, step, fetched(i))?;
        }
    }
    for (result, last) in results.iter_mut().zip(carried) {
        *result = last;
    }
    Ok(results)
}

/// One step of a sequence.
fn slice(all: &Tensor, step: usize, ty: &TensorType) -> Result<Tensor> {
    fn part<T: Element>(all: &Tensor, step: usize, ty: &TensorType) -> Result<Tensor> {
        let n = ty.shape.elements();
        let data = super::data::<T>(all)?[step * n..(step + 1) * n].to_vec();
        Tensor::new(ty.shape.clone(), data)
    }
    with_type!(ty.dtype, T => part::<T>(all, step, ty))
}

/// Writes one step of an output.
fn put(all: &mut Tensor, step: usize, value: &Tensor) -> Result<()> {
    fn part<T: Element>(all: &mut Tensor, step: usize, value: &Tensor) -> Result<()> {
        let data = super::data::<T>(value)?;
        let unfit = || super::unfit(T::DTYPE);
        let to = all.as_mut_slice::<T>().ok_or_else(unfit)?;
        to[step * data.len()..(step + 1) * data.len()].copy_from_slice(data);
        Ok(())
    }
    with_type!(value.dtype(), T => part::<T>(all, step, value))
}
