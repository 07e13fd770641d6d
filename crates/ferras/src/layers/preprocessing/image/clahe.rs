//! `ContrastLimitedAdaptiveHistogramEqualization`: contrast by neighbourhood.
use super::{FULL, on_pictures};
use super::arguments::Range;
use super::color::change_range;
use crate::config::Sizes;
use crate::layers::prelude::*;
use crate::layers::spatial::DataFormat;
use ferras_graph::DType;

/// Gives each channel of each picture other values, so that within each of some tiles all are about as
/// frequent. In training and otherwise.
///
/// What is more frequent than `clip_limit` times the mean counts as much as that, and its rest is
/// spread over all values: so noise in even places is not blown up. Between the middles of tiles their
/// tables are interpolated.
///
/// - **Input, output** `(batch, rows, columns, channels)`, or `(batch, channels, rows, columns)`
///   with `channels_first`; floats.
/// - **Errors** at build: rank other than 4, an unknown size of the pictures, no tiles, tiles that
///   reach beyond a picture mirrored at its edge.
/// - **Source** Keras 3 `layers.ContrastLimitedAdaptiveHistogramEqualization`; Zuiderveld 1994.
///
/// ```
/// use ferras::prelude::*;
/// let x = Input::new([28, 28, 1]);
/// let layer = ContrastLimitedAdaptiveHistogramEqualization::new().tile_grid_size((4, 4));
/// let model = Model::new(&x, &layer.apply(&x))?;
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.layers")]
pub struct ContrastLimitedAdaptiveHistogramEqualization {
    /// The least and the greatest value of a picture; 0 and 255 by default.
    #[config(default = (0, 255))]
    value_range: Range,
    /// How much more frequent than the mean a value may count, 0 for no limit; 4 by default.
    #[config(default = 4.0)]
    clip_limit: f64,
    /// Number of tiles, down and across; 8 by default.
    #[config(default = 8)]
    tile_grid_size: Sizes<2>,
    /// `"channels_last"` or `"channels_first"`; that of the settings by default.
    #[config(default = DataFormat::configured())]
    data_format: DataFormat,
}

/// Number of values that are told apart.
const VALUES: usize = 256;

impl ContrastLimitedAdaptiveHistogramEqualization {
    /// Rows and columns of a tile.
    fn tile(&self, rows: usize, columns: usize) -> [usize; 2] {
        let [down, across] = self.tile_grid_size.0;
        [rows.div_ceil(down), columns.div_ceil(across)]
    }

    /// What each value becomes in each tile: `(batch, down, across, channels, 256)`. `bytes` are the
    /// values of whole tiles.
    fn tables(&self, bytes: &Value, [high, wide]: [usize; 2]) -> Value {
        let [down, across] = self.tile_grid_size.0;
        let (batch, channels) = (bytes.dim(0), bytes.dim(3));
        let tiles = bytes.reshape([batch, down, high, across, wide, channels]);
        let tiles = tiles.transpose(&[0, 1, 3, 5, 2, 4]);
        let (count, pixels) = (batch * down * across * channels, high * wide);
        let own = bytes.builder().iota(DType::I32, [count, 1], 0) * VALUES as f64;
        let place = (tiles.reshape([count, pixels]) + own).reshape([count * pixels]);
        let one = bytes.builder().full(DType::F32, [count * pixels], 1.0);
        let none = bytes.builder().full(DType::F32, [count * VALUES], 0.0);
        let frequency = none.scatter_add(&place, &one, 0).reshape([count, VALUES]);
        let frequency = match self.clip_limit > 0.0 {
            true => {
                let limit = self.clip_limit * pixels as f64 / VALUES as f64;
                let counted = frequency.minimum(limit);
                let rest = (&frequency - &counted).sum(&[-1], true) / VALUES as f64;
                counted + rest
            }
            false => frequency,
        };
        let below = frequency.cumsum(-1);
        let least = below.min(&[-1], true);
        let others = pixels as f64 - &least;
        let others = others.equal(0.0).select(&others.full_like(1.0), &others);
        let table = ((below - least) * 255.0 / others).clip(0.0, 255.0);
        table.reshape([batch, down, across, channels, VALUES])
    }

    fn transform(&self, images: &Value) -> Value {
        let [batch, rows, columns, channels] = [0, 1, 2, 3].map(|axis| images.dim(axis));
        let tile = self.tile(rows, columns);
        let [down, across] = self.tile_grid_size.0;
        let whole = mirrored(&mirrored(images, 1, tile[0] * down), 2, tile[1] * across);
        let bytes = whole.clip(0.0, 255.0).cast(DType::I32);
        let tables = self.tables(&bytes, tile);
        let tables = tables.reshape([batch * down * across * channels * VALUES]);
        let shape = bytes.shape();
        let along = |axis| images.builder().iota(DType::I32, shape.clone(), axis);
        let step = |i: usize, axis| {
            let place = (along(axis).cast(DType::F32) - tile[i] as f64 / 2.0) / tile[i] as f64;
            let before = place.floor();
            let last = self.tile_grid_size.0[i] as f64 - 1.0;
            let within = |v: &Value| v.clip(0.0, last).cast(DType::I32);
            ([within(&before), within(&(&before + 1.0))], place - before)
        };
        let (([top, bottom], low), ([left, right], far)) = (step(0, 1), step(1, 2));
        let value = |row: &Value, column: &Value| {
            let tile = (along(0) * down as f64 + row) * across as f64 + column;
            let place = (tile * channels as f64 + along(3)) * VALUES as f64 + &bytes;
            tables.gather(&place, 0)
        };
        let between = |row: &Value| value(row, &left) * (1.0 - &far) + value(row, &right) * &far;
        let y = between(&top) * (1.0 - &low) + between(&bottom) * &low;
        y.slice_axis(1, 0, rows).slice_axis(2, 0, columns).cast(images.dtype())
    }
}

/// An axis made longer by its last places in reverse.
fn mirrored(x: &Value, axis: usize, size: usize) -> Value {
    let own = x.dim(axis as isize);
    let more = size.saturating_sub(own);
    if more == 0 {
        return x.clone();
    }
    let end = x.slice_axis(axis as isize, own.saturating_sub(more), own).reverse(&[axis]);
    x.builder().concat(&[x.clone(), end], axis as isize)
}

impl Layer for ContrastLimitedAdaptiveHistogramEqualization {
    fn build(&self, cx: &mut Build) -> Result<()> {
        self.value_range.check()?;
        let [down, across] = self.tile_grid_size.0;
        cx.at_least("tile_grid_size", down.min(across), 1)?;
        let axes = self.data_format.get()?.spatial(4);
        let input = cx.input()?.rank(4)?;
        for (axis, tiles) in axes.zip([down, across]) {
            let size = input.known(axis as isize)?;
            let whole = size.div_ceil(tiles).saturating_mul(tiles);
            if size == 0 || whole - size > size {
                return Err(cx.error(format!(
                    "{tiles} tiles of {size} pixels need {} more, of which a picture has only \
                     {size} to mirror; make tile_grid_size smaller",
                    whole - size
                )));
            }
        }
        Ok(())
    }

    fn call(&self, cx: &mut Call) -> Value {
        let range = self.value_range.bounds();
        on_pictures(&cx.input(), &self.data_format, |images| {
            change_range(&self.transform(&change_range(images, range, FULL)), FULL, range)
        })
    }
}
