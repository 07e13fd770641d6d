//! Connectionist temporal classification: what a sequence of classes without places says.
use crate::{Error, Result};
use ferras_graph::{DType, Tensor, Value};
use std::collections::BTreeMap;

/// The logarithm of what cannot be, as Keras has it.
const NEVER: f64 = -1e5;

/// −log of the probability that the steps of each sequence spell its labels, whatever the places:
/// each step says a class or the blank, repeated classes count once, blanks not at all.
///
/// - `target (batch, labels)`: class numbers; `output (batch, steps, classes)`: logits.
/// - `target_length (batch)`, `output_length (batch)`: how many labels and steps count.
/// - `mask_index`: the class that is the blank.
/// - **Output** `(batch)`: the loss of each sequence, 0 or more; about 10⁵ where the labels do not
///   fit into the steps.
/// - **Source** Keras 3 `ops.ctc_loss` on JAX; Graves et al. 2006.
///
/// ```
/// use ferras::ops::ctc_loss;
/// use ferras::prelude::*;
/// let loss = Loss::custom("spelling", |y_true, y_pred| {
///     let labels = y_true.greater(0.0).cast(DType::I32).sum(&[-1], false);
///     let steps = labels.full_like(y_pred.dim(1) as f64);
///     ctc_loss(y_true, y_pred, &labels, &steps, 0)
/// });
/// # let _ = loss;
/// ```
#[track_caller]
pub fn ctc_loss(
    target: &Value,
    output: &Value,
    target_length: &Value,
    output_length: &Value,
    mask_index: usize,
) -> Value {
    if target.rank() != 2 || output.rank() != 3 {
        let problem = format!(
            "expected target (batch, labels) and output (batch, steps, classes), got shapes {} \
             and {}",
            target.shape(),
            output.shape()
        );
        return output.error("ctc_loss", problem);
    }
    let [batch, steps, classes] = [0, 1, 2].map(|axis| output.dim(axis));
    let labels = target.dim(1);
    if target.dim(0) != batch || mask_index >= classes || steps == 0 {
        let problem = format!(
            "expected as many targets as outputs, at least one step and mask_index below the \
             number of classes, got shapes {} and {}, mask_index {mask_index}",
            target.shape(),
            output.shape()
        );
        return output.error("ctc_loss", problem);
    }
    let dtype = if output.dtype() == DType::F64 { DType::F64 } else { DType::F32 };
    let target = target.cast(DType::I32);
    let log_probs = output.cast(dtype).log_softmax(&[-1]);
    let one_hot = target.one_hot(classes, dtype).transpose(&[0, 2, 1]);
    let emitted = log_probs.matmul(&one_hot).transpose(&[1, 0, 2]);
    let blank = log_probs.slice_axis(-1, mask_index, mask_index + 1).transpose(&[1, 0, 2]);
    let b = output.builder();
    let step = b.iota(DType::I32, [steps, batch, 1], 0);
    let counts = step.less(output_length.cast(DType::I32).reshape([1, batch, 1]));
    // 1 where the next label is the same, so that a blank must stand between the two.
    let repeats = match labels {
        0 | 1 => b.full(dtype, [batch, labels], 0.0),
        _ => {
            let [first, next] =
                [target.slice_axis(1, 0, labels - 1), target.slice_axis(1, 1, labels)];
            first.equal(&next).cast(dtype).pad(&[0, 0], &[0, 1], 0.0)
        }
    };
    let start = [
        b.full(dtype, [batch, 1], 0.0).pad(&[0, 0], &[0, labels], NEVER),
        b.full(dtype, [batch, labels], NEVER),
    ];
    let (last, _) = b.scan(steps, false, &start, &[emitted, blank, counts], |carried, now| {
        let next = forward(&carried[0], &carried[1], &now[0], &now[1], &repeats);
        let kept = carried.iter().zip(next).map(|(old, new)| now[2].select(&new, old));
        (kept.collect(), Vec::new())
    });
    // What ends with its last label ends there.
    let ends = add_behind(&last[0], &last[1]);
    let chosen = target_length.cast(DType::I32).one_hot(labels + 1, dtype);
    (ends * chosen).sum(&[-1], false).negative()
}

/// One step of the recursion: new logarithms of the probabilities of having said so many labels,
/// with a blank last `(batch, labels + 1)`, or with the label itself last `(batch, labels)`.
fn forward(
    blank_last: &Value,
    label_last: &Value,
    emitted: &Value,
    blank: &Value,
    repeats: &Value,
) -> [Value; 2] {
    let labels = label_last.dim(-1);
    let ready = add_behind(blank_last, &(label_last + repeats * NEVER));
    let before = ready.slice_axis(-1, 0, labels);
    let label = log_add(&(before + emitted), &(label_last + emitted));
    let waits = (1.0 - repeats) * NEVER;
    let rest = add_behind(&(&ready + blank), &(label_last + blank + waits));
    [rest, label]
}

/// Adds probabilities to those of all but the first place, all as logarithms.
fn add_behind(values: &Value, added: &Value) -> Value {
    let end = values.dim(-1);
    let first = values.slice_axis(-1, 0, 1);
    let others = log_add(&values.slice_axis(-1, 1, end), added);
    values.builder().concat(&[first, others], -1)
}

/// log(eᵃ + eᵇ).
fn log_add(a: &Value, b: &Value) -> Value {
    let largest = a.maximum(b);
    &largest + ((a - &largest).exp() + (b - &largest).exp()).log()
}

/// How [`ctc_decode`] looks for what the steps of a sequence say.
///
/// ```
/// use ferras::ops::CtcDecode;
/// let options = CtcDecode::new().strategy("beam_search").beam_width(20).top_paths(3);
/// # let _ = options;
/// ```
#[derive(Clone, Debug)]
pub struct CtcDecode {
    strategy: String,
    beam_width: usize,
    top_paths: usize,
    merge_repeated: bool,
    mask_index: Option<usize>,
}

impl Default for CtcDecode {
    fn default() -> CtcDecode {
        CtcDecode::new()
    }
}

impl CtcDecode {
    /// Keras' defaults: greedy, repeated classes merged, the blank is class 0.
    pub fn new() -> CtcDecode {
        CtcDecode {
            strategy: "greedy".into(),
            beam_width: 100,
            top_paths: 1,
            merge_repeated: true,
            mask_index: Some(0),
        }
    }

    /// `"greedy"`: the likeliest class of each step; `"beam_search"`: the likeliest labels.
    pub fn strategy(mut self, strategy: impl Into<String>) -> CtcDecode {
        self.strategy = strategy.into();
        self
    }

    /// How many beginnings a beam search keeps at each step; 100 by default.
    pub fn beam_width(mut self, beam_width: usize) -> CtcDecode {
        self.beam_width = beam_width;
        self
    }

    /// How many results a beam search gives, the likeliest first; 1 by default.
    pub fn top_paths(mut self, top_paths: usize) -> CtcDecode {
        self.top_paths = top_paths;
        self
    }

    /// Whether the greedy search counts a class that is repeated once; true by default.
    pub fn merge_repeated(mut self, merge_repeated: bool) -> CtcDecode {
        self.merge_repeated = merge_repeated;
        self
    }

    /// The class that is the blank, 0 by default; `None` is the last one.
    pub fn mask_index(mut self, mask_index: impl Into<Option<usize>>) -> CtcDecode {
        self.mask_index = mask_index.into();
        self
    }
}

/// What the steps of each sequence say, and how likely that is.
///
/// - `inputs (batch, steps, classes)`: logits, as a model predicts them; `sequence_lengths`: how
///   many steps of each sequence count.
/// - **Output** the labels `(paths, batch, steps)`, int32, with −1 behind the last one; and scores
///   `(batch, paths)`: of the greedy search the negative sum of the largest logits, of the beam
///   search the logarithm of the probability.
/// - **Errors** inputs of another rank, another number of lengths, no step, numbers of 0, a
///   `mask_index` beyond the classes, an unknown strategy.
/// - **Source** Keras 3 `ops.ctc_decode` on JAX; Graves 2012, chapter 7.5.
///
/// ```
/// use ferras::ops::{CtcDecode, ctc_decode};
/// use ferras::prelude::*;
/// // Blank, 1, 1, blank, 1, 2.
/// let said = [0, 1, 1, 0, 1, 2];
/// let logits: Vec<f32> = said.iter().flat_map(|s| (0..3).map(move |k| if k == *s { 9.0 } else { 0.0 })).collect();
/// let (labels, _) = ctc_decode(&Tensor::new([1, 6, 3], logits)?, &[6], CtcDecode::new())?;
/// assert_eq!(labels.as_slice::<i32>(), Some(&[1, 1, 2, -1, -1, -1][..]));
/// # Ok::<(), ferras::Error>(())
/// ```
pub fn ctc_decode(
    inputs: &Tensor,
    sequence_lengths: &[usize],
    options: CtcDecode,
) -> Result<(Tensor, Tensor)> {
    let &[batch, steps, classes] = &inputs.shape()[..] else {
        let found = inputs.shape();
        let problem = format!("must be of shape (batch, steps, classes), got {found}");
        return Err(Error::argument("inputs", problem));
    };
    if sequence_lengths.len() != batch || steps == 0 {
        let found = sequence_lengths.len();
        let problem = format!(
            "must be one for each of {batch} sequences of a step or more, got {found} for {steps} \
             steps"
        );
        return Err(Error::argument("sequence_lengths", problem));
    }
    let blank = options.mask_index.unwrap_or(classes.saturating_sub(1));
    if blank >= classes {
        let problem = format!("must be one of {classes} classes, got {blank}");
        return Err(Error::argument("mask_index", problem));
    }
    for (name, value) in [("beam_width", options.beam_width), ("top_paths", options.top_paths)] {
        if value == 0 {
            return Err(Error::argument(name, "must be at least 1, got 0"));
        }
    }
    let data = inputs.cast(DType::F32);
    let data = data.as_slice::<f32>().unwrap_or_default();
    let sequences = data.chunks(steps * classes).zip(sequence_lengths);
    let sequences = sequences
        .map(|(rows, &length)| (rows.chunks(classes).collect::<Vec<_>>(), length.min(steps)));
    let found: Vec<Vec<(Vec<i32>, f32)>> = match options.strategy.as_str() {
        "greedy" => sequences.map(|(rows, n)| vec![greedy(&rows, n, blank, &options)]).collect(),
        "beam_search" => sequences.map(|(rows, n)| beam(&rows, n, blank, &options)).collect(),
        other => {
            let problem = format!("must be \"greedy\" or \"beam_search\", got {other:?}");
            return Err(Error::argument("strategy", problem));
        }
    };
    let paths = if options.strategy == "greedy" { 1 } else { options.top_paths };
    let mut labels = Vec::with_capacity(paths * batch * steps);
    for path in 0..paths {
        for sequence in &found {
            let own = sequence.get(path).map_or(&[][..], |(labels, _)| labels);
            labels.extend(own.iter().copied().chain(std::iter::repeat(-1)).take(steps));
        }
    }
    let score = |sequence: &Vec<(Vec<i32>, f32)>, path: usize| {
        sequence.get(path).map_or(f32::NEG_INFINITY, |(_, score)| *score)
    };
    let scores = found.iter().flat_map(|s| (0..paths).map(move |path| score(s, path))).collect();
    Ok((Tensor::new([paths, batch, steps], labels)?, Tensor::new([batch, paths], scores)?))
}

/// The likeliest class of each step, of equal ones the first.
fn greedy(rows: &[&[f32]], length: usize, blank: usize, options: &CtcDecode) -> (Vec<i32>, f32) {
    let (mut labels, mut sum, mut before) = (Vec::new(), 0.0_f32, None);
    for row in rows.iter().take(length) {
        let first = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let class = row.iter().position(|&v| v == first).unwrap_or(0);
        sum += first;
        if class != blank && !(options.merge_repeated && before == Some(class)) {
            labels.push(class as i32);
        }
        before = Some(class);
    }
    (labels, -sum)
}

/// The logarithms of the probabilities of what was said so far, with a label last and with a blank
/// last.
type Beginnings = Vec<(Vec<usize>, [f32; 2])>;

/// The likeliest labels, with the logarithm of their probability. Classes are counted from the last
/// one down, as in Keras: so ties are decided the same way.
fn beam(rows: &[&[f32]], length: usize, blank: usize, options: &CtcDecode) -> Vec<(Vec<i32>, f32)> {
    let classes = rows.first().map_or(0, |row| row.len());
    let blank = classes - 1 - blank;
    let mut rows = rows.iter().map(|row| log_softmax_reversed(row));
    let first = rows.next().unwrap_or_default();
    let mut order: Vec<usize> = (0..classes).collect();
    order.sort_by(|&a, &b| first[a].total_cmp(&first[b]));
    let start = order.split_off(classes.saturating_sub(options.beam_width));
    let none = f32::NEG_INFINITY;
    let mut beginnings: Beginnings = start
        .into_iter()
        .map(|class| match class == blank {
            true => (Vec::new(), [none, first[class]]),
            false => (vec![class], [first[class], none]),
        })
        .collect();
    for row in rows.take(length.saturating_sub(1)) {
        beginnings = extended(&beginnings, &row, blank, options.beam_width);
    }
    let mut ends: Vec<(Vec<usize>, f32)> =
        beginnings.into_iter().map(|(path, [a, b])| (path, log_sum(&[a, b]))).collect();
    ends.sort_by(|a, b| a.0.cmp(&b.0));
    ends.sort_by(|a, b| a.1.total_cmp(&b.1));
    let best = ends.into_iter().rev().filter(|end| end.1 > none).take(options.top_paths);
    let class = |k: usize| (classes - 1 - k) as i32;
    best.map(|(path, score)| (path.into_iter().map(class).collect(), score)).collect()
}

/// The likeliest beginnings after one more step.
fn extended(beginnings: &Beginnings, row: &[f32], blank: usize, most: usize) -> Beginnings {
    // For each path the scores of all ways to it, label last and blank last.
    let mut ways: BTreeMap<Vec<usize>, [Vec<f32>; 2]> = BTreeMap::new();
    for (path, scores) in beginnings {
        for (kind, &score) in scores.iter().enumerate() {
            if score == f32::NEG_INFINITY {
                continue;
            }
            for (class, &log_prob) in row.iter().enumerate() {
                let repeated = kind == 0 && path.last() == Some(&class);
                let mut next = path.clone();
                if class != blank && !repeated {
                    next.push(class);
                }
                ways.entry(next).or_default()[usize::from(class == blank)].push(score + log_prob);
            }
        }
    }
    let scored = ways.into_iter().map(|(path, ways)| (path, ways.map(|w| log_sum(&w))));
    let mut scored: Vec<_> = scored.map(|(path, s)| (log_sum(&s), (path, s))).collect();
    scored.sort_by(|a, b| a.0.total_cmp(&b.0));
    let kept = scored.split_off(scored.len().saturating_sub(most));
    kept.into_iter().map(|(_, beginning)| beginning).collect()
}

/// log Σ eˣ.
fn log_sum(values: &[f32]) -> f32 {
    let largest = values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    if largest == f32::NEG_INFINITY {
        return largest;
    }
    values.iter().map(|v| (v - largest).exp()).sum::<f32>().ln() + largest
}

/// Logarithms of the probabilities of the classes, the last class first.
fn log_softmax_reversed(row: &[f32]) -> Vec<f32> {
    let sum = log_sum(row);
    row.iter().rev().map(|v| v - sum).collect()
}
