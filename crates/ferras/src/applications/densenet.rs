//! `DenseNet121`, `DenseNet169`, `DenseNet201`: every layer sees what all before it found.
use super::application::{Architecture, Options, Pooling, Sides, pool};
use super::imagenet::Preprocessing;
use super::picture::{Conv, Norm, Picture};
use super::weights::KerasFile;
use crate::Result;

const NORM: Norm = Norm { momentum: 0.99, epsilon: 1.001e-5, scale: true };
/// Channels that each layer adds.
const GROWTH: usize = 32;

#[derive(Clone, Debug, Default)]
pub struct DenseNet<const LAYERS: usize>;

fn layer(x: &Picture, name: &str) -> Picture {
    let y = x.norm_relu(NORM, &format!("{name}_0_bn"), &format!("{name}_0_relu"));
    let y = y.conv(Conv::new(4 * GROWTH, 1).no_bias(), &format!("{name}_1_conv"));
    let y = y.norm_relu(NORM, &format!("{name}_1_bn"), &format!("{name}_1_relu"));
    let y = y.conv(Conv::new(GROWTH, 3).same().no_bias(), &format!("{name}_2_conv"));
    x.concatenate(&[&y], &format!("{name}_concat"))
}

/// Half the channels at half the places.
fn transition(x: &Picture, name: &str) -> Picture {
    let x = x.norm_relu(NORM, &format!("{name}_bn"), &format!("{name}_relu"));
    let x = x.conv(Conv::new(x.channels / 2, 1).no_bias(), &format!("{name}_conv"));
    x.average_pool(2, 2, false, &format!("{name}_pool"))
}

impl<const LAYERS: usize> Architecture for DenseNet<LAYERS> {
    const PREPROCESSING: Preprocessing = Preprocessing::Torch;

    fn name(&self, _rows: Option<usize>) -> String {
        format!("densenet{LAYERS}")
    }

    fn sides(&self, _given: Option<[Option<usize>; 2]>) -> Sides {
        Sides::new(224, 32)
    }

    fn features(&self, _options: &Options, picture: Picture) -> Result<Picture> {
        let x =
            picture.pad([(3, 3); 2], "").conv(Conv::new(64, 7).strides(2).no_bias(), "conv1_conv");
        let x = x.norm_relu(NORM, "conv1_bn", "conv1_relu");
        let mut x = x.pad([(1, 1); 2], "").max_pool(3, 2, false, "pool1");
        let blocks = match LAYERS {
            121 => [6, 12, 24, 16],
            169 => [6, 12, 32, 32],
            _ => [6, 12, 48, 32],
        };
        for (block, layers) in (2..).zip(blocks) {
            for i in 1..=layers {
                x = layer(&x, &format!("conv{block}_block{i}"));
            }
            if block < 5 {
                x = transition(&x, &format!("pool{block}"));
            }
        }
        Ok(x.norm_relu(NORM, "bn", "relu"))
    }

    fn pooled(&self, pooling: Option<Pooling>, features: &Picture) -> Picture {
        pool(pooling, features, ["avg_pool", "max_pool"])
    }

    fn file(&self, options: &Options, rows: Option<usize>) -> Result<KerasFile> {
        let hashes = match LAYERS {
            121 => ["9d60b8095a5708f2dcce2bca79d332c7", "30ee3e1110167f948a6b9946edeeb738"],
            169 => ["d699b8f76981ab1b30698df4c175e90b", "b8c4d4c20dd625c148057b9ff1c1176b"],
            _ => ["1ceb130c1ea1b78c3bf6114dbdfd8807", "c13680b51ded0fb44dff2d8f86ac8bb1"],
        };
        Ok(KerasFile::old("densenet", &self.name(rows), options.include_top, hashes))
    }
}
