//! `VarianceScaling` and the six rules that Keras names after their authors.
use super::{Initializer, InitializerFn, seeded, truncated_normal};
use crate::config::{Choice, Vocabulary};
use crate::random::Generator;
use crate::{Error, Result};
use ferras_derive::Config;
use ferras_graph::{Tensor, TensorType};

/// Deviation of a unit normal that is cut at two deviations.
const TRUNCATED_DEVIATION: f64 = 0.879_625_661_034_239_8;

/// Which number of neighbours scales the variance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FanMode {
    /// Inputs of a unit.
    FanIn,
    /// Outputs of a unit.
    FanOut,
    /// The mean of both.
    FanAvg,
}

impl Vocabulary for FanMode {
    const KIND: &'static str = "mode";
    const WORDS: &'static [(&'static str, Self)] =
        &[("fan_in", FanMode::FanIn), ("fan_out", FanMode::FanOut), ("fan_avg", FanMode::FanAvg)];
}

/// How the numbers of a [`VarianceScaling`] are distributed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Distribution {
    /// Normal, cut at two of its deviations, widened so that the deviation is as asked.
    TruncatedNormal,
    /// Normal.
    UntruncatedNormal,
    /// Uniform around 0.
    Uniform,
}

impl Vocabulary for Distribution {
    const KIND: &'static str = "distribution";
    const WORDS: &'static [(&'static str, Self)] = &[
        ("truncated_normal", Distribution::TruncatedNormal),
        ("untruncated_normal", Distribution::UntruncatedNormal),
        ("uniform", Distribution::Uniform),
        // Keras 1 and 2 say "normal" for the truncated one.
        ("normal", Distribution::TruncatedNormal),
    ];
}

/// Mean 0 and variance `scale` / n, with n the fan that `mode` names.
///
/// The fans of a vector are its length; of a matrix (in, out) its sides; of a kernel
/// (field…, in, out) field · in and field · out.
///
/// - **Errors** where `scale` is not above 0, or an axis is beyond the weight's.
/// - **Source** Keras 3 `initializers.VarianceScaling`.
///
/// ```
/// use ferras::prelude::*;
/// let rule = VarianceScaling::new().scale(2.0).mode("fan_out").distribution("uniform");
/// let layer = Dense::new(4).kernel_initializer(rule);
/// # let _ = layer;
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.initializers")]
pub struct VarianceScaling {
    /// Own seed, by which every weight starts alike; none draws from the program's.
    #[config(default)]
    seed: Option<u64>,
    /// Factor of the variance; 1 by default.
    #[config(default = 1.0)]
    scale: f64,
    /// `"fan_in"` (default), `"fan_out"` or `"fan_avg"`.
    #[config(default = "fan_in")]
    mode: Choice<FanMode>,
    /// `"truncated_normal"` (default), `"untruncated_normal"` or `"uniform"`.
    #[config(default = "truncated_normal")]
    distribution: Choice<Distribution>,
    /// Axes whose sizes multiply to the inputs of a unit, if not the usual ones.
    #[config(default)]
    input_axes: Option<Vec<isize>>,
    /// Axes whose sizes multiply to the outputs of a unit, if not the usual ones.
    #[config(default)]
    output_axes: Option<Vec<isize>>,
}

impl InitializerFn for VarianceScaling {
    fn call(&self, ty: &TensorType, random: &mut Generator) -> Result<Tensor> {
        let rule = Rule {
            scale: self.scale,
            mode: self.mode.get()?,
            distribution: self.distribution.get()?,
            axes: self.input_axes.as_deref().zip(self.output_axes.as_deref()),
        };
        rule.draw(ty, self.seed, random)
    }

    fn with_axes(&self, inputs: &[isize], outputs: &[isize]) -> Option<Initializer> {
        if self.input_axes.is_some() && self.output_axes.is_some() {
            return None;
        }
        Some(self.clone().input_axes(inputs.to_vec()).output_axes(outputs.to_vec()).into())
    }
}

struct Rule<'a> {
    scale: f64,
    mode: FanMode,
    distribution: Distribution,
    axes: Option<(&'a [isize], &'a [isize])>,
}

impl Rule<'_> {
    fn draw(&self, ty: &TensorType, seed: Option<u64>, random: &mut Generator) -> Result<Tensor> {
        if self.scale.is_nan() || self.scale <= 0.0 {
            let problem = format!("of VarianceScaling must be above 0, got {}", self.scale);
            return Err(Error::argument("scale", problem));
        }
        let (fan_in, fan_out) = fans(&ty.shape, self.axes)?;
        let fan = match self.mode {
            FanMode::FanIn => fan_in,
            FanMode::FanOut => fan_out,
            FanMode::FanAvg => (fan_in + fan_out) / 2.0,
        };
        let deviation = (self.scale / fan.max(1.0)).sqrt();
        Ok(seeded(seed, random, |g| match self.distribution {
            Distribution::TruncatedNormal => {
                g.fill(ty, |g| deviation / TRUNCATED_DEVIATION * truncated_normal(g))
            }
            Distribution::UntruncatedNormal => g.fill(ty, |g| deviation * g.normal()),
            Distribution::Uniform => {
                let limit = 3.0_f64.sqrt() * deviation;
                g.uniform(ty, -limit, limit)
            }
        }))
    }
}

/// Inputs and outputs of one unit of a weight of this shape.
fn fans(shape: &[usize], axes: Option<(&[isize], &[isize])>) -> Result<(f64, f64)> {
    if let Some((inputs, outputs)) = axes {
        return Ok((product(shape, inputs)?, product(shape, outputs)?));
    }
    Ok(match shape {
        [] => (1.0, 1.0),
        [n] => (*n as f64, *n as f64),
        [field @ .., a, b] => {
            let field = field.iter().product::<usize>() as f64;
            (field * *a as f64, field * *b as f64)
        }
    })
}

fn product(shape: &[usize], axes: &[isize]) -> Result<f64> {
    let size = |&axis: &isize| {
        let place = if axis < 0 { axis + shape.len() as isize } else { axis };
        let size = usize::try_from(place).ok().and_then(|i| shape.get(i));
        size.map(|&n| n as f64).ok_or_else(|| {
            let problem = format!("names axis {axis}, but the weight has shape {shape:?}");
            Error::argument("input_axes or output_axes", problem)
        })
    };
    axes.iter().map(size).product()
}

macro_rules! named_rules {
    ($($(#[$doc:meta])* $class:ident: $scale:literal, $mode:ident, $distribution:ident;)*) => {
        $($(#[$doc])*
        ///
        /// ```
        /// use ferras::prelude::*;
        #[doc = concat!("let layer = Dense::new(4).kernel_initializer(", stringify!($class), "::new().seed(1));")]
        /// # let _ = layer;
        /// ```
        #[derive(Clone, Debug, Config)]
        #[config(module = "keras.initializers")]
        pub struct $class {
            /// Own seed, by which every weight starts alike; none draws from the program's.
            #[config(default)]
            seed: Option<u64>,
            /// Axes whose sizes multiply to the inputs of a unit, if not the usual ones.
            #[config(default)]
            input_axes: Option<Vec<isize>>,
            /// Axes whose sizes multiply to the outputs of a unit, if not the usual ones.
            #[config(default)]
            output_axes: Option<Vec<isize>>,
        }

        impl InitializerFn for $class {
            fn call(&self, ty: &TensorType, random: &mut Generator) -> Result<Tensor> {
                let rule = Rule {
                    scale: $scale,
                    mode: FanMode::$mode,
                    distribution: Distribution::$distribution,
                    axes: self.input_axes.as_deref().zip(self.output_axes.as_deref()),
                };
                rule.draw(ty, self.seed, random)
            }

            fn with_axes(&self, inputs: &[isize], outputs: &[isize]) -> Option<Initializer> {
                if self.input_axes.is_some() && self.output_axes.is_some() {
                    return None;
                }
                Some(self.clone().input_axes(inputs.to_vec()).output_axes(outputs.to_vec()).into())
            }
        })*
    };
}

named_rules! {
    /// Truncated normal of variance 1 / fan_in: LeCun et al. 1998.
    LecunNormal: 1.0, FanIn, TruncatedNormal;
    /// U(−l, l) with l = √(3 / fan_in): LeCun et al. 1998.
    LecunUniform: 1.0, FanIn, Uniform;
    /// Truncated normal of variance 2 / (fan_in + fan_out): Glorot & Bengio 2010, eq. 12.
    GlorotNormal: 1.0, FanAvg, TruncatedNormal;
    /// U(−l, l) with l = √(6 / (fan_in + fan_out)): Glorot & Bengio 2010, eq. 16.
    GlorotUniform: 1.0, FanAvg, Uniform;
    /// Truncated normal of variance 2 / fan_in: He et al. 2015.
    HeNormal: 2.0, FanIn, TruncatedNormal;
    /// U(−l, l) with l = √(6 / fan_in): He et al. 2015.
    HeUniform: 2.0, FanIn, Uniform;
}
