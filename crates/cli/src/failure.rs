//! What went wrong, in one sentence, and the exit status that tells whose turn it is.
use serde_json::Value as Json;
use std::io;

/// The result of everything that may fail here.
pub(crate) type Outcome<T> = Result<T, Failure>;

#[derive(Debug)]
pub(crate) enum Failure {
    /// The command line asks for what cannot be.
    Usage(String),
    /// The work failed.
    Work(String),
    /// The work was done and found something wrong: what there is to tell, and the sentence.
    Found(Json, String),
    /// Nobody reads the output any more.
    Pipe,
}

/// Words of the library for programs, and those for this command.
const WORDS: &[(&str, &str)] = &[
    ("raise Limits::decoded_bytes", "raise --max-unpacked"),
    ("; raise Limits::file_bytes if it can be trusted", ""),
    ("raise Limits::initial_bytes", "raise --max-initial"),
    ("raise Limits::value_bytes", "raise --max-values"),
    (
        "load it without, with Load::new().compile(false)",
        "give --loss (and --optimizer, --metrics) in its place",
    ),
    (
        "put the model together and call load_weights",
        "give the model's architecture with --architecture MODEL.json",
    ),
    ("read it with Model::from_json", "let its name end in .json"),
    ("; for the weights call save_weights", ""),
    ("validation_data: x and y must", "--val-x and --val-y must"),
    ("validation_data: ", "--val-x, --val-y: "),
];

impl From<ferras::Error> for Failure {
    fn from(error: ferras::Error) -> Failure {
        Failure::Work(words(&error))
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Failure {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Failure::Pipe,
            _ => Failure::Work(format!("cannot write to standard output: {error}")),
        }
    }
}

/// The library's sentence, with this command's way out.
pub(crate) fn words(error: &ferras::Error) -> String {
    let text = error.to_string();
    WORDS.iter().fold(text, |text, (library, own)| text.replace(library, own))
}

/// The failure of what an option asked for, by the option's name in place of the argument's.
pub(crate) fn option(name: &str) -> impl Fn(ferras::Error) -> Failure {
    move |error| match error {
        ferras::Error::Argument { problem, .. } => Failure::Usage(format!("{name}: {problem}")),
        unknown @ ferras::Error::Unknown { .. } => Failure::Usage(format!("{name}: {unknown}")),
        other => other.into(),
    }
}

/// An error of the library that the command line is to blame for.
pub(crate) fn usage(error: ferras::Error) -> Failure {
    Failure::Usage(words(&error))
}
