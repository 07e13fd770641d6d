//! The options that all optimizers share, written once.
use super::{LearningRate, Trained};
use crate::{Error, Result};
use regex_lite::Regex;

/// Options that all optimizers share.
///
/// ```
/// use ferras::optimizers::Common;
/// let common = Common { clipnorm: Some(1.0), ..Common::new(0.01) };
/// assert_eq!(common.ema_momentum, 0.99);
/// ```
#[derive(Clone, Debug)]
pub struct Common {
    /// The learning rate, or a schedule of it.
    pub learning_rate: LearningRate,
    /// Share of each weight that is taken away at each step, times the learning rate.
    pub weight_decay: Option<f64>,
    /// Largest norm of each weight's gradient.
    pub clipnorm: Option<f64>,
    /// Largest size of each element of a gradient.
    pub clipvalue: Option<f64>,
    /// Largest norm of all gradients together.
    pub global_clipnorm: Option<f64>,
    /// Whether a moving average of the weights is kept, which `fit` ends with.
    pub use_ema: bool,
    /// How much of the average stays at each step, from 0 to 1.
    pub ema_momentum: f64,
    /// After how many steps the average becomes the weights; never if none.
    pub ema_overwrite_frequency: Option<usize>,
    /// What the loss was multiplied by, against underflow; gradients are divided by it.
    pub loss_scale_factor: Option<f64>,
    /// Over how many steps gradients are gathered before an update.
    pub gradient_accumulation_steps: Option<usize>,
    /// Regular expressions: weights in whose names one is found do not decay.
    pub exclude_from_weight_decay: Vec<String>,
}

impl Common {
    /// Whether the weight is one that does not decay.
    pub(super) fn excludes(&self, weight: &Trained) -> bool {
        let name = weight.path.rsplit('/').next().unwrap_or_default();
        finds(&self.exclude_from_weight_decay, name)
    }

    /// Keras' defaults with this learning rate.
    pub fn new(learning_rate: impl Into<LearningRate>) -> Common {
        Common {
            learning_rate: learning_rate.into(),
            weight_decay: None,
            clipnorm: None,
            clipvalue: None,
            global_clipnorm: None,
            use_ema: false,
            ema_momentum: 0.99,
            ema_overwrite_frequency: None,
            loss_scale_factor: None,
            gradient_accumulation_steps: None,
            exclude_from_weight_decay: Vec::new(),
        }
    }

    /// Whether the options make sense, also together.
    pub fn check(&self) -> Result<()> {
        self.learning_rate.check()?;
        let numbers = [
            ("weight_decay", self.weight_decay),
            ("clipnorm", self.clipnorm),
            ("clipvalue", self.clipvalue),
            ("global_clipnorm", self.global_clipnorm),
            ("loss_scale_factor", self.loss_scale_factor),
        ];
        for (name, value) in numbers {
            expect(name, value.is_none_or(f64::is_finite), "must be finite", value.unwrap_or(0.0))?;
        }
        for (name, value) in &numbers[1..4] {
            let value = value.unwrap_or(0.0);
            expect(name, value >= 0.0, "must be at least 0", value)?;
        }
        let scale = self.loss_scale_factor.unwrap_or(1.0);
        expect("loss_scale_factor", scale != 0.0, "must not be 0", scale)?;
        check_patterns("exclude_from_weight_decay", &self.exclude_from_weight_decay)?;
        self.check_clipping()?;
        if self.use_ema {
            fraction("ema_momentum", self.ema_momentum)?;
            if self.ema_overwrite_frequency == Some(0) {
                return Err(Error::argument(
                    "ema_overwrite_frequency",
                    "must be at least 1, got 0",
                ));
            }
        }
        match self.gradient_accumulation_steps {
            Some(1) => {
                let problem = "must be at least 2, got 1; leave it out for an update at each step";
                Err(Error::argument("gradient_accumulation_steps", problem))
            }
            _ => Ok(()),
        }
    }

    fn check_clipping(&self) -> Result<()> {
        let kinds = [
            ("clipnorm", self.clipnorm),
            ("clipvalue", self.clipvalue),
            ("global_clipnorm", self.global_clipnorm),
        ];
        let given: Vec<String> =
            kinds.iter().filter_map(|(n, v)| v.map(|v| format!("{n} = {v}"))).collect();
        if given.len() < 2 {
            return Ok(());
        }
        let given = given.join(" and ");
        Err(Error::argument(
            "clipnorm",
            format!("excludes clipvalue and global_clipnorm: give one of the three, got {given}"),
        ))
    }
}

fn expect(name: &str, holds: bool, rule: &str, value: f64) -> Result<()> {
    if holds { Ok(()) } else { Err(Error::argument(name, format!("{rule}, got {value}"))) }
}

/// Whether one of these regular expressions is found in a name: Python's `re.search`.
pub(super) fn finds(patterns: &[String], name: &str) -> bool {
    patterns.iter().any(|pattern| Regex::new(pattern).is_ok_and(|regex| regex.is_match(name)))
}

/// An error unless all are regular expressions.
pub(super) fn check_patterns(argument: &str, patterns: &[String]) -> Result<()> {
    patterns.iter().try_for_each(|pattern| match Regex::new(pattern) {
        Ok(_) => Ok(()),
        Err(e) => {
            Err(Error::argument(argument, format!("{pattern:?} is no regular expression: {e}")))
        }
    })
}

/// A number from 0 to 1.
pub(super) fn fraction(name: &str, value: f64) -> Result<()> {
    expect(name, (0.0..=1.0).contains(&value), "must be from 0 to 1", value)
}

/// A finite number of at least 0.
pub(super) fn positive(name: &str, value: f64) -> Result<()> {
    expect(name, value >= 0.0 && value.is_finite(), "must be a number of at least 0", value)
}

/// Declares an optimizer class: name, default learning rate and weight decay, own arguments, and
/// its rule. The arguments that all optimizers share are added.
macro_rules! optimizer {
    ($(#[$doc:meta])* $class:ident $name:literal, learning_rate = $rate:literal,
        weight_decay = $decay:tt, { $($own:tt)* } $($rule:item)*) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Config)]
        #[config(module = "keras.optimizers")]
        pub struct $class {
            #[doc = concat!("The learning rate, or a schedule of it; ", $rate, " by default.")]
            #[config(default = $rate)]
            learning_rate: LearningRate,
            $($own)*
            /// Share of each weight that is taken away at each step, times the learning rate.
            #[config(default = $decay)]
            weight_decay: Option<f64>,
            /// Largest norm of each weight's gradient.
            #[config(default)]
            clipnorm: Option<f64>,
            /// Largest size of each element of a gradient.
            #[config(default)]
            clipvalue: Option<f64>,
            /// Largest norm of all gradients together.
            #[config(default)]
            global_clipnorm: Option<f64>,
            /// Whether a moving average of the weights is kept, which `fit` ends with.
            #[config(default = false)]
            use_ema: bool,
            /// How much of the average stays at each step, from 0 to 1; 0.99 by default.
            #[config(default = 0.99)]
            ema_momentum: f64,
            /// After how many steps the average becomes the weights; never if none.
            #[config(default)]
            ema_overwrite_frequency: Option<usize>,
            /// Multiplies the loss, against underflow; gradients are divided by it.
            #[config(default)]
            loss_scale_factor: Option<f64>,
            /// Over how many steps gradients are gathered before an update.
            #[config(default)]
            gradient_accumulation_steps: Option<usize>,
            /// The name in files.
            #[config(default = $name)]
            name: String,
            #[config(state)]
            excluded: Vec<String>,
        }

        impl $class {
            /// Weights in whose names (`bias` of `dense/bias`) one of these regular expressions is found
            /// do not decay. Files do not keep it, as in Keras.
            pub fn exclude_from_weight_decay(
                mut self,
                patterns: impl IntoIterator<Item = impl Into<String>>,
            ) -> $class {
                self.excluded = patterns.into_iter().map(Into::into).collect();
                self
            }
        }

        impl OptimizerFn for $class {
            fn common(&self) -> Common {
                Common {
                    learning_rate: self.learning_rate.clone(),
                    weight_decay: self.weight_decay,
                    clipnorm: self.clipnorm,
                    clipvalue: self.clipvalue,
                    global_clipnorm: self.global_clipnorm,
                    use_ema: self.use_ema,
                    ema_momentum: self.ema_momentum,
                    ema_overwrite_frequency: self.ema_overwrite_frequency,
                    loss_scale_factor: self.loss_scale_factor,
                    gradient_accumulation_steps: self.gradient_accumulation_steps,
                    exclude_from_weight_decay: self.excluded.clone(),
                }
            }
            $($rule)*
        }
    };
}
pub(super) use optimizer;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_left_out_by_regular_expressions() {
        let finds = |patterns: &[&str], name: &str| {
            finds(&patterns.iter().map(|p| p.to_string()).collect::<Vec<_>>(), name)
        };
        assert!(finds(&["gamma", "bi.s$"], "dense/bias"));
        assert!(finds(&["^dense(_[0-9]+)?/"], "dense_12/kernel"));
        assert!(!finds(&["^bias"], "dense/bias") && !finds(&[], "bias"));
        let wrong = vec!["(".to_string()];
        let common = Common { exclude_from_weight_decay: wrong, ..Common::new(0.1) };
        let error = common.check().unwrap_err().to_string();
        assert!(error.contains("\"(\" is no regular expression"), "{error}");
    }
}
