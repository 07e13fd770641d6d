//! Building: a layer sees the shapes of its inputs and asks for weights.
use super::{Layer, LayerRef};
use crate::config::{ConfigValue, DTypePolicy, ElementType, Scope};
use crate::constraints::Constraint;
use crate::initializers::Initializer;
use crate::regularizers::Regularizer;
use crate::{Error, Result};
use ferras_graph::{DType, Shape, Tensor, TensorType};
use serde_json::Value as Json;
use std::fmt;
use std::ops::Deref;

/// A shape some of whose sizes are open (`None`), as the batch axis of every layer.
///
/// ```
/// use ferras::layers::PartialShape;
/// let shape = PartialShape::from([28, 28, 1]).batched();
/// assert_eq!(shape.to_string(), "(None, 28, 28, 1)");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub struct PartialShape(Vec<Option<usize>>);

impl PartialShape {
    /// The same with an open batch axis in front.
    pub fn batched(&self) -> PartialShape {
        PartialShape([&[None], &self.0[..]].concat())
    }

    /// All sizes, if none is open.
    pub fn known(&self) -> Option<Shape> {
        self.0.iter().copied().collect::<Option<Vec<usize>>>().map(Shape::from)
    }

    /// The concrete shape with `size` in place of each open one.
    pub(crate) fn fill(&self, size: usize) -> Shape {
        self.0.iter().map(|d| d.unwrap_or(size)).collect()
    }

    /// What two concrete shapes of different fillings agree on.
    pub(crate) fn common(a: &Shape, b: &Shape) -> PartialShape {
        PartialShape(a.iter().zip(b.iter()).map(|(&a, &b)| (a == b).then_some(a)).collect())
    }
}

impl Deref for PartialShape {
    type Target = [Option<usize>];
    fn deref(&self) -> &[Option<usize>] {
        &self.0
    }
}

impl From<Vec<Option<usize>>> for PartialShape {
    fn from(dims: Vec<Option<usize>>) -> PartialShape {
        PartialShape(dims)
    }
}

impl<const N: usize> From<[Option<usize>; N]> for PartialShape {
    fn from(dims: [Option<usize>; N]) -> PartialShape {
        PartialShape(dims.to_vec())
    }
}

impl<const N: usize> From<[usize; N]> for PartialShape {
    fn from(dims: [usize; N]) -> PartialShape {
        PartialShape(dims.into_iter().map(Some).collect())
    }
}

impl From<&[usize]> for PartialShape {
    fn from(dims: &[usize]) -> PartialShape {
        PartialShape(dims.iter().copied().map(Some).collect())
    }
}

impl From<Vec<usize>> for PartialShape {
    fn from(dims: Vec<usize>) -> PartialShape {
        PartialShape::from(&dims[..])
    }
}

impl From<usize> for PartialShape {
    fn from(size: usize) -> PartialShape {
        PartialShape::from([size])
    }
}

impl From<&Shape> for PartialShape {
    fn from(shape: &Shape) -> PartialShape {
        PartialShape::from(&shape[..])
    }
}

impl fmt::Display for PartialShape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(")?;
        for (i, dim) in self.0.iter().enumerate() {
            f.write_str(if i > 0 { ", " } else { "" })?;
            match dim {
                Some(d) => write!(f, "{d}")?,
                None => f.write_str("None")?,
            }
        }
        f.write_str(if self.len() == 1 { ",)" } else { ")" })
    }
}

/// Element type and shape of a symbolic tensor.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TensorSpec {
    /// Type of the elements.
    pub dtype: ElementType,
    /// Sizes, batch axis first.
    pub shape: PartialShape,
}

/// A weight that a layer asked for.
#[derive(Clone, Debug)]
pub struct WeightSpec {
    pub(crate) path: String,
    /// The paths under which Keras 3's weights files keep it: mostly its own alone.
    pub(crate) stored: Vec<String>,
    pub(crate) ty: TensorType,
    pub(crate) initializer: Initializer,
    pub(crate) regularizer: Option<Regularizer>,
    pub(crate) constraint: Option<Constraint>,
    pub(crate) trainable: bool,
    /// A value to start from instead of the initializer's.
    pub(crate) value: Option<Tensor>,
    /// Whether the layer reads it in the type it computes in.
    pub(crate) autocast: bool,
    /// Whether it is no weight, but a value that goes from batch to batch.
    pub(crate) carried: bool,
}

impl WeightSpec {
    /// The rule for the initial value; zeros by default.
    pub fn initializer(&mut self, initializer: &Initializer) -> &mut WeightSpec {
        self.initializer = initializer.clone();
        self
    }

    /// The penalty on the weight.
    pub fn regularizer(&mut self, regularizer: &Option<Regularizer>) -> &mut WeightSpec {
        self.regularizer = regularizer.clone();
        self
    }

    /// The projection after each update.
    pub fn constraint(&mut self, constraint: &Option<Constraint>) -> &mut WeightSpec {
        self.constraint = constraint.clone();
        self
    }

    /// A weight that the optimizer leaves alone, as moving statistics.
    pub fn frozen(&mut self) -> &mut WeightSpec {
        self.trainable = false;
        self
    }

    /// Element type other than the layer's.
    pub fn dtype(&mut self, dtype: DType) -> &mut WeightSpec {
        self.ty.dtype = dtype;
        self
    }

    /// A weight that the layer reads in the type it is kept in, where others are cast to the type of
    /// the computation: statistics, for example, which 16 bits are too few for.
    pub fn uncast(&mut self) -> &mut WeightSpec {
        self.autocast = false;
        self
    }

    /// A value to start from instead of the initializer's.
    pub fn value(&mut self, value: &Tensor) -> &mut WeightSpec {
        self.value = Some(value.clone());
        self
    }

    /// Layer path and weight name, as `dense/kernel`.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Element type and shape.
    pub fn ty(&self) -> &TensorType {
        &self.ty
    }

    /// Whether the optimizer changes it.
    pub fn is_trainable(&self) -> bool {
        self.trainable
    }
}

/// What a layer's `build` works with: its inputs' shapes, and the list of weights it fills.
#[derive(Debug)]
pub struct Build<'a> {
    layer: String,
    class: &'static str,
    path: String,
    /// What the paths in weights files begin with.
    store: String,
    dtype: DType,
    policy: DTypePolicy,
    trainable: bool,
    inputs: &'a [TensorSpec],
    weights: Vec<WeightSpec>,
}

impl<'a> Build<'a> {
    /// Builds a layer of this name; its weights' paths begin with `path`.
    pub(crate) fn run(
        layer: &LayerRef,
        name: &str,
        path: &str,
        trainable: bool,
        inputs: &'a [TensorSpec],
    ) -> Result<Vec<WeightSpec>> {
        Build::run_stored(layer, name, [path, path], trainable, inputs)
    }

    /// The same, where paths in weights files begin in another way.
    fn run_stored(
        layer: &LayerRef,
        name: &str,
        [path, store]: [&str; 2],
        trainable: bool,
        inputs: &'a [TensorSpec],
    ) -> Result<Vec<WeightSpec>> {
        let info = &layer.0;
        let at = |e: Error| {
            let (layer, class) = (name.to_string(), info.layer.class_name().to_string());
            Error::Layer { layer, class, problem: e.to_string() }
        };
        let mut build = Build {
            layer: name.into(),
            class: info.layer.class_name(),
            path: path.into(),
            store: store.into(),
            dtype: info.dtype.variable_dtype().map_err(at)?,
            policy: info.dtype.clone(),
            trainable: trainable && info.trainable,
            inputs,
            weights: Vec::new(),
        };
        let built = info.layer.build(&mut build).and_then(|()| build.check_weights());
        // Mistakes in arguments do not know whose they are.
        built.map_err(|e| match e {
            Error::Layer { .. } => e,
            other => build.error(other.to_string()),
        })?;
        Ok(build.weights)
    }

    /// Looks up what weights are made and treated with, so that unknown names and arguments out of
    /// range surface here.
    fn check_weights(&self) -> Result<()> {
        for spec in &self.weights {
            spec.initializer.get()?;
            if let Some(regularizer) = &spec.regularizer {
                regularizer.get()?.check()?;
            }
            if let Some(constraint) = &spec.constraint {
                constraint.get()?.check(&spec.ty.shape)?;
            }
        }
        Ok(())
    }

    /// The only input's shape, with checks; an error if there are several.
    pub fn input(&self) -> Result<ShapeCheck<'_>> {
        match self.inputs {
            [spec] => Ok(ShapeCheck { build: self, shape: &spec.shape }),
            other => Err(self.error(format!("expected one input, got {}", other.len()))),
        }
    }

    /// All inputs, element type and shape.
    pub fn inputs(&self) -> &'a [TensorSpec] {
        self.inputs
    }

    /// Asks for a weight; options are methods of what is returned.
    pub fn weight(&mut self, name: &str, shape: impl Into<Shape>) -> &mut WeightSpec {
        let spec = WeightSpec {
            path: format!("{}/{name}", self.path),
            stored: vec![format!("{}/{name}", self.store)],
            ty: TensorType::new(self.dtype, shape),
            initializer: "zeros".into(),
            regularizer: None,
            constraint: None,
            trainable: self.trainable,
            value: None,
            autocast: true,
            carried: false,
        };
        self.weights.push(spec);
        let last = self.weights.len() - 1;
        &mut self.weights[last]
    }

    /// Asks for a value that goes from one batch to the next, in training, evaluation and prediction
    /// alike: a call finds it as it does a weight, and replaces it by
    /// [`Call::update`](super::Call::update). It is none of the model's weights, begins as zeros, and
    /// does so again after [`Model::reset_states`](crate::models::Model::reset_states).
    pub fn carry(&mut self, name: &str, shape: impl Into<Shape>) -> &mut WeightSpec {
        let spec = self.weight(name, shape).frozen();
        spec.carried = true;
        spec
    }

    /// Builds a layer inside this one, under its own name; the same name is given to
    /// [`Call::child`](super::Call::child).
    pub fn child(&mut self, name: &str, layer: &LayerRef, inputs: &[TensorSpec]) -> Result<()> {
        self.child_stored(name, name, layer, inputs)
    }

    /// The same for a layer that Keras' weights files keep under another name, that of the attribute
    /// which holds it in Keras.
    pub(crate) fn child_stored(
        &mut self,
        name: &str,
        stored: &str,
        layer: &LayerRef,
        inputs: &[TensorSpec],
    ) -> Result<()> {
        let paths = [format!("{}/{name}", self.path), format!("{}/{stored}", self.store)];
        let paths = [&paths[0][..], &paths[1]];
        let weights = Build::run_stored(layer, name, paths, self.trainable, inputs)?;
        self.weights.extend(weights);
        Ok(())
    }

    /// A weight of a layer inside, which weights files keep as one of this layer's own too, under
    /// this name.
    pub(crate) fn share(&mut self, inside: &str, name: &str) -> Option<&WeightSpec> {
        let path = format!("{}/{inside}", self.path);
        let spec = self.weights.iter_mut().find(|spec| spec.path == path)?;
        spec.stored.push(format!("{}/{name}", self.store));
        Some(spec)
    }

    /// Puts the layer's own weights, those that it [shares](Build::share) among them, in front of those
    /// of layers inside, as Keras lists them.
    pub(crate) fn own_first(&mut self) {
        let start = format!("{}/", self.path);
        let is_inside = |spec: &WeightSpec| {
            let own = spec.path.strip_prefix(&start).unwrap_or(&spec.path);
            spec.stored.len() == 1 && own.contains('/')
        };
        self.weights.sort_by_key(is_inside);
    }

    /// An error unless the argument is at least `least`.
    pub fn at_least(&self, argument: &str, value: usize, least: usize) -> Result<()> {
        if value < least {
            return Err(self.error(format!("{argument} must be at least {least}, got {value}")));
        }
        Ok(())
    }

    /// The error of this layer with the given problem.
    pub fn error(&self, problem: impl Into<String>) -> Error {
        let (layer, class) = (self.layer.clone(), self.class.to_string());
        Error::Layer { layer, class, problem: problem.into() }
    }
}

/// The shape of an input under examination; each check passes it on or names what is wrong.
#[derive(Clone, Copy, Debug)]
pub struct ShapeCheck<'a> {
    build: &'a Build<'a>,
    shape: &'a PartialShape,
}

impl<'a> ShapeCheck<'a> {
    /// At least so many axes, the batch axis counted.
    pub fn min_rank(self, rank: usize) -> Result<ShapeCheck<'a>> {
        if self.shape.len() < rank {
            return Err(self.mismatch(&format!("at least {rank}")));
        }
        Ok(self)
    }

    /// Exactly so many axes, the batch axis counted.
    pub fn rank(self, rank: usize) -> Result<ShapeCheck<'a>> {
        if self.shape.len() != rank {
            return Err(self.mismatch(&rank.to_string()));
        }
        Ok(self)
    }

    /// The size of an axis (negative: from the end), which must be known.
    pub fn known(self, axis: isize) -> Result<usize> {
        let shape = self.shape;
        let index = if axis < 0 { axis + shape.len() as isize } else { axis };
        match usize::try_from(index).ok().and_then(|i| shape.get(i)) {
            Some(Some(size)) => Ok(*size),
            Some(None) => Err(self.build.error(format!(
                "the size of axis {axis} of its input must be known, got shape {shape}"
            ))),
            None => Err(self.build.error(format!("its input of shape {shape} has no axis {axis}"))),
        }
    }

    /// The shape, batch axis first.
    pub fn shape(self) -> &'a PartialShape {
        self.shape
    }

    fn mismatch(&self, expected: &str) -> Error {
        let (shape, found) = (self.shape, self.shape.len());
        self.build.error(format!("expected an input of rank {expected}, got rank {found}: {shape}"))
    }
}

/// The dynamic part of `Build` that other modules need.
impl Build<'_> {
    /// The layer's dtype policy, for layers that it makes itself.
    pub(crate) fn policy(&self) -> &DTypePolicy {
        &self.policy
    }

    /// Whether the layer's weights are trained.
    pub fn trainable(&self) -> bool {
        self.trainable
    }
}

/// Layers by their class, for messages.
pub(crate) fn describe(name: &str, layer: &dyn Layer) -> String {
    format!("layer {name:?} ({})", layer.class_name())
}

impl ConfigValue for PartialShape {
    fn to_json(&self) -> Json {
        self.0.to_json()
    }
    fn from_json(json: &Json, scope: &Scope) -> Result<Self, String> {
        Vec::from_json(json, scope).map(PartialShape)
    }
}
