//! Models and weights in files.
mod config;
#[doc(hidden)]
pub mod probe;

use crate::datasets::npz;
use crate::models::Model;
use crate::{Error, Result};
use ferras_graph::Tensor;
use std::path::Path;

/// What a file's name must end in.
const WEIGHTS: &str = ".npz";

/// An error unless a model (or its weights alone) can be written into a file of this name.
pub(crate) fn check_path(path: &Path, weights_only: bool) -> Result<()> {
    let known = path.to_string_lossy().ends_with(WEIGHTS);
    match weights_only {
        true if known => Ok(()),
        true => Err(Error::file(
            path,
            format!("is no name for weights: the name must end in {WEIGHTS:?} (NumPy's format)"),
        )),
        false => Err(Error::file(
            path,
            "is no name for a model: whole models cannot be written yet; write the weights alone, \
             with save_weights_only(true) and a name that ends in \".npz\" (NumPy's format)",
        )),
    }
}

/// Writes a model with its training state.
pub(crate) fn save_model(_: &Model, path: &Path) -> Result<()> {
    check_path(path, false)
}

/// Writes the weights.
pub(crate) fn save_weights(model: &Model, path: &Path) -> Result<()> {
    check_path(path, true)?;
    model.network()?;
    let values = model.get_weights()?;
    let paths = model.weights().iter().map(|v| v.path());
    let arrays: Vec<(&str, &Tensor)> = paths.zip(&values).collect();
    npz::write(path, &arrays)
}

impl Model {
    /// Writes the values of all weights into a file, in place of what it held: as a whole or not
    /// at all. A name that ends in `.npz` gives NumPy's format, one array a weight under its path.
    ///
    /// ```
    /// use ferras::prelude::*;
    /// let path = std::env::temp_dir().join(format!("ferras-doc-weights-{}.npz", std::process::id()));
    /// let x = Input::new([3]);
    /// let model = Model::new(&x, &Dense::new(2).apply(&x))?;
    /// let mut other = Model::new(&x, &Dense::new(2).apply(&x))?;
    /// model.save_weights(&path)?;
    /// other.load_weights(&path)?;
    /// assert_eq!(model.get_weights()?, other.get_weights()?);
    /// # std::fs::remove_file(&path).unwrap();
    /// # Ok::<(), ferras::Error>(())
    /// ```
    pub fn save_weights(&self, path: impl AsRef<Path>) -> Result<()> {
        save_weights(self, path.as_ref())
    }

    /// Takes the values of all weights from a file that [`Model::save_weights`] wrote. Nothing
    /// changes unless names and shapes are those of the model.
    pub fn load_weights(&mut self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        check_path(path, true)?;
        self.network()?;
        let arrays = npz::read(path)?;
        let (expected, found) = (self.weights().len(), arrays.names().len());
        let mut values = Vec::with_capacity(expected);
        for variable in self.weights() {
            let value = arrays.get(variable.path())?;
            if *value.shape() != variable.ty().shape {
                return Err(Error::file(
                    path,
                    format!(
                        "holds {:?} of shape {}, but the model's has shape {}",
                        variable.path(),
                        value.shape(),
                        variable.ty().shape
                    ),
                ));
            }
            values.push(value.clone());
        }
        if expected != found {
            let own = |name: &&str| !self.weights().iter().any(|v| v.path() == *name);
            let more: Vec<&str> = arrays.names().into_iter().filter(own).collect();
            let more = more.join(", ");
            return Err(Error::file(
                path,
                format!("holds weights the model does not have: {more}"),
            ));
        }
        self.set_weights(&values)
    }
}
