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
mod plot;
mod predict;
#[cfg(feature = "serve")]
mod serve;
mod summary;
mod table;
mod verify;

use args::{Cli, Command};
use clap::Parser;
use clap::error::ErrorKind;
use console::Console;
use failure::{Failure, Outcome};
use serde_json::{Value as Json, json};
use std::io::Write;
use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(help_or_mistake) => return explain(&help_or_mistake),
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

/// Prints help that was asked for, or what is wrong with the command line.
fn explain(help_or_mistake: &clap::Error) -> ExitCode {
    let code = help_or_mistake.exit_code();
    if code == 0 || help_or_mistake.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        // That nobody reads it is no failure.
        let _ = help_or_mistake.print();
        return ExitCode::from(code as u8);
    }
    let text = help_or_mistake.to_string();
    let parts: Vec<&str> = text.trim_start_matches("error: ").split("\n\n").collect();
    let told =
        parts.iter().enumerate().filter(|(i, part)| *i == 0 || part.trim().starts_with("tip:"));
    let told = told
        .flat_map(|(i, part)| (i > 0).then_some(";").into_iter().chain(part.split_whitespace()));
    let sentence = told.collect::<Vec<&str>>().join(" ").replace(" ;", ";");
    let _ = writeln!(std::io::stderr().lock(), "error: {sentence}; --help tells more");
    if std::env::args_os().any(|word| word == "--json") {
        let _ = console::line(json!({ "error": sentence }));
    }
    ExitCode::from(code as u8)
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
