//! A rectangle in each picture.
use crate::layers::Call;
use ferras_graph::Value;

/// Edges of a rectangle in pixels: left, right, top, bottom, `(batch, 1, 1, 1)` each; the right and
/// the lower one are not included.
#[derive(Clone, Debug)]
pub(crate) struct Region {
    pub(super) x: [Value; 2],
    pub(super) y: [Value; 2],
}

impl Region {
    /// A rectangle anywhere in each picture, with these shares of its width and height.
    pub(super) fn draw(
        cx: &mut Call,
        images: &Value,
        [width, height]: [&Value; 2],
        seed: Option<u64>,
    ) -> Region {
        let mut edges = |share: &Value, size: usize| {
            let length = share * size as f64;
            let start = super::uniform(cx, images, (0.0, 1.0), seed) * (size as f64 - &length);
            [start.clone(), start + length]
        };
        Region { x: edges(width, images.dim(2)), y: edges(height, images.dim(1)) }
    }

    /// Which pixels lie within, bool `(batch, rows, columns, 1)`.
    pub(super) fn mask(&self, images: &Value) -> Value {
        let shape = [1, images.dim(1), images.dim(2), 1];
        let within = |axis: usize, [start, end]: &[Value; 2]| {
            let place = images.builder().iota(images.dtype(), shape, axis);
            place.greater_equal(start).and(place.less(end))
        };
        within(2, &self.x).and(within(1, &self.y))
    }

    /// The share of the picture that it covers, `(batch, 1, 1, 1)`.
    pub(super) fn share(&self, images: &Value) -> Value {
        let extent = |[start, end]: &[Value; 2]| end - start;
        extent(&self.x) * extent(&self.y) / (images.dim(1) * images.dim(2)) as f64
    }
}
