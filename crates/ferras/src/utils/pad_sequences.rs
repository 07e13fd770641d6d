//! `pad_sequences`: sequences of different lengths as one array.
use crate::config::{Choice, Vocabulary};
use crate::{Error, Result};
use ferras_graph::{DType, Element, Tensor};

/// A step of a sequence: a number, or numbers in a row, as many in each.
pub trait Step {
    /// The type of its numbers.
    type Number: Element;
    /// Its numbers.
    fn numbers(&self) -> &[Self::Number];
    /// How many numbers each step holds; none for plain numbers, which make no axis of their own.
    fn width(&self) -> Option<usize>;
}

macro_rules! steps {
    ($($number:ty)*) => {
        $(impl Step for $number {
            type Number = $number;
            fn numbers(&self) -> &[$number] {
                std::slice::from_ref(self)
            }
            fn width(&self) -> Option<usize> {
                None
            }
        })*
    };
}

steps!(u8 i32 i64 f32 f64);

impl<T: Element, const N: usize> Step for [T; N] {
    type Number = T;
    fn numbers(&self) -> &[T] {
        self
    }
    fn width(&self) -> Option<usize> {
        Some(N)
    }
}

impl<T: Element> Step for Vec<T> {
    type Number = T;
    fn numbers(&self) -> &[T] {
        self
    }
    fn width(&self) -> Option<usize> {
        Some(self.len())
    }
}

/// At which end of a sequence something happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// At its beginning.
    Pre,
    /// At its end.
    Post,
}

impl Vocabulary for End {
    const KIND: &'static str = "end of a sequence";
    const WORDS: &'static [(&'static str, End)] = &[("pre", End::Pre), ("post", End::Post)];
}

/// The options of [`pad_sequences`].
///
/// ```
/// use ferras::DType;
/// use ferras::utils::{PadSequences, pad_sequences};
/// let options = PadSequences::new().dtype(DType::F32).padding("post").value(-1.0);
/// let x = pad_sequences(&[vec![1, 2, 3], vec![4]], options)?;
/// assert_eq!(x.to_f64_vec(), [1.0, 2.0, 3.0, 4.0, -1.0, -1.0]);
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct PadSequences {
    maxlen: Option<usize>,
    dtype: DType,
    padding: Choice<End>,
    truncating: Choice<End>,
    value: f64,
}

impl Default for PadSequences {
    fn default() -> PadSequences {
        PadSequences::new()
    }
}

impl PadSequences {
    /// Keras' defaults.
    pub fn new() -> PadSequences {
        PadSequences {
            maxlen: None,
            dtype: DType::I32,
            padding: "pre".into(),
            truncating: "pre".into(),
            value: 0.0,
        }
    }

    /// Steps of each row; those of the longest sequence by default.
    pub fn maxlen(mut self, maxlen: impl Into<Option<usize>>) -> Self {
        self.maxlen = maxlen.into();
        self
    }

    /// The type of the result; int32 by default.
    pub fn dtype(mut self, dtype: DType) -> Self {
        self.dtype = dtype;
        self
    }

    /// Where short sequences are filled up: `"pre"` (default), before them, or `"post"`.
    pub fn padding(mut self, padding: impl Into<Choice<End>>) -> Self {
        self.padding = padding.into();
        self
    }

    /// Where long sequences are cut: `"pre"` (default), their beginning, or `"post"`.
    pub fn truncating(mut self, truncating: impl Into<Choice<End>>) -> Self {
        self.truncating = truncating.into();
        self
    }

    /// What short sequences are filled with; 0 by default.
    pub fn value(mut self, value: f64) -> Self {
        self.value = value;
        self
    }
}

/// Sequences of different lengths as one array: short ones are filled up, long ones cut.
///
/// - **Input** `sequences`: rows of numbers, or of steps of several numbers each.
/// - **Output** `(sequences, maxlen)`, or `(sequences, maxlen, numbers of a step)`.
/// - **Errors**: `maxlen` 0; no sequences and no `maxlen`; steps of different widths; a word for an
///   end that is unknown.
/// - **Source** Keras `utils.pad_sequences`, less texts.
///
/// ```
/// use ferras::utils::{PadSequences, pad_sequences};
/// let sequences = [vec![1], vec![2, 3], vec![4, 5, 6]];
/// let x = pad_sequences(&sequences, PadSequences::new())?;
/// assert_eq!(x.as_slice(), Some(&[0, 0, 1, 0, 2, 3, 4, 5, 6][..]));
/// let x = pad_sequences(&sequences, PadSequences::new().maxlen(2).truncating("post"))?;
/// assert_eq!(x.as_slice(), Some(&[0, 1, 2, 3, 4, 5][..]));
/// # Ok::<(), ferras::Error>(())
/// ```
pub fn pad_sequences<T: Step, S: AsRef<[T]>>(
    sequences: &[S],
    options: PadSequences,
) -> Result<Tensor> {
    let (padding, truncating) = (options.padding.get()?, options.truncating.get()?);
    let longest = || sequences.iter().map(|s| s.as_ref().len()).max();
    let maxlen = match options.maxlen {
        Some(0) => return Err(Error::argument("maxlen", "must be at least 1, got 0")),
        Some(maxlen) => maxlen,
        None => longest().ok_or_else(|| {
            Error::argument("sequences", "must hold a sequence, unless maxlen is given")
        })?,
    };
    let width = sequences.iter().find_map(|s| s.as_ref().first()).and_then(Step::width);
    let mut kept: Vec<T::Number> = Vec::new();
    // Where the numbers of each sequence go, by steps.
    let mut places = Vec::with_capacity(sequences.len());
    for (row, sequence) in sequences.iter().enumerate() {
        let steps = sequence.as_ref();
        let cut = steps.len().saturating_sub(maxlen);
        let steps = match truncating {
            End::Pre => steps.get(cut..),
            End::Post => steps.get(..steps.len() - cut),
        };
        let steps = steps.unwrap_or_default();
        let start = if padding == End::Pre { maxlen - steps.len() } else { 0 };
        places.push(row * maxlen + start..row * maxlen + start + steps.len());
        for (i, step) in steps.iter().enumerate() {
            if step.width() != width {
                return Err(Error::Data(format!(
                    "steps must hold as many numbers each: {} in the first one, {} in step {i} \
                     of sequence {row}",
                    width.unwrap_or(1),
                    step.width().unwrap_or(1)
                )));
            }
            kept.extend_from_slice(step.numbers());
        }
    }
    let mut shape = vec![sequences.len(), maxlen];
    shape.extend(width);
    let value = T::Number::from_f64(options.value);
    let padded = if value.to_f64() == options.value {
        place(&kept, shape, &places, value)
    } else {
        // Words filled up with a half, say.
        let kept: Vec<f64> = kept.iter().map(|v| v.to_f64()).collect();
        place(&kept, shape, &places, options.value)
    };
    Ok(padded?.cast(options.dtype))
}

/// An array of this shape, full of `value` but for the places that take the numbers in turn.
fn place<N: Element>(
    numbers: &[N],
    shape: Vec<usize>,
    places: &[std::ops::Range<usize>],
    value: N,
) -> Result<Tensor> {
    let width = shape.get(2).copied().unwrap_or(1);
    let size = shape.iter().try_fold(1_usize, |n, d| n.checked_mul(*d));
    let mut all: Vec<N> = Vec::new();
    let room = size.map(|size| all.try_reserve_exact(size));
    let (Some(size), Some(Ok(()))) = (size, room) else {
        return Err(Error::argument("maxlen", format!("shape {shape:?} does not fit in memory")));
    };
    all.resize(size, value);
    let mut rest = numbers;
    for steps in places {
        let into = all.get_mut(steps.start * width..steps.end * width).unwrap_or_default();
        let (own, others) = rest.split_at_checked(into.len()).unwrap_or((rest, &[]));
        into.get_mut(..own.len()).unwrap_or_default().copy_from_slice(own);
        rest = others;
    }
    Ok(Tensor::new(shape, all)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::golden;

    /// Every case of the real Keras.
    #[test]
    fn pads_as_keras() {
        for case in golden::load("texts")["pad_sequences"].as_array().unwrap() {
            let args = &case["args"];
            let mut options = PadSequences::new();
            if let Some(maxlen) = args["maxlen"].as_u64() {
                options = options.maxlen(maxlen as usize);
            }
            if let Some(dtype) = args["dtype"].as_str() {
                options = options.dtype(DType::parse(dtype).unwrap());
            }
            if let Some(end) = args["padding"].as_str() {
                options = options.padding(end);
            }
            if let Some(end) = args["truncating"].as_str() {
                options = options.truncating(end);
            }
            options = options.value(args["value"].as_f64().unwrap_or(0.0));
            let sequences = serde_json::from_value::<Vec<Vec<f64>>>(case["sequences"].clone());
            let found = match sequences {
                Ok(plain) => pad_sequences(&plain, options),
                Err(_) => {
                    let steps: Vec<Vec<Vec<f64>>> =
                        serde_json::from_value(case["sequences"].clone()).unwrap();
                    pad_sequences(&steps, options)
                }
            };
            let (found, expected) = (found.unwrap(), golden::tensor(&case["y"]));
            assert_eq!(found, expected, "{args}");
        }
    }

    #[test]
    fn says_what_is_wrong() {
        let error = |x: &[Vec<i32>], options| pad_sequences(x, options).unwrap_err().to_string();
        let new = PadSequences::new;
        assert!(error(&[vec![1]], new().maxlen(0)).contains("must be at least 1"));
        assert!(error(&[], new()).contains("must hold a sequence, unless maxlen is given"));
        assert!(error(&[vec![1]], new().padding("both")).contains("\"both\""));
        assert!(error(&[vec![1]], new().maxlen(usize::MAX)).contains("does not fit in memory"));
        let ragged = [vec![vec![1, 2], vec![3]]];
        let error = pad_sequences(&ragged, new()).unwrap_err().to_string();
        assert!(error.contains("2 in the first one, 1 in step 1 of sequence 0"), "{error}");
        assert_eq!(pad_sequences(&[[0.5_f64; 0]], new()).unwrap().shape()[..], [1, 0]);
        assert_eq!(
            pad_sequences::<i32, Vec<i32>>(&[], new().maxlen(3)).unwrap().shape()[..],
            [0, 3]
        );
    }
}
