//! Texts of unknown origin on a terminal.
use std::borrow::Cow;

/// Marks that turn the direction of what follows, so that it reads otherwise than it stands.
const TURNING: [char; 12] = [
    '\u{61c}', '\u{200e}', '\u{200f}', '\u{202a}', '\u{202b}', '\u{202c}', '\u{202d}', '\u{202e}',
    '\u{2066}', '\u{2067}', '\u{2068}', '\u{2069}',
];

/// The text with all control characters written as escapes, `\n` and `\u{1b}`, so that a name in a file can
/// neither command the terminal that shows it nor look like a line of the program's own.
///
/// ```
/// assert_eq!(ferras::utils::printable("dense\u{1b}[2J\nall is well"), "dense\\u{1b}[2J\\nall is well");
/// assert_eq!(ferras::utils::printable("Größe 3"), "Größe 3");
/// ```
pub fn printable(text: &str) -> Cow<'_, str> {
    let harmful = |c: char| c.is_control() || TURNING.contains(&c);
    if !text.contains(harmful) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if harmful(c) { shown.extend(c.escape_debug()) } else { shown.push(c) }
    }
    Cow::Owned(shown)
}
