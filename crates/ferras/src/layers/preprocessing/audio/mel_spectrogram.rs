//! `MelSpectrogram`: how loud a sound is at the pitches that people tell apart.
use crate::config::ConfigValue;
use crate::initializers::StftWindow;
use crate::layers::prelude::*;
use crate::ops;
use ferras_graph::{DType, Tensor};
use std::f64::consts::LOG10_E;

/// How loud a sound is over time, at pitches of the mel scale, 1127 · ln(1 + Hz / 700), in decibels:
/// the magnitudes of the transforms of frames, to the power `mag_exp`, gathered by triangles that
/// overlap.
///
/// What is quieter than the loudest place of the whole batch by more than `top_db` is raised to that.
///
/// - **Input** `(batch, samples)`. **Output** `(batch, num_mel_bins, frames)`; frames are
///   1 + samples / sequence_stride, of which the signal is reflected at both ends.
/// - **Errors** at build: a frame longer than the transform, frequencies without an order, no bins, a
///   window other than `"hann"`, `"hamming"` or as many numbers as a frame has samples.
/// - **Source** Keras 3 `layers.MelSpectrogram`.
///
/// ```
/// use ferras::prelude::*;
/// let sound = Input::new([16_000]);
/// let mel = MelSpectrogram::new().num_mel_bins(64).sampling_rate(8000).sequence_stride(256);
/// let model = Model::new(&sound, &mel.apply(&sound))?;
/// assert_eq!(model.output_shape()?.to_string(), "(None, 64, 63)");
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.layers")]
pub struct MelSpectrogram {
    /// Places of the transform; 2048 by default.
    #[config(default = 2048)]
    fft_length: usize,
    /// Samples from one frame to the next; 512 by default.
    #[config(default = 512)]
    sequence_stride: usize,
    /// Samples of a frame; as many as the transform has places by default.
    #[config(default, written = self.frame())]
    sequence_length: Option<usize>,
    /// The window of a frame: `"hann"` (default), `"hamming"`, or one number a sample.
    #[config(default = "hann")]
    window: Option<StftWindow>,
    /// Samples a second; 16,000 by default.
    #[config(default = 16_000)]
    sampling_rate: usize,
    /// Number of pitches; 128 by default.
    #[config(default = 128)]
    num_mel_bins: usize,
    /// The lowest frequency, in Hz; 20 by default.
    #[config(default = 20.0)]
    min_freq: f64,
    /// The highest frequency, in Hz; half the sampling rate by default.
    #[config(default, written = self.highest())]
    max_freq: Option<f64>,
    /// Whether the result is in decibels; true by default.
    #[config(default = true)]
    power_to_db: bool,
    /// How many decibels below the loudest place the quietest is; 80 by default.
    #[config(default = 80.0)]
    top_db: f64,
    /// The power of the magnitudes: 2 by default, 1 for the magnitudes themselves.
    #[config(default = 2.0)]
    mag_exp: f64,
    /// The least power that is taken; 1e-10 by default.
    #[config(default = 1e-10)]
    min_power: f64,
    /// The power that is 0 decibels; 1 by default.
    #[config(default = 1.0)]
    ref_power: f64,
}

impl MelSpectrogram {
    /// Without a window: Keras' `window=None`.
    pub fn without_window(mut self) -> MelSpectrogram {
        self.window = None;
        self
    }

    fn frame(&self) -> usize {
        self.sequence_length.unwrap_or(self.fft_length)
    }

    fn highest(&self) -> f64 {
        self.max_freq.unwrap_or((self.sampling_rate / 2) as f64)
    }

    /// How much of each frequency goes to each pitch, (frequencies, pitches): triangles from one
    /// neighbour to the other, 1 at the pitch itself. In float32 throughout, as in Keras.
    fn triangles(&self) -> Result<Tensor> {
        let (bins, pitches) = (self.fft_length / 2 + 1, self.num_mel_bins);
        let mel = |hertz: f32| 1127.0 * (1.0 + hertz / 700.0).ln();
        let nyquist = self.sampling_rate as f32 / 2.0;
        let edges = spaced(mel(self.min_freq as f32), mel(self.highest() as f32), pitches + 2);
        let mut weights = vec![0.0_f32; bins * pitches];
        let rows = weights.chunks_mut(pitches).zip(spaced(0.0, nyquist, bins));
        // The mean of the signal is no pitch.
        for (row, hertz) in rows.skip(1) {
            let place = mel(hertz);
            for (weight, edge) in row.iter_mut().zip(edges.windows(3)) {
                let &[low, middle, high] = edge else { continue };
                let (rising, falling) = ((place - low) / (middle - low), (high - place) / (high - middle));
                *weight = rising.min(falling).max(0.0);
            }
        }
        Ok(Tensor::new([bins, pitches], weights)?)
    }

    fn decibels(&self, power: &Value) -> Value {
        let db = power.maximum(self.min_power).log() * (10.0 * LOG10_E);
        let db = db - 10.0 * self.ref_power.abs().max(self.min_power).log10();
        let floor = db.max(&[], false) - self.top_db;
        db.maximum(&floor)
    }
}

/// Numbers from `start` to `stop`, at equal distances.
fn spaced(start: f32, stop: f32, count: usize) -> Vec<f32> {
    let last = count.saturating_sub(1).max(1) as f32;
    let share = |i: usize| i as f32 / last;
    let inner = |i: usize| start * (1.0 - share(i)) + stop * share(i);
    (0..count).map(|i| if i + 1 == count { stop } else { inner(i) }).collect()
}

impl Layer for MelSpectrogram {
    fn build(&self, cx: &mut Build) -> Result<()> {
        cx.at_least("num_mel_bins", self.num_mel_bins, 1)?;
        cx.at_least("sequence_stride", self.sequence_stride, 1)?;
        cx.at_least("sequence_length", self.frame(), 1)?;
        let (frame, places) = (self.frame(), self.fft_length);
        if frame > places {
            return Err(cx.error(format!(
                "sequence_length {frame} must not be above fft_length {places}"
            )));
        }
        let (low, high) = (self.min_freq, self.highest());
        if !(low >= 0.0 && low < high && high.is_finite()) {
            let problem = format!("min_freq {low} must be from 0 to below max_freq {high}");
            return Err(cx.error(problem));
        }
        const MOST: usize = 1 << 24;
        if self.num_mel_bins.saturating_mul(places / 2 + 1) > MOST {
            return Err(cx.error(format!(
                "{} pitches of {places} places are too many",
                self.num_mel_bins
            )));
        }
        cx.input()?.min_rank(1)?;
        Ok(())
    }

    fn call(&self, cx: &mut Call) -> Value {
        let x = cx.input();
        let wide = if cx.compute_dtype() == DType::F64 { DType::F64 } else { DType::F32 };
        let x = x.cast(wide);
        let window = self.window.to_json();
        let parts =
            ops::stft(&x, self.frame(), self.sequence_stride, self.fft_length, window, true);
        let [real, imag] = &parts[..] else { return x };
        let size = (real.square() + imag.square()).sqrt();
        let size = if self.mag_exp == 1.0 { size } else { size.pow(self.mag_exp) };
        let triangles = match self.triangles() {
            Ok(triangles) => x.builder().constant(triangles.cast(wide)),
            Err(e) => return x.error("mel_spectrogram", e.to_string()),
        };
        let power = size.matmul(&triangles);
        let y = if self.power_to_db { self.decibels(&power) } else { power };
        let mut order: Vec<usize> = (0..y.rank()).collect();
        let rank = order.len();
        if rank > 1 {
            order.swap(rank - 2, rank - 1);
        }
        y.transpose(&order).cast(cx.compute_dtype())
    }
}
