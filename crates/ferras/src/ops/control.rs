//! Functions of functions: loops and choices, as parts of the graph.
use ferras_graph::{DType, Value, gradients_with};

/// The outputs of `fun`, and how they change where `primals` change by `tangents`: the products of its
/// Jacobian with them. All are floats.
///
/// It is the gradient of a gradient: of ⟨u, J · t⟩, which is linear in u, by u.
///
/// ```
/// use ferras::ops;
/// use ferras_graph::{Builder, DType};
/// let b = Builder::new();
/// let (x, t) = (b.full(DType::F32, [3], 2.0), b.full(DType::F32, [3], 1.0));
/// let (y, change) = ops::jvp(|x| vec![x[0].square().sum(&[], true)], &[x], &[t]);
/// assert_eq!((y[0].shape().to_string(), change[0].shape().to_string()), ("(1,)".into(), "(1,)".into()));
/// ```
#[track_caller]
pub fn jvp(
    fun: impl FnOnce(&[Value]) -> Vec<Value>,
    primals: &[Value],
    tangents: &[Value],
) -> (Vec<Value>, Vec<Value>) {
    let outputs = fun(primals);
    let seeds: Vec<Value> = outputs.iter().map(|y| y.full_like(0.0)).collect();
    let back = gradients_with(&outputs, &seeds, primals);
    let changes = gradients_with(&back, tangents, &seeds);
    (outputs, changes)
}

/// Runs `f` over `length` steps: it is given what is carried and the slices of this step, and gives
/// what is carried on and this step's outputs. Results are what is carried at the end, and the outputs
/// of all steps. With `reverse` the last step comes first.
///
/// ```
/// use ferras::ops;
/// use ferras_graph::{Builder, DType};
/// let b = Builder::new();
/// let x = b.full(DType::F32, [5, 2], 1.0);
/// let start = b.full(DType::F32, [2], 0.0);
/// let (end, sums) = ops::scan(5, false, &[start], &[x], |carried, x| {
///     let sum = &carried[0] + &x[0];
///     (vec![sum.clone()], vec![sum])
/// });
/// assert_eq!((end[0].shape().to_string(), sums[0].shape().to_string()), ("(2,)".into(), "(5, 2)".into()));
/// ```
#[track_caller]
pub fn scan(
    length: usize,
    reverse: bool,
    init: &[Value],
    xs: &[Value],
    f: impl FnOnce(&[Value], &[Value]) -> (Vec<Value>, Vec<Value>),
) -> (Vec<Value>, Vec<Value>) {
    let Some(first) = init.first().or(xs.first()) else { return (Vec::new(), Vec::new()) };
    first.builder().scan(length, reverse, init, xs, f)
}

/// `f` of each slice along the first axis of all values; Keras' `map`.
///
/// ```
/// use ferras::ops;
/// use ferras_graph::{Builder, DType};
/// let x = Builder::new().full(DType::F32, [5, 2, 3], 1.0);
/// let sums = ops::map(&[x], |x| vec![x[0].sum(&[], false)]);
/// assert_eq!(sums[0].shape().to_string(), "(5,)");
/// ```
#[track_caller]
pub fn map(xs: &[Value], f: impl FnOnce(&[Value]) -> Vec<Value>) -> Vec<Value> {
    let steps = xs.first().map_or(0, |x| if x.rank() > 0 { x.dim(0) } else { 0 });
    scan(steps, false, &[], xs, |_, slices| (Vec::new(), f(slices))).1
}

/// `f` of each slice along the first axis. What does not depend on other slices is computed for all of
/// them at once.
#[track_caller]
pub fn vectorized_map(
    elements: &[Value],
    function: impl FnOnce(&[Value]) -> Vec<Value>,
) -> Vec<Value> {
    map(elements, function)
}

/// Changes values for each number from `lower` to before `upper`.
///
/// ```
/// use ferras::ops;
/// use ferras_graph::{Builder, DType};
/// let x = Builder::new().full(DType::F32, [3], 1.0);
/// let end = ops::fori_loop(0, 4, &[x], |_, x| vec![&x[0] * 2.0]);
/// assert_eq!(end[0].shape().to_string(), "(3,)");
/// ```
#[track_caller]
pub fn fori_loop(
    lower: i64,
    upper: i64,
    init_val: &[Value],
    body_fun: impl FnOnce(&Value, &[Value]) -> Vec<Value>,
) -> Vec<Value> {
    let Some(first) = init_val.first() else { return Vec::new() };
    let steps = usize::try_from(upper.saturating_sub(lower)).unwrap_or(0);
    let number = first.builder().iota(DType::I64, [steps], 0) + lower as f64;
    scan(steps, false, init_val, &[number], |carried, step| {
        (body_fun(&step[0], carried), Vec::new())
    })
    .0
}

/// Changes values as long as `cond` of them holds, `maximum_iterations` times at most: as many steps
/// are run, and those behind the end leave the values as they are.
///
/// ```
/// use ferras::ops;
/// use ferras_graph::{Builder, DType};
/// let x = Builder::new().full(DType::F32, [], 100.0);
/// let end = ops::while_loop(20, &[x], |x| x[0].greater(1.0), |x| vec![&x[0] / 2.0]);
/// assert_eq!(end[0].rank(), 0);
/// ```
#[track_caller]
pub fn while_loop(
    maximum_iterations: usize,
    loop_vars: &[Value],
    cond: impl FnOnce(&[Value]) -> Value,
    body: impl FnOnce(&[Value]) -> Vec<Value>,
) -> Vec<Value> {
    let step = |carried: &[Value], _: &[Value]| {
        let goes_on = cond(carried);
        let new = body(carried);
        let kept = |(new, old): (&Value, &Value)| goes_on.select(new, old);
        (new.iter().zip(carried).map(kept).collect(), Vec::new())
    };
    scan(maximum_iterations, false, loop_vars, &[], step).0
}

/// What one of both functions gives, by a single truth value. Both are computed.
///
/// ```
/// use ferras::ops;
/// use ferras_graph::{Builder, DType};
/// let x = Builder::new().full(DType::F32, [3], 1.0);
/// let y = ops::cond(&x.sum(&[], false).greater(2.0), || vec![&x * 2.0], || vec![x.exp()]);
/// assert_eq!(y[0].shape(), x.shape());
/// ```
#[track_caller]
pub fn cond(
    pred: &Value,
    true_fn: impl FnOnce() -> Vec<Value>,
    false_fn: impl FnOnce() -> Vec<Value>,
) -> Vec<Value> {
    true_fn().iter().zip(false_fn()).map(|(yes, no)| pred.select(yes, no)).collect()
}

/// One of the functions that [`switch`] chooses from.
pub type Branch<'a> = &'a dyn Fn(&[Value]) -> Vec<Value>;

/// What the function of this number gives; those beyond the ends are the nearest ones. All are computed.
#[track_caller]
pub fn switch(index: &Value, branches: &[Branch<'_>], operands: &[Value]) -> Vec<Value> {
    let index = index.cast(DType::I32);
    let choose = |(chosen, number): (Vec<Value>, usize), branch: &Branch<'_>| {
        let own = branch(operands);
        if number == 0 {
            return (own, 1);
        }
        let later = index.greater_equal(number as f64);
        let both = own.iter().zip(&chosen).map(|(new, old)| later.select(new, old));
        (both.collect(), number + 1)
    };
    branches.iter().fold((Vec::new(), 0), choose).0
}

/// Results of `f` over a growing number of slices along an axis: of the first one, of the first two, and
/// so on. `f` may be applied in any order, as a sum may.
#[track_caller]
pub fn associative_scan(
    f: impl FnOnce(&[Value], &[Value]) -> Vec<Value>,
    elems: &[Value],
    reverse: bool,
    axis: isize,
) -> Vec<Value> {
    let moved = |x: &Value, from: isize, to: isize| super::moveaxis(x, from as i64, to as i64);
    let xs: Vec<Value> = elems.iter().map(|x| moved(x, axis, 0)).collect();
    let Some(steps) = xs.first().map(|x| if x.rank() > 0 { x.dim(0) } else { 0 }) else {
        return Vec::new();
    };
    if steps < 2 {
        return elems.to_vec();
    }
    let (start, rest) = if reverse { (steps - 1, 0..steps - 1) } else { (0, 1..steps) };
    let first: Vec<Value> = xs.iter().map(|x| x.slice_axis(0, start, start + 1)).collect();
    let others: Vec<Value> = xs.iter().map(|x| x.slice_axis(0, rest.start, rest.end)).collect();
    let init: Vec<Value> = first.iter().map(|x| x.squeeze(0)).collect();
    let step = |so_far: &[Value], x: &[Value]| {
        let next = f(so_far, x);
        (next.clone(), next)
    };
    let (_, found) = scan(steps - 1, reverse, &init, &others, step);
    let joined = |(found, first): (&Value, &Value)| {
        let parts = if reverse { [found, first] } else { [first, found] };
        moved(&found.builder().concat(&parts.map(Value::clone), 0), 0, axis)
    };
    found.iter().zip(&first).map(joined).collect()
}
