//! What is done to one picture: drawn, then done.
use super::affine::{Map, Sight};
use super::array::to_img;
use super::generator::ImageDataGenerator;
use super::img::Pixels;
use super::pixels::Grid;
use crate::config::ChannelsOrder;
use crate::preprocessing::mersenne::Mersenne;
use crate::{Error, Result};
use ferras_graph::Tensor;

/// What [`ImageDataGenerator::apply_transform`] does to a picture; by default nothing.
///
/// ```
/// use ferras::preprocessing::image::Transform;
/// let quarter = Transform { theta: 90.0, ..Transform::default() };
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Transform {
    /// By how many degrees it is turned.
    pub theta: f64,
    /// By how many pixels it is moved to the left (Keras 3's letters stand for the axis of columns here).
    pub tx: f64,
    /// By how many pixels it is moved upwards.
    pub ty: f64,
    /// The angle of shearing in degrees.
    pub shear: f64,
    /// By what it is made narrower; below 1 wider.
    pub zx: f64,
    /// By what it is made lower; below 1 higher.
    pub zy: f64,
    /// Whether left and right are exchanged.
    pub flip_horizontal: bool,
    /// Whether top and bottom are exchanged.
    pub flip_vertical: bool,
    /// What is added to all values, which stay between the picture's least and largest one.
    pub channel_shift_intensity: Option<f64>,
    /// What light is multiplied by.
    pub brightness: Option<f64>,
}

impl Default for Transform {
    fn default() -> Transform {
        Transform {
            theta: 0.0,
            tx: 0.0,
            ty: 0.0,
            shear: 0.0,
            zx: 1.0,
            zy: 1.0,
            flip_horizontal: false,
            flip_vertical: false,
            channel_shift_intensity: None,
            brightness: None,
        }
    }
}

type Matrix = [[f64; 3]; 3];

fn product(a: Matrix, b: Matrix) -> Matrix {
    [0, 1, 2].map(|i| [0, 1, 2].map(|j| a[i][0] * b[0][j] + a[i][1] * b[1][j] + a[i][2] * b[2][j]))
}

impl Transform {
    /// The map of the plane, around the middle of a picture of this size; none if nothing moves.
    fn map(&self, rows: usize, columns: usize) -> Option<Map> {
        let mut parts: Vec<Matrix> = Vec::new();
        if self.theta != 0.0 {
            let (sin, cos) = self.theta.to_radians().sin_cos();
            parts.push([[cos, -sin, 0.0], [sin, cos, 0.0], [0.0, 0.0, 1.0]]);
        }
        if self.tx != 0.0 || self.ty != 0.0 {
            parts.push([[1.0, 0.0, self.tx], [0.0, 1.0, self.ty], [0.0, 0.0, 1.0]]);
        }
        if self.shear != 0.0 {
            let (sin, cos) = self.shear.to_radians().sin_cos();
            parts.push([[1.0, -sin, 0.0], [0.0, cos, 0.0], [0.0, 0.0, 1.0]]);
        }
        if self.zx != 1.0 || self.zy != 1.0 {
            parts.push([[self.zx, 0.0, 0.0], [0.0, self.zy, 0.0], [0.0, 0.0, 1.0]]);
        }
        let moved = parts.into_iter().reduce(product)?;
        let (x, y) = (rows as f64 / 2.0 - 0.5, columns as f64 / 2.0 - 0.5);
        let there = [[1.0, 0.0, x], [0.0, 1.0, y], [0.0, 0.0, 1.0]];
        let back = [[1.0, 0.0, -x], [0.0, 1.0, -y], [0.0, 0.0, 1.0]];
        let [[a, b, c], [d, e, f], _] = product(product(there, moved), back);
        // Keras takes x for columns here, and so exchanges both once more.
        Some(Map { matrix: [[e, d], [b, a]], offset: [f, c] })
    }

    /// The picture changed so.
    pub(super) fn apply(&self, mut grid: Grid, sight: Sight) -> Result<Grid> {
        let [rows, columns, channels] = grid.size;
        if let Some(map) = self.map(rows, columns) {
            grid = map.apply(&grid, sight);
        }
        if let Some(intensity) = self.channel_shift_intensity {
            let (least, most) = grid.extent();
            let shifted =
                |v: f32| (f64::from(v) + intensity).max(least.into()).min(most.into()) as f32;
            grid.values.iter_mut().for_each(|v| *v = shifted(*v));
        }
        if self.flip_horizontal {
            for row in grid.values.chunks_exact_mut((columns * channels).max(1)) {
                let turned: Vec<f32> =
                    row.chunks_exact(channels).rev().flatten().copied().collect();
                row.copy_from_slice(&turned);
            }
        }
        if self.flip_vertical {
            let width = (columns * channels).max(1);
            grid.values = grid.values.chunks_exact(width).rev().flatten().copied().collect();
        }
        match self.brightness {
            Some(brightness) => lit(grid, brightness),
            None => Ok(grid),
        }
    }
}

/// A picture made lighter or darker by way of bytes, as Pillow does it for Keras.
fn lit(grid: Grid, brightness: f64) -> Result<Grid> {
    let (least, most) = grid.extent();
    let scaled = least < 0.0 || most > 255.0;
    let size = grid.size;
    let img = to_img(grid, scaled)?;
    let Pixels::Bytes { channels, values } = img.pixels else {
        return Err(Error::Internal("bytes of a scaled picture".into()));
    };
    let factor = brightness as f32;
    let light = |v: u8| (factor * f32::from(v)).clamp(0.0, 255.0) as u8;
    // Opacity stays.
    let byte = |(i, v): (usize, u8)| if channels == 4 && i % 4 == 3 { v } else { light(v) };
    let mut values: Vec<f32> = values.into_iter().enumerate().map(byte).map(f32::from).collect();
    if scaled {
        values.iter_mut().for_each(|v| *v = *v / 255.0 * (most - least) + least);
    }
    Ok(Grid { size, values })
}

impl ImageDataGenerator {
    /// Draws what shall be done to a picture of this shape.
    ///
    /// With a seed it is what Keras draws with it; without, a seed of the program's.
    ///
    /// ```
    /// use ferras::preprocessing::image::ImageDataGenerator;
    /// let generator = ImageDataGenerator::new().rotation_range(30.0);
    /// let drawn = generator.get_random_transform([28, 28, 1], Some(3))?;
    /// assert_eq!(drawn.theta, 3.0478741544745276); // as np.random.seed(3) has it
    /// # Ok::<(), ferras::Error>(())
    /// ```
    pub fn get_random_transform(
        &self,
        img_shape: impl AsRef<[usize]>,
        seed: Option<u64>,
    ) -> Result<Transform> {
        self.check()?;
        let &[a, b, c] = img_shape.as_ref() else {
            let problem = format!("must have three numbers, got {:?}", img_shape.as_ref());
            return Err(Error::argument("img_shape", problem));
        };
        let [rows, columns] = if self.is_first()? { [b, c] } else { [a, b] };
        Ok(self.draw(&mut seeded(seed), [rows, columns]))
    }

    /// The same from a stream of random numbers, for a picture of so many rows and columns.
    pub(crate) fn draw(&self, random: &mut Mersenne, [rows, columns]: [usize; 2]) -> Transform {
        let mut within =
            |range: f64| if range == 0.0 { 0.0 } else { random.uniform(-range, range) };
        let mut drawn = Transform { theta: within(self.rotation_range), ..Transform::default() };
        drawn.tx = self.height_shift_range.draw(random, rows);
        drawn.ty = self.width_shift_range.draw(random, columns);
        if self.shear_range != 0.0 {
            drawn.shear = random.uniform(-self.shear_range, self.shear_range);
        }
        let (low, high) = (self.zoom_range.0, self.zoom_range.1);
        if (low, high) != (1.0, 1.0) {
            drawn.zx = random.uniform(low, high);
            drawn.zy = random.uniform(low, high);
        }
        drawn.flip_horizontal = (random.unit() < 0.5) & self.horizontal_flip;
        drawn.flip_vertical = (random.unit() < 0.5) & self.vertical_flip;
        let shift = self.channel_shift_range;
        drawn.channel_shift_intensity = (shift != 0.0).then(|| random.uniform(-shift, shift));
        drawn.brightness = self.brightness_range.map(|[low, high]| random.uniform(low, high));
        drawn
    }

    /// Pixels changed at random and brought to scale.
    pub(crate) fn changed(
        &self,
        grid: Grid,
        random: &mut Mersenne,
        order: ChannelsOrder,
    ) -> Result<Grid> {
        let [rows, columns, _] = grid.size;
        let grid = self.draw(random, [rows, columns]).apply(grid, self.sight()?)?;
        self.scaled(grid, order)
    }

    /// A picture `(rows, columns, channels)` changed as a [`Transform`] says.
    ///
    /// ```
    /// use ferras::Tensor;
    /// use ferras::preprocessing::image::{ImageDataGenerator, Transform};
    /// let x = Tensor::new([1, 3, 1], vec![1.0_f32, 2.0, 3.0])?;
    /// let turned = Transform { flip_horizontal: true, ..Transform::default() };
    /// let y = ImageDataGenerator::new().apply_transform(&x, &turned)?;
    /// assert_eq!(y.to_f64_vec(), [3.0, 2.0, 1.0]);
    /// # Ok::<(), ferras::Error>(())
    /// ```
    pub fn apply_transform(&self, x: &Tensor, transform: &Transform) -> Result<Tensor> {
        self.check()?;
        let order = self.order()?;
        let grid = transform.apply(Grid::of(x, order)?, self.sight()?)?;
        Ok(grid.into_tensor(order)?.cast(self.float()))
    }

    /// A picture changed at random: [`ImageDataGenerator::get_random_transform`], then
    /// [`ImageDataGenerator::apply_transform`].
    pub fn random_transform(&self, x: &Tensor, seed: Option<u64>) -> Result<Tensor> {
        let transform = self.get_random_transform(&x.shape()[..], seed)?;
        self.apply_transform(x, &transform)
    }
}

/// The stream of a seed; without, of one of the program's.
pub(crate) fn seeded(seed: Option<u64>) -> Mersenne {
    Mersenne::new(seed.unwrap_or_else(crate::random::next_seed) as u32)
}
