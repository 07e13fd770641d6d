//! The command `ferras`: models of Keras and Ferras summarised, run, evaluated, trained, converted
//! and checked without writing code. All that models do is done by the library; here are the
//! command line, the reading of data, and words.
mod args;
mod console;
mod convert;
mod data;
mod evaluate;
mod failure;
mod fit;
mod format;
mod inspect;
mod load;
mod predict;
mod summary;
mod table;
mod verify;

use args::{Cli, Command};
use clap::Parser;
use console::Console;
use failure::{Failure, Outcome};
use serde_json::{Value as Json, json};
use std::io::Write;
use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(help_or_mistake) => {
            // Help that nobody reads is no failure.
            let _ = help_or_mistake.print();
            return ExitCode::from(help_or_mistake.exit_code() as u8);
        }
    };
    let console = Console::new(&cli.general);
    let outcome = run(&cli, console).and_then(|result| match console.json {
        true => console::line(result),
        false => Ok(()),
    });
    let (code, sentence, result) = match outcome {
        Ok(()) | Err(Failure::Pipe) => return ExitCode::SUCCESS,
        Err(Failure::Usage(sentence)) => (2, sentence, None),
        Err(Failure::Work(sentence)) => (1, sentence, None),
        Err(Failure::Found(result, sentence)) => (1, sentence, Some(result)),
    };
    let sentence = sentence.replace('\n', " ");
    let _ = writeln!(std::io::stderr().lock(), "error: {sentence}");
    if console.json {
        let _ = console::line(result.unwrap_or_else(|| json!({ "error": sentence })));
    }
    ExitCode::from(code)
}

fn run(cli: &Cli, console: Console) -> Outcome<Json> {
    let limits = cli.general.limits();
    match &cli.command {
        Command::Summary(args) => summary::run(args, console, &limits),
        Command::Predict(args) => predict::run(args, console, &limits),
        Command::Evaluate(args) => evaluate::run(args, console, &limits),
        Command::Fit(args) => fit::run(args, console, &limits),
        Command::Convert(args) => convert::run(args, console, &limits),
        Command::Inspect(args) => inspect::run(args, console, &limits),
        Command::Verify(args) => verify::run(args, console, &limits),
    }
}
