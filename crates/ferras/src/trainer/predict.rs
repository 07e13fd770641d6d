//! `predict`: the model's outputs. May be called from many threads at once.
use super::callback::{Access, Callback, Course, Run, RunParams};
use super::data::{Data, check_inputs, rows};
use super::dataset::{Arrays, Rows, Staging, positive};
use super::options::Predict;
use super::progress;
use crate::models::Model;
use crate::{Error, Result};
use ferras_graph::{DType, Element, Elements, Tensor};

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
        let Predict { batch_size, verbose, steps, mut callbacks } = options;
        let batch_size = positive("batch_size", batch_size.unwrap_or(32))?;
        let steps = steps.map(|n| positive("steps", n)).transpose()?;
        let arrays = self.inputs(x.into())?;
        let all = arrays.rows.div_ceil(batch_size);
        let steps = steps.unwrap_or(all).min(all);
        let params =
            RunParams { steps: Some(steps), verbose: verbose.number(), ..RunParams::default() };
        callbacks.extend(progress::bar(params.verbose));
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
        let mut results: Vec<Joined> = Vec::new();
        let (mut staging, mut outputs) = (Staging::default(), Vec::new());
        for index in 0..steps {
            notify(&mut |c, run| c.on_predict_batch_begin(index, run))?;
            let start = index * batch_size;
            let rows = Rows::Range(start, start.saturating_add(batch_size).min(arrays.rows));
            arrays
                .with_rows(rows, &mut staging, |batch| self.run_predict(batch.x, &mut outputs))?;
            results.resize_with(outputs.len(), Joined::default);
            results.iter_mut().zip(&outputs).try_for_each(|(all, part)| all.append(part))?;
            notify(&mut |c, run| c.on_predict_batch_end(index, run))?;
        }
        notify(&mut |c, run| c.on_predict_end(run))?;
        results.into_iter().map(Joined::finish).collect()
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

    fn inputs(&self, x: Data) -> Result<Arrays> {
        let network = self.network()?;
        let names = network.input_names();
        let x = x.resolve(&names, "x")?;
        check_inputs(self.name(), &network.input_specs(), &names, &x)?;
        let rows = rows(&x, "x")?;
        match rows {
            0 => Err(Error::Data("x is empty: expected at least one row".into())),
            _ => Ok(Arrays { x, rows, ..Arrays::default() }),
        }
    }
}

/// The rows of an output, batch after batch.
#[derive(Default)]
struct Joined {
    shape: Vec<usize>,
    data: Option<Columns>,
}

/// Rows gathered so far; types other than float32 pass through float64.
enum Columns {
    F32(Vec<f32>),
    Other(DType, Vec<f64>),
}

impl Joined {
    fn append(&mut self, part: &Tensor) -> Result<()> {
        let rows = part.shape().first().copied().unwrap_or(1);
        if self.data.is_none() {
            self.shape = part.shape().to_vec();
            if let Some(first) = self.shape.first_mut() {
                *first = 0;
            }
        }
        if let Some(first) = self.shape.first_mut() {
            *first += rows;
        }
        let empty = || match part.dtype() {
            DType::F32 => Columns::F32(Vec::new()),
            other => Columns::Other(other, Vec::new()),
        };
        match (self.data.get_or_insert_with(empty), part.elements()) {
            (Columns::F32(all), Elements::F32(part)) => all.extend_from_slice(part),
            (Columns::Other(_, all), _) => all.extend(part.to_f64_vec()),
            (Columns::F32(all), _) => all.extend(part.to_f64_vec().into_iter().map(f32::from_f64)),
        }
        Ok(())
    }

    fn finish(self) -> Result<Tensor> {
        Ok(match self.data {
            Some(Columns::F32(data)) => Tensor::new(self.shape, data)?,
            Some(Columns::Other(dtype, data)) => Tensor::new(self.shape, data)?.cast(dtype),
            None => Tensor::new(self.shape, Vec::<f32>::new())?,
        })
    }
}
