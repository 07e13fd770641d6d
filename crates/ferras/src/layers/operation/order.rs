//! Operations on the order and the distribution of elements: quantiles, what leaves out NaN, bins.
use super::arguments::{Given, floated};
use super::arrange::axis_of;
use super::elementwise::range;
use super::table::{Outcome, counted, operations, place, running};
use ferras_graph::{DType, Reduce, Tensor, Value};
use serde_json::Value as Json;

type Result<T> = std::result::Result<T, String>;

operations! {
    "ops.numpy" {
        Median(x)[axis, keepdims] => |g| middle(g, false);
        Nanmedian(x)[axis, keepdims] => |g| middle(g, true);
        Quantile(x, q)[axis, method, keepdims] => |g| quantiles(g, 1.0, false);
        Percentile(x, q)[axis, method, keepdims] => |g| quantiles(g, 100.0, false);
        Nanquantile(x, q)[axis, method, keepdims] => |g| quantiles(g, 1.0, true);
        Nanpercentile(x, q)[axis, method, keepdims] => |g| quantiles(g, 100.0, true);
        // What leaves out NaN
        Nansum(x)[axis, keepdims] => |g| {
            g.reduction(|x, axes, keep| without(&counted(x), 0.0).sum(axes, keep))
        };
        Nanprod(x)[axis, keepdims] => |g| {
            g.reduction(|x, axes, keep| without(&counted(x), 1.0).prod(axes, keep))
        };
        Nanmax(x)[axis, keepdims] => |g| g.reduction(|x, axes, keep| {
            let found = without(x, least(x)).max(axes, keep);
            all_nan(x, axes, keep).select(&found.full_like(f64::NAN), &found)
        });
        Nanmin(x)[axis, keepdims] => |g| g.reduction(|x, axes, keep| {
            let found = without(x, most(x)).min(axes, keep);
            all_nan(x, axes, keep).select(&found.full_like(f64::NAN), &found)
        });
        Nanmean(x)[axis, keepdims] => |g| {
            g.reduction(|x, axes, keep| mean_of_known(&floated(x.clone()), axes, keep))
        };
        Nanvar(x)[axis, keepdims] => |g| {
            g.reduction(|x, axes, keep| variance_of_known(&floated(x.clone()), axes, keep))
        };
        Nanstd(x)[axis, keepdims] => |g| {
            g.reduction(|x, axes, keep| variance_of_known(&floated(x.clone()), axes, keep).sqrt())
        };
        Nanargmax(x)[axis, keepdims] => |g| place(g, |x, axis| {
            let found = without(x, least(x)).argmax(axis);
            all_nan(x, &[axis], false).select(&found.full_like(-1.0), &found)
        });
        Nanargmin(x)[axis, keepdims] => |g| place(g, |x, axis| {
            let found = without(x, most(x)).argmin(axis);
            all_nan(x, &[axis], false).select(&found.full_like(-1.0), &found)
        });
        Nancumsum(x)[axis, dtype] => |g| running(g, without(&g.value("x")?, 0.0), Reduce::Sum);
        Nancumprod(x)[axis, dtype] => |g| running(g, without(&g.value("x")?, 1.0), Reduce::Prod);
        // Bins
        Digitize(x, bins) => |g| {
            let (x, bins) = g.pair("x", "bins")?;
            Ok(vec![below(&bins, &x, true)])
        };
        SearchSorted(sorted_sequence, values)[side] => |g| {
            let (sequence, values) = g.pair("sorted_sequence", "values")?;
            match g.own("side").as_str().unwrap_or("left") {
                "left" => Ok(vec![below(&sequence, &values, false)]),
                "right" => Ok(vec![below(&sequence, &values, true)]),
                other => Err(format!("side must be \"left\" or \"right\", got {other:?}")),
            }
        };
        Histogram(x)[bins, range] => histogram;
        Argpartition(x)[kth, axis] => |g| {
            let axis = g.int("axis")?;
            g.unary(|x| x.argsort(axis, false))
        };
        // Neighbours
        Diff(a)[n, axis] => |g| {
            let (mut a, times) = (g.value("a")?, g.int("n")?);
            let axis = axis_of(&a, g.int("axis")?)? as isize;
            for _ in 0..times {
                let steps = a.dim(axis);
                if steps == 0 {
                    break;
                }
                a = a.slice_axis(axis, 1, steps) - a.slice_axis(axis, 0, steps - 1);
            }
            Ok(vec![a])
        };
        Trapezoid(y)[x, dx, axis] => trapezoid;
        Corrcoef(x) => |g| g.float(|x| correlations(&x));
        Correlate(x1, x2)[mode] => correlate;
    }
    "ops.math" {
        CDist(x, y) => |g| g.binary(|x, y| {
            let apart = floated(x).expand_dims(-2) - floated(y).expand_dims(-3);
            apart.square().sum(&[-1], false).sqrt()
        });
        InTopK(targets, predictions)[k] => |g| {
            let (targets, scores, k) = (g.value("targets")?, g.value("predictions")?, g.int("k")?);
            let classes = if scores.rank() > 0 { scores.dim(-1) } else { 0 };
            if k < 1 || k as usize > classes {
                return Err(format!("k must be from 1 to {classes}, got {k}"));
            }
            let own = targets.one_hot(classes, scores.dtype());
            let own = (own * &scores).sum(&[-1], false);
            let least = scores.sort(-1, true).slice_axis(-1, k as usize - 1, k as usize).squeeze(-1);
            Ok(vec![own.greater_equal(least)])
        };
        SegmentSum(data, segment_ids)[num_segments, sorted] => |g| segments(g, 0.0, |x| x.sum(&[1], false));
        SegmentProd(data, segment_ids)[num_segments, sorted] => |g| {
            segments(g, 1.0, |x| x.prod(&[1], false))
        };
        SegmentMax(data, segment_ids)[num_segments, sorted] => |g| {
            let fill = least(&g.value("data")?);
            segments(g, fill, |x| x.max(&[1], false))
        };
        SegmentMin(data, segment_ids)[num_segments, sorted] => |g| {
            let fill = most(&g.value("data")?);
            segments(g, fill, |x| x.min(&[1], false))
        };
    }
    "ops.nn" {
        PSNR(x1, x2)[max_val] => |g| {
            let (x, y) = g.pair("x1", "x2")?;
            let most = g.number("max_val")?;
            let error = (floated(x) - floated(y)).square().mean(&[], false);
            Ok(vec![(error.full_like(most * most) / error).log() * (10.0 * std::f64::consts::LOG10_E)])
        };
    }
}

/// NaN replaced by a number.
fn without(x: &Value, number: f64) -> Value {
    if x.dtype().is_float() { x.equal(x).select(x, number) } else { x.clone() }
}

fn all_nan(x: &Value, axes: &[isize], keep: bool) -> Value {
    x.not_equal(x).prod(axes, keep)
}

/// What no element is below.
fn least(x: &Value) -> f64 {
    if x.dtype().is_float() { f64::NEG_INFINITY } else { range(x.dtype()).0 }
}

/// What no element is above.
fn most(x: &Value) -> f64 {
    if x.dtype().is_float() { f64::INFINITY } else { range(x.dtype()).1 }
}

fn mean_of_known(x: &Value, axes: &[isize], keep: bool) -> Value {
    let count = x.equal(x).cast(x.dtype()).sum(axes, keep);
    without(x, 0.0).sum(axes, keep) / count
}

fn variance_of_known(x: &Value, axes: &[isize], keep: bool) -> Value {
    let known = x.equal(x);
    let apart = known.select(&(x - mean_of_known(x, axes, true)), 0.0);
    apart.square().sum(axes, keep) / known.cast(x.dtype()).sum(axes, keep)
}

/// The axes that go away side by side as the last one, and which stay.
fn rows(x: &Value, axes: Option<Vec<isize>>) -> Result<(Value, Vec<usize>)> {
    let all = || (0..x.rank() as isize).collect();
    let gone = axes.unwrap_or_else(all).into_iter().map(|axis| axis_of(x, axis));
    let gone = gone.collect::<Result<Vec<usize>>>()?;
    let stay: Vec<usize> = (0..x.rank()).filter(|axis| !gone.contains(axis)).collect();
    let order: Vec<usize> = stay.iter().chain(&gone).copied().collect();
    if order.len() != x.rank() {
        return Err(format!("an axis of {} is named twice", x.shape()));
    }
    let mut shape: Vec<usize> = stay.iter().map(|&axis| x.dim(axis as isize)).collect();
    shape.push(gone.iter().map(|&axis| x.dim(axis as isize)).product());
    Ok((x.transpose(&order).reshape(shape), stay))
}

fn middle(g: &Given<'_>, known_alone: bool) -> Outcome {
    let x = floated(g.value("x")?);
    let half = x.builder().scalar(x.dtype(), 0.5);
    Ok(vec![quantile(g, &x, &half, "midpoint", known_alone)?])
}

fn quantiles(g: &Given<'_>, whole: f64, known_alone: bool) -> Outcome {
    let x = floated(g.value("x")?);
    let q = g.optional("q", Some(&x))?.ok_or("q is missing")?.cast(x.dtype()) / whole;
    let method = g.own("method").as_str().unwrap_or("linear");
    Ok(vec![quantile(g, &x, &q, method, known_alone)?])
}

/// The numbers that shares `q` of the elements are below; the axes of `q` come in front.
fn quantile(g: &Given<'_>, x: &Value, q: &Value, method: &str, known_alone: bool) -> Result<Value> {
    let (all, stay) = rows(x, g.ints("axis")?)?;
    let count = all.dim(-1);
    if count == 0 {
        return Err(format!("there is no element along the axes of {}", x.shape()));
    }
    let kept: Vec<usize> = all.shape().iter().take(stay.len()).copied().collect();
    let lines: usize = kept.iter().product();
    let table = all.reshape([lines, count]);
    let known = table.equal(&table).cast(x.dtype()).sum(&[1], true); // (lines, 1)
    let last = known_alone.then(|| (&known - 1.0).maximum(0.0));
    let sorted = without(&table, f64::INFINITY).sort(1, false);
    let shares = q.reshape([1, q.shape().elements()]);
    let place = match last {
        Some(last) => &shares * last,
        None => (&shares * (count as f64 - 1.0)).broadcast_to([lines, q.shape().elements()]),
    };
    let [low, high] = [place.floor(), place.ceil()];
    let above = &place - &low;
    let line = x.builder().iota(DType::I32, [lines, 1], 0) * count as f64;
    let at = |place: &Value| {
        let place = place.clamp_to(count).cast(DType::I32) + &line;
        sorted.reshape([lines * count]).gather(&place, 0)
    };
    let (one, other) = (at(&low), at(&high));
    let found = match method {
        "linear" => &one * (above.full_like(1.0) - &above) + &other * &above,
        "lower" => one,
        "higher" => other,
        "midpoint" => (one + other) * 0.5,
        "nearest" => above.less_equal(0.5).select(&one, other),
        unknown => {
            return Err(format!(
                "method must be linear, lower, higher, midpoint or nearest, got {unknown:?}"
            ));
        }
    };
    let enough = if known_alone { known.greater(0.0) } else { known.equal(count as f64) };
    let found = enough.select(&found, found.full_like(f64::NAN));
    let kept = match g.flag("keepdims") {
        true => {
            (0..x.rank()).map(|a| if stay.contains(&a) { x.dim(a as isize) } else { 1 }).collect()
        }
        false => kept,
    };
    Ok(found.transpose(&[1, 0]).reshape([&q.shape()[..], &kept[..]].concat()))
}

trait Clamp {
    /// Places from 0 to below `count`.
    fn clamp_to(&self, count: usize) -> Value;
}

impl Clamp for Value {
    fn clamp_to(&self, count: usize) -> Value {
        self.clip(0.0, count.saturating_sub(1) as f64)
    }
}

/// How many of an ascending row are below each value, or not above it.
fn below(row: &Value, values: &Value, or_equal: bool) -> Value {
    let values = values.expand_dims(-1);
    let counts = if or_equal { row.less_equal(&values) } else { row.less(&values) };
    counts.cast(DType::I32).sum(&[-1], false)
}

/// How many elements are in each bin, and the bins' borders. As in Keras the last bin has its upper border.
fn histogram(g: &Given<'_>) -> Outcome {
    let x = g.value("x")?;
    let bins = usize::try_from(g.int("bins")?).ok().filter(|bins| (1..=1 << 16).contains(bins));
    let bins = bins.ok_or("bins must be a number from 1 to 65,536")?;
    let x = floated(x.reshape([x.shape().elements()]));
    let scalar = |n: f64| x.builder().scalar(x.dtype(), n);
    let (low, high) = match g.own("range") {
        Json::Null if x.dim(0) == 0 => (scalar(0.0), scalar(1.0)),
        Json::Null => (x.min(&[], false), x.max(&[], false)),
        Json::Array(ends) => match &ends.iter().filter_map(Json::as_f64).collect::<Vec<_>>()[..] {
            [low, high] if low <= high => (scalar(*low), scalar(*high)),
            _ => return Err("range must be two numbers, the smaller one first".into()),
        },
        other => return Err(format!("range must be two numbers, got {other}")),
    };
    let single = low.equal(&high);
    let (low, high) = (single.select(&(&low - 0.5), &low), single.select(&(&high + 0.5), &high));
    let share = x.builder().iota(x.dtype(), [bins + 1], 0) / bins as f64;
    let borders = &low * (share.full_like(1.0) - &share) + &high * share;
    let bin = below(&borders, &x, true) - 1.0; // −1 and `bins` are outside
    let bin = x.equal(&high).select(&bin.full_like(bins as f64 - 1.0), bin);
    let counts = bin.expand_dims(-1).equal(x.builder().iota(DType::I32, [bins], 0));
    Ok(vec![counts.cast(DType::I32).sum(&[0], false), borders])
}

fn trapezoid(g: &Given<'_>) -> Outcome {
    let y = floated(g.value("y")?);
    let axis = axis_of(&y, g.int("axis")?)? as isize;
    let steps = y.dim(axis);
    let sides = |v: &Value, axis: isize, steps: usize| {
        (v.slice_axis(axis, 1, steps.max(1)), v.slice_axis(axis, 0, steps.saturating_sub(1)))
    };
    let (later, earlier) = sides(&y, axis, steps);
    let heights = (later + earlier) * 0.5;
    let areas = match g.own("x") {
        Json::Null => heights * g.own("dx").as_f64().unwrap_or(1.0),
        Json::Array(places) => {
            let places: Option<Vec<f64>> = places.iter().map(Json::as_f64).collect();
            let places = places.filter(|p| p.len() == steps);
            let places = places.ok_or_else(|| format!("x must be a list of {steps} numbers"))?;
            let apart: Vec<f64> = places.windows(2).map(|pair| pair[1] - pair[0]).collect();
            let mut shape = vec![1; y.rank()];
            shape[axis as usize] = apart.len();
            let apart = Tensor::new(shape, apart).map_err(|e| e.to_string())?;
            heights * y.builder().constant(apart.cast(y.dtype()))
        }
        other => return Err(format!("x must be a list of numbers, got {other}")),
    };
    Ok(vec![areas.sum(&[axis], false)])
}

/// How much the rows of a table go together: Pearson's coefficients.
fn correlations(x: &Value) -> Value {
    let single = x.rank() < 2;
    let x = if single { x.reshape([1, x.shape().elements()]) } else { x.clone() };
    let apart = &x - x.mean(&[-1], true);
    let products = apart.matmul(&apart.transpose(&[1, 0]));
    let spread = apart.square().sum(&[-1], false).sqrt();
    let found = products / spread.expand_dims(-1) / spread.expand_dims(0);
    let found = found.clip(-1.0, 1.0);
    if single { found.reshape([0_usize; 0]) } else { found }
}

/// Products of two rows that are moved along each other.
fn correlate(g: &Given<'_>) -> Outcome {
    let (x, y) = g.pair("x1", "x2")?;
    if x.rank() != 1 || y.rank() != 1 || x.dim(0) == 0 || y.dim(0) == 0 {
        return Err(format!("expected two rows, got {} and {}", x.shape(), y.shape()));
    }
    let dtype = x.dtype().promote(y.dtype());
    let (x, y) = (floated(x.cast(dtype)), floated(y.cast(dtype)));
    let (n, m) = (x.dim(0), y.dim(0));
    let padded = x.pad(&[m - 1], &[m - 1], 0.0);
    let builder = x.builder();
    let length = n + m - 1;
    let places =
        builder.iota(DType::I32, [length, m], 0) + builder.iota(DType::I32, [length, m], 1);
    let full = padded.gather(&places, 0).matmul(&y.expand_dims(-1)).squeeze(-1);
    let (short, long) = (n.min(m), n.max(m));
    let middle = if n < m { short / 2 } else { (short - 1) / 2 };
    let found = match g.own("mode").as_str().unwrap_or("valid") {
        "full" => full,
        "same" => full.slice_axis(0, middle, middle + long),
        "valid" => full.slice_axis(0, short - 1, long),
        other => return Err(format!("mode must be valid, same or full, got {other:?}")),
    };
    Ok(vec![if dtype.is_float() { found } else { found.round().cast(dtype) }])
}

/// What rows of one segment have together; `fill` for rows of another one.
fn segments(g: &Given<'_>, fill: f64, together: fn(&Value) -> Value) -> Outcome {
    let (data, ids) = (g.value("data")?, g.value("segment_ids")?);
    let count = g.own("num_segments").as_u64().and_then(|n| usize::try_from(n).ok());
    let count = count.filter(|count| *count <= 1 << 24).ok_or(
        "num_segments must be given, as the size of the result cannot depend on the numbers, and be \
         16,777,216 at most",
    )?;
    if data.rank() == 0 || ids.shape()[..] != data.shape()[..1] {
        return Err(format!(
            "expected an id for each row of {}, got {}",
            data.shape(),
            ids.shape()
        ));
    }
    let rows = data.dim(0);
    let own = ids.expand_dims(0).equal(g.builder.iota(ids.dtype(), [count, 1], 0));
    let own = own.reshape([&[count, rows], &vec![1; data.rank() - 1][..]].concat());
    Ok(vec![together(&own.select(&data.expand_dims(0), fill))])
}
