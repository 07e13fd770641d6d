//! `OrthogonalRegularizer`: a penalty on rows or columns that point the same way.
use super::{RegularizerFn, factor};
use crate::Result;
use crate::config::{Choice, Vocabulary};
use ferras_derive::Config;
use ferras_graph::{DType, Value};

/// What an [`OrthogonalRegularizer`] compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrthogonalMode {
    /// The rows of the matrix.
    Rows,
    /// The columns of the matrix.
    Columns,
}

impl Vocabulary for OrthogonalMode {
    const KIND: &'static str = "mode";
    const WORDS: &'static [(&'static str, Self)] =
        &[("rows", OrthogonalMode::Rows), ("columns", OrthogonalMode::Columns)];
}

/// factor · mean |cos| of the angles between each two rows (or columns) of a matrix.
///
/// - **Source** Keras 3 `regularizers.OrthogonalRegularizer`.
///
/// ```
/// use ferras::prelude::*;
/// let layer = Dense::new(4).kernel_regularizer(OrthogonalRegularizer::new().mode("columns"));
/// # let _ = layer;
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.regularizers")]
pub struct OrthogonalRegularizer {
    /// The factor; 0.01 by default.
    #[config(default = 0.01)]
    factor: f64,
    /// `"rows"` (default) or `"columns"`.
    #[config(default = "rows")]
    mode: Choice<OrthogonalMode>,
}

impl RegularizerFn for OrthogonalRegularizer {
    fn call(&self, x: &Value) -> Value {
        if x.rank() != 2 {
            let problem = format!("expected a weight of rank 2, got shape {}", x.shape());
            return x.error("OrthogonalRegularizer", problem);
        }
        let vectors = match self.mode.get() {
            Ok(OrthogonalMode::Rows) => x.clone(),
            Ok(OrthogonalMode::Columns) => x.transpose(&[1, 0]),
            Err(e) => return x.error("OrthogonalRegularizer", e.to_string()),
        };
        let unit = vectors.l2_normalize(&[-1], 1e-12);
        let count = unit.dim(0);
        let cosines = unit.matmul(&unit.transpose(&[1, 0]));
        let index = |axis| x.builder().iota(DType::I32, [count, count], axis);
        let off_diagonal = index(0).not_equal(index(1)).select(&cosines, 0.0);
        // Each pair stands twice in the matrix.
        let pairs = (count * count.saturating_sub(1)).max(1) as f64;
        off_diagonal.abs().sum(&[], false) * (self.factor / pairs)
    }

    fn check(&self) -> Result<()> {
        self.mode.get()?;
        factor("factor", self.factor)
    }
}
