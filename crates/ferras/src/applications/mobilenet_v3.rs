//! `MobileNetV3Large` and `MobileNetV3Small`: inverted residuals, squeezed and excited.
use super::application::{Application, Architecture, Options, Pooling, Sides, pool};
use super::imagenet::Preprocessing;
use super::mobilenet::check_alpha;
use super::mobilenet_v2::{NORM, rounded};
use super::picture::{Conv, Picture};
use super::weights::KerasFile;
use crate::Result;
use crate::layers::{Activation, Dropout, Flatten, ReLU, Rescaling};

#[derive(Clone, Debug)]
pub struct MobileNetV3<const LARGE: bool> {
    alpha: f64,
    minimalistic: bool,
    dropout_rate: f64,
    include_preprocessing: bool,
}

impl<const LARGE: bool> Default for MobileNetV3<LARGE> {
    fn default() -> MobileNetV3<LARGE> {
        MobileNetV3 {
            alpha: 1.0,
            minimalistic: false,
            dropout_rate: 0.2,
            include_preprocessing: true,
        }
    }
}

impl<const LARGE: bool> Application<MobileNetV3<LARGE>> {
    /// How wide the network is; 1 by default. ImageNet's weights are there for 0.75 and 1.
    pub fn alpha(mut self, alpha: f64) -> Self {
        self.own.alpha = alpha;
        self
    }

    /// Whether to leave out all that small machines are slow at (windows of 5 × 5, excitation,
    /// hard swish); false by default.
    pub fn minimalistic(mut self, minimalistic: bool) -> Self {
        self.own.minimalistic = minimalistic;
        self
    }

    /// The share of the last features that training leaves out; 0.2 by default.
    pub fn dropout_rate(mut self, dropout_rate: f64) -> Self {
        self.own.dropout_rate = dropout_rate;
        self
    }

    /// Whether the network itself brings pixels from 0 … 255 to -1 … 1; true by default.
    pub fn include_preprocessing(mut self, include_preprocessing: bool) -> Self {
        self.own.include_preprocessing = include_preprocessing;
        self
    }
}

/// A block: how much wider it is inside, its filters, whether its windows are large, its strides,
/// whether it is excited, and whether it has the later activation.
struct Block {
    expansion: f64,
    filters: usize,
    large: bool,
    strides: usize,
    excited: bool,
    late: bool,
}

/// Both networks, as rows of Howard et al. 2019, tables 1 and 2.
fn blocks(large: bool) -> Vec<Block> {
    let rows: &[(f64, usize, bool, usize, bool, bool)] = match large {
        true => &[
            (1.0, 16, false, 1, false, false),
            (4.0, 24, false, 2, false, false),
            (3.0, 24, false, 1, false, false),
            (3.0, 40, true, 2, true, false),
            (3.0, 40, true, 1, true, false),
            (3.0, 40, true, 1, true, false),
            (6.0, 80, false, 2, false, true),
            (2.5, 80, false, 1, false, true),
            (2.3, 80, false, 1, false, true),
            (2.3, 80, false, 1, false, true),
            (6.0, 112, false, 1, true, true),
            (6.0, 112, false, 1, true, true),
            (6.0, 160, true, 2, true, true),
            (6.0, 160, true, 1, true, true),
            (6.0, 160, true, 1, true, true),
        ],
        false => &[
            (1.0, 16, false, 2, true, false),
            (72.0 / 16.0, 24, false, 2, false, false),
            (88.0 / 24.0, 24, false, 1, false, false),
            (4.0, 40, true, 2, true, true),
            (6.0, 40, true, 1, true, true),
            (6.0, 40, true, 1, true, true),
            (3.0, 48, true, 1, true, true),
            (3.0, 48, true, 1, true, true),
            (6.0, 96, true, 2, true, true),
            (6.0, 96, true, 1, true, true),
            (6.0, 96, true, 1, true, true),
        ],
    };
    let block = |&(expansion, filters, large, strides, excited, late): &_| Block {
        expansion,
        filters,
        large,
        strides,
        excited,
        late,
    };
    rows.iter().map(block).collect()
}

/// x · max(0, min(x + 3, 6)) / 6, or max(0, x).
fn activation(x: &Picture, hard_swish: bool) -> Picture {
    match hard_swish {
        true => x.activation("hard_swish", ""),
        false => x.then(ReLU::new(), ""),
    }
}

/// Each channel times what a small network makes of all means.
fn excite(x: &Picture, prefix: &str) -> Result<Picture> {
    let named = |name: &str| format!("{prefix}squeeze_excite_{name}");
    let narrow = rounded(x.channels as f64 * 0.25, 8);
    let y = x.squeeze(&named("avg_pool")).conv(Conv::new(narrow, 1).same(), &named("conv"));
    let y = y.then(ReLU::new(), &named("relu"));
    let y = y.conv(Conv::new(x.channels, 1).same(), &named("conv_1"));
    let y = y.plus(3.0)?.relu6("").times(1.0 / 6.0)?;
    Ok(x.multiply(&y, &named("mul")))
}

impl<const LARGE: bool> MobileNetV3<LARGE> {
    fn block(&self, x: &Picture, index: usize, block: &Block) -> Result<Picture> {
        let prefix = match index {
            0 => "expanded_conv_".to_string(),
            n => format!("expanded_conv_{n}_"),
        };
        let named = |name: &str| format!("{prefix}{name}");
        let full = !self.minimalistic;
        let size = if block.large && full { 5 } else { 3 };
        let mut y = x.clone();
        if index > 0 {
            let wide = rounded(x.channels as f64 * block.expansion, 8);
            y = y.conv(Conv::new(wide, 1).same().no_bias(), &named("expand"));
            y = activation(&y.norm(NORM, &named("expand_bn")), block.late && full);
        }
        if block.strides == 2 {
            y = y.pad_for(size, &named("depthwise_pad"));
        }
        let depthwise = Conv::new(1, size).strides(block.strides).padded(block.strides == 1);
        y = y.depthwise(depthwise, &named("depthwise")).norm(NORM, &named("depthwise_bn"));
        y = activation(&y, block.late && full);
        if block.excited && full {
            y = excite(&y, &prefix)?;
        }
        let filters = rounded(block.filters as f64 * self.alpha, 8);
        y = y.conv(Conv::new(filters, 1).same().no_bias(), &named("project"));
        y = y.norm(NORM, &named("project_bn"));
        Ok(match block.strides == 1 && x.channels == filters {
            true => x.add(&y, &named("add")),
            false => y,
        })
    }
}

impl<const LARGE: bool> Architecture for MobileNetV3<LARGE> {
    const PREPROCESSING: Preprocessing = Preprocessing::None;

    fn name(&self, _rows: Option<usize>) -> String {
        if LARGE { "MobileNetV3Large" } else { "MobileNetV3Small" }.into()
    }

    fn sides(&self, _given: Option<[Option<usize>; 2]>) -> Sides {
        Sides { open: true, ..Sides::new(224, 32) }
    }

    fn features(&self, options: &Options, picture: Picture) -> Result<Picture> {
        let known: &[f64] = if self.minimalistic { &[1.0] } else { &[0.75, 1.0] };
        check_alpha(self.alpha, &options.weights, known)?;
        let mut x = picture;
        if self.include_preprocessing {
            x = x.then(Rescaling::new(1.0 / 127.5).offset(-1.0), "");
        }
        x = x.conv(Conv::new(16, 3).strides(2).same().no_bias(), "conv").norm(NORM, "conv_bn");
        x = activation(&x, !self.minimalistic);
        for (index, block) in blocks(LARGE).iter().enumerate() {
            x = self.block(&x, index, block)?;
        }
        let last = rounded(x.channels as f64 * 6.0, 8);
        x = x.conv(Conv::new(last, 1).same().no_bias(), "conv_1").norm(NORM, "conv_1_bn");
        Ok(activation(&x, !self.minimalistic))
    }

    fn top(&self, options: &Options, features: &Picture) -> Picture {
        let filters = if LARGE { 1280 } else { 1024 };
        let filters = match self.alpha > 1.0 {
            true => rounded(filters as f64 * self.alpha, 8),
            false => filters,
        };
        let x = features.squeeze("").conv(Conv::new(filters, 1).same(), "conv_2");
        let mut x = activation(&x, !self.minimalistic);
        if self.dropout_rate > 0.0 {
            x = x.then(Dropout::new(self.dropout_rate), "");
        }
        let x = x.conv(Conv::new(options.classes, 1).same(), "logits").then(Flatten::new(), "");
        x.then(Activation::new(options.classifier_activation.clone()), "predictions")
    }

    fn pooled(&self, pooling: Option<Pooling>, features: &Picture) -> Picture {
        pool(pooling, features, ["avg_pool", "max_pool"])
    }

    fn file(&self, options: &Options, _rows: Option<usize>) -> Result<KerasFile> {
        let hashes = match (LARGE, self.minimalistic, self.alpha < 1.0) {
            (true, true, _) => {
                ["675e7b876c45c57e9e63e6d90a36599c", "ec5221f64a2f6d1ef965a614bdae7973"]
            }
            (true, _, true) => {
                ["765b44a33ad4005b3ac83185abf1d0eb", "40af19a13ebea4e2ee0c676887f69a2e"]
            }
            (true, ..) => ["59e551e166be033d707958cf9e29a6a7", "07fb09a5933dd0c8eaafa16978110389"],
            (_, true, _) => {
                ["99cd97fb2fcdad2bf028eb838de69e37", "cde8136e733e811080d9fcd8a252f7e4"]
            }
            (.., true) => ["cb65d4e5be93758266aa0a7f2c6708b7", "ebdb5cc8e0b497cd13a7c275d475c819"],
            _ => ["8768d4c2e7dee89b9d02b2d03d65d862", "d3e8ec802a04aa4fc771ee12a9a9b836"],
        };
        let size = if LARGE { "large" } else { "small" };
        let kind = if self.minimalistic { "_minimalistic" } else { "" };
        let end = if options.include_top { "" } else { "_no_top_v2" };
        let name = format!("weights_mobilenet_v3_{size}{kind}_224_{:?}_float{end}.h5", self.alpha);
        Ok(KerasFile::new("mobilenet_v3", name, hashes[usize::from(!options.include_top)]))
    }
}
