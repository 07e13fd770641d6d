//! Pictures seen through a map of the plane, by splines: scipy's `affine_transform`, which Keras'
//! `ImageDataGenerator` calls.
use super::fill::FillPlace;
use super::pixels::Grid;

/// The highest order of splines.
pub(super) const HIGHEST: usize = 5;

/// How far edges are drawn out before splines are fitted, where they stand for all beyond.
const RIM: usize = 12;

/// Beyond all pictures.
const FAR: f64 = 1e9;

/// For a pixel at (row, column) the place where it comes from: `m · (row, column) + offset`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Map {
    pub(super) matrix: [[f64; 2]; 2],
    pub(super) offset: [f64; 2],
}

/// What is seen between pixels and beyond edges.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sight {
    /// Of the splines: 0 is the nearest pixel, 1 straight lines.
    pub(super) order: usize,
    pub(super) beyond: FillPlace,
    pub(super) fill_value: f64,
}

impl Map {
    /// The picture as it is seen through the map.
    pub(super) fn apply(&self, grid: &Grid, sight: Sight) -> Grid {
        let [rows, columns, channels] = grid.size;
        let source = Source::new(grid, sight);
        let mut values = Vec::with_capacity(grid.values.len());
        let mut sums = vec![0.0_f64; channels];
        for row in 0..rows {
            for column in 0..columns {
                let place = [0, 1].map(|i| {
                    let [by_row, by_column] = self.matrix[i];
                    self.offset[i] + row as f64 * by_row + column as f64 * by_column
                });
                source.look(place, &mut sums);
                values.extend(sums.iter().map(|v| *v as f32));
            }
        }
        Grid { size: grid.size, values }
    }
}

/// The weights of splines in place of pixels, with a rim.
struct Source {
    size: [usize; 3],
    rim: usize,
    weights: Vec<f64>,
    sight: Sight,
}

/// The pixels of one axis that count, and how much.
struct Taps {
    places: [usize; HIGHEST + 1],
    weights: [f64; HIGHEST + 1],
}

impl Source {
    fn new(grid: &Grid, sight: Sight) -> Source {
        let rim = if sight.order > 1 && sight.beyond == FillPlace::Nearest { RIM } else { 0 };
        let [rows, columns, channels] = grid.size;
        let size = [rows + 2 * rim, columns + 2 * rim, channels];
        let mut weights = Vec::with_capacity(size.iter().product());
        for row in 0..size[0] {
            let row = row.saturating_sub(rim).min(rows.saturating_sub(1));
            for column in 0..size[1] {
                let column = column.saturating_sub(rim).min(columns.saturating_sub(1));
                let first = (row * columns + column) * channels;
                let pixel = grid.values.get(first..first + channels).unwrap_or(&[]);
                weights.extend(pixel.iter().map(|v| f64::from(*v)));
            }
        }
        let reflects = matches!(sight.beyond, FillPlace::Nearest | FillPlace::Reflect);
        fitted(&mut weights, size, sight.order, reflects);
        Source { size, rim, weights, sight }
    }

    /// What is seen at a place, one number a channel.
    fn look(&self, place: [f64; 2], sums: &mut [f64]) {
        if self.sight.order == 1 && self.between(place, sums) {
            return;
        }
        let taps = [0, 1].map(|axis| self.taps(place[axis] + self.rim as f64, self.size[axis]));
        let [Some(rows), Some(columns)] = taps else {
            sums.fill(self.sight.fill_value);
            return;
        };
        sums.fill(0.0);
        let channels = sums.len();
        for (row, by_row) in rows.places.iter().zip(rows.weights).take(self.sight.order + 1) {
            for (column, by_column) in
                columns.places.iter().zip(columns.weights).take(self.sight.order + 1)
            {
                let first = (row * self.size[1] + column) * channels;
                let pixel = self.weights.get(first..first + channels).unwrap_or(&[]);
                let weight = by_row * by_column;
                sums.iter_mut().zip(pixel).for_each(|(s, v)| *s += weight * v);
            }
        }
    }

    /// The mean of four pixels, where all of them are within the picture: almost everywhere.
    fn between(&self, [row, column]: [f64; 2], sums: &mut [f64]) -> bool {
        let [height, width, channels] = self.size;
        let within = |place: f64, size: usize| place >= 0.0 && place + 1.0 < size as f64;
        if !within(row, height) || !within(column, width) {
            return false;
        }
        let (top, left) = (row as usize, column as usize);
        let (down, right) = (row - top as f64, column - left as f64);
        let first = (top * width + left) * channels;
        let pair = |first: usize| self.weights.get(first..first + 2 * channels);
        let (Some(above), Some(below)) = (pair(first), pair(first + width * channels)) else {
            return false;
        };
        let ((a, b), (c, d)) = (above.split_at(channels), below.split_at(channels));
        for ((((sum, a), b), c), d) in sums.iter_mut().zip(a).zip(b).zip(c).zip(d) {
            let [upper, lower] = [(a, b), (c, d)].map(|(l, r)| l * (1.0 - right) + r * right);
            *sum = upper * (1.0 - down) + lower * down;
        }
        true
    }

    /// The pixels that make what is seen at a place of an axis; none beyond where a value is filled in.
    fn taps(&self, place: f64, size: usize) -> Option<Taps> {
        let order = self.sight.order;
        // Where edges are drawn out, each pixel that counts is sought there by itself.
        let place = match self.sight.beyond {
            FillPlace::Nearest if place.is_finite() => place.clamp(-FAR, FAR),
            beyond => within(place, size, beyond)?,
        };
        let base = if order % 2 == 1 { place.floor() } else { (place + 0.5).floor() };
        let first = base as i64 - (order / 2) as i64;
        let mut taps = Taps { places: [0; HIGHEST + 1], weights: [0.0; HIGHEST + 1] };
        let beyond = match self.sight.beyond {
            FillPlace::Constant | FillPlace::Wrap => FillPlace::Mirror,
            other => other,
        };
        for (i, (tap, weight)) in
            taps.places.iter_mut().zip(&mut taps.weights).enumerate().take(order + 1)
        {
            let pixel = first + i as i64;
            *weight = spline(order, place - pixel as f64);
            *tap = match usize::try_from(pixel) {
                Ok(inside) if inside < size => inside,
                _ => within(pixel as f64, size, beyond)? as usize,
            };
        }
        Some(taps)
    }
}

/// The place within an axis that stands for one beyond.
fn within(place: f64, size: usize, beyond: FillPlace) -> Option<f64> {
    let last = size as f64 - 1.0;
    if (0.0..=last).contains(&place) {
        return Some(place);
    }
    if !place.is_finite() {
        return None;
    }
    if size <= 1 {
        return (beyond != FillPlace::Constant).then_some(0.0);
    }
    Some(match beyond {
        FillPlace::Constant => return None,
        FillPlace::Nearest => place.clamp(0.0, last),
        // From the first pixel to the last one is a whole round, as in scipy.
        FillPlace::Wrap if place < 0.0 => place + last * ((-place / last).trunc() + 1.0),
        FillPlace::Wrap => place - last * (place / last).trunc(),
        FillPlace::Mirror => last - (place.rem_euclid(2.0 * last) - last).abs(),
        // At the outer edges of the outer pixels.
        FillPlace::Reflect => {
            let along = (place + 0.5).rem_euclid(2.0 * size as f64);
            along.min(2.0 * size as f64 - along) - 0.5
        }
    })
}

/// The B-spline of an order around 0.
fn spline(order: usize, x: f64) -> f64 {
    match order {
        0 => 1.0,
        1 => (1.0 - x.abs()).max(0.0),
        n => {
            let (half, n) = ((n as f64 + 1.0) / 2.0, n as f64);
            if x.abs() >= half {
                return 0.0;
            }
            let lower = |x| spline(order - 1, x);
            ((half + x) * lower(x + 0.5) + (half - x) * lower(x - 0.5)) / n
        }
    }
}

/// The poles of the filter that finds the weights of splines which run through all pixels: Unser, Aldroubi
/// & Eden 1993, table I.
fn poles(order: usize) -> Vec<f64> {
    match order {
        2 => vec![8_f64.sqrt() - 3.0],
        3 => vec![3_f64.sqrt() - 2.0],
        4 => {
            let (a, b) = (438_976_f64.sqrt(), 304_f64.sqrt());
            vec![(664.0 - a).sqrt() + b - 19.0, (664.0 + a).sqrt() - b - 19.0]
        }
        5 => {
            let (a, b) = (4_436.25_f64.sqrt(), 26.25_f64.sqrt());
            vec![(67.5 - a).sqrt() + b - 6.5, (67.5 + a).sqrt() - b - 6.5]
        }
        _ => Vec::new(),
    }
}

/// Pixels `(rows, columns, channels)` become the weights of splines that run through them.
fn fitted(values: &mut [f64], [rows, columns, channels]: [usize; 3], order: usize, reflects: bool) {
    let poles = poles(order);
    if poles.is_empty() {
        return;
    }
    let mut line = Vec::new();
    let mut along = |first: usize, step: usize, count: usize| {
        line.clear();
        line.extend(values.iter().skip(first).step_by(step).take(count));
        fit_line(&mut line, &poles, reflects);
        values.iter_mut().skip(first).step_by(step).zip(&line).for_each(|(v, w)| *v = *w);
    };
    for place in 0..columns * channels {
        along(place, columns * channels, rows);
    }
    for row in 0..rows {
        for channel in 0..channels {
            along(row * columns * channels + channel, channels, columns);
        }
    }
}

fn fit_line(line: &mut [f64], poles: &[f64], reflects: bool) {
    let count = line.len();
    if count < 2 {
        return;
    }
    let gain: f64 = poles.iter().map(|z| (1.0 - z) * (1.0 - 1.0 / z)).product();
    line.iter_mut().for_each(|v| *v *= gain);
    for &z in poles {
        line[0] = if reflects { first_reflected(line, z) } else { first_mirrored(line, z) };
        for i in 1..count {
            line[i] += z * line[i - 1];
        }
        line[count - 1] = match reflects {
            true => line[count - 1] * z / (z - 1.0),
            false => (z * line[count - 2] + line[count - 1]) * z / (z * z - 1.0),
        };
        for i in (0..count - 1).rev() {
            line[i] = z * (line[i + 1] - line[i]);
        }
    }
}

/// Where the filter begins on a line that goes on mirrored at its outer pixels.
fn first_mirrored(line: &[f64], z: f64) -> f64 {
    let count = line.len();
    let end = z.powi(count as i32 - 1);
    let mut power = z;
    let mut sum = line[0] + end * line[count - 1];
    for v in &line[1..count - 1] {
        sum += (power + end * end / power) * v;
        power *= z;
    }
    sum / (1.0 - end * end)
}

/// Where it begins on a line that goes on mirrored at its edges.
fn first_reflected(line: &[f64], z: f64) -> f64 {
    let end = z.powi(line.len() as i32);
    let mut power = 1.0;
    let mut sum = 0.0;
    for (v, w) in line.iter().zip(line.iter().rev()) {
        sum += power * (v + end * w);
        power *= z;
    }
    sum * z / (1.0 - end * end) + line[0]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splines_run_through_the_pixels() {
        let values: Vec<f32> = (0..35).map(|i| ((i * 7) % 11) as f32).collect();
        let grid = Grid { size: [5, 7, 1], values };
        let same = Map { matrix: [[1.0, 0.0], [0.0, 1.0]], offset: [0.0; 2] };
        for order in 0..=HIGHEST {
            for beyond in
                [FillPlace::Constant, FillPlace::Nearest, FillPlace::Reflect, FillPlace::Wrap]
            {
                let seen = same.apply(&grid, Sight { order, beyond, fill_value: 0.0 });
                for (a, b) in seen.values.iter().zip(&grid.values) {
                    assert!((a - b).abs() < 1e-4, "order {order}, {beyond:?}: {a} for {b}");
                }
            }
        }
    }

    #[test]
    fn places_beyond() {
        let at = |place, beyond| within(place, 4, beyond);
        assert_eq!(at(-1.0, FillPlace::Reflect), Some(0.0));
        assert_eq!(at(4.0, FillPlace::Reflect), Some(3.0));
        assert_eq!(at(-1.0, FillPlace::Mirror), Some(1.0));
        assert_eq!(at(-1.0, FillPlace::Wrap), Some(2.0));
        assert_eq!(at(9.0, FillPlace::Nearest), Some(3.0));
        assert_eq!(at(3.5, FillPlace::Constant), None);
    }
}
