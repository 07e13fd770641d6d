//! Watching one number of the logs: which way is better, and what to say where it is absent.
use crate::metrics::Direction;
use crate::{Error, Logs, Result, Run, console};

/// Which way is better, by the `mode` argument of a callback: `"min"`, `"max"`, or `"auto"` for
/// the metric's own direction.
pub(super) fn direction(monitor: &str, mode: &str, run: &Run) -> Result<Direction> {
    match mode {
        "min" => Ok(Direction::Down),
        "max" => Ok(Direction::Up),
        "auto" => run.direction(monitor),
        other => Err(Error::argument(
            "mode",
            format!("must be \"auto\", \"min\" or \"max\", got {other:?}"),
        )),
    }
}

/// Whether a value is better than another one, which NaN never is.
pub(super) fn is_better(direction: Direction, value: f64, than: f64) -> bool {
    match direction {
        Direction::Down => value < than,
        Direction::Up => value > than,
    }
}

/// Whether a value beats the one to beat by more than `min_delta`; anything beats nothing.
pub(super) fn beats(direction: Direction, value: f64, min_delta: f64, than: Option<f64>) -> bool {
    let less = match direction {
        Direction::Down => value + min_delta.abs(),
        Direction::Up => value - min_delta.abs(),
    };
    than.is_none_or(|than| is_better(direction, less, than))
}

/// Warns, once a run, that the number is not among the logs.
pub(super) fn warn_absent(callback: &str, monitor: &str, logs: &Logs, warned: &mut bool) {
    if !std::mem::replace(warned, true) {
        let names: Vec<&str> = logs.iter().map(|(name, _)| name).collect();
        console::warn(&format!(
            "{callback} watches {monitor:?}, which is not among the logs of this epoch: {}",
            names.join(", ")
        ));
    }
}
