//! `Xception`: separable convolutions with shortcuts.
use super::application::{Architecture, Options, Sides};
use super::imagenet::Preprocessing;
use super::picture::{Conv, Norm, Picture};
use super::weights::KerasFile;
use crate::Result;

#[derive(Clone, Debug, Default)]
pub struct Xception;

/// A separable convolution of a block, normalized.
fn separable(x: &Picture, filters: usize, name: &str) -> Picture {
    x.separable(Conv::new(filters, 3).same(), name).norm(Norm::default(), &format!("{name}_bn"))
}

fn relu(x: &Picture, name: &str) -> Picture {
    x.activation("relu", &format!("{name}_act"))
}

/// A block that halves the picture, beside a shortcut that does, too.
fn halving(x: &Picture, filters: [usize; 2], block: usize) -> Picture {
    let shortcut = x.conv(Conv::new(filters[1], 1).strides(2).same().no_bias(), "");
    let shortcut = shortcut.norm(Norm::default(), "");
    let (first, second) = (format!("block{block}_sepconv1"), format!("block{block}_sepconv2"));
    let mut y = x.clone();
    if block > 2 {
        y = relu(&y, &first);
    }
    y = separable(&y, filters[0], &first);
    y = separable(&relu(&y, &second), filters[1], &second);
    y.max_pool(3, 2, true, &format!("block{block}_pool")).add(&shortcut, "")
}

impl Architecture for Xception {
    const PREPROCESSING: Preprocessing = Preprocessing::Tf;

    fn name(&self, _rows: Option<usize>) -> String {
        "xception".into()
    }

    fn sides(&self, _given: Option<[Option<usize>; 2]>) -> Sides {
        Sides::new(299, 71)
    }

    fn features(&self, _options: &Options, picture: Picture) -> Result<Picture> {
        let conv = |x: &Picture, conv: Conv, name: &str| {
            relu(&x.conv(conv.no_bias(), name).norm(Norm::default(), &format!("{name}_bn")), name)
        };
        let x = conv(&picture, Conv::new(32, 3).strides(2), "block1_conv1");
        let mut x = conv(&x, Conv::new(64, 3), "block1_conv2");
        for (block, filters) in (2..).zip([128, 256, 728]) {
            x = halving(&x, [filters; 2], block);
        }
        for block in 5..13 {
            let shortcut = x.clone();
            for part in 1..=3 {
                let name = format!("block{block}_sepconv{part}");
                x = separable(&relu(&x, &name), 728, &name);
            }
            x = x.add(&shortcut, "");
        }
        x = halving(&x, [728, 1024], 13);
        for (part, filters) in (1..).zip([1536, 2048]) {
            let name = format!("block14_sepconv{part}");
            x = relu(&separable(&x, filters, &name), &name);
        }
        Ok(x)
    }

    fn file(&self, options: &Options, _rows: Option<usize>) -> Result<KerasFile> {
        let hashes = ["0a58e3b7378bc2990ea3b43d5981f1f6", "b0042744bf5b25fce3cb969f33bebb97"];
        Ok(KerasFile::old("xception", "xception", options.include_top, hashes))
    }
}
