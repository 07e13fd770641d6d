//! `VGG16` and `VGG19`.
use super::application::{Architecture, Options, Sides};
use super::imagenet::Preprocessing;
use super::picture::{Conv, Picture};
use super::weights::KerasFile;
use crate::Result;
use crate::layers::{Dense, Flatten};

#[derive(Clone, Debug, Default)]
pub struct Vgg<const LAYERS: usize>;

impl<const LAYERS: usize> Architecture for Vgg<LAYERS> {
    const PREPROCESSING: Preprocessing = Preprocessing::Caffe;

    fn name(&self, _rows: Option<usize>) -> String {
        format!("vgg{LAYERS}")
    }

    fn sides(&self, _given: Option<[Option<usize>; 2]>) -> Sides {
        Sides::new(224, 32)
    }

    fn features(&self, _options: &Options, picture: Picture) -> Result<Picture> {
        let deep = if LAYERS == 16 { 3 } else { 4 };
        let blocks = [(64, 2), (128, 2), (256, deep), (512, deep), (512, deep)];
        let mut x = picture;
        for (block, (filters, convolutions)) in (1..).zip(blocks) {
            for i in 1..=convolutions {
                let conv = Conv::new(filters, 3).same().activation("relu");
                x = x.conv(conv, &format!("block{block}_conv{i}"));
            }
            x = x.max_pool(2, 2, false, &format!("block{block}_pool"));
        }
        Ok(x)
    }

    fn top(&self, options: &Options, features: &Picture) -> Picture {
        let dense = |x: &Picture, name| x.then(Dense::new(4096).activation("relu"), name);
        let x = features.then(Flatten::new(), "flatten");
        options.predictions(&dense(&dense(&x, "fc1"), "fc2"))
    }

    fn file(&self, options: &Options, _rows: Option<usize>) -> Result<KerasFile> {
        let hashes = match LAYERS {
            16 => ["64373286793e3c8b2b4e3219cbf3544b", "6d6bbae143d832006294945121d1f1fc"],
            _ => ["cbe5617147190e668d6c5d5026f83318", "253f8cb515780f3b799900260a226db6"],
        };
        let name = format!("vgg{LAYERS}");
        Ok(KerasFile::old(&name, &name, options.include_top, hashes))
    }
}
