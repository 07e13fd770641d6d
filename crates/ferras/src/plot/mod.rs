//! Figures of a run, as SVG or PNG, drawn without any installed tool or font.
//!
//! ```
//! use ferras::plot;
//! let curves = vec![
//!     ("accuracy".to_string(), vec![0.71, 0.86, 0.91]),
//!     ("loss".to_string(), vec![0.90, 0.41, 0.28]),
//!     ("val_accuracy".to_string(), vec![0.80, 0.87, 0.89]),
//!     ("val_loss".to_string(), vec![0.55, 0.37, 0.33]),
//! ];
//! let folder = std::env::temp_dir();
//! plot::history(&curves).save(folder.join("ferras-doc-history.svg"))?;
//! plot::metric(&curves, "accuracy")?.save(folder.join("ferras-doc-accuracy.png"))?;
//! plot::epoch_times(&[2.4, 1.9, 1.9]).save(folder.join("ferras-doc-times.svg"))?;
//! # for name in ["history.svg", "accuracy.png", "times.svg"] {
//! #     std::fs::remove_file(folder.join(format!("ferras-doc-{name}"))).unwrap();
//! # }
//! # Ok::<(), ferras::Error>(())
//! ```
mod animation;
mod axis;
mod curves;
mod diagram;
mod drawing;
mod figure;
mod font;
mod images;
mod layered;
mod layout;
mod layout_heat;
mod neurons;
mod picture;
mod png;
mod scores;
mod sketch;
mod svg;

pub use animation::Animation;
pub(crate) use axis::short;
pub use curves::{Curves, confusion_matrix, epoch_times, history, metric};
pub use diagram::{PlotModel, plot_model};
pub(crate) use drawing::theme;
pub use figure::{Figure, Panel, Series};
pub use images::{activation_maps, filters, images};
pub use neurons::neurons;
pub use picture::Picture;
pub use scores::{
    forecast, precision_recall_curve, prediction_over_truth, roc_curve, weight_histograms,
};
pub(crate) use svg::escape;
