//! `Identity`: nothing happens.
use crate::layers::prelude::*;

/// Gives what it gets.
///
/// - **Source** Keras 3 `layers.Identity`.
///
/// ```
/// use ferras::layers::{Identity, LayerExt};
/// use ferras::models::{Input, Model};
/// let x = Input::new([3]);
/// assert_eq!(Model::new(&x, &Identity::new().apply(&x))?.count_params(), 0);
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.layers")]
pub struct Identity;

impl Layer for Identity {
    fn call(&self, cx: &mut Call) -> Value {
        cx.input()
    }

    fn supports_masking(&self) -> bool {
        true
    }
}
