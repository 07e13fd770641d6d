//! `image_dataset_from_directory`: a folder of pictures as a data set.
use crate::array::Array;
use crate::config::{ChannelsOrder, Choice, DataFormat, Sizes};
use crate::pipeline::Pipeline;
use crate::pipeline::directory::{BatchSize, LabelMode, Labels, Names, Subset};
use crate::pipeline::folder::{Folder, FolderDataset};
use crate::preprocessing::image::{ColorMode, Colors, Grid, Like, ResizeMethod, decode, in_colors};
use crate::trainer::dataset::{Batch, Dataset};
use crate::{Config, Error, Result};
use ferras_graph::{DType, Tensor};
use std::path::{Path, PathBuf};

/// Endings of the files that are taken.
const FORMATS: [&str; 5] = [".bmp", ".gif", ".jpeg", ".jpg", ".png"];

/// The options of [`image_dataset_from_directory`]: Keras' arguments and defaults.
#[derive(Clone, Debug, Config)]
#[config(module = "keras.preprocessing")]
pub struct ImageDatasetFromDirectory {
    /// `"inferred"` (default) from the subfolders, `None`, or one number for each file in order.
    #[config(default = "inferred")]
    labels: Labels,
    /// `"int"` (default), `"binary"`, `"categorical"` or `None`.
    #[config(default = "int")]
    label_mode: Choice<LabelMode>,
    /// The subfolders in the order of their classes; by name by default.
    #[config(default = None)]
    class_names: Option<Names>,
    /// `"rgb"` (default), `"rgba"` or `"grayscale"`.
    #[config(default = "rgb")]
    color_mode: ColorMode,
    /// Pictures of a batch; 32 by default, `None` for single ones without a batch axis.
    #[config(default = 32)]
    batch_size: BatchSize,
    /// Rows and columns of all pictures; 256 by 256 by default.
    #[config(default = (256, 256))]
    image_size: Sizes<2>,
    /// Whether pictures come in random order, another one in each pass; true by default.
    #[config(default = true)]
    shuffle: bool,
    /// What the order follows from; by default a seed of the program's.
    #[config(default = None)]
    seed: Option<u64>,
    /// The share of the files that is kept apart, with `subset`.
    #[config(default = None)]
    validation_split: Option<f64>,
    /// `"training"` or `"validation"`, with `validation_split`.
    #[config(default = None)]
    subset: Option<Choice<Subset>>,
    /// What is seen between pixels: `"bilinear"` (default), `"nearest"`, `"bicubic"`, `"area"`,
    /// `"lanczos3"`, `"lanczos5"`, `"gaussian"` or `"mitchellcubic"`.
    #[config(default = "bilinear")]
    interpolation: Choice<ResizeMethod>,
    /// Whether folders that are links are followed; false by default.
    #[config(default = false)]
    follow_links: bool,
    /// Whether to cut off what would be distorted, at both sides; false by default.
    #[config(default = false)]
    crop_to_aspect_ratio: bool,
    /// Whether to put black around pictures so that nothing is distorted; false by default.
    #[config(default = false)]
    pad_to_aspect_ratio: bool,
    /// `"channels_last"` or `"channels_first"`; that of the settings by default.
    #[config(default = DataFormat::configured())]
    data_format: DataFormat,
    /// Whether the number of files is printed; true by default.
    #[config(default = true)]
    verbose: bool,
    /// Threads that read files; one for each core by default. It changes no picture and no order.
    #[config(default = None)]
    workers: Option<usize>,
}

/// Pictures of a folder in batches.
///
/// ```no_run
/// use ferras::data::{ImageDatasetFromDirectory, image_dataset_from_directory};
/// let pets = image_dataset_from_directory("pets", ImageDatasetFromDirectory::new())?;
/// println!("{:?}", pets.class_names());
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Debug)]
pub struct ImageDataset(FolderDataset);

impl ImageDataset {
    /// The classes in the order of their numbers; empty without labels.
    pub fn class_names(&self) -> &[String] {
        &self.0.class_names
    }

    /// The files, as they were found or drawn.
    pub fn file_paths(&self) -> &[PathBuf] {
        &self.0.file_paths
    }

    /// As a pipeline, for further steps.
    pub fn into_pipeline(self) -> Pipeline {
        self.0.pipeline
    }
}

impl Dataset for ImageDataset {
    fn batches(&mut self) -> Box<dyn Iterator<Item = Result<Batch>> + Send + '_> {
        self.0.pipeline.batches()
    }

    fn len(&self) -> Option<usize> {
        self.0.pipeline.len()
    }
}

/// The pictures of a folder as a data set; the names of its subfolders are the classes.
///
/// ```text
/// pets/
///   cat/  1.jpg 2.jpg …
///   dog/  1.jpg 2.jpg …
/// ```
///
/// - **Input** a folder with `.png`, `.jpg`, `.jpeg`, `.bmp` and `.gif` files (of a film its first
///   picture).
/// - **Output** batches of pictures float32 `(batch, rows, columns, channels)` from 0 to 255, uint8 with
///   `interpolation("nearest")`, and labels as `label_mode` says.
/// - **Errors**: no such folder, no pictures, arguments that exclude each other; of a file that is no
///   picture when its batch is read.
/// - **Source** Keras 3 `utils.image_dataset_from_directory`: its pixels, its order of files and its split
///   for a seed; the order within passes is Ferras' own.
///
/// ```
/// use ferras::data::{ImageDatasetFromDirectory, image_dataset_from_directory};
/// use ferras::preprocessing::image::{SaveImg, save_img};
/// use ferras::prelude::*;
/// # let pets = std::env::temp_dir().join("ferras-doc-pets");
/// for (class, value) in [("cat", 10_u8), ("dog", 200)] {
///     std::fs::create_dir_all(pets.join(class)).map_err(Error::io("create", &pets))?;
///     let x = Tensor::new([4, 4, 3], vec![value; 48])?;
///     save_img(pets.join(class).join("1.png"), &x, SaveImg::new().scale(false))?;
/// }
/// let options = ImageDatasetFromDirectory::new().image_size((8, 8)).label_mode("binary").seed(7);
/// let mut data = image_dataset_from_directory(&pets, options)?;
/// assert_eq!(data.class_names(), ["cat", "dog"]);
/// let mut model = Sequential::new()
///     .add(Rescaling::new(1.0 / 255.0).input_shape([8, 8, 3]))
///     .add(GlobalAveragePooling2D::new())
///     .add(Dense::new(1).activation("sigmoid"));
/// model.compile(Compile::new().optimizer("adam").loss("binary_crossentropy"))?;
/// model.fit_dataset(&mut data, Fit::new().epochs(2).verbose(0))?;
/// # std::fs::remove_dir_all(pets).unwrap();
/// # Ok::<(), ferras::Error>(())
/// ```
pub fn image_dataset_from_directory(
    directory: impl AsRef<Path>,
    options: ImageDatasetFromDirectory,
) -> Result<ImageDataset> {
    let subset = options.subset.as_ref().map(Choice::get).transpose()?;
    let (reader, folder) = (options.reader()?, options.folder()?);
    let read = move |path: &Path| reader.read(path).map(Array::from);
    let both = "image_datasets_from_directory";
    folder.one(directory.as_ref(), subset, both, read).map(ImageDataset)
}

/// What is learnt from and what is kept apart, Keras' `subset="both"`: only the first one is shuffled.
///
/// Arguments and errors as for [`image_dataset_from_directory`]; `subset` need not be set.
pub fn image_datasets_from_directory(
    directory: impl AsRef<Path>,
    options: ImageDatasetFromDirectory,
) -> Result<(ImageDataset, ImageDataset)> {
    let (reader, folder) = (options.reader()?, options.folder()?);
    let read = move |path: &Path| reader.read(path).map(Array::from);
    let (training, validation) = folder.two(directory.as_ref(), read)?;
    Ok((ImageDataset(training), ImageDataset(validation)))
}

impl ImageDatasetFromDirectory {
    fn folder(&self) -> Result<Folder<'_>> {
        let cores = || std::thread::available_parallelism().map_or(1, usize::from);
        Ok(Folder {
            what: "pictures",
            formats: &FORMATS,
            labels: &self.labels,
            label_mode: self.label_mode.get()?,
            class_names: self.class_names.as_ref(),
            batch_size: self.batch_size,
            shuffle: self.shuffle,
            seed: self.seed,
            validation_split: self.validation_split,
            follow_links: self.follow_links,
            verbose: self.verbose,
            workers: self.workers.unwrap_or_else(cores),
        })
    }

    fn reader(&self) -> Result<Reader> {
        if self.crop_to_aspect_ratio && self.pad_to_aspect_ratio {
            let problem = "and pad_to_aspect_ratio exclude each other";
            return Err(Error::argument("crop_to_aspect_ratio", problem));
        }
        if self.image_size.0.contains(&0) {
            let problem = format!("must be at least 1 by 1, got {:?}", self.image_size.0);
            return Err(Error::argument("image_size", problem));
        }
        let method = self.interpolation.get()?;
        if self.crop_to_aspect_ratio
            && matches!(method, ResizeMethod::Gaussian | ResizeMethod::MitchellCubic)
        {
            let problem = "must be none of gaussian, mitchellcubic with crop_to_aspect_ratio";
            return Err(Error::argument("interpolation", problem));
        }
        Ok(Reader {
            colors: self.color_mode.get()?,
            size: self.image_size.0,
            method,
            crop: self.crop_to_aspect_ratio,
            pad: self.pad_to_aspect_ratio,
            order: self.data_format.get()?,
        })
    }
}

/// How a file becomes a picture of the common size.
#[derive(Clone)]
struct Reader {
    colors: Colors,
    size: [usize; 2],
    method: ResizeMethod,
    crop: bool,
    pad: bool,
    order: ChannelsOrder,
}

impl Reader {
    fn read(&self, path: &Path) -> Result<Tensor> {
        let bytes = crate::Limits::new().read_bytes(path)?;
        let img = in_colors(decode(&bytes, path)?, self.colors, Like::TensorFlow);
        let grid = Grid::of_img(&img.into_bytes());
        let grid = match (self.crop, self.pad) {
            (true, _) => self.resized(grid.inner(self.size), self.size),
            (_, true) => self.padded(grid),
            _ => self.resized(grid, self.size),
        };
        let picture = grid.into_tensor(self.order)?;
        // TensorFlow keeps bytes where no new ones are made.
        Ok(if self.method == ResizeMethod::Nearest { picture.cast(DType::U8) } else { picture })
    }

    fn resized(&self, grid: Grid, size: [usize; 2]) -> Grid {
        grid.resized(size, self.method, Like::TensorFlow)
    }

    /// As large as fits, in the middle of black. Reckoned in float32, as TensorFlow does.
    fn padded(&self, grid: Grid) -> Grid {
        let [rows, columns, channels] = grid.size;
        let own = [rows as f32, columns as f32];
        let target = self.size.map(|n| n as f32);
        let ratio = (own[1] / target[1]).max(own[0] / target[0]);
        let inner = own.map(|n| n / ratio);
        let size = [0, 1].map(|i| (inner[i].floor() as usize).clamp(1, self.size[i]));
        let before = [0, 1].map(|i| {
            let space = ((target[i] - inner[i]) / 2.0).floor().max(0.0) as usize;
            space.min(self.size[i] - size[i])
        });
        let picture = self.resized(grid, size);
        let mut all = vec![0.0; self.size[0] * self.size[1] * channels];
        for (row, pixels) in picture.values.chunks_exact(size[1] * channels).enumerate() {
            let first = ((before[0] + row) * self.size[1] + before[1]) * channels;
            let place = all.get_mut(first..first + pixels.len());
            place.into_iter().for_each(|p| p.copy_from_slice(pixels));
        }
        Grid { size: [self.size[0], self.size[1], channels], values: all }
    }
}
