//! The command line.
use crate::known;
use crate::values::{bytes, count, learning_rate, line_length, port, share, tolerance, whole};
use clap::{Args, Parser, Subcommand, ValueEnum};
use ferras::Limits;
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  ferras summary model.keras
  ferras predict model.keras --input x.npy --output y.npy
  ferras evaluate model.h5 --x x.npy --y y.npy
  ferras fit model.keras --x x.npy --y y.npy --epochs 20 --output trained.keras
  ferras convert model.h5 model.keras
  ferras plot model.keras --show-shapes --output model.svg
  ferras inspect unknown.h5
  ferras verify model.keras
  ferras serve model.keras

Exit status: 0 done, 1 the work failed, 2 the command line is wrong.
Data: .npy, .npz (arrays x0, x1, … or named as the inputs are; FILE.npz:NAME takes one), .csv, .tsv
(FILE.csv:NAME takes a column), .txt (a text a line, for models that take texts).";

/// Models of Keras and Ferras: look at them, run, evaluate, train and convert them.
#[derive(Debug, Parser)]
#[command(name = "ferras", version, after_help = EXAMPLES, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) general: General,
}

/// What holds for every command.
#[derive(Args, Clone, Copy, Debug)]
#[command(next_help_heading = "Of every command")]
pub(crate) struct General {
    /// Print one JSON object, for programs, and nothing else
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Print results only, no progress
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,
    /// What a file may unpack to, as 500M or 20G, in place of 16 times its size
    #[arg(long, global = true, value_name = "BYTES", value_parser = bytes, allow_negative_numbers = true)]
    pub(crate) max_unpacked: Option<u64>,
    /// What the initial weights of an architecture without weights may take, as 8G
    #[arg(long, global = true, value_name = "BYTES", value_parser = bytes, allow_negative_numbers = true, default_value = "2G")]
    pub(crate) max_initial: u64,
    /// What the values of all layers may take for one sample
    #[arg(long, global = true, value_name = "BYTES", value_parser = bytes, allow_negative_numbers = true, default_value = "4G")]
    pub(crate) max_values: u64,
}

impl General {
    /// What reading a file may cost.
    pub(crate) fn limits(&self) -> Limits {
        let limits = Limits::new().initial_bytes(self.max_initial).value_bytes(self.max_values);
        self.max_unpacked.map_or(limits, |bytes| limits.decoded_bytes(bytes))
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Print a model's layers, shapes and numbers of parameters
    #[command(after_help = "Example: ferras summary model.keras --expand-nested")]
    Summary(Summary),
    /// Compute a model's outputs for inputs
    #[command(after_help = "\
Examples:
  ferras predict model.keras --input x.npy --output y.npy
  ferras predict model.keras --input table.csv            prints the outputs as a table
  ferras predict reviews.keras --input reviews.txt        for a model that takes texts
  ferras predict two.keras --input inputs.npz --output y.npz
  ferras predict model.keras --input x.npy --output model.vectors.npz")]
    Predict(Predict),
    /// Compute loss and metrics of a model on data
    #[command(after_help = known::judging("\
Examples:
  ferras evaluate model.keras --x x.npy --y y.npy
  ferras evaluate model.keras --x x.csv --y y.csv --loss mse --metrics mae
  ferras evaluate two.keras --x data.npz --y data.npz --loss age=mse --loss sex=binary_crossentropy"))]
    Evaluate(Evaluate),
    /// Train a model on data and save it
    #[command(after_help = known::training("\
Examples:
  ferras fit model.keras --x x.npy --y y.npy --epochs 20 --validation-split 0.1 --output out.keras
  ferras fit model.json --x x.csv --y y.csv --optimizer adam --loss mse --output out.keras
  ferras fit model.keras --x x.npy --y y.npy --val-x vx.npy --val-y vy.npy --history h.csv \\
      --plots figures --output out.keras
  ferras fit two.keras --x data.npz --y data.npz --loss age=mae --metrics age=mse,mape \\
      --output out.keras"))]
    Fit(Box<Fit>),
    /// Write a model into another format, told by the ends of the files' names
    #[command(after_help = "\
Whole models: .keras, .h5. Weights alone: .weights.h5, .npz, .safetensors.
Architecture alone: .json, .yaml. What the new file cannot hold is told.

Examples:
  ferras convert old.h5 model.keras
  ferras convert model.keras model.safetensors
  ferras convert weights.npz model.keras --architecture model.json")]
    Convert(Convert),
    /// Draw a model: its layers, neurons, weights, filters, or what they make of an image
    #[command(after_help = "\
Examples:
  ferras plot model.keras --show-shapes --show-layer-names --output model.png
  ferras plot xor.keras --kind neurons
  ferras plot model.keras --kind filters --layer conv2d
  ferras plot model.keras --kind maps --layer conv2d --input x.npy --index 3")]
    Plot(Plot),
    /// Tell what a file holds, and what of it cannot be honoured, without building the model
    #[command(after_help = "Example: ferras inspect unknown.h5 --json")]
    Inspect(Inspect),
    /// Answer requests for predictions over HTTP, and show a page to try the models
    #[cfg(feature = "serve")]
    #[command(after_help = "\
MODEL is a .keras or .h5 file, or a folder of versions (1.keras, 2.keras, … or 1/, 2/, …). Its name
is that of the file; NAME=MODEL gives another. Files that change are loaded again.

The page is at /, its requests are: TensorFlow Serving's REST API (/v1/models/NAME:predict), the Open
Inference Protocol (/v2/models/NAME/infer), and POST /predict with a picture, an .npy, JSON or lines
of numbers. /openapi.json describes them, /metrics is for Prometheus.

Examples:
  ferras serve digits.keras
  ferras serve vgg16.h5 --labels imagenet_class_index.json --preprocess imagenet
  ferras serve cats=a.keras prices=versions/ --host 0.0.0.0 --port 80 --token secret")]
    Serve(Serve),
    /// Check that a model loads, computes, and survives saving; and its test vectors
    #[command(after_help = "\
Test vectors are inputs with the outputs that they must give: an .npz with arrays x0, x1, … and
y0, y1, … in the model's order (or named as its inputs and outputs are). They are looked for in
MODEL's folder under its name with .vectors.npz at the end, or given with --vectors.

Examples:
  ferras verify model.keras                               also checks model.vectors.npz if there
  ferras verify model.keras --vectors recorded.npz")]
    Verify(Verify),
}

/// Where a model comes from.
#[derive(Args, Debug)]
pub(crate) struct Source {
    /// The model: .keras or .h5; .json or .yaml for an architecture; weights with --architecture
    #[arg(value_name = "MODEL")]
    pub(crate) path: PathBuf,
    /// The architecture, where MODEL holds weights alone
    #[arg(long, value_name = "MODEL.json")]
    pub(crate) architecture: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub(crate) struct Summary {
    #[command(flatten)]
    pub(crate) source: Source,
    /// List the layers of models inside the model too
    #[arg(long)]
    pub(crate) expand_nested: bool,
    /// Say which layers are trained
    #[arg(long)]
    pub(crate) show_trainable: bool,
    /// Characters of a line, 20 to 1000
    #[arg(long, value_name = "N", value_parser = line_length, allow_negative_numbers = true)]
    pub(crate) line_length: Option<usize>,
}

#[derive(Args, Debug)]
pub(crate) struct Predict {
    #[command(flatten)]
    pub(crate) source: Source,
    /// The inputs: .npy, .npz, .csv, .tsv, or .txt with a text a line
    #[arg(long, short, value_name = "X")]
    pub(crate) input: PathBuf,
    /// Where the outputs go: .npy, .npz (y0, y1, …), .csv, or .vectors.npz with the inputs beside
    /// them, for verify; without it they are printed as a table
    #[arg(long, short, value_name = "Y")]
    pub(crate) output: Option<PathBuf>,
    /// Samples computed at once
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = count::<usize>, allow_negative_numbers = true)]
    pub(crate) batch_size: usize,
}

/// What a model is judged by, in place of what it was saved with.
#[derive(Args, Debug)]
pub(crate) struct Judged {
    /// The loss: one for all outputs, once for each in order, or OUTPUT=LOSS for one of them, the
    /// others keep theirs; names are below
    #[arg(long, value_name = "LOSS")]
    pub(crate) loss: Vec<String>,
    /// Metrics, with commas between them: of all outputs, or OUTPUT=NAMES of one of them, the others
    /// keep theirs; names are below
    #[arg(long, value_name = "NAMES")]
    pub(crate) metrics: Vec<String>,
}

#[derive(Args, Debug)]
pub(crate) struct Evaluate {
    #[command(flatten)]
    pub(crate) source: Source,
    /// The inputs: .npy, .npz, .csv, .tsv, or .txt with a text a line
    #[arg(long, value_name = "X")]
    pub(crate) x: PathBuf,
    /// What the outputs should be: .npy, .npz, .csv or .tsv
    #[arg(long, value_name = "Y")]
    pub(crate) y: PathBuf,
    /// Samples computed at once
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = count::<usize>, allow_negative_numbers = true)]
    pub(crate) batch_size: usize,
    #[command(flatten)]
    pub(crate) judged: Judged,
}

#[derive(Args, Debug)]
pub(crate) struct Fit {
    #[command(flatten)]
    pub(crate) source: Source,
    /// The inputs: .npy, .npz, .csv, .tsv, or .txt with a text a line
    #[arg(long, value_name = "X")]
    pub(crate) x: PathBuf,
    /// What the outputs should be: .npy, .npz, .csv or .tsv
    #[arg(long, value_name = "Y")]
    pub(crate) y: PathBuf,
    /// Where the trained model goes: .keras or .h5
    #[arg(long, short, value_name = "OUT")]
    pub(crate) output: PathBuf,
    /// How often the data are gone through
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = count::<usize>, allow_negative_numbers = true)]
    pub(crate) epochs: usize,
    /// Samples of a step
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = count::<usize>, allow_negative_numbers = true)]
    pub(crate) batch_size: usize,
    /// Keep the order of the samples
    #[arg(long)]
    pub(crate) no_shuffle: bool,
    /// The optimizer, in place of the one the model was saved with; rmsprop where there is none, as
    /// in Keras; names are below
    #[arg(long, value_name = "NAME")]
    pub(crate) optimizer: Option<String>,
    /// The learning rate from now on
    #[arg(long, value_name = "RATE", value_parser = learning_rate, allow_negative_numbers = true)]
    pub(crate) learning_rate: Option<f64>,
    #[command(flatten)]
    pub(crate) judged: Judged,
    /// The share of the samples, from the end, that validates
    #[arg(long, value_name = "F", value_parser = share, conflicts_with = "val_x", allow_negative_numbers = true)]
    pub(crate) validation_split: Option<f64>,
    /// Inputs that validate
    #[arg(long, value_name = "X", requires = "val_y")]
    pub(crate) val_x: Option<PathBuf>,
    /// What their outputs should be
    #[arg(long, value_name = "Y", requires = "val_x")]
    pub(crate) val_y: Option<PathBuf>,
    /// Makes runs repeatable: the same number, the same result
    #[arg(long, value_name = "N", value_parser = whole::<u64>, allow_negative_numbers = true)]
    pub(crate) seed: Option<u64>,
    /// Where the numbers of each epoch go: .json or .csv
    #[arg(long, value_name = "H")]
    pub(crate) history: Option<PathBuf>,
    /// A folder for figures of the run
    #[arg(long, value_name = "DIR")]
    pub(crate) plots: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub(crate) struct Convert {
    #[command(flatten)]
    pub(crate) source: Source,
    /// The new file
    #[arg(value_name = "OUT")]
    pub(crate) output: PathBuf,
    /// Write the weights alone, as Keras 1 and 2 did, into OUT.h5
    #[arg(long)]
    pub(crate) weights_only: bool,
}

/// What is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Picture {
    /// Layers as boxes, tensors as arrows
    Model,
    /// Each neuron of a small stack of dense layers, with its weights as lines
    Neurons,
    /// How the values of each weight are spread
    Weights,
    /// The filters of a convolution
    Filters,
    /// What a convolution makes of an image
    Maps,
}

#[derive(Args, Debug)]
pub(crate) struct Plot {
    #[command(flatten)]
    pub(crate) source: Source,
    /// The picture: .svg or .png; MODEL.svg by default
    #[arg(long, short, value_name = "PICTURE")]
    pub(crate) output: Option<PathBuf>,
    /// What is drawn
    #[arg(long, value_enum, default_value = "model")]
    pub(crate) kind: Picture,
    /// Show shapes of inputs and outputs
    #[arg(long)]
    pub(crate) show_shapes: bool,
    /// Show element types of outputs
    #[arg(long)]
    pub(crate) show_dtype: bool,
    /// Show names of layers before their classes
    #[arg(long)]
    pub(crate) show_layer_names: bool,
    /// Show activations
    #[arg(long)]
    pub(crate) show_layer_activations: bool,
    /// Show which layers are trained
    #[arg(long)]
    pub(crate) show_trainable: bool,
    /// Draw models inside the model layer by layer
    #[arg(long)]
    pub(crate) expand_nested: bool,
    /// Where the model grows to: TB from top to bottom, BT, LR from left to right, RL
    #[arg(long, value_name = "WAY", default_value = "TB", ignore_case = true,
          value_parser = ["TB", "BT", "LR", "RL"], hide_possible_values = true)]
    pub(crate) rankdir: String,
    /// The convolution whose filters or maps are drawn; both kinds need it
    #[arg(long, value_name = "NAME")]
    pub(crate) layer: Option<String>,
    /// The array with the image, which maps need: .npy, .npz, .csv or .tsv
    #[arg(long, short, value_name = "X")]
    pub(crate) input: Option<PathBuf>,
    /// Which image of the array, from 0 on
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = whole::<usize>,
          allow_negative_numbers = true)]
    pub(crate) index: usize,
}

#[derive(Args, Debug)]
pub(crate) struct Inspect {
    /// The file: a model, weights or an architecture
    pub(crate) file: PathBuf,
}

#[cfg(feature = "serve")]
#[derive(Args, Debug)]
pub(crate) struct Serve {
    /// The models: files, or folders of versions
    #[arg(value_name = "[NAME=]MODEL", required = true)]
    pub(crate) models: Vec<String>,
    /// The port; 0 takes a free one
    #[arg(long, default_value_t = 8501, value_parser = port, allow_negative_numbers = true)]
    pub(crate) port: u16,
    /// The address to listen at; 0.0.0.0 lets other machines in
    #[arg(long, default_value = "127.0.0.1")]
    pub(crate) host: String,
    /// What requests must bring as Authorization: Bearer TOKEN; by default what FERRAS_TOKEN holds
    #[arg(long)]
    pub(crate) token: Option<String>,
    /// Names of the classes: one a line, or JSON
    #[arg(long, value_name = "FILE")]
    pub(crate) labels: Option<PathBuf>,
    /// What is done with pixels: none, scale (by 1/255, the default unless the model does it),
    /// imagenet, tf, torch
    #[arg(long, value_name = "KIND")]
    pub(crate) preprocess: Option<ferras_serve::Preprocess>,
    /// Rows computed at once, at most
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = count::<usize>, allow_negative_numbers = true)]
    pub(crate) max_batch: usize,
    /// Milliseconds that a request waits for others to be computed with
    #[arg(long, value_name = "MS", default_value_t = 0, value_parser = whole::<u64>, allow_negative_numbers = true)]
    pub(crate) max_delay: u64,
    /// Rows that may wait for a model; further requests are refused
    #[arg(long, value_name = "N", default_value_t = 1024, value_parser = count::<usize>, allow_negative_numbers = true)]
    pub(crate) queue: usize,
    /// The largest body of a request
    #[arg(long, value_name = "BYTES", value_parser = bytes, allow_negative_numbers = true, default_value = "32M")]
    pub(crate) max_body: u64,
    /// Connections at once; further ones are refused
    #[arg(long, value_name = "N", default_value_t = 512, value_parser = count::<usize>, allow_negative_numbers = true)]
    pub(crate) connections: usize,
    /// Seconds that each part of a request may take
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = count::<u64>, allow_negative_numbers = true)]
    pub(crate) timeout: u64,
    /// Seconds that requests may go on after the service was told to stop
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = whole::<u64>, allow_negative_numbers = true)]
    pub(crate) grace: u64,
    /// Seconds between looks at the models' files; 0 for never
    #[arg(long, value_name = "SECONDS", default_value_t = 1, value_parser = whole::<u64>, allow_negative_numbers = true)]
    pub(crate) reload: u64,
}

#[derive(Args, Debug)]
pub(crate) struct Verify {
    #[command(flatten)]
    pub(crate) source: Source,
    /// Test vectors: an .npz with x0, … and y0, …
    #[arg(long, value_name = "V.npz")]
    pub(crate) vectors: Option<PathBuf>,
    /// The largest difference to the vectors' outputs, as a share of the largest of them
    #[arg(long, value_name = "SHARE", default_value_t = 1e-5, value_parser = tolerance, allow_negative_numbers = true)]
    pub(crate) tolerance: f64,
}
