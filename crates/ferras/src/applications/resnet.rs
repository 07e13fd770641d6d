//! Residual networks, in both orders of convolution and normalization.
use super::application::{Architecture, Options, Pooling, Sides, pool};
use super::imagenet::Preprocessing;
use super::picture::{Conv, Norm, Picture};
use super::weights::KerasFile;
use crate::Result;

const NORM: Norm = Norm { momentum: 0.99, epsilon: 1.001e-5, scale: true };

/// Filters and number of blocks of each stage.
fn stages(layers: usize) -> [(usize, usize); 4] {
    let (second, third) = match layers {
        50 => (4, 6),
        101 => (4, 23),
        _ => (8, 36),
    };
    [(64, 3), (128, second), (256, third), (512, 3)]
}

/// The first convolution with a border of zeros.
fn stem(picture: &Picture) -> Picture {
    let x = picture.pad([(3, 3); 2], "conv1_pad");
    x.conv(Conv::new(64, 7).strides(2), "conv1_conv")
}

fn stem_pool(x: &Picture) -> Picture {
    x.pad([(1, 1); 2], "pool1_pad").max_pool(3, 2, false, "pool1_pool")
}

fn file(name: &str, options: &Options, hashes: [&'static str; 2]) -> KerasFile {
    KerasFile::old("resnet", name, options.include_top, hashes)
}

#[derive(Clone, Debug, Default)]
pub struct ResNet<const LAYERS: usize>;

impl<const LAYERS: usize> ResNet<LAYERS> {
    /// A residual block; the first of a stage has a convolution in its shortcut.
    fn block(x: &Picture, filters: usize, strides: usize, first: bool, name: &str) -> Picture {
        let shortcut = match first {
            true => x
                .conv(Conv::new(4 * filters, 1).strides(strides), &format!("{name}_0_conv"))
                .norm(NORM, &format!("{name}_0_bn")),
            false => x.clone(),
        };
        let x = x.conv(Conv::new(filters, 1).strides(strides), &format!("{name}_1_conv"));
        let x = x.norm_relu(NORM, &format!("{name}_1_bn"), &format!("{name}_1_relu"));
        let x = x.conv(Conv::new(filters, 3).same(), &format!("{name}_2_conv"));
        let x = x.norm_relu(NORM, &format!("{name}_2_bn"), &format!("{name}_2_relu"));
        let x = x.conv(Conv::new(4 * filters, 1), &format!("{name}_3_conv"));
        let x = x.norm(NORM, &format!("{name}_3_bn"));
        shortcut.add(&x, &format!("{name}_add")).activation("relu", &format!("{name}_out"))
    }
}

impl<const LAYERS: usize> Architecture for ResNet<LAYERS> {
    const PREPROCESSING: Preprocessing = Preprocessing::Caffe;

    fn name(&self, _rows: Option<usize>) -> String {
        format!("resnet{LAYERS}")
    }

    fn sides(&self, _given: Option<[Option<usize>; 2]>) -> Sides {
        Sides::new(224, 32)
    }

    fn features(&self, _options: &Options, picture: Picture) -> Result<Picture> {
        let mut x = stem_pool(&stem(&picture).norm_relu(NORM, "conv1_bn", "conv1_relu"));
        for (stage, (filters, blocks)) in (2..).zip(stages(LAYERS)) {
            for block in 1..=blocks {
                let strides = if block == 1 && stage > 2 { 2 } else { 1 };
                let name = format!("conv{stage}_block{block}");
                x = ResNet::<LAYERS>::block(&x, filters, strides, block == 1, &name);
            }
        }
        Ok(x)
    }

    fn pooled(&self, pooling: Option<Pooling>, features: &Picture) -> Picture {
        pool(pooling, features, ["avg_pool", "max_pool"])
    }

    fn file(&self, options: &Options, rows: Option<usize>) -> Result<KerasFile> {
        let hashes = match LAYERS {
            50 => ["2cb95161c43110f7111970584f804107", "4d473c1dd8becc155b73f8504c6f6626"],
            101 => ["f1aeb4b969a6efcfb50fad2f0c20cfc5", "88cf7a10940856eca736dc7b7e228a21"],
            _ => ["100835be76be38e30d865e96f2aaae62", "ee4c566cf9a93f14d82f913c2dc6dd0c"],
        };
        Ok(file(&self.name(rows), options, hashes))
    }
}

#[derive(Clone, Debug, Default)]
pub struct ResNetV2<const LAYERS: usize>;

impl<const LAYERS: usize> ResNetV2<LAYERS> {
    /// A residual block that normalizes first; the last of a stage takes the stride.
    fn block(x: &Picture, filters: usize, strides: usize, first: bool, name: &str) -> Picture {
        let before =
            x.norm_relu(NORM, &format!("{name}_preact_bn"), &format!("{name}_preact_relu"));
        let shortcut = match (first, strides) {
            (true, _) => {
                before.conv(Conv::new(4 * filters, 1).strides(strides), &format!("{name}_0_conv"))
            }
            (false, 1) => x.clone(),
            (false, _) => x.max_pool(1, strides, false, ""),
        };
        let x = before.conv(Conv::new(filters, 1).no_bias(), &format!("{name}_1_conv"));
        let x = x.norm_relu(NORM, &format!("{name}_1_bn"), &format!("{name}_1_relu"));
        let x = x.pad([(1, 1); 2], &format!("{name}_2_pad"));
        let middle = Conv::new(filters, 3).strides(strides).no_bias();
        let x = x.conv(middle, &format!("{name}_2_conv"));
        let x = x.norm_relu(NORM, &format!("{name}_2_bn"), &format!("{name}_2_relu"));
        let x = x.conv(Conv::new(4 * filters, 1), &format!("{name}_3_conv"));
        shortcut.add(&x, &format!("{name}_out"))
    }
}

impl<const LAYERS: usize> Architecture for ResNetV2<LAYERS> {
    const PREPROCESSING: Preprocessing = Preprocessing::Tf;

    fn name(&self, _rows: Option<usize>) -> String {
        format!("resnet{LAYERS}v2")
    }

    fn sides(&self, _given: Option<[Option<usize>; 2]>) -> Sides {
        Sides::new(224, 32)
    }

    fn features(&self, _options: &Options, picture: Picture) -> Result<Picture> {
        let mut x = stem_pool(&stem(&picture));
        for (stage, (filters, blocks)) in (2..).zip(stages(LAYERS)) {
            for block in 1..=blocks {
                let strides = if block == blocks && stage < 5 { 2 } else { 1 };
                let name = format!("conv{stage}_block{block}");
                x = ResNetV2::<LAYERS>::block(&x, filters, strides, block == 1, &name);
            }
        }
        Ok(x.norm_relu(NORM, "post_bn", "post_relu"))
    }

    fn pooled(&self, pooling: Option<Pooling>, features: &Picture) -> Picture {
        pool(pooling, features, ["avg_pool", "max_pool"])
    }

    fn file(&self, options: &Options, rows: Option<usize>) -> Result<KerasFile> {
        let hashes = match LAYERS {
            50 => ["3ef43a0b657b3be2300d5770ece849e0", "fac2f116257151a9d068a22e544a4917"],
            101 => ["6343647c601c52e1368623803854d971", "c0ed64b8031c3730f411d2eb4eea35b5"],
            _ => ["a49b44d1979771252814e80f8ec446f9", "ed17cf2e0169df9d443503ef94b23b33"],
        };
        Ok(file(&self.name(rows), options, hashes))
    }
}
