//! `ImageDataGenerator`: its arguments, and what they exclude.
use super::affine::{HIGHEST, Sight};
use super::arguments::{ShiftRange, ZoomRange};
use super::fill::FillMode;
use super::statistics::Statistics;
use crate::config::{ChannelsOrder, DataFormat, floatx};
use crate::{Config, Error, Result};
use ferras_graph::{DType, Tensor};
use std::fmt;
use std::sync::Arc;

/// Pictures changed at random and brought to scale, one by one: Keras' `ImageDataGenerator`.
///
/// Each picture is turned, moved, sheared and zoomed in one step, then its colours are shifted, it is
/// mirrored, and its light changed; then `preprocessing_function`, `rescale`, and the statistics.
/// With the same seed pictures, their order and their numbers are those of Keras.
///
/// - **Input** pictures `(rows, columns, channels)` of numbers from 0 to 255, usually.
/// - **Errors**, when it is used: an unknown word, bounds that are no numbers, a `validation_split`
///   outside 0 to 1, an `interpolation_order` above 5.
/// - **Source** Keras 3 `legacy.preprocessing.image.ImageDataGenerator`, whose maps of the plane are
///   `scipy.ndimage.affine_transform`.
///
/// ```
/// use ferras::data::Flow;
/// use ferras::preprocessing::image::ImageDataGenerator;
/// use ferras::prelude::*;
/// let (x, y) = (Tensor::zeros(&TensorType::new(DType::F32, [10, 8, 8, 1])), vec![0.0_f32; 10]);
/// let generator = ImageDataGenerator::new()
///     .rotation_range(15.0)
///     .width_shift_range(0.1)
///     .zoom_range(0.1)
///     .rescale(1.0 / 255.0);
/// let mut flow = generator.flow(x, y, Flow::new().batch_size(5).seed(7))?;
/// let mut model = Sequential::new().add(Flatten::new().input_shape([8, 8, 1])).add(Dense::new(1));
/// model.compile(Compile::new().optimizer("sgd").loss("mse"))?;
/// model.fit_dataset(&mut flow, Fit::new().epochs(2).verbose(0))?;
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.preprocessing.image")]
pub struct ImageDataGenerator {
    /// Whether each channel's mean over the data of [`ImageDataGenerator::fit`] is taken off; false by
    /// default.
    #[config(default = false)]
    pub(super) featurewise_center: bool,
    /// Whether each picture's own mean is taken off; false by default.
    #[config(default = false)]
    pub(super) samplewise_center: bool,
    /// Whether each channel is divided by its deviation over the data, with `featurewise_center`.
    #[config(default = false)]
    pub(super) featurewise_std_normalization: bool,
    /// Whether each picture is divided by its own deviation, with `samplewise_center`.
    #[config(default = false)]
    pub(super) samplewise_std_normalization: bool,
    /// Whether pixels are made independent of each other (ZCA), with `featurewise_center` and without
    /// `featurewise_std_normalization`.
    #[config(default = false)]
    pub(super) zca_whitening: bool,
    /// What is added to singular values of `zca_whitening`; 1e-6 by default.
    #[config(default = 1e-6)]
    pub(super) zca_epsilon: f64,
    /// Pictures are turned by up to so many degrees; 0 by default.
    #[config(default = 0.0)]
    pub(super) rotation_range: f64,
    /// How far pictures are moved, as a share of their width or in pixels: see [`ShiftRange`]; 0 by default.
    /// In Keras 3.15, whose pixels these are, upwards and downwards, in spite of the name.
    #[config(default = 0.0)]
    pub(super) width_shift_range: ShiftRange,
    /// The same as a share of their height; in Keras 3.15 sideways.
    #[config(default = 0.0)]
    pub(super) height_shift_range: ShiftRange,
    /// The bounds of what light is multiplied by; none by default.
    #[config(default = None)]
    pub(super) brightness_range: Option<[f64; 2]>,
    /// Pictures are sheared by up to so many degrees; 0 by default.
    #[config(default = 0.0)]
    pub(super) shear_range: f64,
    /// A number z for 1 - z to 1 + z, or the two bounds, drawn for rows and columns each; 0 by default.
    #[config(default = 0.0)]
    pub(super) zoom_range: ZoomRange,
    /// Colours are shifted by up to so much; 0 by default.
    #[config(default = 0.0)]
    pub(super) channel_shift_range: f64,
    /// What lies beyond the edges: `"nearest"` (default), `"constant"`, `"reflect"`, `"wrap"` or
    /// `"mirror"`.
    #[config(default = "nearest")]
    pub(super) fill_mode: FillMode,
    /// The value beyond the edges with `"constant"`; 0 by default.
    #[config(default = 0.0)]
    pub(super) cval: f64,
    /// Whether half of the pictures are mirrored sideways; false by default.
    #[config(default = false)]
    pub(super) horizontal_flip: bool,
    /// Whether half of the pictures are turned upside down; false by default.
    #[config(default = false)]
    pub(super) vertical_flip: bool,
    /// What all values are multiplied by, before statistics; nothing by default.
    #[config(default = None)]
    pub(super) rescale: Option<f64>,
    /// `"channels_last"` or `"channels_first"`; that of the settings by default.
    #[config(default = DataFormat::configured())]
    pub(super) data_format: DataFormat,
    /// The share of the data that is kept apart as `subset("validation")`; 0 by default.
    #[config(default = 0.0)]
    pub(crate) validation_split: f64,
    /// What is seen between pixels: splines of this order, 0 for the nearest pixel, 1 (default) for
    /// straight lines, up to 5.
    #[config(default = 1)]
    pub(super) interpolation_order: usize,
    /// The type of the pictures that come out; that of the settings (float32) by default.
    #[config(default = None)]
    pub(super) dtype: Option<DType>,
    #[config(state)]
    pub(super) preprocessing_function: Option<PreprocessingFunction>,
    #[config(state)]
    pub(super) statistics: Statistics,
}

/// What a program does to each picture itself.
#[derive(Clone)]
pub(super) struct PreprocessingFunction(pub(super) Function);

type Function = Arc<dyn Fn(Tensor) -> Result<Tensor> + Send + Sync>;

impl fmt::Debug for PreprocessingFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("function")
    }
}

impl ImageDataGenerator {
    /// A function of each picture `(rows, columns, channels)` after it was changed, before it is scaled.
    /// It must keep the shape.
    ///
    /// ```
    /// use ferras::preprocessing::image::ImageDataGenerator;
    /// let generator = ImageDataGenerator::new().preprocessing_function(|x| Ok(x));
    /// ```
    pub fn preprocessing_function(
        mut self,
        function: impl Fn(Tensor) -> Result<Tensor> + Send + Sync + 'static,
    ) -> Self {
        self.preprocessing_function = Some(PreprocessingFunction(Arc::new(function)));
        self
    }

    /// Says what is wrong with the arguments.
    pub(crate) fn check(&self) -> Result<()> {
        self.order()?;
        self.sight()?;
        let split = self.validation_split;
        if !(0.0..1.0).contains(&split) {
            let problem = format!("must be at least 0 and below 1, got {split}");
            return Err(Error::argument("validation_split", problem));
        }
        let bounds = |name: &'static str, numbers: Vec<f64>| (name, numbers);
        let brightness = self.brightness_range.unwrap_or_default().to_vec();
        for (name, numbers) in [
            bounds("rotation_range", vec![self.rotation_range]),
            bounds("width_shift_range", self.width_shift_range.numbers()),
            bounds("height_shift_range", self.height_shift_range.numbers()),
            bounds("brightness_range", brightness),
            bounds("shear_range", vec![self.shear_range]),
            bounds("zoom_range", vec![self.zoom_range.0, self.zoom_range.1]),
            bounds("channel_shift_range", vec![self.channel_shift_range]),
            bounds("cval", vec![self.cval]),
            bounds("rescale", self.rescale.into_iter().collect()),
        ] {
            if let Some(odd) = numbers.iter().find(|n| !n.is_finite()) {
                return Err(Error::argument(name, format!("must be a number, got {odd}")));
            }
        }
        match self.float().is_float() {
            true => Ok(()),
            false => {
                Err(Error::argument("dtype", format!("must be a float, got {}", self.float())))
            }
        }
    }

    pub(crate) fn order(&self) -> Result<ChannelsOrder> {
        self.data_format.get()
    }

    pub(super) fn is_first(&self) -> Result<bool> {
        Ok(self.order()? == ChannelsOrder::First)
    }

    pub(crate) fn float(&self) -> DType {
        self.dtype.unwrap_or_else(floatx)
    }

    pub(super) fn sight(&self) -> Result<Sight> {
        let order = self.interpolation_order;
        if order > HIGHEST {
            let problem = format!("must be from 0 to {HIGHEST}, got {order}");
            return Err(Error::argument("interpolation_order", problem));
        }
        Ok(Sight { order, beyond: self.fill_mode.get()?, fill_value: self.cval })
    }

    /// Whether means of channels are taken off: whitening and deviations want them.
    pub(super) fn centers(&self) -> bool {
        self.featurewise_center || self.featurewise_std_normalization || self.zca_whitening
    }

    /// Whether channels are divided by their deviations: not before whitening.
    pub(super) fn deviates(&self) -> bool {
        self.featurewise_std_normalization && !self.zca_whitening
    }
}
