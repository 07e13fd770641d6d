//! Operations that pick, move and repeat elements.
use super::Argument;
use super::arguments::{Given, promoted};
use super::table::Outcome;
use ferras_graph::{DType, Tensor, Value};
use serde_json::Value as Json;

type Result<T> = std::result::Result<T, String>;

/// Parts that an operation may give, and places that it may pick one by one.
const MOST: usize = 10_000;

/// The axis of this number, counted from the end if negative.
pub(super) fn axis_of(x: &Value, axis: isize) -> Result<usize> {
    let rank = x.rank() as isize;
    let place = if axis < 0 { axis + rank } else { axis };
    match (0..rank).contains(&place) {
        true => Ok(place as usize),
        false => Err(format!("there is no axis {axis} in {}", x.shape())),
    }
}

/// A size that a file gives, if it is one.
fn size(n: isize) -> Result<usize> {
    usize::try_from(n).map_err(|_| format!("a size must not be negative, got {n}"))
}

/// The sizes of a shape in which one of the axes may be open: −1, or null.
pub(super) fn reshape(x: &Value, shape: &Json) -> Result<Value> {
    let single = std::slice::from_ref(shape);
    let list = shape.as_array().map_or(single, Vec::as_slice);
    let mut sizes = Vec::with_capacity(list.len());
    for (place, json) in list.iter().enumerate() {
        sizes.push(match json.as_i64() {
            Some(-1) => None,
            Some(n) => Some(size(n as isize)?),
            // The batch, whatever is open besides.
            None if json.is_null() && place == 0 && list.iter().any(|j| j == -1) => {
                Some(x.shape().first().copied().unwrap_or(1))
            }
            None if json.is_null() => None,
            None => return Err(format!("a size must be a whole number, got {json}")),
        });
    }
    let known = sizes.iter().flatten().try_fold(1_usize, |product, &n| product.checked_mul(n));
    let known = known.ok_or("the shape is too large")?;
    let open = sizes.iter().filter(|size| size.is_none()).count();
    let total = x.shape().elements();
    let rest = match open {
        0 => 1,
        1 if known > 0 && total.is_multiple_of(known) => total / known,
        1 => return Err(format!("{} does not fit into the shape {shape}", x.shape())),
        _ => return Err(format!("the shape {shape} has more than one open size")),
    };
    Ok(x.reshape(sizes.into_iter().map(|size| size.unwrap_or(rest)).collect::<Vec<_>>()))
}

pub(super) fn transpose(x: &Value, axes: Option<Vec<isize>>) -> Result<Value> {
    let Some(axes) = axes else {
        return Ok(x.transpose(&(0..x.rank()).rev().collect::<Vec<_>>()));
    };
    Ok(x.transpose(&axes.into_iter().map(|a| axis_of(x, a)).collect::<Result<Vec<_>>>()?))
}

/// Axes in new places, the others in their order.
pub(super) fn move_axes(x: &Value, from: &[isize], to: &[isize]) -> Result<Value> {
    let places = |axes: &[isize]| axes.iter().map(|&a| axis_of(x, a)).collect::<Result<Vec<_>>>();
    let (from, to) = (places(from)?, places(to)?);
    if from.len() != to.len() {
        return Err("source and destination must be equally many".into());
    }
    let mut rest = (0..x.rank()).filter(|axis| !from.contains(axis));
    let moved =
        |place: usize| to.iter().position(|&t| t == place).and_then(|i| from.get(i)).copied();
    let order: Option<Vec<usize>> =
        (0..x.rank()).map(|place| moved(place).or_else(|| rest.next())).collect();
    Ok(x.transpose(&order.ok_or("an axis is moved twice")?))
}

pub(super) fn squeeze(x: &Value, axes: Option<Vec<isize>>) -> Result<Value> {
    let shape = x.shape();
    let gone: Vec<usize> = match axes {
        Some(axes) => axes.into_iter().map(|a| axis_of(x, a)).collect::<Result<_>>()?,
        None => (0..x.rank()).filter(|&axis| shape.get(axis) == Some(&1)).collect(),
    };
    if let Some(&axis) = gone.iter().find(|&&axis| shape.get(axis) != Some(&1)) {
        return Err(format!("axis {axis} of {shape} has not the size 1"));
    }
    let kept = shape.iter().enumerate().filter(|(axis, _)| !gone.contains(axis));
    Ok(x.reshape(kept.map(|(_, &size)| size).collect::<Vec<_>>()))
}

pub(super) fn expand(x: &Value, axes: &[isize]) -> Result<Value> {
    let rank = (x.rank() + axes.len()) as isize;
    let mut places: Vec<isize> = axes.iter().map(|&a| if a < 0 { a + rank } else { a }).collect();
    places.sort_unstable();
    if places.iter().any(|place| !(0..rank).contains(place)) {
        return Err(format!("there is no place for axes {axes:?} in {}", x.shape()));
    }
    Ok(places.into_iter().fold(x.clone(), |x, place| x.expand_dims(place)))
}

pub(super) fn broadcast(x: &Value, shape: &Json) -> Result<Value> {
    let list = shape.as_array().ok_or("shape must be a list")?;
    let batch = x.shape().first().copied().unwrap_or(1);
    let sizes = list.iter().map(|json| match json.as_i64() {
        Some(n) => size(n as isize),
        None => Ok(batch),
    });
    Ok(x.broadcast_to(sizes.collect::<Result<Vec<_>>>()?))
}

pub(super) fn concat(given: &Given<'_>, values: Vec<Value>, axis: isize) -> Value {
    given.builder.concat(&promoted(values), axis)
}

pub(super) fn flip(x: &Value, axes: Option<Vec<isize>>) -> Result<Value> {
    let all = || (0..x.rank() as isize).collect();
    let axes = axes.unwrap_or_else(all).into_iter().map(|a| axis_of(x, a));
    Ok(x.reverse(&axes.collect::<Result<Vec<_>>>()?))
}

/// Elements turned around in a ring, along each axis or, without axes, all of them in a row.
pub(super) fn roll(x: &Value, shifts: &[isize], axes: Option<Vec<isize>>) -> Result<Value> {
    let Some(axes) = axes else {
        let row = x.reshape([x.shape().elements()]);
        return Ok(roll(&row, shifts, Some(vec![0]))?.reshape(x.shape()));
    };
    let mut x = x.clone();
    for (i, &axis) in axes.iter().enumerate() {
        let place = axis_of(&x, axis)?;
        let shift = shifts.get(i).or(shifts.last()).copied().unwrap_or(0);
        let length = x.dim(axis) as isize;
        let start = if length > 0 { (-shift).rem_euclid(length) as usize } else { 0 };
        if start > 0 {
            let [front, back] = [(start, length as usize), (0, start)]
                .map(|(from, to)| x.slice_axis(place as isize, from, to));
            x = x.builder().concat(&[front, back], place as isize);
        }
    }
    Ok(x)
}

/// Each element so many times in a row.
pub(super) fn repeat(x: &Value, repeats: &[isize], axis: Option<isize>) -> Result<Value> {
    let Some(axis) = axis else {
        return repeat(&x.reshape([x.shape().elements()]), repeats, Some(0));
    };
    let place = axis_of(x, axis)?;
    if let [times] = repeats {
        let times = size(*times)?;
        let mut shape = x.shape().to_vec();
        shape.insert(place + 1, times);
        let wide = x.expand_dims(place as isize + 1).broadcast_to(shape.clone());
        shape.remove(place + 1);
        if let Some(size) = shape.get_mut(place) {
            *size = size.checked_mul(times).ok_or("the shape is too large")?;
        }
        return Ok(wide.reshape(shape));
    }
    let mut places = Vec::new();
    for (i, &times) in repeats.iter().enumerate() {
        if places.len().saturating_add(size(times)?) > MOST {
            return Err(format!("gives more than {MOST} places along an axis"));
        }
        places.extend(std::iter::repeat_n(i, times as usize));
    }
    pick(x, &places, place)
}

/// The whole beside itself, so many times along each axis.
pub(super) fn tile(x: &Value, repeats: &[isize]) -> Result<Value> {
    let missing = repeats.len().saturating_sub(x.rank());
    let x = expand(x, &(0..missing as isize).collect::<Vec<_>>())?;
    let first = x.rank() - repeats.len();
    repeats.iter().enumerate().try_fold(x, |x, (i, &times)| {
        let (place, times) = (first + i, size(times)?);
        let mut shape = x.shape().to_vec();
        shape.insert(place, times);
        let wide = x.expand_dims(place as isize).broadcast_to(shape.clone());
        shape.remove(place);
        if let Some(size) = shape.get_mut(place) {
            *size = size.checked_mul(times).ok_or("the shape is too large")?;
        }
        Ok(wide.reshape(shape))
    })
}

/// The slices at these places along an axis.
fn pick(x: &Value, places: &[usize], axis: usize) -> Result<Value> {
    let places: Vec<i32> = places.iter().map(|&i| i as i32).collect();
    let indices = Tensor::new([places.len()], places).map_err(|e| e.to_string())?;
    Ok(x.gather(&x.builder().constant(indices), axis as isize))
}

/// The slices at indices, which count from the end if negative.
pub(super) fn take(x: &Value, indices: &Value, axis: Option<isize>) -> Result<Value> {
    let Some(axis) = axis else {
        return take(&x.reshape([x.shape().elements()]), indices, Some(0));
    };
    let axis = axis_of(x, axis)? as isize;
    let indices = match indices.dtype() {
        DType::I32 | DType::I64 => indices.clone(),
        _ => indices.cast(DType::I32),
    };
    let length = x.dim(axis) as f64;
    Ok(x.gather(&indices.less(0.0).select(&(&indices + length), &indices), axis))
}

/// Parts of an axis: so many equal ones, or between these places.
pub(super) fn split(given: &Given<'_>) -> Outcome {
    let (x, axis) = (given.value("x")?, given.int("axis")?);
    let length = x.dim(axis_of(&x, axis)? as isize);
    let parts = given.own("indices_or_sections");
    if let Some(count) = parts.as_i64() {
        return match usize::try_from(count) {
            Ok(count @ 1..=MOST) if length % count == 0 => Ok(x.split(count, axis)),
            _ => Err(format!("axis {axis} of {} has no {count} equal parts", x.shape())),
        };
    }
    let places = given.ints("indices_or_sections")?.ok_or("indices_or_sections is missing")?;
    let from_end = |n: isize| if n < 0 { n + length as isize } else { n };
    let places: Vec<usize> =
        places.into_iter().map(|n| from_end(n).clamp(0, length as isize) as usize).collect();
    match places.is_sorted() {
        true => Ok(x.split_at(&places, axis)),
        false => Err("the places to split at must rise".into()),
    }
}

/// Each slice along an axis by itself.
pub(super) fn unstack(given: &Given<'_>) -> Outcome {
    let (x, axis) = (given.value("x")?, given.int("axis")?);
    let axis = axis_of(&x, axis)? as isize;
    match x.dim(axis) {
        length @ 1..=MOST => {
            Ok(x.split(length, axis).into_iter().map(|part| part.squeeze(axis)).collect())
        }
        length => Err(format!("gives {length} parts; from 1 to {MOST} are read")),
    }
}

/// More elements at both ends of each axis.
pub(super) fn pad(given: &Given<'_>) -> Outcome {
    let x = given.value("x")?;
    let widths = borders(given.own("pad_width"), x.rank())?;
    let mode = given.own("mode").as_str().unwrap_or_default();
    if mode == "constant" {
        let value = match given.find("constant_values") {
            None => 0.0,
            Some(Argument::Constant(json)) => {
                json.as_f64().ok_or("constant_values must be a number")?
            }
            Some(_) => return Err("constant_values must be a number".into()),
        };
        let (low, high): (Vec<usize>, Vec<usize>) = widths.into_iter().unzip();
        return Ok(vec![x.pad(&low, &high, value)]);
    }
    let mut y = x;
    for (axis, (low, high)) in widths.into_iter().enumerate() {
        if low + high > 0 {
            let places = mirrored(mode, y.dim(axis as isize), low, high)?;
            y = pick(&y, &places, axis)?;
        }
    }
    Ok(vec![y])
}

/// How many elements are added before and behind each axis.
fn borders(json: &Json, rank: usize) -> Result<Vec<(usize, usize)>> {
    let number = |json: &Json| {
        let number = json.as_u64().filter(|n| *n <= 1 << 31);
        number.map(|n| n as usize).ok_or_else(|| format!("pad_width has {json}"))
    };
    let pair = |json: &Json| -> Result<(usize, usize)> {
        match json.as_array().map(Vec::as_slice) {
            Some([both]) => Ok((number(both)?, number(both)?)),
            Some([low, high]) => Ok((number(low)?, number(high)?)),
            _ => Ok((number(json)?, number(json)?)),
        }
    };
    let list: Vec<(usize, usize)> = match json {
        Json::Array(list) if list.iter().any(Json::is_array) => {
            list.iter().map(pair).collect::<Result<_>>()?
        }
        json => vec![pair(json)?],
    };
    match list[..] {
        [both] => Ok(vec![both; rank]),
        _ if list.len() == rank => Ok(list),
        _ => Err(format!("pad_width has {} axes, the value {rank}", list.len())),
    }
}

/// The places of an axis with those that are seen in mirrors at both ends.
fn mirrored(mode: &str, length: usize, low: usize, high: usize) -> Result<Vec<usize>> {
    let (most, skip) = match mode {
        "reflect" => (length.saturating_sub(1), 1),
        "symmetric" => (length, 0),
        "edge" => (MOST, 0),
        _ => return Err(format!("the mode {mode:?} of padding is not read")),
    };
    if low > most || high > most || length == 0 || length + low + high > MOST {
        return Err(format!("cannot pad an axis of {length} by {low} and {high} in mode {mode:?}"));
    }
    let before = (0..low).rev().map(|i| if mode == "edge" { 0 } else { i + skip });
    let behind = (0..high).map(|i| if mode == "edge" { 0 } else { i + skip });
    let behind = behind.map(|i| length - 1 - i);
    Ok(before.chain(0..length).chain(behind).collect())
}

/// Python's `x[key]`.
pub(super) fn get_item(given: &Given<'_>) -> Outcome {
    let x = given.value("x")?;
    let keys: Vec<Argument> = match given.find("key") {
        Some(Argument::Constant(Json::Array(list))) => {
            list.iter().cloned().map(Argument::Constant).collect()
        }
        Some(Argument::List(list)) => list.clone(),
        Some(single) => vec![single.clone()],
        None => vec![Argument::Constant(Json::Null)],
    };
    let class = |key: &Argument| {
        match key {
            Argument::Constant(json) => json.get("class_name").and_then(Json::as_str).unwrap_or(""),
            _ => "",
        }
        .to_string()
    };
    let is_new = |key: &Argument| *key == Argument::Constant(Json::Null);
    let used = keys.iter().filter(|key| !is_new(key) && class(key) != "__ellipsis__").count();
    let rest = x
        .rank()
        .checked_sub(used)
        .ok_or_else(|| format!("there are more indices than axes in {}", x.shape()))?;
    let (mut y, mut axis) = (x, 0);
    for key in &keys {
        match key {
            key if is_new(key) => {
                y = y.expand_dims(axis);
                axis += 1;
            }
            key if class(key) == "__ellipsis__" => axis += rest as isize,
            Argument::Constant(json) if class(key) == "__slice__" => {
                y = slice(&y, axis, json.get("config").unwrap_or(&Json::Null))?;
                axis += 1;
            }
            Argument::Constant(Json::Number(number)) => {
                let length = y.dim(axis) as i64;
                let index = number.as_i64().map(|n| if n < 0 { n + length } else { n });
                let index = index.filter(|n| (0..length).contains(n)).ok_or_else(|| {
                    format!("there is no index {number} along axis {axis} of {}", y.shape())
                })? as usize;
                y = y.slice_axis(axis, index, index + 1).squeeze(axis);
            }
            other => return Err(format!("an index {other:?} is not read")),
        }
    }
    Ok(vec![y])
}

/// Python's `start:stop:step` along an axis.
fn slice(x: &Value, axis: isize, config: &Json) -> Result<Value> {
    let number = |key: &str| match config.get(key) {
        None | Some(Json::Null) => Ok(None),
        Some(json) => json.as_i64().map(Some).ok_or_else(|| format!("a slice has {key} {json}")),
    };
    let length = x.dim(axis) as i64;
    let step = number("step")?.unwrap_or(1);
    let bound = |n: i64, low: i64, high: i64| {
        (if n < 0 { n.saturating_add(length) } else { n }).clamp(low, high)
    };
    let (start, stop) = (number("start")?, number("stop")?);
    // The first place, and how many there are from it.
    let (first, count) = match step {
        0 => return Err("a slice has the step 0".into()),
        1.. => {
            let (a, b) =
                (bound(start.unwrap_or(0), 0, length), bound(stop.unwrap_or(length), 0, length));
            (a, (b - a).max(0).saturating_add(step - 1) / step)
        }
        _ => {
            let a = bound(start.unwrap_or(length - 1), -1, length - 1);
            let b = stop.map_or(-1, |stop| bound(stop, -1, length - 1));
            let step = step.saturating_neg();
            (a, (a - b).max(0).saturating_add(step - 1) / step)
        }
    };
    if count == 0 {
        return Ok(x.slice_axis(axis, 0, 0));
    }
    let width = (step.saturating_abs()).saturating_mul(count - 1);
    let low = if step > 0 { first } else { first - width };
    let mut start = vec![0; x.rank()];
    let mut limit = x.shape().to_vec();
    let mut stride = vec![1; x.rank()];
    let place = axis_of(x, axis)?;
    start[place] = low as usize;
    limit[place] = (low + width) as usize + 1;
    stride[place] = step.unsigned_abs() as usize;
    let y = x.slice(&start, &limit, &stride);
    Ok(if step > 0 { y } else { y.reverse(&[place]) })
}

/// The elements on and above (or below) a diagonal of the last two axes; 0 elsewhere.
pub(super) fn triangle(x: &Value, k: isize, upper: bool) -> Result<Value> {
    let Some(rows) = x.rank().checked_sub(2) else {
        return Err("needs a matrix".into());
    };
    let shape = &x.shape()[rows..];
    let [row, column] = [0, 1].map(|axis| x.builder().iota(DType::I64, shape, axis));
    let distance = column - row;
    let kept = if upper { distance.greater_equal(k as f64) } else { distance.less_equal(k as f64) };
    Ok(kept.select(x, x.full_like(0.0)))
}
