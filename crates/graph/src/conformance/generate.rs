//! Random well-typed graphs of which it is known how far two correct evaluations may differ.
//!
//! With each value goes a bound of its magnitude, whether it lies on a grid on which arithmetic
//! is exact, and a bound of the error. Jumps (`floor`, comparisons, `argmax`) are applied to
//! values without error alone, so nothing depends on which side of a jump a rounding falls.
use super::case::{Case, Tolerance, epsilon};
use super::data::Draw;
use super::steps;
use crate::{Builder, DType, Result, Shape, Tensor, TensorType, Value};

/// No value grows beyond as many elements, or beyond this magnitude.
const MOST_ELEMENTS: usize = 40_000;
const MOST_MAGNITUDE: f64 = 1e4;

/// A value and what is known about its elements.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub(super) value: Value,
    /// None is larger in magnitude.
    pub(super) bound: f64,
    /// All are multiples of 2⁻ᵍʳᵃⁱⁿ and few enough bits long that none was ever rounded.
    pub(super) grain: Option<u32>,
    /// How far two correct evaluations may be apart.
    pub(super) error: f64,
}

/// A graph under construction.
pub(super) struct Generator {
    pub(super) draw: Draw,
    pub(super) builder: Builder,
    /// The type of its floats.
    pub(super) dtype: DType,
    pub(super) floats: Vec<Known>,
    /// int32 values, which wrap and so are always exact.
    pub(super) integers: Vec<Value>,
    pub(super) truths: Vec<Value>,
    feeds: Vec<Tensor>,
    states: Vec<Tensor>,
    variables: Vec<Known>,
    counters: Vec<Value>,
}

/// A graph of 5 to 40 ops with data, the same for the same seed: chains of elementwise ops,
/// broadcasts, reductions, products, convolutions, pools, gathers, sorts, random numbers, values
/// with many users, states that are updated (also by each other's old values), several fetches,
/// and arguments that nothing uses.
///
/// ```
/// use ferras_graph::conformance::random_graph;
/// assert_eq!(random_graph(3)?.graph, random_graph(3)?.graph);
/// # Ok::<(), ferras_graph::Error>(())
/// ```
pub fn random_graph(seed: u64) -> Result<Case> {
    let mut draw = Draw::new(seed);
    let dtype = match draw.below(20) {
        0..14 => DType::F32,
        14..17 => DType::F64,
        17 | 18 => DType::BF16,
        _ => DType::F16,
    };
    let mut g = Generator {
        draw,
        builder: Builder::new(),
        dtype,
        floats: Vec::new(),
        integers: Vec::new(),
        truths: Vec::new(),
        feeds: Vec::new(),
        states: Vec::new(),
        variables: Vec::new(),
        counters: Vec::new(),
    };
    g.arguments();
    let wanted = g.made() + 5 + g.draw.below(36);
    // Steps whose result would be too large or too vague are left out, so not every one counts.
    for _ in 0..400 {
        if g.made() >= wanted {
            break;
        }
        steps::random_step(&mut g);
    }
    g.finish(seed)
}

impl Generator {
    fn made(&self) -> usize {
        self.floats.len() + self.integers.len() + self.truths.len()
    }

    /// Feeds, states and constants to begin with.
    fn arguments(&mut self) {
        const SIZES: [usize; 10] = [1, 2, 3, 5, 7, 8, 16, 17, 33, 64];
        let (mut a, b) = (self.draw.pick(SIZES), self.draw.pick(SIZES));
        if self.draw.chance(0.08) {
            a = self.draw.pick([0, 257, 1025]);
        }
        self.leaf(&[a, b], 4);
        self.leaf(&[a, b], 4);
        self.leaf(&[b], 1);
        if self.draw.chance(0.5) {
            self.leaf(&[a, 1], 2);
        }
        if self.draw.chance(0.5) {
            self.leaf(&[], 2);
        }
        if self.draw.chance(0.3) {
            self.leaf(&[2, a, b], 1);
        }
        if self.draw.chance(0.4) {
            let (h, w) = (4 + self.draw.below(6), 4 + self.draw.below(6));
            let (n, c) = (self.draw.pick([1, 2]), self.draw.pick([1, 3, 5, 16]));
            self.leaf(&[n, h, w, c], 2);
        }
        let i = self.integer_leaf(&[a, b], -20.0, 20.0);
        self.integers.push(i);
        if self.draw.chance(0.3) {
            // Nothing uses it.
            let ty = TensorType::new(DType::I64, [b]);
            self.builder.feed("unused", ty.clone());
            self.feeds.push(self.draw.grid(&ty));
        }
    }

    /// A feed, state or constant of multiples of 1/8 up to `bound`.
    pub(super) fn leaf(&mut self, shape: &[usize], bound: usize) -> Known {
        let ty = TensorType::new(self.dtype, shape);
        let steps = 8 * bound;
        let data = self.draw.fill(&ty, |d, _| (d.below(2 * steps + 1) as f64 - steps as f64) / 8.0);
        let mut known = Known {
            value: self.builder.scalar(self.dtype, 0.0),
            bound: bound as f64,
            grain: Some(3),
            error: 0.0,
        };
        match self.draw.below(5) {
            0..3 => {
                known.value = self.builder.feed(format!("x{}", self.feeds.len()), ty);
                self.feeds.push(data);
            }
            3 => {
                known.value = self.builder.state(format!("s{}", self.states.len()), ty);
                // From the second run on it is anywhere within the bound.
                known.grain = None;
                self.states.push(data);
                self.variables.push(known.clone());
            }
            _ => known.value = self.builder.constant(data),
        }
        self.floats.push(known.clone());
        known
    }

    /// An int32 feed, state or constant.
    pub(super) fn integer_leaf(&mut self, shape: &[usize], low: f64, high: f64) -> Value {
        let ty = TensorType::new(DType::I32, shape);
        let data = self.draw.uniform(&ty, low, high);
        match self.draw.below(5) {
            0..3 => {
                self.feeds.push(data);
                self.builder.feed(format!("i{}", self.feeds.len()), ty)
            }
            3 => {
                self.states.push(data);
                let state = self.builder.state(format!("n{}", self.states.len()), ty);
                self.counters.push(state.clone());
                state
            }
            _ => self.builder.constant(data),
        }
    }

    /// An int64 key for random numbers, fed.
    pub(super) fn key(&mut self) -> Value {
        let ty = TensorType::new(DType::I64, [2]);
        self.feeds.push(self.draw.uniform(&ty, 0.0, 1e6));
        self.builder.feed(format!("key{}", self.feeds.len()), ty)
    }

    /// Any float, more often a late one.
    pub(super) fn any(&mut self) -> Known {
        let n = self.floats.len();
        let back =
            if self.draw.chance(0.6) { self.draw.below(n.min(5)) } else { self.draw.below(n) };
        self.floats[n - 1 - back].clone()
    }

    /// A float that broadcasts with `x`; perhaps `x` itself.
    pub(super) fn partner(&mut self, x: &Known) -> Known {
        let shape = x.value.shape();
        let fits = |k: &&Known| {
            shape.broadcast(&k.value.shape()).is_some_and(|s| s.elements() <= MOST_ELEMENTS)
        };
        let fitting: Vec<Known> = self.floats.iter().filter(fits).cloned().collect();
        if fitting.is_empty() { x.clone() } else { fitting[self.draw.below(fitting.len())].clone() }
    }

    /// Keeps a result of this bound, grain (if its operands have one) and error (made by those
    /// of its operands), adding `ulps` roundings unless it is exact. Too large or too vague
    /// results are left out.
    pub(super) fn keep(
        &mut self,
        value: Value,
        bound: f64,
        grain: Option<u32>,
        error: f64,
        ulps: f64,
    ) {
        let (bits, finest) = match self.dtype {
            DType::F16 => (11, 12),
            DType::BF16 => (8, 60),
            DType::F32 => (24, 60),
            _ => (53, 60),
        };
        let fits = |&g: &u32| g <= finest && bound * 2_f64.powi(g as i32) <= 2_f64.powi(bits);
        let grain = grain.filter(fits);
        // 16-bit floats accumulate in float32 and round at the end.
        let ulps = if self.dtype.size() == 2 { ulps.min(2.0) } else { ulps };
        let rounding = if grain.is_some() { 0.0 } else { ulps * epsilon(self.dtype) * bound };
        let error = error + rounding;
        let vague = if self.dtype.size() == 2 { 0.03 } else { 1e-4 };
        let tame = bound <= MOST_MAGNITUDE && error <= vague * bound.max(0.1);
        if tame && !value.is_poisoned() && value.shape().elements() <= MOST_ELEMENTS {
            self.floats.push(Known { value, bound, grain, error });
        }
    }

    pub(super) fn keep_integer(&mut self, value: Value) {
        if !value.is_poisoned() && value.shape().elements() <= MOST_ELEMENTS {
            self.integers.push(value);
        }
    }

    pub(super) fn keep_truth(&mut self, value: Value) {
        if !value.is_poisoned() && value.shape().elements() <= MOST_ELEMENTS {
            self.truths.push(value);
        }
    }

    /// New values of most states; with each, its error.
    fn updates(&mut self) -> Vec<(Value, Value, f64)> {
        let mut updates = Vec::new();
        for (i, s) in self.variables.clone().into_iter().enumerate() {
            let shape = s.value.shape();
            let next = &self.variables[(i + 1) % self.variables.len()];
            match self.draw.below(5) {
                0 => {}
                // States change places.
                1 if next.value.shape() == shape && next.bound <= s.bound => {
                    updates.push((s.value, next.value.clone(), 0.0));
                }
                _ => {
                    let v = self.source(&shape);
                    let wide = (&v.value + &s.value * 0.5).maximum(-s.bound).minimum(s.bound);
                    let rounding = 2.0 * epsilon(self.dtype) * (v.bound + s.bound);
                    updates.push((s.value, wide.broadcast_to(shape), v.error + rounding));
                }
            }
        }
        for n in self.counters.clone() {
            let shape = n.shape();
            let other = self.integers.iter().rev().find(|v| v.shape() == shape).cloned();
            let new = &n + other.as_ref().unwrap_or(&n) + 1.0;
            updates.push((n, new, 0.0));
        }
        updates
    }

    /// A float that broadcasts to the shape: a late one of it, or else a mean of the last.
    fn source(&mut self, shape: &Shape) -> Known {
        let fits = |k: &&Known| k.value.shape().broadcast(shape).as_ref() == Some(shape);
        let fitting: Vec<Known> = self.floats.iter().rev().filter(fits).cloned().collect();
        if !fitting.is_empty() && self.draw.chance(0.7) {
            return fitting[self.draw.below(fitting.len().min(4))].clone();
        }
        let last = self.any();
        let n = last.value.shape().elements();
        if n == 0 {
            return Known {
                value: last.value.sum(&[], false),
                bound: 0.0,
                grain: None,
                error: 0.0,
            };
        }
        let rounding = (4.0 + (n as f64).sqrt()) * epsilon(self.dtype) * last.bound;
        let error = last.error + rounding;
        // The sum of 16-bit floats must not overflow.
        let scaled = &last.value * (1.0 / 64.0);
        Known { value: scaled.mean(&[], false), bound: last.bound, grain: None, error }
    }

    fn finish(mut self, seed: u64) -> Result<Case> {
        let updates = self.updates();
        let mut fetches: Vec<(Value, f64)> = Vec::new();
        for i in 0..3 + self.draw.below(6) {
            let n = self.floats.len();
            let place = if i < 3 { n - 1 - i.min(n - 1) } else { self.draw.below(n) };
            fetches.push((self.floats[place].value.clone(), self.floats[place].error));
        }
        fetches.extend(self.integers.last().map(|v| (v.clone(), 0.0)));
        fetches.extend(self.truths.last().map(|v| (v.clone(), 0.0)));
        // Four times: each side may be off by the bound, which is not quite strict.
        let near = |error: f64| Tolerance { absolute: 4.0 * error, relative: 0.0 };
        let mut tolerances: Vec<Tolerance> = fetches.iter().map(|f| near(f.1)).collect();
        let values: Vec<Value> = fetches.into_iter().map(|f| f.0).collect();
        let pairs: Vec<(Value, Value)> =
            updates.iter().map(|(s, v, _)| (s.clone(), v.clone())).collect();
        let widest = updates.iter().map(|u| u.2).fold(0.0, f64::max);
        let graph = self.builder.finish(&values, &pairs)?;
        let state = |s: &crate::State| match graph.node(s.node).ty.dtype.is_float() {
            true => near(widest),
            false => Tolerance::EXACT,
        };
        tolerances.extend(graph.states.iter().map(state));
        let name = format!("random graph {seed}");
        Ok(Case { name, graph, feeds: self.feeds, states: self.states, tolerances })
    }
}
