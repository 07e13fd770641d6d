//! Pixels as numbers, on their way through changes.
use super::img::{Img, Pixels};
use crate::config::ChannelsOrder;
use crate::{Error, Result};
use ferras_graph::{DType, Tensor};

/// Numbers `(rows, columns, channels)`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Grid {
    pub(crate) size: [usize; 3],
    pub(crate) values: Vec<f32>,
}

impl Grid {
    pub(crate) fn of_img(img: &Img) -> Grid {
        let values = match &img.pixels {
            Pixels::Bytes { values, .. } => values.iter().map(|v| f32::from(*v)).collect(),
            Pixels::Short(values) => values.iter().map(|v| f32::from(*v)).collect(),
            Pixels::Long(values) => values.iter().map(|v| *v as f32).collect(),
        };
        Grid { size: [img.height, img.width, img.channels()], values }
    }

    /// The pixels of one picture. Errors: a rank other than 3.
    pub(crate) fn of(x: &Tensor, order: ChannelsOrder) -> Result<Grid> {
        let &[a, b, c] = &x.shape()[..] else {
            let problem = format!("must be one picture, an array of rank 3, got {}", x.ty());
            return Err(Error::argument("x", problem));
        };
        let x = x.cast(DType::F32);
        let size = if order == ChannelsOrder::Last { [a, b, c] } else { [b, c, a] };
        Ok(Grid::of_values(size, x.as_slice::<f32>().unwrap_or_default(), order))
    }

    /// Of numbers in this order of axes.
    pub(crate) fn of_values(size: [usize; 3], values: &[f32], order: ChannelsOrder) -> Grid {
        let [rows, columns, channels] = size;
        let values = match order {
            ChannelsOrder::Last => values.to_vec(),
            ChannelsOrder::First => turned(values, channels, rows * columns),
        };
        Grid { size, values }
    }

    /// Its numbers in this order of axes.
    pub(crate) fn into_values(self, order: ChannelsOrder) -> Vec<f32> {
        let [rows, columns, channels] = self.size;
        match order {
            ChannelsOrder::Last => self.values,
            ChannelsOrder::First => turned(&self.values, rows * columns, channels),
        }
    }

    /// As a tensor of this order of axes.
    pub(crate) fn into_tensor(self, order: ChannelsOrder) -> Result<Tensor> {
        let [rows, columns, channels] = self.size;
        let shape = match order {
            ChannelsOrder::Last => [rows, columns, channels],
            ChannelsOrder::First => [channels, rows, columns],
        };
        Ok(Tensor::new(shape, self.into_values(order))?)
    }

    /// The least and the largest number.
    pub(crate) fn extent(&self) -> (f32, f32) {
        let least = self.values.iter().copied().fold(f32::INFINITY, f32::min);
        (least, self.values.iter().copied().fold(f32::NEG_INFINITY, f32::max))
    }
}

/// A matrix of so many rows and columns with both exchanged.
fn turned(values: &[f32], rows: usize, columns: usize) -> Vec<f32> {
    let mut out = Vec::with_capacity(values.len());
    for column in 0..columns {
        out.extend((0..rows).filter_map(|row| values.get(row * columns + column)));
    }
    out
}
