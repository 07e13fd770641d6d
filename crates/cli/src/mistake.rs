//! What is wrong with a command line, in one sentence.
use clap::Error;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use std::error::Error as _;

/// The mistake, and the way out.
pub(crate) fn sentence(error: &Error) -> String {
    let of = |kind| words(error, kind);
    let first = |kind| of(kind).into_iter().next().unwrap_or_default();
    let argument = first(ContextKind::InvalidArg);
    let (name, value) = (bare(&argument), first(ContextKind::InvalidValue));
    match error.kind() {
        ErrorKind::ValueValidation => match error.source() {
            Some(problem) => format!("{name}: {problem}"),
            None => format!("{name}: cannot be {value:?}"),
        },
        ErrorKind::InvalidValue if value.is_empty() => help(format!("{name} needs a value")),
        ErrorKind::InvalidValue => {
            let near = near(&first(ContextKind::SuggestedValue));
            let known = either(&of(ContextKind::ValidValue));
            format!("{name}: expected {known}, got {value:?}{near}")
        }
        ErrorKind::UnknownArgument if argument.starts_with('-') => {
            let near = near(&first(ContextKind::SuggestedArg));
            help(format!("there is no option {argument}{near}"))
        }
        ErrorKind::UnknownArgument => help(format!("{argument:?} is one argument too many")),
        ErrorKind::InvalidSubcommand => {
            let near = near(&first(ContextKind::SuggestedSubcommand));
            help(format!("there is no command {:?}{near}", first(ContextKind::InvalidSubcommand)))
        }
        ErrorKind::MissingSubcommand => {
            help(format!("a command is missing: {}", either(&of(ContextKind::ValidSubcommand))))
        }
        ErrorKind::MissingRequiredArgument => {
            let missing: Vec<String> =
                of(ContextKind::InvalidArg).iter().map(|a| plain(a)).collect();
            help(format!("{} must be given", missing.join(", ")))
        }
        ErrorKind::ArgumentConflict => conflict(&name, &of(ContextKind::PriorArg)),
        ErrorKind::TooManyValues => help(format!("{name} takes no value, got {value:?}")),
        ErrorKind::InvalidUtf8 => help("an argument is no UTF-8 text".into()),
        _ => help(first_line(error)),
    }
}

/// A sentence of a command line that more is to be told of.
fn help(sentence: String) -> String {
    format!("{sentence}; --help tells more")
}

/// Two options that exclude each other, or one that is there twice.
fn conflict(name: &str, others: &[String]) -> String {
    let others: Vec<String> = others.iter().map(|other| bare(other)).collect();
    help(match &others[..] {
        [] => format!("{name} cannot be given here"),
        [only] if only == name => format!("{name} can be given only once"),
        several => format!("{name} cannot be given together with {}", several.join(", ")),
    })
}

/// What the error holds of a kind.
fn words(error: &Error, kind: ContextKind) -> Vec<String> {
    match error.get(kind) {
        Some(ContextValue::String(word)) => vec![word.clone()],
        Some(ContextValue::Strings(words)) => words.clone(),
        Some(ContextValue::StyledStr(text)) => vec![text.to_string()],
        _ => Vec::new(),
    }
}

/// An argument as help texts write it, `--seed <N>` or `<MODEL>`, without the marks.
fn plain(argument: &str) -> String {
    argument.trim_end_matches("...").replace(['<', '>'], "")
}

/// The same without its value.
fn bare(argument: &str) -> String {
    plain(argument).split([' ', '=']).next().unwrap_or_default().into()
}

fn near(word: &str) -> String {
    match word.is_empty() {
        true => String::new(),
        false => format!(" (did you mean {word:?}?)"),
    }
}

/// `a, b or c`.
fn either(words: &[String]) -> String {
    match words.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => words.concat(),
    }
}

/// What clap itself says, where it knows a mistake that this file does not.
fn first_line(error: &Error) -> String {
    let text = error.to_string();
    text.lines().next().unwrap_or_default().trim_start_matches("error: ").into()
}
