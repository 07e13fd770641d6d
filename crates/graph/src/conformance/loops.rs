//! Loops: what is carried in place, walked over, fixed, kept, and differentiated.
use super::programs::{Program, Run};
use crate::ir::ConvDims;
use crate::{Builder, DType, Reduce, Value, gradients};
use std::slice::from_ref;

pub(super) fn cases(run: Run<'_>) {
    for (steps, size) in [(0, 3), (1, 5), (7, 1), (9, 130)] {
        running(steps, size, run);
        exchanged(steps, size, run);
        as_it_comes(steps, size, run);
    }
    for reverse in [false, true] {
        recurrent(reverse, run);
        gates(reverse, run);
    }
    masked(run);
    stateful(run);
    both_ways(run);
    other_types(run);
    rare_kernels(run);
    nested(run);
    large(run);
}

/// A running product: the carry as it was and as it becomes, and its end.
fn running(steps: usize, size: usize, run: Run<'_>) {
    let mut p = Program::new("running product");
    let (x, start) = (p.feed(&[steps, size]), p.feed(&[size]));
    let (last, all) = p.builder.scan(steps, size > 3, &[start], &[x], |c, x| {
        let next = &c[0] * 0.5 + x[0].tanh();
        (vec![next.clone()], vec![c[0].clone(), next])
    });
    run(p.finish(&[&last[0], &all[0], &all[1], &last[0]], &[]));
}

/// Carries that change places, one of them changed; a third that never changes.
fn exchanged(steps: usize, size: usize, run: Run<'_>) {
    let mut p = Program::new("carries change places");
    let x = p.feed(&[steps, size]);
    let start: Vec<Value> = (0..3).map(|_| p.feed(&[size])).collect();
    let (last, all) = p.builder.scan(steps, false, &start, &[x], |c, x| {
        let turned = c[1].reverse(&[0]) * 0.5 + &x[0];
        (vec![turned.clone(), c[0].clone(), c[2].clone()], vec![&turned + &c[2], c[1].clone()])
    });
    run(p.finish(&[&last[0], &last[1], &last[2], &all[0], &all[1]], &[]));
}

/// Outputs that are an argument, a constant, or fixed; a value that is both output and carry.
fn as_it_comes(steps: usize, size: usize, run: Run<'_>) {
    let mut p = Program::new("arguments as outputs");
    let (x, fixed, constant) = (p.feed(&[steps, size]), p.feed(&[size]), p.constant(&[size]));
    let start = p.builder.full(DType::F32, [size], 0.25);
    let (last, all) = p.builder.scan(steps, false, &[start], &[x], |c, x| {
        let mixed = &x[0] + &c[0] * &fixed;
        let outputs = vec![x[0].clone(), constant.clone(), fixed.clone(), mixed, x[0].exp()];
        (vec![x[0].clone()], outputs)
    });
    let fetches: Vec<&Value> = last.iter().chain(&all).collect();
    run(p.finish(&fetches, &[]));
}

/// tanh(x·k + h·r + b), and its gradients.
fn recurrent(reverse: bool, run: Run<'_>) {
    let mut p = Program::new("recurrent network");
    let (x, k, r, b) = (p.feed(&[5, 3, 4]), p.state(&[4, 6]), p.state(&[6, 6]), p.state(&[6]));
    let start = p.builder.full(DType::F32, [3, 6], 0.0);
    let (last, all) = p.builder.scan(5, reverse, &[start], from_ref(&x), |c, x| {
        let h = (x[0].matmul(&k) + c[0].matmul(&(&r * 0.2)) + &b).tanh();
        (vec![h.clone()], vec![h])
    });
    let loss = (&last[0] * 0.5).sum(&[], false) + all[0].square().sum(&[], false);
    let d = gradients(&loss, &[x, k.clone(), r.clone(), b.clone()]);
    let updates = [(&k, &d[1]), (&r, &d[2]), (&b, &d[3])];
    run(p.finish(&[&last[0], &all[0], &d[0]], &updates));
}

/// One step of a network with gates: what is carried is (h, c).
fn gate(x: &Value, c: &[Value], recurrent: &Value) -> Vec<Value> {
    let gates = (x + c[0].matmul(recurrent)).split(4, -1);
    let memory = gates[1].sigmoid() * &c[1] + gates[0].sigmoid() * gates[2].tanh();
    vec![gates[3].sigmoid() * memory.tanh(), memory]
}

fn gates(reverse: bool, run: Run<'_>) {
    for (batch, units) in [(1, 1), (4, 5), (32, 32)] {
        let mut p = Program::new("gates");
        let (x, k, r) =
            (p.feed(&[6, batch, 3]), p.state(&[3, 4 * units]), p.state(&[units, 4 * units]));
        let zeros = p.builder.full(DType::F32, [batch, units], 0.0);
        let small = &r * (1.0 / units as f64);
        let (last, all) =
            p.builder.scan(6, reverse, &[zeros.clone(), zeros], from_ref(&x), |c, x| {
                let next = gate(&x[0].matmul(&k), c, &small);
                (next.clone(), vec![next[0].clone()])
            });
        let loss = (&last[1] * &last[0]).sum(&[], false) + all[0].square().sum(&[], false);
        let d = gradients(&loss, &[x, k.clone(), r.clone()]);
        // Rounding goes from step to step.
        let updates = [(&k, &d[1]), (&r, &d[2])];
        run(p.finish_within(2e-5, &[&last[0], &all[0], &d[0]], &updates));
    }
}

/// Steps that a mask leaves out keep what is carried.
fn masked(run: Run<'_>) {
    let mut p = Program::new("masked steps");
    let (x, r) = (p.feed(&[6, 4, 5]), p.feed(&[5, 5]));
    let mask = x.slice(&[0, 0, 0], &[6, 4, 1], &[1, 1, 1]).greater(0.0);
    let zeros = p.builder.full(DType::F32, [4, 5], 0.0);
    let (last, all) = p.builder.scan(6, false, &[zeros], &[x.clone(), mask], |c, x| {
        let next = (c[0].matmul(&(&r * 0.2)) + &x[0]).tanh();
        let kept = x[1].select(&next, &c[0]);
        (vec![kept], vec![x[1].select(&next, 0.0)])
    });
    let loss = all[0].sum(&[], false) + last[0].square().sum(&[], false);
    let d = gradients(&loss, &[x, r]);
    run(p.finish(&[&last[0], &all[0], &d[0], &d[1]], &[]));
}

/// What is carried begins with variables and ends in them.
fn stateful(run: Run<'_>) {
    let mut p = Program::new("carries of variables");
    let (x, h, c) = (p.feed(&[4, 2, 3]), p.state(&[2, 3]), p.state(&[2, 3]));
    let start = [h.clone(), c.clone()];
    let (last, all) = p.builder.scan(4, false, &start, &[x], |s, x| {
        let next = (&s[0] + &x[0]) * 0.5;
        (vec![next.clone(), &s[1] + &next], vec![next])
    });
    run(p.finish(&[&all[0], &h], &[(&h, &last[0]), (&c, &last[1])]));
}

/// Two loops that need nothing of each other, over one sequence.
fn both_ways(run: Run<'_>) {
    let mut p = Program::new("there and back");
    let (x, r) = (p.feed(&[8, 16, 24]), p.feed(&[24, 24]));
    let start = p.builder.full(DType::F32, [16, 24], 0.0);
    let way = |reverse: bool, x: &Value| {
        let (_, all) = x.builder().scan(8, reverse, from_ref(&start), from_ref(x), |c, x| {
            let h = (c[0].matmul(&(&r * 0.1)) + &x[0]).sigmoid();
            (vec![h.clone()], vec![h])
        });
        all[0].clone()
    };
    let both = p.builder.concat(&[way(false, &x), way(true, &x)], -1);
    let d = gradients(&both.square().sum(&[], false), &[x, r.clone()]);
    run(p.finish(&[&both, &d[0], &d[1]], &[]));
}

fn other_types(run: Run<'_>) {
    let mut p = Program::new("counts, truths and other floats");
    let x = p.feed(&[5, 4]);
    let b: Builder = p.builder.clone();
    let start = [
        b.full(DType::I32, [4], 0.0),
        b.full(DType::Bool, [4], 0.0),
        b.full(DType::F16, [4], 1.0),
        b.full(DType::F64, [], 0.5),
    ];
    let (last, all) = b.scan(5, false, &start, &[x], |c, x| {
        let above = x[0].greater(0.0);
        let count = &c[0] + above.cast(DType::I32);
        let once = c[1].or(&above);
        let narrow = &c[2] * 0.5 + x[0].cast(DType::F16);
        let wide = &c[3] * 0.25 + x[0].sum(&[], false).cast(DType::F64);
        let outputs = vec![count.clone(), once.clone(), narrow.clone(), wide.clone()];
        (vec![count, once, narrow, wide], outputs)
    });
    // float16 rounds differently where back ends compute wider: only what is exact is compared.
    let exact: Vec<&Value> = [&last[0], &last[1], &last[3], &all[0], &all[1], &all[3]].into();
    run(p.finish(&exact, &[]));
}

/// Steps of their own in a body: windows, indices, order, running sums.
fn rare_kernels(run: Run<'_>) {
    let mut p = Program::new("kernels in a loop");
    let (x, kernel, table) = (p.feed(&[3, 2, 6, 2]), p.feed(&[3, 2, 2]), p.feed(&[7, 2]));
    let dims = ConvDims { strides: vec![1], padding: vec![(1, 1)], dilation: vec![1], groups: 1 };
    let start = p.builder.full(DType::F32, [2, 6, 2], 0.5);
    let (last, all) = p.builder.scan(3, true, &[start], from_ref(&x), |c, x| {
        let seen = (c[0].conv(&(&kernel * 0.2), dims.clone()) + &x[0]).tanh();
        let place = seen.argmax(1).slice_axis(-1, 0, 1).squeeze(-1);
        let rows = table.gather(&place, 0).expand_dims(1);
        let sorted = seen.cumulative(Reduce::Sum, 1, false).sort(1, true);
        let twice = seen.builder().concat(&[seen.clone(), seen.negative()], 1);
        (vec![&seen + rows * 0.1], vec![sorted, twice])
    });
    let loss = last[0].square().sum(&[], false) + all[1].sum(&[], false);
    let d = gradients(&loss, &[x, kernel, table]);
    run(p.finish(&[&last[0], &all[0], &all[1], &d[0], &d[1], &d[2]], &[]));
}

fn nested(run: Run<'_>) {
    let mut p = Program::new("a loop in a loop");
    let (x, r, start) = (p.feed(&[3, 4, 2, 5]), p.feed(&[5, 5]), p.feed(&[2, 5]));
    let (last, all) = p.builder.scan(3, false, &[start], from_ref(&x), |outer, x| {
        let (last, all) = x[0].builder().scan(4, true, outer, &x[..1], |inner, x| {
            let next = (inner[0].matmul(&(&r * 0.2)) + &x[0] * &outer[0]).tanh();
            (vec![next.clone()], vec![next])
        });
        (last, vec![all[0].sum(&[0], false)])
    });
    let loss = last[0].square().sum(&[], false) + all[0].sum(&[], false);
    let d = gradients(&loss, &[x, r]);
    run(p.finish(&[&last[0], &all[0], &d[0], &d[1]], &[]));
}

/// So large that products are cut into tasks.
fn large(run: Run<'_>) {
    let mut p = Program::new("a large recurrent network");
    let (x, r) = (p.feed(&[3, 64, 200]), p.feed(&[200, 200]));
    let start = p.builder.full(DType::F32, [64, 200], 0.0);
    let (last, _) = p.builder.scan(3, false, &[start], from_ref(&x), |c, x| {
        (vec![(c[0].matmul(&(&r * 0.01)) + &x[0]).sigmoid()], vec![])
    });
    let d = gradients(&last[0].square().sum(&[], false), from_ref(&r));
    run(p.finish(&[&last[0], &d[0]], &[]));
}
