//! Layers: `keras.layers`. One layer, one file; the contents page is here.
mod build;
mod call;
mod core;
mod layer;
pub(crate) mod prelude;

pub use self::core::{Dense, InputLayer};
pub use build::{Build, PartialShape, ShapeCheck, TensorSpec, WeightSpec};
pub use call::{Call, Trace};
pub use layer::{Layer, LayerExt, LayerRef};

use crate::config::{Entry, Family, FromConfig};
use std::sync::Arc;

/// A row of the table of layers.
const fn row<L: Layer + FromConfig>(names: &'static [&'static str]) -> Entry<dyn Layer> {
    Entry { names, make: |config, scope| Ok(Arc::new(L::from_config(config, scope)?)) }
}

impl Family for dyn Layer {
    const KIND: &'static str = "layer";
    fn table() -> &'static [Entry<dyn Layer>] {
        const { &[row::<Dense>(&["Dense"]), row::<InputLayer>(&["InputLayer"])] }
    }
}
