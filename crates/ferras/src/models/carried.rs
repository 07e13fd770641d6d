//! What `stateful` layers carry from one batch to the next.
use super::Model;
use super::model::check_room;
use super::network::Network;
use crate::layers::WeightSpec;
use crate::{Error, Result};
use ferras_graph::{Backend, Buffer, Tensor};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A value that each batch replaces, in training, evaluation and prediction alike. It is none of the
/// model's weights: files do not hold it, and it begins as zeros.
#[derive(Debug)]
pub(crate) struct Carried {
    pub(crate) spec: WeightSpec,
    /// None before the first batch.
    value: Mutex<Option<Buffer>>,
    backend: Arc<dyn Backend>,
}

impl Carried {
    /// Those of a network, before the first batch.
    pub(super) fn all(network: &Network, backend: &Arc<dyn Backend>) -> Vec<Carried> {
        let fresh = |spec: &WeightSpec| Carried {
            spec: spec.clone(),
            value: Mutex::new(None),
            backend: backend.clone(),
        };
        network.carried.iter().map(fresh).collect()
    }

    /// The value for the time of a batch: others wait, so that each batch begins where one ended.
    pub(crate) fn hold(&self) -> Result<Held<'_>> {
        let mut held = self.lock();
        if held.is_none() {
            check_room(std::slice::from_ref(&self.spec))?;
            *held = Some(self.backend.upload(&Tensor::zeros(&self.spec.ty))?);
        }
        Ok(Held(held))
    }

    fn lock(&self) -> MutexGuard<'_, Option<Buffer>> {
        self.value.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A carried value that nobody else reads or replaces meanwhile.
pub(crate) struct Held<'a>(MutexGuard<'a, Option<Buffer>>);

impl Held<'_> {
    /// Where the back end keeps the value.
    pub(crate) fn buffer(&mut self) -> Result<&mut Buffer> {
        self.0.as_mut().ok_or_else(|| Error::Internal("a carried value was lost".into()))
    }
}

impl Model {
    /// Forgets what `stateful` recurrent layers carry from batch to batch: the next one begins with
    /// zeros, as the first did. May be called from several threads, as
    /// [`predict`](Model::predict) may.
    ///
    /// - **Source** Keras 3 `RNN.reset_states`, of all layers; Keras 2 `Model.reset_states`.
    ///
    /// ```
    /// use ferras::prelude::*;
    /// // A sum that goes on over batches of one sequence of two steps.
    /// let x = Input::batch_shape([1, 2, 1]);
    /// let sum = SimpleRNN::new(1).activation("linear").stateful(true);
    /// let sum = sum.kernel_initializer("ones").recurrent_initializer("ones");
    /// let model = Model::new(&x, &sum.apply(&x))?;
    /// let two_batches = Tensor::new([2, 2, 1], vec![1.0_f32, 2.0, 3.0, 4.0])?;
    /// let sums = model.predict_with(&two_batches, Predict::new().batch_size(1).verbose(0))?;
    /// assert_eq!(sums[0].to_f64_vec(), [3.0, 10.0]);
    /// assert_eq!(model.layer_states("simple_rnn")?[0].to_f64_vec(), [10.0]);
    /// model.reset_states();
    /// let sums = model.predict_with(&two_batches, Predict::new().batch_size(1).verbose(0))?;
    /// assert_eq!(sums[0].to_f64_vec(), [3.0, 10.0]);
    /// # Ok::<(), ferras::Error>(())
    /// ```
    pub fn reset_states(&self) {
        self.carried.iter().for_each(|carried| *carried.lock() = None);
    }

    /// Forgets what one layer carries from batch to batch; `"inner/lstm"` is the layer `lstm` of the
    /// model `inner` inside this one.
    ///
    /// - **Errors** a layer that carries nothing.
    /// - **Source** Keras 3 `RNN.reset_states`.
    pub fn reset_layer_states(&self, name: &str) -> Result<()> {
        self.carried_of(name)?.into_iter().for_each(|carried| *carried.lock() = None);
        Ok(())
    }

    /// What one layer carries to the next batch, in the order of its cell's states; those of the
    /// forward layer first where there are two.
    ///
    /// - **Errors** a layer that carries nothing.
    /// - **Source** Keras 3 `RNN.states`.
    pub fn layer_states(&self, name: &str) -> Result<Vec<Tensor>> {
        let value = |carried: &Carried| Ok(carried.hold()?.buffer()?.download()?);
        self.carried_of(name)?.into_iter().map(value).collect()
    }

    fn carried_of(&self, name: &str) -> Result<Vec<&Carried>> {
        let inside = |path: &str| path.strip_prefix(name).is_some_and(|rest| rest.starts_with('/'));
        let own: Vec<&Carried> = self.carried.iter().filter(|c| inside(&c.spec.path)).collect();
        match own.is_empty() {
            false => Ok(own),
            true => Err(Error::Model(format!(
                "no layer {name:?} of model {:?} carries states from batch to batch; those that do \
                 are made with .stateful(true)",
                self.name
            ))),
        }
    }
}
