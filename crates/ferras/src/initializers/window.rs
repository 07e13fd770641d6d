//! Windows for frames of a signal, as SciPy defines them.
use crate::config::Vocabulary;
use std::f64::consts::PI;

/// A window that needs no parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum WindowFunction {
    Boxcar,
    Triangle,
    Bartlett,
    Hann,
    Hamming,
    Blackman,
    Nuttall,
    BlackmanHarris,
    FlatTop,
    Cosine,
    Bohman,
    BartlettHann,
    Parzen,
    Tukey,
    Lanczos,
    Exponential,
}

impl Vocabulary for WindowFunction {
    const KIND: &'static str = "window";
    const WORDS: &'static [(&'static str, Self)] = &[
        ("hann", WindowFunction::Hann),
        ("hamming", WindowFunction::Hamming),
        ("blackman", WindowFunction::Blackman),
        ("boxcar", WindowFunction::Boxcar),
        ("triang", WindowFunction::Triangle),
        ("bartlett", WindowFunction::Bartlett),
        ("nuttall", WindowFunction::Nuttall),
        ("blackmanharris", WindowFunction::BlackmanHarris),
        ("flattop", WindowFunction::FlatTop),
        ("cosine", WindowFunction::Cosine),
        ("bohman", WindowFunction::Bohman),
        ("barthann", WindowFunction::BartlettHann),
        ("parzen", WindowFunction::Parzen),
        ("tukey", WindowFunction::Tukey),
        ("lanczos", WindowFunction::Lanczos),
        ("exponential", WindowFunction::Exponential),
    ];
}

impl WindowFunction {
    /// The numbers for so many samples: symmetric ones, or one period.
    pub(crate) fn values(self, length: usize, periodic: bool) -> Vec<f64> {
        if length <= 1 {
            return vec![1.0; length];
        }
        // A period is the symmetric window of one sample more, without that sample.
        let samples = length + usize::from(periodic);
        (0..length).map(|i| self.value(i as f64, samples as f64)).collect()
    }

    /// The number for sample i of a symmetric window of n.
    fn value(self, i: f64, n: f64) -> f64 {
        let last = n - 1.0;
        // Distance from the middle in samples, and in halves of the window.
        let distance = (i - last / 2.0).abs();
        let x = 2.0 * distance / last;
        let cosines = |factors: &[f64]| -> f64 {
            let angle = PI * (2.0 * i / last - 1.0);
            factors.iter().enumerate().map(|(k, a)| a * (k as f64 * angle).cos()).sum()
        };
        match self {
            WindowFunction::Boxcar => 1.0,
            WindowFunction::Triangle => 1.0 - 2.0 * distance / (n + n % 2.0),
            WindowFunction::Bartlett => 1.0 - x,
            WindowFunction::Hann => cosines(&[0.5, 0.5]),
            WindowFunction::Hamming => cosines(&[0.54, 0.46]),
            WindowFunction::Blackman => cosines(&[0.42, 0.5, 0.08]),
            WindowFunction::Nuttall => cosines(&[0.3635819, 0.4891775, 0.1365995, 0.0106411]),
            WindowFunction::BlackmanHarris => cosines(&[0.35875, 0.48829, 0.14128, 0.01168]),
            WindowFunction::FlatTop => {
                cosines(&[0.21557895, 0.41663158, 0.277263158, 0.083578947, 0.006947368])
            }
            WindowFunction::Cosine => (PI / n * (i + 0.5)).sin(),
            WindowFunction::Bohman if i == 0.0 || i == last => 0.0,
            WindowFunction::Bohman => (1.0 - x) * (PI * x).cos() + (PI * x).sin() / PI,
            WindowFunction::BartlettHann => 0.62 - 0.24 * x + 0.38 * (PI * x).cos(),
            WindowFunction::Parzen => {
                let y = 2.0 * distance / n;
                match distance <= last / 4.0 {
                    true => 1.0 - 6.0 * y.powi(2) + 6.0 * y.powi(3),
                    false => 2.0 * (1.0 - y).powi(3),
                }
            }
            // A flat middle half between two quarters of a cosine.
            WindowFunction::Tukey if last / 2.0 - distance > (last / 4.0).floor() => 1.0,
            WindowFunction::Tukey => 0.5 * (1.0 + (PI * (1.0 - 2.0 * (1.0 - x))).cos()),
            WindowFunction::Lanczos if distance == 0.0 => 1.0,
            WindowFunction::Lanczos => (PI * x).sin() / (PI * x),
            WindowFunction::Exponential => (-distance).exp(),
        }
    }
}
