//! `MobileNet`: depthwise convolutions with 1 × 1 products between them.
use super::application::{Application, Architecture, Options, Sides};
use super::imagenet::Preprocessing;
use super::picture::{Conv, Norm, Picture};
use super::weights::{KerasFile, Weights};
use crate::layers::{Activation, Dropout, Reshape};
use crate::{Error, Result};

#[derive(Clone, Debug)]
pub struct MobileNet {
    alpha: f64,
    depth_multiplier: usize,
    dropout: f64,
}

impl Default for MobileNet {
    fn default() -> MobileNet {
        MobileNet { alpha: 1.0, depth_multiplier: 1, dropout: 1e-3 }
    }
}

impl Application<MobileNet> {
    /// How wide the network is; 1 by default. ImageNet's weights are there for 0.25, 0.5, 0.75 and 1.
    pub fn alpha(mut self, alpha: f64) -> Self {
        self.own.alpha = alpha;
        self
    }

    /// Filters for each channel of a depthwise convolution; 1 by default.
    pub fn depth_multiplier(mut self, depth_multiplier: usize) -> Self {
        self.own.depth_multiplier = depth_multiplier;
        self
    }

    /// The share of the last features that training leaves out; 0.001 by default.
    pub fn dropout(mut self, dropout: f64) -> Self {
        self.own.dropout = dropout;
        self
    }
}

/// The default size where a square of one of these sizes is asked for: that; else 224.
pub fn known_square(given: Option<[Option<usize>; 2]>, known: &[usize]) -> usize {
    match given {
        Some([Some(rows), Some(columns)]) if rows == columns && known.contains(&rows) => rows,
        _ => 224,
    }
}

/// The width of a network, which must leave something.
pub fn check_alpha(alpha: f64, weights: &Weights, known: &[f64]) -> Result<()> {
    if !(alpha.is_finite() && alpha > 0.0) {
        return Err(Error::argument("alpha", format!("must be above 0, got {alpha}")));
    }
    if *weights == Weights::ImageNet && !known.contains(&alpha) {
        let problem = format!("must be one of {known:?} with weights \"imagenet\", got {alpha}");
        return Err(Error::argument("alpha", problem));
    }
    Ok(())
}

impl Architecture for MobileNet {
    const PREPROCESSING: Preprocessing = Preprocessing::Tf;

    fn name(&self, rows: Option<usize>) -> String {
        let rows = rows.map_or("None".into(), |n| n.to_string());
        format!("mobilenet_{:.2}_{rows}", self.alpha)
    }

    fn sides(&self, given: Option<[Option<usize>; 2]>) -> Sides {
        Sides::new(known_square(given, &[128, 160, 192, 224]), 32)
    }

    fn features(&self, options: &Options, picture: Picture) -> Result<Picture> {
        check_alpha(self.alpha, &options.weights, &[0.25, 0.5, 0.75, 1.0])?;
        if options.weights == Weights::ImageNet && self.depth_multiplier != 1 {
            let problem =
                format!("must be 1 with weights \"imagenet\", got {}", self.depth_multiplier);
            return Err(Error::argument("depth_multiplier", problem));
        }
        let filters = |n: usize| (n as f64 * self.alpha) as usize;
        let x = picture.conv(Conv::new(filters(32), 3).strides(2).same().no_bias(), "conv1");
        let mut x = x.norm(Norm::default(), "conv1_bn").relu6("conv1_relu");
        let widths = [64, 128, 128, 256, 256, 512, 512, 512, 512, 512, 512, 1024, 1024];
        for (block, width) in (1..).zip(widths) {
            let strides = if matches!(block, 2 | 4 | 6 | 12) { 2 } else { 1 };
            if strides == 2 {
                x = x.pad([(0, 1); 2], &format!("conv_pad_{block}"));
            }
            let depthwise =
                Conv::new(self.depth_multiplier, 3).strides(strides).padded(strides == 1);
            let norm = |x: &Picture, name: &str| {
                x.norm(Norm::default(), &format!("{name}_bn")).relu6(&format!("{name}_relu"))
            };
            let (deep, point) = (format!("conv_dw_{block}"), format!("conv_pw_{block}"));
            x = norm(&x.depthwise(depthwise, &deep), &deep);
            x = norm(&x.conv(Conv::new(filters(width), 1).same().no_bias(), &point), &point);
        }
        Ok(x)
    }

    fn top(&self, options: &Options, features: &Picture) -> Picture {
        let x = features.squeeze("").then(Dropout::new(self.dropout), "dropout");
        let x = x.conv(Conv::new(options.classes, 1).same(), "conv_preds");
        let x = x.then(Reshape::new([options.classes as i64]), "reshape_2");
        x.then(Activation::new(options.classifier_activation.clone()), "predictions")
    }

    fn file(&self, options: &Options, rows: Option<usize>) -> Result<KerasFile> {
        let rows = rows.filter(|n| [128, 160, 192, 224].contains(n)).unwrap_or(224);
        let alpha = match self.alpha {
            1.0 => "1_0",
            0.75 => "7_5",
            0.5 => "5_0",
            _ => "2_5",
        };
        let end = if options.include_top { "" } else { "_no_top" };
        Ok(KerasFile::new("mobilenet", format!("mobilenet_{alpha}_{rows}_tf{end}.h5"), ""))
    }
}
