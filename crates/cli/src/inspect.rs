//! `inspect`.
use crate::args::Inspect;
use crate::console::Console;
use crate::failure::Outcome;
use ferras::{Limits, inspect_within};
use serde_json::Value as Json;

pub(crate) fn run(args: &Inspect, console: Console, limits: &Limits) -> Outcome<Json> {
    let found = inspect_within(&args.file, limits)?;
    console.say(&found)?;
    Ok(found.to_json())
}
