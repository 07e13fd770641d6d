//! The command `ferras`: models of Keras and Ferras summarised, run, evaluated, trained, converted
//! and checked without writing code. All that models do is done by the library; here are the
//! command line, the reading of data, and words.
mod args;
mod columns;
mod console;
mod convert;
mod data;
mod evaluate;
mod failure;
mod fit;
mod format;
mod inspect;
mod known;
mod load;
mod mistake;
mod place;
mod plot;
mod predict;
#[cfg(feature = "serve")]
mod serve;
mod summary;
mod table;
mod values;
mod verify;

use args::{Cli, Command};
use clap::Parser;
use clap::error::ErrorKind;
use console::Console;
use failure::{Failure, Outcome};
use ferras::utils::printable;
use serde_json::{Value as Json, json};
use std::io::Write;
use std::process::ExitCode;

fn main() -> ExitCode {
    let (outcome, json) = match Cli::try_parse() {
        Ok(cli) => (work(&cli), cli.general.json),
        Err(told) if told.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            // That nobody reads it is no failure.
            let _ = told.print();
            return ExitCode::from(2);
        }
        Err(told) => {
            let json = std::env::args_os().any(|word| word == "--json");
            (explain(&told, json), json)
        }
    };
    let (code, sentence, result) = match outcome {
        Ok(()) | Err(Failure::Pipe) => return ExitCode::SUCCESS,
        Err(Failure::Usage(sentence)) => (2, sentence, None),
        Err(Failure::Work(sentence)) => (1, sentence, None),
        Err(Failure::Found(result, sentence)) => (1, sentence, Some(result)),
    };
    let sentence = sentence.replace('\n', " ");
    let _ = writeln!(std::io::stderr().lock(), "error: {}", printable(&sentence));
    if json {
        let _ = console::line(result.unwrap_or_else(|| json!({ "error": sentence })));
    }
    ExitCode::from(code)
}

fn work(cli: &Cli) -> Outcome<()> {
    let console = Console::new(&cli.general);
    let result = run(cli, console)?;
    if console.json { console::line(result) } else { Ok(()) }
}

/// Prints help that was asked for, or tells what is wrong with the command line.
fn explain(told: &clap::Error, json: bool) -> Outcome<()> {
    let text = told.to_string();
    let asked = match told.kind() {
        ErrorKind::DisplayHelp => json!({ "help": text }),
        ErrorKind::DisplayVersion => json!({ "version": env!("CARGO_PKG_VERSION") }),
        _ => return Err(Failure::Usage(mistake::sentence(told))),
    };
    if json { console::line(asked) } else { console::line(text.trim_end()) }
}

fn run(cli: &Cli, console: Console) -> Outcome<Json> {
    let limits = cli.general.limits();
    match &cli.command {
        Command::Summary(args) => summary::run(args, console, &limits),
        Command::Predict(args) => predict::run(args, console, &limits),
        Command::Evaluate(args) => evaluate::run(args, console, &limits),
        Command::Fit(args) => fit::run(args, console, &limits),
        Command::Convert(args) => convert::run(args, console, &limits),
        Command::Plot(args) => plot::run(args, console, &limits),
        Command::Inspect(args) => inspect::run(args, console, &limits),
        #[cfg(feature = "serve")]
        Command::Serve(args) => serve::run(args, console, &limits),
        Command::Verify(args) => verify::run(args, console, &limits),
    }
}
