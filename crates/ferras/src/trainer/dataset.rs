//! Data in batches: rows of arrays in some order, or a stream.
use super::step::BatchView;
use crate::array::Array;
use crate::models::Network;
use crate::{Error, Result};
use ferras_graph::{Tensor, TensorView};
use std::sync::Arc;

/// Batches of training data from anywhere: files, generators, other programs. The stream is read
/// on a thread of its own, a few batches ahead.
///
/// ```
/// use ferras::prelude::*;
/// use ferras::data::{Batch, Dataset};
///
/// /// y = x₀ + x₁, without end.
/// struct Sums;
///
/// impl Dataset for Sums {
///     fn batches(&mut self) -> Box<dyn Iterator<Item = Result<Batch>> + Send + '_> {
///         Box::new((0..).map(|i| {
///             let x = Tensor::new([1, 2], vec![i as f32, 1.0])?;
///             Ok(Batch::new(x, Tensor::new([1], vec![i as f32 + 1.0])?))
///         }))
///     }
/// }
///
/// let mut model = Sequential::new().add(Dense::new(1).input_dim(2));
/// model.compile(Compile::new().optimizer("sgd").loss("mse"))?;
/// model.fit_dataset(&mut Sums, Fit::new().steps_per_epoch(4).verbose(0))?;
/// # Ok::<(), ferras::Error>(())
/// ```
pub trait Dataset: Send {
    /// The batches of one pass, from the beginning.
    fn batches(&mut self) -> Box<dyn Iterator<Item = Result<Batch>> + Send + '_>;

    /// Number of batches of a pass, where it is known.
    fn len(&self) -> Option<usize> {
        None
    }

    /// Whether a pass is known to have no batch.
    fn is_empty(&self) -> bool {
        self.len() == Some(0)
    }
}

impl<D: Dataset + ?Sized> Dataset for &mut D {
    fn batches(&mut self) -> Box<dyn Iterator<Item = Result<Batch>> + Send + '_> {
        (**self).batches()
    }

    fn len(&self) -> Option<usize> {
        (**self).len()
    }
}

/// The batches of a pass. A panic of the data set becomes the error of a batch, so that training
/// ends as for any other.
pub(crate) fn pass<'a>(
    dataset: &'a mut (dyn Dataset + 'a),
) -> impl Iterator<Item = Result<Batch>> + 'a {
    let mut batches = Some(caught(move || dataset.batches()));
    std::iter::from_fn(move || {
        let next = match batches.as_mut()? {
            Ok(batches) => caught(|| batches.next()),
            Err(_) => batches.take()?.map(|_| None),
        };
        if next.is_err() {
            batches = None;
        }
        next.and_then(Option::transpose).transpose()
    })
}

/// What a part of a data set gives; a panic in it as an error.
pub(crate) fn caught<R>(part: impl FnOnce() -> R) -> Result<R> {
    // After a panic the data set is not asked again.
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(part)).map_err(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or(panic.downcast_ref::<&str>().copied()).unwrap_or("without a message");
        Error::Data(format!("the data set panicked instead of giving a batch: {text}"))
    })
}

/// One batch of a stream: inputs, targets and, where there are any, sample weights.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// The model's inputs, in order: numbers or texts.
    pub x: Vec<Array>,
    /// The targets, in the order of the model's outputs.
    pub y: Vec<Tensor>,
    /// Weights of the samples for each target.
    pub sample_weight: Vec<Tensor>,
}

impl Batch {
    /// A batch of one input and one target.
    pub fn new(x: impl Into<Array>, y: Tensor) -> Batch {
        Batch { x: vec![x.into()], y: vec![y], sample_weight: Vec::new() }
    }
}

/// Whole arrays with as many rows each.
#[derive(Clone, Debug, Default)]
pub(crate) struct Arrays {
    pub(crate) x: Vec<Array>,
    pub(crate) y: Vec<Tensor>,
    pub(crate) weights: Vec<Option<Tensor>>,
    pub(crate) rows: usize,
    /// The network whose part on the host makes of `x` what its graph is fed, if it has one.
    pub(crate) host: Option<Arc<Network>>,
}

/// Memory for the rows of one batch, used again for the next one.
#[derive(Debug, Default)]
pub(crate) struct Staging {
    tensors: Vec<Tensor>,
    shapes: Vec<Vec<usize>>,
}

/// Which rows make a batch.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Rows<'a> {
    /// Neighbours, used where they are.
    Range(usize, usize),
    /// Picked out one by one.
    Picked(&'a [usize]),
}

impl Rows<'_> {
    pub(crate) fn len(&self) -> usize {
        match self {
            Rows::Range(start, limit) => limit - start,
            Rows::Picked(rows) => rows.len(),
        }
    }
}

impl Arrays {
    /// Calls `use_batch` with the given rows of all arrays; where a part of the network is computed on
    /// the host, with what that gives for them.
    pub(crate) fn with_rows<R>(
        &self,
        rows: Rows<'_>,
        staging: &mut Staging,
        use_batch: impl FnOnce(&BatchView<'_>) -> Result<R>,
    ) -> Result<R> {
        let Some(network) = &self.host else {
            let x = self.x.iter().map(Array::numbers).collect::<Result<Vec<_>>>()?;
            return self.with_tensors(&x, rows, staging, use_batch);
        };
        let picked = |array: &Array| match rows {
            Rows::Range(start, limit) => array.rows(start..limit),
            Rows::Picked(rows) => array.gather(rows),
        };
        let x = self.x.iter().map(picked).collect::<Result<Vec<_>>>()?;
        let fed = network.run_host(&x)?;
        self.with_tensors(&[], rows, staging, |batch| {
            let x: Vec<TensorView<'_>> = fed.iter().map(Tensor::view).collect();
            use_batch(&BatchView { x: &x, ..*batch })
        })
    }

    fn with_tensors<R>(
        &self,
        x: &[&Tensor],
        rows: Rows<'_>,
        staging: &mut Staging,
        use_batch: impl FnOnce(&BatchView<'_>) -> Result<R>,
    ) -> Result<R> {
        let weights = self.weights.iter().flatten();
        let all = x.iter().copied().chain(&self.y).chain(weights);
        let count = all.clone().count();
        staging.shapes.resize(count, Vec::new());
        let views: Vec<TensorView<'_>> = match rows {
            Rows::Range(start, limit) => all
                .zip(&mut staging.shapes)
                .map(|(t, shape)| t.rows(start..limit, shape))
                .collect::<Result<_, _>>()?,
            Rows::Picked(picked) => {
                staging.tensors.resize_with(count, || Tensor::scalar(0_u8));
                for (tensor, source) in staging.tensors.iter_mut().zip(all) {
                    tensor.gather_rows(source, picked)?;
                }
                staging.tensors.iter().map(Tensor::view).collect()
            }
        };
        let (x, rest) = views.split_at(x.len());
        let (y, given) = rest.split_at(self.y.len());
        let mut given = given.iter().copied();
        let weights: Vec<_> =
            self.weights.iter().map(|w| w.as_ref().and_then(|_| given.next())).collect();
        use_batch(&BatchView { x, y, weights: &weights })
    }

    /// The arrays' first `rows` rows, and the rest.
    pub(crate) fn split(&self, rows: usize) -> Result<(Arrays, Arrays)> {
        let part = |from: usize, to: usize| -> Result<Arrays> {
            let mut shape = Vec::new();
            let mut cut = |t: &Tensor| t.rows(from..to, &mut shape).map(|v| v.to_tensor());
            Ok(Arrays {
                x: self.x.iter().map(|x| x.rows(from..to)).collect::<Result<_>>()?,
                y: self.y.iter().map(&mut cut).collect::<Result<_, _>>()?,
                weights: self
                    .weights
                    .iter()
                    .map(|w| w.as_ref().map(&mut cut).transpose())
                    .collect::<Result<_, _>>()?,
                rows: to - from,
                host: self.host.clone(),
            })
        };
        Ok((part(0, rows)?, part(rows, self.rows)?))
    }
}

/// An error unless `value` is at least 1.
pub(crate) fn positive(argument: &str, value: usize) -> Result<usize> {
    match value {
        0 => Err(Error::argument(argument, "must be at least 1, got 0")),
        n => Ok(n),
    }
}
