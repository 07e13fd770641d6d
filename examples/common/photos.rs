//! Cars and trucks of CIFAR-10, 32 by 32 pixels (Krizhevsky 2009).
use ferras::datasets::npz;
use ferras::prelude::*;
use std::path::Path;

/// Pixels from 0 to 255, `(photos, 32, 32, 3)`; 0 for cars, 1 for trucks, `(photos, 1)`.
pub struct Photos {
    pub x_train: Tensor,
    pub y_train: Tensor,
    pub x_test: Tensor,
    pub y_test: Tensor,
}

impl Photos {
    /// The photos of a file with arrays of these names.
    pub fn load(path: &Path) -> Result<Photos> {
        let file = npz::read(path)?;
        let labels = |name: &str| -> Result<Tensor> {
            let y = file.get(name)?.cast(DType::F32);
            let rows = y.shape().iter().product::<usize>();
            Ok(y.reshape([rows, 1])?)
        };
        Ok(Photos {
            x_train: file.get("x_train")?.clone(),
            y_train: labels("y_train")?,
            x_test: file.get("x_test")?.clone(),
            y_test: labels("y_test")?,
        })
    }

    /// How many there are to learn from.
    pub fn rows(&self) -> usize {
        self.x_train.shape().first().copied().unwrap_or(0)
    }

    /// The photos to test with, from 0 to 1.
    pub fn x_test_scaled(&self) -> Result<Tensor> {
        let mut x = self.x_test.cast(DType::F32);
        x.as_mut_slice::<f32>().unwrap_or_default().iter_mut().for_each(|v| *v /= 255.0);
        Ok(x)
    }
}
