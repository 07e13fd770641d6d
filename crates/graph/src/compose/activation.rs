//! Activation functions.
use crate::Value;

impl Value {
    /// max(x, 0)
    ///
    /// ```
    /// use ferras_graph::{Builder, DType};
    /// assert_eq!(Builder::new().full(DType::F32, [2], -1.0).relu().shape().to_string(), "(2,)");
    /// ```
    #[track_caller]
    pub fn relu(&self) -> Value {
        self.maximum(0.0)
    }
}
