//! What the networks have in common: their arguments, and how a model is made of them.
use super::imagenet::Preprocessing;
use super::picture::Picture;
use super::weights::{KerasFile, Weights};
use crate::activations::Activation;
use crate::config::{Choice, Vocabulary};
use crate::layers::{ChannelsOrder, DataFormat, Dense, PartialShape};
use crate::models::{Input, Model, Network, SymbolicTensor, Topology};
use crate::{Error, Result};
use ferras_graph::Tensor;
use std::sync::Arc;

/// What becomes of the last features where the classes are left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pooling {
    Avg,
    Max,
}

impl Vocabulary for Pooling {
    const KIND: &'static str = "pooling";
    const WORDS: &'static [(&'static str, Self)] = &[("avg", Pooling::Avg), ("max", Pooling::Max)];
}

/// Arguments that every network has.
#[derive(Clone, Debug)]
pub struct Options {
    pub include_top: bool,
    pub weights: Weights,
    input_tensor: Option<SymbolicTensor>,
    input_shape: Option<PartialShape>,
    pub pooling: Option<Choice<Pooling>>,
    pub classes: usize,
    pub classifier_activation: Activation,
    name: Option<String>,
}

/// The sizes of pictures that a network is made for, and the smallest that it takes.
#[derive(Clone, Copy, Debug)]
pub struct Sides {
    pub default: usize,
    pub smallest: usize,
    /// Whether any size is taken with the classes, too.
    pub open: bool,
    /// Whether the size is the default without the classes, too.
    pub sized: bool,
}

impl Sides {
    pub fn new(default: usize, smallest: usize) -> Sides {
        Sides { default, smallest, open: false, sized: false }
    }
}

/// A kind of network: what one of them has of its own.
pub trait Architecture: Clone + Default + std::fmt::Debug {
    /// The model's name, for pictures of so many rows.
    fn name(&self, rows: Option<usize>) -> String;

    /// The sizes for an input shape.
    fn sides(&self, given: Option<[Option<usize>; 2]>) -> Sides;

    /// How pixels become numbers.
    const PREPROCESSING: Preprocessing;

    /// From the picture to the last features.
    fn features(&self, options: &Options, picture: Picture) -> Result<Picture>;

    /// From the last features to the classes.
    fn top(&self, options: &Options, features: &Picture) -> Picture {
        options.predictions(&features.global_average("avg_pool"))
    }

    /// From the last features to one number a channel.
    fn pooled(&self, pooling: Option<Pooling>, features: &Picture) -> Picture {
        pool(pooling, features, ["", ""])
    }

    /// Keras' file for these arguments and so many rows, or why there is none.
    fn file(&self, options: &Options, rows: Option<usize>) -> Result<KerasFile>;
}

/// The pool of the last features by layers of these names.
pub fn pool(pooling: Option<Pooling>, features: &Picture, names: [&str; 2]) -> Picture {
    match pooling {
        Some(Pooling::Avg) => features.global_average(names[0]),
        Some(Pooling::Max) => features.global_max(names[1]),
        None => features.clone(),
    }
}

impl Options {
    /// The model's name, which is this unless it was given.
    pub fn name(&self, own: &str) -> String {
        self.name.clone().unwrap_or_else(|| own.into())
    }

    /// The layer that says how likely each class is.
    pub fn predictions(&self, features: &Picture) -> Picture {
        let layer = Dense::new(self.classes).activation(self.classifier_activation.clone());
        features.then(layer, "predictions")
    }

    fn check(&self) -> Result<()> {
        if self.weights == Weights::ImageNet && self.include_top {
            if self.classes != 1000 {
                let problem = format!(
                    "must be 1000 with weights \"imagenet\" and include_top, got {}; set weights(None) \
                     or include_top(false)",
                    self.classes
                );
                return Err(Error::argument("classes", problem));
            }
            let activation = self.classifier_activation.get()?.class_name();
            if !matches!(activation, "softmax" | "linear") {
                let problem = format!(
                    "must be softmax or linear with weights \"imagenet\", got {activation}"
                );
                return Err(Error::argument("classifier_activation", problem));
            }
        }
        self.pooling.as_ref().map_or(Ok(()), |p| p.get().map(|_| ()))
    }

    /// The shape of a picture: as given, or the network's own.
    fn shape(&self, sides: Sides, order: ChannelsOrder) -> Result<PartialShape> {
        let whole = |rows: Option<usize>, channels: Option<usize>| match order {
            ChannelsOrder::Last => PartialShape::from([rows, rows, channels]),
            ChannelsOrder::First => PartialShape::from([channels, rows, rows]),
        };
        let imagenet = self.weights == Weights::ImageNet;
        let fixed = self.include_top && !sides.open;
        let Some(given) = &self.input_shape else {
            return Ok(whole((fixed || sides.sized).then_some(sides.default), Some(3)));
        };
        let wrong = |problem: String| Err(Error::argument("input_shape", problem));
        let Some((size, channels)) = split(given, order) else {
            return wrong(format!(
                "must be rows, columns and channels, in the order of image_data_format, got {given}"
            ));
        };
        let own = whole(Some(sides.default), Some(3));
        if imagenet && fixed && *given != own {
            return wrong(format!(
                "must be {own} with weights \"imagenet\" and include_top, got {given}; set \
                 include_top(false) for other sizes"
            ));
        }
        if imagenet && channels != Some(3) {
            return wrong(format!("must have 3 channels with weights \"imagenet\", got {given}"));
        }
        if size.iter().flatten().any(|&n| n < sides.smallest) {
            let n = sides.smallest;
            return wrong(format!("must be at least {n} rows and {n} columns, got {given}"));
        }
        if fixed && size.contains(&None) {
            return wrong(format!(
                "must have its rows and columns with include_top, got {given}; give numbers, or set \
                 include_top(false)"
            ));
        }
        Ok(given.clone())
    }
}

/// Rows and columns, and channels, of the shape of one picture.
fn split(
    shape: &[Option<usize>],
    order: ChannelsOrder,
) -> Option<([Option<usize>; 2], Option<usize>)> {
    match (shape, order) {
        (&[rows, columns, channels], ChannelsOrder::Last)
        | (&[channels, rows, columns], ChannelsOrder::First) => Some(([rows, columns], channels)),
        _ => None,
    }
}

/// A network of Keras' `applications` with its arguments, to be [built](Application::build).
///
/// ```
/// use ferras::applications::ResNet50;
/// let model = ResNet50::new().weights(None).classes(10).build()?;
/// assert_eq!((model.name(), model.count_params()), ("resnet50", 23_608_202));
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Application<A> {
    options: Options,
    pub(super) own: A,
}

impl<A: Architecture> Default for Application<A> {
    fn default() -> Application<A> {
        Application::new()
    }
}

impl<A: Architecture> Application<A> {
    /// The network with Keras' defaults.
    pub fn new() -> Application<A> {
        let options = Options {
            include_top: true,
            weights: Weights::ImageNet,
            input_tensor: None,
            input_shape: None,
            pooling: None,
            classes: 1000,
            classifier_activation: "softmax".into(),
            name: None,
        };
        Application { options, own: A::default() }
    }

    /// Whether the layers that tell classes are there; true by default.
    pub fn include_top(mut self, include_top: bool) -> Self {
        self.options.include_top = include_top;
        self
    }

    /// `"imagenet"` (the default), the path of a file, or `None` for new ones.
    pub fn weights(mut self, weights: impl Into<Weights>) -> Self {
        self.options.weights = weights.into();
        self
    }

    /// What the network is put on, instead of an input of its own: a symbolic tensor of pictures.
    pub fn input_tensor(mut self, input_tensor: &SymbolicTensor) -> Self {
        self.options.input_tensor = Some(input_tensor.clone());
        self
    }

    /// The shape of a picture, without the batch axis; by default the size that the network was made
    /// for, or any size without the classes.
    pub fn input_shape(mut self, input_shape: impl Into<PartialShape>) -> Self {
        self.options.input_shape = Some(input_shape.into());
        self
    }

    /// `"avg"` or `"max"`: one number a channel where the classes are left out; all places by default.
    pub fn pooling(mut self, pooling: impl Into<Option<&'static str>>) -> Self {
        self.options.pooling = pooling.into().map(Choice::from);
        self
    }

    /// How many classes there are; 1000 by default.
    pub fn classes(mut self, classes: usize) -> Self {
        self.options.classes = classes;
        self
    }

    /// The activation of the last layer; `"softmax"` by default, `"linear"` for logits.
    pub fn classifier_activation(mut self, activation: impl Into<Activation>) -> Self {
        self.options.classifier_activation = activation.into();
        self
    }

    /// The model's name; the network's own by default.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.options.name = Some(name.into());
        self
    }

    /// Pixels between 0 and 255 as this network wants them: [`Preprocessing`].
    ///
    /// ```
    /// use ferras::applications::VGG16;
    /// use ferras::prelude::*;
    /// let image = Tensor::new([1, 1, 1, 3], vec![255.0_f32, 0.0, 0.0])?;
    /// let x = VGG16::preprocess_input(&image)?; // blue, green, red, less their means
    /// assert_eq!(x.as_slice(), Some(&[-103.939_f32, -116.779, 131.32][..]));
    /// # Ok::<(), ferras::Error>(())
    /// ```
    pub fn preprocess_input(images: &Tensor) -> Result<Tensor> {
        A::PREPROCESSING.apply(images)
    }

    /// The model.
    ///
    /// Errors: arguments that do not fit each other (the message says which), weights that cannot be
    /// fetched or read.
    pub fn build(&self) -> Result<Model> {
        let options = &self.options;
        options.check()?;
        let order = DataFormat::configured().get()?;
        let tensor = match &options.input_tensor {
            Some(tensor) => tensor.clone(),
            None => {
                let given = options.input_shape.as_deref().and_then(|s| split(s, order));
                let sides = self.own.sides(given.map(|(size, _)| size));
                Input::new(options.shape(sides, order)?)
            }
        };
        let shape = output_shape(&tensor)?;
        let picture = split(shape.get(1..).unwrap_or_default(), order);
        let Some((size, Some(channels))) = picture else {
            let problem = format!(
                "must be pictures of known channels, (batch, rows, columns, channels) in the order of \
                 image_data_format, got {shape}"
            );
            return Err(Error::argument("input_tensor", problem));
        };
        let features = self.own.features(options, Picture::new(&tensor, size, channels))?;
        let pooling = options.pooling.as_ref().map(Choice::get).transpose()?;
        let output = match options.include_top {
            true => self.own.top(options, &features),
            false => self.own.pooled(pooling, &features),
        };
        let network = Network::new(sources(&tensor), output.tensor())?;
        let name = options.name(&self.own.name(size[0]));
        let topology = Topology::Built { network: Arc::new(network), sequential: false };
        let mut model = Model::assemble(&name, topology, None)?;
        match &options.weights {
            Weights::Random => {}
            Weights::File(path) => model.load_weights(path)?,
            Weights::ImageNet => model.load_weights(self.own.file(options, size[0])?.fetch()?)?,
        }
        Ok(model)
    }
}

/// The shape of a symbolic tensor, with the batch axis.
fn output_shape(tensor: &SymbolicTensor) -> Result<PartialShape> {
    if let Some(shape) = tensor.shape() {
        return Ok(shape);
    }
    let network = Network::new(sources(tensor), tensor)?;
    let outputs = network.output_specs();
    Ok(outputs.first().map(|spec| spec.shape.clone()).unwrap_or_default())
}

/// The inputs that a symbolic tensor depends on.
fn sources(tensor: &SymbolicTensor) -> Vec<SymbolicTensor> {
    let uses = crate::models::order(std::slice::from_ref(tensor));
    uses.into_iter().filter(|t| t.input_layer().is_some()).collect()
}
