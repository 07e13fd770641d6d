//! ImageNet's pixels and classes: Keras' `imagenet_utils`.
use crate::datasets::GetFile;
use crate::{Error, Result};
use ferras_graph::{DType, Tensor};
use std::collections::HashMap;
use std::fs;
use std::path::Path;

/// How pixels between 0 and 255 become what a network takes: the `mode` of Keras'
/// `imagenet_utils.preprocess_input`.
///
/// ```
/// use ferras::applications::Preprocessing;
/// use ferras::prelude::*;
/// let white = Tensor::new([1, 3], vec![255_u8; 3])?;
/// assert_eq!(Preprocessing::Tf.apply(&white)?.as_slice(), Some(&[1.0_f32; 3][..]));
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preprocessing {
    /// Nothing: the network does it itself (EfficientNet, MobileNetV3, ConvNeXt).
    None,
    /// Blue, green, red, each less its mean over ImageNet, `"caffe"` (VGG, ResNet).
    Caffe,
    /// Between -1 and 1, `"tf"` (Inception, Xception, MobileNet, NASNet, ResNetV2).
    Tf,
    /// Divided by 255, less the mean over ImageNet, by its deviation, `"torch"` (DenseNet).
    Torch,
}

impl Preprocessing {
    /// Applies it to pictures float or integer `(…, rows, columns, channels)`, channels last.
    ///
    /// Errors: other than 3 channels where each has numbers of its own.
    pub fn apply(self, images: &Tensor) -> Result<Tensor> {
        let mut images = images.cast(DType::F32);
        let channels = images.shape().last().copied().unwrap_or(0);
        if channels != 3 && matches!(self, Preprocessing::Caffe | Preprocessing::Torch) {
            let problem = format!("must have 3 channels, red, green, blue, got {}", images.ty());
            return Err(Error::argument("images", problem));
        }
        if let Some(pixels) = images.as_mut_slice::<f32>() {
            self.apply_to(pixels, channels);
        }
        Ok(images)
    }

    /// The same in place, for pixels of so many channels each, one after the other. Where each channel has
    /// numbers of its own they repeat every three.
    ///
    /// ```
    /// use ferras::applications::Preprocessing;
    /// let mut pixels = [0.0, 127.5, 255.0];
    /// Preprocessing::Tf.apply_to(&mut pixels, 3);
    /// assert_eq!(pixels, [-1.0, 0.0, 1.0]);
    /// ```
    pub fn apply_to(self, pixels: &mut [f32], channels: usize) {
        let each = |pixels: &mut [f32], f: &dyn Fn(usize, f32) -> f32| {
            for pixel in pixels.chunks_mut(channels.max(1)) {
                pixel.iter_mut().enumerate().for_each(|(c, v)| *v = f(c, *v));
            }
        };
        match self {
            Preprocessing::None => {}
            Preprocessing::Tf => each(pixels, &|_, v| v / 127.5 - 1.0),
            Preprocessing::Caffe => {
                pixels.chunks_mut(channels.max(1)).for_each(<[f32]>::reverse);
                each(pixels, &|c, v| v - [103.939, 116.779, 123.68][c % 3]);
            }
            Preprocessing::Torch => each(pixels, &|c, v| {
                (v / 255.0 - [0.485, 0.456, 0.406][c % 3]) / [0.229, 0.224, 0.225][c % 3]
            }),
        }
    }
}

/// One class of ImageNet, and how likely a picture is of it.
#[derive(Clone, Debug, PartialEq)]
pub struct ImageNetClass {
    /// WordNet's number (`"n02123045"`).
    pub id: String,
    /// Its name (`"tabby"`).
    pub name: String,
    /// What the network says, 0 to 1 behind a softmax.
    pub score: f32,
}

const CLASSES: &str = "imagenet_class_index.json";
const FOLDER: &str = "https://storage.googleapis.com/download.tensorflow.org/data";
const MD5: &str = "c2c37ea517e94d9795004a39431a14cb";

/// The `top` likeliest classes of each row of `(samples, 1000)`, likeliest first, with the names of
/// Keras' own list, which is fetched once.
///
/// - **Errors**: another shape; no connection and no file.
/// - **Source** Keras `imagenet_utils.decode_predictions`.
///
/// The example is compiled but not run, as it may need the network:
///
/// ```no_run
/// use ferras::applications::{VGG16, decode_predictions};
/// use ferras::prelude::*;
/// # let image = Tensor::new([1, 224, 224, 3], vec![0.0_f32; 224 * 224 * 3])?;
/// let model = VGG16::new().build()?;
/// let scores = model.predict(VGG16::preprocess_input(&image)?)?;
/// for class in &decode_predictions(&scores, 5)?[0] {
///     println!("{}: {:.1} %", class.name, 100.0 * class.score);
/// }
/// # Ok::<(), ferras::Error>(())
/// ```
pub fn decode_predictions(predictions: &Tensor, top: usize) -> Result<Vec<Vec<ImageNetClass>>> {
    check(predictions)?;
    let file = GetFile::new(CLASSES, format!("{FOLDER}/{CLASSES}"));
    decode_predictions_with(predictions, top, file.cache_subdir("models").file_hash(MD5).get()?)
}

/// The same with a list at hand: JSON of Keras' form, `{"0": ["n01440764", "tench"], …}`.
///
/// ```
/// use ferras::applications::decode_predictions_with;
/// use ferras::prelude::*;
/// # let folder = std::env::temp_dir().join(format!("ferras-classes-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder).unwrap();
/// # let path = folder.join("classes.json");
/// let list: Vec<String> = (0..1000).map(|i| format!("\"{i}\": [\"n{i}\", \"thing {i}\"]")).collect();
/// std::fs::write(&path, format!("{{{}}}", list.join(", "))).unwrap();
/// let mut scores = vec![0.0_f32; 1000];
/// scores[3] = 1.0;
/// let classes = decode_predictions_with(&Tensor::new([1, 1000], scores)?, 2, &path)?;
/// assert_eq!((classes[0][0].name.as_str(), classes[0].len()), ("thing 3", 2));
/// # std::fs::remove_dir_all(&folder).unwrap();
/// # Ok::<(), ferras::Error>(())
/// ```
pub fn decode_predictions_with(
    predictions: &Tensor,
    top: usize,
    classes: impl AsRef<Path>,
) -> Result<Vec<Vec<ImageNetClass>>> {
    check(predictions)?;
    let path = classes.as_ref();
    let text = fs::read_to_string(path).map_err(Error::io("read", path))?;
    let list: HashMap<String, (String, String)> = serde_json::from_str(&text)
        .map_err(|e| Error::file(path, format!("is no list of ImageNet's classes: {e}")))?;
    let class = |(index, score): (usize, f32)| {
        let (id, name) = list.get(&index.to_string()).cloned().ok_or_else(|| {
            Error::file(path, format!("is no list of ImageNet's classes: it lacks class {index}"))
        })?;
        Ok(ImageNetClass { id, name, score })
    };
    let scores = predictions.cast(DType::F32);
    let rows = scores.as_slice::<f32>().unwrap_or_default().chunks(1000);
    rows.map(|row| likeliest(row, top).into_iter().map(class).collect()).collect()
}

/// The places of the largest numbers, largest first.
fn likeliest(row: &[f32], top: usize) -> Vec<(usize, f32)> {
    let mut scores: Vec<(usize, f32)> = row.iter().copied().enumerate().collect();
    scores.sort_by(|a, b| b.1.total_cmp(&a.1));
    scores.truncate(top);
    scores
}

fn check(predictions: &Tensor) -> Result<()> {
    match predictions.shape()[..] {
        [_, 1000] => Ok(()),
        _ => {
            let problem = format!("must be float (samples, 1000), got {}", predictions.ty());
            Err(Error::argument("predictions", problem))
        }
    }
}
