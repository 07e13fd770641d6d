//! `STFT`: kernels that make a convolution a short-time Fourier transform.
use super::InitializerFn;
use super::window::WindowFunction;
use crate::config::{Choice, ConfigValue, Scope, Vocabulary, mismatch};
use crate::random::Generator;
use crate::{Error, Result};
use ferras_derive::Config;
use ferras_graph::{Tensor, TensorType};
use serde_json::{Value as Json, json};
use std::f64::consts::PI;

/// Which part of the complex transform.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StftSide {
    /// The real one: cosines.
    Real,
    /// The imaginary one: negated sines.
    Imag,
}

impl Vocabulary for StftSide {
    const KIND: &'static str = "side";
    const WORDS: &'static [(&'static str, Self)] =
        &[("real", StftSide::Real), ("imag", StftSide::Imag)];
}

/// What the numbers of a window are divided by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StftScaling {
    /// √Σ w²
    Density,
    /// Σ |w|
    Spectrum,
}

impl Vocabulary for StftScaling {
    const KIND: &'static str = "scaling";
    const WORDS: &'static [(&'static str, Self)] =
        &[("density", StftScaling::Density), ("spectrum", StftScaling::Spectrum)];
}

/// A window: the name of a function, as `"hann"`, or its numbers.
#[derive(Clone, Debug, PartialEq)]
pub enum StftWindow {
    /// A function of SciPy's, by name.
    Function(Choice<WindowFunction>),
    /// One number a sample of the frame.
    Numbers(Vec<f64>),
}

impl From<&str> for StftWindow {
    fn from(name: &str) -> StftWindow {
        StftWindow::Function(name.into())
    }
}

impl From<Vec<f64>> for StftWindow {
    fn from(numbers: Vec<f64>) -> StftWindow {
        StftWindow::Numbers(numbers)
    }
}

impl ConfigValue for StftWindow {
    fn to_json(&self) -> Json {
        match self {
            StftWindow::Function(function) => function.to_json(),
            StftWindow::Numbers(numbers) => json!(numbers),
        }
    }

    fn from_json(json: &Json, scope: &Scope) -> Result<Self, String> {
        match json {
            Json::String(_) => Choice::from_json(json, scope).map(StftWindow::Function),
            Json::Array(_) => Vec::from_json(json, scope).map(StftWindow::Numbers),
            other => Err(mismatch("the name or the numbers of a window", other)),
        }
    }
}

/// w(t) · cos(2π t f / F) / s (or −sin) for sample t of a frame and frequency f: the kernel of a
/// [`Conv1D`](crate::layers::Conv1D) that transforms frames of a signal.
///
/// For weights of shape (frame length, 1, F / 2 + 1).
///
/// - **Errors** where the weight has another rank, or the window another length than the frame.
/// - **Source** Keras 3 `initializers.STFT`; windows as in SciPy's `scipy.signal.get_window`.
///
/// ```
/// use ferras::{initializers::STFT, prelude::*};
/// let power = Conv1D::new(65, 128).strides(64).use_bias(false).kernel_initializer(STFT::new());
/// let x = Input::new([1024, 1]);
/// assert_eq!(Model::new(&x, &power.apply(&x))?.count_params(), 128 * 65);
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.initializers")]
pub struct STFT {
    /// `"real"` (default) or `"imag"`.
    #[config(default = "real")]
    pub(crate) side: Choice<StftSide>,
    /// A window for the frame; `"hann"` by default.
    #[config(default = "hann")]
    pub(crate) window: Option<StftWindow>,
    /// `"density"` (default) or `"spectrum"`: whether the window is scaled by the root of its squares'
    /// sum, or by its sum.
    #[config(default = "density")]
    pub(crate) scaling: Option<Choice<StftScaling>>,
    /// Whether the window is one period, rather than symmetric; false by default.
    #[config(default = false)]
    pub(crate) periodic: bool,
}

impl STFT {
    /// Without a window: Keras' `window=None`.
    pub fn without_window(mut self) -> STFT {
        self.window = None;
        self
    }

    /// Without scaling: Keras' `scaling=None`.
    pub fn without_scaling(mut self) -> STFT {
        self.scaling = None;
        self
    }

    /// The scaled window for a frame of this length.
    fn weights(&self, length: usize) -> Result<Vec<f64>> {
        let window = match &self.window {
            None => return Ok(vec![1.0; length]),
            Some(StftWindow::Function(function)) => function.get()?.values(length, self.periodic),
            Some(StftWindow::Numbers(numbers)) => numbers.clone(),
        };
        if window.len() != length {
            let problem = format!("has {} numbers, the frame has {length} samples", window.len());
            return Err(Error::argument("window", problem));
        }
        let divisor = match self.scaling.as_ref().map(Choice::get).transpose()? {
            Some(StftScaling::Density) => window.iter().map(|w| w * w).sum::<f64>().sqrt(),
            Some(StftScaling::Spectrum) => window.iter().map(|w| w.abs()).sum(),
            None => 1.0,
        };
        Ok(window.into_iter().map(|w| w / divisor).collect())
    }
}

impl InitializerFn for STFT {
    fn call(&self, ty: &TensorType, _: &mut Generator) -> Result<Tensor> {
        let &[length, 1, frequencies] = &ty.shape[..] else {
            let problem = format!(
                "\"STFT\" fits weights of shape (frame length, 1, frequencies), got {}",
                ty.shape
            );
            return Err(Error::argument("initializer", problem));
        };
        let part = match self.side.get()? {
            StftSide::Real => f64::cos,
            StftSide::Imag => |angle: f64| -angle.sin(),
        };
        let period = frequencies.saturating_sub(1) as f64 * 2.0;
        let mut data = Vec::with_capacity(ty.shape.elements());
        for (t, weight) in self.weights(length)?.into_iter().enumerate() {
            let turns = |f: usize| if f == 0 { 0.0 } else { t as f64 * f as f64 / period };
            data.extend((0..frequencies).map(|f| weight * part(2.0 * PI * turns(f))));
        }
        Ok(Tensor::new(ty.shape.clone(), data)?.cast(ty.dtype))
    }
}
