//! The processor against the reference: whole training steps and awkward graphs.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // helpers of tests are tests too
mod common;
use common::{agree, f32s, mlp_step};
use ferras_graph::{Builder, ConvDims, DType, Reduce, TensorType, Value, Window};

#[test]
fn training_steps_of_dense_networks() {
    agree(&mlp_step(1, &[2, 8, 4, 1]), 3, 1e-5);
    agree(&mlp_step(10, &[11, 6, 6, 1]), 3, 1e-5);
    agree(&mlp_step(33, &[20, 70, 10]), 2, 1e-4);
}

#[test]
fn products_over_nothing_are_zero_and_still_get_bias_and_relu() {
    let b = Builder::new();
    let (x, w) = (b.feed("x", f32s([3, 0])), b.feed("w", f32s([0, 4])));
    let bias = b.feed("bias", f32s([4]));
    let y = (x.matmul(&w) + bias).relu();
    agree(&b.finish(&[y], &[]).unwrap(), 1, 0.0);
}

#[test]
fn softmax_of_short_and_long_rows() {
    for (rows, columns) in [(3, 1), (7, 5), (40, 10), (2, 512), (3, 700), (1, 2000)] {
        let b = Builder::new();
        let x = b.feed("x", f32s([rows, columns]));
        let y = x.softmax(&[-1]);
        let z = x.log_softmax(&[0]) * 2.0;
        agree(&b.finish(&[y, z], &[]).unwrap(), 1, 1e-5);
    }
}

#[test]
fn reductions_over_any_axes() {
    for shape in [[1, 1, 1, 1], [2, 3, 4, 5], [5, 1, 7, 33], [3, 600, 2, 1], [2, 2, 300, 40]] {
        for axes in [&[0][..], &[3], &[1, 2], &[0, 2], &[1, 3], &[0, 1, 2, 3], &[0, 3]] {
            for dtype in [DType::F32, DType::F64, DType::I32, DType::Bool, DType::BF16] {
                let b = Builder::new();
                let x = b.feed("x", TensorType::new(dtype, shape));
                let found = [
                    x.sum(axes, false),
                    x.prod(axes, false),
                    x.max(axes, false),
                    x.min(axes, false),
                ];
                let tolerance = if dtype == DType::BF16 { 1e-2 } else { 1e-5 };
                agree(&b.finish(&found, &[]).unwrap(), 1, tolerance);
            }
        }
    }
}

#[test]
fn broadcasts_transposes_slices_and_reshapes_in_loops() {
    let b = Builder::new();
    let x = b.feed("x", f32s([6, 5, 4]));
    let row = b.feed("row", f32s([4]));
    let column = b.feed("column", f32s([6, 1, 1]));
    let middle = b.feed("middle", f32s([5, 1]));
    let y = (&x * &row + &column).tanh() - &middle;
    let t = y.transpose(&[2, 0, 1]) + x.transpose(&[2, 0, 1]).reverse(&[1]);
    let s = t.slice(&[1, 0, 1], &[4, 6, 5], &[2, 1, 3]).exp();
    let r = (x.reshape([30, 4]) + row.broadcast_to([30, 4])).reshape([120]).abs();
    let wide = middle.broadcast_to([6, 5, 4]).reshape([24, 5]) * 2.0;
    agree(&b.finish(&[y, t, s, r, wide], &[]).unwrap(), 1, 1e-6);
}

#[test]
fn rows_longer_than_a_tile() {
    let b = Builder::new();
    let x = b.feed("x", f32s([9, 1300]));
    let row = b.feed("row", f32s([1300]));
    let column = b.feed("column", f32s([9, 1]));
    let y = (&x + &row) * &column + (&column * 2.0).exp().broadcast_to([9, 1300]);
    let sums = [y.sum(&[0], false), y.sum(&[1], false), y.sum(&[], false), y.max(&[1], false)];
    let [a, c, d, e] = sums;
    agree(&b.finish(&[y, a, c, d, e], &[]).unwrap(), 1, 1e-5);
}

#[test]
fn every_type_in_arithmetic_and_casts() {
    for from in DType::ALL {
        let b = Builder::new();
        let x = b.feed("x", TensorType::new(from, [37]));
        let y = b.feed("y", TensorType::new(from, [37]));
        let mut found: Vec<Value> = DType::ALL.iter().map(|&to| x.cast(to)).collect();
        found.extend([x.maximum(&y), x.equal(&y), x.less(&y), x.equal(&y).select(&x, &y)]);
        if from != DType::Bool {
            found.extend([&x + &y, &x * &y, x.divide(&y), x.pow(y.abs()), x.sign()]);
        }
        let f16 = matches!(from, DType::F16 | DType::BF16);
        agree(&b.finish(&found, &[]).unwrap(), 1, if f16 { 1e-2 } else { 1e-6 });
    }
}

#[test]
fn scalars_counters_and_random_numbers() {
    let b = Builder::new();
    let key = b.state("key", TensorType::new(DType::I64, [2]));
    let total = b.state("total", TensorType::new(DType::F64, []));
    let x = b.feed("x", f32s([50, 30]));
    let keep = b.random_uniform(&key, 4, [50, 30]).less(0.5);
    let dropped = keep.select(&(&x * 2.0), 0.0);
    let sum = dropped.cast(DType::F64).sum(&[], false);
    let one = b.iota(DType::I64, [2], 0);
    let updates = [(key.clone(), &key + one), (total.clone(), &total + &sum)];
    agree(&b.finish(&[dropped, sum], &updates).unwrap(), 3, 1e-6);
}

#[test]
fn variables_that_are_swapped_shared_fetched_and_kept() {
    let b = Builder::new();
    let [p, q, r, s] = ["p", "q", "r", "s"].map(|n| b.state(n, f32s([600])));
    let x = b.feed("x", f32s([600]));
    let sum = &p + &q;
    // p and q change places, r and s become one value, old values are results too.
    let updates = [
        (p.clone(), q.clone()),
        (q.clone(), p.clone()),
        (r.clone(), &r + &x),
        (s.clone(), &r + &x),
    ];
    let late = r.sum(&[], false) + sum.max(&[], false);
    agree(&b.finish(&[p, r, sum, late], &updates).unwrap(), 3, 1e-6);

    let b = Builder::new();
    let p = b.state("p", f32s([40, 40]));
    let q = b.state("q", f32s([40, 40]));
    let x = b.feed("x", f32s([40, 40]));
    let product = x.matmul(&p);
    let p2 = &p - product.matmul(&p) * 0.1;
    let updates = [(p.clone(), p2), (q.clone(), p.transpose(&[1, 0]))];
    agree(&b.finish(&[product, x], &updates).unwrap(), 3, 1e-5);
}

#[test]
fn products_in_every_layout() {
    let b = Builder::new();
    let x = b.feed("x", f32s([3, 4, 5]));
    let y = b.feed("y", f32s([3, 5, 6]));
    let k = b.feed("k", f32s([5, 7]));
    let v = b.feed("v", f32s([5]));
    let mut found = vec![x.matmul(&y), x.matmul(&k), x.matmul(&v)];
    let dot = |l: &Value, r: &Value, lb: &[usize], rb: &[usize], lc: &[usize], rc: &[usize]| {
        let dims = ferras_graph::DotDims {
            lhs_batch: lb.to_vec(),
            rhs_batch: rb.to_vec(),
            lhs_contract: lc.to_vec(),
            rhs_contract: rc.to_vec(),
        };
        l.dot_general(r, dims)
    };
    found.push(dot(&x, &y, &[], &[], &[0, 2], &[0, 1]));
    found.push(dot(&x, &x, &[1], &[1], &[0, 2], &[0, 2]));
    found.push(dot(&x, &y, &[2], &[1], &[0], &[0]));
    found.push(dot(&k, &k, &[], &[], &[1], &[1]));
    found.push(dot(&k.transpose(&[1, 0]), &k, &[], &[], &[1], &[0]));
    found.push(dot(&k, &k, &[], &[], &[0], &[0]));
    let biased = (x.matmul(&k) + b.feed("b", f32s([7]))).relu();
    found.extend([biased.clone(), biased.maximum(0.0) * 2.0]);
    agree(&b.finish(&found, &[]).unwrap(), 1, 1e-5);
}

#[test]
fn convolutions_with_their_gradients() {
    let b = Builder::new();
    let x = b.feed("x", f32s([4, 9, 8, 3]));
    let kernel = b.state("kernel", f32s([3, 3, 3, 8]));
    let bias = b.state("bias", f32s([8]));
    let dims = ConvDims {
        strides: vec![1, 2],
        padding: vec![(1, 1), (0, 1)],
        dilation: vec![1, 1],
        groups: 1,
    };
    let y = (x.conv(&kernel, dims) + &bias).relu();
    let loss = (&y * &y).mean(&[], false);
    agree(&common::adam(&b, loss, &[kernel, bias]), 2, 1e-4);
}

#[test]
fn pooling_behind_relu_with_gradients() {
    let b = Builder::new();
    let x = b.feed("x", f32s([3, 11, 10, 2]));
    let kernel = b.state("kernel", f32s([3, 3, 2, 6]));
    let bias = b.state("bias", f32s([6]));
    let dims =
        ConvDims { strides: vec![1; 2], padding: vec![(1, 1); 2], dilation: vec![1; 2], groups: 1 };
    let y = (x.conv(&kernel, dims) + &bias).relu();
    let pool = |size: usize, stride: usize, pad: usize| Window {
        size: vec![size; 2],
        strides: vec![stride; 2],
        padding: vec![(pad, pad); 2],
    };
    let apart = y.max_pool(pool(2, 2, 0));
    let overlapping = y.max_pool(pool(3, 2, 1));
    let mean = y.sum_pool(pool(3, 1, 1)) / 9.0;
    let loss = (&apart * &apart).sum(&[], false)
        + overlapping.sum(&[], false)
        + mean.exp().sum(&[], false);
    agree(&common::adam(&b, loss, &[kernel, bias]), 2, 1e-4);
}

#[test]
fn convolutions_that_are_pooled_at_once() {
    let convolve = |x: &Value, kernel: &Value, bias: &Value, pad: usize| {
        let (strides, dilation) = (vec![1; 2], vec![1; 2]);
        let dims = ConvDims { strides, padding: vec![(pad, pad); 2], dilation, groups: 1 };
        let touching = |size: usize| Window {
            size: vec![size, 2],
            strides: vec![size, 2],
            padding: vec![(0, 0); 2],
        };
        (x.conv(kernel, dims) + bias).relu().max_pool(touching(3 - pad))
    };
    let b = Builder::new();
    let x = b.feed("x", f32s([3, 15, 14, 2]));
    let weight = |name: &str, shape: &[usize]| b.state(name, TensorType::new(DType::F32, shape));
    let (w0, b0) = (weight("w0", &[3, 3, 2, 20]), weight("b0", &[20]));
    let (w1, b1) = (weight("w1", &[2, 3, 20, 18]), weight("b1", &[18]));
    // The gradient by the first image is asked for by nobody, the one by the second is.
    let h = convolve(&x, &w0, &b0, 1);
    let y = convolve(&h, &w1, &b1, 0);
    let loss = y.square().sum(&[], false);
    agree(&common::adam(&b, loss, &[w0, b0, w1, b1]), 2, 1e-4);

    // A prediction keeps no places; a result that is asked for itself is not pooled at once.
    let b = Builder::new();
    let x = b.feed("x", f32s([2, 9, 9, 3]));
    let (kernel, bias) = (b.feed("kernel", f32s([3, 3, 3, 5])), b.feed("bias", f32s([5])));
    let dims =
        ConvDims { strides: vec![1; 2], padding: vec![(0, 0); 2], dilation: vec![1; 2], groups: 1 };
    let kept = x.conv(&kernel, dims).relu();
    let window = Window { size: vec![2; 2], strides: vec![2; 2], padding: vec![(0, 0); 2] };
    let found = [convolve(&x, &kernel, &bias, 1), kept.max_pool(window), kept];
    agree(&b.finish(&found, &[]).unwrap(), 1, 1e-5);
}

#[test]
fn movement_and_indices() {
    let b = Builder::new();
    let x = b.feed("x", f32s([5, 6, 7]));
    let i = b.feed("i", TensorType::new(DType::I32, [3, 2]));
    let padded = x.pad(&[1, 0, 2], &[0, 3, 1], -1.5);
    let joined = b.concat(&[&x * 2.0, x.clone(), x.slice_axis(1, 1, 3)], 1);
    let taken = x.gather(&i, 1);
    let back = x.scatter_add(&i, &taken, 1);
    let (largest, least) = (x.argmax(1), x.argmin(-1));
    let order = x.sort(1, true);
    let running = x.cumulative(Reduce::Sum, 2, true);
    let found = [padded, joined, taken, back, largest, least, order, running];
    agree(&b.finish(&found, &[]).unwrap(), 1, 1e-5);
}

#[test]
fn empty_tensors() {
    let b = Builder::new();
    let x = b.feed("x", f32s([0, 3]));
    let y = b.feed("y", f32s([3, 2]));
    let found = [&x + 1.0, x.sum(&[0], false), x.matmul(&y), x.max(&[], false)];
    agree(&b.finish(&found, &[]).unwrap(), 1, 0.0);
}

#[test]
fn padded_convolutions_and_those_of_one_place() {
    let b = Builder::new();
    let x = b.feed("x", f32s([3, 9, 8, 5]));
    let conv = |x: &Value, name: &str, kernel: [usize; 4], stride: usize, groups: usize| {
        let kernel = b.state(name, f32s(kernel));
        let (padding, dilation) = (vec![(0, 0); 2], vec![1; 2]);
        let dims = ConvDims { strides: vec![stride; 2], padding, dilation, groups };
        (x.conv(&kernel, dims), kernel)
    };
    // Both branches of a block begin with every other place; one padding is not of zeros.
    let (left, w0) = conv(&x, "w0", [1, 1, 5, 20], 2, 1);
    let (middle, w1) = conv(&x, "w1", [1, 1, 5, 6], 2, 1);
    let (right, w2) =
        conv(&middle.relu().pad(&[0, 1, 1, 0], &[0, 1, 1, 0], 0.0), "w2", [3, 3, 6, 20], 1, 1);
    let (apart, w3) = conv(&x.pad(&[0, 0, 0, 0], &[0, 1, 1, 0], 0.0), "w3", [3, 3, 1, 5], 2, 5);
    let (odd, w4) = conv(&x.pad(&[0, 1, 0, 0], &[0, 0, 1, 0], 2.0), "w4", [2, 2, 5, 3], 1, 1);
    let loss = (left + right).relu().square().sum(&[], false)
        + apart.relu6().sum(&[], false)
        + odd.square().mean(&[], false);
    agree(&common::adam(&b, loss, &[w0, w1, w2, w3, w4]), 2, 1e-4);
}

#[test]
fn normalized_residual_blocks_are_one_step_a_product() {
    let b = Builder::new();
    let x = b.feed("x", f32s([2, 6, 6, 20]));
    let dims =
        ConvDims { strides: vec![1; 2], padding: vec![(1, 1); 2], dilation: vec![1; 2], groups: 1 };
    let norm = |y: &Value, name: &str| {
        let [bias, mean, variance, beta] =
            ["b", "m", "v", "beta"].map(|n| b.state(format!("{name}{n}"), f32s([20])));
        let factor = (variance.abs() + 1e-3).rsqrt();
        ((y + bias) - mean) * factor + beta
    };
    let (w0, w1) = (b.state("w0", f32s([3, 3, 20, 20])), b.state("w1", f32s([1, 1, 20, 20])));
    let h = norm(&x.conv(&w0, dims.clone()), "a").relu6();
    let point = ConvDims { padding: vec![(0, 0); 2], ..dims };
    let y = (&x + norm(&h.conv(&w1, point), "b")).relu();
    // A factor without anything added, a product of columns that is read twice.
    let scaled = x.reshape([72, 20]).matmul(&w1.reshape([20, 20])) * b.state("s", f32s([20]));
    agree(&b.finish(&[y, &scaled * &scaled], &[]).unwrap(), 1, 1e-5);
}
