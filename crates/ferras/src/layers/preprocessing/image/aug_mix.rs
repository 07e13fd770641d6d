//! `AugMix`: several chains of changes, mixed.
use super::arguments::{Factor, Range};
use super::color::{check_channels, hold};
use super::{at_most, on_pictures};
use super::operations::{Change, Operation, Operations};
use super::rand_augment::one_of;
use super::sampling::Between;
use crate::config::Choice;
use crate::layers::prelude::*;
use crate::layers::spatial::DataFormat;
use ferras_graph::DType;

/// In training, makes pictures w·x + (1 − w)·Σ cᵢ·chainᵢ(x), held within `value_range`; otherwise
/// pictures go through.
///
/// Each of `num_chains` chains changes the batch up to `chain_depth` times in one of the ways of
/// [`RandAugment`](super::RandAugment), or not, all as likely. c is drawn from the Dirichlet
/// distribution of `alpha`, w from the beta distribution of `alpha` and `alpha`; all are drawn for the
/// whole batch. Every way is computed at every place of every chain and one is taken: this layer costs
/// as much as a hundred others.
///
/// - **Input, output** `(batch, rows, columns, channels)`, or `(batch, channels, rows, columns)` with
///   `channels_first`; 1 or 3 channels; floats within `value_range`.
/// - **Errors** at build: rank other than 4, other numbers of channels, a factor outside of 0 and 1,
///   an `alpha` not above 0, no chain.
/// - **Source** Keras 3 `layers.AugMix`; Hendrycks et al. 2020.
///
/// ```
/// use ferras::prelude::*;
/// let x = Input::new([32, 32, 3]);
/// let model = Model::new(&x, &AugMix::new().num_chains(2).chain_depth(1).apply(&x))?;
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.layers")]
pub struct AugMix {
    /// The least and the greatest value of a picture; 0 and 255 by default.
    #[config(default = (0, 255))]
    value_range: Range,
    /// Number of chains; 3 by default.
    #[config(default = 3)]
    num_chains: usize,
    /// How many changes a chain has; 3 by default.
    #[config(default = 3)]
    chain_depth: usize,
    /// The largest strength of a change, or the two ends of its range; 0.3 by default.
    #[config(default = 0.3, written = self.factor.written(0.0))]
    factor: Factor,
    /// How alike the shares of chains are, and those of picture and chains; 1 by default.
    #[config(default = 1.0)]
    alpha: f64,
    /// Whether brightness, contrast, sharpness and degenerated colours are among the ways; true by
    /// default.
    #[config(default = true)]
    all_ops: bool,
    /// `"bilinear"` (default) or `"nearest"`.
    #[config(default = "bilinear")]
    interpolation: Choice<Between>,
    /// Own seed; none follows the program's.
    #[config(default)]
    seed: Option<u64>,
    /// `"channels_last"` or `"channels_first"`; that of the settings by default.
    #[config(default = DataFormat::configured())]
    data_format: DataFormat,
}

impl AugMix {
    /// A picture after the changes of a chain.
    fn chain(&self, cx: &mut Call, images: &Value) -> Value {
        let operations = Operations {
            factor: Factor::from(self.factor.bounds(0.0)),
            value_range: self.value_range,
            interpolation: self.interpolation.clone(),
            seed: self.seed,
        };
        let ways = || Operation::ALL.into_iter().filter(|o| self.all_ops || !o.is_light());
        (0..self.chain_depth).fold(images.clone(), |images, _| {
            let changes: Vec<Change> = ways().map(|o| operations.draw(o, cx, &images)).collect();
            let u = cx.random_uniform([1, 1, 1, 1], self.seed);
            let chosen = (u * (changes.len() + 1) as f64).cast(DType::I32);
            one_of(&changes, &images, &chosen)
        })
    }

    fn transform(&self, cx: &mut Call, images: &Value) -> Value {
        let builder = images.builder();
        let alpha = builder.scalar(images.dtype(), self.alpha);
        let (key, stream) = cx.random_key(self.seed);
        let share = builder.random_log_gamma(&key, stream, [self.num_chains], &alpha).softmax(&[0]);
        let (key, stream) = cx.random_key(self.seed);
        let own = builder.random_beta(&key, stream, [], &alpha, &alpha).cast(images.dtype());
        let chains = (0..self.num_chains).map(|i| {
            let share = share.slice_axis(0, i, i + 1).reshape([]).cast(images.dtype());
            self.chain(cx, images) * share
        });
        let mixed = chains.reduce(|a, b| a + b).unwrap_or_else(|| images.clone());
        hold(&(images * &own + mixed * (1.0 - &own)), self.value_range)
    }
}

impl Layer for AugMix {
    fn build(&self, cx: &mut Build) -> Result<()> {
        self.value_range.check()?;
        self.interpolation.get()?;
        self.factor.check("factor", 0.0, 1.0)?;
        cx.at_least("num_chains", self.num_chains, 1)?;
        let changes = self.num_chains.saturating_mul(self.chain_depth);
        at_most(cx, "num_chains times chain_depth", changes, 50)?;
        match self.alpha > 0.0 && self.alpha.is_finite() {
            true => check_channels(cx, &self.data_format, &[1, 3]),
            false => Err(cx.error(format!("alpha must be above 0, got {}", self.alpha))),
        }
    }

    fn call(&self, cx: &mut Call) -> Value {
        let training = cx.training();
        on_pictures(&cx.input(), &self.data_format, |images| match training {
            true => self.transform(cx, images),
            false => images.clone(),
        })
    }
}
