//! Each rule by hand, and all of them on random graphs whose arithmetic is exact, so that every
//! rule must leave every bit (but the sign of a zero).
use super::*;
use crate::{
    Backend, Builder, DType, DotDims, Graph, Interpreter, Shape, Tensor, TensorType, Value,
    gradients, random,
};

fn run(graph: &Graph, feeds: &[Tensor]) -> Vec<Vec<f64>> {
    let views: Vec<_> = feeds.iter().map(Tensor::view).collect();
    let mut results = Vec::new();
    Interpreter.compile(graph).unwrap().run(&views, &mut [], &mut results).unwrap();
    results.iter().map(Tensor::to_f64_vec).collect()
}

fn same(a: &[Vec<f64>], b: &[Vec<f64>]) -> bool {
    let equal = |(a, b): (&f64, &f64)| a == b || a.is_nan() && b.is_nan();
    a.len() == b.len()
        && a.iter().zip(b).all(|(a, b)| a.len() == b.len() && a.iter().zip(b).all(equal))
}

/// What a function of x (2, 3) and y (3, 2) becomes: the names of its ops, without feeds. The
/// results are checked on the way.
fn becomes(f: impl Fn(&Value, &Value) -> Value) -> String {
    let b = Builder::new();
    let x = b.feed("x", TensorType::new(DType::F32, [2, 3]));
    let y = b.feed("y", TensorType::new(DType::F32, [3, 2]));
    let graph = b.finish(&[f(&x, &y)], &[]).unwrap();
    let better = optimize(&graph);
    let data = vec![-2.0_f32, 0.5, 1.0, 3.0, 4.0, 0.25];
    let feeds = [Tensor::new([2, 3], data.clone()).unwrap(), Tensor::new([3, 2], data).unwrap()];
    assert!(same(&run(&graph, &feeds), &run(&better, &feeds)), "{graph}became\n{better}");
    let names = better.nodes.iter().map(|n| n.op.name()).filter(|n| n != "feed");
    names.collect::<Vec<_>>().join(" ")
}

#[test]
fn arithmetic() {
    assert_eq!(becomes(|x, _| (x + 0.0) * 1.0 / 1.0 - 0.0), "");
    assert_eq!(becomes(|x, _| 0.0 + x * -1.0), "neg");
    assert_eq!(becomes(|x, _| -(-x)), "");
    assert_eq!(becomes(|x, _| x / 4.0), "constant broadcast mul");
    assert_eq!(becomes(|x, _| x / 3.0), "constant broadcast div");
    assert_eq!(becomes(|x, _| x.pow(2.0)), "mul");
    assert_eq!(becomes(|x, _| x.abs().pow(0.5)), "abs sqrt");
    assert_eq!(becomes(|x, _| x.exp() - (-x.tanh())), "exp tanh add");
    assert_eq!(becomes(|x, _| x * 0.0), "constant broadcast mul", "NaN and infinity stay");
    assert_eq!(becomes(|x, _| x.exp() * 2.0 + x.exp() * 2.0), "exp constant broadcast mul add");
    assert_eq!(becomes(|x, _| x.less(0.0).logical_not().select(x, 1.0)), {
        "constant broadcast less constant broadcast select".replace("less", "lt")
    });
    assert_eq!(becomes(|x, _| x.equal(1.0).select(x, x)), "");
    assert_eq!(becomes(|x, _| x.cast(DType::F64).cast(DType::F32)), "");
    assert_eq!(becomes(|x, _| x.cast(DType::F16).cast(DType::F32)), "cast cast");
    assert_eq!(becomes(|x, _| x.maximum(f64::NEG_INFINITY)), "");
}

#[test]
fn movement() {
    assert_eq!(becomes(|x, _| x.transpose(&[1, 0]).transpose(&[1, 0])), "");
    assert_eq!(becomes(|x, _| x.reshape([6]).reshape([3, 2]).reshape([2, 3])), "");
    assert_eq!(becomes(|x, _| x.reshape([1, 2, 3]).transpose(&[1, 0, 2])), "reshape");
    assert_eq!(becomes(|x, _| x.slice_axis(0, 0, 2)), "");
    assert_eq!(becomes(|x, _| x.slice_axis(1, 1, 3).slice_axis(1, 1, 2)), "slice");
    assert_eq!(
        becomes(|x, _| x.builder().concat(&[x.exp(), x.tanh()], 0).slice_axis(0, 2, 4)),
        "tanh"
    );
    assert_eq!(becomes(|x, _| x.reverse(&[0, 1]).reverse(&[0, 1])), "");
    assert_eq!(becomes(|x, _| x.pad(&[0, 0], &[0, 0], 1.0)), "");
    assert_eq!(becomes(|x, _| x.stop_gradient()), "");
    let row = |x: &Value| x.slice_axis(0, 0, 1);
    assert_eq!(becomes(|x, _| row(x).broadcast_to([2, 3]).exp() * 2.0), {
        "slice exp constant broadcast mul broadcast"
    });
}

#[test]
fn reductions_and_products() {
    assert_eq!(becomes(|x, _| x.sum(&[0], true).sum(&[0], false)), "reduce");
    assert_eq!(becomes(|x, _| x.sum(&[0], false).sum(&[0], false)), "reduce");
    assert_eq!(becomes(|x, _| x.full_like(3.0).sum(&[], false)), "constant");
    assert_eq!(becomes(|x, _| x.transpose(&[1, 0]).sum(&[0], false)), "reduce");
    assert_eq!(becomes(|x, y| x.transpose(&[1, 0]).matmul(&y.transpose(&[1, 0]))), "dot");
    assert_eq!(becomes(|x, y| x.matmul(y).transpose(&[1, 0])), "dot");
    assert_eq!(becomes(|x, _| (-x.exp()).sum(&[0], false)), "exp reduce neg");
    let repeated = |x: &Value| x.slice_axis(1, 0, 1).broadcast_to([2, 3]).sum(&[1], false);
    assert_eq!(becomes(|x, _| repeated(x)), "slice reshape constant broadcast mul");
}

#[test]
fn gradients_of_neighbouring_slices_are_joined() {
    let split = |x: &Value| {
        let parts = x.split(3, 1);
        let sum = parts[0].exp() + parts[1].tanh() + parts[2].sin();
        gradients(&sum.sum(&[], false), std::slice::from_ref(x))[0].clone()
    };
    let names = becomes(|x, _| split(x));
    assert!(names.ends_with("concat") && !names.contains("pad"), "{names}");
}

#[test]
fn folding_keeps_patterns() {
    let row = |b: &Builder| b.constant(Tensor::new([3], vec![1.0_f32, 2.0, 3.0]).unwrap());
    assert_eq!(becomes(|x, _| x + row(x.builder()) * 2.0), "constant broadcast add");
    let count = |x: &Value, n: usize| x.builder().iota(DType::F32, [n, 1], 0);
    assert_eq!(becomes(|x, _| count(x, 3).matmul(&(count(x, 1) + 1.0))), "constant");
    let large = |x: &Value| x.slice(&[0, 0], &[1, 1], &[1, 1]) + count(x, 1 << 20) * 2.0;
    assert_eq!(becomes(|x, _| large(x).sum(&[], false)), {
        "slice iota constant broadcast mul broadcast add reduce reshape"
    });
}

#[test]
fn only_equal_random_numbers_are_merged() {
    let b = Builder::new();
    let key = b.feed("key", TensorType::new(DType::I64, [2]));
    let streams = [0, 1, 0].map(|stream| b.random_uniform(&key, stream, [4]));
    let graph = optimize(&b.finish(&streams, &[]).unwrap());
    assert_eq!(graph.fetches[0], graph.fetches[2]);
    assert_ne!(graph.fetches[0], graph.fetches[1]);
    let b = Builder::new();
    let zeros = [0.0, -0.0].map(|v| b.scalar(DType::F32, v));
    assert_eq!(optimize(&b.finish(&zeros, &[]).unwrap()).nodes.len(), 2);
}

/// Numbers drawn one after the other.
struct Dice(u64, u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.1 += 1;
        random::block([self.0 as i64, 0], 0, self.1)[0] as usize % sides
    }
    fn pick<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.roll(list.len())]
    }
}

/// A graph of ops that are exact on the small binary fractions of its feeds, made of what rules
/// look for: known numbers, repetition, reshapes, transposes, negations.
fn exact_graph(seed: u64) -> (Graph, Vec<Tensor>) {
    let mut dice = Dice(seed, 0);
    let b = Builder::new();
    let shapes: [Shape; 4] = [[2, 3].into(), [3, 2].into(), [1, 3].into(), [2, 1].into()];
    let mut pool: Vec<Value> = Vec::new();
    let mut feeds = Vec::new();
    for shape in &shapes {
        pool.push(b.feed("x", TensorType::new(DType::F64, shape.clone())));
        let special = [f64::NAN, f64::INFINITY, -0.0, 0.0];
        let number = |_| match dice.roll(40) {
            roll if roll < 4 && seed.is_multiple_of(2) => special[roll],
            roll => roll as f64 / 4.0 - 5.0,
        };
        let data = (0..shape.elements()).map(number).collect();
        feeds.push(Tensor::new(shape.clone(), data).unwrap());
    }
    for _ in 0..30 {
        let x = dice.pick(&pool).clone();
        let y = step(&mut dice, &b, &x, &pool);
        // Within a range in which sums and products stay exact.
        pool.push(if dice.roll(3) == 0 { y.clip(-8.0, 8.0) } else { y });
        let last = pool.len() - 1;
        pool[last] = pool[last].abs().less(1e4).select(&pool[last], 2.0);
    }
    let results = pool.split_off(pool.len() - 4);
    (b.finish(&results, &[]).unwrap(), feeds)
}

fn step(dice: &mut Dice, b: &Builder, x: &Value, pool: &[Value]) -> Value {
    let known = *dice.pick(&[0.0, 1.0, -1.0, 2.0, 0.5, -4.0]);
    let rank = x.rank();
    let axis = if rank > 0 { dice.roll(rank) } else { 0 };
    let like = pool.iter().filter(|v| v.shape().broadcast(&x.shape()).is_some());
    let like: Vec<Value> = like.cloned().collect();
    let other = dice.pick(&like).clone();
    match dice.roll(24) {
        0 => x + known,
        1 => known - x,
        2 => x * known,
        3 => x / if known == 0.0 { 1.0 } else { known },
        4 => -x,
        5 => x + &other,
        6 => x - &other,
        7 => x * &other,
        8 => x.maximum(&other),
        9 => x.clip(-4.0, 4.0).floor().pow(*dice.pick(&[0.0, 1.0, 2.0, 3.0])),
        10 => x.greater(known).select(x, &other),
        11 => x.equal(&other).logical_not().select(&other, x),
        12 => x.cast(*dice.pick(&[DType::F32, DType::I32, DType::Bool])).cast(DType::F64),
        13 if rank > 0 => x.sum(&[axis as isize], dice.roll(2) == 0),
        14 if rank > 0 => x.max(&[axis as isize], true),
        15 => x.reshape([x.shape().elements()]),
        16 => x.reshape([1, x.shape().elements(), 1]),
        17 => x.transpose(&(0..rank).rev().collect::<Vec<_>>()),
        18 => x.broadcast_to([&[2], &x.shape()[..]].concat()).sum(&[], false),
        19 if rank > 0 && x.dim(axis as isize) > 1 && dice.roll(2) == 0 => {
            x.slice_axis(axis as isize, 1, 2)
        }
        20 if rank > 0 => b.concat(&[x.clone(), -x], axis as isize),
        19 if rank > 0 => {
            let n = x.dim(axis as isize);
            let pad = |low: usize, high: usize| {
                let along = |n: usize| (0..rank).map(move |a| if a == axis { n } else { 0 });
                x.pad(&along(low).collect::<Vec<_>>(), &along(high).collect::<Vec<_>>(), 0.0)
            };
            pad(0, n + 1) + pad(n, 1)
        }
        21 if rank > 0 => x.reverse(&[axis]),
        22 => {
            let all: Vec<usize> = (0..rank).collect();
            let dims = DotDims {
                lhs_contract: all[..rank.min(1)].to_vec(),
                rhs_contract: all[..rank.min(1)].to_vec(),
                ..DotDims::default()
            };
            let turned = x.transpose(&all.iter().rev().copied().collect::<Vec<_>>());
            match turned.dim(0) == x.dim(0) {
                true => turned.clip(-4.0, 4.0).dot_general(&x.clip(-4.0, 4.0), dims),
                false => turned,
            }
        }
        _ => b.full(DType::F64, x.shape(), known),
    }
}

#[test]
fn random_graphs_keep_their_results() {
    let passes = [optimize, fold_constants, merge_equal, simplify];
    for seed in 0..600 {
        let (graph, feeds) = exact_graph(seed);
        let expected = run(&graph, &feeds);
        for (i, pass) in passes.iter().enumerate() {
            let better = pass(&graph);
            assert!(better.nodes.len() <= graph.nodes.len() + 8, "pass {i} of {seed} grows");
            let same = same(&expected, &run(&better, &feeds));
            assert!(same, "pass {i}, seed {seed}:\n{graph}became\n{better}");
        }
        let once = optimize(&graph);
        assert_eq!(optimize(&graph), once, "not deterministic");
        assert_eq!(optimize(&once), once, "not at a fixed point, seed {seed}");
    }
}

#[test]
fn graphs_of_the_conformance_suite_keep_their_results() {
    for seed in 0..400 {
        let case = crate::conformance::random_graph(seed).unwrap();
        case.compare(&Interpreter, &optimize(&case.graph)).unwrap();
    }
}
