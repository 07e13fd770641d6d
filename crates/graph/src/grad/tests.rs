//! Every gradient against central differences in float64, once and (by the gradient of the
//! gradient) twice.
mod loops;

use crate::{
    Backend, Binary, Builder, ConvDims, DType, DotDims, Interpreter, Op, Reduce, Shape, Tensor,
    TensorType, Unary, Value, Window, gradients, gradients_with, random,
};

/// Runs a graph of feeds alone.
fn run(b: Builder, fetches: &[Value], feeds: &[Tensor]) -> Vec<Tensor> {
    let graph = b.finish(fetches, &[]).unwrap();
    let executable = Interpreter.compile(&graph).unwrap();
    let views: Vec<_> = feeds.iter().map(Tensor::view).collect();
    let mut results = Vec::new();
    executable.run(&views, &mut [], &mut results).unwrap();
    results
}

/// Numbers within a range that never come closer to a multiple of 1/16 than 1/128, where
/// derivatives of kinked functions in the tests would jump.
fn numbers(shape: &Shape, low: f64, high: f64, stream: u32) -> Tensor {
    let number = |i| {
        let x = low + (high - low) * f64::from(random::uniform([7, 0], stream, i));
        (x * 16.0).floor() / 16.0
            + 1.0 / 32.0
            + f64::from(random::uniform([8, 0], stream, i)) / 64.0
    };
    Tensor::new(shape.clone(), (0..shape.elements() as u64).map(number).collect()).unwrap()
}

fn feeds(b: &Builder, tensors: &[Tensor]) -> Vec<Value> {
    tensors.iter().enumerate().map(|(i, t)| b.feed(format!("x{i}"), t.ty())).collect()
}

type Function<'a> = &'a dyn Fn(&[Value]) -> Value;

/// Σ weight · f(x), with weights that make every element count differently.
fn weighted(f: Function<'_>, x: &[Value]) -> Value {
    let y = f(x);
    let weights = numbers(&y.shape(), 0.5, 1.5, 99);
    (&y * y.builder().constant(weights)).sum(&[], false)
}

/// The gradient of `weighted` by each x, one after the other.
fn slope(f: Function<'_>, x: &[Value]) -> Value {
    let gradients = gradients(&weighted(f, x), x);
    let flat: Vec<Value> = gradients.iter().map(|g| g.reshape([g.shape().elements()])).collect();
    x[0].builder().concat(&flat, 0)
}

fn value_of(f: Function<'_>, tensors: &[Tensor]) -> f64 {
    let b = Builder::new();
    let y = weighted(f, &feeds(&b, tensors));
    run(b, &[y], tensors)[0].to_f64_vec()[0]
}

fn differences(f: Function<'_>, tensors: &[Tensor]) -> Vec<f64> {
    let mut all = Vec::new();
    for i in 0..tensors.len() {
        for j in 0..tensors[i].shape().elements() {
            let moved = |by: f64| {
                let mut tensors = tensors.to_vec();
                tensors[i].as_mut_slice::<f64>().unwrap()[j] += by;
                value_of(f, &tensors)
            };
            let h = 1e-5;
            all.push((moved(h) - moved(-h)) / (2.0 * h));
        }
    }
    all
}

fn once(name: &str, f: Function<'_>, tensors: &[Tensor]) {
    let b = Builder::new();
    let dx = slope(f, &feeds(&b, tensors));
    let found = run(b, &[dx], tensors)[0].to_f64_vec();
    let expected = differences(f, tensors);
    let scale = expected.iter().fold(1.0_f64, |m, v| m.max(v.abs()));
    for (i, (a, e)) in found.iter().zip(&expected).enumerate() {
        assert!((a - e).abs() < 2e-6 * scale, "{name}, element {i}: {a}, expected {e}");
    }
}

/// The gradient, and the gradient of the gradient, of a function of inputs of these shapes.
fn check(name: &str, shapes: &[Shape], range: (f64, f64), f: impl Fn(&[Value]) -> Value) {
    let tensors: Vec<Tensor> =
        shapes.iter().enumerate().map(|(i, s)| numbers(s, range.0, range.1, i as u32)).collect();
    once(name, &f, &tensors);
    once(&format!("{name} twice"), &|x| slope(&f, x), &tensors);
}

fn shape<const N: usize>(dims: [usize; N]) -> Shape {
    Shape::from(dims)
}

fn op(op: &Op, operands: &[&Value]) -> Value {
    operands[0].builder().push(op.clone(), operands, "test", std::panic::Location::caller())
}

#[test]
fn unary_functions() {
    use Unary::*;
    let wide = [Neg, Abs, Exp, Expm1, Sin, Cos, Atan, Tanh, Sigmoid, Erf];
    let flat = [Sign, Floor, Ceil, Round];
    let positive = [Log, Log1p, Sqrt, Rsqrt, LogGamma];
    let inside = [Tan, Asin, Acos, ErfInv];
    let ranged = [(&wide[..], (-2.0, 2.0)), (&positive, (0.3, 4.0)), (&inside, (-0.8, 0.8))];
    for (list, range) in ranged.into_iter().chain([(&flat[..], (-2.0, 2.0))]) {
        for u in list {
            check(&format!("{u:?}"), &[shape([9])], range, |x| op(&Op::Unary(*u), &[&x[0]]));
        }
    }
    check("lgamma below 0", &[shape([9])], (-3.0, 0.5), |x| x[0].lgamma());
}

#[test]
fn binary_functions() {
    use Binary::*;
    for kind in [Add, Sub, Mul, Div, Rem, Pow, Max, Min, Atan2] {
        check(&format!("{kind:?}"), &[shape([8]), shape([8])], (0.5, 3.0), |x| {
            op(&Op::Binary(kind), &[&x[0], &x[1]])
        });
    }
    for power in [0.0, 0.5, 1.0, 2.0, 3.0, -1.5] {
        check("power", &[shape([8])], (0.5, 3.0), |x| x[0].pow(power));
    }
    check("broadcast", &[shape([2, 1, 3]), shape([4, 1])], (-1.0, 1.0), |x| &x[0] * &x[1]);
}

#[test]
fn movement() {
    let x = [shape([3, 4])];
    let all = (-1.0, 1.0);
    check("select", &[shape([6]), shape([6])], all, |x| x[0].greater(0.1).select(&x[0], &x[1]));
    check("reshape", &x, all, |x| x[0].reshape([2, 6]).square());
    check("transpose", &[shape([2, 3, 4])], all, |x| x[0].transpose(&[2, 0, 1]).square());
    check("concat", &[shape([2, 3]), shape([2, 2])], all, |x| {
        x[0].builder().concat(&[x[0].clone(), x[1].clone(), x[0].clone()], 1).square()
    });
    check("slice", &[shape([5, 7])], all, |x| x[0].slice(&[1, 0], &[4, 7], &[2, 3]).square());
    check("empty slice", &[shape([5])], all, |x| x[0].slice(&[2], &[2], &[2]));
    check("pad", &x, all, |x| {
        let pad = Op::Pad { low: vec![1, 0], high: vec![0, 2], interior: vec![2, 1], value: 0.5 };
        op(&pad, &[&x[0]]).square()
    });
    check("reverse", &x, all, |x| x[0].reverse(&[1]).square());
    check("cast", &x, all, |x| x[0].cast(DType::F64).square());
}

#[test]
fn reductions_and_order() {
    let x = [shape([2, 3, 4])];
    let all = (-2.0, 2.0);
    check("sum", &x, all, |x| x[0].sum(&[1], false).square());
    check("mean", &x, all, |x| x[0].mean(&[0, 2], true).square());
    check("max", &x, all, |x| x[0].max(&[1], false).square());
    check("min", &x, all, |x| x[0].min(&[], false).square());
    check("prod", &x, all, |x| x[0].prod(&[0, 2], false));
    for kind in [Reduce::Sum, Reduce::Prod, Reduce::Max, Reduce::Min] {
        for reverse in [false, true] {
            check(&format!("running {kind:?}"), &x, all, |x| {
                x[0].cumulative(kind, 1, reverse).square()
            });
        }
    }
    for descending in [false, true] {
        check("sort", &x, all, |x| x[0].sort(1, descending).square());
    }
    check("gather", &[shape([4, 2])], all, |x| {
        let indices = Tensor::new([2, 3], vec![0_i32, 3, -1, 3, 1, 0]).unwrap();
        x[0].gather(&x[0].builder().constant(indices), 0).square()
    });
    check("scatter_add", &[shape([2, 4]), shape([2, 3])], all, |x| {
        let indices = x[0].builder().constant(Tensor::new([3], vec![-1_i32, 9, 3]).unwrap());
        x[0].scatter_add(&indices, &x[1], 1).square()
    });
}

#[test]
fn products_of_every_layout() {
    let all = (-1.0, 1.0);
    check("matmul", &[shape([3, 4]), shape([4, 2])], all, |x| x[0].matmul(&x[1]).tanh());
    check("vector", &[shape([3, 4]), shape([4])], all, |x| x[0].matmul(&x[1]).tanh());
    check("batched", &[shape([2, 3, 4]), shape([1, 4, 2])], all, |x| x[0].matmul(&x[1]).tanh());
    let dims = DotDims {
        lhs_batch: vec![2],
        lhs_contract: vec![0, 3],
        rhs_batch: vec![1],
        rhs_contract: vec![3, 0],
    };
    check("general", &[shape([2, 2, 3, 4]), shape([4, 3, 2, 2])], all, |x| {
        x[0].dot_general(&x[1], dims.clone()).tanh()
    });
}

fn convolution() -> ConvDims {
    ConvDims { strides: vec![2, 1], padding: vec![(1, 0), (0, 2)], dilation: vec![1, 2], groups: 2 }
}

#[test]
fn convolutions() {
    let (input, kernel) = (shape([2, 5, 4, 4]), shape([2, 2, 2, 2]));
    let all = (-1.0, 1.0);
    let y = {
        let b = Builder::new();
        b.full(DType::F64, input.clone(), 0.0)
            .conv(&b.full(DType::F64, kernel.clone(), 0.0), convolution())
            .shape()
    };
    let small = shape([1, 3, 3, 2]);
    check("conv", &[small, shape([2, 2, 1, 2])], all, |x| x[0].conv(&x[1], convolution()).sin());
    once(
        "conv",
        &|x| x[0].conv(&x[1], convolution()).sin(),
        &[numbers(&input, -1.0, 1.0, 0), numbers(&kernel, -1.0, 1.0, 1)],
    );
    once(
        "conv_input_grad",
        &|x| x[0].conv_input_grad(&x[1], convolution(), shape([2, 5, 4, 4])).sin(),
        &[numbers(&y, -1.0, 1.0, 0), numbers(&kernel, -1.0, 1.0, 1)],
    );
    once(
        "conv_kernel_grad",
        &|x| x[0].conv_kernel_grad(&x[1], convolution(), shape([2, 2, 2, 2])).sin(),
        &[numbers(&input, -1.0, 1.0, 0), numbers(&y, -1.0, 1.0, 1)],
    );
}

#[test]
fn windows() {
    let window = Window { size: vec![2, 3], strides: vec![1, 2], padding: vec![(0, 1), (1, 1)] };
    let x = [shape([1, 3, 4, 2])];
    check("max_pool", &x, (-1.0, 1.0), |x| x[0].max_pool(window.clone()).square());
    check("sum_pool", &x, (-1.0, 1.0), |x| x[0].sum_pool(window.clone()).square());
    check("average_pool", &x, (-1.0, 1.0), |x| x[0].average_pool(window.clone()).square());
}

#[test]
fn composed_functions() {
    let x = [shape([3, 4])];
    let all = (-2.0, 2.0);
    check("softmax", &x, all, |x| x[0].softmax(&[-1]));
    check("softmax of one", &[shape([3, 1])], all, |x| x[0].softmax(&[-1]));
    check("log_softmax", &x, all, |x| x[0].log_softmax(&[0]));
    check("logsumexp", &x, all, |x| x[0].logsumexp(&[-1], false));
    check("variance", &x, all, |x| x[0].variance(&[0], false));
    check("l2_normalize", &x, all, |x| x[0].l2_normalize(&[-1], 1e-12));
    check("relu", &x, all, |x| x[0].relu().square());
    check("gelu", &x, all, |x| x[0].gelu(true) + x[0].gelu(false));
    check("mish", &x, all, |x| x[0].mish());
}

#[test]
fn ties_and_kinks_are_jax_own() {
    let slope_of = |f: Function<'_>, x: &[f64]| {
        let tensors = [Tensor::new([x.len()], x.to_vec()).unwrap()];
        let b = Builder::new();
        let x = feeds(&b, &tensors);
        let dx = gradients(&f(&x).sum(&[], false), &x);
        run(b, &dx, &tensors)[0].to_f64_vec()
    };
    assert_eq!(slope_of(&|x| x[0].relu(), &[-1.0, 0.0, 2.0]), [0.0, 0.0, 1.0]);
    assert_eq!(slope_of(&|x| x[0].maximum(0.0), &[-1.0, 0.0, 2.0]), [0.0, 0.5, 1.0]);
    assert_eq!(slope_of(&|x| x[0].max(&[0], false), &[3.0, 1.0, 3.0]), [0.5, 0.0, 0.5]);
    assert_eq!(slope_of(&|x| x[0].leaky_relu(0.2), &[-1.0, 0.0]), [0.2, 1.0]);
    assert_eq!(slope_of(&|x| x[0].abs(), &[0.0, -2.0]), [0.0, -1.0]);
    assert_eq!(slope_of(&|x| x[0].pow(2.0), &[0.0]), [0.0]);
    assert_eq!(slope_of(&|x| x[0].pow(&x[0].full_like(0.0) * &x[0]), &[0.0]), [0.0]);
    assert_eq!(slope_of(&|x| x[0].prod(&[0], false), &[0.0, 2.0, 3.0]), [6.0, 0.0, 0.0]);
    // Branches not taken stay harmless where they would overflow.
    for f in [Value::selu, Value::softplus, Value::log_sigmoid, |x: &Value| x.celu(1.0)] {
        assert!(slope_of(&|x| f(&x[0]), &[-800.0, 800.0]).iter().all(|d| d.is_finite()));
    }
}

#[test]
fn stops_at_integers_and_stop_gradient() {
    let b = Builder::new();
    let ty = TensorType::new(DType::F64, [2]);
    let (x, unused) = (b.feed("x", ty.clone()), b.feed("unused", ty.clone()));
    let y = &x * x.stop_gradient() + x.cast(DType::I32).cast(DType::F64);
    let dx = gradients(&y.sum(&[], false), &[x, unused]);
    let data = [2.0, 5.0].map(|v| Tensor::full(&ty, v));
    let found = run(b, &dx, &data);
    assert_eq!(found[0].to_f64_vec(), [2.0, 2.0]);
    assert_eq!(found[1].to_f64_vec(), [0.0, 0.0]);
}

#[test]
fn builds_only_what_is_asked_for() {
    let b = Builder::new();
    let x = b.feed("x", TensorType::new(DType::F32, [2, 3]));
    let w = b.feed("w", TensorType::new(DType::F32, [3, 4]));
    let h = x.matmul(&w).relu();
    let dw = gradients(&h.softmax(&[-1]).sum(&[], false), &[w]);
    let graph = b.finish(&[dw[0].clone(), h], &[]).unwrap();
    let count = |wanted: fn(&Op) -> bool| graph.nodes.iter().filter(|n| wanted(&n.op)).count();
    assert_eq!(count(|op| matches!(op, Op::Dot(_))), 2, "no gradient by x");
    assert_eq!(count(|op| matches!(op, Op::Transpose(_))), 0);
    assert_eq!(count(|op| *op == Op::Unary(Unary::Exp)), 1, "softmax reuses its result");
    assert_eq!(count(|op| *op == Op::Binary(Binary::Div)), 1);
    // relu's mask is taken from its result: its operand is used by the forward pass alone.
    let dot = graph.nodes.iter().position(|n| matches!(n.op, Op::Dot(_))).unwrap();
    assert_eq!(graph.use_counts()[dot], 2);
}

#[test]
fn seeds_and_several_outputs() {
    let b = Builder::new();
    let ty = TensorType::new(DType::F64, [2]);
    let (x, dy) = (b.feed("x", ty.clone()), b.feed("dy", ty.clone()));
    let outputs = [x.square(), &x * 3.0];
    let dx = gradients_with(&outputs, &[dy.clone(), dy], &[x.clone(), outputs[0].clone()]);
    let found = run(b, &dx, &[Tensor::full(&ty, 5.0), Tensor::full(&ty, 2.0)]);
    assert_eq!(found[0].to_f64_vec(), [26.0, 26.0]);
    assert_eq!(found[1].to_f64_vec(), [2.0, 2.0]);
}

#[test]
fn mistakes_are_told() {
    let told = |f: fn(&Builder, &Value) -> Vec<Value>| {
        let b = Builder::new();
        let x = b.feed("x", TensorType::new(DType::F32, [1, 40, 40, 1]));
        let fetches = f(&b, &x);
        b.finish(&fetches, &[]).unwrap_err().to_string()
    };
    let text = told(|_, x| gradients(&x.exp(), std::slice::from_ref(x)));
    assert!(
        text.contains("expected a loss that is one float, got float32 (1, 40, 40, 1)"),
        "{text}"
    );
    let text = told(|b, x| {
        gradients_with(&[x.exp()], &[b.scalar(DType::F32, 1.0)], std::slice::from_ref(x))
    });
    assert!(text.contains("expected a seed of type float32 (1, 40, 40, 1)"), "{text}");
    let text = told(|_, x| {
        let w = Window { size: vec![20, 20], strides: vec![1, 1], padding: vec![(0, 0); 2] };
        let dx = gradients(&x.max_pool(w).square().sum(&[], false), std::slice::from_ref(x));
        gradients(&dx[0].sum(&[], false), std::slice::from_ref(x))
    });
    assert!(text.contains("second derivative of a maximum over windows of 400"), "{text}");
}

#[test]
fn shortcuts_do_not_pass_over_what_is_asked_for() {
    let b = Builder::new();
    let x = b.feed("x", TensorType::new(DType::F64, [2, 3]));
    let e = x.exp();
    let y = &e / e.sum(&[-1], true);
    let centred = &x - x.mean(&[0], true);
    let variance = centred.square().mean(&[0], false);
    let loss =
        (y.square().sum(&[-1], false).sum(&[], false) + variance.square().sum(&[], false)) * 1.0;
    let dx = gradients(&loss, &[x.clone(), e.clone(), centred.clone()]);
    let alone = gradients(&loss, std::slice::from_ref(&x));
    let data = [numbers(&shape([2, 3]), -1.0, 1.0, 0)];
    let found = run(b, &[dx[0].clone(), dx[1].clone(), dx[2].clone(), alone[0].clone()], &data);
    let by_hand = {
        let b = Builder::new();
        let e = b.feed("e", TensorType::new(DType::F64, [2, 3]));
        let y = &e / e.sum(&[-1], true);
        let de = gradients(&y.square().sum(&[], false), &[e]);
        let e = data[0].to_f64_vec().iter().map(|v| v.exp()).collect();
        run(b, &de, &[Tensor::new([2, 3], e).unwrap()])[0].to_f64_vec()
    };
    let close = |a: &[f64], b: &[f64]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-12);
    assert!(close(&found[1].to_f64_vec(), &by_hand));
    assert!(found[2].to_f64_vec().iter().any(|d| *d != 0.0));
    assert!(close(&found[0].to_f64_vec(), &found[3].to_f64_vec()));
}

#[test]
fn a_variance_costs_no_second_sum() {
    let b = Builder::new();
    let x = b.feed("x", TensorType::new(DType::F32, [8, 3]));
    let dx = gradients(&x.variance(&[0], false).sum(&[], false), &[x]);
    let graph = b.finish(&dx, &[]).unwrap();
    let sums = graph.nodes.iter().filter(|n| matches!(n.op, Op::Reduce(..))).count();
    assert_eq!(sums, 1, "the mean alone:\n{graph}");
}

/// A smooth function of x (3, 4) made of ops drawn by a seed.
fn random_function(seed: i64, x: &Value) -> Value {
    let mut pool = vec![x.clone()];
    for i in 0..8 {
        let dice = random::block([seed, 0], 1, i);
        let pick = |word: u32| pool[word as usize % pool.len()].clone();
        let (x, other) = (pick(dice[0]), pick(dice[1]));
        let axis = (dice[2] % 2) as isize;
        let y = match dice[3] % 16 {
            0 => x.tanh() + &other,
            1 => (&x * 0.5).exp().log1p() * other.sin(),
            2 => x.softmax(&[axis]) * &other,
            3 => (&x - other.mean(&[axis], true)) / (other.variance(&[axis], true) + 0.5).sqrt(),
            4 => x.matmul(&other.transpose(&[1, 0])).matmul(&x) * 0.1,
            5 => x.sum(&[axis], true) * other.sigmoid(),
            6 => x.cumulative(Reduce::Sum, axis, dice[2] & 4 != 0) * 0.3 + &other,
            7 => x.l2_normalize(&[axis], 1e-12) - &other,
            8 => x.log_softmax(&[axis]) * 0.2,
            9 => x.builder().concat(&[x.clone(), other.clone()], axis).slice(
                &[0, 0],
                &[3, 4],
                &[1, 1],
            ),
            10 => x.reverse(&[axis as usize]) * &other * 0.5,
            11 => x.reshape([4, 3]).transpose(&[1, 0]) + other.erf(),
            12 => x.gelu(false) - other.softplus(),
            13 => (x.square() + 1.0).pow(other.tanh()),
            14 => x.pad(&[1, 0], &[0, 0], 0.3).slice_axis(0, 0, 3) * &other,
            _ => x.atan2(other.square() + 1.0),
        };
        pool.push(y.tanh() + &y * 0.1);
    }
    pool.pop().unwrap_or_else(|| x.clone())
}

#[test]
fn random_functions() {
    for seed in 0..40 {
        check(&format!("seed {seed}"), &[shape([3, 4])], (-1.0, 1.0), |x| {
            random_function(seed, &x[0])
        });
    }
}
