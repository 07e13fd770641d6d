//! `summary`: the table of a model's layers, as Keras prints it.
use super::model::{Model, Nested, Topology};
use super::network::{Network, NetworkLayer};
use super::table::{Align, Table};
use crate::config::suggest;
use crate::console;
use crate::layers::operation::Operation;
use crate::layers::{InputLayer, LayerRef, WeightSpec};
use ferras_graph::{DType, TensorType};
use regex_lite::Regex;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

impl Model {
    /// The table of the model's layers, with output shapes and numbers of parameters, as Keras
    /// prints it. Options are methods of what is returned.
    ///
    /// ```
    /// use ferras::prelude::*;
    /// let model = Sequential::new().add(Dense::new(8).input_dim(2)).add(Dense::new(1));
    /// let text = model.summary().line_length(60).to_string();
    /// assert!(text.contains("│ dense (Dense)            │ (None, 8)         │        24 │"));
    /// assert!(text.contains(" Total params: 33 (132.00 B)"));
    /// ```
    pub fn summary(&self) -> Summary<'_> {
        Summary {
            model: self,
            line_length: None,
            expand_nested: false,
            show_trainable: false,
            layer_range: None,
        }
    }

    /// The network, inferred where the model is a stack that was not built yet but could be.
    fn inferred(&self) -> Option<crate::Result<Arc<Network>>> {
        match &self.topology {
            Topology::Built { network, .. } => Some(Ok(network.clone())),
            Topology::Stack(layers) => {
                super::sequential::stack_network(layers, None).map(|n| n.map(Arc::new))
            }
        }
    }

    /// Number of parameters: elements of all weights; 0 while the input is not known.
    pub fn count_params(&self) -> usize {
        match self.inferred() {
            Some(Ok(network)) => Count::of(network.weights.iter()).elements,
            _ => 0,
        }
    }
}

/// A model's table of layers; printing it gives the text.
#[derive(Clone, Debug)]
pub struct Summary<'a> {
    model: &'a Model,
    line_length: Option<usize>,
    expand_nested: bool,
    show_trainable: bool,
    layer_range: Option<(String, String)>,
}

impl Summary<'_> {
    /// Characters of a line, 1000 at most. By default 88, 108 for a model that is no chain of layers,
    /// and 12 more where a column says what is trained; less if the terminal has no room for that and 4
    /// more. As in Keras what is no terminal counts as one of 80 characters, unless the environment says
    /// otherwise in `COLUMNS`.
    pub fn line_length(mut self, characters: usize) -> Self {
        self.line_length = Some(characters.min(1000));
        self
    }

    /// Whether the layers of models inside the model are listed too; false by default.
    pub fn expand_nested(mut self, expand: bool) -> Self {
        self.expand_nested = expand;
        self
    }

    /// Whether a column says which layers are trained; false by default.
    pub fn show_trainable(mut self, show: bool) -> Self {
        self.show_trainable = show;
        self
    }

    /// Lists only the layers from the first whose name begins as the one regular expression says to the
    /// last that begins as the other does; a name stands for itself.
    pub fn layer_range(mut self, first: impl Into<String>, last: impl Into<String>) -> Self {
        self.layer_range = Some((first.into(), last.into()));
        self
    }

    /// The columns' headings, with their share of the line.
    fn table(&self, connected: bool) -> Table {
        let shares: &[f64] = if connected { &[0.3, 0.56, 0.74, 1.0] } else { &[0.45, 0.8, 1.0] };
        let mut shares = shares.to_vec();
        let mut columns = vec![
            ("Layer (type)", Align::Left),
            ("Output Shape", Align::Left),
            ("Param #", Align::Right),
        ];
        let mut length = 88;
        if connected {
            columns.push(("Connected to", Align::Left));
            length = 108;
        }
        if self.show_trainable {
            shares.iter_mut().for_each(|share| *share *= 0.9);
            shares.push(1.0);
            columns.push(("Trainable", Align::Center));
            length += 12;
        }
        let length = self.line_length.unwrap_or(length.min(console::columns().saturating_sub(4)));
        Table::new(&columns, &shares, length)
    }

    /// The rows of a network's layers in the range, and of those inside them; a hint for a range that
    /// is none.
    fn rows(&self, network: &Network, sequential: bool) -> (Vec<Row>, Option<String>) {
        let written = if sequential { None } else { network.listed() };
        let list = Listing {
            network: written.as_deref().unwrap_or(network),
            weights: &network.weights,
            sequential,
            depth: 0,
            trained: self.model.trainable,
        };
        let entries: Vec<_> = list.entries().collect();
        let names: Vec<&str> = entries.iter().map(|(_, entry)| &entry.name[..]).collect();
        let (range, hint) = match &self.layer_range {
            None => (0..names.len(), None),
            Some((first, last)) => range_of(&names, first, last),
        };
        let mut rows = Vec::new();
        for &(index, entry) in entries.get(range).unwrap_or_default() {
            // What is trained may have changed since the file was written.
            let own = network.layers.iter().find(|own| own.name == entry.name);
            self.layer_rows(&list, index, own.unwrap_or(entry), &mut rows);
        }
        (rows, hint)
    }

    /// The row of a layer, and those of the layers inside it.
    fn layer_rows(
        &self,
        list: &Listing<'_>,
        index: usize,
        entry: &NetworkLayer,
        rows: &mut Vec<Row>,
    ) {
        let own = |w: &&WeightSpec| {
            w.path.strip_prefix(&entry.name).is_some_and(|rest| rest.starts_with('/'))
        };
        let count = Count::of(list.weights.iter().filter(own));
        let trained = list.trained && entry.layer.0.trainable;
        let prefix = match list.depth {
            0 => String::new(),
            depth => format!("{}└ ", "   ".repeat(depth)),
        };
        rows.push(Row {
            layer: format!("{prefix}{} ({})", entry.name, class_of(&entry.layer)),
            shape: output_shapes(list.network, index),
            params: thousands(count.elements),
            // As in Keras: how layers inside another one are connected is not told.
            connected: if list.depth == 0 { connections(list.network, index) } else { "-".into() },
            trainable: match (count.elements, trained) {
                (0, _) => "-",
                (_, true) => "Y",
                (_, false) => "N",
            },
        });
        let nested = entry.layer.downcast::<Nested>().filter(|_| self.expand_nested);
        let Some(Nested { network, sequential, .. }) = nested else { return };
        let (depth, weights) = (list.depth + 1, &network.weights[..]);
        let inside = Listing { network, weights, sequential: *sequential, depth, trained };
        for (index, entry) in inside.entries() {
            if entry.layer.downcast::<Operation>().is_none() {
                self.layer_rows(&inside, index, entry, rows);
            }
        }
    }

    /// The rows of a stack whose input is not known.
    fn unbuilt_rows(&self) -> Vec<Row> {
        let Topology::Stack(layers) = &self.model.topology else { return Vec::new() };
        let named = super::network::name_layers(layers.clone()).unwrap_or_default();
        let row = |entry: &NetworkLayer| Row {
            layer: format!("{} ({})", entry.name, class_of(&entry.layer)),
            shape: "?".into(),
            params: "0 (unbuilt)".into(),
            connected: String::new(),
            trainable: "-",
        };
        named.iter().map(row).collect()
    }
}

/// The layers of a model in the table.
struct Listing<'a> {
    network: &'a Network,
    weights: &'a [WeightSpec],
    sequential: bool,
    /// How many models it lies in.
    depth: usize,
    /// Whether the model is trained.
    trained: bool,
}

impl<'a> Listing<'a> {
    /// The layers with their places; a stack's input is none of them.
    fn entries(&self) -> impl Iterator<Item = (usize, &'a NetworkLayer)> {
        let network = self.network;
        let hidden = self.sequential;
        let layers = network.layers.iter().enumerate();
        layers.filter(move |(_, e)| !hidden || e.layer.downcast::<InputLayer>().is_none())
    }
}

/// The places from the first name that begins as `first` says to the last that begins as `last` does; all
/// of them and a hint where there is none.
fn range_of(names: &[&str], first: &str, last: &str) -> (Range<usize>, Option<String>) {
    let places = |pattern: &str| -> Option<(usize, usize)> {
        let pattern = Regex::new(&format!("^(?:{pattern})")).ok()?;
        let mut found = (0..names.len()).filter(|&i| pattern.is_match(names[i]));
        let from = found.next()?;
        Some((from, found.next_back().unwrap_or(from)))
    };
    let (from, to) = match (places(first), places(last)) {
        (Some(from), Some(to)) => (from, to),
        (from, _) => {
            let name = if from.is_none() { first } else { last };
            let hint = format!(" No layer is named {name:?}{}\n", suggest(name, names));
            return (0..names.len(), Some(hint));
        }
    };
    match from.0 > to.1 {
        true => (to.0..from.1 + 1, None),
        false => (from.0..to.1 + 1, None),
    }
}

/// A layer's class as Keras calls it inside.
fn class_of(layer: &LayerRef) -> &'static str {
    match layer.downcast::<Nested>() {
        Some(nested) if nested.sequential => "Sequential",
        _ if layer.class_name() == "GroupQueryAttention" => "GroupedQueryAttention",
        _ => layer.class_name(),
    }
}

/// A line of the table.
struct Row {
    layer: String,
    shape: String,
    params: String,
    connected: String,
    trainable: &'static str,
}

impl fmt::Display for Summary<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inferred = self.model.inferred();
        let network = match &inferred {
            Some(Ok(network)) => Some(network),
            _ => None,
        };
        let sequential = match &self.model.topology {
            Topology::Built { sequential, .. } => *sequential,
            Topology::Stack(_) => true,
        };
        let (rows, unknown) = match network {
            Some(network) => self.rows(network, sequential),
            None => (self.unbuilt_rows(), None),
        };
        let is_chain =
            |n: &Arc<Network>| n.listed().map_or(is_chain(n), |listed| is_chain(&listed));
        let connected = !sequential && network.is_some_and(|n| !is_chain(n));
        let mut table = self.table(connected);
        for row in rows {
            let mut cells = vec![row.layer, row.shape, row.params];
            cells.extend(connected.then_some(row.connected));
            cells.extend(self.show_trainable.then(|| row.trainable.to_string()));
            table.row(cells);
        }
        writeln!(f, "Model: \"{}\"", self.model.name)?;
        write!(f, "{table}")?;
        f.write_str(unknown.as_deref().unwrap_or_default())?;
        write_counts(f, self.model, network)?;
        match &inferred {
            Some(Ok(_)) => Ok(()),
            Some(Err(error)) => writeln!(f, " It cannot be built: {error}"),
            None => f.write_str(
                " Its input shape is not known yet: begin the stack with an Input, give the first \
                 layer .input_shape(…), or call fit on data.\n",
            ),
        }
    }
}

/// What stands below the table.
fn write_counts(
    f: &mut fmt::Formatter<'_>,
    model: &Model,
    network: Option<&Arc<Network>>,
) -> fmt::Result {
    let none = Vec::new();
    let weights = network.map_or(&none, |n| &n.weights);
    let trained = Count::of(weights.iter().filter(|w| w.trainable));
    let frozen = Count::of(weights.iter().filter(|w| !w.trainable));
    let states = model.training.compiled.iter().flat_map(|c| &c.optimizer_states);
    let optimizer = states.fold(Count::default(), |count, state| count.add(&state.ty));
    let total = trained.plus(frozen).plus(optimizer);
    writeln!(f, " Total params: {total}")?;
    writeln!(f, " Trainable params: {trained}")?;
    writeln!(f, " Non-trainable params: {frozen}")?;
    match optimizer.elements {
        0 => Ok(()),
        _ => writeln!(f, " Optimizer params: {optimizer}"),
    }
}

/// Numbers, and the memory they take.
#[derive(Clone, Copy, Debug, Default)]
struct Count {
    elements: usize,
    bytes: usize,
}

impl Count {
    fn of<'a>(weights: impl Iterator<Item = &'a WeightSpec>) -> Count {
        weights.fold(Count::default(), |count, w| count.add(&w.ty))
    }

    fn add(self, ty: &TensorType) -> Count {
        let elements = ty.shape.elements();
        // Keras counts steps in 32 bits; the tables should agree.
        let size = if ty.dtype == DType::I64 { 4 } else { ty.dtype.size() };
        self.plus(Count { elements, bytes: elements * size })
    }

    fn plus(self, other: Count) -> Count {
        Count { elements: self.elements + other.elements, bytes: self.bytes + other.bytes }
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut size = self.bytes as f64;
        let mut unit = "B";
        for larger in ["KB", "MB", "GB", "TB", "PB"] {
            if size < 1024.0 {
                break;
            }
            (size, unit) = (size / 1024.0, larger);
        }
        write!(f, "{} ({size:.2} {unit})", thousands(self.elements))
    }
}

/// `7,605,401`.
fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Whether each layer feeds one other and is used once, so that the order says it all.
fn is_chain(network: &Network) -> bool {
    let once = network.layers.len() == network.calls.len() && network.inputs.len() == 1;
    let mut used = vec![0; network.calls.len()];
    for &(call, _) in network.calls.iter().flat_map(|c| &c.inputs) {
        used[call] += 1;
    }
    once && network.calls.iter().all(|c| c.inputs.len() <= 1) && used.iter().all(|&n| n <= 1)
}

/// The shapes of a layer's outputs at its last use.
fn output_shapes(network: &Network, layer: usize) -> String {
    let call = network.calls.iter().rfind(|call| call.layer == layer);
    let shapes = call.iter().flat_map(|c| &c.outputs).map(|spec| spec.shape.to_string());
    let shapes: Vec<String> = shapes.collect();
    match &shapes[..] {
        [one] => one.clone(),
        several => format!("[{}]", several.join(", ")),
    }
}

/// What feeds a layer, as `name[use][output]`, use after use.
fn connections(network: &Network, layer: usize) -> String {
    let uses = network.calls.iter().filter(|call| call.layer == layer);
    let describe = |&(call, output): &(usize, usize)| {
        let source = network.calls[call].layer;
        let earlier = network.calls[..call].iter().filter(|c| c.layer == source).count();
        format!("{}[{earlier}][{output}]", network.layers[source].name)
    };
    let list: Vec<String> = uses.flat_map(|call| &call.inputs).map(describe).collect();
    if list.is_empty() { "-".into() } else { list.join(", ") }
}
