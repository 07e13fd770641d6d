//! Where random numbers come from, and what their distributions are told.
use super::{Generator, next_seed};
use crate::{Error, Result};
use ferras_graph::{Shape, Tensor};

/// Where the numbers of a function come from.
#[derive(Debug)]
pub enum Seed<'a> {
    /// The program's stream: new numbers each time, all of them a function of
    /// [`set_random_seed`](super::set_random_seed). Keras' `None`, here `()`.
    Program,
    /// The same numbers each time.
    Fixed(u64),
    /// The next numbers of a stream: Keras' `SeedGenerator`.
    Stream(&'a mut Generator),
}

impl Seed<'_> {
    /// The stream to draw from.
    pub(super) fn generator(self) -> Generator {
        Generator::new(match self {
            Seed::Program => next_seed(),
            Seed::Fixed(seed) => seed,
            Seed::Stream(generator) => generator.next_u64(),
        })
    }
}

impl From<()> for Seed<'_> {
    fn from((): ()) -> Self {
        Seed::Program
    }
}

impl From<u64> for Seed<'_> {
    fn from(seed: u64) -> Self {
        Seed::Fixed(seed)
    }
}

impl From<i32> for Seed<'_> {
    fn from(seed: i32) -> Self {
        Seed::Fixed(seed as u64)
    }
}

impl<'a> From<&'a mut Generator> for Seed<'a> {
    fn from(generator: &'a mut Generator) -> Self {
        Seed::Stream(generator)
    }
}

/// What a distribution is told: one number, or an array that is repeated to the shape of the result
/// as in NumPy.
#[derive(Clone, Debug)]
pub struct Parameter(Tensor);

impl From<f64> for Parameter {
    fn from(number: f64) -> Parameter {
        Parameter(Tensor::scalar(number))
    }
}

impl From<Tensor> for Parameter {
    fn from(array: Tensor) -> Parameter {
        Parameter(array)
    }
}

impl From<&Tensor> for Parameter {
    fn from(array: &Tensor) -> Parameter {
        Parameter(array.clone())
    }
}

impl Parameter {
    /// A number for each place of the shape; an error names the argument where it does not fit, or a
    /// number is not what `is_good` says.
    pub(super) fn along(
        &self,
        argument: &str,
        shape: &Shape,
        (expected, is_good): (&str, fn(f64) -> bool),
    ) -> Result<Vec<f64>> {
        let own = self.0.shape();
        if own.broadcast(shape).as_ref() != Some(shape) {
            let problem = format!("expected what can be repeated to {shape}, got {own}");
            return Err(Error::argument(argument, problem));
        }
        let numbers = self.0.to_f64_vec();
        if let Some(bad) = numbers.iter().find(|n| !is_good(**n)) {
            return Err(Error::argument(argument, format!("must be {expected}, got {bad}")));
        }
        // Steps of this array for one step along each axis of the shape.
        let before = shape.rank() - own.rank();
        let steps = own.strides();
        let step = |axis: usize| match axis.checked_sub(before) {
            Some(a) if own[a] > 1 => steps[a],
            _ => 0,
        };
        let (all, sizes) = (shape.strides(), shape.iter().enumerate());
        let sizes: Vec<(usize, usize)> = sizes.map(|(axis, &n)| (n, step(axis))).collect();
        let place = |i: usize| {
            let axes = all.iter().zip(&sizes);
            axes.map(|(stride, (n, step))| i / stride % n * step).sum::<usize>()
        };
        Ok((0..shape.elements()).map(|i| numbers[place(i)]).collect())
    }
}
