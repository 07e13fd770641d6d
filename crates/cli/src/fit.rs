//! `fit`.
use crate::args::Fit;
use crate::console::{self, Console};
use crate::data::{self, Role};
use crate::failure::{Failure, Outcome, option};
use crate::format::check_model;
use crate::load::{Loaded, Wanted, load};
use crate::place::{check_place, same, spared};
use ferras::{Error, History, Limits, plot};
use serde_json::{Value as Json, json};
use std::path::{Path, PathBuf};

pub(crate) fn run(args: &Fit, console: Console, limits: &Limits) -> Outcome<Json> {
    check(args)?;
    if let Some(seed) = args.seed {
        ferras::set_random_seed(seed);
    }
    let mut loaded = prepared(args, limits)?;
    let history = train(args, &mut loaded, console, limits)?;
    worth_keeping(args, &history)?;
    loaded.model.save(&args.output)?;
    let output = args.output.display();
    record(args, &history).map_err(|failure| match failure {
        Failure::Work(problem) => {
            Failure::Work(format!("{problem}; the model was written to {output}"))
        }
        other => other,
    })?;
    console.note(format!("wrote {output}"))?;
    Ok(json!({"output": output.to_string(), "history": history.to_json()}))
}

/// Writes how training went, where that is wanted.
fn record(args: &Fit, history: &History) -> Outcome<()> {
    if let Some(path) = &args.history {
        history.save(path)?;
    }
    if let Some(folder) = &args.plots {
        let [course, times] = figures(folder);
        plot::history(history).save(course)?;
        plot::epoch_times(&history.seconds).save(times)?;
    }
    Ok(())
}

/// Everything that can be wrong without any work being done.
fn check(args: &Fit) -> Outcome<()> {
    check_model(&args.output)?;
    check_place(&args.output, "--output")?;
    let inputs = [Some(&args.x), Some(&args.y), args.val_x.as_ref(), args.val_y.as_ref()];
    let read = data::files(inputs.into_iter().flatten())?;
    let read = read.iter().chain([&args.source.path]).map(PathBuf::as_path).collect::<Vec<_>>();
    if let Some(path) = &args.history {
        let ending = path.extension().map(|e| e.to_string_lossy().to_ascii_lowercase());
        if !matches!(ending.as_deref(), Some("json" | "csv")) {
            let problem = "is no name for a history: it must end in .json or .csv";
            return Err(Failure::Usage(format!("{}: {problem}", path.display())));
        }
        check_place(path, "--history")?;
        spared(path, "--history", &read)?;
    }
    if let Some(folder) = &args.plots {
        if folder.exists() && !folder.is_dir() {
            return Err(Failure::Usage(format!("--plots: {} is no folder", folder.display())));
        }
        make_folder(folder)?;
        for path in figures(folder) {
            check_place(&path, "--plots")?;
            spared(&path, "--plots", &read)?;
        }
    }
    Ok(())
}

/// The figures of a run: how it went, and how long its epochs took.
fn figures(folder: &Path) -> [PathBuf; 2] {
    ["history.svg", "epoch_times.svg"].map(|name| folder.join(name))
}

/// A warning for a model that learned nothing but NaN; an error if a good one would be lost to it.
fn worth_keeping(args: &Fit, history: &History) -> Outcome<()> {
    let Some(loss) = history.last("loss").filter(|loss| !loss.is_finite()) else { return Ok(()) };
    let problem = format!("the loss is {loss}: look at the data, or give a lower --learning-rate");
    if same(&args.output, &args.source.path) {
        let output = args.output.display();
        return Err(Failure::Work(format!("{problem}; {output} is left as it was")));
    }
    console::warn(problem);
    Ok(())
}

fn make_folder(folder: &Path) -> Outcome<()> {
    Ok(std::fs::create_dir_all(folder).map_err(ferras::Error::io("make the folder", folder))?)
}

/// The model, compiled with what it holds and what the command line says.
fn prepared(args: &Fit, limits: &Limits) -> Outcome<Loaded> {
    let wanted = Wanted { optimizer: args.optimizer.as_deref(), judged: &args.judged };
    let mut loaded = load(&args.source, wanted.compiled(), limits)?;
    let resumes = loaded.model.compiled_with().is_some() && !loaded.initial;
    wanted.compile(&mut loaded)?;
    if resumes && args.optimizer.is_none() && !args.judged_as_saved() {
        console::warn("the model is compiled anew: its optimizer begins anew");
    }
    if let Some(rate) = args.learning_rate {
        loaded.model.set_learning_rate(rate).map_err(option("--learning-rate"))?;
    }
    Ok(loaded)
}

impl Fit {
    fn judged_as_saved(&self) -> bool {
        self.judged.loss.is_empty() && self.judged.metrics.is_empty()
    }
}

fn train(args: &Fit, loaded: &mut Loaded, console: Console, limits: &Limits) -> Outcome<History> {
    let model = &mut loaded.model;
    let x = data::read(&args.x, Role::X, model, limits)?;
    let y = data::read(&args.y, Role::Y, model, limits)?;
    let mut how = ferras::Fit::new()
        .epochs(args.epochs)
        .batch_size(args.batch_size)
        .shuffle(!args.no_shuffle)
        .verbose(console.verbose(2));
    if let Some(share) = args.validation_split {
        how = how.validation_split(share);
    }
    if let (Some(val_x), Some(val_y)) = (&args.val_x, &args.val_y) {
        let val_x = data::read(val_x, Role::X, model, limits)?;
        let val_y = data::read(val_y, Role::Y, model, limits)?;
        how = how.validation_data(val_x, val_y);
    }
    model.fit(x, y, how).map_err(|error| match &error {
        Error::Argument { name, .. } if name == "validation_split" => {
            option("--validation-split")(error)
        }
        _ => error.into(),
    })
}
