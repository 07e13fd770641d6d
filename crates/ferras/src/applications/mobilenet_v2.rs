//! `MobileNetV2`: inverted residuals with linear bottlenecks.
use super::application::{Application, Architecture, Options, Sides};
use super::imagenet::Preprocessing;
use super::mobilenet::{check_alpha, known_square};
use super::picture::{Conv, Norm, Picture};
use super::weights::KerasFile;
use crate::Result;

pub const NORM: Norm = Norm { momentum: 0.999, epsilon: 1e-3, scale: true };
const SQUARES: [usize; 5] = [96, 128, 160, 192, 224];

#[derive(Clone, Debug)]
pub struct MobileNetV2 {
    alpha: f64,
}

impl Default for MobileNetV2 {
    fn default() -> MobileNetV2 {
        MobileNetV2 { alpha: 1.0 }
    }
}

impl Application<MobileNetV2> {
    /// How wide the network is; 1 by default. ImageNet's weights are there for 0.35, 0.5, 0.75, 1, 1.3
    /// and 1.4.
    pub fn alpha(mut self, alpha: f64) -> Self {
        self.own.alpha = alpha;
        self
    }
}

/// The multiple of `divisor` next to a number of filters, at least `divisor`, and not more than a tenth
/// below.
pub fn rounded(filters: f64, divisor: usize) -> usize {
    let near = (filters + divisor as f64 / 2.0) as usize / divisor * divisor;
    let near = near.max(divisor);
    if (near as f64) < 0.9 * filters { near + divisor } else { near }
}

impl MobileNetV2 {
    /// Wider, filtered, narrower; with a shortcut where the shape stays.
    fn block(&self, x: &Picture, block: usize, filters: usize, strides: usize) -> Picture {
        let prefix = match block {
            0 => "expanded_conv_".to_string(),
            n => format!("block_{n}_"),
        };
        let named = |name: &str| format!("{prefix}{name}");
        let mut y = x.clone();
        if block > 0 {
            let wide = Conv::new(6 * x.channels, 1).same().no_bias();
            y = y.conv(wide, &named("expand")).norm(NORM, &named("expand_BN"));
            y = y.relu6(&named("expand_relu"));
        }
        if strides == 2 {
            y = y.pad_for(3, &named("pad"));
        }
        let depthwise = Conv::new(1, 3).strides(strides).padded(strides == 1);
        y = y.depthwise(depthwise, &named("depthwise")).norm(NORM, &named("depthwise_BN"));
        y = y.relu6(&named("depthwise_relu"));
        let filters = rounded((filters as f64 * self.alpha).trunc(), 8);
        y = y.conv(Conv::new(filters, 1).same().no_bias(), &named("project"));
        y = y.norm(NORM, &named("project_BN"));
        match x.channels == filters && strides == 1 {
            true => x.add(&y, &named("add")),
            false => y,
        }
    }
}

impl Architecture for MobileNetV2 {
    const PREPROCESSING: Preprocessing = Preprocessing::Tf;

    fn name(&self, rows: Option<usize>) -> String {
        let rows = rows.map_or("None".into(), |n| n.to_string());
        format!("mobilenetv2_{:.2}_{rows}", self.alpha)
    }

    fn sides(&self, given: Option<[Option<usize>; 2]>) -> Sides {
        Sides::new(known_square(given, &SQUARES), 32)
    }

    fn features(&self, options: &Options, picture: Picture) -> Result<Picture> {
        check_alpha(self.alpha, &options.weights, &[0.35, 0.5, 0.75, 1.0, 1.3, 1.4])?;
        let first = rounded(32.0 * self.alpha, 8);
        let x = picture.conv(Conv::new(first, 3).strides(2).same().no_bias(), "Conv1");
        let mut x = x.norm(NORM, "bn_Conv1").relu6("Conv1_relu");
        let stages: [(usize, usize, usize); 7] =
            [(16, 1, 1), (24, 2, 2), (32, 3, 2), (64, 4, 2), (96, 3, 1), (160, 3, 2), (320, 1, 1)];
        let blocks = stages.iter().flat_map(|&(filters, count, strides)| {
            (0..count).map(move |i| (filters, if i == 0 { strides } else { 1 }))
        });
        for (block, (filters, strides)) in blocks.enumerate() {
            x = self.block(&x, block, filters, strides);
        }
        let last = if self.alpha > 1.0 { rounded(1280.0 * self.alpha, 8) } else { 1280 };
        let x = x.conv(Conv::new(last, 1).no_bias(), "Conv_1").norm(NORM, "Conv_1_bn");
        Ok(x.relu6("out_relu"))
    }

    fn top(&self, options: &Options, features: &Picture) -> Picture {
        options.predictions(&features.global_average(""))
    }

    fn file(&self, options: &Options, rows: Option<usize>) -> Result<KerasFile> {
        let rows = rows.filter(|n| SQUARES.contains(n)).unwrap_or(224);
        let end = if options.include_top { "" } else { "_no_top" };
        let name = format!(
            "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_{:?}_{rows}{end}.h5",
            self.alpha
        );
        Ok(KerasFile::new("mobilenet_v2", name, ""))
    }
}
