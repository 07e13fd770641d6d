//! `AveragePooling1D`, `AveragePooling2D`, `AveragePooling3D`: the mean of each window.
use super::{pool, pools};
use crate::config::Sizes;
use crate::layers::prelude::*;
use crate::layers::spatial::{DataFormat, Padding, Windows};

pools! {
    Value::average_pool;
    /// The mean of each window of steps; padding does not count.
    ///
    /// - **Input** `(batch, steps, channels)`. **Output** `(batch, steps', channels)` with
    ///   steps' = ⌈(steps − pool_size + 1) / stride⌉ (valid) or ⌈steps / stride⌉ (same).
    /// - **Errors** at build: rank other than 3, a size of 0, an empty output.
    /// - **Source** Keras 3 `layers.AveragePooling1D`.
    ///
    /// ```
    /// use ferras::prelude::*;
    /// let x = Input::new([10, 4]);
    /// let y = Flatten::new().apply(&AveragePooling1D::new(2).apply(&x));
    /// assert_eq!(Model::new(&x, &Dense::new(1).apply(&y))?.count_params(), 5 * 4 + 1);
    /// # Ok::<(), ferras::Error>(())
    /// ```
    AveragePooling1D, 1;
    /// The mean of each window of an image; padding does not count.
    ///
    /// - **Input** `(batch, rows, columns, channels)`, or `(batch, channels, rows, columns)` with
    ///   `channels_first`. **Output** `(batch, rows', columns', channels)` with
    ///   rows' = ⌈(rows − pool_size + 1) / stride⌉ (valid) or ⌈rows / stride⌉ (same).
    /// - **Errors** at build: rank other than 4, a size of 0, an empty output.
    /// - **Source** Keras 3 `layers.AveragePooling2D`.
    ///
    /// ```
    /// use ferras::prelude::*;
    /// let x = Input::new([9, 9, 2]);
    /// let y = Flatten::new().apply(&AveragePooling2D::new((2, 3)).strides(1).apply(&x));
    /// assert_eq!(Model::new(&x, &Dense::new(1).apply(&y))?.count_params(), 8 * 7 * 2 + 1);
    /// # Ok::<(), ferras::Error>(())
    /// ```
    AveragePooling2D, 2;
    /// The mean of each window of a volume; padding does not count.
    ///
    /// - **Input** `(batch, depth, rows, columns, channels)`, or `(batch, channels, …)` with
    ///   `channels_first`. **Output** alike, sizes as for [`AveragePooling2D`].
    /// - **Errors** at build: rank other than 5, a size of 0, an empty output.
    /// - **Source** Keras 3 `layers.AveragePooling3D`.
    ///
    /// ```
    /// use ferras::prelude::*;
    /// let x = Input::new([4, 8, 8, 1]);
    /// let y = Flatten::new().apply(&AveragePooling3D::new(2).apply(&x));
    /// assert_eq!(Model::new(&x, &Dense::new(1).apply(&y))?.count_params(), 2 * 4 * 4 + 1);
    /// # Ok::<(), ferras::Error>(())
    /// ```
    AveragePooling3D, 3;
}
