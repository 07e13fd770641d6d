//! What a back end must get right: one suite, run against the interpreter.
//!
//! Each [`Case`] is a graph with data. It is compiled and run twice, the second time with other
//! data and with the states that the first run left, and compared to the interpreter: bit for bit
//! (but for the sign of zero) where the op is exact, within a tolerance where it is not. Sums and
//! products are tested with data on a grid so coarse that float32 sums are exact in every order,
//! so a back end that accumulates 16-bit floats in float32 and the others in their own type
//! passes whatever its order.
mod case;
mod data;
mod elementwise;
mod generate;
mod layout;
mod loops;
mod programs;
mod protocol;
mod reduction;
mod steps;
mod window;

pub use case::{Case, Tolerance};
pub use generate::random_graph;

use crate::{Backend, Result};
use std::fmt;

/// What the suite found out about a back end.
///
/// ```
/// use ferras_graph::{Interpreter, conformance};
/// let report = conformance::check_programs(&Interpreter);
/// assert!(report.is_ok() && report.passed > 10, "{report}");
/// ```
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Cases that came out as expected.
    pub passed: usize,
    /// The others: which graph, which result, what was expected and what came.
    pub failures: Vec<String>,
}

impl Report {
    /// Whether all came out as expected.
    pub fn is_ok(&self) -> bool {
        self.failures.is_empty()
    }

    fn note(&mut self, result: Result<(), String>) {
        match result {
            Ok(()) => self.passed += 1,
            Err(failure) => self.failures.push(failure),
        }
    }

    fn add(&mut self, other: Report) {
        self.passed += other.passed;
        self.failures.extend(other.failures);
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} passed, {} failed", self.passed, self.failures.len())?;
        // Beyond some, failures repeat the same mistake.
        self.failures.iter().take(40).try_for_each(|failure| writeln!(f, "{failure}"))
    }
}

/// The whole suite: every op, the programs, the protocol of runs, and 300 random graphs.
pub fn check(backend: &dyn Backend) -> Report {
    let mut report = check_ops(backend);
    report.add(check_programs(backend));
    report.add(check_random(backend, 0..300));
    report
}

/// Every op × element type × odd shapes.
pub fn check_ops(backend: &dyn Backend) -> Report {
    let mut report = Report::default();
    let mut run = |case: Result<Case>| report.note(judge(backend, case));
    elementwise::cases(&mut run);
    layout::cases(&mut run);
    reduction::cases(&mut run);
    window::cases(&mut run);
    report
}

/// Small programs that trip memory plans and fusion, and what [`crate::Executable::run`] promises.
pub fn check_programs(backend: &dyn Backend) -> Report {
    let mut report = Report::default();
    programs::cases(&mut |case| report.note(judge(backend, case)));
    loops::cases(&mut |case| report.note(judge(backend, case)));
    protocol::check(backend, &mut |name, result| {
        report.note(result.map_err(|problem| format!("{name}: {problem}")));
    });
    report
}

/// The random graphs of these seeds.
///
/// ```
/// use ferras_graph::{Interpreter, conformance};
/// assert!(conformance::check_random(&Interpreter, 0..3).is_ok());
/// ```
pub fn check_random(backend: &dyn Backend, seeds: std::ops::Range<u64>) -> Report {
    let mut report = Report::default();
    seeds.for_each(|seed| report.note(judge(backend, random_graph(seed))));
    report
}

fn judge(backend: &dyn Backend, case: Result<Case>) -> Result<(), String> {
    let case = case.map_err(|e| format!("a case of the suite cannot be built: {e}"))?;
    case.compare(backend, &case.graph)
}
