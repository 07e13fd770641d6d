//! The one error type of the crate.
use std::fmt;
use std::io;
use std::path::PathBuf;

/// The result of this crate's fallible functions.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong: where, what was expected, what came, and the way out.
///
/// ```
/// use ferras::Error;
/// let error = Error::argument("batch_size", "must be at least 1, got 0");
/// assert_eq!(error.to_string(), "argument \"batch_size\" must be at least 1, got 0");
/// ```
#[non_exhaustive]
pub enum Error {
    /// A layer that cannot be built or applied as it was.
    Layer {
        /// Name of the layer in its model.
        layer: String,
        /// Its class, as Keras calls it.
        class: String,
        /// What was expected, what came, and the way out.
        problem: String,
    },
    /// An argument out of its range.
    Argument {
        /// The argument, by its Keras name.
        name: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A name that no registry knows.
    Unknown {
        /// What kind of thing was asked for (`activation`).
        kind: &'static str,
        /// The name that came.
        name: String,
        /// Known names, and the nearest one first.
        hint: String,
    },
    /// Data that does not fit the model, or each other.
    Data(String),
    /// A model that cannot be put together or is not in the state that the call needs.
    Model(String),
    /// A file that holds something else than expected.
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, and the way out.
        problem: String,
    },
    /// The operating system refused.
    Io {
        /// What was being done (`write`).
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// Its answer.
        source: io::Error,
    },
    /// The engine's own error.
    Graph(ferras_graph::Error),
    /// A mistake of Ferras itself; please report it.
    Internal(String),
}

impl Error {
    /// An [`Error::Argument`].
    pub fn argument(name: impl Into<String>, problem: impl Into<String>) -> Error {
        Error::Argument { name: name.into(), problem: problem.into() }
    }

    /// An [`Error::Io`] as a closure for `map_err`.
    ///
    /// ```
    /// use ferras::Error;
    /// let e = std::fs::read("/no/such").map_err(Error::io("read", "/no/such")).unwrap_err();
    /// assert!(e.to_string().starts_with("cannot read /no/such: "));
    /// ```
    pub fn io(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Error {
        let path = path.into();
        move |source| Error::Io { action, path, source }
    }

    /// An [`Error::File`].
    pub fn file(path: impl Into<PathBuf>, problem: impl Into<String>) -> Error {
        Error::File { path: path.into(), problem: problem.into() }
    }
}

/// The sentence of `Display`, so that `fn main() -> Result<()>` prints it to a person.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Layer { layer, class, problem } => {
                write!(f, "layer {layer:?} ({class}): {problem}")
            }
            Error::Argument { name, problem } => write!(f, "argument {name:?} {problem}"),
            Error::Unknown { kind, name, hint } => write!(f, "unknown {kind} {name:?}{hint}"),
            Error::Data(m) | Error::Model(m) => f.write_str(m),
            Error::File { path, problem } => write!(f, "{}: {problem}", path.display()),
            Error::Io { action, path, source } => {
                write!(f, "cannot {action} {}: {source}", path.display())
            }
            Error::Graph(e) => e.fmt(f),
            Error::Internal(m) => write!(f, "internal error of Ferras, please report it: {m}"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Error::Io { source, .. } => Some(source),
            Error::Graph(e) => Some(e),
            _ => None,
        }
    }
}

impl From<ferras_graph::Error> for Error {
    fn from(e: ferras_graph::Error) -> Error {
        Error::Graph(e)
    }
}
