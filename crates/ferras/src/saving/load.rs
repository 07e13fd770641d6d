//! Reading models and weights.
use super::assets;
use super::config::{Architecture, compile_from};
use super::kind::Wanted;
use super::legacy::Matching;
use super::open::{Opened, Stored, Weights, open};
use super::state::{Standing, State};
use crate::config::Scope;
use crate::containers::Limits;
use crate::containers::limits::Budget;
use crate::models::{Model, Network, Topology};
use crate::trainer::Place;
use crate::utils::listed;
use crate::{Error, Result, console};
use ferras_graph::Tensor;
use std::path::Path;
use std::sync::Arc;

/// How a model is loaded; Keras' arguments and their defaults.
///
/// ```
/// use ferras::prelude::*;
/// let error = Model::load_with("no/such.keras", Load::new().compile(false)).unwrap_err();
/// assert!(error.to_string().starts_with("cannot read no/such.keras"));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Load {
    pub(super) compile: bool,
    pub(super) limits: Limits,
}

impl Default for Load {
    fn default() -> Load {
        Load::new()
    }
}

impl Load {
    /// Compiles the model as it was when it was saved.
    pub fn new() -> Load {
        Load { compile: true, limits: Limits::default() }
    }

    /// Whether the model is compiled with what the file tells; true by default.
    pub fn compile(mut self, compile: bool) -> Load {
        self.compile = compile;
        self
    }

    /// What reading the file may cost.
    pub fn limits(mut self, limits: Limits) -> Load {
        self.limits = limits;
        self
    }
}

/// How weights are loaded; Keras' arguments and their defaults.
///
/// ```
/// use ferras::prelude::*;
/// let x = Input::new([3]);
/// let mut model = Model::new(&x, &Dense::new(2).apply(&x))?;
/// let how = LoadWeights::new().by_name(true).skip_mismatch(true);
/// let error = model.load_weights_with("no/such.h5", how).unwrap_err();
/// assert!(error.to_string().starts_with("cannot read no/such.h5"));
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct LoadWeights {
    matching: Matching,
    limits: Limits,
}

impl LoadWeights {
    /// By the layers' order; all must fit.
    pub fn new() -> LoadWeights {
        LoadWeights::default()
    }

    /// Whether layers find their weights by name instead of by order, those that are not in the
    /// file staying as they are; for files of Keras 1 and 2. False by default.
    pub fn by_name(mut self, by_name: bool) -> LoadWeights {
        self.matching.by_name = by_name;
        self
    }

    /// Whether layers whose weights do not fit stay as they are, with a warning; false by default.
    pub fn skip_mismatch(mut self, skip_mismatch: bool) -> LoadWeights {
        self.matching.skip_mismatch = skip_mismatch;
        self
    }

    /// What reading the file may cost.
    pub fn limits(mut self, limits: Limits) -> LoadWeights {
        self.limits = limits;
        self
    }
}

impl Model {
    /// The model in a file that Keras or Ferras wrote: `.keras`, or a whole-model `.h5` of Keras 1,
    /// 2 or 3, whatever the file is called. It is compiled as it was, and training goes on where it
    /// stopped.
    ///
    /// A file can do no harm: nothing in it is run, no other file is opened, and what it may cost is
    /// bounded, see [`Limits`]. Classes of your own must be registered before, with
    /// [`LayerRef::register`](crate::layers::LayerRef::register) and its likes.
    ///
    /// - **Errors** what is not a model, is damaged, or needs a class that is not known.
    /// - **Source** Keras 3 `saving.load_model`.
    ///
    /// ```
    /// use ferras::prelude::*;
    /// let path = std::env::temp_dir().join(format!("ferras-doc-load-{}.h5", std::process::id()));
    /// Sequential::new().add(Dense::new(1).input_dim(2)).build()?.save(&path)?;
    /// let model = Model::load(&path)?;
    /// assert_eq!(model.predict([[0.0_f32, 0.0]])?.to_f64_vec(), [0.0]);
    /// # std::fs::remove_file(&path).unwrap();
    /// # Ok::<(), ferras::Error>(())
    /// ```
    pub fn load(path: impl AsRef<Path>) -> Result<Model> {
        Model::load_with(path, Load::new())
    }

    /// [`Model::load`] with its arguments.
    pub fn load_with(path: impl AsRef<Path>, how: Load) -> Result<Model> {
        let path = path.as_ref();
        let (bytes, budget) = how.limits.read(path)?;
        from_bytes(&bytes, &budget, how, path)
    }

    /// Takes the values of all weights from a file: one that [`Model::save_weights`] or Keras wrote,
    /// or a whole model. Nothing changes unless all fit. Where the model is compiled and the file
    /// has the state of its optimizer, that is taken over too, as in Keras.
    pub fn load_weights(&mut self, path: impl AsRef<Path>) -> Result<()> {
        self.load_weights_with(path, LoadWeights::new())
    }

    /// [`Model::load_weights`] with its arguments.
    pub fn load_weights_with(&mut self, path: impl AsRef<Path>, how: LoadWeights) -> Result<()> {
        self.build_stack(None)?;
        let (path, network) = (path.as_ref(), self.network()?.clone());
        let (bytes, budget) = how.limits.read(path)?;
        let state = match open(&bytes, path, &budget, Wanted::Weights)? {
            Opened::Arrays(arrays) => State {
                weights: from_arrays(&arrays, &network, how.matching)
                    .map_err(|e| Error::file(path, e))?,
                ..State::default()
            },
            Opened::Model(stored) => self.read_weights(&stored.weights, how.matching, path)?,
            Opened::Weights(weights) => self.read_weights(&weights, how.matching, path)?,
        };
        self.restore(state)
    }

    /// The state in a file, where random numbers stand left out: the user's seed holds.
    fn read_weights(&mut self, file: &Weights<'_>, how: Matching, path: &Path) -> Result<State> {
        Ok(State { standing: Standing::default(), ..self.read_state(file, how, path)? })
    }

    fn read_state(&mut self, file: &Weights<'_>, how: Matching, path: &Path) -> Result<State> {
        let problem = |e: String| Error::file(path, e);
        let network = self.network()?.clone();
        let weights = file.read(&network, self.is_sequential(), how).map_err(problem)?;
        let mut state = State { weights, ..State::default() };
        let (kept, slots) = (self.optimizer_kept()?, self.optimizer_slots());
        if !kept.is_empty() {
            file.training(&kept, &slots, &mut state).map_err(problem)?;
        }
        Ok(state)
    }
}

/// The model in a file of this name that holds these bytes.
pub(super) fn from_bytes(bytes: &[u8], budget: &Budget, how: Load, path: &Path) -> Result<Model> {
    match open(bytes, path, budget, Wanted::Model)? {
        Opened::Model(stored) => build(&stored, how, path, budget),
        _ => Err(Error::file(
            path,
            "holds weights alone: put the model together and call load_weights",
        )),
    }
}

/// Takes a backup over; where its training stood.
pub(crate) fn restore_backup(model: &mut Model, path: &Path) -> Result<Place> {
    let no_backup = || Error::file(path, "is no backup of a training");
    let (bytes, budget) = Limits::default().read(path)?;
    let Opened::Weights(weights) = open(&bytes, path, &budget, Wanted::Weights)? else {
        return Err(no_backup());
    };
    let state = model.read_state(&weights, Matching::default(), path)?;
    let place = state.standing.place.ok_or_else(no_backup)?;
    model.restore(state)?;
    Ok(place)
}

/// The model of a file.
fn build(stored: &Stored<'_>, how: Load, path: &Path, budget: &Budget) -> Result<Model> {
    let problem = |e: Error| match e {
        Error::File { .. } | Error::Io { .. } => e,
        other => Error::file(path, format!("cannot be loaded: {other}")),
    };
    let scope = Scope::default();
    let architecture = Architecture::read(&stored.config, &scope).map_err(problem)?;
    architecture.check_values(&how.limits).map_err(problem)?;
    // Weights are read against the shapes of the configuration before anything is allocated.
    let values = match &architecture.topology {
        Topology::Built { network, sequential } => {
            let values = stored.weights.read(network, *sequential, Matching::default());
            let values = values.map_err(|e| Error::file(path, e))?;
            Some(values.into_iter().flatten().collect::<Vec<Tensor>>())
        }
        Topology::Stack(_) => None,
    };
    let stack = architecture.stack_name().map(String::from);
    let topology = with_assets(architecture.topology, stored, budget).map_err(problem)?;
    let mut model = Model::assemble(&architecture.name, topology, values)?;
    model.limits = Some(how.limits);
    if !how.compile {
        return Ok(model);
    }
    let outputs = model.network().map_or(1, |network| network.outputs.len());
    let arguments = compile_from(&stored.compiled, outputs, stack.as_deref(), &scope);
    let compiled = arguments.and_then(|arguments| match arguments {
        Some(arguments) => model.compile(arguments).map(|()| true),
        None => Ok(false),
    });
    let compiled = compiled.map_err(|e| {
        let way_out = "load it without, with Load::new().compile(false)";
        Error::file(path, format!("cannot be compiled as it was: {e}; {way_out}"))
    })?;
    if compiled && model.is_built() {
        // A few numbers of a file may ask for them, and packed zeros for their weights.
        let bytes = model.optimizer_bytes();
        let room = budget.take(bytes, || "what its optimizer keeps".into());
        room.map_err(|e| Error::file(path, e))?;
        let (kept, slots) = (model.optimizer_kept()?, model.optimizer_slots());
        let mut state = State::default();
        let read = stored.weights.training(&kept, &slots, &mut state);
        read.map_err(|e| Error::file(path, e))?;
        model.restore(state)?;
    }
    Ok(model)
}

/// A network whose layers have what the file keeps of them beside the configuration.
fn with_assets(topology: Topology, stored: &Stored<'_>, budget: &Budget) -> Result<Topology> {
    let Topology::Built { network, sequential } = topology else { return Ok(topology) };
    let Stored { vocabularies, weights, .. } = stored;
    let file = assets::Kept { vocabularies, weights, budget };
    let new = assets::restored(&network, sequential, file, "")?;
    Ok(Topology::Built { network: new.map_or(network, Arc::new), sequential })
}

/// The values of a network's weights among arrays that have their paths for names.
fn from_arrays(
    arrays: &[(String, Tensor)],
    network: &Network,
    how: Matching,
) -> crate::containers::limits::Result<Vec<Option<Tensor>>> {
    let find = |spec: &crate::layers::WeightSpec| {
        let (path, expected) = (spec.path(), &spec.ty().shape);
        let found = arrays.iter().find(|(name, _)| name == path).map(|(_, value)| value);
        let problem = match found {
            Some(value) if value.shape() == expected => return Ok(Some(value.clone())),
            Some(value) => format!(
                "holds {path:?} of shape {}, but the model's has shape {expected}",
                value.shape()
            ),
            None if how.by_name => return Ok(None),
            None => {
                let names: Vec<&str> = arrays.iter().map(|(name, _)| name.as_str()).collect();
                format!("holds no array {path:?}{}", crate::config::suggest(path, &names))
            }
        };
        if how.skip_mismatch {
            console::warn(&format!("the file {problem}; the weight stays as it is"));
            return Ok(None);
        }
        Err(problem)
    };
    let own = |name: &str| network.weights.iter().any(|spec| spec.path() == name);
    let more: Vec<&str> = arrays.iter().map(|(n, _)| n.as_str()).filter(|n| !own(n)).collect();
    if !more.is_empty() && !how.by_name && !how.skip_mismatch {
        return Err(format!("holds weights the model does not have: {}", listed(more)));
    }
    network.weights.iter().map(find).collect()
}
