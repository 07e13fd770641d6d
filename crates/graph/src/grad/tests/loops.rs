//! Gradients of loops, once and twice, and what becomes of them.
use super::{Function, check, feeds, numbers, run, shape, slope};
use crate::ir::{ConvDims, DotDims, Graph, Node, Op, Scan};
use crate::{Builder, DType, Reduce, TensorType, Value, gradients, pass};
use std::slice::from_ref;

const STEPS: usize = 4;

/// tanh(x·k + h·r), forward or from the end: the last state, or all of them.
fn simple(x: &[Value], reverse: bool, all: bool) -> Value {
    let [sequence, kernel, recurrent, start] = x else { panic!("four inputs") };
    let (last, outputs) = sequence.builder().scan(
        STEPS,
        reverse,
        from_ref(start),
        from_ref(sequence),
        |carried, x| {
            let h = (x[0].matmul(kernel) + carried[0].matmul(recurrent)).tanh();
            (vec![h.clone()], vec![h])
        },
    );
    if all { outputs[0].clone() } else { last[0].clone() }
}

fn simple_shapes() -> [crate::Shape; 4] {
    [shape([STEPS, 2, 3]), shape([3, 2]), shape([2, 2]), shape([2, 2])]
}

#[test]
fn recurrences() {
    for reverse in [false, true] {
        check("last state", &simple_shapes(), (-1.0, 1.0), |x| simple(x, reverse, false));
        check("all states", &simple_shapes(), (-1.0, 1.0), |x| simple(x, reverse, true));
    }
}

/// Gates as in an LSTM, from slices of one product.
fn gated(x: &[Value]) -> Value {
    let [sequence, kernel, recurrent, bias] = x else { panic!("four inputs") };
    let zeros = sequence.builder().full(DType::F64, [2, 2], 0.0);
    let (last, outputs) = sequence.builder().scan(
        STEPS,
        false,
        &[zeros.clone(), zeros],
        from_ref(sequence),
        |carried, x| {
            let z = x[0].matmul(kernel) + carried[0].matmul(recurrent) + bias;
            let gates = z.split(4, -1);
            let c = gates[0].sigmoid() * &carried[1] + gates[1].sigmoid() * gates[2].tanh();
            let h = gates[3].sigmoid() * c.tanh();
            (vec![h.clone(), c], vec![h])
        },
    );
    &outputs[0] * &last[1]
}

#[test]
fn gates() {
    let shapes = [shape([STEPS, 2, 3]), shape([3, 8]), shape([2, 8]), shape([8])];
    check("gates", &shapes, (-1.0, 1.0), gated);
}

#[test]
fn what_a_body_may_do() {
    let one = [shape([STEPS, 3]), shape([3])];
    let scan = |x: &[Value], f: &dyn Fn(&Value, &Value) -> (Value, Value)| {
        let (last, outputs) = x[0].builder().scan(STEPS, false, &x[1..2], &x[..1], |c, x| {
            let (next, output) = f(&c[0], &x[0]);
            (vec![next], vec![output])
        });
        &last[0] + outputs[0].sum(&[0], false)
    };
    check("product", &one, (0.5, 1.5), |x| scan(x, &|c, x| (c * x, c / x)));
    check("the carry as it was", &one, (0.5, 1.5), |x| scan(x, &|c, x| (x.square(), c.exp())));
    check("nothing carried", &one, (0.5, 1.5), |x| scan(x, &|c, x| (c.clone(), x.sin())));
    check("what is around", &one, (0.5, 1.5), |v| {
        let around = v[1].exp();
        scan(v, &|c, x| (c * &around + x.sum(&[0], true), &around * c.sin()))
    });
    check("sums and orders", &one, (0.5, 1.5), |x| {
        scan(x, &|c, x| {
            let sorted = (c * x).sort(0, true);
            (sorted.cumulative(Reduce::Sum, 0, false) * 0.3, c.softmax(&[0]) * x)
        })
    });
    check("a choice", &one, (0.5, 1.5), |x| {
        scan(x, &|c, x| (x.greater(1.0).select(c, c * x), c.maximum(x)))
    });
    check("stopped", &one, (0.5, 1.5), |x| {
        // By hand: the derivative of c·stop(c) is stop(c).
        scan(x, &|c, x| (c.stop_gradient() * x * 0.0 + c * x, c.clone()))
    });
}

#[test]
fn kernels_and_tables_in_a_loop() {
    let dims = ConvDims { strides: vec![1], padding: vec![(1, 1)], dilation: vec![1], groups: 1 };
    let shapes = [shape([3, 2, 4, 2]), shape([3, 2, 2]), shape([3, 2, 2]), shape([2, 4, 2])];
    check("convolutions", &shapes, (-1.0, 1.0), |v| {
        let (last, _) = v[0].builder().scan(3, true, &v[3..], &v[..1], |c, x| {
            let input = x[0].conv(&v[1], dims.clone());
            (vec![(input + c[0].conv(&v[2], dims.clone())).tanh()], vec![])
        });
        last[0].clone()
    });
    // The next place in a table follows from what is there, so that nothing can be taken out.
    check("a table", &[shape([5, 2]), shape([2])], (0.5, 1.5), |v| {
        let b = v[0].builder();
        let start = b.full(DType::I32, [1], 1.0);
        let (last, rows) = b.scan(STEPS, false, &[start, v[1].clone()], &[], |c, _| {
            let row = v[0].gather(&c[0], 0).squeeze(0);
            let next = (&c[0] * 2.0 + 1.0).rem(5.0);
            (vec![next, &c[1] * &row], vec![row])
        });
        &last[1] + rows[0].square().sum(&[0], false)
    });
    check("batches of products", &[shape([3, 2, 2, 3]), shape([2, 3, 3])], (-1.0, 1.0), |v| {
        let dims = DotDims {
            lhs_batch: vec![0],
            rhs_batch: vec![0],
            lhs_contract: vec![2],
            rhs_contract: vec![1],
        };
        let start = v[0].builder().full(DType::F64, [2, 2, 3], 0.5);
        let (last, _) = v[0].builder().scan(3, false, &[start], &v[..1], |c, x| {
            (vec![(c[0].dot_general(&v[1], dims.clone()) * &x[0]).sin()], vec![])
        });
        last[0].clone()
    });
}

#[test]
fn loops_in_loops() {
    let shapes = [shape([3, 2, 2]), shape([2, 2]), shape([2])];
    check("two levels", &shapes, (-1.0, 1.0), |v| {
        let b = v[0].builder();
        let (last, outputs) = b.scan(3, false, &v[2..3], &v[..1], |outer, x| {
            let (last, all) = x[0].builder().scan(2, true, outer, &x[..1], |inner, x| {
                let next = (inner[0].matmul(&v[1]) + &x[0] * &outer[0]).tanh();
                (vec![next.clone()], vec![next * &v[2]])
            });
            (vec![last[0].clone()], vec![all[0].clone()])
        });
        outputs[0].sum(&[0], false) + &last[0]
    });
}

/// The loops of a graph.
fn loops<'a>(graph: &'a Graph) -> Vec<&'a Scan> {
    let scan = |node: &'a Node| match &node.op {
        Op::Scan(scan) => Some(&**scan),
        _ => None,
    };
    graph.nodes.iter().filter_map(scan).collect()
}

fn count(graph: &Graph, wanted: fn(&Op) -> bool) -> usize {
    graph.nodes.iter().filter(|n| wanted(&n.op)).count()
}

#[test]
fn products_of_all_steps_are_one() {
    let b = Builder::new();
    let ty = |s: &[usize]| TensorType::new(DType::F32, s);
    let types = [ty(&[STEPS, 2, 3]), ty(&[3, 8]), ty(&[2, 8]), ty(&[8])];
    let x: Vec<Value> = types.iter().map(|ty| b.feed("x", ty.clone())).collect();
    let zeros = b.full(DType::F32, [2, 2], 0.0);
    let (last, _) = b.scan(STEPS, false, &[zeros.clone(), zeros], &x[..1], |c, s| {
        let z = s[0].matmul(&x[1]) + &x[3] + c[0].matmul(&x[2]);
        let gates = z.split(4, -1);
        let memory = gates[0].sigmoid() * &c[1] + gates[1].sigmoid() * gates[2].tanh();
        (vec![gates[3].sigmoid() * memory.tanh(), memory], vec![])
    });
    let dx = gradients(&last[0].sum(&[], false), &x);
    let graph = pass::optimize(&b.finish(&dx, &[]).unwrap());
    let is_dot = |op: &Op| matches!(op, Op::Dot(_));
    let found = loops(&graph);
    assert_eq!(found.len(), 2, "{graph}");
    // Outside: x·k; its gradients by x and k; that by r.
    assert_eq!(count(&graph, is_dot), 4, "{graph}");
    // Inside: h·r, and its gradient by h.
    assert!(found.iter().all(|scan| count(&scan.body, is_dot) == 1), "{graph}");
    // The gradients go from step to step as two values, with nothing else.
    assert_eq!(found[1].carries, 2, "{graph}");
    // Kept of each step: four gates, tanh of the memory, both states as they were.
    assert_eq!(found[0].results().len(), 2 + 7, "{graph}");
    assert_eq!(found[1].sequences, 7 - 1, "the state itself is for the product alone: {graph}");
}

#[test]
fn what_nothing_needs_is_not_carried() {
    let b = Builder::new();
    let x = b.feed("x", TensorType::new(DType::F32, [STEPS, 2]));
    let zeros = b.full(DType::F32, [2], 0.0);
    let start = [zeros.clone(), zeros.clone(), zeros];
    let (last, outputs) = b.scan(STEPS, false, &start, &[x.clone(), x.clone()], |c, x| {
        let sum = &c[0] + &x[0];
        (vec![sum.clone(), &c[1] * &x[1], sum], vec![c[1].exp(), c[0].clone(), &x[0] * 2.0])
    });
    let fetches = [last[2].clone(), outputs[1].clone(), outputs[2].clone()];
    let graph = pass::optimize(&b.finish(&fetches, &[]).unwrap());
    let found = loops(&graph);
    assert_eq!((found.len(), found[0].carries, found[0].sequences), (1, 1, 1), "{graph}");
    assert_eq!(found[0].body.fetches.len(), 2, "{graph}");
}

#[test]
fn a_loop_of_no_steps_gives_its_start() {
    let f: Function<'_> = &|x| {
        let (last, outputs) = x[0]
            .builder()
            .scan(0, false, &x[..1], &[], |c, _| (vec![c[0].exp()], vec![c[0].clone()]));
        &last[0] + outputs[0].sum(&[0], false)
    };
    let tensors = [numbers(&shape([3]), -1.0, 1.0, 1)];
    let b = Builder::new();
    let x = feeds(&b, &tensors);
    let (y, dy) = (f(&x), slope(f, &x));
    let found = run(b, &[y, dy], &tensors);
    assert_eq!(found[0], tensors[0]);
    assert_eq!(found[1].shape(), tensors[0].shape());
}

#[test]
fn mistakes_in_loops_are_told() {
    let told = |f: &dyn Fn(&Builder, &Value)| {
        let b = Builder::new();
        let x = b.feed("x", TensorType::new(DType::F32, [STEPS, 2]));
        f(&b, &x);
        b.finish(&[], &[]).unwrap_err().to_string()
    };
    let scan = |x: &Value, steps: usize, f: &dyn Fn(&Value, &Value) -> Value| {
        let start = x.builder().full(DType::F32, [2], 0.0);
        x.builder()
            .scan(steps, false, &[start], from_ref(x), |c, x| (vec![f(&c[0], &x[0])], vec![]))
    };
    let text = told(&|_, x| drop(scan(x, 3, &|c, _| c.clone())));
    assert!(text.contains("expected a sequence of 3 steps, got float32 (4, 2)"), "{text}");
    let text = told(&|_, x| drop(scan(x, STEPS, &|c, _| c.sum(&[0], false))));
    assert!(text.contains("carry 0 of type float32 (2,) cannot become float32 ()"), "{text}");
    let text = told(&|_, x| drop(scan(x, STEPS, &|c, x| c.matmul(&x.expand_dims(0)))));
    assert!(text.contains("2 columns on the left"), "{text}");
    let text = told(&|_, x| {
        let leaked = std::cell::RefCell::new(None);
        scan(x, STEPS, &|c, _| {
            *leaked.borrow_mut() = Some(c.clone());
            c.clone()
        });
        let _ = leaked.borrow().as_ref().map(|c| c + x.slice_axis(0, 0, 1).squeeze(0));
    });
    assert!(text.contains("used outside of it; let the body return it"), "{text}");
    let text = told(&|_, x| {
        scan(x, STEPS, &|c, _| gradients(&c.sum(&[], false), from_ref(x))[0].sum(&[0], false));
    });
    assert!(text.contains("not all of one graph"), "{text}");
}
