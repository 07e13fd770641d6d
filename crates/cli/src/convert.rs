//! `convert`.
use crate::args::Convert;
use crate::console::{self, Console};
use crate::failure::Outcome;
use crate::format::Target;
use crate::load::{Compiled, Loaded, load};
use crate::place::{check_place, spared};
use ferras::{Format, Limits};
use serde_json::{Value as Json, json};

pub(crate) fn run(args: &Convert, console: Console, limits: &Limits) -> Outcome<Json> {
    let target = Target::of(&args.output, args.weights_only)?;
    check_place(&args.output, "OUT")?;
    let loaded = load(&args.source, Compiled::IfPossible, limits)?;
    let (path, lost) = (&args.output, lost(&loaded, target));
    if !lost.is_empty() {
        spared(path, "OUT", &[&args.source.path])?;
    }
    let model = &loaded.model;
    match target {
        Target::Model => model.save(path)?,
        Target::Weights(_) => model.save_weights(path)?,
        Target::Json => write(path, &model.to_json()?)?,
        Target::Yaml => write(path, &model.to_yaml()?)?,
    }
    console.note(format!("wrote {}", path.display()))?;
    lost.iter().for_each(console::warn);
    Ok(json!({"output": path.display().to_string(), "lost": lost}))
}

fn write(path: &std::path::Path, text: &str) -> Outcome<()> {
    Ok(ferras::write_atomic(path, text.as_bytes())?)
}

/// What the new file does not have, a sentence each.
fn lost(loaded: &Loaded, target: Target) -> Vec<String> {
    let mut lost = Vec::new();
    let compiled = loaded.model.compiled_with().is_some();
    if let Some(problem) = &loaded.not_compiled {
        lost.push(format!("what the model was compiled with is left out: {problem}"));
    }
    if loaded.initial && !matches!(target, Target::Json | Target::Yaml) {
        lost.push("the input holds no weights: those written are initial ones".into());
    }
    match target {
        Target::Model => {}
        Target::Weights(format) => {
            lost.push("the architecture is not in a file of weights: keep the model's file".into());
            if compiled && format == Format::WeightsH5 {
                lost.push("loss and metrics are not in a file of weights".into());
            } else if compiled {
                lost.push("loss, metrics and the optimizer's state are not in such a file".into());
            }
        }
        Target::Json | Target::Yaml if loaded.initial => {}
        Target::Json | Target::Yaml => {
            let state = if compiled { " and the optimizer's state are" } else { " are" };
            lost.push(format!("the weights{state} not in an architecture"));
        }
    }
    lost
}
