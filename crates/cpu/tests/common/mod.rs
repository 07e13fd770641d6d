//! Graphs and helpers that the tests share.
#![allow(dead_code, clippy::unwrap_used, clippy::panic)] // each test file uses its part
use ferras_cpu::Cpu;
use ferras_graph::{
    Backend, Buffer, Builder, DType, Graph, Interpreter, Result, StateArg, Tensor, TensorType,
    TensorView, Value, random,
};

/// Numbers in -1 .. 1 (whole ones in 0 .. 4 for integers, either truth value for bool).
pub fn data(ty: &TensorType, seed: u32) -> Tensor {
    let n = ty.shape.elements();
    let number = |i: usize| {
        let u = f64::from(random::uniform([i64::from(seed), 5], 3, i as u64));
        if ty.dtype.is_float() { 2.0 * u - 1.0 } else { (u * 4.0).floor() }
    };
    let all: Vec<f64> = (0..n).map(number).collect();
    let wide = Tensor::new(ty.shape.clone(), all).unwrap();
    if ty.dtype == DType::Bool {
        let half: Vec<bool> = wide.to_f64_vec().iter().map(|&x| x >= 2.0).collect();
        return Tensor::new(ty.shape.clone(), half).unwrap();
    }
    wide.cast(ty.dtype)
}

/// Results and new variables after some runs on made-up data.
pub fn run_on(backend: &dyn Backend, graph: &Graph, runs: usize) -> Result<Vec<Tensor>> {
    let executable = backend.compile(graph)?;
    let ty = |id| graph.node(id).ty.clone();
    let given = graph.feeds.iter().zip(1..);
    let feeds: Vec<Tensor> = given.map(|(f, i)| data(&ty(f.node), i)).collect();
    let states = graph.states.iter().zip(100..);
    let mut states = states
        .map(|(s, i)| backend.upload(&data(&ty(s.node), i)))
        .collect::<Result<Vec<Buffer>>>()?;
    let views: Vec<TensorView> = feeds.iter().map(Tensor::view).collect();
    let mut fetches = Vec::new();
    for _ in 0..runs {
        let mut args: Vec<StateArg> = states.iter_mut().map(StateArg::Write).collect();
        executable.run(&views, &mut args, &mut fetches)?;
    }
    fetches.extend(states.iter().map(|s| s.download()).collect::<Result<Vec<_>>>()?);
    Ok(fetches)
}

/// Asserts that the processor computes what the reference does, within `tolerance` of the
/// largest element of each result, and the same bits with every number of threads.
pub fn agree(graph: &Graph, runs: usize, tolerance: f64) {
    let expected = run_on(&Interpreter, graph, runs).unwrap();
    let found = run_on(&Cpu::with_threads(1), graph, runs).unwrap();
    assert_eq!(expected.len(), found.len());
    for (i, (e, f)) in expected.iter().zip(&found).enumerate() {
        assert_eq!(e.ty(), f.ty(), "result {i} of\n{graph}");
        close(e, f, tolerance, &format!("result {i} of\n{graph}"));
    }
    for threads in [2, 3, 8] {
        let other = run_on(&Cpu::with_threads(threads), graph, runs).unwrap();
        for (i, (a, b)) in found.iter().zip(&other).enumerate() {
            assert!(same_bits(a, b), "result {i} with {threads} threads of\n{graph}");
        }
    }
}

pub fn same_bits(a: &Tensor, b: &Tensor) -> bool {
    match (a.as_slice::<f32>(), b.as_slice::<f32>()) {
        (Some(a), Some(b)) => a.iter().map(|x| x.to_bits()).eq(b.iter().map(|x| x.to_bits())),
        _ => a == b || a.to_f64_vec().iter().any(|x| x.is_nan()),
    }
}

fn close(expected: &Tensor, found: &Tensor, tolerance: f64, what: &str) {
    let (e, f) = (expected.to_f64_vec(), found.to_f64_vec());
    let largest = e.iter().filter(|x| x.is_finite()).fold(1e-6_f64, |m, x| m.max(x.abs()));
    for (k, (a, b)) in e.iter().zip(&f).enumerate() {
        let same = a == b || (a.is_nan() && b.is_nan()) || (a - b).abs() <= tolerance * largest;
        assert!(same, "element {k}: expected {a}, got {b}: {what}");
    }
}

pub fn f32s<const N: usize>(shape: [usize; N]) -> TensorType {
    TensorType::new(DType::F32, shape)
}

/// A network of dense layers and its training step: softmax cross-entropy (or, with one output,
/// binary cross-entropy of logits) and Adam.
pub fn mlp_step(batch: usize, units: &[usize]) -> Graph {
    let b = Builder::new();
    let classes = units[units.len() - 1];
    let x = b.feed("x", f32s([batch, units[0]]));
    let y = b.feed("y", f32s([batch, classes]));
    let mut weights = Vec::new();
    let mut h = x;
    for (i, pair) in units.windows(2).enumerate() {
        let kernel = b.state(format!("kernel{i}"), f32s([pair[0], pair[1]]));
        let bias = b.state(format!("bias{i}"), f32s([pair[1]]));
        h = h.matmul(&kernel) + &bias;
        if i + 2 < units.len() {
            h = h.relu();
        }
        weights.extend([kernel, bias]);
    }
    let loss = if classes == 1 {
        let p = h.sigmoid().maximum(1e-7).minimum(1.0 - 1e-7);
        -(&y * p.log() + (1.0 - &y) * (1.0 - &p).log()).mean(&[], false)
    } else {
        -(y * h.log_softmax(&[-1])).sum(&[-1], false).mean(&[], false)
    };
    adam(&b, loss, &weights)
}

/// The graph that minimises a loss by Adam.
pub fn adam(b: &Builder, loss: Value, weights: &[Value]) -> Graph {
    let gradients = ferras_graph::gradients(&loss, weights);
    let step = b.state("step", TensorType::new(DType::I64, []));
    let next = &step + 1.0;
    let t = next.cast(DType::F32);
    let power = |beta: f64| 1.0 - b.scalar(DType::F32, beta).pow(&t);
    let rate = power(0.999).sqrt() / power(0.9) * 0.001;
    let mut updates = vec![(step.clone(), next)];
    for (i, (w, g)) in weights.iter().zip(gradients).enumerate() {
        let m = b.state(format!("m{i}"), w.ty());
        let v = b.state(format!("v{i}"), w.ty());
        let m2 = &m + (&g - &m) * 0.1;
        let v2 = v.abs() + (&g * &g - v.abs()) * 0.001;
        updates.push((w.clone(), w - &m2 * &rate / (v2.sqrt() + 1e-7)));
        updates.extend([(m, m2), (v, v2)]);
    }
    b.clone().finish(&[loss], &updates).unwrap()
}
