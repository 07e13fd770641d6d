//! The conformance suite on the interpreter itself: that every case can be built and run, that
//! the suite is not empty, and that it notices what it is there to notice.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // helpers of tests are tests too
use ferras_graph::conformance::{self, Report, random_graph};
use ferras_graph::*;

#[test]
fn the_interpreter_agrees_with_itself() {
    let report = conformance::check(&Interpreter);
    assert!(report.is_ok(), "{report}");
    assert!(report.passed > 4000, "{report}");
}

#[test]
fn random_graphs_contain_every_kind_of_op_and_are_of_the_promised_size() {
    let mut seen = std::collections::BTreeMap::new();
    let (mut nodes, mut states, mut inexact) = (0, 0, 0);
    for seed in 0..300 {
        let case = random_graph(seed).unwrap();
        nodes += case.graph.nodes.len();
        states += case.graph.states.iter().filter(|s| s.update.is_some()).count();
        inexact += usize::from(case.tolerances[0].absolute > 0.0);
        for node in &case.graph.nodes {
            *seen.entry(node.op.name()).or_insert(0) += 1;
        }
    }
    assert!((20..70).contains(&(nodes / 300)), "{nodes}");
    assert!(states > 300 && (50..250).contains(&inexact), "{states} {inexact}");
    for op in [
        "conv",
        "convinputgrad",
        "convkernelgrad",
        "maxpool",
        "maxpoolgrad",
        "sumpool",
        "sumpoolgrad",
        "dot",
        "gather",
        "scatteradd",
        "sort",
        "argsort",
        "argreduce",
        "cumulative",
        "reduce",
        "select",
        "random",
        "concat",
        "pad",
        "slice",
        "reverse",
        "transpose",
        "broadcast",
        "cast",
        "lt",
    ] {
        assert!(seen.get(op).is_some_and(|&n| n >= 5), "{op} {seen:?}");
    }
}

/// A back end that compiles another graph than it was given.
#[derive(Debug)]
struct Wrong(fn(&mut Graph));

impl Backend for Wrong {
    fn name(&self) -> &str {
        "wrong"
    }
    fn compile(&self, graph: &Graph) -> Result<Box<dyn Executable>> {
        let mut graph = graph.clone();
        self.0(&mut graph);
        Interpreter.compile(&graph)
    }
    fn upload(&self, value: &Tensor) -> Result<Buffer> {
        Interpreter.upload(value)
    }
}

fn failures(change: fn(&mut Graph), suite: fn(&dyn Backend) -> Report) -> usize {
    suite(&Wrong(change)).failures.len()
}

#[test]
fn mistakes_are_noticed() {
    let random: fn(&dyn Backend) -> Report = |b| conformance::check_random(b, 0..100);
    let tanh = |g: &mut Graph| {
        for node in &mut g.nodes {
            if node.op == Op::Unary(Unary::Tanh) {
                node.op = Op::Unary(Unary::Erf);
            }
        }
    };
    assert!(failures(tanh, random) > 2);
    assert!(failures(tanh, conformance::check_ops) > 20);
    // New values computed, but never stored.
    let forgetful = |g: &mut Graph| g.states.iter_mut().for_each(|s| s.update = None);
    assert!(failures(forgetful, random) > 30);
    assert!(failures(forgetful, conformance::check_programs) > 10);
    let first_fetch = |g: &mut Graph| {
        if let Some(&first) = g.fetches.first() {
            g.fetches.iter_mut().for_each(|f| *f = first);
        }
    };
    assert!(failures(first_fetch, random) > 50);
}

#[test]
fn a_failure_tells_how_to_see_it_again() {
    let off = Wrong(|g| g.fetches.reverse());
    let report = conformance::check_random(&off, 0..3);
    assert!(report.failures[0].starts_with("random graph 0 on wrong: "), "{report}");
    assert!(report.failures[0].contains("\nfetch "), "{report}");
}
