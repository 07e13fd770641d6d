//! `InceptionV3`: windows of several sizes beside each other, large ones in factors.
use super::application::{Architecture, Options, Sides};
use super::imagenet::Preprocessing;
use super::picture::{Conv, Norm, Picture};
use super::weights::KerasFile;
use crate::Result;

#[derive(Clone, Debug, Default)]
pub struct InceptionV3;

/// A convolution, normalized without scale, then relu.
pub(super) fn conv(x: &Picture, conv: Conv) -> Picture {
    let norm = Norm { scale: false, ..Norm::default() };
    x.conv(conv.no_bias(), "").norm(norm, "").activation("relu", "")
}

/// The same of filters with rows and columns, at every place.
pub(super) fn same(x: &Picture, filters: usize, size: [usize; 2]) -> Picture {
    conv(x, Conv::oblong(filters, size).same())
}

/// Several of them, one after the other.
pub(super) fn chain<const N: usize>(
    x: &Picture,
    convolutions: [(usize, [usize; 2]); N],
) -> Picture {
    convolutions.into_iter().fold(x.clone(), |x, (filters, size)| same(&x, filters, size))
}

/// The same of 3 rows and columns, at every second place.
pub(super) fn halved(x: &Picture, filters: usize) -> Picture {
    conv(x, Conv::new(filters, 3).strides(2))
}

fn pooled(x: &Picture, filters: usize) -> Picture {
    same(&x.average_pool(3, 1, true, ""), filters, [1, 1])
}

/// 35 × 35 places of the network's own size.
fn block_a(x: &Picture, pool: usize, name: &str) -> Picture {
    let one = same(x, 64, [1, 1]);
    let five = chain(x, [(48, [1, 1]), (64, [5, 5])]);
    let three = chain(x, [(64, [1, 1]), (96, [3, 3]), (96, [3, 3])]);
    one.concatenate(&[&five, &three, &pooled(x, pool)], name)
}

/// 17 × 17 places, windows of seven in factors.
fn block_b(x: &Picture, inner: usize, name: &str) -> Picture {
    let n = inner;
    let one = same(x, 192, [1, 1]);
    let seven = chain(x, [(n, [1, 1]), (n, [1, 7]), (192, [7, 1])]);
    let twice = chain(x, [(n, [1, 1]), (n, [7, 1]), (n, [1, 7]), (n, [7, 1]), (192, [1, 7])]);
    one.concatenate(&[&seven, &twice, &pooled(x, 192)], name)
}

/// 8 × 8 places, windows of three in factors side by side.
fn block_c(x: &Picture, middle: &str, name: &str) -> Picture {
    let sides = |x: &Picture, name: &str| {
        let rows = same(x, 384, [1, 3]);
        rows.concatenate(&[&same(x, 384, [3, 1])], name)
    };
    let one = same(x, 320, [1, 1]);
    let three = sides(&same(x, 384, [1, 1]), middle);
    let twice = sides(&chain(x, [(448, [1, 1]), (384, [3, 3])]), "");
    one.concatenate(&[&three, &twice, &pooled(x, 192)], name)
}

impl Architecture for InceptionV3 {
    const PREPROCESSING: Preprocessing = Preprocessing::Tf;

    fn name(&self, _rows: Option<usize>) -> String {
        "inception_v3".into()
    }

    fn sides(&self, _given: Option<[Option<usize>; 2]>) -> Sides {
        Sides::new(299, 75)
    }

    fn features(&self, _options: &Options, picture: Picture) -> Result<Picture> {
        let x = conv(&halved(&picture, 32), Conv::new(32, 3));
        let x = same(&x, 64, [3, 3]).max_pool(3, 2, false, "");
        let x = conv(&conv(&x, Conv::new(80, 1)), Conv::new(192, 3));
        let mut x = x.max_pool(3, 2, false, "");
        for (block, pool) in [32, 64, 64].into_iter().enumerate() {
            x = block_a(&x, pool, &format!("mixed{block}"));
        }
        let three = halved(&x, 384);
        let twice = halved(&chain(&x, [(64, [1, 1]), (96, [3, 3])]), 96);
        x = three.concatenate(&[&twice, &x.max_pool(3, 2, false, "")], "mixed3");
        for (block, inner) in (4..).zip([128, 160, 160, 192]) {
            x = block_b(&x, inner, &format!("mixed{block}"));
        }
        let three = halved(&same(&x, 192, [1, 1]), 320);
        let seven = halved(&chain(&x, [(192, [1, 1]), (192, [1, 7]), (192, [7, 1])]), 192);
        x = three.concatenate(&[&seven, &x.max_pool(3, 2, false, "")], "mixed8");
        for block in 0..2 {
            x = block_c(&x, &format!("mixed9_{block}"), &format!("mixed{}", 9 + block));
        }
        Ok(x)
    }

    fn file(&self, options: &Options, _rows: Option<usize>) -> Result<KerasFile> {
        let hashes = ["9a0d58056eeedaa3f26cb7ebd46da564", "bcbd6486424b2319ff4ef7d526e38f63"];
        Ok(KerasFile::old("inception_v3", "inception_v3", options.include_top, hashes))
    }
}
