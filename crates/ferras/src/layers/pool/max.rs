//! `MaxPooling1D`, `MaxPooling2D`, `MaxPooling3D`: the largest of each window.
use super::{pool, pools};
use crate::config::Sizes;
use crate::layers::prelude::*;
use crate::layers::spatial::{DataFormat, Padding, Windows};

pools! {
    Value::max_pool;
    /// The largest of each window of steps.
    ///
    /// - **Input** `(batch, steps, channels)`. **Output** `(batch, steps', channels)` with
    ///   steps' = ⌈(steps − pool_size + 1) / stride⌉ (valid) or ⌈steps / stride⌉ (same).
    /// - **Errors** at build: rank other than 3, a size of 0, an empty output.
    /// - **Source** Keras 3 `layers.MaxPooling1D`.
    ///
    /// ```
    /// use ferras::prelude::*;
    /// let x = Input::new([10, 4]);
    /// let y = Dense::new(1).apply(&Flatten::new().apply(&MaxPooling1D::new().apply(&x)));
    /// assert_eq!(Model::new(&x, &y)?.count_params(), 5 * 4 + 1);
    /// # Ok::<(), ferras::Error>(())
    /// ```
    MaxPooling1D, 1, #[config(default = 2)];
    /// The largest of each window of an image.
    ///
    /// - **Input** `(batch, rows, columns, channels)`, or `(batch, channels, rows, columns)` with
    ///   `channels_first`. **Output** `(batch, rows', columns', channels)` with
    ///   rows' = ⌈(rows − pool_size + 1) / stride⌉ (valid) or ⌈rows / stride⌉ (same).
    /// - **Errors** at build: rank other than 4, a size of 0, an empty output.
    /// - **Source** Keras 3 `layers.MaxPooling2D`. Of equal ones the gradient goes to the first.
    ///
    /// ```
    /// use ferras::prelude::*;
    /// let x = Input::new([9, 9, 2]);
    /// let y = MaxPooling2D::new().pool_size((2, 3)).padding("same").apply(&x);
    /// let y = Dense::new(1).apply(&Flatten::new().apply(&y));
    /// assert_eq!(Model::new(&x, &y)?.count_params(), 5 * 3 * 2 + 1);
    /// # Ok::<(), ferras::Error>(())
    /// ```
    MaxPooling2D, 2, #[config(default = 2)];
    /// The largest of each window of a volume.
    ///
    /// - **Input** `(batch, depth, rows, columns, channels)`, or `(batch, channels, …)` with
    ///   `channels_first`. **Output** alike, sizes as for [`MaxPooling2D`].
    /// - **Errors** at build: rank other than 5, a size of 0, an empty output.
    /// - **Source** Keras 3 `layers.MaxPooling3D`.
    ///
    /// ```
    /// use ferras::prelude::*;
    /// let x = Input::new([4, 8, 8, 1]);
    /// let y = Flatten::new().apply(&MaxPooling3D::new().apply(&x));
    /// assert_eq!(Model::new(&x, &Dense::new(1).apply(&y))?.count_params(), 2 * 4 * 4 + 1);
    /// # Ok::<(), ferras::Error>(())
    /// ```
    MaxPooling3D, 3, #[config(default = 2)];
}
