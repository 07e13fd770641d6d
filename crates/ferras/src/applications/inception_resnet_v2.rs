//! `InceptionResNetV2`: Inception blocks whose results are added with a weight.
use super::application::{Architecture, Options, Sides};
use super::imagenet::Preprocessing;
use super::inception_v3::{chain, conv, halved, same};
use super::picture::{Conv, Norm, Picture};
use super::weights::KerasFile;
use crate::Result;
use crate::layers::CustomScaleLayer;

#[derive(Clone, Debug, Default)]
pub struct InceptionResNetV2;

fn named(x: &Picture, conv: Conv, name: &str) -> Picture {
    let with = |end: &str| if name.is_empty() { String::new() } else { format!("{name}{end}") };
    let norm = Norm { scale: false, ..Norm::default() };
    x.conv(conv.no_bias(), name).norm(norm, &with("_bn")).activation("relu", &with("_ac"))
}

fn valid(x: &Picture, filters: usize, size: usize, strides: usize) -> Picture {
    conv(x, Conv::new(filters, size).strides(strides))
}

/// x + `scale` times what the branches found.
fn residual(x: &Picture, branches: &[Picture], scale: f64, relu: bool, name: &str) -> Picture {
    let (first, rest) = match branches {
        [first, rest @ ..] => (first, rest),
        [] => return x.clone(),
    };
    let rest: Vec<&Picture> = rest.iter().collect();
    let mixed = first.concatenate(&rest, &format!("{name}_mixed"));
    let up = mixed.conv(Conv::new(x.channels, 1).same(), &format!("{name}_conv"));
    let x = x.merge(CustomScaleLayer::new(scale), &[&up], "");
    if relu { x.activation("relu", &format!("{name}_ac")) } else { x }
}

impl Architecture for InceptionResNetV2 {
    const PREPROCESSING: Preprocessing = Preprocessing::Tf;

    fn name(&self, _rows: Option<usize>) -> String {
        "inception_resnet_v2".into()
    }

    fn sides(&self, _given: Option<[Option<usize>; 2]>) -> Sides {
        Sides::new(299, 75)
    }

    fn features(&self, _options: &Options, picture: Picture) -> Result<Picture> {
        let x = valid(&halved(&picture, 32), 32, 3, 1);
        let x = same(&x, 64, [3, 3]).max_pool(3, 2, false, "");
        let x = valid(&valid(&x, 80, 1, 1), 192, 3, 1).max_pool(3, 2, false, "");
        let mut x = {
            let one = same(&x, 96, [1, 1]);
            let five = chain(&x, [(48, [1, 1]), (64, [5, 5])]);
            let three = chain(&x, [(64, [1, 1]), (96, [3, 3]), (96, [3, 3])]);
            let pool = same(&x.average_pool(3, 1, true, ""), 64, [1, 1]);
            one.concatenate(&[&five, &three, &pool], "mixed_5b")
        };
        for block in 1..=10 {
            let branches = [
                same(&x, 32, [1, 1]),
                chain(&x, [(32, [1, 1]), (32, [3, 3])]),
                chain(&x, [(32, [1, 1]), (48, [3, 3]), (64, [3, 3])]),
            ];
            x = residual(&x, &branches, 0.17, true, &format!("block35_{block}"));
        }
        let three = halved(&x, 384);
        let twice = halved(&chain(&x, [(256, [1, 1]), (256, [3, 3])]), 384);
        x = three.concatenate(&[&twice, &x.max_pool(3, 2, false, "")], "mixed_6a");
        for block in 1..=20 {
            let seven = |x: &Picture| chain(x, [(128, [1, 1]), (160, [1, 7]), (192, [7, 1])]);
            let branches = [same(&x, 192, [1, 1]), seven(&x)];
            x = residual(&x, &branches, 0.1, true, &format!("block17_{block}"));
        }
        let one = halved(&same(&x, 256, [1, 1]), 384);
        let two = halved(&same(&x, 256, [1, 1]), 288);
        let three = halved(&chain(&x, [(256, [1, 1]), (288, [3, 3])]), 320);
        x = one.concatenate(&[&two, &three, &x.max_pool(3, 2, false, "")], "mixed_7a");
        for block in 1..=10 {
            let three = |x: &Picture| chain(x, [(192, [1, 1]), (224, [1, 3]), (256, [3, 1])]);
            let branches = [same(&x, 192, [1, 1]), three(&x)];
            let (scale, relu) = if block < 10 { (0.2, true) } else { (1.0, false) };
            x = residual(&x, &branches, scale, relu, &format!("block8_{block}"));
        }
        Ok(named(&x, Conv::new(1536, 1).same(), "conv_7b"))
    }

    fn file(&self, options: &Options, _rows: Option<usize>) -> Result<KerasFile> {
        let hashes = ["e693bd0210a403b3192acc6073ad2e96", "d19885ff4a710c122648d3b5c3b684e4"];
        let name = "inception_resnet_v2";
        Ok(KerasFile::old(name, name, options.include_top, hashes))
    }
}
