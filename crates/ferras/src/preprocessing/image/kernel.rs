//! How much each pixel counts where a picture is drawn anew in another size.

/// The weight of a pixel by its distance.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kernel {
    /// All alike within half a pixel.
    Box,
    /// 1 - |x|.
    Triangle,
    /// A sine over x, in Hamming's window of one pixel.
    Hamming,
    /// Keys 1981 with a = -½.
    Cubic,
    /// A sine over x, in the middle of a wider one.
    Lanczos(f64),
    /// exp(-2x²) within 1½ pixels.
    Gaussian,
    /// Mitchell & Netravali 1988 with B = C = ⅓.
    Mitchell,
}

/// sin(πx) / πx.
fn sinc(x: f64) -> f64 {
    let x = x * std::f64::consts::PI;
    if x == 0.0 { 1.0 } else { x.sin() / x }
}

impl Kernel {
    /// How far pixels count.
    pub(crate) fn radius(self) -> f64 {
        match self {
            Kernel::Box => 0.5,
            Kernel::Triangle | Kernel::Hamming => 1.0,
            Kernel::Gaussian => 1.5,
            Kernel::Cubic | Kernel::Mitchell => 2.0,
            Kernel::Lanczos(radius) => radius,
        }
    }

    /// The weight at a distance.
    pub(crate) fn at(self, distance: f64) -> f64 {
        let x = distance.abs();
        match self {
            // The pixel before counts at exactly half a pixel, the one behind does not.
            Kernel::Box => f64::from(u8::from(distance > -0.5 && distance <= 0.5)),
            _ if x >= self.radius() => 0.0,
            Kernel::Triangle => 1.0 - x,
            Kernel::Hamming => sinc(x) * (0.54 + 0.46 * (x * std::f64::consts::PI).cos()),
            Kernel::Cubic if x < 1.0 => (1.5 * x - 2.5) * x * x + 1.0,
            Kernel::Cubic => ((-0.5 * x + 2.5) * x - 4.0) * x + 2.0,
            Kernel::Lanczos(radius) => sinc(x) * sinc(x / radius),
            Kernel::Gaussian => (-2.0 * x * x).exp(),
            Kernel::Mitchell if x < 1.0 => (7.0 / 6.0 * x - 2.0) * x * x + 8.0 / 9.0,
            Kernel::Mitchell => ((-7.0 / 18.0 * x + 2.0) * x - 10.0 / 3.0) * x + 16.0 / 9.0,
        }
    }
}

/// The pixels in a row that one new pixel is made of, and how much each counts.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Window {
    pub(crate) first: usize,
    pub(crate) weights: Vec<f64>,
}

impl Window {
    /// One pixel alone.
    pub(crate) fn of_one(pixel: usize) -> Window {
        Window { first: pixel, weights: vec![1.0] }
    }

    /// Weights that sum to 1.
    fn normalized(first: usize, mut weights: Vec<f64>) -> Window {
        let sum: f64 = weights.iter().sum();
        if sum != 0.0 {
            weights.iter_mut().for_each(|w| *w *= 1.0 / sum);
        }
        Window { first, weights }
    }
}

/// Windows over `size` pixels from `start` on, of the `all` that there are, for so many new ones. Where
/// they are fewer, kernels are as much wider: no pixel is left out.
pub(crate) fn smooth_windows(
    kernel: Kernel,
    all: usize,
    (start, size): (usize, usize),
    places: usize,
) -> Vec<Window> {
    let scale = size as f64 / places as f64;
    let widened = scale.max(1.0);
    let support = kernel.radius() * widened;
    let window = |place: usize| {
        let center = start as f64 + (place as f64 + 0.5) * scale;
        let first = (center - support + 0.5).max(0.0) as usize;
        let end = ((center + support + 0.5) as usize).min(all);
        let weight = |pixel: usize| kernel.at((pixel as f64 - center + 0.5) * (1.0 / widened));
        Window::normalized(first, (first..end).map(weight).collect())
    };
    (0..places).map(window).collect()
}

/// Windows over all `size` pixels whose kernels keep their width: Keras' `resize` without
/// `antialias`. What lies beyond the edges does not count. In `single` precision middles are reckoned in
/// float32, as TensorFlow does: where a kernel ends with a jump, rounding decides.
pub(crate) fn plain_windows(
    kernel: Kernel,
    size: usize,
    places: usize,
    single: bool,
) -> Vec<Window> {
    let scale = size as f64 / places as f64;
    let scale_32 = 1.0 / (places as f32 / size as f32);
    let window = |place: usize| {
        let middle = match single {
            true => f64::from((place as f32 + 0.5) * scale_32),
            false => (place as f64 + 0.5) * scale,
        };
        let center = middle - 0.5;
        let first = (center - kernel.radius()).ceil().max(0.0) as usize;
        let end = ((center + kernel.radius()).floor() as usize + 1).min(size);
        let weight = |pixel: usize| kernel.at(pixel as f64 - center);
        Window::normalized(first, (first..end).map(weight).collect())
    };
    (0..places).map(window).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kernels_are_one_in_the_middle_and_end() {
        for kernel in [Kernel::Triangle, Kernel::Hamming, Kernel::Cubic, Kernel::Lanczos(3.0)] {
            assert_eq!(kernel.at(0.0), 1.0);
            assert!(kernel.at(1.0).abs() < 1e-15 && kernel.at(kernel.radius()) == 0.0);
        }
        let sum: f64 = (-2..=2).map(|i| Kernel::Mitchell.at(f64::from(i) + 0.3)).sum();
        assert!((sum - 1.0).abs() < 1e-15);
    }

    #[test]
    fn windows() {
        let half = smooth_windows(Kernel::Box, 4, (0, 4), 2);
        assert_eq!(half[1], Window { first: 2, weights: vec![0.5, 0.5] });
        let same = plain_windows(Kernel::Triangle, 3, 3, false);
        assert_eq!(same[0].weights.iter().sum::<f64>(), 1.0);
    }
}
