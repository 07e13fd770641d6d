//! One graph with data, and how a back end's results are compared to the interpreter's.
use crate::ir::{Graph, Op};
use crate::{
    Backend, Buffer, Builder, DType, Executable, Interpreter, Result, StateArg, Tensor, Value,
};
use std::panic::Location;

/// How far a result may be from the interpreter's: `absolute + relative · |expected|`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Tolerance {
    /// In units of the value.
    pub absolute: f64,
    /// In parts of the expected value.
    pub relative: f64,
}

impl Tolerance {
    /// Equal, but that −0 equals 0 and NaN equals NaN.
    pub const EXACT: Tolerance = Tolerance { absolute: 0.0, relative: 0.0 };

    /// This many units in the last place of the element type; none for integers.
    pub fn ulps(dtype: DType, ulps: f64) -> Tolerance {
        Tolerance { absolute: 0.0, relative: ulps * epsilon(dtype) }
    }

    fn admits(self, expected: f64, found: f64) -> bool {
        expected == found
            || expected.is_nan() && found.is_nan()
            || expected.is_finite()
                && (expected - found).abs() <= self.absolute + self.relative * expected.abs()
    }
}

/// The distance from 1 to the next number of the type; 0 for integers.
pub(super) fn epsilon(dtype: DType) -> f64 {
    match dtype {
        DType::F16 => 1.0 / 1024.0,
        DType::BF16 => 1.0 / 128.0,
        DType::F32 => f64::from(f32::EPSILON),
        DType::F64 => f64::EPSILON,
        _ => 0.0,
    }
}

/// A graph, data for its arguments, and how exact its results must be.
#[derive(Clone, Debug)]
pub struct Case {
    /// What is tested; for a random graph, its seed.
    pub name: String,
    /// The graph.
    pub graph: Graph,
    /// One tensor for each feed.
    pub feeds: Vec<Tensor>,
    /// The initial value of each state.
    pub states: Vec<Tensor>,
    /// One for each fetch, then one for each state; exact where the list ends early.
    pub tolerances: Vec<Tolerance>,
}

impl Case {
    /// One op on these operands, each of them a feed.
    pub(super) fn of_op(op: Op, operands: Vec<Tensor>, tolerance: Tolerance) -> Result<Case> {
        let builder = Builder::new();
        let feed = |(i, x): (usize, &Tensor)| builder.feed(format!("operand {i}"), x.ty());
        let values: Vec<Value> = operands.iter().enumerate().map(feed).collect();
        let types: Vec<String> = operands.iter().map(|x| x.ty().to_string()).collect();
        let text = match &op {
            Op::Constant(_) => "Constant".to_string(),
            other => format!("{other:?}"),
        };
        let name = format!("{text} of {}", types.join(", "));
        let inputs: Vec<&Value> = values.iter().collect();
        let result = builder.push(op, &inputs, "conformance", Location::caller());
        let graph = builder.finish(&[result], &[])?;
        Ok(Case { name, graph, feeds: operands, states: Vec::new(), tolerances: vec![tolerance] })
    }

    /// Runs `graph`, which takes and gives what the case's own graph does, on the back end, and
    /// the case's own on the interpreter: twice, with other data the second time, each time from
    /// equal states. The error tells all that is needed to see it again.
    ///
    /// ```
    /// use ferras_graph::{Interpreter, conformance};
    /// let case = conformance::random_graph(7)?;
    /// let mut better = case.graph.clone();
    /// ferras_graph::pass::remove_dead(&mut better);
    /// assert_eq!(case.compare(&Interpreter, &better), Ok(()));
    /// # Ok::<(), ferras_graph::Error>(())
    /// ```
    pub fn compare(&self, backend: &dyn Backend, graph: &Graph) -> Result<(), String> {
        let told = |problem: String| {
            let text = graph.to_string();
            let lines = text.lines().count();
            let text = if lines > 120 { format!("({lines} lines)") } else { text };
            format!("{} on {}: {problem}\n{text}", self.name, backend.name())
        };
        self.try_compare(backend, graph).map_err(told)
    }

    fn try_compare(&self, backend: &dyn Backend, graph: &Graph) -> Result<(), String> {
        let failed = |e: crate::Error| e.to_string();
        let reference = Interpreter.compile(&self.graph).map_err(failed)?;
        let tested = backend.compile(graph).map_err(|e| format!("does not compile: {e}"))?;
        let upload = |x: &Tensor| backend.upload(x);
        let mut states: Vec<Buffer> =
            self.states.iter().map(upload).collect::<Result<_>>().map_err(failed)?;
        let mut found = Vec::new();
        let mut held: Vec<(Tensor, Tensor)> = Vec::new();
        for round in 0..2 {
            let feeds: Vec<Tensor> = self.feeds.iter().map(|x| turned(x, round)).collect();
            // States equal at the start of each run, so that errors do not add up over runs.
            let start: Vec<Tensor> =
                states.iter().map(Buffer::download).collect::<Result<_>>().map_err(failed)?;
            let upload = |x: &Tensor| Interpreter.upload(x);
            let mut expected_states: Vec<Buffer> =
                start.iter().map(upload).collect::<Result<_>>().map_err(failed)?;
            let mut expected = Vec::new();
            run(&*reference, graph, &feeds, &mut expected_states, &mut expected).map_err(failed)?;
            run(&*tested, graph, &feeds, &mut states, &mut found)
                .map_err(|e| format!("run {round} fails: {e}"))?;
            self.judge(round, &expected, &found, &expected_states, &states)?;
            if held.iter().any(|(a, copy)| !identical(a, copy)) {
                return Err("the second run wrote over results of the first".into());
            }
            // Every other result is held on to, so the back end may reuse the others alone.
            held = found.iter().skip(1).step_by(2).map(|x| (x.clone(), copied(x))).collect();
        }
        Ok(())
    }

    fn judge(
        &self,
        round: usize,
        expected: &[Tensor],
        found: &[Tensor],
        expected_states: &[Buffer],
        states: &[Buffer],
    ) -> Result<(), String> {
        if expected.len() != found.len() {
            return Err(format!("expected {} fetches, got {}", expected.len(), found.len()));
        }
        let tolerance = |i: usize| self.tolerances.get(i).copied().unwrap_or_default();
        for (i, (e, f)) in expected.iter().zip(found).enumerate() {
            same(e, f, tolerance(i)).map_err(|p| format!("run {round}, fetch {i}: {p}"))?;
        }
        for (i, (e, f)) in expected_states.iter().zip(states).enumerate() {
            let (e, f) = (e.download(), f.download());
            let (e, f) = (e.map_err(|e| e.to_string())?, f.map_err(|e| e.to_string())?);
            same(&e, &f, tolerance(expected.len() + i))
                .map_err(|p| format!("run {round}, state {i}: {p}"))?;
        }
        Ok(())
    }
}

/// Runs with states that the graph updates for writing, and the others for reading.
pub(super) fn run(
    program: &dyn Executable,
    graph: &Graph,
    feeds: &[Tensor],
    states: &mut [Buffer],
    fetches: &mut Vec<Tensor>,
) -> Result<()> {
    let views: Vec<_> = feeds.iter().map(Tensor::view).collect();
    let argument = |(state, buffer): (&crate::State, _)| match state.update {
        Some(_) => StateArg::Write(buffer),
        None => StateArg::Read(buffer),
    };
    let mut arguments: Vec<StateArg<'_>> = graph.states.iter().zip(states).map(argument).collect();
    program.run(&views, &mut arguments, fetches)
}

/// Whether a result is as expected, or the first element that is not.
pub(super) fn same(expected: &Tensor, found: &Tensor, by: Tolerance) -> Result<(), String> {
    if expected.ty() != found.ty() {
        return Err(format!("expected type {}, got {}", expected.ty(), found.ty()));
    }
    if expected == found {
        return Ok(());
    }
    if let (Some(a), Some(b)) = (expected.as_slice::<i64>(), found.as_slice::<i64>()) {
        // float64 would not tell large ones apart.
        return match a.iter().zip(b).position(|(a, b)| a != b) {
            Some(i) => Err(format!("element {i}: expected {}, got {}", a[i], b[i])),
            None => Ok(()),
        };
    }
    let (a, b) = (expected.to_f64_vec(), found.to_f64_vec());
    let wrong = |(a, b): (&f64, &f64)| !by.admits(*a, *b);
    let all = a.iter().zip(&b).filter(|&(a, b)| wrong((a, b))).count();
    match a.iter().zip(&b).position(wrong) {
        Some(i) => Err(format!(
            "element {i} (first of {all} of {}): expected {:?}, got {:?}, tolerance {:e} + {:e} · |expected|",
            a.len(),
            a[i],
            b[i],
            by.absolute,
            by.relative
        )),
        None => Ok(()),
    }
}

fn identical(a: &Tensor, b: &Tensor) -> bool {
    same(a, b, Tolerance::EXACT).is_ok()
}

/// The same data in memory of its own.
fn copied(x: &Tensor) -> Tensor {
    x.view().to_tensor()
}

/// The elements moved on by some places, the last coming first: other data of the same kind.
fn turned(x: &Tensor, places: usize) -> Tensor {
    let mut turned = x.clone();
    macro_rules! turn {
        ($($t:ty)*) => { $(if let Some(data) = turned.as_mut_slice::<$t>() {
            data.rotate_right(places.min(data.len()));
        })* };
    }
    turn! { bool u8 i32 i64 half::f16 half::bf16 f32 f64 }
    turned
}
