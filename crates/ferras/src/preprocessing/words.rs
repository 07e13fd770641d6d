//! Texts cut into words.

/// What parts words besides spaces, by default.
pub(super) const FILTERS: &str = "!\"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n";

/// The words of a text: its letters small if `lower`, parted by `split` and by each letter of
/// `filters`.
pub(super) fn split_words(text: &str, filters: &str, lower: bool, split: &str) -> Vec<String> {
    let text = if lower { text.to_lowercase() } else { text.to_string() };
    let mut parted = String::with_capacity(text.len());
    for letter in text.chars() {
        match filters.contains(letter) {
            true => parted.push_str(split),
            false => parted.push(letter),
        }
    }
    let words = parted.split(split).filter(|word| !word.is_empty());
    words.map(String::from).collect()
}
