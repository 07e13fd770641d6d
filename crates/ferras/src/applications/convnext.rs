//! `ConvNeXtTiny` to `ConvNeXtXLarge`: a convolutional network with the manners of a transformer.
use super::application::{Application, Architecture, Options, Pooling, Sides};
use super::imagenet::Preprocessing;
use super::picture::{Conv, Picture};
use super::weights::KerasFile;
use crate::Result;
use crate::layers::{
    Activation, Conv2D, Dense, LayerExt, LayerNormalization, LayerRef, LayerScale, Normalization,
};
use crate::models::Sequential;

#[derive(Clone, Debug)]
pub struct ConvNeXt<const KIND: usize> {
    include_preprocessing: bool,
}

impl<const KIND: usize> Default for ConvNeXt<KIND> {
    fn default() -> Self {
        ConvNeXt { include_preprocessing: true }
    }
}

impl<const KIND: usize> Application<ConvNeXt<KIND>> {
    /// Whether the network itself normalizes pixels from 0 to 255; true by default.
    pub fn include_preprocessing(mut self, include_preprocessing: bool) -> Self {
        self.own.include_preprocessing = include_preprocessing;
        self
    }
}

/// Name, blocks and channels of each stage, checksums.
struct Kind {
    name: &'static str,
    blocks: [usize; 4],
    channels: [usize; 4],
    hashes: [&'static str; 2],
}

const KINDS: [Kind; 5] = [
    Kind {
        name: "convnext_tiny",
        blocks: [3, 3, 9, 3],
        channels: [96, 192, 384, 768],
        hashes: [
            "8ae6e78ce2933352b1ef4008e6dd2f17bc40771563877d156bc6426c7cf503ff",
            "d547c096cabd03329d7be5562c5e14798aa39ed24b474157cef5e85ab9e49ef1",
        ],
    },
    Kind {
        name: "convnext_small",
        blocks: [3, 3, 27, 3],
        channels: [96, 192, 384, 768],
        hashes: [
            "ce1277d8f1ee5a0ef0e171469089c18f5233860ceaf9b168049cb9263fd7483c",
            "6fc8009faa2f00c1c1dfce59feea9b0745eb260a7dd11bee65c8e20843da6eab",
        ],
    },
    Kind {
        name: "convnext_base",
        blocks: [3, 3, 27, 3],
        channels: [128, 256, 512, 1024],
        hashes: [
            "52cbb006d3dadd03f6e095a8ca1aca47aecdd75acb4bc74bce1f5c695d0086e6",
            "40a20c5548a5e9202f69735ecc06c990e6b7c9d2de39f0361e27baeb24cb7c45",
        ],
    },
    Kind {
        name: "convnext_large",
        blocks: [3, 3, 27, 3],
        channels: [192, 384, 768, 1536],
        hashes: [
            "070c5ed9ed289581e477741d3b34beffa920db8cf590899d6d2c67fba2a198a6",
            "96f02b6f0753d4f543261bc9d09bed650f24dd6bc02ddde3066135b63d23a1cd",
        ],
    },
    Kind {
        name: "convnext_xlarge",
        blocks: [3, 3, 27, 3],
        channels: [256, 512, 1024, 2048],
        hashes: [
            "c1f5ccab661354fc3a79a10fa99af82f0fbf10ec65cb894a3ae0815f17a889ee",
            "de3f8a54174130e0cecdc71583354753d557fcf1f4487331558e2a16ba0cfe05",
        ],
    },
];

fn layer_norm() -> LayerNormalization {
    LayerNormalization::new().epsilon(1e-6)
}

/// Between two stages: a convolution of windows without overlap, and a normalization.
fn downsampled(x: &Picture, name: &str, stage: usize, channels: usize) -> Result<Picture> {
    let conv = |size: usize, name: String| Conv2D::new(channels, size).strides(size).name(name);
    let (block, size, layers): (String, usize, [LayerRef; 2]) = match stage {
        0 => (
            format!("{name}_stem"),
            4,
            [
                conv(4, format!("{name}_stem_conv")),
                layer_norm().name(format!("{name}_stem_layernorm")),
            ],
        ),
        _ => {
            let i = stage - 1;
            (
                format!("{name}_downsampling_block_{i}"),
                2,
                [
                    layer_norm().name(format!("{name}_downsampling_layernorm_{i}")),
                    conv(2, format!("{name}_downsampling_conv_{i}")),
                ],
            )
        }
    };
    let [first, second] = layers;
    let first = first.input_shape([x.size[0], x.size[1], Some(x.channels)]);
    let stack = Sequential::new().add(first).add(second).build()?;
    Ok(x.stack(stack.layer()?, &block, size, channels))
}

/// A depthwise convolution and a network of each place, beside a shortcut.
fn block(x: &Picture, name: &str) -> Result<Picture> {
    let named = |what: &str| format!("{name}_{what}");
    let n = x.channels;
    let y = x.conv(Conv::new(n, 7).same().groups(n), &named("depthwise_conv"));
    let y = y.then(layer_norm(), &named("layernorm"));
    let y =
        y.then(Dense::new(4 * n), &named("pointwise_conv_1")).activation("gelu", &named("gelu"));
    let y = y.then(Dense::new(n), &named("pointwise_conv_2"));
    let y = y.then(LayerScale::new(1e-6, n), &named("layer_scale"));
    x.sum(&y.then(Activation::new("linear"), &named("identity")))
}

impl<const KIND: usize> ConvNeXt<KIND> {
    fn kind(&self) -> &'static Kind {
        &KINDS[KIND % KINDS.len()]
    }
}

impl<const KIND: usize> Architecture for ConvNeXt<KIND> {
    const PREPROCESSING: Preprocessing = Preprocessing::None;

    fn name(&self, _rows: Option<usize>) -> String {
        self.kind().name.into()
    }

    fn sides(&self, _given: Option<[Option<usize>; 2]>) -> Sides {
        Sides::new(224, 32)
    }

    fn features(&self, options: &Options, picture: Picture) -> Result<Picture> {
        let (kind, name) = (self.kind(), options.name(self.kind().name));
        let mut x = picture;
        if self.include_preprocessing && x.channels == 3 {
            let normalization = Normalization::new()
                .mean([0.485, 0.456, 0.406].map(|v: f64| v * 255.0))
                .variance([0.229, 0.224, 0.225].map(|v: f64| (v * 255.0).powi(2)));
            x = x.then(normalization, &format!("{name}_prestem_normalization"));
        }
        for (stage, (blocks, channels)) in kind.blocks.into_iter().zip(kind.channels).enumerate() {
            x = downsampled(&x, &name, stage, channels)?;
            for i in 0..blocks {
                x = block(&x, &format!("{name}_stage_{stage}_block_{i}"))?;
            }
        }
        Ok(x)
    }

    fn top(&self, options: &Options, features: &Picture) -> Picture {
        let name = options.name(self.kind().name);
        let x = features.global_average(&format!("{name}_head_gap"));
        let x = x.then(layer_norm(), &format!("{name}_head_layernorm"));
        let layer = Dense::new(options.classes).activation(options.classifier_activation.clone());
        x.then(layer, &format!("{name}_head_dense"))
    }

    fn pooled(&self, pooling: Option<Pooling>, features: &Picture) -> Picture {
        super::application::pool(pooling, features, ["", ""]).then(layer_norm(), "")
    }

    fn file(&self, options: &Options, _rows: Option<usize>) -> Result<KerasFile> {
        let end = if options.include_top { "" } else { "_notop" };
        let hash = self.kind().hashes[usize::from(!options.include_top)];
        Ok(KerasFile::new("convnext", format!("{}{end}.h5", self.kind().name), hash))
    }
}
