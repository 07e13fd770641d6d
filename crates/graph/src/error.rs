//! What can go wrong while a graph is built, compiled or run.
use std::fmt;
use std::panic::Location;

/// The result of this crate's fallible functions.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong, and where.
///
/// ```
/// use ferras_graph::{Builder, DType, TensorType};
/// let b = Builder::new();
/// let x = b.feed("x", TensorType::new(DType::F32, [2, 3]));
/// let y = x.matmul(&x); // (2, 3) · (2, 3) does not fit: remembered, not raised
/// let error = b.finish(&[y], &[]).unwrap_err();
/// assert!(error.to_string().contains("3 columns"), "{error}");
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Error {
    /// An op was applied to operands that do not fit it.
    Op {
        /// The op, in the words of the function that was called (`matmul`, `reshape`).
        op: &'static str,
        /// What was expected, what came, and the way out.
        problem: String,
        /// The part of the model that was being traced, outermost first; may be empty.
        scope: String,
        /// The source line that applied it.
        at: &'static Location<'static>,
    },
    /// Data that does not fit the type it is said to have.
    Tensor(String),
    /// An executable was run with arguments that do not fit its graph.
    Run(String),
    /// A back end lacks something that the graph needs.
    Unsupported(String),
    /// A mistake of Ferras itself; please report it.
    Internal(String),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Op { op, problem, scope, at } => {
                if !scope.is_empty() {
                    write!(f, "{scope}: ")?;
                }
                write!(f, "{op} at {}:{}: {problem}", at.file(), at.line())
            }
            Error::Tensor(m) | Error::Run(m) | Error::Unsupported(m) => f.write_str(m),
            Error::Internal(m) => write!(f, "internal error of Ferras, please report it: {m}"),
        }
    }
}

impl std::error::Error for Error {}
