//! Weights as Keras 3 writes them: a group for each layer, its variables numbered, and the
//! optimizer's beside them. `.weights.h5`, and `model.weights.h5` inside `.keras`.
use super::assets;
use super::groups::{LayerGroup, layer_groups};
use super::open::text;
use super::state::{Kept, Standing, State};
use crate::containers::hdf5::{Array, Attribute, Group, Tree};
use crate::containers::limits::Result;
use crate::models::{Model, Network};
use crate::trainer::Place;
use crate::{Error, console};
use ferras_graph::Tensor;

/// The attribute of the file in which Ferras keeps where training stands.
pub(super) const STANDING: &str = "ferras_training";
/// What the list of a model's layers is called; in files of tf.keras it is the second.
const CONTAINERS: [&str; 2] = ["layers/", "_layer_checkpoint_dependencies/"];

/// The file's content for a model, its optimizer and where its training stands included.
pub(super) fn tree(model: &Model, place: Option<Place>) -> Result<Tree, Error> {
    let mut root = Tree::default();
    let values = model.get_weights()?;
    let name = |name: &str| Attribute::Text(name.into());
    root.group("vars", |vars| vars.attribute("name", name(model.name())));
    for group in layer_groups(model.network()?, model.is_sequential()) {
        let own = group.weights.iter().map(|&i| values[i].clone()).enumerate();
        root.group(&format!("{}/vars", group.path), |vars| {
            vars.attribute("name", name(&group.name));
            own.for_each(|(number, value)| vars.array(&number.to_string(), value));
        });
    }
    assets::add_weights(&mut root, &assets::of(model.network()?, model.is_sequential()))?;
    if let Some(optimizer) = model.optimizer_name() {
        let own = model.optimizer_values()?.into_iter().enumerate();
        root.group("optimizer/vars", |vars| {
            vars.attribute("name", name(&optimizer));
            own.for_each(|(number, (_, value))| vars.array(&number.to_string(), value));
        });
    }
    if let Some(random) = model.random_state()? {
        let standing = Standing { random: Some(random), place };
        root.attribute(STANDING, Attribute::Text(standing.to_text()));
    }
    Ok(root)
}

/// The values of a network's weights. With `skip_mismatch` a layer whose weights are not there or
/// have other shapes is left as it is, with a warning.
pub(super) fn weights(
    root: &Group<'_>,
    network: &Network,
    sequential: bool,
    skip_mismatch: bool,
) -> Result<Vec<Option<Tensor>>> {
    let mut values = vec![None; network.weights.len()];
    for group in layer_groups(network, sequential) {
        if group.weights.is_empty() {
            continue;
        }
        match layer(root, network, &group) {
            Ok(found) => {
                for (&at, value) in group.weights.iter().zip(found) {
                    values[at] = Some(value);
                }
            }
            Err(problem) if skip_mismatch => {
                console::warn(&format!("the file {problem}; the layer keeps its weights"));
            }
            Err(problem) => return Err(problem),
        }
    }
    Ok(values)
}

/// An error unless every weight of a network is there in its shape.
pub(super) fn check(root: &Group<'_>, network: &Network, sequential: bool) -> Result<()> {
    let groups = layer_groups(network, sequential).into_iter();
    let mut groups = groups.filter(|group| !group.weights.is_empty());
    groups.try_for_each(|group| arrays(root, network, &group).map(drop))
}

/// The weights of one layer.
fn layer(root: &Group<'_>, network: &Network, group: &LayerGroup) -> Result<Vec<Tensor>> {
    let arrays = arrays(root, network, group)?;
    let read = |(array, &weight): (Array<'_>, &usize)| {
        Ok(array.read_any()?.cast(network.weights[weight].ty.dtype))
    };
    arrays.into_iter().zip(&group.weights).map(read).collect()
}

/// The arrays of one layer, which have the shapes of its weights.
fn arrays<'a>(root: &Group<'a>, network: &Network, group: &LayerGroup) -> Result<Vec<Array<'a>>> {
    let expected = group.weights.len();
    let vars = find_vars(root, group)?;
    let found = vars.as_ref().map_or(Ok(0), |vars| vars.names().map(|names| names.len()))?;
    let Some(vars) = vars.filter(|_| found == expected) else {
        return Err(format!(
            "holds {found} weights for layer {:?}, which has {expected} (group {:?})",
            group.name, group.path
        ));
    };
    let array = |(number, &weight): (usize, &usize)| {
        let array = numbered(&vars, number)?;
        array.check(&network.weights[weight].ty.shape)?;
        Ok(array)
    };
    group.weights.iter().enumerate().map(array).collect()
}

/// The group of a layer's variables, under any of the names that its list has had.
fn find_vars<'a>(root: &Group<'a>, group: &LayerGroup) -> Result<Option<Group<'a>>> {
    for list in CONTAINERS {
        let path = group.path.replace(CONTAINERS[0], list);
        if let Some(vars) = root.group(&format!("{path}/vars"))? {
            return Ok(Some(vars));
        }
    }
    Ok(None)
}

/// The variable of this number.
fn numbered<'a>(vars: &Group<'a>, number: usize) -> Result<Array<'a>> {
    let array = vars.array(&number.to_string())?;
    array.ok_or_else(|| format!("does not hold variable {number} of {:?}", vars.path()))
}

/// The optimizer's variables and where random numbers stand; a warning where they are another
/// optimizer's.
pub(super) fn training(root: &Group<'_>, kept: &[Kept], state: &mut State) -> Result<()> {
    if let Some(text) = text(root, STANDING)? {
        state.standing = Standing::from_text(&text);
    }
    let Some(vars) = root.group("optimizer/vars")? else { return Ok(()) };
    let found = vars.names()?.len();
    if found != kept.len() {
        // Two and less: saved before its first step, so there is nothing to lose.
        if found > 2 {
            console::warn(&format!(
                "the file has {found} variables of an optimizer, the model's has {}: it begins \
                 anew",
                kept.len()
            ));
        }
        return Ok(());
    }
    let read = |(number, (_, ty)): (usize, &Kept)| {
        Ok(Some(numbered(&vars, number)?.read(&ty.shape)?.cast(ty.dtype)))
    };
    state.optimizer = kept.iter().enumerate().map(read).collect::<Result<_>>()?;
    Ok(())
}
