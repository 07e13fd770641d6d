//! Small programs that trip memory plans, in-place updates and fusion.
use super::case::{Case, Tolerance};
use super::data::Draw;
use crate::ir::{ConvDims, Window};
use crate::{Builder, DType, Result, Tensor, TensorType, Value};

pub(super) type Run<'a> = &'a mut dyn FnMut(Result<Case>);

/// A program under construction with data for its arguments.
pub(super) struct Program {
    name: &'static str,
    pub(super) builder: Builder,
    draw: Draw,
    feeds: Vec<Tensor>,
    states: Vec<Tensor>,
}

impl Program {
    pub(super) fn new(name: &'static str) -> Program {
        let (feeds, states) = (Vec::new(), Vec::new());
        Program { name, builder: Builder::new(), draw: Draw::named(name), feeds, states }
    }

    pub(super) fn feed(&mut self, shape: &[usize]) -> Value {
        let ty = TensorType::new(DType::F32, shape);
        self.feeds.push(self.draw.grid(&ty));
        self.builder.feed(format!("feed {}", self.feeds.len()), ty)
    }

    pub(super) fn state(&mut self, shape: &[usize]) -> Value {
        let ty = TensorType::new(DType::F32, shape);
        self.states.push(self.draw.grid(&ty));
        self.builder.state(format!("state {}", self.states.len()), ty)
    }

    pub(super) fn constant(&mut self, shape: &[usize]) -> Value {
        let data = self.draw.grid(&TensorType::new(DType::F32, shape));
        self.builder.constant(data)
    }

    /// Equal but for 32 units in the last place, relative and absolute.
    pub(super) fn finish(self, fetches: &[&Value], updates: &[(&Value, &Value)]) -> Result<Case> {
        self.finish_within(4e-6, fetches, updates)
    }

    /// Equal but for this much, relative and absolute.
    pub(super) fn finish_within(
        self,
        bound: f64,
        fetches: &[&Value],
        updates: &[(&Value, &Value)],
    ) -> Result<Case> {
        let near = Tolerance { absolute: bound, relative: bound };
        let fetches: Vec<Value> = fetches.iter().map(|&v| v.clone()).collect();
        let updates: Vec<(Value, Value)> =
            updates.iter().map(|&(s, v)| (s.clone(), v.clone())).collect();
        let tolerances = vec![near; fetches.len() + self.states.len()];
        let graph = self.builder.finish(&fetches, &updates)?;
        let name = format!("program \"{}\"", self.name);
        Ok(Case { name, graph, feeds: self.feeds, states: self.states, tolerances })
    }
}

pub(super) fn cases(run: Run<'_>) {
    for size in [1, 7, 1025, 20_000] {
        counter(size, run);
        exchanged_states(size, run);
        moved_states(size, run);
        leaves_as_results(size, run);
        optimizer(size, run);
        long_chain(size, run);
    }
    unused(run);
    nothing(run);
    many_users(run);
    wide_concat(run);
    softmax_and_norm(run);
    dense_layers(run);
    convolutional_step(run);
    empty_through(run);
    alternating_layouts(run);
}

/// The old value is fetched though the state is overwritten, and so is the new one.
fn counter(size: usize, run: Run<'_>) {
    let mut p = Program::new("counter");
    let (x, s) = (p.feed(&[size]), p.state(&[size]));
    let sum = &s + &x;
    run(p.finish(&[&s, &sum, &sum], &[(&s, &sum)]));
}

fn exchanged_states(size: usize, run: Run<'_>) {
    let mut p = Program::new("two states change places");
    let (a, b) = (p.state(&[size]), p.state(&[size]));
    run(p.finish(&[], &[(&a, &b), (&b, &a)]));
    let mut p = Program::new("three states move on, each changed");
    let (a, b, c) = (p.state(&[size]), p.state(&[size]), p.state(&[size]));
    let (x, y, z) = (&b + 1.0, &c * 0.5, a.negative());
    run(p.finish(&[&a, &x], &[(&a, &x), (&b, &y), (&c, &z)]));
}

/// Each update reads other places of the state than it writes.
fn moved_states(size: usize, run: Run<'_>) {
    let mut p = Program::new("a state reversed, one shifted, one turned");
    let (a, b, c) = (p.state(&[size]), p.state(&[size + 1]), p.state(&[3, 3]));
    let reversed = a.reverse(&[0]);
    let shifted = b.slice_axis(0, 1, size + 1).pad(&[1], &[0], 9.0);
    let turned = c.transpose(&[1, 0]) + c.sum(&[0], false);
    let late = &a * 2.0 + b.slice_axis(0, 0, size);
    run(p.finish(&[&late], &[(&a, &reversed), (&b, &shifted), (&c, &turned)]));
    let mut p = Program::new("a state grows by its own mean, and its sums run on");
    let (a, b) = (p.state(&[4, size]), p.state(&[size]));
    let centred = &a - a.mean(&[0], true);
    let running = b.cumsum(0) * (1.0 / size as f64);
    run(p.finish(&[], &[(&a, &centred), (&b, &running)]));
}

fn leaves_as_results(size: usize, run: Run<'_>) {
    let mut p = Program::new("feed, state and constant fetched and stored");
    let (x, s) = (p.feed(&[size]), p.state(&[size]));
    let (t, u, c) = (p.state(&[size]), p.state(&[size]), p.constant(&[size]));
    let fetches = [&x, &s, &c, &x, &t, &c];
    run(p.finish(&fetches, &[(&s, &x), (&t, &c), (&u, &s)]));
    let mut p = Program::new("one value for two states and two fetches");
    let (x, s, t) = (p.feed(&[size]), p.state(&[size]), p.state(&[size]));
    let y = (&x + &s) * &t;
    let same = y.reshape([1, size]);
    run(p.finish(&[&y, &same, &y], &[(&s, &y), (&t, &y)]));
    let mut p = Program::new("views of arguments as results");
    let (x, s) = (p.feed(&[size, 2]), p.state(&[size]));
    let flat = x.reshape([2 * size]);
    let half = flat.slice_axis(0, 0, size);
    let turned = x.transpose(&[1, 0]);
    run(p.finish(&[&flat, &half, &turned], &[(&s, &half)]));
}

/// Adam's update of three parameters whose gradients depend on each other's old values.
fn optimizer(size: usize, run: Run<'_>) {
    let mut p = Program::new("optimizer");
    let step = p.state(&[]);
    let next = &step + 5.0;
    let mut updates = vec![(step.clone(), next.clone())];
    let mut previous = p.feed(&[size]);
    for _ in 0..3 {
        let (w, m, v) = (p.state(&[size]), p.state(&[size]), p.state(&[size]));
        let g = &previous * 0.25 + &w;
        let new_m = &m + (&g - &m) * 0.1;
        let new_v = v.abs() + (&g * &g - v.abs()) * 0.001;
        let rate = next.abs().sqrt() * 0.001;
        let new_w = &w - &new_m * &rate / (new_v.abs().sqrt() + 1e-3);
        previous = w.clone();
        updates.extend([(w, new_w), (m, new_m), (v, new_v)]);
    }
    let pairs: Vec<(&Value, &Value)> = updates.iter().map(|(s, v)| (s, v)).collect();
    run(p.finish(&[&previous], &pairs));
}

fn long_chain(size: usize, run: Run<'_>) {
    let mut p = Program::new("long chain");
    let x = p.feed(&[size]);
    let mut kept = Vec::new();
    let mut y = x.clone();
    for i in 0..150 {
        y = match i % 5 {
            0 => y.tanh(),
            1 => &y + &x,
            2 => &y * 0.75,
            3 => y.maximum(-2.0),
            _ => (&y - &x) * 0.5,
        };
        if i % 7 == 0 {
            kept.push(y.clone());
        }
    }
    // All kept values live until here.
    let sum = kept.iter().fold(y.clone(), |sum, v| (sum + v) * 0.5);
    run(p.finish(&[&sum, &y], &[]));
}

fn unused(run: Run<'_>) {
    let mut p = Program::new("arguments that nothing uses");
    let (_a, x, _b) = (p.feed(&[3]), p.feed(&[2]), p.feed(&[0]));
    let (_s, t) = (p.state(&[4]), p.state(&[2]));
    let y = &x + &t;
    run(p.finish(&[&y], &[]));
}

fn nothing(run: Run<'_>) {
    run(Program::new("no arguments, no results").finish(&[], &[]));
    let mut p = Program::new("arguments without results");
    let _ = (p.feed(&[3]), p.state(&[2]));
    run(p.finish(&[], &[]));
    let mut p = Program::new("constants alone");
    let (a, b) = (p.constant(&[3, 1]), p.constant(&[4]));
    let y = &a + &b;
    run(p.finish(&[&y, &a], &[]));
}

fn many_users(run: Run<'_>) {
    let mut p = Program::new("one value with many users");
    let x = p.feed(&[33, 17]);
    let h = x.tanh();
    let users: Vec<Value> = (0..12).map(|i| (&h + f64::from(i)) * &h).collect();
    let sums: Vec<Value> = users.iter().map(|u| u.sum(&[0], true)).collect();
    let all = users.iter().zip(&sums).fold(h.clone(), |a, (u, s)| (a + u * s) * 0.0625);
    let square = h.matmul(&h.transpose(&[1, 0]));
    run(p.finish(&[&all, &h, &square], &[]));
}

fn wide_concat(run: Run<'_>) {
    let mut p = Program::new("concat of values, their users and a feed");
    let x = p.feed(&[5, 3]);
    let parts: Vec<Value> = (0..10).map(|i| &x * f64::from(i)).collect();
    let mut list = parts.clone();
    list.push(x.clone());
    list.push(parts.iter().skip(1).fold(x.clone(), |a, b| a + b));
    let joined = p.builder.concat(&list, -1);
    let back = joined.slice_axis(1, 4, 20).reverse(&[1]);
    run(p.finish(&[&joined, &back], &[]));
}

fn softmax_and_norm(run: Run<'_>) {
    for shape in [[1, 1], [7, 10], [33, 257], [3, 5000]] {
        let mut p = Program::new("softmax and normalisation of rows and columns");
        let x = p.feed(&shape);
        let e = (&x - x.max(&[-1], true)).exp();
        let softmax = &e / e.sum(&[-1], true);
        let centred = &x - x.mean(&[0], true);
        let variance = (&centred * &centred).mean(&[0], true);
        let normal = &centred * (variance + 0.5).rsqrt();
        let both = &softmax * &normal;
        run(p.finish(&[&softmax, &normal, &both], &[]));
    }
}

/// Two dense layers, a loss, its gradient by hand, and a step down: weights change in place while
/// the products that need the old ones still run.
fn dense_layers(run: Run<'_>) {
    for (batch, units) in [(1, 3), (10, 6), (37, 65)] {
        let mut p = Program::new("a training step of dense layers");
        let (x, y) = (p.feed(&[batch, 11]), p.feed(&[batch, 2]));
        let (w1, b1) = (p.state(&[11, units]), p.state(&[units]));
        let (w2, b2) = (p.state(&[units, 2]), p.state(&[2]));
        let h = ((x.matmul(&w1) + &b1) * 0.1).tanh();
        let error = h.matmul(&w2) + &b2 - &y;
        let loss = (&error * &error).mean(&[], false);
        let d_h = error.matmul(&w2.transpose(&[1, 0])) * (1.0 - &h * &h) * 0.1;
        let rate = 0.01 / batch as f64;
        let new_w1 = &w1 - x.transpose(&[1, 0]).matmul(&d_h) * rate;
        let new_w2 = &w2 - h.transpose(&[1, 0]).matmul(&error) * rate;
        let (new_b1, new_b2) =
            (&b1 - d_h.sum(&[0], false) * rate, &b2 - error.sum(&[0], false) * rate);
        let updates = [(&w1, &new_w1), (&b1, &new_b1), (&w2, &new_w2), (&b2, &new_b2)];
        let mut case = p.finish(&[&loss], &updates);
        if let Ok(case) = &mut case {
            case.tolerances.fill(Tolerance { absolute: 1e-4, relative: 1e-5 });
        }
        run(case);
    }
}

fn convolutional_step(run: Run<'_>) {
    let mut p = Program::new("convolution, bias, relu, pool, and their gradients");
    let (x, k, b) = (p.feed(&[2, 9, 9, 3]), p.state(&[3, 3, 3, 20]), p.state(&[20]));
    let dims =
        ConvDims { strides: vec![1, 1], padding: vec![(1, 1); 2], dilation: vec![1, 1], groups: 1 };
    let window = Window { size: vec![2, 2], strides: vec![2, 2], padding: vec![(0, 0); 2] };
    let z = x.conv(&k, dims.clone()) + &b;
    let a = z.maximum(0.0);
    let y = a.max_pool(window.clone());
    let means = a.sum_pool(window) * 0.25;
    // The gradient of the mean of the activations.
    let dz = z.greater(0.0).select(&(&a * 0.0 + 0.125), 0.0);
    let dk = x.conv_kernel_grad(&dz, dims.clone(), k.shape());
    let dx = dz.conv_input_grad(&k, dims, x.shape());
    let (new_k, new_b) = (&k - &dk * 0.125, &b - dz.sum(&[0, 1, 2], false) * 0.125);
    let mut case = p.finish(&[&y, &means, &dx], &[(&k, &new_k), (&b, &new_b)]);
    if let Ok(case) = &mut case {
        case.tolerances.fill(Tolerance { absolute: 1e-4, relative: 1e-5 });
    }
    run(case);
}

fn empty_through(run: Run<'_>) {
    let mut p = Program::new("no elements through every kind of op");
    let (x, w) = (p.feed(&[0, 4]), p.feed(&[4, 3]));
    let s = p.state(&[3]);
    let y = (x.matmul(&w) + &s).exp();
    let total = y.sum(&[0], false);
    let largest = y.max(&[], false).maximum(0.0);
    let back = x.transpose(&[1, 0]).matmul(&y);
    run(p.finish(&[&y, &total, &largest, &back], &[(&s, &total)]));
}

fn alternating_layouts(run: Run<'_>) {
    let mut p = Program::new("transposes between elementwise ops and reductions");
    let x = p.feed(&[6, 5, 4]);
    let a = (&x + 1.0).transpose(&[2, 0, 1]);
    let b = (&a * 0.5).reshape([4, 30]).transpose(&[1, 0]);
    let c = b.tanh().sum(&[0], true) + &b;
    let d = c.reshape([5, 6, 4]).transpose(&[1, 0, 2]) - &x;
    run(p.finish(&[&a, &c, &d], &[]));
}
