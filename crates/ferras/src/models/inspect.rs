//! Looking into a model: its layers by name, its weights by kind, its shapes.
use super::Model;
use super::model::{Topology, Variable};
use super::network::{NetworkLayer, name_layers};
use crate::config::suggest;
use crate::layers::{LayerRef, PartialShape, TensorSpec};
use crate::{Error, Result};

impl Model {
    /// The layers with the names they have in this model, in the order of the summary. As in Keras
    /// a stack does not count its input.
    ///
    /// ```
    /// use ferras::prelude::*;
    /// let model = Sequential::new().add(Input::new([2])).add(Dense::new(8)).add(Dense::new(1));
    /// let names: Vec<String> = model.layers().into_iter().map(|(name, _)| name).collect();
    /// assert_eq!(names, ["dense", "dense_1"]);
    /// ```
    pub fn layers(&self) -> Vec<(String, LayerRef)> {
        let (entries, stack) = match &self.topology {
            Topology::Built { network, sequential } => (network.layers.clone(), *sequential),
            Topology::Stack(layers) => (name_layers(layers.clone()).unwrap_or_default(), true),
        };
        let counts = |entry: &NetworkLayer| {
            !stack || entry.layer.downcast::<crate::layers::InputLayer>().is_none()
        };
        entries.into_iter().filter(counts).map(|entry| (entry.name, entry.layer)).collect()
    }

    /// The layer of this name; an error that names the layers there are.
    ///
    /// ```
    /// use ferras::prelude::*;
    /// let model = Sequential::new().add(Dense::new(8).input_dim(2)).add(Dense::new(1));
    /// let head = model.get_layer("dense_1")?;
    /// assert_eq!(head.get_config()["units"], 1);
    /// assert!(model.get_layer("danse").unwrap_err().to_string().contains("did you mean \"dense\"?"));
    /// # Ok::<(), ferras::Error>(())
    /// ```
    pub fn get_layer(&self, name: &str) -> Result<LayerRef> {
        let layers = self.layers();
        match layers.iter().find(|(n, _)| n == name) {
            Some((_, layer)) => Ok(layer.clone()),
            None => {
                let names: Vec<&str> = layers.iter().map(|(n, _)| n.as_str()).collect();
                let hint = suggest(name, &names);
                Err(Error::Unknown { kind: "layer", name: name.into(), hint })
            }
        }
    }

    /// The weights that training changes.
    ///
    /// ```
    /// use ferras::prelude::*;
    /// let x = Input::new([4]);
    /// let model = Model::new(&x, &BatchNormalization::new().apply(&x))?;
    /// let names = |weights: Vec<&ferras::models::Variable>| {
    ///     weights.iter().map(|w| w.path().to_string()).collect::<Vec<_>>()
    /// };
    /// assert_eq!(names(model.trainable_weights())[0], "batch_normalization/gamma");
    /// assert_eq!(names(model.non_trainable_weights())[0], "batch_normalization/moving_mean");
    /// # Ok::<(), ferras::Error>(())
    /// ```
    pub fn trainable_weights(&self) -> Vec<&Variable> {
        self.weights().iter().filter(|v| v.is_trainable()).collect()
    }

    /// The weights that training leaves alone or only keeps statistics in.
    pub fn non_trainable_weights(&self) -> Vec<&Variable> {
        self.weights().iter().filter(|v| !v.is_trainable()).collect()
    }

    /// The shape of the only input, batch axis first; an error where there are several
    /// ([`Network::input_specs`](super::Network::input_specs) has them all) or none is known yet.
    ///
    /// ```
    /// use ferras::prelude::*;
    /// let x = Input::new([28, 28]);
    /// let model = Model::new(&x, &Dense::new(10).apply(&Flatten::new().apply(&x)))?;
    /// assert_eq!(model.input_shape()?.to_string(), "(None, 28, 28)");
    /// assert_eq!(model.output_shape()?.to_string(), "(None, 10)");
    /// # Ok::<(), ferras::Error>(())
    /// ```
    pub fn input_shape(&self) -> Result<PartialShape> {
        self.only(&self.network()?.input_specs(), "inputs")
    }

    /// The shape of the only output, batch axis first; an error where there are several
    /// ([`Network::output_specs`](super::Network::output_specs) has them all).
    pub fn output_shape(&self) -> Result<PartialShape> {
        self.only(&self.network()?.output_specs(), "outputs")
    }

    fn only(&self, specs: &[&TensorSpec], what: &str) -> Result<PartialShape> {
        match specs {
            [spec] => Ok(spec.shape.clone()),
            several => Err(Error::Model(format!(
                "model {:?} has {} {what}; model.network() tells the shapes of all of them",
                self.name(),
                several.len()
            ))),
        }
    }
}

impl LayerRef {
    /// The name that the layer was given, if it was; a model gives the others theirs.
    ///
    /// ```
    /// use ferras::prelude::*;
    /// assert_eq!(Dense::new(1).name("head").given_name(), Some("head"));
    /// assert_eq!(Dense::new(1).layer().class_name(), "Dense");
    /// ```
    pub fn given_name(&self) -> Option<&str> {
        self.0.name.as_deref()
    }

    /// The layer's class, as Keras calls it.
    pub fn class_name(&self) -> &'static str {
        self.0.layer.class_name()
    }

    /// Whether training changes the layer's weights.
    pub fn is_trainable(&self) -> bool {
        self.0.trainable
    }
}
