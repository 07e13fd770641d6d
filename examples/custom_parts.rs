//! Parts of a network that a program writes itself: a layer, an activation, an initializer, a
//! regularizer, a constraint, a loss, a metric and a callback, a few lines each. They stand
//! wherever Ferras' own do, train with gradients that nobody wrote, and have names for files by
//! `#[derive(Config)]`.
mod common;

use ferras::prelude::*;
use ferras::random::Generator;
use std::process::ExitCode;

/// A layer: (x · kernel + bias) · gate, with a gate for each unit that is learnt as well.
#[derive(Clone, Debug, Config)]
struct GatedDense {
    /// Size of the output's last axis.
    units: usize,
    /// What it is put through; linear by default.
    #[config(default = "linear")]
    activation: Activation,
    /// Initial kernel.
    #[config(default = "glorot_uniform")]
    kernel_initializer: Initializer,
}

impl Layer for GatedDense {
    fn build(&self, cx: &mut Build) -> Result<()> {
        cx.at_least("units", self.units, 1)?;
        self.activation.get()?;
        let features = cx.input()?.min_rank(2)?.known(-1)?;
        cx.weight("kernel", [features, self.units]).initializer(&self.kernel_initializer);
        cx.weight("bias", [self.units]);
        cx.weight("gate", [self.units]).initializer(&"ones".into());
        Ok(())
    }

    fn call(&self, cx: &mut Call) -> Value {
        let y = cx.input().matmul(&cx.weight("kernel")) + cx.weight("bias");
        self.activation.apply(&(y * cx.weight("gate")))
    }
}

/// An activation: x for |x| < width, growing ever slower beyond.
#[derive(Clone, Debug, Config)]
struct SoftLimit {
    #[config(default = 1.0)]
    width: f64,
}

impl ActivationFn for SoftLimit {
    fn call(&self, x: &Value) -> Value {
        let beyond = (x.abs() - self.width).relu();
        x.sign() * (x.abs() - &beyond + beyond.log1p())
    }
}

/// An initializer: +scale and −scale by the toss of a coin.
#[derive(Clone, Debug, Config)]
struct Coin {
    #[config(default = 0.1)]
    scale: f64,
}

impl InitializerFn for Coin {
    fn call(&self, ty: &TensorType, random: &mut Generator) -> Result<Tensor> {
        Ok(random.fill(ty, |g| if g.next_f64() < 0.5 { -self.scale } else { self.scale }))
    }
}

/// A regularizer: factor · Σ (w² − 1)², which draws weights to −1 and 1.
#[derive(Clone, Debug, Config)]
struct Binary {
    factor: f64,
}

impl RegularizerFn for Binary {
    fn call(&self, w: &Value) -> Value {
        let off = w * w - 1.0;
        (&off * &off).sum(&[], false) * self.factor
    }
}

/// A constraint: weights within ±limit.
#[derive(Clone, Debug, Config)]
struct Within {
    limit: f64,
}

impl ConstraintFn for Within {
    fn call(&self, w: &Value) -> Value {
        w.minimum(self.limit).maximum(-self.limit)
    }
}

/// A loss: squared up to a distance, growing straight beyond, so that outliers pull less.
#[derive(Clone, Debug, Config)]
struct Forgiving {
    #[config(default = 1.0)]
    distance: f64,
}

impl LossFn for Forgiving {
    fn call(&self, y_true: &Value, y_pred: &Value) -> Value {
        let error = (y_true - y_pred).abs();
        let near = error.minimum(self.distance);
        (&near * &near * 0.5 + (error - near) * self.distance).mean(&[-1], false)
    }
    fn name(&self) -> String {
        "forgiving".into()
    }
}

/// A callback: halves the learning rate when the loss has not fallen.
#[derive(Default)]
struct Halve {
    last: Option<f64>,
    times: usize,
}

impl Callback for Halve {
    fn on_epoch_end(&mut self, _epoch: usize, logs: &Logs, run: &mut Run) -> Result<()> {
        let loss = logs.get("loss");
        if loss >= self.last && self.last.is_some() {
            run.set_learning_rate(run.learning_rate()? / 2.0)?;
            self.times += 1;
        }
        self.last = loss;
        Ok(())
    }
}

fn main() -> ExitCode {
    common::run(program)
}

fn program() -> Result<(), Box<dyn std::error::Error>> {
    // It has no options.
    if let Some(other) = lexopt::Parser::from_env().next()? {
        return Err(other.unexpected().into());
    }
    set_random_seed(1);
    let swish = Activation::custom("swish_of_mine", |x| x * x.sigmoid());
    let last =
        Dense::new(1).kernel_regularizer(Binary::new(1e-4)).kernel_constraint(Within::new(2.0));
    let mut model = Sequential::new()
        .add(Input::new([2]))
        .add(GatedDense::new(16).activation(swish).kernel_initializer(Coin::new().scale(0.5)))
        .add(GatedDense::new(8).activation(SoftLimit::new().width(0.5)))
        .add(last)
        .build()?;
    // A metric of one line is a closure; it is averaged over the samples.
    let side = Metric::custom("right_side", |y_true, y_pred| {
        (y_true * y_pred).greater(0.0).cast(DType::F32).mean(&[-1], false)
    });
    model.compile(
        Compile::new()
            .optimizer(SGD::new().learning_rate(0.1))
            .loss(Forgiving::new())
            .metrics([side]),
    )?;

    // Is a point of the square left or right of the diagonal?
    let x = Generator::new(2).uniform(&TensorType::new(DType::F32, [256, 2]), -1.0, 1.0);
    let side = |p: &[f64]| if p[0] > p[1] { 1.0_f32 } else { -1.0 };
    let y = Tensor::new([256, 1], x.to_f64_vec().chunks(2).map(side).collect())?;
    let mut halve = Halve::default();
    let fit = Fit::new().epochs(60).verbose(0).callback(&mut halve);
    let history = model.fit(&x, &y, fit)?;

    let loss = history.get("loss").unwrap_or_default();
    let ends =
        (loss.first().copied().unwrap_or(f64::NAN), loss.last().copied().unwrap_or(f64::NAN));
    println!(
        "{} parameters; loss {:.3} at first, {:.3} at last",
        model.count_params(),
        ends.0,
        ends.1
    );
    println!(
        "{:.1}% of the points on the right side; the learning rate was halved {} times",
        history.last("right_side").unwrap_or(f64::NAN) * 100.0,
        halve.times
    );
    Ok(())
}
