use super::*;
use crate::kernels::epilogue::Epilogue;
use crate::kernels::pool::{Pool, PoolArgs, PoolKind, PoolSpec};
use crate::kernels::simd::Level;
use crate::kernels::testing::{Floats, Parts, close, run_all};

/// Calls `f(image index, kernel index, result index)` for every product of the convolution.
pub(super) fn products(s: &ConvSpec, mut f: impl FnMut(usize, usize, usize)) {
    let out = s.output();
    let (ci, co) = (s.cin_group(), s.cout_group());
    let pixels: usize = out.iter().product();
    for n in 0..s.batch {
        for p in 0..pixels {
            let at = [p / (out[1] * out[2]), p / out[2] % out[1], p % out[2]];
            for tap in 0..s.taps() {
                let [_, kh, kw] = s.kernel;
                let t = [tap / (kh * kw), tap / kw % kh, tap % kw];
                let place: Vec<isize> = (0..3)
                    .map(|i| {
                        (at[i] * s.strides[i] + t[i] * s.dilations[i]) as isize
                            - s.padding[i].0 as isize
                    })
                    .collect();
                if (0..3).any(|i| place[i] < 0 || place[i] >= s.input[i] as isize) {
                    continue;
                }
                let [_, h, w] = s.input;
                let pixel = (place[0] as usize * h + place[1] as usize) * w + place[2] as usize;
                for o in 0..s.cout {
                    for i in 0..ci {
                        let x = n * s.image_len() + pixel * s.cin + o / co * ci + i;
                        f(x, (tap * ci + i) * s.cout + o, (n * pixels + p) * s.cout + o);
                    }
                }
            }
        }
    }
}

fn check(level: Level, s: ConvSpec, rng: &mut Floats) {
    let (nx, nw, ny) =
        (s.batch * s.image_len(), s.taps() * s.cin_group() * s.cout, s.batch * s.result_len());
    let (x, w, dy) = (rng.vec(nx + 1), rng.vec(nw + 1), rng.vec(ny + 1));
    let parts = Parts::new(s.cout, ny, rng);
    let mut y64 = vec![0f64; ny];
    let (mut dx, mut dw) = (vec![0f64; nx], vec![0f64; nw]);
    products(&s, |i, j, k| {
        let (xi, wj, dk) = (x[1 + i] as f64, w[1 + j] as f64, dy[1 + k] as f64);
        y64[k] += xi * wj;
        dx[i] += dk * wj;
        dw[j] += dk * xi;
    });
    let masks = Parts::mask(nx, rng);
    dx.iter_mut().enumerate().for_each(|(i, v)| *v = masks.on(*v, 0, i));
    y64.iter_mut().enumerate().for_each(|(i, v)| *v = parts.on(*v, i % s.cout, i));
    let what = format!("{level:?} {s:?}");
    let (xp, wp, dp) = unsafe { (x.as_ptr().add(1), w.as_ptr().add(1), dy.as_ptr().add(1)) };
    let packed = rng.below(3) == 0;
    let forwards =
        [Some(ConvForward::at(level, s, packed)), ConvForward::by_winograd(level, s, packed, None)];
    let inputs = [Some(ConvInputGrad::at(level, s)), ConvInputGrad::by_winograd(level, s, None)];
    let kernels = [Some(ConvKernelGrad::at(level, s)), ConvKernelGrad::by_winograd(level, s, None)];
    for backwards in [false, true] {
        for forward in forwards.iter().flatten() {
            let packing = forward.packing().filter(|_| packed);
            let mut points = vec![f32::NAN; packing.map_or(0, |p| p.floats)];
            for task in 0..packing.map_or(0, |p| p.tasks) {
                unsafe { forward.pack(task, wp, points.as_mut_ptr()) };
            }
            let w = if packing.is_some() { points.as_ptr() } else { wp };
            let mut got = vec![f32::NAN; ny + 1];
            let y = unsafe { got.as_mut_ptr().add(1) };
            run_all(forward.work(), backwards, |phase, task, shared, scratch| unsafe {
                let epilogue = parts.epilogue();
                let places = std::ptr::null_mut();
                let args = ConvForwardArgs { x: xp, w, y, places, epilogue, shared };
                forward.run(phase, task, &args, scratch);
            });
            close(&got[1..], &y64, 2e-6 * (nw + 10) as f64, &format!("forward {what}"));
        }
        for input in inputs.iter().flatten() {
            let mut got = vec![f32::NAN; nx + 1];
            let d0 = unsafe { got.as_mut_ptr().add(1) };
            run_all(input.work(), backwards, |phase, task, shared, scratch| unsafe {
                let places = std::ptr::null();
                let epilogue = masks.epilogue();
                let args = ConvInputGradArgs { dy: dp, places, w: wp, dx: d0, epilogue, shared };
                input.run(phase, task, &args, scratch);
            });
            close(&got[1..], &dx, 2e-6 * (nw + 10) as f64, &format!("input gradient {what}"));
        }
        for kernel in kernels.iter().flatten() {
            let mut got = vec![f32::NAN; nw + 1];
            let d0 = unsafe { got.as_mut_ptr().add(1) };
            run_all(kernel.work(), backwards, |phase, task, shared, scratch| unsafe {
                let places = std::ptr::null();
                let args = ConvKernelGradArgs { x: xp, dy: dp, places, dw: d0, shared };
                kernel.run(phase, task, &args, scratch);
            });
            let scale = (ny / s.cout.max(1) + 10) as f64;
            close(&got[1..], &dw, 1e-6 * scale, &format!("kernel gradient {what}"));
        }
    }
}

#[test]
fn random_shapes() {
    let mut rng = Floats::new(4);
    for level in Level::available() {
        for round in 0..120 {
            let planes = round % 4 == 3;
            let mut axis = |most: usize, on: bool| if on { rng.below(most) + 1 } else { 1 };
            let input = [axis(4, planes), axis(11, true), axis(11, true)];
            let kernel = [axis(3, planes), axis(5, true), axis(5, true)];
            let strides = [axis(2, planes), axis(3, round % 3 == 0), axis(3, round % 3 == 0)];
            let dilations = [axis(2, planes), axis(2, round % 3 == 1), axis(2, round % 3 == 1)];
            let (groups, batch) = (axis(3, round % 2 == 0), axis(4, true));
            let (cin, cout) = (groups * axis(9, true), groups * axis(40, true));
            let pad = round % 5 != 0;
            let mut padding = [(0, 0); 3];
            for (i, p) in padding.iter_mut().enumerate() {
                if pad && (i > 0 || planes) {
                    *p = (axis(3, true) - 1, axis(3, true) - 1);
                }
            }
            let spec =
                ConvSpec { batch, input, cin, kernel, cout, strides, dilations, padding, groups };
            check(level, spec, &mut rng);
        }
    }
}

#[test]
fn tutorial_shapes() {
    let mut rng = Floats::new(5);
    for level in Level::available() {
        let same = |k: usize| [(0, 0), ((k - 1) / 2, k / 2), ((k - 1) / 2, k / 2)];
        check(level, ConvSpec::conv2d(3, [28, 28], 1, [3, 3], 32), &mut rng);
        check(level, ConvSpec::conv2d(5, [13, 13], 32, [3, 3], 64), &mut rng);
        check(level, ConvSpec::conv2d(37, [5, 5], 16, [3, 3], 64), &mut rng);
        let first = ConvSpec::conv2d(2, [28, 28], 1, [5, 5], 20);
        check(level, ConvSpec { padding: same(5), ..first }, &mut rng);
        let second = ConvSpec::conv2d(2, [14, 14], 20, [5, 5], 50);
        check(level, ConvSpec { padding: same(5), ..second }, &mut rng);
        check(level, ConvSpec::conv2d(2, [9, 9], 64, [1, 1], 128), &mut rng);
        check(level, ConvSpec::conv2d(1, [70, 60], 3, [3, 3], 16), &mut rng);
        // Few pixels, many channels: tasks are panels of the kernel, with and without padding.
        check(level, ConvSpec::conv2d(1, [5, 5], 96, [3, 3], 200), &mut rng);
        let small = ConvSpec::conv2d(1, [4, 4], 96, [3, 3], 200);
        check(level, ConvSpec { padding: same(3), ..small }, &mut rng);
    }
}

#[test]
fn empty_batch_and_kernel_larger_than_image() {
    let mut rng = Floats::new(6);
    check(Level::detect(), ConvSpec::conv2d(0, [5, 5], 2, [3, 3], 4), &mut rng);
    check(Level::detect(), ConvSpec::conv2d(2, [2, 5], 2, [3, 3], 4), &mut rng);
}

/// A pooling at once does what the convolution, the pooling and their gradients do one after the
/// other: the same bits forward, sums in another order backward.
fn check_pooled(level: Level, s: ConvSpec, size: [usize; 2], rng: &mut Floats) {
    let Some(windows) = s.windows(size) else { return };
    let forwards = [
        (Some(ConvForward::at(level, s, false)), ConvForward::pooled(level, s, windows)),
        (
            ConvForward::by_winograd(level, s, false, None),
            ConvForward::by_winograd(level, s, false, Some(windows)),
        ),
    ];
    let what = format!("{level:?} {s:?} {size:?}");
    let (nx, nw, ny) =
        (s.batch * s.image_len(), s.taps() * s.cin_group() * s.cout, s.batch * s.result_len());
    let n = s.batch * windows.len();
    let (x, w, bias, dp) = (rng.vec(nx), rng.vec(nw), rng.vec(s.cout), rng.vec(n));
    let epilogue = Epilogue { bias: bias.as_ptr(), ..Epilogue::NONE };
    let forward = |plan: &ConvForward, y: &mut [f32], places: *mut u8| {
        run_all(plan.work(), false, |phase, task, shared, scratch| unsafe {
            let (x, w, y) = (x.as_ptr(), w.as_ptr(), y.as_mut_ptr());
            plan.run(phase, task, &ConvForwardArgs { x, w, y, places, epilogue, shared }, scratch);
        });
    };
    let [_, lines, columns] = s.output();
    let spec = PoolSpec::pool2d(s.batch, [lines, columns], s.cout, size);
    let pool = |kind: PoolKind, y: &[f32], out: &mut [f32]| {
        let plan = Pool::at(level, kind, spec);
        let args = PoolArgs { x: y.as_ptr(), dy: dp.as_ptr(), out: out.as_mut_ptr() };
        plan.work().phases.iter().for_each(|&tasks| {
            (0..tasks).for_each(|task| unsafe { plan.run(task, &args) });
        });
    };
    let (mut y, mut places, mut dy) = (vec![0.0; ny], vec![0u8; n], vec![0.0; ny]);
    for (whole, pooled) in &forwards {
        let (Some(whole), Some(pooled)) = (whole, pooled) else { continue };
        let (mut p, mut expected) = (vec![f32::NAN; n], vec![0.0; n]);
        forward(whole, &mut y, std::ptr::null_mut());
        forward(pooled, &mut p, places.as_mut_ptr());
        pool(PoolKind::Max, &y, &mut expected);
        assert_eq!(p, expected, "{what}");
    }
    pool(PoolKind::MaxGrad, &y, &mut dy);
    let (mut dx, mut dw) = (vec![0f64; nx], vec![0f64; nw]);
    products(&s, |i, j, k| {
        dx[i] += dy[k] as f64 * w[j] as f64;
        dw[j] += dy[k] as f64 * x[i] as f64;
    });
    let (dy, places) = (dp.as_ptr(), places.as_ptr());
    let inputs = [
        ConvInputGrad::pooled(level, s, windows),
        ConvInputGrad::by_winograd(level, s, Some(windows)),
    ];
    for plan in inputs.iter().flatten() {
        let mut got = vec![f32::NAN; nx];
        run_all(plan.work(), false, |phase, task, shared, scratch| unsafe {
            let (w, dx, epilogue) = (w.as_ptr(), got.as_mut_ptr(), Epilogue::NONE);
            let args = ConvInputGradArgs { dy, places, w, dx, epilogue, shared };
            plan.run(phase, task, &args, scratch);
        });
        close(&got, &dx, 2e-6 * (nw + 10) as f64, &format!("input gradient {what}"));
    }
    let kernels = [
        Some(ConvKernelGrad::pooled(level, s, windows)),
        ConvKernelGrad::by_winograd(level, s, Some(windows)),
    ];
    for plan in kernels.iter().flatten() {
        let mut got = vec![f32::NAN; nw];
        run_all(plan.work(), false, |phase, task, shared, scratch| unsafe {
            let (x, dw) = (x.as_ptr(), got.as_mut_ptr());
            plan.run(phase, task, &ConvKernelGradArgs { x, dy, places, dw, shared }, scratch);
        });
        let scale = (ny / s.cout.max(1) + 10) as f64;
        close(&got, &dw, 1e-6 * scale, &format!("kernel gradient {what}"));
    }
}

#[test]
fn pooled_at_once() {
    let mut rng = Floats::new(7);
    for level in Level::available() {
        for round in 0..60 {
            let mut axis = |most: usize| rng.below(most) + 1;
            let (batch, input, kernel) =
                (axis(4), [3 + axis(12), 3 + axis(12)], [axis(4), axis(4)]);
            let (cin, cout) = (axis(5), axis(70));
            let size = [axis(3), axis(3)];
            let pad = [(axis(3) - 1, axis(3) - 1), (axis(3) - 1, axis(3) - 1)];
            let stride = axis(2);
            let plain = ConvSpec::conv2d(batch, input, cin, kernel, cout);
            let padding = if round % 2 == 0 { plain.padding } else { [(0, 0), pad[0], pad[1]] };
            let strides = if round % 3 == 0 { [1, stride, 1] } else { [1; 3] };
            check_pooled(level, ConvSpec { padding, strides, ..plain }, size, &mut rng);
        }
        check_pooled(level, ConvSpec::conv2d(3, [28, 28], 1, [3, 3], 32), [2, 2], &mut rng);
        check_pooled(level, ConvSpec::conv2d(5, [13, 13], 32, [3, 3], 64), [2, 2], &mut rng);
    }
}

/// Kernels of 3, 5 and 7 places, whose convolutions go point by point: odd and even results, padding
/// up to the kernel's reach, channels that fill vectors and that do not.
#[test]
fn points() {
    let mut rng = Floats::new(8);
    for level in Level::available() {
        for round in 0..40 {
            let mut axis = |most: usize| rng.below(most) + 1;
            let side = [3, 5, 7];
            let (batch, kernel) = (axis(3), [side[axis(3) - 1], side[axis(2) - 1]]);
            let input = [kernel[0] - 1 + axis(10), kernel[1] - 1 + axis(10)];
            let (cin, cout) = (axis(40), axis(70));
            let pad = |n: usize, m: usize| (n.min(m - 1), (n / 2).min(m - 1));
            let padding = [(0, 0), pad(axis(6) - 1, kernel[0]), pad(axis(6) - 1, kernel[1])];
            let size = [axis(3), axis(3)];
            let spec = ConvSpec { padding, ..ConvSpec::conv2d(batch, input, cin, kernel, cout) };
            match round % 2 {
                0 => check(level, spec, &mut rng),
                _ => check_pooled(level, spec, size, &mut rng),
            }
        }
        // Several chunks of an image, as the planner chooses.
        let same = [(0, 0), (1, 1), (1, 1)];
        let large = ConvSpec { padding: same, ..ConvSpec::conv2d(1, [36, 35], 64, [3, 3], 64) };
        check(level, large, &mut rng);
        check_pooled(level, large, [2, 2], &mut rng);
        check_pooled(level, large, [3, 2], &mut rng);
    }
}

/// The largest error of a convolution, in parts of the largest result.
fn error(plan: &ConvForward, s: &ConvSpec, [x, w]: [&[f32]; 2], expected: &[f64]) -> f64 {
    let mut got = vec![f32::NAN; expected.len()];
    run_all(plan.work(), false, |phase, task, shared, scratch| unsafe {
        let (x, w, y) = (x.as_ptr(), w.as_ptr(), got.as_mut_ptr());
        let (places, epilogue) = (std::ptr::null_mut(), Epilogue::NONE);
        plan.run(phase, task, &ConvForwardArgs { x, w, y, places, epilogue, shared }, scratch);
    });
    let largest = expected.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
    let errors = got.iter().zip(expected).map(|(g, e)| (f64::from(*g) - e).abs());
    assert_eq!(s.batch * s.result_len(), expected.len());
    errors.fold(0.0, f64::max) / largest
}

#[test]
fn points_are_as_exact_as_the_definition() {
    let mut rng = Floats::new(10);
    for (cin, side, cout) in [(32, 3, 32), (64, 3, 64), (20, 5, 50), (16, 7, 32)] {
        let s = ConvSpec::conv2d(1, [20, 20], cin, [side, side], cout);
        let (x, w) = (rng.vec(s.image_len()), rng.vec(s.taps() * cin * cout));
        let mut expected = vec![0f64; s.result_len()];
        products(&s, |i, j, k| expected[k] += f64::from(x[i]) * f64::from(w[j]));
        let level = Level::detect();
        let by_points = ConvForward::by_winograd(level, s, false, None).unwrap();
        let direct = ConvForward::by_definition(level, s, false);
        let of = |plan: &ConvForward| error(plan, &s, [&x, &w], &expected);
        let (mine, other) = (of(&by_points), of(&direct));
        assert!(mine <= other && other < 2e-6, "{s:?}: {mine:e}, by the definition {other:e}");
    }
}
