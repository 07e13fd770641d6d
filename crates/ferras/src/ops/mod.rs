//! Operations: what layers, losses and metrics of a program are made of, by the names of
//! `keras.ops`.
//!
//! They take and give the symbolic [`Value`](ferras_graph::Value)s of a `call`, in Keras' order of
//! arguments. Rust has no arguments that may be left out, so that each says Keras' default: `axis`
//! is -1, a list or `()` for Python's `None`, which is all axes. A mistake is kept in the graph, as
//! everywhere, and told by the model. Arithmetic also has Rust's own signs, and a
//! [`Value`](ferras_graph::Value) has these functions as methods, some with other arguments.
//!
//! ```
//! use ferras::ops;
//! use ferras::prelude::*;
//! /// Each row less its mean, over its deviation.
//! #[derive(Clone, Debug, Config)]
//! struct Standardize;
//! impl Layer for Standardize {
//!     fn call(&self, cx: &mut Call) -> Value {
//!         let x = cx.input();
//!         let apart = &x - ops::mean(&x, -1, true);
//!         ops::divide(&apart, &ops::maximum(&ops::std(&x, -1, true), 1e-6))
//!     }
//! }
//! let x = Input::new([3]);
//! let model = Model::new(&x, Standardize::new().apply(&x))?;
//! let y = model.predict([[1.0_f32, 2.0, 3.0]])?.to_f64_vec();
//! assert!((y[0] + 1.2247).abs() < 1e-4 && y[1] == 0.0);
//! # Ok::<(), ferras::Error>(())
//! ```
//!
//! Values that are made of numbers alone ([`arange`], [`eye`]) are given the graph's builder, which every
//! value has. Complex numbers are two values, real and imaginary parts, as in Keras ([`rfft`], [`stft`]).
//! Loops and choices take closures ([`scan`], [`while_loop`], [`cond`]).
//!
//! What is left out of `keras.ops` stands in `docs/keras-coverage.md`, as what has as many elements as the
//! numbers say (`nonzero`, `unique`).
mod control;
mod create;
mod ctc;
mod elementwise;
mod functions;
mod linalg;
mod nn;
mod order;
mod pieces;
#[cfg(test)]
mod tests;

pub use control::*;
pub use create::*;
pub use ctc::{CtcDecode, ctc_decode, ctc_loss};
pub use elementwise::*;
pub use functions::*;
pub use linalg::*;
pub use nn::*;
pub use order::*;
pub use pieces::*;
