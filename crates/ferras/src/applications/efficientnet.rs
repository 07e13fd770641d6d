//! `EfficientNetB0` to `EfficientNetB7`: one network, wider, deeper and for larger pictures by turns.
use super::application::{Architecture, Options, Pooling, Sides, pool};
use super::imagenet::Preprocessing;
use super::mobilenet_v2::rounded;
use super::picture::{Conv, Norm, Picture};
use super::weights::{KerasFile, Weights};
use crate::Result;
use crate::initializers::{Initializer, VarianceScaling};
use crate::layers::{Dense, Dropout, Normalization, Rescaling};

#[derive(Clone, Debug, Default)]
pub struct EfficientNet<const B: usize>;

/// Width and depth over the smallest's, the size of pictures, and the share of features left out.
const SCALES: [(f64, f64, usize, f64); 8] = [
    (1.0, 1.0, 224, 0.2),
    (1.0, 1.1, 240, 0.2),
    (1.1, 1.2, 260, 0.3),
    (1.2, 1.4, 300, 0.3),
    (1.4, 1.8, 380, 0.4),
    (1.6, 2.2, 456, 0.4),
    (1.8, 2.6, 528, 0.5),
    (2.0, 3.1, 600, 0.5),
];

/// Checksums with and without the classes.
const HASHES: [[&str; 2]; 8] = [
    ["902e53a9f72be733fc0bcb005b3ebbac", "50bc09e76180e00e4465e1a485ddc09d"],
    ["1d254153d4ab51201f1646940f018540", "74c4e6b3e1f6a1eea24c589628592432"],
    ["b15cce36ff4dcbd00b6dd88e7857a6ad", "111f8e2ac8aa800a7a99e3239f7bfb39"],
    ["ffd1fdc53d0ce67064dc6a9c7960ede0", "af6d107764bb5b1abb91932881670226"],
    ["18c95ad55216b8f92d7e70b3a046e2fc", "ebc24e6d6c33eaebbd558eafbeedf1ba"],
    ["ace28f2a6363774853a83a0b21b9421a", "38879255a25d3c92d5e44e04ae6cec6f"],
    ["165f6e37dce68623721b423839de8be5", "9ecce42647a20130c1f39a5d4cb75743"],
    ["8c03f828fec3ef71311cd463b6759d99", "cbcfe4450ddf6f3ad90b1b398090fe4a"],
];

/// Window, layers, filters of input and output, expansion, and strides of each stage.
const STAGES: [(usize, usize, [usize; 2], usize, usize); 7] = [
    (3, 1, [32, 16], 1, 1),
    (3, 2, [16, 24], 6, 2),
    (5, 2, [24, 40], 6, 2),
    (3, 3, [40, 80], 6, 2),
    (5, 3, [80, 112], 6, 1),
    (5, 4, [112, 192], 6, 2),
    (3, 1, [192, 320], 6, 1),
];

/// The largest share of a block's result that training leaves out whole.
pub const DROP_CONNECT: f64 = 0.2;

/// Initial kernels of convolutions.
pub fn conv_initializer() -> Initializer {
    VarianceScaling::new().scale(2.0).mode("fan_out").distribution("truncated_normal").into()
}

/// Initial kernel of the classes.
pub fn dense_initializer() -> Initializer {
    VarianceScaling::new().scale(1.0 / 3.0).mode("fan_out").distribution("uniform").into()
}

/// A product of one place, without bias.
pub fn point(x: &Picture, filters: usize, name: &str) -> Picture {
    x.conv(Conv::new(filters, 1).same().no_bias().initializer(&conv_initializer()), name)
}

/// Each channel times what a network of so many units makes of all means.
pub fn excite(x: &Picture, units: usize, prefix: &str) -> Picture {
    let conv = |filters, activation| {
        Conv::new(filters, 1).same().activation(activation).initializer(&conv_initializer())
    };
    let named = |name: &str| format!("{prefix}se_{name}");
    let y = x.global_average(&named("squeeze")).one_place(&named("reshape"));
    let y = y.conv(conv(units, "swish"), &named("reduce"));
    let y = y.conv(conv(x.channels, "sigmoid"), &named("expand"));
    x.multiply(&y, &named("excite"))
}

/// `y` beside a shortcut, left out whole with this probability in training.
pub fn with_shortcut(x: &Picture, y: &Picture, drop: f64, prefix: &str) -> Picture {
    let y = match drop > 0.0 {
        true => {
            let layer = Dropout::new(drop).noise_shape([None, Some(1), Some(1), Some(1)]);
            y.then(layer, &format!("{prefix}drop"))
        }
        false => y.clone(),
    };
    y.add(x, &format!("{prefix}add"))
}

/// The classes behind a pool and a dropout.
pub fn top(options: &Options, features: &Picture, dropout: f64) -> Picture {
    let x = features.global_average("avg_pool").then(Dropout::new(dropout), "top_dropout");
    let layer = Dense::new(options.classes)
        .activation(options.classifier_activation.clone())
        .kernel_initializer(dense_initializer());
    x.then(layer, "predictions")
}

/// A block: wider, filtered, excited, narrower.
struct Block {
    size: usize,
    filters: [usize; 2],
    expansion: usize,
    strides: usize,
    drop: f64,
}

impl Block {
    fn apply(&self, x: &Picture, prefix: &str) -> Picture {
        let named = |name: &str| format!("{prefix}{name}");
        let norm_swish = |x: &Picture, norm: &str, swish: &str| {
            x.norm(Norm::default(), &named(norm)).activation("swish", &named(swish))
        };
        let wide = self.filters[0] * self.expansion;
        let mut y = x.clone();
        if self.expansion != 1 {
            y = point(&y, wide, &named("expand_conv"));
            y = norm_swish(&y, "expand_bn", "expand_activation");
        }
        if self.strides == 2 {
            y = y.pad_for(self.size, &named("dwconv_pad"));
        }
        let conv = Conv::new(1, self.size).strides(self.strides).padded(self.strides == 1);
        y = y.depthwise(conv.initializer(&conv_initializer()), &named("dwconv"));
        y = norm_swish(&y, "bn", "activation");
        y = excite(&y, (self.filters[0] / 4).max(1), prefix);
        y = point(&y, self.filters[1], &named("project_conv"));
        y = y.norm(Norm::default(), &named("project_bn"));
        match self.strides == 1 && self.filters[0] == self.filters[1] {
            true => with_shortcut(x, &y, self.drop, prefix),
            false => y,
        }
    }
}

/// `block1a_`, `block1b_`, …
pub fn prefix(stage: usize, block: usize) -> String {
    let letter = u8::try_from(block).ok().and_then(|b| b'a'.checked_add(b)).unwrap_or(b'z');
    format!("block{stage}{}_", char::from(letter))
}

impl<const B: usize> EfficientNet<B> {
    fn scale(&self) -> (f64, f64, usize, f64) {
        SCALES[B % SCALES.len()]
    }
}

impl<const B: usize> Architecture for EfficientNet<B> {
    const PREPROCESSING: Preprocessing = Preprocessing::None;

    fn name(&self, _rows: Option<usize>) -> String {
        format!("efficientnetb{B}")
    }

    fn sides(&self, _given: Option<[Option<usize>; 2]>) -> Sides {
        Sides::new(self.scale().2, 32)
    }

    fn features(&self, options: &Options, picture: Picture) -> Result<Picture> {
        let (width, depth, ..) = self.scale();
        let filters = |n: usize| rounded(n as f64 * width, 8);
        let layers = |n: usize| (n as f64 * depth).ceil() as usize;
        let mut x = picture.then(Rescaling::new(1.0 / 255.0), "");
        x = x.normalized(Normalization::new(), "");
        if options.weights == Weights::ImageNet {
            // What the published weights were trained with.
            x = x.then(Rescaling::new([0.229, 0.224, 0.225].map(|v: f64| 1.0 / v.sqrt())), "");
        }
        let stem = Conv::new(filters(32), 3).strides(2).no_bias().initializer(&conv_initializer());
        x = x.pad_for(3, "stem_conv_pad").conv(stem, "stem_conv");
        x = x.norm(Norm::default(), "stem_bn").activation("swish", "stem_activation");
        let all: usize = STAGES.iter().map(|s| layers(s.1)).sum();
        let mut done = 0;
        for (stage, (size, count, [from, to], expansion, strides)) in (1..).zip(STAGES) {
            for i in 0..layers(count) {
                let (strides, from) = if i == 0 { (strides, from) } else { (1, to) };
                let filters = [filters(from), filters(to)];
                let drop = DROP_CONNECT * done as f64 / all as f64;
                let block = Block { size, filters, expansion, strides, drop };
                x = block.apply(&x, &prefix(stage, i));
                done += 1;
            }
        }
        x = point(&x, filters(1280), "top_conv").norm(Norm::default(), "top_bn");
        Ok(x.activation("swish", "top_activation"))
    }

    fn top(&self, options: &Options, features: &Picture) -> Picture {
        top(options, features, self.scale().3)
    }

    fn pooled(&self, pooling: Option<Pooling>, features: &Picture) -> Picture {
        pool(pooling, features, ["avg_pool", "max_pool"])
    }

    fn file(&self, options: &Options, rows: Option<usize>) -> Result<KerasFile> {
        let end = if options.include_top { "" } else { "_notop" };
        let hash = HASHES[B % HASHES.len()][usize::from(!options.include_top)];
        Ok(KerasFile::new("", format!("{}{end}.h5", self.name(rows)), hash))
    }
}
