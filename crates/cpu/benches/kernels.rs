//! Times the kernels on one thread, beside the multiply-add peak of the same run.
//!
//! `cargo bench -p ferras-cpu --bench kernels [-- FILTER]`

use ferras_cpu::kernels::Work;
use ferras_cpu::kernels::conv::*;
use ferras_cpu::kernels::epilogue::{Clamp, Epilogue};
use ferras_cpu::kernels::math::{self, Operands};
use ferras_cpu::kernels::matmul::{MatMul, MatMulArgs, MatMulSpec};
use ferras_cpu::kernels::peak;
use ferras_cpu::kernels::pool::{Pool, PoolArgs, PoolKind, PoolSpec};
use ferras_cpu::kernels::reduce::Reduction;
use ferras_cpu::kernels::simd::Level;
use ferras_graph::{Binary, Reduce, Unary};
use std::time::{Duration, Instant};

/// The least time of one call, in seconds, over about a quarter of a second.
fn best(mut f: impl FnMut()) -> f64 {
    f();
    let once = Instant::now();
    f();
    let calls = (20e-6 / once.elapsed().as_secs_f64().max(1e-9)).clamp(1.0, 2000.0) as u32;
    let (mut least, start) = (f64::MAX, Instant::now());
    while start.elapsed() < Duration::from_millis(250) {
        let t = Instant::now();
        for _ in 0..calls {
            f();
        }
        least = least.min(t.elapsed().as_secs_f64() / calls as f64);
    }
    least
}

fn floats(n: usize) -> Vec<f32> {
    (0..n).map(|i| (i as f32 * 0.618_034).fract() - 0.5).collect()
}

/// Runs all tasks of a plan, one after the other.
fn all(work: &Work, mut run: impl FnMut(usize, usize)) {
    for (phase, &tasks) in work.phases.iter().enumerate() {
        for task in 0..tasks {
            run(phase, task);
        }
    }
}

fn main() {
    let filter = std::env::args().skip(1).find(|a| !a.starts_with('-')).unwrap_or_default();
    let level = Level::detect();
    let peak = peak::operations(1, Duration::from_millis(250)) / 1e9;
    println!("{level:?}: peak {peak:.1} GFLOP/s on one thread");
    let show = |name: &str, flops: f64, t: f64| {
        let rate = flops / t / 1e9;
        println!("{name:42} {:>10.2} us {rate:>7.1} GF/s {:>4.0} %", t * 1e6, 100.0 * rate / peak);
    };
    let wanted = |name: &str| name.contains(&filter);
    products(&show, &wanted);
    convolutions(&show, &wanted);
    rest(&show, &wanted);
}

fn products(show: &dyn Fn(&str, f64, f64), wanted: &dyn Fn(&str) -> bool) {
    let rows = [
        ("sq128", 128, 128, 128, ""),
        ("sq512", 512, 512, 512, ""),
        ("sq1024", 1024, 1024, 1024, ""),
        ("fw", 256, 784, 512, ""),
        ("fw", 256, 512, 512, ""),
        ("fw", 256, 512, 10, ""),
        ("dW", 784, 256, 512, "a"),
        ("dW", 512, 256, 512, "a"),
        ("dW", 512, 256, 10, "a"),
        ("dx", 256, 512, 512, "b"),
        ("dx", 256, 10, 512, "b"),
        ("fw", 256, 576, 64, ""),
        ("fw", 32, 784, 512, ""),
        ("fw", 64, 512, 512, ""),
        ("tall", 30976, 288, 64, ""),
        ("tall dW", 288, 30976, 64, "a"),
        ("gemv", 1, 576, 64, ""),
        ("gemv", 1, 784, 512, ""),
        ("gemv b", 1, 64, 576, "b"),
        ("outer", 576, 1, 64, "a"),
        ("column", 256, 64, 1, ""),
        ("xor", 1, 2, 8, ""),
        ("xor", 1, 8, 4, ""),
        ("xor", 1, 4, 1, ""),
        ("xor dW", 8, 1, 4, "a"),
        ("xor dx", 1, 4, 8, "b"),
        ("churn", 10, 11, 6, ""),
        ("churn", 10, 6, 6, ""),
        ("churn", 10, 6, 1, ""),
        ("churn dW", 11, 10, 6, "a"),
        ("churn dx", 10, 6, 6, "b"),
    ];
    for (name, m, k, n, t) in rows {
        let name = format!("matmul {name} {m}x{k}x{n} {t}");
        if !wanted(&name) {
            continue;
        }
        let spec = MatMulSpec {
            a_transposed: t == "a",
            b_transposed: t == "b",
            ..MatMulSpec::new(m, k, n)
        };
        let plan = MatMul::new(spec);
        let (a, b, bias, mut c) = (floats(m * k), floats(k * n), floats(n), floats(m * n));
        let mut shared = vec![0.0; plan.work().shared];
        let mut scratch = vec![0.0; plan.work().scratch];
        let args = MatMulArgs {
            a: a.as_ptr(),
            b: b.as_ptr(),
            c: c.as_mut_ptr(),
            epilogue: Epilogue { bias: bias.as_ptr(), clamp: Clamp::Relu, ..Epilogue::NONE },
            shared: shared.as_mut_ptr(),
        };
        // SAFETY: the arrays have the shapes of the spec.
        let t = best(|| all(plan.work(), |p, i| unsafe { plan.run(p, i, &args, &mut scratch) }));
        show(&format!("{name} {:?}", plan.work().phases), 2.0 * (m * n * k) as f64, t);
    }
}

fn convolutions(show: &dyn Fn(&str, f64, f64), wanted: &dyn Fn(&str) -> bool) {
    let rows = [
        ("conv1", 256, 28, 1, 3, 32, 0),
        ("conv2", 256, 13, 32, 3, 64, 0),
        ("conv3", 256, 5, 64, 3, 64, 0),
        ("lenet1", 256, 28, 1, 5, 20, 2),
        ("lenet2", 256, 14, 20, 5, 50, 2),
        ("sudoku2", 64, 9, 64, 3, 64, 1),
        ("sudoku3", 64, 9, 64, 1, 128, 0),
        ("rgb", 64, 32, 3, 3, 32, 1),
        ("vgg", 8, 56, 128, 3, 128, 1),
        ("one conv1", 1, 28, 1, 3, 32, 0),
        ("one conv2", 1, 13, 32, 3, 64, 0),
        ("one conv3", 1, 5, 64, 3, 64, 0),
    ];
    for (name, batch, side, cin, k, cout, pad) in rows {
        let spec = ConvSpec {
            padding: [(0, 0), (pad, pad), (pad, pad)],
            ..ConvSpec::conv2d(batch, [side, side], cin, [k, k], cout)
        };
        let pixels = batch * spec.output().iter().product::<usize>();
        let flops = 2.0 * (pixels * k * k * cin * cout) as f64;
        let (x, w, bias) =
            (floats(batch * side * side * cin), floats(k * k * cin * cout), floats(cout));
        let dy = floats(pixels * cout);
        let (mut y, mut dx, mut dw) = (dy.clone(), x.clone(), w.clone());
        let (f, i, g) =
            (ConvForward::new(spec, false), ConvInputGrad::new(spec), ConvKernelGrad::new(spec));
        let most =
            |f: &dyn Fn(&Work) -> usize, a: &Work, b: &Work, c: &Work| f(a).max(f(b)).max(f(c));
        let mut shared = vec![0.0; most(&|w| w.shared, f.work(), i.work(), g.work())];
        let mut scratch = vec![0.0; most(&|w| w.scratch, f.work(), i.work(), g.work())];
        let shared = shared.as_mut_ptr();
        let name = format!("{name} {batch}x{side}x{side}x{cin} {k}x{k}->{cout}");
        if wanted(&format!("{name} forward")) {
            let args = ConvForwardArgs {
                x: x.as_ptr(),
                w: w.as_ptr(),
                y: y.as_mut_ptr(),
                places: std::ptr::null_mut(),
                epilogue: Epilogue { bias: bias.as_ptr(), clamp: Clamp::Relu, ..Epilogue::NONE },
                shared,
            };
            // SAFETY: the arrays have the shapes of the spec.
            let t = best(|| all(f.work(), |p, t| unsafe { f.run(p, t, &args, &mut scratch) }));
            show(&format!("{name} forward"), flops, t);
        }
        if wanted(&format!("{name} dX")) {
            let args = ConvInputGradArgs {
                dy: dy.as_ptr(),
                places: std::ptr::null(),
                w: w.as_ptr(),
                dx: dx.as_mut_ptr(),
                epilogue: Epilogue::NONE,
                shared,
            };
            // SAFETY: the arrays have the shapes of the spec.
            let t = best(|| all(i.work(), |p, t| unsafe { i.run(p, t, &args, &mut scratch) }));
            show(&format!("{name} dX"), flops, t);
        }
        if wanted(&format!("{name} dW")) {
            let args = ConvKernelGradArgs {
                x: x.as_ptr(),
                dy: dy.as_ptr(),
                places: std::ptr::null(),
                dw: dw.as_mut_ptr(),
                shared,
            };
            // SAFETY: the arrays have the shapes of the spec.
            let t = best(|| all(g.work(), |p, t| unsafe { g.run(p, t, &args, &mut scratch) }));
            show(&format!("{name} dW"), flops, t);
        }
    }
}

fn rest(show: &dyn Fn(&str, f64, f64), wanted: &dyn Fn(&str) -> bool) {
    let n = 1024;
    let (x, mut y) = (floats(n), floats(n));
    let unary = [
        Unary::Exp,
        Unary::Log,
        Unary::Tanh,
        Unary::Sigmoid,
        Unary::Erf,
        Unary::Expm1,
        Unary::Log1p,
        Unary::Sin,
        Unary::Sqrt,
        Unary::Neg,
    ];
    for op in unary {
        let name = format!("slice of 1024: {op:?} (G elements)");
        if let (true, Some(f)) = (wanted(&name), math::unary(op)) {
            // SAFETY: both slices have n floats.
            show(&name, n as f64, best(|| unsafe { f(x.as_ptr(), y.as_mut_ptr(), n) }));
        }
    }
    for op in [Binary::Add, Binary::Div, Binary::Max, Binary::Pow] {
        let name = format!("slice of 1024: {op:?} (G elements)");
        if let (true, Some(f)) = (wanted(&name), math::binary(op, Operands::Both)) {
            // SAFETY: all slices have n floats.
            show(&name, n as f64, best(|| unsafe { f(x.as_ptr(), x.as_ptr(), y.as_mut_ptr(), n) }));
        }
    }
    for (outer, axis, inner) in
        [(256, 10, 1), (256, 512, 1), (1, 256, 512), (1, 30976, 64), (1, 173_056, 32)]
    {
        let name = format!("sum ({outer}, {axis}, {inner})");
        if wanted(&name) {
            let plan = Reduction::new(Reduce::Sum, outer, axis, inner);
            let (x, mut y) = (floats(outer * axis * inner), floats(outer * inner));
            let mut shared = vec![0.0; plan.work().shared];
            let (x0, y0, s0) = (x.as_ptr(), y.as_mut_ptr(), shared.as_mut_ptr());
            // SAFETY: the arrays have the planned shapes.
            let t = best(|| all(plan.work(), |p, i| unsafe { plan.run(p, i, x0, y0, s0) }));
            show(&name, (outer * axis * inner) as f64, t);
        }
    }
    for (batch, side, channels) in [(256, 26, 32), (8, 26, 32), (256, 11, 64), (256, 28, 20)] {
        let spec = PoolSpec::pool2d(batch, [side, side], channels, [2, 2]);
        let x = floats(batch * side * side * channels);
        let (dy, mut out) = (x.clone(), x.clone());
        for kind in [PoolKind::Max, PoolKind::MaxGrad, PoolKind::Sum, PoolKind::SumGrad] {
            let name = format!("pool {kind:?} {batch}x{side}x{side}x{channels}");
            if wanted(&name) {
                let plan = Pool::new(kind, spec);
                let args = PoolArgs { x: x.as_ptr(), dy: dy.as_ptr(), out: out.as_mut_ptr() };
                // SAFETY: the arrays are at least as large as the spec says.
                let t = best(|| all(plan.work(), |_, i| unsafe { plan.run(i, &args) }));
                show(&name, x.len() as f64, t);
            }
        }
    }
}
