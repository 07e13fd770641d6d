//! `EfficientNetV2B0` to `EfficientNetV2L`: whole convolutions first, depthwise ones later.
use super::application::{Application, Architecture, Options, Pooling, Sides, pool};
use super::efficientnet::{
    DROP_CONNECT, conv_initializer, excite, point, prefix, top, with_shortcut,
};
use super::imagenet::Preprocessing;
use super::picture::{Conv, Norm, Picture};
use super::weights::KerasFile;
use crate::Result;
use crate::layers::{Normalization, Rescaling};

const NORM: Norm = Norm { momentum: 0.9, epsilon: 1e-3, scale: true };

#[derive(Clone, Debug)]
pub struct EfficientNetV2<const KIND: usize> {
    include_preprocessing: bool,
}

impl<const KIND: usize> Default for EfficientNetV2<KIND> {
    fn default() -> Self {
        EfficientNetV2 { include_preprocessing: true }
    }
}

impl<const KIND: usize> Application<EfficientNetV2<KIND>> {
    /// Whether the network itself takes pixels from 0 to 255; true by default.
    pub fn include_preprocessing(mut self, include_preprocessing: bool) -> Self {
        self.own.include_preprocessing = include_preprocessing;
        self
    }
}

/// A stage: layers, filters of input and output, expansion, strides, and whether its convolutions are
/// whole (without excitation) or depthwise (with).
type Stage = (usize, [usize; 2], usize, usize, bool);

const BASE: [Stage; 6] = [
    (1, [32, 16], 1, 1, true),
    (2, [16, 32], 4, 2, true),
    (2, [32, 48], 4, 2, true),
    (3, [48, 96], 4, 2, false),
    (5, [96, 112], 6, 1, false),
    (8, [112, 192], 6, 2, false),
];
const SMALL: [Stage; 6] = [
    (2, [24, 24], 1, 1, true),
    (4, [24, 48], 4, 2, true),
    (4, [48, 64], 4, 2, true),
    (6, [64, 128], 4, 2, false),
    (9, [128, 160], 6, 1, false),
    (15, [160, 256], 6, 2, false),
];
const MIDDLE: [Stage; 7] = [
    (3, [24, 24], 1, 1, true),
    (5, [24, 48], 4, 2, true),
    (5, [48, 80], 4, 2, true),
    (7, [80, 160], 4, 2, false),
    (14, [160, 176], 6, 1, false),
    (18, [176, 304], 6, 2, false),
    (5, [304, 512], 6, 1, false),
];
const LARGE: [Stage; 7] = [
    (4, [32, 32], 1, 1, true),
    (7, [32, 64], 4, 2, true),
    (7, [64, 96], 4, 2, true),
    (10, [96, 192], 4, 2, false),
    (19, [192, 224], 6, 1, false),
    (25, [224, 384], 6, 2, false),
    (7, [384, 640], 6, 1, false),
];

/// Name, stages, width and depth over the table's, size of pictures, checksums.
struct Kind {
    name: &'static str,
    stages: &'static [Stage],
    width: f64,
    depth: f64,
    size: usize,
    hashes: [&'static str; 2],
}

const KINDS: [Kind; 7] = [
    Kind {
        name: "b0",
        stages: &BASE,
        width: 1.0,
        depth: 1.0,
        size: 224,
        hashes: ["21ecbf6da12460d5c40bb2f29ceb2188", "893217f2bb855e2983157299931e43ff"],
    },
    Kind {
        name: "b1",
        stages: &BASE,
        width: 1.0,
        depth: 1.1,
        size: 240,
        hashes: ["069f0534ff22adf035c89e2d9547a9dc", "0e80663031ca32d657f9caa404b6ec37"],
    },
    Kind {
        name: "b2",
        stages: &BASE,
        width: 1.1,
        depth: 1.2,
        size: 260,
        hashes: ["424e49f28180edbde1e94797771950a7", "1dfe2e7a5d45b6632553a8961ea609eb"],
    },
    Kind {
        name: "b3",
        stages: &BASE,
        width: 1.2,
        depth: 1.4,
        size: 300,
        hashes: ["1f1fc43bd98a6e4fd8fdfd551e02c7a0", "f6abf7b5849ac99a89b50dd3fd532856"],
    },
    Kind {
        name: "s",
        stages: &SMALL,
        width: 1.0,
        depth: 1.0,
        size: 384,
        hashes: ["e1d88a8495beba45748fedd0cecbe016", "af0682fb74e8c54910f2d4393339c070"],
    },
    Kind {
        name: "m",
        stages: &MIDDLE,
        width: 1.0,
        depth: 1.0,
        size: 480,
        hashes: ["a3bf6aa3276309f4fc6a34aa114c95cd", "1b8dc055df72dde80d614482840fe342"],
    },
    Kind {
        name: "l",
        stages: &LARGE,
        width: 1.0,
        depth: 1.0,
        size: 480,
        hashes: ["27e6d408b53c7ebc868fefa357689935", "b0b66b5c863aef5b46e8608fe1711615"],
    },
];

/// The multiple of 8 next to a number of filters, at least 8.
fn rounded(filters: f64) -> usize {
    ((filters + 4.0) as usize / 8 * 8).max(8)
}

struct Block {
    filters: [usize; 2],
    expansion: usize,
    strides: usize,
    whole: bool,
    drop: f64,
}

impl Block {
    fn apply(&self, x: &Picture, prefix: &str) -> Picture {
        let named = |name: &str| format!("{prefix}{name}");
        let norm = |x: &Picture, name: &str| x.norm(NORM, &named(name));
        let swish = |x: &Picture, name: &str| x.activation("swish", &named(name));
        let wide = self.filters[0] * self.expansion;
        let three = |filters| {
            let conv = Conv::new(filters, 3).strides(self.strides).same().no_bias();
            conv.initializer(&conv_initializer())
        };
        let mut y = x.clone();
        if self.expansion != 1 {
            y = match self.whole {
                true => y.conv(three(wide), &named("expand_conv")),
                false => point(&y, wide, &named("expand_conv")),
            };
            y = swish(&norm(&y, "expand_bn"), "expand_activation");
        }
        if !self.whole {
            y = norm(&y.depthwise(three(1), &named("dwconv2")), "bn");
            y = excite(&swish(&y, "activation"), (self.filters[0] / 4).max(1), prefix);
        }
        y = match self.whole && self.expansion == 1 {
            true => y.conv(three(self.filters[1]), &named("project_conv")),
            false => point(&y, self.filters[1], &named("project_conv")),
        };
        y = norm(&y, "project_bn");
        if self.whole && self.expansion == 1 {
            y = swish(&y, "project_activation");
        }
        match self.strides == 1 && self.filters[0] == self.filters[1] {
            true => with_shortcut(x, &y, self.drop, prefix),
            false => y,
        }
    }
}

impl<const KIND: usize> EfficientNetV2<KIND> {
    fn kind(&self) -> &'static Kind {
        &KINDS[KIND % KINDS.len()]
    }

    /// Pixels as the network was trained with them.
    fn preprocessed(&self, picture: &Picture) -> Picture {
        match self.kind().name.starts_with('b') && picture.channels == 3 {
            true => {
                let normalization = Normalization::new()
                    .mean([0.485, 0.456, 0.406])
                    .variance([0.229, 0.224, 0.225].map(|v: f64| v.powi(2)));
                picture.then(Rescaling::new(1.0 / 255.0), "").normalized(normalization, "")
            }
            false => picture.then(Rescaling::new(1.0 / 128.0).offset(-1.0), ""),
        }
    }
}

impl<const KIND: usize> Architecture for EfficientNetV2<KIND> {
    const PREPROCESSING: Preprocessing = Preprocessing::None;

    fn name(&self, _rows: Option<usize>) -> String {
        format!("efficientnetv2-{}", self.kind().name)
    }

    fn sides(&self, _given: Option<[Option<usize>; 2]>) -> Sides {
        Sides::new(self.kind().size, 32)
    }

    fn features(&self, _options: &Options, picture: Picture) -> Result<Picture> {
        let kind = self.kind();
        let filters = |n: usize| rounded(n as f64 * kind.width);
        let layers = |n: usize| (n as f64 * kind.depth).ceil() as usize;
        let mut x = match self.include_preprocessing {
            true => self.preprocessed(&picture),
            false => picture,
        };
        let first = kind.stages.first().map_or(32, |stage| stage.1[0]);
        let stem = Conv::new(filters(first), 3).strides(2).same().no_bias();
        x = x.conv(stem.initializer(&conv_initializer()), "stem_conv");
        x = x.norm(NORM, "stem_bn").activation("swish", "stem_activation");
        // Keras counts the table's layers here, not those of the deeper network.
        let all: usize = kind.stages.iter().map(|stage| stage.0).sum();
        let mut done = 0;
        for (stage, &(count, [from, to], expansion, strides, whole)) in (1..).zip(kind.stages) {
            for i in 0..layers(count) {
                let (strides, from) = if i == 0 { (strides, from) } else { (1, to) };
                let filters = [filters(from), filters(to)];
                let drop = DROP_CONNECT * done as f64 / all as f64;
                let block = Block { filters, expansion, strides, whole, drop };
                x = block.apply(&x, &prefix(stage, i));
                done += 1;
            }
        }
        x = point(&x, filters(1280), "top_conv").norm(NORM, "top_bn");
        Ok(x.activation("swish", "top_activation"))
    }

    fn top(&self, options: &Options, features: &Picture) -> Picture {
        top(options, features, 0.2)
    }

    fn pooled(&self, pooling: Option<Pooling>, features: &Picture) -> Picture {
        pool(pooling, features, ["avg_pool", "max_pool"])
    }

    fn file(&self, options: &Options, rows: Option<usize>) -> Result<KerasFile> {
        let end = if options.include_top { "" } else { "_notop" };
        let hash = self.kind().hashes[usize::from(!options.include_top)];
        Ok(KerasFile::new("efficientnet_v2", format!("{}{end}.h5", self.name(rows)), hash))
    }
}
