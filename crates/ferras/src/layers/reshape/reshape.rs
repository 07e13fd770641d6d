//! `Reshape`: the same features in another shape.
use crate::layers::prelude::*;

/// The features of a sample in another shape; the batch axis stays.
///
/// - **Input** `(batch, …)`. **Output** `(batch, target_shape…)`; one size may be −1: what is left.
/// - **Errors** at build: a number of elements that does not fit, more than one −1.
/// - **Source** Keras 3 `layers.Reshape`.
///
/// ```
/// use ferras::prelude::*;
/// let x = Input::new([729]);
/// let y = Dense::new(2).apply(&Reshape::new([-1, 9]).apply(&x));
/// assert_eq!(Model::new(&x, &y)?.count_params(), 9 * 2 + 2);
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.layers")]
pub struct Reshape {
    /// Sizes without the batch axis.
    target_shape: Vec<i64>,
}

impl Reshape {
    /// The sizes for a sample of so many elements, or what is wrong with them.
    fn sizes(&self, elements: usize) -> Result<Vec<usize>, String> {
        let target = &self.target_shape;
        if let Some(size) = target.iter().find(|&&s| s < -1) {
            return Err(format!("a size must be at least 0, or -1 for what is left, got {size}"));
        }
        if target.iter().filter(|&&s| s == -1).count() > 1 {
            return Err(format!("only one size can be -1, got target_shape {target:?}"));
        }
        let given = target.iter().filter(|&&s| s >= 0);
        let given = given.map(|&s| s as usize).try_fold(1_usize, usize::checked_mul);
        let left = given.filter(|&n| n > 0).map(|n| (elements / n, elements % n));
        let open = target.contains(&-1);
        match (left, given) {
            (Some((left, 0)), _) if open || left == 1 => {
                Ok(target.iter().map(|&s| usize::try_from(s).unwrap_or(left)).collect())
            }
            (None, Some(0)) if elements == 0 && !open => {
                Ok(target.iter().map(|&s| s as usize).collect())
            }
            _ => Err(format!(
                "a sample of {elements} elements does not fit target_shape {target:?}{}",
                match given {
                    Some(n) if open => format!(", which takes a multiple of {n}"),
                    Some(n) => format!(", which takes {n}"),
                    None => String::new(),
                }
            )),
        }
    }
}

impl Layer for Reshape {
    fn build(&self, cx: &mut Build) -> Result<()> {
        let shape = cx.input()?.min_rank(1)?.shape();
        let sample: Option<Vec<usize>> = shape.iter().skip(1).copied().collect();
        let Some(sample) = sample else { return Ok(()) };
        let fits = self.sizes(sample.iter().product());
        fits.map(|_| ()).map_err(|e| cx.error(format!("{e} (its input is {shape})")))
    }

    fn call(&self, cx: &mut Call) -> Value {
        let x = cx.input();
        match self.sizes(x.shape().iter().skip(1).product()) {
            Ok(sizes) => x.reshape([&[x.dim(0)], &sizes[..]].concat()),
            Err(problem) => x.error("reshape", problem),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_size_may_be_what_is_left() {
        assert_eq!(Reshape::new([-1, 9]).sizes(729), Ok(vec![81, 9]));
        assert_eq!(Reshape::new([2, -1, 3]).sizes(12), Ok(vec![2, 2, 3]));
        assert_eq!(Reshape::new([]).sizes(1), Ok(vec![]));
        assert_eq!(Reshape::new([0, 3]).sizes(0), Ok(vec![0, 3]));
        let wrong = |target: &[i64]| Reshape::new(target.to_vec()).sizes(10).unwrap_err();
        let expected = "a sample of 10 elements does not fit target_shape [3, 4], which takes 12";
        assert_eq!(wrong(&[3, 4]), expected);
        assert!(wrong(&[-1, 3]).contains("takes a multiple of 3"));
        assert!(wrong(&[-1, -1]).contains("only one size can be -1"));
        assert!(wrong(&[-2]).contains("got -2"));
        assert!(wrong(&[i64::MAX, i64::MAX]).contains("does not fit"));
    }
}
