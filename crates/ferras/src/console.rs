//! What is told to the user besides results. That nobody reads it is never an error.
use crate::utils::printable;
use std::io::{self, Write};
use terminal_size::{Width, terminal_size_of};

/// Characters of a line of the terminal: as the environment says in `COLUMNS`, or the terminal that standard
/// output is; 80 where it is none.
pub(crate) fn columns() -> usize {
    let told = std::env::var("COLUMNS").ok().and_then(|text| text.trim().parse().ok());
    let own = || terminal_size_of(io::stdout()).map(|(Width(width), _)| usize::from(width));
    told.or_else(own).filter(|width| *width > 0).unwrap_or(80)
}

/// Writes to standard output at once.
pub(crate) fn print(text: &str) {
    #[cfg(test)]
    if tests::keep(&tests::PRINTED, text) {
        return;
    }
    let mut out = io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// Writes a warning to standard error.
pub(crate) fn warn(text: &str) {
    #[cfg(test)]
    if tests::keep(&tests::WARNED, text) {
        return;
    }
    let _ = writeln!(io::stderr().lock(), "warning: {}", printable(text));
}

/// What this thread printed, for tests.
#[cfg(test)]
pub(crate) mod tests {
    use std::cell::RefCell;
    use std::thread::LocalKey;

    type Sink = LocalKey<RefCell<Option<String>>>;

    thread_local! {
        pub(super) static PRINTED: RefCell<Option<String>> = const { RefCell::new(None) };
        pub(super) static WARNED: RefCell<Option<String>> = const { RefCell::new(None) };
    }

    pub(super) fn keep(sink: &'static Sink, text: &str) -> bool {
        sink.with_borrow_mut(|s| s.as_mut().map(|s| s.push_str(text)).is_some())
    }

    /// What `action` printed and warned of, with its result.
    pub(crate) fn captured<R>(action: impl FnOnce() -> R) -> (R, String, String) {
        PRINTED.set(Some(String::new()));
        WARNED.set(Some(String::new()));
        let result = action();
        let taken = |sink: &'static Sink| sink.take().unwrap_or_default();
        (result, taken(&PRINTED), taken(&WARNED))
    }
}
