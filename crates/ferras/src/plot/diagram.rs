//! `plot_model`: a model as boxes and arrows.
use super::drawing::{Drawing, Paint, Shape, Text, Weight};
use super::figure::{Figure, Panel, Sketch};
use super::{font, layered};
use crate::layers::LayerRef;
use crate::models::{LayerCall, Model, Nested, Network};
use crate::{Error, Result};

const HEAD: f64 = 14.0;
const BODY: f64 = 12.5;
const LINE: f64 = 18.0;
const PADDING: f64 = 12.0;
/// Longer texts are cut.
const WIDEST: f64 = 420.0;

/// What [`plot_model`] shows, with Keras' names and defaults: everything off, from top to bottom.
#[derive(Clone, Debug, PartialEq)]
pub struct PlotModel {
    show_shapes: bool,
    show_dtype: bool,
    show_layer_names: bool,
    rankdir: String,
    expand_nested: bool,
    show_layer_activations: bool,
    show_trainable: bool,
}

impl Default for PlotModel {
    fn default() -> PlotModel {
        PlotModel::new()
    }
}

impl PlotModel {
    /// Classes of layers only.
    pub fn new() -> PlotModel {
        PlotModel {
            show_shapes: false,
            show_dtype: false,
            show_layer_names: false,
            rankdir: "TB".into(),
            expand_nested: false,
            show_layer_activations: false,
            show_trainable: false,
        }
    }

    /// Whether shapes of inputs and outputs are shown.
    pub fn show_shapes(mut self, show: bool) -> Self {
        self.show_shapes = show;
        self
    }

    /// Whether element types of outputs are shown.
    pub fn show_dtype(mut self, show: bool) -> Self {
        self.show_dtype = show;
        self
    }

    /// Whether names of layers are shown before their classes.
    pub fn show_layer_names(mut self, show: bool) -> Self {
        self.show_layer_names = show;
        self
    }

    /// Where the model grows to: `"TB"` from top to bottom, `"BT"`, `"LR"` from left to right, `"RL"`.
    pub fn rankdir(mut self, rankdir: impl Into<String>) -> Self {
        self.rankdir = rankdir.into();
        self
    }

    /// Whether models inside the model are drawn layer by layer, in a frame.
    pub fn expand_nested(mut self, expand: bool) -> Self {
        self.expand_nested = expand;
        self
    }

    /// Whether activations are shown where a layer has one.
    pub fn show_layer_activations(mut self, show: bool) -> Self {
        self.show_layer_activations = show;
        self
    }

    /// Whether it is shown which layers are trained.
    pub fn show_trainable(mut self, show: bool) -> Self {
        self.show_trainable = show;
        self
    }
}

/// A model as a diagram: a box for each use of a layer, an arrow for each tensor.
///
/// Errors: a model whose input is not known, an unknown `rankdir`.
///
/// - **Source** `keras.utils.plot_model`; drawn without any installed tool.
///
/// ```
/// use ferras::{plot, plot::PlotModel, prelude::*};
/// let model = Sequential::new().add(Dense::new(8).input_dim(2)).add(Dense::new(1)).build()?;
/// let figure = plot::plot_model(&model, PlotModel::new().show_shapes(true))?;
/// assert!(figure.to_svg().contains("(None, 8)"));
/// # Ok::<(), ferras::Error>(())
/// ```
pub fn plot_model(model: &Model, options: PlotModel) -> Result<Figure> {
    let direction = Direction::of(&options.rankdir)?;
    let network = model.network()?;
    let sketch = draw(network, model.is_sequential(), &options, direction);
    Ok(Figure::new("").named(model.name()).panel(Panel::sketch(sketch)))
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Direction {
    across: bool,
    backwards: bool,
}

impl Direction {
    fn of(name: &str) -> Result<Direction> {
        let (across, backwards) = match name {
            "TB" => (false, false),
            "BT" => (false, true),
            "LR" => (true, false),
            "RL" => (true, true),
            other => {
                let problem = format!("must be \"TB\", \"BT\", \"LR\" or \"RL\", got {other:?}");
                return Err(Error::argument("rankdir", problem));
            }
        };
        Ok(Direction { across, backwards })
    }

    /// From ranks that go downwards in a page of this size.
    fn turn(self, (x, y): (f64, f64), height: f64) -> (f64, f64) {
        let y = if self.backwards { height - y } else { y };
        if self.across { (y, x) } else { (x, y) }
    }
}

fn draw(network: &Network, sequential: bool, options: &PlotModel, direction: Direction) -> Sketch {
    let shown: Vec<usize> =
        (0..network.calls.len()).filter(|&i| !(sequential && is_input(network, i))).collect();
    let boxes: Vec<Sketch> = shown.iter().map(|&i| node(network, i, options, direction)).collect();
    let place = |call: usize| shown.iter().position(|&i| i == call);
    let edges: Vec<(usize, usize)> = (shown.iter().enumerate())
        .flat_map(|(to, &i)| {
            let operands = network.calls[i].inputs.iter();
            operands.filter_map(|&(from, _)| place(from)).map(|from| (from, to)).collect::<Vec<_>>()
        })
        .collect();
    let across = |(w, h): (f64, f64)| if direction.across { (h, w) } else { (w, h) };
    let sizes: Vec<(f64, f64)> = boxes.iter().map(|b| across((b.width, b.height))).collect();
    let layout = layered::lay_out(&sizes, &edges);
    let mut page = Drawing::empty();
    for curve in &layout.curves {
        let points = curve.iter().map(|&p| direction.turn(p, layout.height)).collect();
        arrow(&mut page, points);
    }
    for (sketch, (&corner, size)) in boxes.iter().zip(layout.corners.iter().zip(&sizes)) {
        // The corner that is the upper left one after turning.
        let corner = if direction.backwards { (corner.0, corner.1 + size.1) } else { corner };
        super::sketch::draw(&mut page, sketch, direction.turn(corner, layout.height), 1.0);
    }
    let (width, height) = across((layout.width, layout.height));
    Sketch { width, height, shapes: page.shapes }
}

fn is_input(network: &Network, call: usize) -> bool {
    let layer = &network.layers[network.calls[call].layer].layer;
    layer.downcast::<crate::layers::InputLayer>().is_some()
}

/// A line with a head at its end.
fn arrow(page: &mut Drawing, points: Vec<(f64, f64)>) {
    let [.., (bx, by), (ex, ey)] = points[..] else { return };
    let long = ((ex - bx).powi(2) + (ey - by).powi(2)).sqrt().max(1e-9);
    let (dx, dy) = ((ex - bx) / long, (ey - by) / long);
    let back = (ex - dx * 8.0, ey - dy * 8.0);
    let side = (-dy * 4.0, dx * 4.0);
    let head =
        vec![(ex, ey), (back.0 + side.0, back.1 + side.1), (back.0 - side.0, back.1 - side.1)];
    page.curve(points, Paint::Muted, 1.5);
    page.shapes.push(Shape::Area { points: head, paint: Paint::Muted, opacity: 1.0 });
}

/// A use of a layer: its class, and what is to be shown of it; or a frame around the layers of a
/// model inside.
fn node(network: &Network, index: usize, options: &PlotModel, direction: Direction) -> Sketch {
    let call = &network.calls[index];
    let entry = &network.layers[call.layer];
    let nested = entry.layer.downcast::<Nested>();
    let class = match nested {
        Some(nested) if nested.sequential => "Sequential",
        _ => entry.layer.class_name(),
    };
    let head = match options.show_layer_names {
        true => format!("{} ({class})", entry.name),
        false => class.to_string(),
    };
    let lines = lines(network, call, index, &entry.layer, options);
    let inside = nested
        .filter(|_| options.expand_nested)
        .map(|nested| draw(&nested.network, nested.sequential, options, direction));
    boxed(&head, &lines, colour(class), inside)
}

/// What a box says below its head: what it is, and the value.
fn lines(
    network: &Network,
    call: &LayerCall,
    index: usize,
    layer: &LayerRef,
    options: &PlotModel,
) -> Vec<(&'static str, String)> {
    let mut lines = Vec::new();
    let shapes = |list: Vec<String>| if list.is_empty() { "–".into() } else { list.join(", ") };
    let outputs = &call.outputs;
    if options.show_layer_activations
        && let Some(activation) = activation(layer)
    {
        lines.push(("activation", activation));
    }
    if options.show_shapes {
        let operand = |&(from, output): &(usize, usize)| {
            network.calls[from].outputs.get(output).map(|spec| spec.shape.to_string())
        };
        if !call.inputs.is_empty() {
            lines.push(("input", shapes(call.inputs.iter().filter_map(operand).collect())));
        }
        lines.push(("output", shapes(outputs.iter().map(|s| s.shape.to_string()).collect())));
    }
    if options.show_dtype {
        lines.push(("dtype", shapes(outputs.iter().map(|s| s.dtype.to_string()).collect())));
    }
    if options.show_trainable {
        lines.push(("trainable", if layer.is_trainable() { "yes" } else { "no" }.into()));
    }
    let uses: Vec<usize> =
        (0..network.calls.len()).filter(|&i| network.calls[i].layer == call.layer).collect();
    if let Some(place) = uses.iter().position(|&i| i == index).filter(|_| uses.len() > 1) {
        lines.push(("shared", format!("use {} of {}", place + 1, uses.len())));
    }
    lines
}

/// The name of a layer's activation, unless it is linear or the layer has none.
fn activation(layer: &LayerRef) -> Option<String> {
    let config = layer.get_config();
    let value = config.get("activation")?;
    let name = value.as_str().or_else(|| value.get("class_name")?.as_str())?;
    Some(name.to_string())
}

/// One colour a kind of layer.
fn colour(class: &str) -> Paint {
    const KINDS: [(&str, usize); 18] = [
        ("Input", 7),
        ("Functional", 6),
        ("Sequential", 6),
        ("Norm", 3),
        ("ConvLSTM", 5),
        ("LSTM", 5),
        ("GRU", 5),
        ("RNN", 5),
        ("Bidirectional", 5),
        ("Conv", 0),
        ("Pool", 2),
        ("Attention", 5),
        ("Dropout", 4),
        ("Noise", 4),
        ("Random", 4),
        ("Dense", 1),
        ("Embedding", 1),
        ("Encod", 1),
    ];
    let kind = KINDS.iter().find(|(part, _)| class.contains(part));
    Paint::Series(kind.map_or(7, |(_, series)| *series))
}

fn boxed(head: &str, lines: &[(&str, String)], paint: Paint, inside: Option<Sketch>) -> Sketch {
    let head = font::fit(head, HEAD, Weight::Medium, WIDEST);
    let room = |text: &str| font::width(text, BODY, Weight::Regular);
    let label = lines.iter().map(|(label, _)| room(label)).fold(0.0, f64::max) + 10.0;
    let body = lines.iter().map(|(_, text)| label + room(text).min(WIDEST)).fold(0.0, f64::max);
    let inner = inside.as_ref().map_or(0.0, |s| s.width);
    let content = font::width(&head, HEAD, Weight::Medium).max(body).max(inner);
    let width = (content + 2.0 * PADDING).max(84.0);
    let top = HEAD + 14.0;
    let below = if lines.is_empty() { 0.0 } else { lines.len() as f64 * LINE + 8.0 };
    let height = top + below + inside.as_ref().map_or(0.0, |s| s.height + 2.0 * PADDING);
    let mut page = Drawing::empty();
    let rect = |y: f64, height: f64, paint, opacity| {
        let (x, width) = (0.0, width);
        Shape::Rect { x, y, width, height, paint, opacity }
    };
    page.shapes.push(rect(0.0, height, Paint::Surface, 1.0));
    if inside.is_some() {
        page.shapes.push(rect(top, height - top, paint, 0.08));
    }
    page.shapes.push(rect(0.0, top, paint, 1.0));
    let corners = [(0.0, 0.0), (width, 0.0), (width, height), (0.0, height), (0.0, 0.0)];
    page.curve(corners.to_vec(), paint, 1.2);
    let middle = super::drawing::Anchor::Middle;
    let at = (width / 2.0, HEAD + 6.0);
    page.text(Text::new(at, &head, HEAD).anchor(middle).medium().paint(Paint::OnFill));
    for (i, (label_text, text)) in lines.iter().enumerate() {
        let y = top + 17.0 + i as f64 * LINE;
        page.text(Text::new((PADDING, y), label_text, BODY));
        let text = font::fit(text, BODY, Weight::Regular, WIDEST);
        page.text(Text::new((PADDING + label, y), &text, BODY).paint(Paint::Ink));
    }
    if let Some(sketch) = inside {
        let at = ((width - sketch.width) / 2.0, top + below + PADDING);
        super::sketch::draw(&mut page, &sketch, at, 1.0);
    }
    Sketch { width, height, shapes: page.shapes }
}
