//! Names of classes from files.
use serde_json::Value as Json;

/// The names in a text: one a line; or JSON, as a list, or as Keras' `imagenet_class_index.json`
/// has them.
///
/// ```
/// use ferras_serve::labels;
/// assert_eq!(labels("cat\ndog\n")?, ["cat", "dog"]);
/// assert_eq!(labels(r#"["cat", "dog"]"#)?, ["cat", "dog"]);
/// assert_eq!(labels(r#"{"0": ["n01440764", "tench"], "1": ["n01443537", "goldfish"]}"#)?[1], "goldfish");
/// # Ok::<(), String>(())
/// ```
pub fn labels(text: &str) -> Result<Vec<String>, String> {
    let text = text.trim_start_matches('\u{feff}');
    if !text.trim_start().starts_with(['[', '{']) {
        let lines = text.trim_end().lines().map(|line| line.trim().to_string());
        return Ok(lines.collect());
    }
    let json: Json = serde_json::from_str(text).map_err(|e| format!("is no JSON: {e}"))?;
    let name = |value: &Json| match value {
        Json::String(name) => Ok(name.clone()),
        // The number of a word in WordNet, and the word.
        Json::Array(pair) => pair.last().and_then(Json::as_str).map(String::from).ok_or("a list"),
        Json::Number(_) => Err("a number"),
        _ => Err("something else"),
    };
    let told = |found: &str| format!("holds {found} where the name of a class is expected");
    match &json {
        Json::Array(names) => names.iter().map(name).collect::<Result<_, _>>().map_err(told),
        Json::Object(names) => (0..names.len())
            .map(|i| {
                let value = names.get(&i.to_string());
                let value =
                    value.ok_or_else(|| format!("names {} classes, but not {i}", names.len()))?;
                name(value).map_err(told)
            })
            .collect(),
        _ => Err(told("something else")),
    }
}

#[cfg(test)]
mod tests {
    use super::labels;

    #[test]
    fn what_is_no_list_of_names_is_told() {
        assert_eq!(labels("\u{feff}a\r\n b \r\n\r\n").unwrap(), ["a", "b"]);
        assert!(labels("[1]").unwrap_err().contains("a number"));
        assert!(labels("[[]]").unwrap_err().contains("a list"));
        assert!(labels("{\"0\": \"a\", \"2\": \"b\"}").unwrap_err().contains("not 1"));
        assert!(labels("[").unwrap_err().contains("no JSON"));
    }
}
