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
                let merge: fn(&Call, &[Value], Value) -> Value = $merge;
                match inputs.split_first() {
                    Some((first, rest)) => merge(cx, rest, first.clone()),
                    None => cx.input(),
                }
            }

            fn supports_masking(&self) -> bool {
                true
            }

            fn compute_mask(&self, cx: &mut Call) -> Vec<Option<Value>> {
                vec![any(cx.masks())]
            }
        })*
    };
}

merges! {
    Add, "a + b + …", 1, |_, rest, first| rest.iter().fold(first, |y, x| y + x);
    Subtract, "a − b", 2, |_, rest, first| rest.iter().fold(first, |y, x| y - x);
    Multiply, "a · b · …; where a mask leaves out a place of an input, by 1 in its place", 1, product;
    Average, "Mean of a, b, …", 1, |_, rest, first| {
        rest.iter().fold(first, |y, x| y + x) / (rest.len() + 1) as f64
    };
    Maximum, "Largest of a, b, …; a place that a mask leaves out takes no part", 1,
    |cx, rest, first| extreme(cx, rest, first, |y, x| y.maximum(x));
    Minimum, "Smallest of a, b, …; a place that a mask leaves out takes no part", 1,
    |cx, rest, first| extreme(cx, rest, first, |y, x| y.minimum(x));
}

/// Where any of the masks holds; no mask if an input has none.
fn any(masks: &[Option<Value>]) -> Option<Value> {
    let masks: Option<Vec<Value>> = masks.iter().cloned().collect();
    masks?.into_iter().reduce(|a, b| a.or(b))
}

/// The masks of the inputs, each of its input's shape. As in Keras, an input that was aligned has
/// lost its mask.
fn spread(cx: &Call, aligned: &[&Value]) -> Vec<Option<Value>> {
    let pairs = cx.masks().iter().zip(cx.inputs()).zip(aligned);
    pairs
        .map(|((mask, own), x)| {
            let mask = mask.as_ref().filter(|_| own.rank() == x.rank())?;
            Some(mask.expand_dims(-1).broadcast_to(x.shape()))
        })
        .collect()
}

fn product(cx: &Call, rest: &[Value], first: Value) -> Value {
    let inputs: Vec<&Value> = std::iter::once(&first).chain(rest).collect();
    let masks = spread(cx, &inputs);
    let factor = |(x, mask): (&&Value, &Option<Value>)| match mask {
        Some(mask) => mask.select(x, 1.0),
        None => (*x).clone(),
    };
    let y = inputs.iter().zip(&masks).map(factor).reduce(|y, x| y * x).unwrap_or(first);
    match any(&masks) {
        Some(mask) => mask.select(&y, 0.0),
        None => y,
    }
}

/// Maximum or minimum, of two at a time: where a mask leaves out a place of one, the other's takes
/// part for both.
fn extreme(cx: &Call, rest: &[Value], first: Value, of: fn(&Value, &Value) -> Value) -> Value {
    let inputs: Vec<&Value> = std::iter::once(&first).chain(rest).collect();
    let masks = spread(cx, &inputs);
    let (mut y, mut so_far) = (first.clone(), masks.first().cloned().flatten());
    for (x, mask) in rest.iter().zip(masks.into_iter().skip(1)) {
        let x = mask.as_ref().map_or_else(|| x.clone(), |mask| mask.select(x, &y));
        y = so_far.as_ref().map_or_else(|| y.clone(), |mask| mask.select(&y, &x));
        so_far = so_far.zip(mask).map(|(a, b)| a.or(b));
        y = of(&y, &x);
    }
    y
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
