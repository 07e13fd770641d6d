//! What is printed, for people or for programs.
use crate::args::General;
use crate::failure::Outcome;
use ferras::utils::printable;
use std::fmt::Display;
use std::io::{self, IsTerminal, Write};

#[derive(Clone, Copy, Debug)]
pub(crate) struct Console {
    pub(crate) json: bool,
    quiet: bool,
}

impl Console {
    pub(crate) fn new(general: &General) -> Console {
        Console { json: general.json, quiet: general.quiet }
    }

    /// Prints a result for people, of which no part commands their terminal.
    pub(crate) fn say(self, text: impl Display) -> Outcome<()> {
        if self.json {
            return Ok(());
        }
        let text = text.to_string();
        line(text.split('\n').map(printable).collect::<Vec<_>>().join("\n"))
    }

    /// Prints what was done, where that is wanted.
    pub(crate) fn note(self, text: impl Display) -> Outcome<()> {
        if self.quiet { Ok(()) } else { self.say(text) }
    }

    /// How much the library prints while it works: a bar on a terminal, `otherwise` elsewhere.
    pub(crate) fn verbose(self, otherwise: i32) -> i32 {
        match () {
            () if self.json || self.quiet => 0,
            () if io::stdout().is_terminal() => 1,
            () => otherwise,
        }
    }
}

/// Prints a line at once.
pub(crate) fn line(text: impl Display) -> Outcome<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}")?;
    Ok(out.flush()?)
}

/// Tells of something besides the result; that nobody reads it is no error.
pub(crate) fn warn(text: impl Display) {
    let _ = writeln!(io::stderr().lock(), "warning: {}", printable(&text.to_string()));
}
