//! `STFTSpectrogram`: short-time Fourier transforms by convolution, with kernels that can be trained.
use crate::config::{Choice, Vocabulary, epsilon};
use crate::initializers::{STFT, StftScaling, StftSide, StftWindow};
use crate::layers::prelude::*;
use crate::layers::spatial::{ChannelsOrder, DataFormat, Padding, Windows};
use ferras_graph::ConvDims;

/// What a spectrogram shows of each frequency z = a + bi.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpectrogramMode {
    /// log max(√max(a² + b², ε), ε)
    Log,
    /// √max(a² + b², ε)
    Magnitude,
    /// The power: a² + b², twice that of all frequencies but the first and the last.
    Psd,
    /// a
    Real,
    /// b
    Imag,
    /// The angle of (a, b), in radians from −π to π.
    Angle,
    /// All a, then all b.
    Stft,
}

impl Vocabulary for SpectrogramMode {
    const KIND: &'static str = "mode";
    const WORDS: &'static [(&'static str, Self)] = &[
        ("log", SpectrogramMode::Log),
        ("magnitude", SpectrogramMode::Magnitude),
        ("psd", SpectrogramMode::Psd),
        ("real", SpectrogramMode::Real),
        ("imag", SpectrogramMode::Imag),
        ("angle", SpectrogramMode::Angle),
        ("stft", SpectrogramMode::Stft),
    ];
}

/// The frequencies of a signal in frames that move along it, of each channel on its own. The transform
/// is a convolution whose kernels begin as windowed waves and are trained, unless the layer is not.
///
/// - **Input** floats `(batch, samples, channels)`, or `(batch, channels, samples)` with
///   `channels_first`. **Output** with frequencies = fft_length / 2 + 1, twice as many for `"stft"`:
///   `(batch, frames, channels · frequencies)`, with `expand_dims` `(batch, frames, frequencies,
///   channels)`; `channels_first` `(batch, channels · frequencies, frames)` and `(batch, channels,
///   frames, frequencies)`. Frames are ⌈(samples − frame_length + 1) / frame_step⌉ (valid) or
///   ⌈samples / frame_step⌉ (same).
/// - **Weights** `real_kernel` and `imag_kernel (frame_length, 1, frequencies)`, of which `"real"` and
///   `"imag"` have one.
/// - **Errors** at build: a step above the frame, a transform below it, `padding` other than
///   `"valid"` and `"same"`, no room for a frame, a window of another length.
/// - **Source** Keras 3 `layers.STFTSpectrogram`.
///
/// ```
/// use ferras::prelude::*;
/// let sound = Input::new([16_000, 1]);
/// let picture = STFTSpectrogram::new().frame_length(256).fft_length(512).expand_dims(true);
/// let model = Model::new(&sound, picture.trainable(false).apply(&sound))?;
/// assert_eq!(model.output_shape()?.to_string(), "(None, 124, 257, 1)");
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.layers")]
pub struct STFTSpectrogram {
    /// What is shown: `"log"` (default), `"magnitude"`, `"psd"`, `"real"`, `"imag"`, `"angle"` or
    /// `"stft"`.
    #[config(default = "log")]
    mode: Choice<SpectrogramMode>,
    /// Samples of a frame; 256 by default.
    #[config(default = 256)]
    frame_length: usize,
    /// Samples from one frame to the next; half a frame by default.
    #[config(default)]
    frame_step: Option<usize>,
    /// Places of the transform; by default the power of two that a frame fits in.
    #[config(default)]
    fft_length: Option<usize>,
    /// The window of a frame: a name of SciPy's, as `"hann"` (default), or one number a sample.
    #[config(default = "hann")]
    window: Option<StftWindow>,
    /// Whether the window is one period, rather than symmetric; false by default.
    #[config(default = false)]
    periodic: bool,
    /// Whether the window is scaled by the root of its squares' sum (`"density"`, default) or by its
    /// sum (`"spectrum"`).
    #[config(default = "density")]
    scaling: Option<Choice<StftScaling>>,
    /// `"valid"` (default) or `"same"`.
    #[config(default = "valid")]
    padding: Padding,
    /// Whether the channels get an axis of their own, as pictures have; false by default.
    #[config(default = false)]
    expand_dims: bool,
    /// `"channels_last"` or `"channels_first"`; that of the settings by default.
    #[config(default = DataFormat::configured())]
    data_format: DataFormat,
}

impl STFTSpectrogram {
    /// Without a window: Keras' `window=None`.
    pub fn without_window(mut self) -> STFTSpectrogram {
        self.window = None;
        self
    }

    /// Without scaling: Keras' `scaling=None`.
    pub fn without_scaling(mut self) -> STFTSpectrogram {
        self.scaling = None;
        self
    }

    fn step(&self) -> usize {
        self.frame_step.unwrap_or(self.frame_length / 2)
    }

    fn places(&self) -> usize {
        self.fft_length.unwrap_or_else(|| self.frame_length.next_power_of_two())
    }

    /// The kernels that the mode wants: their names and sides.
    fn kernels(&self) -> Result<Vec<(&'static str, StftSide)>> {
        let (real, imag) = (("real_kernel", StftSide::Real), ("imag_kernel", StftSide::Imag));
        Ok(match self.mode.get()? {
            SpectrogramMode::Real => vec![real],
            SpectrogramMode::Imag => vec![imag],
            _ => vec![real, imag],
        })
    }

    fn check(&self, cx: &Build) -> Result<()> {
        const LONGEST: usize = 1 << 20;
        let (frame, step, places) = (self.frame_length, self.step(), self.places());
        if frame == 0 || step == 0 || step > frame || places < frame || places > LONGEST {
            return Err(cx.error(format!(
                "expected frame_step from 1 to frame_length, and fft_length from frame_length to \
                 {LONGEST}, got {step}, {frame} and {places}"
            )));
        }
        let (size, strides) = (&[frame][..], &[step][..]);
        self.windows(size, strides).check(cx)?;
        Ok(())
    }

    fn windows<'a>(&'a self, size: &'a [usize], strides: &'a [usize]) -> Windows<'a> {
        let (padding, format) = (&self.padding, &self.data_format);
        let (argument, dilation, in_time) = ("frame_length", &[1][..], false);
        Windows { argument, size, strides, dilation, padding, in_time, format }
    }

    /// The transform of each channel, (batch, channels, frames, frequencies).
    fn transformed(&self, x: &Value, kernel: &Value) -> Value {
        let (batch, channels, samples) = (x.dim(0), x.dim(1), x.dim(2));
        let (size, strides) = ([self.frame_length], [self.step()]);
        let signals = x.reshape([batch * channels, samples, 1]);
        let padding = self.windows(&size, &strides).padding(&signals);
        let dims = ConvDims { strides: strides.to_vec(), padding, dilation: vec![1], groups: 1 };
        let y = signals.conv(kernel, dims);
        y.reshape([batch, channels, y.dim(1), y.dim(2)])
    }

    /// The axes of (batch, channels, frames, frequencies) in the order that is asked for.
    fn arranged(&self, y: &Value) -> Value {
        let (batch, frames, together) = (y.dim(0), y.dim(2), y.dim(1) * y.dim(3));
        match (self.data_format.get(), self.expand_dims) {
            (Ok(ChannelsOrder::First), true) => y.clone(),
            (Ok(ChannelsOrder::First), false) => {
                y.transpose(&[0, 1, 3, 2]).reshape([batch, together, frames])
            }
            (_, true) => y.transpose(&[0, 2, 3, 1]),
            (_, false) => y.transpose(&[0, 2, 1, 3]).reshape([batch, frames, together]),
        }
    }
}

impl Layer for STFTSpectrogram {
    fn build(&self, cx: &mut Build) -> Result<()> {
        self.check(cx)?;
        for (name, side) in self.kernels()? {
            let (window, scaling) = (self.window.clone(), self.scaling.clone());
            let waves = STFT { side: side.into(), window, scaling, periodic: self.periodic };
            let shape = [self.frame_length, 1, self.places() / 2 + 1];
            cx.weight(name, shape).initializer(&waves.into());
        }
        Ok(())
    }

    fn call(&self, cx: &mut Call) -> Value {
        let x = cx.input();
        if x.rank() != 3 || !x.dtype().is_float() {
            let problem = format!("expected floats of rank 3, got {} {}", x.dtype(), x.shape());
            return x.error("stft_spectrogram", problem);
        }
        let x = match self.data_format.get() {
            Ok(ChannelsOrder::First) => x,
            _ => x.transpose(&[0, 2, 1]),
        };
        let kernels = self.kernels().unwrap_or_default().into_iter();
        let parts: Vec<Value> =
            kernels.map(|(name, _)| self.transformed(&x, &cx.weight(name))).collect();
        let [real, imag] = &parts[..] else {
            return parts.first().map_or_else(|| x.clone(), |part| self.arranged(part));
        };
        let power = real.square() + imag.square();
        let magnitude = || self.arranged(&power.maximum(epsilon()).sqrt());
        match self.mode.get() {
            Ok(SpectrogramMode::Angle) => self.arranged(&imag.atan2(real)),
            Ok(SpectrogramMode::Stft) => {
                self.arranged(&x.builder().concat(&[real.clone(), imag.clone()], 3))
            }
            Ok(SpectrogramMode::Psd) => {
                let last = power.dim(3);
                let inner = power.slice_axis(3, 1.min(last), last.saturating_sub(1).max(1).min(last));
                let again = inner.pad(&[0, 0, 0, 1], &[0, 0, 0, 1], 0.0);
                self.arranged(&(power + again))
            }
            Ok(SpectrogramMode::Magnitude) => magnitude(),
            _ => magnitude().maximum(epsilon()).log(),
        }
    }
}
