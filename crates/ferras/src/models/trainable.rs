//! Which layers are trained, and the weights of one layer.
use super::model::{Model, Nested, Topology, Variable};
use super::network::{Network, name_layers};
use crate::config::suggest;
use crate::layers::{Build, InputLayer, LayerRef, TensorSpec};
use crate::{Error, Result};
use ferras_graph::Tensor;
use std::ops::Range;
use std::sync::Arc;

impl Model {
    /// Whether training changes any of the model's weights; true by default.
    pub fn is_trainable(&self) -> bool {
        self.trainable
    }

    /// Sets whether training changes the model's weights: of all its layers, and of the models
    /// inside. A frozen model costs no gradient; its batch normalizations use their moving
    /// statistics. A compiled model is to be compiled again before it is trained.
    ///
    /// - **Source** Keras 3 `model.trainable = …`.
    ///
    /// ```
    /// use ferras::prelude::*;
    /// // A part that is frozen, under a new head.
    /// let mut base = Sequential::new().add(Dense::new(8).input_dim(4)).build()?;
    /// base.set_trainable(false)?;
    /// let x = Input::new([4]);
    /// let model = Model::new(&x, Dense::new(1).apply(base.apply(&x)?))?;
    /// assert_eq!(model.trainable_weights().len(), 2);
    /// assert_eq!(model.non_trainable_weights().len(), 2);
    /// # Ok::<(), ferras::Error>(())
    /// ```
    pub fn set_trainable(&mut self, trainable: bool) -> Result<()> {
        self.trainable = trainable;
        self.change_layers(|layers| layers.into_iter().try_for_each(|layer| set(layer, trainable)))
    }

    /// Sets whether training changes the weights of the layer of this name; `"inner/dense"` is the
    /// layer `dense` of the model `inner` inside this one. A compiled model is to be compiled again
    /// before it is trained.
    ///
    /// - **Errors** no layer of this name.
    /// - **Source** Keras 3 `model.get_layer(name).trainable = …`.
    ///
    /// ```
    /// use ferras::prelude::*;
    /// let mut model = Sequential::new().add(Dense::new(8).input_dim(4)).add(Dense::new(1)).build()?;
    /// model.set_layer_trainable("dense", false)?;
    /// assert_eq!(model.trainable_weights()[0].path(), "dense_1/kernel");
    /// assert!(model.summary().to_string().contains("Non-trainable params: 40 "));
    /// # Ok::<(), ferras::Error>(())
    /// ```
    pub fn set_layer_trainable(&mut self, name: &str, trainable: bool) -> Result<()> {
        let names: Vec<String> = match &self.topology {
            Topology::Built { network, .. } => names(network),
            Topology::Stack(layers) => {
                name_layers(layers.clone())?.into_iter().map(|l| l.name).collect()
            }
        };
        self.change_layers(|mut layers| {
            let (place, inside) = find(&names, name)?;
            let Some(layer) = layers.get_mut(place) else { return Ok(()) };
            match inside {
                None => set(layer, trainable),
                Some(inside) => set_inside(layer, inside, trainable),
            }
        })
    }

    /// Changes layers' handles and finds out anew which weights are trained.
    fn change_layers(
        &mut self,
        change: impl FnOnce(Vec<&mut LayerRef>) -> Result<()>,
    ) -> Result<()> {
        match &mut self.topology {
            Topology::Stack(layers) => change(layers.iter_mut().collect())?,
            Topology::Built { network, .. } => {
                let mut changed = Network::clone(network);
                change(changed.layers.iter_mut().map(|entry| &mut entry.layer).collect())?;
                refresh(&mut changed, self.trainable)?;
                for (variable, spec) in self.variables.iter_mut().zip(&changed.weights) {
                    variable.spec.trainable = spec.trainable;
                }
                *network = Arc::new(changed);
            }
        }
        if let Some(compiled) = &mut self.training.compiled {
            compiled.outdated = true;
        }
        Ok(())
    }

    /// The weights of the layer of this name, in the order in which its class lists them.
    ///
    /// ```
    /// use ferras::prelude::*;
    /// let mut model = Sequential::new().add(Dense::new(2).input_dim(3)).build()?;
    /// let paths: Vec<&str> = model.layer_weights("dense")?.iter().map(|w| w.path()).collect();
    /// assert_eq!(paths, ["dense/kernel", "dense/bias"]);
    /// let ones = [Tensor::new([3, 2], vec![1.0_f32; 6])?, Tensor::new([2], vec![1.0_f32; 2])?];
    /// model.set_layer_weights("dense", &ones)?;
    /// assert_eq!(model.get_layer_weights("dense")?, ones);
    /// # Ok::<(), ferras::Error>(())
    /// ```
    pub fn layer_weights(&self, name: &str) -> Result<&[Variable]> {
        let places = self.places(name)?;
        Ok(self.variables.get(places).unwrap_or_default())
    }

    /// Values of the weights of the layer of this name, in order.
    ///
    /// - **Source** Keras 3 `model.get_layer(name).get_weights()`.
    pub fn get_layer_weights(&self, name: &str) -> Result<Vec<Tensor>> {
        self.layer_weights(name)?.iter().map(Variable::value).collect()
    }

    /// Replaces the values of the weights of the layer of this name; nothing changes unless all
    /// fit.
    ///
    /// - **Source** Keras 3 `model.get_layer(name).set_weights(…)`.
    pub fn set_layer_weights(&mut self, name: &str, values: &[Tensor]) -> Result<()> {
        let places = self.places(name)?;
        self.set_values(places, values)
    }

    /// Where the weights of a layer stand among the model's.
    fn places(&self, name: &str) -> Result<Range<usize>> {
        let network = self.network()?;
        let names = names(network);
        let place = names.iter().position(|n| n == name).ok_or_else(|| unknown(name, &names))?;
        Ok(network.layer_weights.get(place).cloned().unwrap_or_default())
    }
}

fn names(network: &Network) -> Vec<String> {
    network.layers.iter().map(|entry| entry.name.clone()).collect()
}

fn unknown(name: &str, names: &[String]) -> Error {
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    Error::Unknown { kind: "layer", name: name.into(), hint: suggest(name, &names) }
}

/// The place of a layer, and what of the name belongs inside it.
fn find<'a>(names: &[String], name: &'a str) -> Result<(usize, Option<&'a str>)> {
    if let Some(place) = names.iter().position(|n| n == name) {
        return Ok((place, None));
    }
    let (first, inside) = name.split_once('/').ok_or_else(|| unknown(name, names))?;
    let place = names.iter().position(|n| n == first).ok_or_else(|| unknown(first, names))?;
    Ok((place, Some(inside)))
}

/// Sets whether a layer is trained, and all layers of a model that it is.
fn set(layer: &mut LayerRef, trainable: bool) -> Result<()> {
    let info = Arc::make_mut(&mut layer.0);
    info.trainable = trainable;
    if let Some(nested) = info.layer_as::<Nested>() {
        let mut network = Network::clone(&nested.network);
        network.layers.iter_mut().try_for_each(|entry| set(&mut entry.layer, trainable))?;
        refresh(&mut network, true)?;
        info.layer = Arc::new(Nested { network: Arc::new(network), ..nested.clone() });
    }
    Ok(())
}

/// Sets whether a layer of a model inside is trained.
fn set_inside(layer: &mut LayerRef, name: &str, trainable: bool) -> Result<()> {
    let info = Arc::make_mut(&mut layer.0);
    let Some(nested) = info.layer_as::<Nested>() else { return Err(unknown(name, &[])) };
    let mut network = Network::clone(&nested.network);
    let (place, inside) = find(&names(&network), name)?;
    if let Some(entry) = network.layers.get_mut(place) {
        match inside {
            None => set(&mut entry.layer, trainable)?,
            Some(inside) => set_inside(&mut entry.layer, inside, trainable)?,
        }
    }
    refresh(&mut network, true)?;
    info.layer = Arc::new(Nested { network: Arc::new(network), ..nested.clone() });
    Ok(())
}

/// Finds out which of a network's weights are trained: its layers are asked again what they want.
fn refresh(network: &mut Network, trainable: bool) -> Result<()> {
    for (place, entry) in network.layers.iter().enumerate() {
        let Some(call) = network.calls.iter().find(|call| call.layer == place) else { continue };
        if entry.layer.downcast::<InputLayer>().is_some() {
            continue;
        }
        let spec = |&(from, output): &(usize, usize)| {
            network.calls.get(from).and_then(|call| call.outputs.get(output)).cloned()
        };
        let specs: Vec<TensorSpec> = call.positional().iter().filter_map(spec).collect();
        let built = Build::run(&entry.layer, &entry.name, &entry.name, trainable, &specs)?;
        let places = network.layer_weights.get(place).cloned().unwrap_or_default();
        let weights = network.weights.get_mut(places).unwrap_or_default();
        let built = built.into_iter().filter(|spec| !spec.carried);
        for (weight, again) in weights.iter_mut().zip(built) {
            weight.trainable = again.trainable;
        }
    }
    Ok(())
}
