//! Windows.
use crate::{Value, Window};

/// Zeros before and after an axis so that windows `stride` apart give ⌈n / stride⌉ of them:
/// Keras' `padding="same"`, which puts the odd one after.
///
/// ```
/// use ferras_graph::same_padding;
/// assert_eq!(same_padding(5, 3, 1, 1), (1, 1)); // size 3
/// assert_eq!(same_padding(6, 3, 2, 1), (0, 1)); // every other place
/// assert_eq!(same_padding(5, 3, 1, 2), (2, 2)); // taps 2 apart
/// ```
pub fn same_padding(n: usize, size: usize, stride: usize, dilation: usize) -> (usize, usize) {
    if n == 0 {
        // Nothing has no places to add to; a window then finds none.
        return (0, 0);
    }
    let extent = size.saturating_sub(1).saturating_mul(dilation).saturating_add(1);
    let windows = n.div_ceil(stride.max(1));
    let room = windows.saturating_sub(1).saturating_mul(stride).saturating_add(extent);
    let padding = room.saturating_sub(n);
    (padding / 2, padding - padding / 2)
}

impl Value {
    /// Mean of each window over the spatial axes of (batch, spatial…, channels). Padding counts
    /// for nothing: a window that reaches into it is the mean of fewer elements.
    ///
    /// ```
    /// use ferras_graph::{Builder, DType, Window};
    /// let x = Builder::new().full(DType::F32, [2, 5, 3], 1.0);
    /// let window = Window { size: vec![2], strides: vec![2], padding: vec![(0, 1)] };
    /// assert_eq!(x.average_pool(window).shape().to_string(), "(2, 3, 3)");
    /// ```
    #[track_caller]
    pub fn average_pool(&self, window: Window) -> Value {
        let sums = self.sum_pool(window.clone());
        if window.padding.iter().all(|&p| p == (0, 0)) {
            return sums / window.size.iter().product::<usize>() as f64;
        }
        let mut one_image = self.shape().to_vec();
        if let [batch, .., channels] = &mut one_image[..] {
            (*batch, *channels) = (1, 1);
        }
        let ones = self.builder().full(self.dtype(), one_image, 1.0);
        sums / ones.sum_pool(window)
    }
}
