//! What a network of a file may ask for, before anything of that size is allocated.
use super::{Nested, Network};
use crate::config::ElementType;
use crate::containers::Limits;
use crate::layers::WeightSpec;
use crate::{Error, Result};

impl Network {
    /// An error if the values of a sample take more than the limits allow, layer by layer: a text of a
    /// few bytes can ask for any number.
    pub(crate) fn check_values(&self, limits: &Limits) -> Result<()> {
        described(limits.check_values(self.value_bytes()))
    }

    /// An error if there are more initial weights than the limits allow.
    pub(crate) fn check_initial(&self, limits: &Limits) -> Result<()> {
        let bytes = |w: &WeightSpec| bytes(w.ty().dtype.into(), w.ty().shape.iter().copied());
        let sizes = self.weights.iter().map(bytes);
        described(limits.check_initial(sizes.fold(0, u64::saturating_add)))
    }

    /// Bytes of all that the layers give for a sample; axes of open size count once.
    fn value_bytes(&self) -> u64 {
        let outputs = self.calls.iter().flat_map(|call| &call.outputs);
        let own = outputs.map(|spec| bytes(spec.dtype, spec.shape.iter().flatten().copied()));
        let nested = self.calls.iter().filter_map(|call| self.layers.get(call.layer));
        let nested = nested.filter_map(|entry| entry.layer.downcast::<Nested>());
        let inside = nested.map(|nested| nested.network.value_bytes());
        own.chain(inside).fold(0, u64::saturating_add)
    }
}

fn described(checked: Result<(), String>) -> Result<()> {
    checked.map_err(|problem| Error::Model(format!("the configuration {problem}")))
}

/// Bytes of elements of this type in axes of these sizes.
fn bytes(dtype: ElementType, sizes: impl Iterator<Item = usize>) -> u64 {
    sizes.fold(dtype.size() as u64, |product, size| product.saturating_mul(size as u64))
}
