//! `predict`: the model's outputs. May be called from many threads at once.
use super::callback::{Access, Callback, Course, Run, RunParams};
use super::data::{Data, check_inputs, rows};
use super::dataset::{Arrays, Batch, Dataset, Rows, Staging, positive};
use super::evaluate::no_batch_size;
use super::feed::Feed;
use super::options::Predict;
use super::progress;
use super::tokens::warn_of_fractions;
use crate::array::Array;
use crate::layers::TensorSpec;
use crate::models::Model;
use crate::{Error, Result};
use ferras_graph::{Tensor, TensorType};

impl Model {
    /// The outputs for the inputs: one tensor with a row for each sample, for a model with one
    /// output. Prints nothing; several outputs come from [`Model::predict_with`].
    ///
    /// ```
    /// use ferras::prelude::*;
    /// let x = Input::new([2]);
    /// let model = Model::new(&x, &Dense::new(3).apply(&x))?;
    /// assert_eq!(model.predict([[0.0_f32, 1.0], [1.0, 0.0]])?.shape().to_string(), "(2, 3)");
    /// # Ok::<(), ferras::Error>(())
    /// ```
    pub fn predict(&self, x: impl Into<Data>) -> Result<Tensor> {
        let mut outputs = self.predict_with(x, Predict::new().verbose(0))?;
        match (outputs.pop(), outputs.len()) {
            (Some(output), 0) => Ok(output),
            (_, more) => Err(Error::Model(format!(
                "model {:?} has {} outputs; predict_with returns all of them",
                self.name(),
                more + 1
            ))),
        }
    }

    /// All outputs for the inputs, in order, batch by batch.
    pub fn predict_with(&self, x: impl Into<Data>, options: Predict<'_>) -> Result<Vec<Tensor>> {
        let batch_size = positive("batch_size", options.batch_size.unwrap_or(32))?;
        let arrays = self.inputs(x.into())?;
        warn_of_fractions(self.network()?, &arrays.x);
        let steps = options.steps.map(|n| positive("steps", n)).transpose()?;
        self.predict_batches(Feed::arrays(&arrays, batch_size, steps), options)
    }

    /// All outputs for a stream of batches, whose targets are not looked at.
    ///
    /// ```
    /// use ferras::prelude::*;
    /// use ferras::data::{Batch, Dataset};
    /// struct Three;
    /// impl Dataset for Three {
    ///     fn batches(&mut self) -> Box<dyn Iterator<Item = Result<Batch>> + Send + '_> {
    ///         Box::new((0..3).map(|i| {
    ///             let x = vec![Tensor::new([2, 1], vec![i as f32; 2])?.into()];
    ///             Ok(Batch { x, ..Batch::default() })
    ///         }))
    ///     }
    /// }
    /// let model = Sequential::new().add(Dense::new(4).input_dim(1)).build()?;
    /// let outputs = model.predict_dataset(&mut Three, Predict::new().verbose(0))?;
    /// assert_eq!(outputs[0].shape().to_string(), "(6, 4)");
    /// # Ok::<(), ferras::Error>(())
    /// ```
    pub fn predict_dataset(
        &self,
        dataset: &mut dyn Dataset,
        options: Predict<'_>,
    ) -> Result<Vec<Tensor>> {
        no_batch_size(options.batch_size)?;
        let steps = options.steps.map(|n| positive("steps", n)).transpose()?;
        let check = |model: &Model, batch: Batch| model.inputs(batch.x.into());
        self.predict_batches(Feed::stream(dataset, steps, check)?, options)
    }

    fn predict_batches(&self, mut feed: Feed<'_>, options: Predict<'_>) -> Result<Vec<Tensor>> {
        let Predict { verbose, mut callbacks, .. } = options;
        let params =
            RunParams { steps: feed.steps(), verbose: verbose.number()?, ..RunParams::default() };
        callbacks.extend(progress::added(params.verbose, &callbacks));
        let mut course = Course::default();
        let mut notify = |hook: &mut dyn FnMut(&mut dyn Callback, &mut Run) -> Result<()>| {
            callbacks.iter_mut().try_for_each(|callback| {
                let (model, numbers) = (Access::Read(self), None);
                hook(
                    &mut **callback,
                    &mut Run { model, numbers, params: &params, course: &mut course },
                )
            })
        };
        notify(&mut |c, run| c.on_predict_begin(run))?;
        let mut results: Vec<Tensor> = Vec::new();
        let mut outputs = Vec::new();
        let mut staging = Staging::default();
        for index in 0.. {
            let Some((arrays, rows)) = feed.next(self)? else { break };
            arrays.with_rows(rows, &mut staging, |batch| {
                notify(&mut |c, run| c.on_predict_batch_begin(index, run))?;
                self.run_predict(batch.x, &mut outputs)?;
                match results.is_empty() {
                    true => results = std::mem::take(&mut outputs),
                    false => {
                        let mut pairs = results.iter_mut().zip(&outputs);
                        pairs.try_for_each(|(all, part)| all.append(part))?;
                    }
                }
                notify(&mut |c, run| c.on_predict_batch_end(index, run))
            })?;
        }
        notify(&mut |c, run| c.on_predict_end(run))?;
        Ok(results)
    }

    /// The outputs for one batch.
    pub fn predict_on_batch(&self, x: impl Into<Data>) -> Result<Vec<Tensor>> {
        let arrays = self.inputs(x.into())?;
        let mut outputs = Vec::new();
        let rows = Rows::Range(0, arrays.rows);
        arrays.with_rows(rows, &mut Staging::default(), |batch| {
            self.run_predict(batch.x, &mut outputs)
        })?;
        Ok(outputs)
    }

    /// Multiply-adds of the matrix products and convolutions of a prediction for one sample. A
    /// training step takes about three times as many for each sample.
    ///
    /// Errors: an input whose sizes are not all known.
    ///
    /// ```
    /// use ferras::prelude::*;
    /// let x = Input::new([28, 28, 1]);
    /// let model = Model::new(&x, &Conv2D::new(32, 3).apply(&x))?;
    /// assert_eq!(model.multiply_adds()?, 26 * 26 * 3 * 3 * 32);
    /// # Ok::<(), ferras::Error>(())
    /// ```
    pub fn multiply_adds(&self) -> Result<u64> {
        let network = self.network()?;
        let sample = |(spec, name): (&TensorSpec, &str)| {
            let shape = spec.shape.iter().skip(1).copied().collect::<Option<Vec<usize>>>();
            let open =
                || Error::Model(format!("the cost of a sample needs all sizes of input {name:?}"));
            let (shape, dtype) = (shape.ok_or_else(open)?, spec.dtype.number().ok_or_else(open)?);
            Ok(TensorType::new(dtype, [&[1], &shape[..]].concat()))
        };
        let specs = network.feed_specs().into_iter().zip(network.feed_names());
        Ok(self.trace_predict(&specs.map(sample).collect::<Result<Vec<_>>>()?)?.multiply_adds())
    }

    /// An error unless the model takes these inputs, as `predict` would tell it. Nothing is computed.
    ///
    /// ```
    /// use ferras::prelude::*;
    /// let model = Sequential::new().add(Dense::new(3).input_dim(2)).build()?;
    /// assert!(model.check_inputs([[0.0_f32, 1.0]]).is_ok());
    /// let error = model.check_inputs([[0.0_f32, 1.0, 2.0]]).unwrap_err();
    /// assert!(error.to_string().contains("expected shape (None, 2), got (1, 3)"));
    /// # Ok::<(), ferras::Error>(())
    /// ```
    pub fn check_inputs(&self, x: impl Into<Data>) -> Result<()> {
        self.inputs(x.into()).map(|_| ())
    }

    fn inputs(&self, x: Data) -> Result<Arrays> {
        let network = self.network()?;
        let mut x = x.resolve_arrays(&network.input_names(), "x")?;
        check_inputs(self.name(), network, &mut x)?;
        let rows = rows(x.iter().map(Array::shape), "x")?;
        match rows {
            0 => Err(Error::Data("x is empty: expected at least one row".into())),
            _ => Ok(Arrays { x, rows, host: self.on_host()?, ..Arrays::default() }),
        }
    }
}
