//! Operations that take values apart and put them together: diagonals, blocks, windows, places given
//! as numbers.
use super::arguments::{Given, promoted};
use super::arrange::{axis_of, concat, flip, move_axes};
use super::table::{Outcome, filled, operations};
use ferras_graph::{DType, Reduce, Tensor, Value};
use serde_json::Value as Json;

type Result<T> = std::result::Result<T, String>;

/// Parts that an operation may give, and powers and steps that it may have.
const MOST: usize = 10_000;
/// Elements of a shape that is given, and places of all windows together.
const LARGEST: usize = 1 << 28;

operations! {
    "ops.numpy" {
        // Together
        Append(x1, x2)[axis] => |g| {
            let (x, y) = g.pair("x1", "x2")?;
            Ok(vec![match g.ints("axis")?.and_then(|axes| axes.first().copied()) {
                Some(axis) => concat(g, vec![x, y], axis),
                None => concat(g, vec![flat(&x), flat(&y)], 0),
            }])
        };
        Dstack(xs) => |g| {
            let deep = |x: Value| match x.rank() {
                0 | 1 => x.reshape([1, x.shape().elements(), 1]),
                2 => x.expand_dims(-1),
                _ => x,
            };
            Ok(vec![concat(g, g.list("xs")?.into_iter().map(deep).collect(), 2)])
        };
        Meshgrid()[indexing] => meshgrid;
        Kron(x1, x2) => |g| g.binary(|x, y| kron(&x, &y));
        Cross(x1, x2)[axisa, axisb, axisc, axis] => cross;
        Vdot(x1, x2) => |g| g.binary(|x, y| (flat(&x) * flat(&y)).sum(&[], false));
        Select(condlist, choicelist, default) => |g| {
            let (conditions, choices) = (g.list("condlist")?, promoted(g.list("choicelist")?));
            if conditions.len() != choices.len() {
                return Err("condlist and choicelist must be equally long".into());
            }
            let like = choices.first().cloned().ok_or("choicelist is empty")?;
            let default = g.optional("default", Some(&like))?.unwrap_or(like.full_like(0.0));
            let choose = |rest: Value, (condition, choice): (Value, Value)| condition.select(&choice, rest);
            Ok(vec![conditions.into_iter().zip(choices).rev().fold(default.cast(like.dtype()), choose)])
        };
        // Apart
        ArraySplit(x)[indices_or_sections, axis] => |g| {
            let x = g.value("x")?;
            let axis = axis_of(&x, g.int("axis")?)?;
            parts(&x, g.own("indices_or_sections"), axis, true)
        };
        Hsplit(x)[indices_or_sections] => |g| {
            let x = g.value("x")?;
            parts(&x, g.own("indices_or_sections"), usize::from(x.rank() > 1), false)
        };
        Vsplit(x)[indices_or_sections] => |g| parts(&g.value("x")?, g.own("indices_or_sections"), 0, false);
        Dsplit(x)[indices_or_sections] => |g| parts(&g.value("x")?, g.own("indices_or_sections"), 2, false);
        // Turned
        Fliplr(x) => |g| Ok(vec![flip(&g.value("x")?, Some(vec![1]))?]);
        Flipud(x) => |g| Ok(vec![flip(&g.value("x")?, Some(vec![0]))?]);
        Rot90(array)[k, axes] => |g| {
            let x = g.value("array")?;
            let axes = g.ints("axes")?.unwrap_or_else(|| vec![0, 1]);
            let [a, b] = axes[..] else { return Err("axes must be two".into()) };
            let [a, b] = [axis_of(&x, a)?, axis_of(&x, b)?];
            let mut order: Vec<usize> = (0..x.rank()).collect();
            order.swap(a, b);
            Ok(vec![match g.int("k")?.rem_euclid(4) {
                0 => x,
                1 => x.reverse(&[b]).transpose(&order),
                2 => x.reverse(&[a, b]),
                _ => x.transpose(&order).reverse(&[b]),
            }])
        };
        // Diagonals
        Diagonal(x)[offset, axis1, axis2] => |g| {
            Ok(vec![diagonal(&g.value("x")?, g.int("offset")?, [g.int("axis1")?, g.int("axis2")?])?])
        };
        Trace(x)[offset, axis1, axis2] => |g| {
            let x = g.value("x")?;
            let all = diagonal(&x, g.int("offset")?, [g.int("axis1")?, g.int("axis2")?])?;
            Ok(vec![all.sum(&[-1], false)])
        };
        Diag(x)[k] => |g| {
            let (x, k) = (g.value("x")?, g.int("k")?);
            Ok(vec![if x.rank() == 1 { on_diagonal(&x, k)? } else { diagonal(&x, k, [0, 1])? }])
        };
        Diagflat(x)[k] => |g| Ok(vec![on_diagonal(&flat(&g.value("x")?), g.int("k")?)?]);
        Vander(x)[N, increasing] => |g| {
            let x = g.value("x")?;
            let columns = g.ints("N")?.and_then(|n| n.first().copied()).unwrap_or(x.shape().elements() as isize);
            let columns = usize::try_from(columns).ok().filter(|n| *n <= MOST);
            let columns = columns.ok_or_else(|| format!("N must be from 0 to {MOST}"))?;
            let column = x.reshape([x.shape().elements(), 1]);
            let powers = column.broadcast_to([x.shape().elements(), columns.max(1)]);
            let first = g.builder.iota(DType::I32, [1, columns.max(1)], 1).equal(0.0);
            let powers = first.select(&powers.full_like(1.0), &powers).cumulative(Reduce::Prod, 1, false);
            let powers = powers.slice_axis(1, 0, columns);
            Ok(vec![if g.flag("increasing") { powers } else { powers.reverse(&[1]) }])
        };
        // Places
        TakeAlongAxis(x, indices)[axis] => |g| {
            let (x, indices) = (g.value("x")?, g.value("indices")?);
            Ok(vec![match g.ints("axis")?.and_then(|axes| axes.first().copied()) {
                Some(axis) => along(&x, &indices, axis)?,
                None => along(&flat(&x), &flat(&indices), 0)?,
            }])
        };
        UnravelIndex(indices)[shape] => |g| {
            let indices = g.value("indices")?;
            let shape = sizes(g.own("shape"))?;
            let mut stride: usize = shape.iter().product();
            let indices = indices.less(0.0).select(&(&indices + stride as f64), &indices);
            let mut place = |&size: &usize| {
                stride /= size.max(1);
                let whole = (&indices - indices.rem(stride as f64)) / stride as f64;
                whole.rem(size.max(1) as f64)
            };
            Ok(shape.iter().map(&mut place).collect())
        };
        EmptyLike(x)[dtype] => |g| filled(g, 0.0);
        Array(x)[dtype] => |g| {
            let dtype = g.dtype()?;
            g.unary(|x| dtype.map_or_else(|| x.clone(), |dtype| x.cast(dtype)))
        };
    }
    "ops.core" {
        Slice(inputs, start_indices)[shape] => |g| {
            let (mut x, start) = (g.value("inputs")?, g.value("start_indices")?);
            let sizes = sizes(g.own("shape"))?;
            fits(&x, &sizes)?;
            for (axis, &size) in sizes.iter().enumerate() {
                let first = begin(&start, axis, x.dim(axis as isize) - size);
                let places = g.builder.iota(DType::I32, [size], 0) + first;
                x = x.gather(&places, axis as isize);
            }
            Ok(vec![x])
        };
        SliceUpdate(inputs, start_indices, updates) => slice_update;
        Scatter(indices, values)[shape] => |g| {
            let (indices, values) = (g.value("indices")?, g.value("values")?);
            let shape = sizes(g.own("shape"))?;
            let zeros = g.builder.full(values.dtype(), shape, 0.0);
            let (flat, places, rows) = addressed(&zeros, &indices, &values)?;
            Ok(vec![flat.scatter_add(&places, &rows, 0).reshape(zeros.shape())])
        };
        ScatterUpdate(inputs, indices, updates)[reduction] => scatter_update;
    }
    "ops.nn" {
        DepthToSpace(x)[block_size, data_format] => |g| blocks(g, true);
        SpaceToDepth(x)[block_size, data_format] => |g| blocks(g, false);
        Unfold(x)[kernel_size, dilation, padding, stride] => |g| {
            let x = g.value("x")?;
            let [n, c, h, w] = x.shape()[..] else { return Err(four(&x)) };
            let windows = Windows::of(g, [h, w])?;
            let [[top, left], places] = [windows.padding, [windows.places.len(), windows.count]];
            let padded = x.pad(&[0, 0, top, left], &[0, 0, top, left], 0.0);
            let flat = padded.reshape([n, c, (h + 2 * top) * (w + 2 * left)]);
            let all = flat.gather(&windows.indices(g)?, 2);
            Ok(vec![all.reshape([n, c * places[0], places[1]])])
        };
        Fold(x)[output_size, kernel_size, dilation, padding, stride] => fold;
        MultiHot(inputs)[num_classes, axis, dtype, sparse] => |g| {
            let x = g.value("inputs")?;
            let classes = g.int("num_classes")?;
            let classes = usize::try_from(classes).map_err(|_| "num_classes must not be negative")?;
            let dtype = g.dtype()?.unwrap_or(DType::F32);
            let hot = x.one_hot(classes, dtype);
            let axis = g.own("axis").as_i64().unwrap_or(-1) as isize;
            let hot = move_axes(&hot, &[-1], &[axis])?;
            Ok(vec![hot.max(&[isize::from(x.rank() > 1)], false)])
        };
    }
    "ops.math" {
        ExtractSequences(x)[sequence_length, sequence_stride] => |g| {
            let x = g.value("x")?;
            let [length, stride] = ["sequence_length", "sequence_stride"].map(|name| g.int(name));
            Ok(vec![sequences(&x, length?, stride?)?])
        };
    }
}

fn flat(x: &Value) -> Value {
    x.reshape([x.shape().elements()])
}

/// The sizes of a shape.
fn sizes(json: &Json) -> Result<Vec<usize>> {
    let single = std::slice::from_ref(json);
    let list = json.as_array().map_or(single, Vec::as_slice);
    let size = |json: &Json| json.as_u64().and_then(|n| usize::try_from(n).ok());
    let all: Option<Vec<usize>> = list.iter().map(size).collect();
    let small = |all: &Vec<usize>| {
        let product = all.iter().try_fold(1_usize, |product, &n| product.checked_mul(n));
        product.is_some_and(|count| count <= LARGEST)
    };
    all.filter(small).ok_or_else(|| {
        format!("a shape must be a list of sizes of {LARGEST} elements at most, got {json}")
    })
}

fn meshgrid(g: &Given<'_>) -> Outcome {
    let rows: Vec<Value> = g.all()?.iter().map(flat).collect();
    let swaps = match g.own("indexing").as_str().unwrap_or("xy") {
        "xy" => rows.len() > 1,
        "ij" => false,
        other => return Err(format!("indexing must be \"xy\" or \"ij\", got {other:?}")),
    };
    let place = |i: usize| if swaps && i < 2 { 1 - i } else { i };
    let mut shape = vec![0; rows.len()];
    rows.iter().enumerate().for_each(|(i, row)| shape[place(i)] = row.dim(0));
    let grid = |(i, row): (usize, &Value)| {
        let mut own = vec![1; rows.len()];
        own[place(i)] = row.dim(0);
        row.reshape(own).broadcast_to(shape.clone())
    };
    Ok(rows.iter().enumerate().map(grid).collect())
}

fn kron(x: &Value, y: &Value) -> Value {
    let rank = x.rank().max(y.rank());
    let wide = |v: &Value| [&vec![1; rank - v.rank()][..], &v.shape()[..]].concat();
    let (of_x, of_y) = (wide(x), wide(y));
    let apart = |sizes: &[usize], first: bool| -> Vec<usize> {
        sizes.iter().flat_map(|&n| if first { [n, 1] } else { [1, n] }).collect()
    };
    let shape: Vec<usize> = of_x.iter().zip(&of_y).map(|(a, b)| a * b).collect();
    (x.reshape(apart(&of_x, true)) * y.reshape(apart(&of_y, false))).reshape(shape)
}

/// The vector product of vectors of two or three places along an axis.
fn cross(g: &Given<'_>) -> Outcome {
    let (x, y) = g.pair("x1", "x2")?;
    let all = g.ints("axis")?.and_then(|axes| axes.first().copied());
    let axis = |name: &str| all.map_or_else(|| g.int(name), Ok);
    let x = move_axes(&x, &[axis("axisa")?], &[-1])?;
    let y = move_axes(&y, &[axis("axisb")?], &[-1])?;
    let (n, m) = (x.dim(-1), y.dim(-1));
    if ![n, m].iter().all(|size| matches!(size, 2 | 3)) {
        return Err(format!("vectors must have 2 or 3 places, got {n} and {m}"));
    }
    let at = |v: &Value, i: usize| match i < v.dim(-1) {
        true => v.slice_axis(-1, i, i + 1).squeeze(-1),
        false => v.slice_axis(-1, 0, 1).squeeze(-1).full_like(0.0),
    };
    let product = |i: usize, k: usize| at(&x, i) * at(&y, k) - at(&x, k) * at(&y, i);
    if (n, m) == (2, 2) {
        return Ok(vec![product(0, 1)]);
    }
    let found = g.builder.stack(&[product(1, 2), product(2, 0), product(0, 1)], -1);
    Ok(vec![move_axes(&found, &[-1], &[axis("axisc")?])?])
}

/// So many parts of an axis, or those that begin at these places.
fn parts(x: &Value, wanted: &Json, axis: usize, uneven: bool) -> Outcome {
    if axis >= x.rank() {
        return Err(format!("there is no axis {axis} in {}", x.shape()));
    }
    let length = x.dim(axis as isize);
    let begins: Vec<usize> = match wanted {
        Json::Array(_) => sizes(wanted)?.into_iter().map(|place| place.min(length)).collect(),
        _ => {
            let count = sizes(wanted)?.first().copied().unwrap_or(0);
            if count == 0 || count > MOST || !uneven && !length.is_multiple_of(count) {
                return Err(format!("{length} places cannot be parted into {wanted}"));
            }
            let (each, more) = (length / count, length % count);
            (1..count).map(|i| i * each + i.min(more)).collect()
        }
    };
    Ok(x.split_at(&begins, axis as isize))
}

/// A diagonal of two axes, as the last axis.
fn diagonal(x: &Value, offset: isize, axes: [isize; 2]) -> Result<Value> {
    let [a, b] = [axis_of(x, axes[0])?, axis_of(x, axes[1])?];
    if a == b {
        return Err("axis1 and axis2 must differ".into());
    }
    let stay: Vec<usize> = (0..x.rank()).filter(|axis| ![a, b].contains(axis)).collect();
    let order: Vec<usize> = stay.iter().copied().chain([a, b]).collect();
    let (rows, columns) = (x.dim(a as isize), x.dim(b as isize));
    let (down, right) = (offset.min(0).unsigned_abs(), offset.max(0) as usize);
    let length = rows.saturating_sub(down).min(columns.saturating_sub(right));
    let places: Vec<i32> = (0..length).map(|i| ((i + down) * columns + i + right) as i32).collect();
    let places = Tensor::new([length], places).map_err(|e| e.to_string())?;
    let kept: Vec<usize> = stay.iter().map(|&axis| x.dim(axis as isize)).collect();
    let flat = x.transpose(&order).reshape([&kept[..], &[rows * columns]].concat());
    Ok(flat.gather(&x.builder().constant(places), -1))
}

/// A row as a diagonal of a square of zeros.
fn on_diagonal(x: &Value, k: isize) -> Result<Value> {
    let shift = k.unsigned_abs();
    let size = x.dim(0).checked_add(shift).filter(|n| *n <= MOST);
    let size = size.ok_or_else(|| format!("a square has at most {MOST} rows"))?;
    let row = if k > 0 { x.pad(&[0], &[shift], 0.0) } else { x.pad(&[shift], &[0], 0.0) };
    let b = x.builder();
    let apart = b.iota(DType::I32, [1, size], 1) - b.iota(DType::I32, [size, 1], 0);
    Ok(apart.equal(k as f64).select(&row.reshape([size, 1]), 0.0))
}

/// The elements of an axis at places that differ from line to line.
fn along(x: &Value, indices: &Value, axis: isize) -> Result<Value> {
    let axis = axis_of(x, axis)?;
    if x.rank() != indices.rank() {
        return Err(format!("{} and {} must have as many axes", x.shape(), indices.shape()));
    }
    let last = |v: &Value| move_axes(v, &[axis as isize], &[-1]);
    let (x, indices) = (last(x)?, last(indices)?);
    let (length, picked, outer) = (x.dim(-1), indices.dim(-1), x.rank() - 1);
    let (of_x, of_indices) = (x.shape(), indices.shape());
    let lines: Option<Vec<usize>> = of_x[..outer]
        .iter()
        .zip(&of_indices[..outer])
        .map(|(&a, &b)| match (a, b) {
            (a, 1) => Some(a),
            (1, b) => Some(b),
            (a, b) => (a == b).then_some(a),
        })
        .collect();
    let lines = lines.ok_or_else(|| format!("{} does not fit {}", indices.shape(), x.shape()))?;
    let count: usize = lines.iter().product();
    let wide = |v: &Value, size: usize| v.broadcast_to([&lines[..], &[size]].concat());
    let places = wide(&indices, picked).reshape([count, picked]).cast(DType::I32);
    let places = places.less(0.0).select(&(&places + length as f64), &places);
    let line = x.builder().iota(DType::I32, [count, 1], 0) * length as f64;
    let found = wide(&x, length).reshape([count * length]).gather(&(places + line), 0);
    move_axes(&found.reshape([&lines[..], &[picked]].concat()), &[-1], &[axis as isize])
}

/// An error unless a block of these sizes is within the value.
fn fits(x: &Value, block: &[usize]) -> Result<()> {
    let within = block.len() == x.rank() && block.iter().zip(x.shape().iter()).all(|(b, n)| b <= n);
    match within {
        true => Ok(()),
        false => Err(format!("a block of sizes {block:?} does not fit into {}", x.shape())),
    }
}

/// Where a block begins along an axis; as in Keras, within what there is.
fn begin(start: &Value, axis: usize, most: usize) -> Value {
    start
        .reshape([start.shape().elements()])
        .slice_axis(0, axis, axis + 1)
        .cast(DType::I32)
        .clip(0.0, most as f64)
}

fn slice_update(g: &Given<'_>) -> Outcome {
    let (x, start) = (g.value("inputs")?, g.value("start_indices")?);
    let mut updates = g.value("updates")?.cast(x.dtype());
    let block = updates.shape().to_vec();
    fits(&x, &block)?;
    let mut inside: Option<Value> = None;
    for (axis, &size) in block.iter().enumerate() {
        let length = x.dim(axis as isize);
        let place = g.builder.iota(DType::I32, [length], 0) - begin(&start, axis, length - size);
        let own = place.greater_equal(0.0).and(place.less(size as f64));
        let mut shape = vec![1; x.rank()];
        shape[axis] = length;
        let own = own.reshape(shape);
        inside = Some(inside.map_or(own.clone(), |others| others.and(own)));
        updates = updates.gather(&place.clip(0.0, size.saturating_sub(1) as f64), axis as isize);
    }
    Ok(vec![inside.map_or(updates.clone(), |inside| inside.select(&updates, x))])
}

/// The value as rows, which of them are meant, and what comes there. The last axis of `indices` has a
/// place for each of the first axes of the value.
fn addressed(x: &Value, indices: &Value, updates: &Value) -> Result<(Value, Value, Value)> {
    let depth = if indices.rank() > 0 { indices.dim(-1) } else { 0 };
    if depth == 0 || depth > x.rank() {
        return Err(format!("indices {} do not fit {}", indices.shape(), x.shape()));
    }
    let shape = x.shape();
    let (outer, inner) = shape.split_at(depth);
    let count = indices.shape().elements() / depth;
    if updates.shape().elements() != count * inner.iter().product::<usize>() {
        return Err(format!(
            "{} updates do not fit {count} places of {}",
            updates.shape(),
            x.shape()
        ));
    }
    let table = indices.reshape([count, depth]).cast(DType::I32);
    let mut places = x.builder().full(DType::I32, [count], 0.0);
    for (axis, &size) in outer.iter().enumerate() {
        let own = table.slice_axis(1, axis, axis + 1).squeeze(1);
        let own = own.less(0.0).select(&(&own + size as f64), &own);
        places = places * size as f64 + own;
    }
    let rows = [&[outer.iter().product::<usize>()], inner].concat();
    let updates = updates.cast(x.dtype()).reshape([&[count], inner].concat());
    Ok((x.reshape(rows), places, updates))
}

fn scatter_update(g: &Given<'_>) -> Outcome {
    let x = g.value("inputs")?;
    let (rows, places, updates) = addressed(&x, &g.value("indices")?, &g.value("updates")?)?;
    let found = match g.own("reduction").as_str() {
        // Of several updates of one place Keras does not say which counts; here their mean does.
        None => {
            let ones = g.builder.full(x.dtype(), places.shape(), 1.0);
            let count =
                g.builder.full(x.dtype(), [rows.dim(0)], 0.0).scatter_add(&places, &ones, 0);
            let count = count.reshape([&[rows.dim(0)], &vec![1; rows.rank() - 1][..]].concat());
            let sum = rows.full_like(0.0).scatter_add(&places, &updates, 0);
            count.greater(0.0).select(&(sum / count.maximum(1.0)), &rows)
        }
        Some("add") => rows.scatter_add(&places, &updates, 0),
        Some(word @ ("max" | "min" | "mul")) => {
            let row = g.builder.iota(DType::I32, [rows.dim(0)], 0);
            let wide = vec![1; rows.rank() - 1];
            let start = [rows.clone()];
            let (end, _) =
                g.builder.scan(places.dim(0), false, &start, &[places, updates], |all, step| {
                    let own = row.equal(&step[0]).reshape([&[rows.dim(0)], &wide[..]].concat());
                    let new = match word {
                        "max" => all[0].maximum(&step[1]),
                        "min" => all[0].minimum(&step[1]),
                        _ => &all[0] * &step[1],
                    };
                    (vec![own.select(&new, &all[0])], Vec::new())
                });
            end[0].clone()
        }
        Some(other) => {
            return Err(format!("reduction must be add, max, min or mul, got {other:?}"));
        }
    };
    Ok(vec![found.reshape(x.shape())])
}

fn four(x: &Value) -> String {
    format!("expected four axes, got {}", x.shape())
}

/// Squares of places as channels, or the other way round. Channels in front are parted the other way:
/// the place in a square is what changes fastest.
fn blocks(g: &Given<'_>, to_space: bool) -> Outcome {
    let (x, block) = (g.value("x")?, g.int("block_size")?);
    let first = g.own("data_format").as_str() == Some("channels_first");
    let [n, h, w, c] = match (&x.shape()[..], first) {
        (&[n, h, w, c], false) | (&[n, c, h, w], true) => [n, h, w, c],
        _ => return Err(four(&x)),
    };
    let s = usize::try_from(block).ok().filter(|s| (1..=MOST).contains(s));
    let s = s.ok_or_else(|| format!("block_size must be from 1 to {MOST}, got {block}"))?;
    let whole = match to_space {
        true => c.is_multiple_of(s * s),
        false => h.is_multiple_of(s) && w.is_multiple_of(s),
    };
    if !whole {
        return Err(format!("{} cannot be parted into blocks of {s}", x.shape()));
    }
    let less = c / (s * s);
    let (apart, order, together) = match (to_space, first) {
        (true, false) => ([n, h, w, s, s, less], [0, 1, 3, 2, 4, 5], [n, h * s, w * s, less]),
        (true, true) => ([n, less, s, s, h, w], [0, 1, 4, 2, 5, 3], [n, less, h * s, w * s]),
        (false, false) => {
            ([n, h / s, s, w / s, s, c], [0, 1, 3, 2, 4, 5], [n, h / s, w / s, s * s * c])
        }
        (false, true) => {
            ([n, c, h / s, s, w / s, s], [0, 1, 3, 5, 2, 4], [n, c * s * s, h / s, w / s])
        }
    };
    Ok(vec![x.reshape(apart).transpose(&order).reshape(together)])
}

/// The windows of `Unfold` and `Fold`.
struct Windows {
    padding: [usize; 2],
    /// Rows and columns with padding.
    size: [usize; 2],
    /// Each place of a window, from its upper left corner.
    places: Vec<[usize; 2]>,
    /// Where windows begin, in rows and columns.
    begins: [Vec<usize>; 2],
    count: usize,
}

impl Windows {
    fn of(g: &Given<'_>, [h, w]: [usize; 2]) -> Result<Windows> {
        let pair = |name: &str, least: usize| -> Result<[usize; 2]> {
            let found = match sizes(g.own(name))?[..] {
                [a] => [a, a],
                [a, b] => [a, b],
                _ => return Err(format!("{name} must be one number or two")),
            };
            match found.iter().all(|n| (least..=MOST).contains(n)) {
                true => Ok(found),
                false => Err(format!("{name} must be from {least} to {MOST}, got {found:?}")),
            }
        };
        let (kernel, dilation) = (pair("kernel_size", 1)?, pair("dilation", 1)?);
        let (padding, stride) = (pair("padding", 0)?, pair("stride", 1)?);
        let size = [h + 2 * padding[0], w + 2 * padding[1]];
        let begins = [0, 1].map(|axis| {
            let reach = (kernel[axis] - 1) * dilation[axis];
            (0..size[axis].saturating_sub(reach)).step_by(stride[axis]).collect::<Vec<usize>>()
        });
        let count = begins[0].len() * begins[1].len();
        if count.saturating_mul(kernel[0] * kernel[1]) > LARGEST {
            return Err(format!("windows {kernel:?} are too large for {h} × {w} places"));
        }
        let rows = (0..kernel[0]).map(|i| i * dilation[0]);
        let places =
            rows.flat_map(|row| (0..kernel[1]).map(move |k| [row, k * dilation[1]])).collect();
        Ok(Windows { padding, size, places, begins, count })
    }

    /// For each place of a window and each window where in the padded picture that is.
    fn indices(&self, g: &Given<'_>) -> Result<Value> {
        let begins =
            || self.begins[0].iter().flat_map(|r| self.begins[1].iter().map(move |c| [*r, *c]));
        let index = |[row, column]: [usize; 2]| {
            begins().map(move |[r, c]| ((r + row) * self.size[1] + c + column) as i32)
        };
        let all: Vec<i32> = self.places.iter().flat_map(|place| index(*place)).collect();
        let all = Tensor::new([all.len()], all).map_err(|e| e.to_string())?;
        Ok(g.builder.constant(all))
    }
}

/// The sum of windows, each at its place.
fn fold(g: &Given<'_>) -> Outcome {
    let x = g.value("x")?;
    let [n, channels, count] = x.shape()[..] else {
        return Err(format!("expected three axes, got {}", x.shape()));
    };
    let output = match sizes(g.own("output_size"))?[..] {
        [a] => [a, a],
        [a, b] => [a, b],
        _ => return Err("output_size must be one number or two".into()),
    };
    let windows = Windows::of(g, output)?;
    let places = windows.places.len();
    if count != windows.count || !channels.is_multiple_of(places) {
        let expected = windows.count;
        return Err(format!(
            "expected (batch, channels · {places}, {expected}), got {}",
            x.shape()
        ));
    }
    let c = channels / places;
    let ([rows, columns], [top, left]) = (windows.size, windows.padding);
    let empty = g.builder.full(x.dtype(), [n, c, rows * columns], 0.0);
    let pieces = x.reshape([n, c, places * count]);
    let sum = empty.scatter_add(&windows.indices(g)?, &pieces, 2).reshape([n, c, rows, columns]);
    let sum = sum.slice_axis(2, top, top + output[0]);
    Ok(vec![sum.slice_axis(3, left, left + output[1])])
}

/// Pieces of the last axis, so many places each, that begin so many places after each other.
pub(super) fn sequences(x: &Value, length: isize, stride: isize) -> Result<Value> {
    let [length, stride] = [length, stride].map(|n| usize::try_from(n).ok().filter(|n| *n > 0));
    let (Some(length), Some(stride)) = (length, stride) else {
        return Err("sequence_length and sequence_stride must be at least 1".into());
    };
    let total = if x.rank() > 0 { x.dim(-1) } else { 0 };
    if total < length {
        return Err(format!("there is no sequence of {length} places in {}", x.shape()));
    }
    let count = (total - length) / stride + 1;
    let b = x.builder();
    let places = b.iota(DType::I32, [count, length], 0) * stride as f64;
    Ok(x.gather(&(places + b.iota(DType::I32, [count, length], 1)), -1))
}
