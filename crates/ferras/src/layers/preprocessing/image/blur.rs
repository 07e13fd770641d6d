//! Pixels as weighted means of those around.
use ferras_graph::{ConvDims, Tensor, Value, same_padding};

/// Each pixel as the sum of those around it times fixed weights; beyond the edges is 0.
pub(super) fn around(images: &Value, weights: &[Vec<f64>]) -> Value {
    let size = [weights.len(), weights.first().map_or(0, Vec::len)];
    match Tensor::new(size, weights.concat()) {
        Ok(kernel) => filter(images, &images.builder().constant(kernel.cast(images.dtype()))),
        Err(e) => images.error("around", e.to_string()),
    }
}

/// Each pixel as the sum of those around it times a kernel `(rows, columns)`; beyond the edges is 0.
pub(super) fn filter(images: &Value, kernel: &Value) -> Value {
    let channels = images.dim(-1);
    let size = [kernel.dim(0), kernel.dim(1)];
    let kernel = kernel.reshape([size[0], size[1], 1, 1]);
    let padding = [0, 1].map(|i| same_padding(images.dim(i as isize + 1), size[i], 1, 1));
    let dims = ConvDims {
        strides: vec![1, 1],
        padding: padding.to_vec(),
        dilation: vec![1, 1],
        groups: channels,
    };
    images.conv(&kernel.broadcast_to([size[0], size[1], 1, channels]), dims)
}

/// A kernel whose weights fall off as a bell of the given widths: the outer product of one for rows
/// and one for columns, each of sum 1. A half is how far it reaches to each side.
pub(super) fn bell(like: &Value, rows: &Bell, columns: &Bell) -> Value {
    rows.weights(like).expand_dims(1) * columns.weights(like).expand_dims(0)
}

/// A bell curve at whole places.
pub(super) struct Bell {
    /// Number of places, odd.
    pub(super) size: usize,
    /// Standard deviation in places, a scalar.
    pub(super) sigma: Value,
    /// Places farther from the middle than this scalar have no weight.
    pub(super) reach: Option<Value>,
}

impl Bell {
    fn weights(&self, like: &Value) -> Value {
        let place = like.builder().iota(like.dtype(), [self.size], 0) - (self.size as f64 - 1.0) / 2.0;
        let weights = ((&place / &self.sigma).square() * -0.5).exp();
        let weights = match &self.reach {
            Some(reach) => place.abs().less_equal(reach).select(&weights, 0.0),
            None => weights,
        };
        &weights / weights.sum(&[], true)
    }
}
