//! `Add`, `Subtract`, `Multiply`, `Average`, `Maximum`, `Minimum`: element by element.
use crate::layers::{PartialShape, prelude::*};

macro_rules! merges {
    ($($class:ident, $formula:literal, $inputs:literal, $merge:expr;)*) => {
        $(#[doc = concat!($formula, ", element by element.")]
        ///
        /// - **Inputs** at least one, of shapes that broadcast; where ranks differ, axes of size 1
        ///   come in after the batch axis. **Output** the shape they broadcast to.
        /// - **Errors** at build: shapes that do not broadcast.
        #[doc = concat!("- **Source** Keras 3 `layers.", stringify!($class), "`.")]
        ///
        /// ```
        /// use ferras::prelude::*;
        /// let (a, b) = (Input::new([4]), Input::new([3, 4]));
        #[doc = concat!("let y = ", stringify!($class), "::new().apply([&a, &b]);")]
        /// assert!(Model::new([&a, &b], &y).is_ok());
        /// ```
        #[derive(Clone, Debug, Config)]
        #[config(module = "keras.layers")]
        pub struct $class;

        impl Layer for $class {
            fn build(&self, cx: &mut Build) -> Result<()> {
                check(cx, $inputs)
            }

            fn call(&self, cx: &mut Call) -> Value {
                let inputs = aligned(cx.inputs());
                let merge: fn(&[Value], Value) -> Value = $merge;
                match inputs.split_first() {
                    Some((first, rest)) => merge(rest, first.clone()),
                    None => cx.input(),
                }
            }
        })*
    };
}

merges! {
    Add, "a + b + …", 1, |rest, first| rest.iter().fold(first, |y, x| y + x);
    Subtract, "a − b", 2, |rest, first| rest.iter().fold(first, |y, x| y - x);
    Multiply, "a · b · …", 1, |rest, first| rest.iter().fold(first, |y, x| y * x);
    Average, "Mean of a, b, …", 1, |rest, first| {
        rest.iter().fold(first, |y, x| y + x) / (rest.len() + 1) as f64
    };
    Maximum, "Largest of a, b, …", 1, |rest, first| rest.iter().fold(first, |y, x| y.maximum(x));
    Minimum, "Smallest of a, b, …", 1, |rest, first| rest.iter().fold(first, |y, x| y.minimum(x));
}

/// The inputs at equal rank: axes of size 1 come in after the batch axis.
fn aligned(inputs: &[Value]) -> Vec<Value> {
    let rank = inputs.iter().map(Value::rank).max().unwrap_or(0);
    let align = |x: &Value| match &x.shape()[..] {
        [batch, rest @ ..] if x.rank() < rank => {
            let ones = vec![1; rank - x.rank()];
            x.reshape([&[*batch], &ones[..], rest].concat())
        }
        _ => x.clone(),
    };
    inputs.iter().map(align).collect()
}

/// An error unless there are as many inputs as it takes, and their shapes broadcast.
fn check(cx: &Build, least: usize) -> Result<()> {
    let shapes: Vec<&PartialShape> = cx.inputs().iter().map(|s| &s.shape).collect();
    // Only a difference is of two; everything else is of any number.
    if shapes.len() < least || least == 2 && shapes.len() > 2 {
        let bound = if least == 2 { "exactly" } else { "at least" };
        return Err(cx.error(format!("expected {bound} {least} inputs, got {}", shapes.len())));
    }
    let sizes = |shape: &PartialShape, from_end: usize| {
        shape.len().checked_sub(from_end + 1).and_then(|i| shape.get(i)).copied().flatten()
    };
    let rank = shapes.iter().map(|s| s.len()).max().unwrap_or(0);
    for from_end in 0..rank {
        // The batch axes meet each other, whatever the ranks.
        let own = |s: &&&PartialShape| from_end + 1 < s.len();
        let known = shapes.iter().filter(own).filter_map(|s| sizes(s, from_end));
        let wide: Vec<usize> = known.filter(|&n| n != 1).collect();
        if wide.windows(2).any(|pair| pair[0] != pair[1]) {
            return Err(incompatible(cx, &shapes));
        }
    }
    let mut batches = shapes.iter().filter_map(|s| s.first().copied().flatten());
    match batches.next() {
        Some(first) if batches.any(|n| n != first) => Err(incompatible(cx, &shapes)),
        _ => Ok(()),
    }
}

fn incompatible(cx: &Build, shapes: &[&PartialShape]) -> crate::Error {
    let shapes: Vec<String> = shapes.iter().map(|s| s.to_string()).collect();
    cx.error(format!(
        "expected inputs of shapes that broadcast (equal sizes, or 1), got {}",
        shapes.join(" and ")
    ))
}
