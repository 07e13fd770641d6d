//! Lists of names in messages.

/// Names that are told before the rest is counted.
const MOST: usize = 10;

/// Names with commas between them, for messages: the first ten, and how many more there are. So many
/// as a file has make no endless message.
///
/// ```
/// use ferras::utils::listed;
/// assert_eq!(listed(["x0", "x1"]), "x0, x1");
/// let many: Vec<String> = (0..12).map(|i| format!("x{i}")).collect();
/// assert_eq!(listed(&many), "x0, x1, x2, x3, x4, x5, x6, x7, x8, x9, … and 2 more");
/// ```
pub fn listed<N: AsRef<str>>(names: impl IntoIterator<Item = N>) -> String {
    let mut names = names.into_iter();
    let first: Vec<N> = names.by_ref().take(MOST).collect();
    let mut text = first.iter().map(AsRef::as_ref).collect::<Vec<&str>>().join(", ");
    match names.count() {
        0 => {}
        more => text += &format!(", … and {more} more"),
    }
    text
}
