//! Models from files of any kind.
use crate::args::{Judged, Source};
use crate::console;
use crate::failure::{Failure, Outcome, option, usage, words};
use crate::format;
use ferras::config::{Family, Identifier};
use ferras::metrics::MetricFn;
use ferras::models::Model;
use ferras::optimizers::OptimizerFn;
use ferras::{Compile, Error, Limits, Load, LoadWeights};
use std::path::Path;

/// What becomes of what a model was compiled with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Compiled {
    /// Not looked at.
    Ignored,
    /// The model is compiled as it was.
    AsSaved,
    /// The model is compiled as it was, or not at all where that cannot be.
    IfPossible,
}

/// A model, and what is to be told of it.
pub(crate) struct Loaded {
    pub(crate) model: Model,
    /// Whether its weights are initial ones, since no file has them.
    pub(crate) initial: bool,
    /// Why it could not be compiled as it was.
    pub(crate) not_compiled: Option<String>,
}

/// The model of a file, or of an architecture and a file of weights.
pub(crate) fn load(source: &Source, compiled: Compiled, limits: &Limits) -> Outcome<Loaded> {
    let Some(architecture) = &source.architecture else {
        return whole(&source.path, compiled, limits);
    };
    let mut loaded = whole(architecture, compiled, limits)?;
    let how = LoadWeights::new().limits(*limits);
    loaded.model.load_weights_with(&source.path, how)?;
    loaded.initial = false;
    Ok(loaded)
}

fn whole(path: &Path, compiled: Compiled, limits: &Limits) -> Outcome<Loaded> {
    if let Some(kind) = format::architecture(path)
        && let Some(text) = text(path)?
    {
        let model = architecture(path, &text, kind, limits)?;
        return Ok(Loaded { model, initial: true, not_compiled: None });
    }
    let how = Load::new().limits(*limits);
    let bare = || Model::load_with(path, how.compile(false));
    let (model, not_compiled) = match compiled {
        Compiled::Ignored => (bare()?, None),
        Compiled::AsSaved => (Model::load_with(path, how)?, None),
        Compiled::IfPossible => match Model::load_with(path, how) {
            Ok(model) => (model, None),
            // What is wrong besides is told by the second attempt.
            Err(error) => (bare()?, Some(words(&error))),
        },
    };
    Ok(Loaded { model, initial: false, not_compiled })
}

/// The text of a file, which is no larger than any architecture; none if it holds something else.
fn text(path: &Path) -> Outcome<Option<String>> {
    let bytes = Limits::new().file_bytes(Limits::STREAM_BYTES).read_bytes(path)?;
    // Of what is empty the library says so.
    Ok(String::from_utf8(bytes).ok().filter(|text| !text.is_empty()))
}

/// The model of a text.
fn architecture(path: &Path, text: &str, kind: format::Target, limits: &Limits) -> Outcome<Model> {
    let how = Load::new().limits(*limits);
    let model = match kind {
        format::Target::Yaml => Model::from_yaml_with(text, how),
        _ => Model::from_json_with(text, how),
    };
    model.map_err(|e| match e {
        Error::File { .. } => e.into(),
        other => Error::file(path, other.to_string()).into(),
    })
}

/// What training and judging need beyond the model's file.
pub(crate) struct Wanted<'a> {
    pub(crate) optimizer: Option<&'a str>,
    pub(crate) judged: &'a Judged,
}

impl Wanted<'_> {
    fn is_nothing(&self) -> bool {
        self.optimizer.is_none() && self.judged.loss.is_empty() && self.judged.metrics.is_empty()
    }

    /// How the model's file is read.
    pub(crate) fn compiled(&self) -> Compiled {
        match self.judged.loss.is_empty() {
            true => Compiled::AsSaved,
            false => Compiled::IfPossible,
        }
    }

    /// Compiles a model with what is wanted; what is not given stays as it was saved.
    pub(crate) fn compile(&self, loaded: &mut Loaded) -> Outcome<()> {
        let model = &mut loaded.model;
        let saved = model.compiled_with().cloned();
        if saved.is_none() && self.judged.loss.is_empty() {
            return Err(Failure::Usage(format!(
                "model {:?} was saved without being compiled: give --loss (and --metrics{})",
                model.name(),
                if self.optimizer.is_some() { "" } else { ", for fit --optimizer" }
            )));
        }
        if let Some(problem) = &loaded.not_compiled {
            console::warn(problem);
        }
        if self.is_nothing() {
            return Ok(());
        }
        let mut arguments = saved.unwrap_or_default();
        if let Some(optimizer) = self.optimizer {
            enough::<dyn OptimizerFn>("--optimizer", optimizer)?;
            arguments = arguments.optimizer(optimizer);
        }
        // A stack whose input is not known has one that has no name yet.
        let outputs = model.network().map(|n| n.output_names()).unwrap_or_default();
        arguments = losses(arguments, &self.judged.loss, &outputs)?;
        arguments = metrics(arguments, &self.judged.metrics, &outputs)?;
        model.compile(arguments).map_err(|error| match &error {
            Error::Argument { name, .. } if matches!(&name[..], "loss" | "metrics") => {
                option(&format!("--{name}"))(error)
            }
            _ => usage(error),
        })
    }
}

/// What an option says of all outputs, or of each by its name.
enum Said<'a> {
    All(Vec<&'a str>),
    Each(Vec<(&'a str, &'a str)>),
}

impl Said<'_> {
    fn of<'a>(option: &str, given: &'a [String]) -> Outcome<Said<'a>> {
        let pairs: Vec<_> = given.iter().filter_map(|text| text.split_once('=')).collect();
        if pairs.is_empty() {
            return Ok(Said::All(given.iter().map(String::as_str).collect()));
        }
        let is_second = |(i, pair): &(usize, &(&str, &str))| {
            pairs.iter().take(*i).any(|before| before.0 == pair.0)
        };
        if let Some((_, (output, _))) = pairs.iter().enumerate().find(is_second) {
            return Err(Failure::Usage(format!("{option}: output {output:?} is named twice")));
        }
        match pairs.len() == given.len() {
            true => Ok(Said::Each(pairs)),
            false => Err(Failure::Usage(format!(
                "{option}: some name their output and some do not; write OUTPUT=NAME for each"
            ))),
        }
    }
}

/// An error for the name of a class that has arguments which must be given; one that nothing has is
/// told when the model is compiled.
fn enough<T: Family + ?Sized>(option: &str, name: &str) -> Outcome<()> {
    match Identifier::<T>::from(name).get() {
        Err(Error::Argument { .. }) => Err(Failure::Usage(format!(
            "{option}: {name:?} needs arguments, which its name does not give; --help lists the names \
             that say all"
        ))),
        _ => Ok(()),
    }
}

/// Other losses in place of the saved ones; outputs that are not named keep theirs.
fn losses(saved: Compile, given: &[String], outputs: &[&str]) -> Outcome<Compile> {
    Ok(match Said::of("--loss", given)? {
        Said::All(all) => match all[..] {
            [] => saved,
            [loss] => saved.loss(loss),
            _ => saved.losses(all),
        },
        Said::Each(pairs) => {
            let saved = saved.by_output(outputs).map_err(usage)?;
            pairs.iter().fold(saved, |c, (output, loss)| c.loss_for(*output, *loss))
        }
    })
}

/// The same of metrics.
fn metrics(saved: Compile, given: &[String], outputs: &[&str]) -> Outcome<Compile> {
    fn names(list: &str) -> impl Iterator<Item = &str> {
        list.split(',').map(str::trim)
    }
    let lists = given.iter().map(|text| text.split_once('=').map_or(&text[..], |(_, list)| list));
    lists.flat_map(names).try_for_each(|name| enough::<dyn MetricFn>("--metrics", name))?;
    Ok(match Said::of("--metrics", given)? {
        Said::All(none) if none.is_empty() => saved,
        Said::All(lists) => saved.without_metrics().metrics(lists.into_iter().flat_map(names)),
        Said::Each(pairs) => {
            let saved = saved.by_output(outputs).map_err(usage)?;
            pairs.iter().fold(saved, |c, (output, list)| {
                c.without_metrics_for(output).metrics_for(*output, names(list))
            })
        }
    })
}
