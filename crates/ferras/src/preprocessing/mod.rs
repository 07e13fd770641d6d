//! Tables made ready for a network, and verdicts judged: the parts of scikit-learn that Keras'
//! tutorials lean on, with its names, its order of classes and its numbers.
//!
//! ```
//! use ferras::preprocessing::{LabelEncoder, Split, StandardScaler, train_test_split};
//! use ndarray::array;
//!
//! let x = array![[1.0, 200.0], [2.0, 100.0], [3.0, 300.0], [4.0, 400.0]];
//! let y = LabelEncoder::new().fit_transform(&["no", "yes", "no", "yes"])?;
//! let options = Split::new().test_size(0.25).random_state(0);
//! let (x_train, x_test, y_train, y_test) = train_test_split((&x, &y), options)?;
//!
//! let mut scaler = StandardScaler::new();
//! let x_train = scaler.fit_transform(&x_train)?;
//! let x_test = scaler.transform(&x_test)?;
//! assert_eq!((x_train.dim(), x_test.dim()), ((3, 2), (1, 2)));
//! assert_eq!((y_train.len(), y_test.len()), (3, 1));
//! # Ok::<(), ferras::Error>(())
//! ```
pub mod image;
mod label;
mod label_encoder;
pub(crate) mod mersenne;
mod one_hot;
mod report;
mod scaler;
mod scores;
mod split;
mod tokenizer;
mod words;

pub use label::{Class, Label};
pub use label_encoder::LabelEncoder;
pub use one_hot::{Columns, OneHotEncoder};
pub use report::{ClassScores, ClassificationReport, classification_report, confusion_matrix};
pub use scaler::StandardScaler;
pub use scores::{PrecisionRecallCurve, RocCurve, precision_recall_curve, roc_curve};
pub use split::{Size, Split, SplitTuple, Splittable, train_test_split};
pub use tokenizer::{Mode, Tokenizer};
