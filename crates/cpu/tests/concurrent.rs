//! Many threads run one executable, and several, at once.
#![allow(clippy::unwrap_used)] // helpers of tests
mod common;
use common::{data, f32s, same_bits};
use ferras_cpu::Cpu;
use ferras_graph::{Backend, Builder, Graph, StateArg, Tensor};

fn predict(batch: usize) -> Graph {
    let b = Builder::new();
    let x = b.feed("x", f32s([batch, 64]));
    let w = b.state("w", f32s([64, 256]));
    let v = b.state("v", f32s([256, 10]));
    let y = x.matmul(&w).tanh().matmul(&v).softmax(&[-1]);
    b.finish(&[y], &[]).unwrap()
}

#[test]
fn predictions_at_once_are_those_one_after_the_other() {
    let cpu = Cpu::with_threads(3);
    let graphs = [predict(1), predict(300)];
    let executables = graphs.each_ref().map(|g| cpu.compile(g).unwrap());
    let weights: Vec<_> = graphs[0]
        .states
        .iter()
        .zip(1..)
        .map(|(s, i)| cpu.upload(&data(&graphs[0].node(s.node).ty, i)).unwrap())
        .collect();
    let run = |which: usize, x: &Tensor, fetches: &mut Vec<Tensor>| {
        let mut args: Vec<StateArg> = weights.iter().map(StateArg::Read).collect();
        executables[which].run(&[x.view()], &mut args, fetches).unwrap();
    };
    let inputs: Vec<Vec<Tensor>> =
        [1, 300].iter().map(|&n| (0..4).map(|s| data(&f32s([n, 64]), s)).collect()).collect();
    let expected: Vec<Vec<Tensor>> = (0..2)
        .map(|which| {
            let one = |x: &Tensor| {
                let mut fetches = Vec::new();
                run(which, x, &mut fetches);
                fetches.remove(0)
            };
            inputs[which].iter().map(one).collect()
        })
        .collect();
    std::thread::scope(|scope| {
        for thread in 0..6 {
            let (run, inputs, expected) = (&run, &inputs, &expected);
            scope.spawn(move || {
                let mut fetches = Vec::new();
                for i in 0..60 {
                    let (which, k) = ((thread + i) % 2, (thread * 7 + i) % 4);
                    run(which, &inputs[which][k], &mut fetches);
                    assert!(same_bits(&fetches[0], &expected[which][k]));
                }
            });
        }
    });
}

#[test]
fn a_variable_of_another_back_end_is_refused() {
    let cpu = Cpu::with_threads(1);
    let graph = predict(2);
    let foreign = ferras_graph::Interpreter;
    let ty = |i: usize| graph.node(graph.states[i].node).ty.clone();
    let weights = [0, 1].map(|i| foreign.upload(&data(&ty(i), 1)).unwrap());
    let mut args: Vec<StateArg> = weights.iter().map(StateArg::Read).collect();
    let x = data(&f32s([2, 64]), 1);
    let error = cpu.compile(&graph).unwrap().run(&[x.view()], &mut args, &mut Vec::new());
    assert!(error.unwrap_err().to_string().contains("another back end"));
}
