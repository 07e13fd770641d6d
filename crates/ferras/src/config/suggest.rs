//! The hint behind an unknown name: the nearest known one, and what else there is.
use std::fmt::Write;

/// Known names listed in a hint before it ends in `…`.
const LISTED: usize = 24;

/// ` (did you mean "relu"?); known: linear, relu, …`: what follows an unknown name in an error.
///
/// The question is left out where no known name is near. Upper and lower case, `_`, `-` and spaces
/// do not count as distance, so `"Relu"` finds `relu` and `"HeNormal"` finds `he_normal`.
pub(crate) fn suggest(name: &str, known: &[&str]) -> String {
    suggest_among(name, known, &[])
}

/// The same where some of the known things have other names too, which are not listed.
pub(crate) fn suggest_among(name: &str, known: &[&str], others: &[&str]) -> String {
    let mut hint = String::new();
    if let Some(near) = nearest(name, known.iter().chain(others).copied()) {
        let _ = write!(hint, " (did you mean {near:?}?)");
    }
    if !known.is_empty() {
        let listed: Vec<&str> = known.iter().copied().take(LISTED).collect();
        let more = if known.len() > LISTED { ", …" } else { "" };
        let _ = write!(hint, "; known: {}{more}", listed.join(", "));
    }
    hint
}

/// The known name with the fewest typing mistakes, if they are few for its length.
fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    // Names come from files too: a page of text is no typing mistake, and would take long.
    if name.len() > 100 {
        return None;
    }
    let typed = plain(name);
    let distance = |k: &str| strsim::damerau_levenshtein(&typed, &plain(k));
    let (mistakes, near) = known.map(|k| (distance(k), k)).min_by_key(|(d, _)| *d)?;
    let length = typed.chars().count().max(plain(near).chars().count());
    // One mistake in three letters: "mse" is not "mae" by accident, "rleu" is "relu".
    (mistakes <= 1 && length > 2 || mistakes * 3 <= length).then_some(near)
}

/// The name in lower case, without what people set between words.
fn plain(name: &str) -> String {
    name.chars().filter(|c| !matches!(c, '_' | '-' | ' ')).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: &[&str] = &["linear", "relu", "he_normal", "sigmoid"];

    #[test]
    fn names_the_nearest() {
        let expected = " (did you mean \"relu\"?); known: linear, relu, he_normal, sigmoid";
        assert_eq!(suggest("rleu", KNOWN), expected);
        assert!(suggest("HeNormal", KNOWN).contains("\"he_normal\""));
        assert!(suggest("Sigmoid", KNOWN).contains("\"sigmoid\""));
    }

    #[test]
    fn other_names_are_found_and_not_listed() {
        let known = &["mean_squared_error", "mean_absolute_error"];
        let others = &["MeanSquaredError", "mse", "mae"];
        let expected = " (did you mean \"mse\"?); known: mean_squared_error, mean_absolute_error";
        assert_eq!(suggest_among("msee", known, others), expected);
        let text = suggest_among("mean_squared_eror", known, others);
        assert!(text.contains("\"mean_squared_error\"?"), "{text}");
    }

    #[test]
    fn is_silent_where_nothing_is_near() {
        assert_eq!(suggest("banana", KNOWN), "; known: linear, relu, he_normal, sigmoid");
        assert_eq!(suggest("", &[]), "");
        assert!(!suggest(&"relu".repeat(1000), KNOWN).contains("mean"));
    }

    #[test]
    fn long_lists_end_in_dots() {
        let names: Vec<String> = (0..30).map(|i| format!("name{i}")).collect();
        let known: Vec<&str> = names.iter().map(String::as_str).collect();
        assert!(suggest("x", &known).ends_with("name23, …"));
    }
}
