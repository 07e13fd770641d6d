//! The steps that need no threads.
use super::{Elements, Stage, mixed};
use crate::array::Array;
use crate::random::Generator;
use crate::trainer::data::{Data, rows};
use crate::trainer::dataset::{Batch, Dataset};
use crate::{Error, Result};
use ferras_graph::Tensor;

/// Single samples of arrays.
pub(super) struct Arrays {
    x: Vec<Array>,
    y: Vec<Tensor>,
    rows: usize,
}

impl Arrays {
    pub(super) fn new(x: Data, y: Data) -> Result<Arrays> {
        let (x, y) = (x.into_arrays("x")?, y.into_tensors("y")?);
        let all = x.iter().map(Array::shape).chain(y.iter().map(Tensor::shape));
        let rows = rows(all, "x and y")?;
        Ok(Arrays { x, y, rows })
    }
}

/// One row of an array, without the axis of rows.
fn row(array: &Array, index: usize) -> Result<Array> {
    let row = array.rows(index..index + 1)?;
    let inner: Vec<usize> = row.shape().iter().skip(1).copied().collect();
    row.reshape(inner)
}

impl Stage for Arrays {
    fn pass(&mut self, _: u64) -> Elements<'_> {
        Box::new((0..self.rows).map(|i| {
            let x = self.x.iter().map(|array| row(array, i)).collect::<Result<_>>()?;
            let y = self.y.iter().map(|y| Ok(row(&y.into(), i)?.numbers()?.clone()));
            Ok(Batch { x, y: y.collect::<Result<_>>()?, sample_weight: Vec::new() })
        }))
    }

    fn len(&self) -> Option<usize> {
        Some(self.rows)
    }
}

/// Single samples that were read before.
pub(super) struct Samples(pub(super) Vec<Batch>);

impl Stage for Samples {
    fn pass(&mut self, _: u64) -> Elements<'_> {
        Box::new(self.0.iter().cloned().map(Ok))
    }

    fn len(&self) -> Option<usize> {
        Some(self.0.len())
    }
}

/// The samples of a batch.
pub(super) fn unstacked(batch: &Batch) -> Result<Vec<Batch>> {
    let others = || batch.y.iter().chain(&batch.sample_weight);
    let count = rows(batch.x.iter().map(Array::shape).chain(others().map(Tensor::shape)), "batch")?;
    let numbers = |tensors: &[Tensor], i: usize| -> Result<Vec<Tensor>> {
        tensors.iter().map(|t| Ok(row(&t.into(), i)?.numbers()?.clone())).collect()
    };
    let sample = |i: usize| {
        let x = batch.x.iter().map(|array| row(array, i)).collect::<Result<_>>()?;
        Ok(Batch { x, y: numbers(&batch.y, i)?, sample_weight: numbers(&batch.sample_weight, i)? })
    };
    (0..count).map(sample).collect()
}

/// The batches of another data set.
pub(super) struct Stream(pub(super) Box<dyn Dataset>);

impl Stage for Stream {
    fn pass(&mut self, _: u64) -> Elements<'_> {
        self.0.batches()
    }

    fn len(&self) -> Option<usize> {
        self.0.len()
    }
}

/// Several elements as one.
pub(super) struct Batched {
    pub(super) stage: Box<dyn Stage>,
    pub(super) size: usize,
}

impl Stage for Batched {
    fn pass(&mut self, number: u64) -> Elements<'_> {
        let size = self.size;
        if size == 0 {
            let problem = Error::argument("size", "of batch must be at least 1, got 0");
            return Box::new(std::iter::once(Err(problem)));
        }
        let mut elements = self.stage.pass(number);
        Box::new(std::iter::from_fn(move || {
            let part: Result<Vec<Batch>> = elements.by_ref().take(size).collect();
            match part {
                Ok(part) if part.is_empty() => None,
                part => Some(part.and_then(stack)),
            }
        }))
    }

    fn len(&self) -> Option<usize> {
        self.stage.len().map(|n| n.div_ceil(self.size.max(1)))
    }
}

/// Elements along a new first axis.
fn stack(part: Vec<Batch>) -> Result<Batch> {
    let mut part = part.into_iter();
    let grown =
        |arrays: Vec<Array>| -> Result<Vec<Array>> { arrays.iter().map(super::grown).collect() };
    let arrays = |tensors: Vec<Tensor>| tensors.into_iter().map(Array::from).collect();
    let grown = |b: Batch| -> Result<[Vec<Array>; 3]> {
        Ok([grown(b.x)?, grown(arrays(b.y))?, grown(arrays(b.sample_weight))?])
    };
    let Some(first) = part.next() else { return Ok(Batch::default()) };
    let mut all = grown(first)?;
    for element in part {
        for (all, more) in all.iter_mut().zip(grown(element)?) {
            if all.len() != more.len() {
                let problem = "batch: elements with different numbers of arrays";
                return Err(Error::Data(problem.into()));
            }
            for (all, more) in all.iter_mut().zip(&more) {
                all.append(more).map_err(|e| Error::Data(format!("batch: {e}")))?;
            }
        }
    }
    let tensors = |arrays: Vec<Array>| -> Result<Vec<Tensor>> {
        arrays.iter().map(|array| array.numbers().cloned()).collect()
    };
    let [x, y, sample_weight] = all;
    Ok(Batch { x, y: tensors(y)?, sample_weight: tensors(sample_weight)? })
}

/// Another order.
pub(super) struct Shuffle {
    pub(super) stage: Box<dyn Stage>,
    pub(super) buffer_size: usize,
    pub(super) seed: u64,
}

impl Stage for Shuffle {
    fn pass(&mut self, number: u64) -> Elements<'_> {
        let mut random = Generator::new(mixed(self.seed, number, 0));
        let size = self.buffer_size.max(1);
        let mut elements = self.stage.pass(number);
        let mut buffer: Vec<Batch> = Vec::new();
        Box::new(std::iter::from_fn(move || {
            while buffer.len() < size {
                match elements.next() {
                    Some(Ok(element)) => buffer.push(element),
                    Some(Err(e)) => return Some(Err(e)),
                    None => break,
                }
            }
            let place = random.below(buffer.len() as u64) as usize;
            (!buffer.is_empty()).then(|| Ok(buffer.swap_remove(place)))
        }))
    }

    fn len(&self) -> Option<usize> {
        self.stage.len()
    }
}

/// What the first pass gave.
pub(super) struct Cache {
    pub(super) stage: Box<dyn Stage>,
    pub(super) kept: Option<Vec<Batch>>,
}

impl Stage for Cache {
    fn pass(&mut self, number: u64) -> Elements<'_> {
        let Cache { stage, kept } = self;
        if let Some(kept) = kept {
            return Box::new(kept.iter().cloned().map(Ok));
        }
        let mut elements = stage.pass(number);
        let mut seen = Some(Vec::new());
        Box::new(std::iter::from_fn(move || {
            let next = elements.next();
            match (&next, &mut seen) {
                (Some(Ok(element)), Some(seen)) => seen.push(element.clone()),
                // Of a pass that broke off, nothing is kept.
                (Some(Err(_)), _) => seen = None,
                (None, _) => *kept = seen.take().or(kept.take()),
                _ => {}
            }
            next
        }))
    }

    fn len(&self) -> Option<usize> {
        self.kept.as_ref().map(Vec::len).or_else(|| self.stage.len())
    }
}

/// Some of the elements.
pub(super) struct Part {
    pub(super) stage: Box<dyn Stage>,
    pub(super) skip: usize,
    pub(super) take: usize,
}

impl Stage for Part {
    fn pass(&mut self, number: u64) -> Elements<'_> {
        Box::new(self.stage.pass(number).skip(self.skip).take(self.take))
    }

    fn len(&self) -> Option<usize> {
        self.stage.len().map(|n| n.saturating_sub(self.skip).min(self.take))
    }
}

/// Two elements as one.
pub(super) struct Zip {
    pub(super) stage: Box<dyn Stage>,
    pub(super) other: Box<dyn Stage>,
}

impl Stage for Zip {
    fn pass(&mut self, number: u64) -> Elements<'_> {
        let pairs = self.stage.pass(number).zip(self.other.pass(number));
        Box::new(pairs.map(|(a, b)| {
            let (mut a, b) = (a?, b?);
            a.x.extend(b.x);
            a.y.extend(b.y);
            a.sample_weight.extend(b.sample_weight);
            Ok(a)
        }))
    }

    fn len(&self) -> Option<usize> {
        self.stage.len().zip(self.other.len()).map(|(a, b)| a.min(b))
    }
}
