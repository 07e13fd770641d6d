//! `NASNetLarge` and `NASNetMobile`: cells that a search found.
use super::application::{Architecture, Options, Sides};
use super::imagenet::Preprocessing;
use super::picture::{Conv, Norm, Picture};
use super::weights::{KerasFile, Weights};
use crate::initializers::Initializer;
use crate::{Error, Result};

const NORM: Norm = Norm { momentum: 0.9997, epsilon: 1e-3, scale: true };

#[derive(Clone, Debug, Default)]
pub struct NasNet<const LARGE: bool>;

/// A product of one place, without bias.
fn point(x: &Picture, filters: usize, name: &str) -> Picture {
    let conv = Conv::new(filters, 1).same().no_bias();
    x.conv(conv.initializer(&Initializer::from("he_normal")), name)
}

/// Two separable convolutions, each behind relu.
fn separable(x: &Picture, filters: usize, size: usize, strides: usize, id: &str) -> Picture {
    let mut y = x.activation("relu", "");
    if strides == 2 {
        y = y.pad_for(size, &format!("separable_conv_1_pad_{id}"));
    }
    let first = Conv::new(filters, size).strides(strides).padded(strides == 1);
    y = y.separable(first, &format!("separable_conv_1_{id}"));
    y = y.norm(NORM, &format!("separable_conv_1_bn_{id}")).activation("relu", "");
    y = y.separable(Conv::new(filters, size).same(), &format!("separable_conv_2_{id}"));
    y.norm(NORM, &format!("separable_conv_2_bn_{id}"))
}

/// The earlier cell's result in the size and the number of channels of this one's.
fn adjusted(before: Option<&Picture>, x: &Picture, filters: usize, id: &str) -> Picture {
    let Some(before) = before else { return x.clone() };
    if before.size[1] != x.size[1] {
        let p = before.activation("relu", &format!("adjust_relu_1_{id}"));
        let one = p.average_pool(1, 2, false, &format!("adjust_avg_pool_1_{id}"));
        let one = point(&one, filters / 2, &format!("adjust_conv_1_{id}"));
        let two = p.pad([(0, 1); 2], "").crop(1, "");
        let two = two.average_pool(1, 2, false, &format!("adjust_avg_pool_2_{id}"));
        let two = point(&two, filters / 2, &format!("adjust_conv_2_{id}"));
        one.concatenate(&[&two], "").norm(NORM, &format!("adjust_bn_{id}"))
    } else if before.channels != filters {
        let p = before.activation("relu", "");
        let p = point(&p, filters, &format!("adjust_conv_projection_{id}"));
        p.norm(NORM, &format!("adjust_bn_{id}"))
    } else {
        before.clone()
    }
}

/// Zoph et al. 2017, figure 4, left: the size stays.
fn normal(x: &Picture, before: Option<&Picture>, filters: usize, id: &str) -> Picture {
    let named = |what: &str| format!("normal_{what}_{id}");
    let p = adjusted(before, x, filters, id);
    let h = point(&x.activation("relu", ""), filters, &named("conv_1")).norm(NORM, &named("bn_1"));
    let conv = |x: &Picture, size, side| separable(x, filters, size, 1, &named(side));
    let pool = |x: &Picture, side| x.average_pool(3, 1, true, &named(side));
    let one = conv(&h, 5, "left1").add(&conv(&p, 3, "right1"), &named("add_1"));
    let two = conv(&p, 5, "left2").add(&conv(&p, 3, "right2"), &named("add_2"));
    let three = pool(&h, "left3").add(&p, &named("add_3"));
    let four = pool(&p, "left4").add(&pool(&p, "right4"), &named("add_4"));
    let five = conv(&h, 3, "left5").add(&h, &named("add_5"));
    p.concatenate(&[&one, &two, &three, &four, &five], &named("concat"))
}

/// The same figure, right: half the size.
fn reduction(x: &Picture, before: Option<&Picture>, filters: usize, id: &str) -> Picture {
    let named = |what: &str| format!("reduction_{what}_{id}");
    let p = adjusted(before, x, filters, id);
    let h = point(&x.activation("relu", ""), filters, &named("conv_1")).norm(NORM, &named("bn_1"));
    let padded = h.pad_for(3, &named("pad_1"));
    let conv = |x: &Picture, size, side| separable(x, filters, size, 2, &named(side));
    let one = conv(&h, 5, "left1").add(&conv(&p, 7, "right1"), &named("add_1"));
    let two = padded.max_pool(3, 2, false, &named("left2"));
    let two = two.add(&conv(&p, 7, "right2"), &named("add_2"));
    let three = padded.average_pool(3, 2, false, &named("left3"));
    let three = three.add(&conv(&p, 5, "right3"), &named("add3"));
    let four = two.add(&one.average_pool(3, 1, true, &named("left4")), "");
    let five = separable(&one, filters, 3, 1, &named("left4"));
    let five = five.add(&padded.max_pool(3, 2, false, &named("right5")), &named("add4"));
    two.concatenate(&[&three, &four, &five], &named("concat"))
}

impl<const LARGE: bool> Architecture for NasNet<LARGE> {
    const PREPROCESSING: Preprocessing = Preprocessing::Tf;

    fn name(&self, _rows: Option<usize>) -> String {
        if LARGE { "nasnet_large" } else { "nasnet_mobile" }.into()
    }

    fn sides(&self, _given: Option<[Option<usize>; 2]>) -> Sides {
        let size = if LARGE { 331 } else { 224 };
        Sides { sized: !LARGE, ..Sides::new(size, 32) }
    }

    fn features(&self, options: &Options, picture: Picture) -> Result<Picture> {
        if picture.size.contains(&None) && options.weights == Weights::ImageNet {
            let problem = "must have its rows and columns with weights \"imagenet\"";
            return Err(Error::argument("input_shape", problem.to_string()));
        }
        let (filters, cells, stem) = if LARGE { (168, 6, 96) } else { (44, 4, 32) };
        let conv = Conv::new(stem, 3).strides(2).no_bias();
        let conv = conv.initializer(&Initializer::from("he_normal"));
        let mut x = picture.conv(conv, "stem_conv1").norm(NORM, "stem_bn1");
        let mut before = None;
        for (part, id) in [(4, "stem_1"), (2, "stem_2")] {
            let y = reduction(&x, before.as_ref(), filters / part, id);
            before = Some(std::mem::replace(&mut x, y));
        }
        for stage in 0..3 {
            let filters = filters << stage;
            if stage > 0 {
                let id = format!("reduce_{}", stage * cells);
                let y = reduction(&x, before.as_ref(), filters, &id);
                let last = std::mem::replace(&mut x, y);
                // The larger network goes on from the cell before the last.
                before = if LARGE { before } else { Some(last) };
            }
            for cell in 0..cells {
                let id = stage * cells + cell + usize::from(stage > 0);
                let y = normal(&x, before.as_ref(), filters, &id.to_string());
                before = Some(std::mem::replace(&mut x, y));
            }
        }
        Ok(x.activation("relu", ""))
    }

    fn top(&self, options: &Options, features: &Picture) -> Picture {
        options.predictions(&features.global_average(""))
    }

    fn file(&self, options: &Options, _rows: Option<usize>) -> Result<KerasFile> {
        let (size, hashes) = match LARGE {
            true => {
                ("large", ["11577c9a518f0070763c2b964a382f17", "d81d89dc07e6e56530c4e77faddd61b5"])
            }
            false => {
                ("mobile", ["020fb642bf7360b370c678b08e0adf61", "1ed92395b5b598bdda52abe5c0dbfd63"])
            }
        };
        let (end, kept) = if options.include_top { ("", "") } else { ("-no-top", "_no_top") };
        let hash = hashes[usize::from(!options.include_top)];
        let file = KerasFile::new("nasnet", format!("NASNet-{size}{end}.h5"), hash);
        Ok(file.kept_as(&format!("nasnet_{size}{kept}.h5")))
    }
}
