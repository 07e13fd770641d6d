//! A small dense network as its neurons.
use super::drawing::{Anchor, Drawing, Paint, Shape, Text, Weight};
use super::figure::{Figure, Panel, Sketch};
use super::font;
use crate::layers::{Dense, InputLayer, LayerRef};
use crate::models::Model;
use crate::{Error, Result};

/// Neurons of a layer that are drawn; of more, the first and the last ones.
const MOST: usize = 16;
const RADIUS: f64 = 13.0;
/// Between neighbours in a layer, and between layers.
const STEP: f64 = 38.0;
const ACROSS: f64 = 190.0;
const LABEL: f64 = 13.0;

/// A layer's neurons, with the weights of those before it.
struct Column {
    name: String,
    about: String,
    units: usize,
    /// Row by row: from each neuron before to each of this layer.
    weights: Vec<f64>,
}

/// A stack of dense layers as circles and lines: a circle a neuron, a line a weight, blue where it is
/// positive and orange where it is negative, the stronger the larger it is in its layer. Layers of
/// over 16 neurons show their first and last ones. Layers without neurons of their own (dropout,
/// activations) are left out.
///
/// Errors: a model that is not a stack of dense layers on a vector, or not built.
///
/// ```
/// use ferras::prelude::*;
/// let model = Sequential::new().add(Dense::new(8).input_dim(2)).add(Dense::new(1)).build()?;
/// let figure = ferras::plot::neurons(&model)?;
/// assert_eq!(figure.to_svg().matches("<circle").count(), 2 + 8 + 1);
/// # Ok::<(), ferras::Error>(())
/// ```
pub fn neurons(model: &Model) -> Result<Figure> {
    let columns = columns(model)?;
    let middle = |k: usize| k as f64 * ACROSS + 70.0;
    let places = |units: usize| shown(units).len();
    let tallest = columns.iter().map(|c| places(c.units)).max().unwrap_or(1) as f64 * STEP;
    let at = |k: usize, units: usize, slot: usize| {
        let height = places(units) as f64 * STEP;
        (middle(k), (tallest - height) / 2.0 + (slot as f64 + 0.5) * STEP)
    };
    let mut page = Drawing::empty();
    for (k, pair) in columns.windows(2).enumerate() {
        let [before, column] = pair else { continue };
        let largest = column.weights.iter().map(|w| w.abs()).fold(0.0, f64::max).max(1e-12);
        for (a, from) in shown(before.units).into_iter().enumerate() {
            for (b, to) in shown(column.units).into_iter().enumerate() {
                let (Some(from), Some(to)) = (from, to) else { continue };
                let weight = column.weights.get(from * column.units + to).copied().unwrap_or(0.0);
                let share = weight.abs() / largest;
                let points = vec![at(k, before.units, a), at(k + 1, column.units, b)];
                let paint = Paint::Series(usize::from(weight < 0.0));
                let (width, opacity) = (0.6 + 2.4 * share, 0.12 + 0.88 * share);
                page.shapes.push(Shape::Line { points, paint, width, dashed: false, opacity });
            }
        }
    }
    for (k, column) in columns.iter().enumerate() {
        draw_column(&mut page, column, |slot| at(k, column.units, slot), (middle(k), tallest));
    }
    let width = middle(columns.len() - 1) + 70.0;
    let sketch = Sketch { width, height: tallest + 48.0, shapes: page.shapes };
    Ok(Figure::new(model.name()).panel(Panel::sketch(sketch)))
}

/// The neurons drawn, one a slot; none stands for those left out.
fn shown(units: usize) -> Vec<Option<usize>> {
    if units <= MOST {
        return (0..units).map(Some).collect();
    }
    let half = MOST / 2 - 1;
    let first = (0..half).map(Some);
    first.chain([None]).chain((units - half..units).map(Some)).collect()
}

fn draw_column(
    page: &mut Drawing,
    column: &Column,
    at: impl Fn(usize) -> (f64, f64),
    (x, bottom): (f64, f64),
) {
    for (slot, neuron) in shown(column.units).into_iter().enumerate() {
        let (x, y) = at(slot);
        match neuron {
            Some(_) => page.shapes.push(Shape::Ring {
                x,
                y,
                radius: RADIUS,
                paint: Paint::Ink,
                width: 1.6,
            }),
            None => page.shapes.extend([-8.0, 0.0, 8.0].map(|shift| Shape::Disc {
                x,
                y: y + shift,
                radius: 2.2,
                paint: Paint::Muted,
            })),
        }
    }
    let name = font::fit(&column.name, LABEL, Weight::Medium, ACROSS - 10.0);
    let text = |y: f64, text: &str| Text::new((x, y), text, LABEL).anchor(Anchor::Middle);
    page.text(text(bottom + 20.0, &name).medium().paint(Paint::Ink));
    let about = font::fit(&column.about, LABEL, Weight::Regular, ACROSS - 10.0);
    page.text(text(bottom + 39.0, &about));
}

fn columns(model: &Model) -> Result<Vec<Column>> {
    let network = model.network()?;
    let refuse = |what: String| {
        let problem = format!("must be a stack of dense layers on a vector, got {what}");
        Err(Error::argument("model", problem))
    };
    let inputs = network.input_specs();
    let [input] = inputs[..] else { return refuse(format!("{} inputs", inputs.len())) };
    let &[_, Some(features)] = &input.shape[..] else {
        return refuse(format!("input {}", input.shape));
    };
    let about = format!("{features} features");
    let mut columns =
        vec![Column { name: "input".into(), about, units: features, weights: Vec::new() }];
    for call in &network.calls {
        let entry = &network.layers[call.layer];
        let path = format!("{}/kernel", entry.name);
        let kernel = model.weights().iter().find(|v| v.path() == path);
        match (entry.layer.downcast::<Dense>(), kernel) {
            (Some(_), Some(kernel)) => {
                let units = kernel.ty().shape.last().copied().unwrap_or(0);
                let weights = kernel.value()?.to_f64_vec();
                let about = format!("{units} {}", activation(&entry.layer));
                columns.push(Column { name: entry.name.clone(), about, units, weights });
            }
            _ if is_silent(&entry.layer) => {}
            _ => return refuse(format!("layer {:?} ({})", entry.name, entry.layer.class_name())),
        }
    }
    Ok(columns)
}

fn activation(layer: &LayerRef) -> String {
    let config = layer.get_config();
    let name = config.get("activation").and_then(|v| v.as_str()).unwrap_or("units");
    name.to_string()
}

/// Layers whose neurons are those before them.
fn is_silent(layer: &LayerRef) -> bool {
    layer.downcast::<InputLayer>().is_some()
        || ["Activation", "Dropout", "GaussianNoise", "GaussianDropout", "Softmax", "ReLU"]
            .contains(&layer.class_name())
}
