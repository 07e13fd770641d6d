use super::*;
use crate::kernels::testing::{Floats, Parts, close, run_all};

fn check(level: Level, s: MatMulSpec, rng: &mut Floats) {
    let (a_items, b_items) =
        (if s.a_shared { 1 } else { s.batch }, if s.b_shared { 1 } else { s.batch });
    // One float of offset: nothing is aligned to a vector.
    let a = rng.vec(a_items * s.m * s.k + 1);
    let b = rng.vec(b_items * s.k * s.n + 1);
    let parts = Parts::new(s.n, s.batch * s.m * s.n, rng);
    let old = rng.vec(s.batch * s.m * s.n + 1);
    let mut want = vec![0f64; s.batch * s.m * s.n];
    for i in 0..want.len() {
        let (item, row, col) = (i / (s.m * s.n), i / s.n % s.m, i % s.n);
        let (a, b) = (&a[1 + item * s.a_stride()..], &b[1 + item * s.b_stride()..]);
        let mut sum = 0.0;
        for k in 0..s.k {
            let x = if s.a_transposed { a[k * s.m + row] } else { a[row * s.k + k] };
            let y = if s.b_transposed { b[col * s.k + k] } else { b[k * s.n + col] };
            sum += x as f64 * y as f64;
        }
        sum += if s.accumulate { old[1 + i] as f64 } else { 0.0 };
        want[i] = parts.on(sum, col, i);
    }
    // A packed B is made by the plan that packs it itself.
    let plain = MatMul::at(level, MatMulSpec { b_packed: false, ..s });
    let packing = plain.packing().filter(|_| s.b_packed);
    let s = MatMulSpec { b_packed: packing.is_some(), ..s };
    let mut packed = vec![f32::NAN; packing.map_or(0, |p| p.floats)];
    for task in 0..packing.map_or(0, |p| p.tasks) {
        unsafe { plain.pack(task, b.as_ptr().add(1), packed.as_mut_ptr()) };
    }
    let plan = MatMul::at(level, s);
    let b = unsafe { if s.b_packed { packed.as_ptr() } else { b.as_ptr().add(1) } };
    let mut results = Vec::new();
    for backwards in [false, true] {
        let mut c = old.clone();
        let (cp, a, epilogue) = (c.as_mut_ptr(), a.as_ptr(), parts.epilogue());
        run_all(plan.work(), backwards, |phase, task, shared, scratch| unsafe {
            let args = MatMulArgs { a: a.add(1), b, c: cp.add(1), epilogue, shared };
            plan.run(phase, task, &args, scratch);
        });
        assert_eq!(c[0], old[0]);
        results.push(c);
    }
    assert_eq!(results[0], results[1], "the order of tasks changed the result");
    close(&results[0][1..], &want, 1e-6 * (s.k as f64 + 10.0), &format!("{level:?} {s:?}"));
}

#[test]
fn random_shapes() {
    let mut rng = Floats::new(1);
    for level in Level::available() {
        for round in 0..150 {
            let size = [3, 8, 20, 70][round % 4];
            let s = MatMulSpec {
                batch: [1, 1, 1, 3][rng.below(4)],
                m: rng.below(size) + 1,
                n: rng.below(size) + 1,
                k: rng.below(size + 2),
                a_transposed: rng.below(2) == 1,
                b_transposed: rng.below(2) == 1,
                a_shared: rng.below(4) == 1,
                b_shared: rng.below(4) == 1,
                b_packed: rng.below(3) == 1,
                accumulate: rng.below(4) == 1,
            };
            check(level, s, &mut rng);
        }
    }
}

#[test]
fn large_shapes() {
    let mut rng = Floats::new(2);
    for level in Level::available() {
        for (m, k, n) in
            [(130, 600, 200), (64, 5000, 33), (300, 70, 10), (90, 100, 180), (40, 9000, 70)]
        {
            for (a_transposed, b_transposed) in [(false, false), (true, false), (false, true)] {
                let spec = MatMulSpec { a_transposed, b_transposed, ..MatMulSpec::new(m, k, n) };
                check(level, spec, &mut rng);
                check(level, MatMulSpec { b_packed: true, ..spec }, &mut rng);
                let (batch, b_shared) = (2, a_transposed);
                check(level, MatMulSpec { batch, b_shared, ..spec }, &mut rng);
            }
        }
    }
}

#[test]
fn vectors_are_cut_into_tasks() {
    let mut rng = Floats::new(3);
    for level in Level::available() {
        for spec in [MatMulSpec::new(1, 700, 900), MatMulSpec::new(1500, 801, 1)] {
            assert!(MatMul::at(level, spec).work().phases[0] > 1);
            for transposed in [false, true] {
                let spec =
                    MatMulSpec { a_transposed: transposed, b_transposed: transposed, ..spec };
                check(level, spec, &mut rng);
            }
        }
    }
}

#[test]
fn nothing_to_do() {
    assert!(MatMul::new(MatMulSpec::new(0, 3, 4)).work().phases.is_empty());
}
