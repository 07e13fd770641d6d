//! `evaluate`.
use crate::args::Evaluate;
use crate::console::Console;
use crate::data::{self, Role};
use crate::failure::Outcome;
use crate::load::{Wanted, load};
use crate::predict::no_weights;
use ferras::{Limits, Logs};
use serde_json::{Map, Value as Json, json};

pub(crate) fn run(args: &Evaluate, console: Console, limits: &Limits) -> Outcome<Json> {
    data::files([&args.x, &args.y])?;
    let wanted = Wanted { optimizer: None, judged: &args.judged };
    let mut loaded = load(&args.source, wanted.compiled(), limits)?;
    no_weights(loaded.initial, &args.source.path)?;
    wanted.compile(&mut loaded)?;
    let model = loaded.model;
    let x = data::read(&args.x, Role::X, &model, limits)?;
    let y = data::read(&args.y, Role::Y, &model, limits)?;
    let verbose = console.verbose(0);
    let how = ferras::Evaluate::new().batch_size(args.batch_size).verbose(verbose);
    let logs = model.evaluate_with(x, y, how)?;
    // A bar ends with them.
    if verbose == 0 {
        console.say(&logs)?;
    }
    Ok(numbers(&logs))
}

/// Numbers by name; what is not finite is null.
pub(crate) fn numbers(logs: &Logs) -> Json {
    Json::Object(
        logs.iter().map(|(name, value)| (name.into(), json!(value))).collect::<Map<_, _>>(),
    )
}
