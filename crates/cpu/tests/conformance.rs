//! The suite that every back end must pass.
use ferras_cpu::Cpu;
use ferras_graph::conformance;

#[test]
fn on_one_thread() {
    let report = conformance::check(&Cpu::with_threads(1));
    assert!(report.is_ok(), "{report}");
}

#[test]
fn on_three_threads() {
    let report = conformance::check(&Cpu::with_threads(3));
    assert!(report.is_ok(), "{report}");
}
