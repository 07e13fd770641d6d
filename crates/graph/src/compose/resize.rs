//! Values between the places of an axis.
use crate::{DType, Value};
use std::f64::consts::PI;

/// How the neighbours of a place are weighted, by their distance d from it in places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resample {
    /// 1 − d, of two neighbours.
    Linear,
    /// Keys' cubic with a = −½, of four: Keys 1981.
    Cubic,
    /// sinc(d) · sinc(d / r), of 2r neighbours.
    Lanczos {
        /// The radius r in places, at least 1.
        radius: usize,
    },
}

impl Resample {
    /// Neighbours at each side.
    fn reach(self) -> usize {
        match self {
            Resample::Linear => 1,
            Resample::Cubic => 2,
            Resample::Lanczos { radius } => radius,
        }
    }

    /// The weights for distances of at most the reach.
    fn weight(self, d: &Value) -> Value {
        match self {
            Resample::Linear => 1.0 - d,
            Resample::Cubic => {
                let near = (d * 1.5 - 2.5) * d * d + 1.0;
                let far = ((d * -0.5 + 2.5) * d - 4.0) * d + 2.0;
                d.less(1.0).select(&near, far)
            }
            Resample::Lanczos { radius } => {
                let r = radius as f64;
                let product = (d * PI).sin() * (d * (PI / r)).sin() * r;
                // At 0 the quotient has no value, its limit is 1.
                d.less(1e-3).select(&d.full_like(1.0), product / (d * d * (PI * PI)))
            }
        }
    }
}

impl Value {
    /// As [`Value::resize`], but where places get fewer, a new one is the mean of all that it stands
    /// for: distances are measured in new places.
    ///
    /// ```
    /// use ferras_graph::{Builder, DType, Resample};
    /// let x = Builder::new().full(DType::F32, [2, 50, 3], 1.0);
    /// assert_eq!(x.resize_smooth(1, 10, Resample::Linear).shape().to_string(), "(2, 10, 3)");
    /// ```
    #[track_caller]
    pub fn resize_smooth(&self, axis: isize, places: usize, kernel: Resample) -> Value {
        let n = self.dim(axis);
        let Some(axis) = self.shape().axis(axis).filter(|_| n > 0 && places > 0) else {
            return self.resize(axis, places, kernel);
        };
        let ratio = n as f64 / places as f64;
        let along = |axis| self.builder().iota(DType::F64, [n, places], axis);
        let middle = (along(1) + 0.5) * ratio - 0.5;
        let distance = (middle - along(0)).abs() / ratio.max(1.0);
        let near = distance.less(kernel.reach() as f64);
        let weights = near.select(&kernel.weight(&distance), 0.0);
        let weights = &weights / weights.sum(&[0], true);
        // A product with a table of weights, the axis put last for it.
        let mut order: Vec<usize> = (0..self.rank()).collect();
        order.swap(axis, self.rank() - 1);
        let turned = self.transpose(&order).matmul(&weights.cast(self.dtype()));
        turned.transpose(&order)
    }

    /// An axis with another number of places: the old and the new ones lie evenly on the same line,
    /// and a new one is the weighted mean of its neighbours. What is beyond the ends has no weight.
    ///
    /// ```
    /// use ferras_graph::{Builder, DType, Resample};
    /// let x = Builder::new().full(DType::F32, [2, 5, 3], 1.0);
    /// assert_eq!(x.resize(1, 10, Resample::Cubic).shape().to_string(), "(2, 10, 3)");
    /// ```
    #[track_caller]
    pub fn resize(&self, axis: isize, places: usize, kernel: Resample) -> Value {
        let n = self.dim(axis);
        let Some(axis) = self.shape().axis(axis).filter(|_| n > 0 && places > 0) else {
            let problem = format!("axis {axis} of {} has no places to begin with", self.shape());
            return self.error("resize", problem);
        };
        let place = self.builder().iota(DType::F64, [places], 0);
        let at = (place + 0.5) * (n as f64 / places as f64) - 0.5;
        let first = at.floor() - (kernel.reach() as f64 - 1.0);
        let neighbour = |i: usize| {
            let place = &first + i as f64;
            let inside = place.greater_equal(0.0).and(place.less(n as f64));
            let weight = inside.select(&kernel.weight(&(&at - &place).abs()), 0.0);
            (place.clip(0.0, n as f64 - 1.0).cast(DType::I32), weight)
        };
        let neighbours: Vec<(Value, Value)> = (0..2 * kernel.reach()).map(neighbour).collect();
        let total = neighbours.iter().map(|n| n.1.clone()).reduce(|a, b| a + b);
        let along: Vec<usize> =
            (0..self.rank()).map(|a| if a == axis { places } else { 1 }).collect();
        let share = |(place, weight): (Value, Value)| {
            let weight = total.as_ref().map_or(weight.clone(), |total| weight / total);
            self.gather(&place, axis as isize) * weight.cast(self.dtype()).reshape(along.clone())
        };
        neighbours.into_iter().map(share).reduce(|a, b| a + b).unwrap_or_else(|| self.clone())
    }
}
