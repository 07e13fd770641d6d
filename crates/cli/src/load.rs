//! Models from files of any kind.
use crate::args::{Judged, Source};
use crate::console;
use crate::failure::{Failure, Outcome, usage, words};
use crate::format;
use ferras::models::Model;
use ferras::{Compile, Error, Limits, Load, LoadWeights};
use std::io::Read;
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
    if let Some(kind) = format::architecture(path) {
        let model = architecture(path, kind, limits)?;
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

/// The model of a text, which is no larger than any architecture.
fn architecture(path: &Path, kind: format::Target, limits: &Limits) -> Outcome<Model> {
    const LARGEST: u64 = 256 << 20;
    let io = || Error::io("read", path);
    let mut text = String::new();
    // A device has no true length.
    let file = std::fs::File::open(path).map_err(io())?;
    file.take(LARGEST + 1).read_to_string(&mut text).map_err(io())?;
    if text.len() as u64 > LARGEST {
        let problem = format!("has more than {LARGEST} bytes: no architecture has");
        return Err(Error::file(path, problem).into());
    }
    let how = Load::new().limits(*limits);
    let model = match kind {
        format::Target::Yaml => Model::from_yaml_with(&text, how),
        _ => Model::from_json_with(&text, how),
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
            arguments = arguments.optimizer(optimizer);
        }
        if !self.judged.loss.is_empty() {
            arguments = losses(arguments, &self.judged.loss)?;
        }
        if !self.judged.metrics.is_empty() {
            arguments = arguments.without_metrics().metrics(self.judged.metrics.clone());
        }
        model.compile(arguments).map_err(usage)
    }
}

/// One loss for all outputs, or `OUTPUT=LOSS` for each.
fn losses(arguments: Compile, given: &[String]) -> Outcome<Compile> {
    let pairs: Vec<_> = given.iter().filter_map(|text| text.split_once('=')).collect();
    match given {
        [loss] if pairs.is_empty() => Ok(arguments.loss(loss.as_str())),
        several if pairs.is_empty() => Ok(arguments.losses(several.to_vec())),
        all if pairs.len() == all.len() => {
            let empty = arguments.losses(Vec::<String>::new());
            Ok(pairs.iter().fold(empty, |a, (output, loss)| a.loss_for(*output, *loss)))
        }
        _ => Err(Failure::Usage(
            "--loss: some name their output and some do not; write OUTPUT=LOSS for each".into(),
        )),
    }
}
