//! Running callbacks without training, for tests.
use super::callback::{Access, Course, Run, RunParams};
use super::step::trackers;
use crate::Result;
use crate::models::Model;
use ferras_graph::Tensor;

/// Calls `script` with a run of the compiled model for targets like `y`; gives whether it was
/// stopped.
pub(crate) fn scripted(
    model: &mut Model,
    y: &Tensor,
    script: impl FnOnce(&mut Run) -> Result<()>,
) -> Result<bool> {
    let targets = model.targets()?;
    let trackers = trackers(model, &targets, std::slice::from_ref(y))?;
    let states = trackers.start(model)?;
    let params = RunParams { validates: true, ..RunParams::default() };
    let mut course = Course::default();
    script(&mut Run {
        model: Access::Write(model),
        numbers: Some((&trackers, &states)),
        params: &params,
        course: &mut course,
    })?;
    Ok(course.stop)
}

/// Whether the run was stopped so far.
pub(crate) fn is_stopped(run: &Run) -> bool {
    run.course.stop
}
