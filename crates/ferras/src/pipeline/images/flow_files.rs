//! `ImageDataGenerator::flow_from_directory` and `flow_from_table`: pictures of files.
use super::flow::{ClassMode, Course, ImageFlow, Parts, Saving, Source, Targets, part_of};
use super::flow_arrays::saving;
use crate::config::{Choice, Sizes};
use crate::datasets::Table;
use crate::pipeline::directory::{Names, Subset, files_in, subfolders};
use crate::preprocessing::image::{ColorMode, Colors, Filter, ImageDataGenerator, LoadImg};
use crate::{Config, Error, Result, console};
use ferras_graph::Tensor;
use std::path::{Path, PathBuf};

/// Endings of the files that are taken.
const FORMATS: [&str; 7] = ["png", "jpg", "jpeg", "bmp", "ppm", "tif", "tiff"];

/// The options of [`ImageDataGenerator::flow_from_directory`]: Keras' arguments and defaults.
#[derive(Clone, Debug, Config)]
#[config(module = "keras.preprocessing.image")]
pub struct FlowFromDirectory {
    /// Rows and columns of all pictures; 256 by 256 by default.
    #[config(default = (256, 256))]
    target_size: Sizes<2>,
    /// `"rgb"` (default), `"rgba"` or `"grayscale"`.
    #[config(default = "rgb")]
    color_mode: ColorMode,
    /// The subfolders in the order of their classes; all by name by default.
    #[config(default = None)]
    classes: Option<Names>,
    /// `"categorical"` (default), `"binary"`, `"sparse"`, `"input"` or `None`.
    #[config(default = "categorical")]
    class_mode: Choice<ClassMode>,
    /// Pictures of a batch; 32 by default.
    #[config(default = 32)]
    batch_size: usize,
    /// Whether pictures come in random order, another one in each pass; true by default.
    #[config(default = true)]
    shuffle: bool,
    /// What order and changes follow from; by default a seed of the program's.
    #[config(default = None)]
    seed: Option<u64>,
    /// A folder that must exist, for changed pictures to look at; none by default.
    #[config(default = None)]
    save_to_dir: Option<String>,
    /// What the names of those files begin with.
    #[config(default = "")]
    save_prefix: String,
    /// Their format; `"png"` by default.
    #[config(default = "png")]
    save_format: String,
    /// Whether folders that are links are followed; false by default.
    #[config(default = false)]
    follow_links: bool,
    /// `"training"` or `"validation"`, of a generator with `validation_split`; all by default.
    #[config(default = None)]
    subset: Option<Choice<Subset>>,
    /// `"nearest"` (default), `"bilinear"`, `"bicubic"`, `"hamming"`, `"box"` or `"lanczos"`.
    #[config(default = "nearest")]
    interpolation: Choice<Filter>,
    /// Whether to cut off what would be distorted, at both sides; false by default.
    #[config(default = false)]
    keep_aspect_ratio: bool,
    /// Threads that read and change pictures; one by default. It changes no number.
    #[config(default = 1)]
    workers: usize,
}

/// The options of [`ImageDataGenerator::flow_from_table`]: Keras' arguments and defaults of
/// `flow_from_dataframe`.
#[derive(Clone, Debug, Config)]
#[config(module = "keras.preprocessing.image")]
pub struct FlowFromTable {
    /// The folder that names of files are relative to; the current one by default.
    #[config(default = "")]
    directory: String,
    /// The column of names of files; `"filename"` by default.
    #[config(default = "filename")]
    x_col: String,
    /// The column of classes or, with `"raw"` and `"multi_output"`, those of numbers; `"class"` by default.
    #[config(default = "class")]
    y_col: Names,
    /// The column of weights; none by default.
    #[config(default = None)]
    weight_col: Option<String>,
    /// Rows and columns of all pictures; 256 by 256 by default.
    #[config(default = (256, 256))]
    target_size: Sizes<2>,
    /// `"rgb"` (default), `"rgba"` or `"grayscale"`.
    #[config(default = "rgb")]
    color_mode: ColorMode,
    /// The classes in order, others are left out; all by name by default.
    #[config(default = None)]
    classes: Option<Names>,
    /// `"categorical"` (default), `"binary"`, `"sparse"`, `"input"`, `"raw"`, `"multi_output"` or `None`.
    #[config(default = "categorical")]
    class_mode: Choice<ClassMode>,
    /// Pictures of a batch; 32 by default.
    #[config(default = 32)]
    batch_size: usize,
    /// Whether pictures come in random order, another one in each pass; true by default.
    #[config(default = true)]
    shuffle: bool,
    /// What order and changes follow from; by default a seed of the program's.
    #[config(default = None)]
    seed: Option<u64>,
    /// A folder that must exist, for changed pictures to look at; none by default.
    #[config(default = None)]
    save_to_dir: Option<String>,
    /// What the names of those files begin with.
    #[config(default = "")]
    save_prefix: String,
    /// Their format; `"png"` by default.
    #[config(default = "png")]
    save_format: String,
    /// `"training"` or `"validation"`, of a generator with `validation_split`; all by default.
    #[config(default = None)]
    subset: Option<Choice<Subset>>,
    /// `"nearest"` (default), `"bilinear"`, `"bicubic"`, `"hamming"`, `"box"` or `"lanczos"`.
    #[config(default = "nearest")]
    interpolation: Choice<Filter>,
    /// Whether to cut off what would be distorted, at both sides; false by default.
    #[config(default = false)]
    keep_aspect_ratio: bool,
    /// Whether rows without a file are left out, with a warning; true by default.
    #[config(default = true)]
    validate_filenames: bool,
    /// Threads that read and change pictures; one by default. It changes no number.
    #[config(default = 1)]
    workers: usize,
}

/// The options that folders and tables share, of either.
macro_rules! common {
    ($options:expr) => {{
        let options = $options;
        Common {
            colors: options.color_mode.get()?,
            size: options.target_size.0,
            load: LoadImg::new()
                .color_mode(options.color_mode)
                .target_size(options.target_size)
                .interpolation(options.interpolation)
                .keep_aspect_ratio(options.keep_aspect_ratio),
            saving: saving(options.save_to_dir, options.save_prefix, options.save_format),
            batch_size: options.batch_size,
            shuffle: options.shuffle,
            seed: options.seed,
            workers: options.workers,
        }
    }};
}

impl ImageDataGenerator {
    /// Batches of the pictures of a folder, whose subfolders are the classes, each changed anew in each
    /// pass. Of each class the first files are those of the validation.
    ///
    /// - **Errors**: no such folder, no pictures; arguments that exclude each other; of a file that is
    ///   no picture when its batch is read.
    ///
    /// ```no_run
    /// use ferras::data::FlowFromDirectory;
    /// use ferras::preprocessing::image::ImageDataGenerator;
    /// let generator = ImageDataGenerator::new().rescale(1.0 / 255.0).validation_split(0.2);
    /// let options = FlowFromDirectory::new().target_size((150, 150)).class_mode("binary");
    /// let train = generator.flow_from_directory("pets", options.clone().subset("training"))?;
    /// let test = generator.flow_from_directory("pets", options.subset("validation"))?;
    /// # Ok::<(), ferras::Error>(())
    /// ```
    pub fn flow_from_directory(
        &self,
        directory: impl AsRef<Path>,
        options: FlowFromDirectory,
    ) -> Result<ImageFlow> {
        let directory = directory.as_ref();
        let mode = options.class_mode.get()?;
        if matches!(mode, ClassMode::Raw | ClassMode::MultiOutput) {
            let problem = "must be categorical, binary, sparse, input or None for folders";
            return Err(Error::argument("class_mode", problem));
        }
        let classes = match options.classes.clone() {
            Some(Names(classes)) if !classes.is_empty() => classes,
            _ => subfolders(directory)?,
        };
        let (mut files, mut labels) = (Vec::new(), Vec::new());
        for (class, name) in classes.iter().enumerate() {
            let found = files_in(&directory.join(name), &FORMATS, options.follow_links)?;
            let part = part_of(found.len(), options.subset.as_ref(), self)?;
            files.extend(found.get(part).unwrap_or_default().iter().cloned());
            labels.resize(files.len(), class);
        }
        let (count, number) = (files.len(), classes.len());
        console::print(&format!("Found {count} images belonging to {number} classes.\n"));
        let inside = |path: &PathBuf| path.strip_prefix(directory).unwrap_or(path).to_path_buf();
        let filenames = files.iter().map(|f| inside(f).to_string_lossy().into_owned()).collect();
        let targets = match mode {
            ClassMode::Input => Targets::Input,
            ClassMode::None => Targets::Arrays(Vec::new()),
            mode => Targets::Classes { mode, labels, count: number },
        };
        let found =
            Found { paths: files, filenames, targets, weights: Vec::new(), class_names: classes };
        found.flow(self, common!(options))
    }

    /// Batches of the pictures that a table names, with their classes or numbers: Keras'
    /// `flow_from_dataframe`. The first rows are those of the validation.
    ///
    /// - **Errors**: no such column, no pictures, a number of classes that `class_mode` does not take.
    ///
    /// ```no_run
    /// use ferras::data::FlowFromTable;
    /// use ferras::datasets::Table;
    /// use ferras::preprocessing::image::ImageDataGenerator;
    /// let table = Table::parse("filename,age\n1.jpg,31\n2.jpg,44\n")?;
    /// let options = FlowFromTable::new().directory("faces").y_col("age").class_mode("raw");
    /// let faces = ImageDataGenerator::new().flow_from_table(&table, options)?;
    /// # Ok::<(), ferras::Error>(())
    /// ```
    pub fn flow_from_table(&self, table: &Table, options: FlowFromTable) -> Result<ImageFlow> {
        let mode = options.class_mode.get()?;
        let names = table.column(&options.x_col)?;
        let folder = Path::new(&options.directory);
        let mut rows: Vec<usize> = (0..names.len()).collect();
        if options.validate_filenames {
            rows.retain(|row| names.get(*row).is_some_and(|name| is_picture(&folder.join(name))));
            let lost = names.len() - rows.len();
            if lost > 0 {
                let column = &options.x_col;
                console::warn(&format!(
                    "{lost} rows are left out: {column:?} names no picture there"
                ));
            }
        }
        let mut classes = Vec::new();
        let labels = match (mode.has_classes(), &options.y_col.0[..]) {
            (false, _) => &[],
            (true, [column]) => table.column(column)?,
            (true, _) => return Err(Error::argument("y_col", "must be one column of classes")),
        };
        if mode.has_classes() {
            classes = class_names(labels, &rows, options.classes.as_ref(), mode)?;
            rows.retain(|row| labels.get(*row).is_some_and(|label| classes.contains(label)));
        }
        let part = part_of(rows.len(), options.subset.as_ref(), self)?;
        let rows = rows.get(part).unwrap_or_default().to_vec();
        let count = rows.len();
        let belonging = match mode.has_classes() {
            true => format!(" belonging to {} classes", classes.len()),
            false => String::new(),
        };
        let validated = if options.validate_filenames { "validated" } else { "non-validated" };
        console::print(&format!("Found {count} {validated} image filenames{belonging}.\n"));
        let targets = match mode {
            ClassMode::Input => Targets::Input,
            ClassMode::None => Targets::Arrays(Vec::new()),
            ClassMode::MultiOutput => {
                let column = |name: &String| number(table, name, &rows);
                Targets::Arrays(options.y_col.0.iter().map(column).collect::<Result<_>>()?)
            }
            ClassMode::Raw => Targets::Arrays(vec![raw(table, &options.y_col.0, &rows)?]),
            mode => {
                let place = |row: &usize| classes.iter().position(|c| Some(c) == labels.get(*row));
                let labels = rows.iter().filter_map(place).collect();
                Targets::Classes { mode, labels, count: classes.len() }
            }
        };
        let weights = options.weight_col.iter().map(|name| number(table, name, &rows));
        let weights = weights.collect::<Result<_>>()?;
        let filenames: Vec<String> =
            rows.iter().filter_map(|row| names.get(*row).cloned()).collect();
        let paths = filenames.iter().map(|name| folder.join(name)).collect();
        let found = Found { paths, filenames, targets, weights, class_names: classes };
        found.flow(self, common!(options))
    }
}

/// The options that folders and tables share.
struct Common {
    load: LoadImg,
    size: [usize; 2],
    colors: Colors,
    saving: Option<Saving>,
    batch_size: usize,
    shuffle: bool,
    seed: Option<u64>,
    workers: usize,
}

/// What was found of files.
struct Found {
    paths: Vec<PathBuf>,
    filenames: Vec<String>,
    targets: Targets,
    weights: Vec<Tensor>,
    class_names: Vec<String>,
}

impl Found {
    fn flow(self, generator: &ImageDataGenerator, common: Common) -> Result<ImageFlow> {
        let Common { load, size, colors, saving, batch_size, shuffle, seed, workers } = common;
        let count = self.paths.len();
        let parts = Parts {
            generator: generator.clone(),
            source: Source::Files { paths: self.paths, load, size, colors },
            targets: self.targets,
            weights: self.weights,
            saving,
            class_names: self.class_names,
            filenames: self.filenames,
        };
        parts.flow(Course { count, batch_size, shuffle, seed, workers })
    }
}

/// A column's numbers in these rows.
fn number(table: &Table, column: &str, rows: &[usize]) -> Result<Tensor> {
    let all = table.number(column)?;
    let values: Vec<f64> = rows.iter().filter_map(|row| all.get(*row).copied()).collect();
    Ok(Tensor::new([rows.len()], values)?)
}

fn is_picture(path: &Path) -> bool {
    let name = path.to_string_lossy().to_lowercase();
    FORMATS.iter().any(|ending| name.ends_with(ending)) && path.is_file()
}

/// Numbers as they stand in a table: of one column `(rows,)`, of several `(rows, columns)`.
fn raw(table: &Table, columns: &[String], rows: &[usize]) -> Result<Tensor> {
    let all = table.numbers(columns)?;
    let values = rows.iter().flat_map(|row| all.row(*row).to_vec()).collect();
    match columns.len() {
        1 => Ok(Tensor::new([rows.len()], values)?),
        n => Ok(Tensor::new([rows.len(), n], values)?),
    }
}

/// The classes of these rows in order.
fn class_names(
    labels: &[String],
    rows: &[usize],
    given: Option<&Names>,
    mode: ClassMode,
) -> Result<Vec<String>> {
    let mut classes: Vec<String> = match given {
        Some(Names(given)) if !given.is_empty() => {
            let mut kept: Vec<String> = Vec::new();
            given.iter().for_each(|name| {
                if !kept.contains(name) {
                    kept.push(name.clone());
                }
            });
            kept
        }
        _ => {
            let mut found: Vec<String> =
                rows.iter().filter_map(|row| labels.get(*row).cloned()).collect();
            found.sort();
            found
        }
    };
    classes.dedup();
    if mode == ClassMode::Binary && classes.len() != 2 {
        let problem = format!("\"binary\" wants exactly 2 classes, there are {}", classes.len());
        return Err(Error::argument("class_mode", problem));
    }
    Ok(classes)
}
