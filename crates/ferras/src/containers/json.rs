//! JSON of unknown origin, as Python writes it.
use super::limits::{Budget, Result};
use serde_json::Value as Json;
use std::borrow::Cow;

/// What Python writes for numbers that JSON lacks, longest first, and the text each becomes.
const WORDS: [(&[u8], &[u8]); 3] =
    [(b"-Infinity", b"\"-Infinity\""), (b"Infinity", b"\"Infinity\""), (b"NaN", b"\"NaN\"")];
/// What an object, and a place in a list, takes in memory; measured, rounded up.
const OBJECT: u64 = 512;
const PLACE: u64 = 96;

/// The value of this text. `NaN`, `Infinity` and `-Infinity` become texts of these words; of two
/// values under one key the last counts, as in Python. Lists lie at most 127 deep in each other,
/// whatever the limit: serde_json's own.
pub(crate) fn parse(text: &[u8], budget: &Budget) -> Result<Json> {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let plain = prepare(text, budget)?;
    serde_json::from_slice(&plain).map_err(|e| format!("is no JSON: {e}"))
}

/// Whether an object of this text, of which this value was made, has two values under one key.
pub(crate) fn has_key_twice(text: &[u8], json: &Json) -> bool {
    let (mut colons, mut place) = (0, 0);
    while let Some(byte) = text.get(place) {
        colons += usize::from(*byte == b':');
        place += match byte {
            b'"' => quoted(text.get(place..).unwrap_or_default()),
            _ => 1,
        };
    }
    colons != keys(json)
}

/// The number of keys of a value, at any depth.
fn keys(json: &Json) -> usize {
    match json {
        Json::Object(map) => map.len() + map.values().map(keys).sum::<usize>(),
        Json::Array(list) => list.iter().map(keys).sum(),
        _ => 0,
    }
}

/// The text of a value, as Python reads it: texts that are one of the words are numbers again.
pub(crate) fn text(json: &Json) -> String {
    let text = json.to_string();
    let (mut plain, mut rest) = (String::with_capacity(text.len()), &text[..]);
    while let Some(start) = rest.find('"') {
        let (before, from) = rest.split_at(start);
        let (token, behind) = from.split_at(quoted(from.as_bytes()));
        let word = WORDS.iter().find(|(_, quoted)| *quoted == token.as_bytes());
        // A key stays a text.
        let word = word.filter(|_| !behind.starts_with(':')).map(|_| token.trim_matches('"'));
        plain.push_str(before);
        plain.push_str(word.unwrap_or(token));
        rest = behind;
    }
    plain + rest
}

/// Counts what the text will take, checks its depth, and puts words that JSON lacks into quotes.
fn prepare<'a>(text: &'a [u8], budget: &Budget) -> Result<Cow<'a, [u8]>> {
    budget.work(text.len())?;
    let (mut cost, mut depth) = (text.len() as u64, 0_usize);
    // Words and where they begin.
    let mut words: Vec<(usize, usize)> = Vec::new();
    let mut place = 0;
    while let Some(byte) = text.get(place) {
        let mut step = 1;
        match byte {
            b'"' => step = quoted(text.get(place..).unwrap_or_default()),
            b'{' | b'[' => {
                depth += 1;
                budget.level(depth)?;
                cost += if *byte == b'{' { OBJECT } else { PLACE };
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            b',' => cost += PLACE,
            b'N' | b'I' | b'-' => {
                let rest = text.get(place..).unwrap_or_default();
                if let Some(i) = WORDS.iter().position(|(word, _)| rest.starts_with(word)) {
                    words.push((place, i));
                    step = WORDS.get(i).map_or(1, |(word, _)| word.len());
                    cost += 16;
                }
            }
            _ => {}
        }
        place += step;
    }
    budget.take(cost, || "JSON".into())?;
    if words.is_empty() {
        return Ok(Cow::Borrowed(text));
    }
    let mut plain = Vec::with_capacity(text.len() + 2 * words.len());
    let mut from = 0;
    for (place, word) in words {
        let (word, quoted) = WORDS.get(word).copied().unwrap_or_default();
        plain.extend_from_slice(text.get(from..place).unwrap_or_default());
        plain.extend_from_slice(quoted);
        from = place + word.len();
    }
    plain.extend_from_slice(text.get(from..).unwrap_or_default());
    Ok(Cow::Owned(plain))
}

/// The length of the text in quotes that begins here, quotes and all.
fn quoted(text: &[u8]) -> usize {
    let mut escaped = false;
    for (i, byte) in text.iter().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return i + 1,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::containers::limits::Limits;
    use serde_json::json;

    fn parsed(text: &str) -> Result<Json> {
        parse(text.as_bytes(), &Limits::new().budget(text.len() as u64)?)
    }

    #[test]
    fn words_of_python() {
        let text = "\u{feff}{\"a\": [NaN, -Infinity, Infinity, -1e3], \"NaN, {\\\"\": \"[NaN\", \"a b\": null}";
        let expected =
            json!({"a": ["NaN", "-Infinity", "Infinity", -1e3], "NaN, {\"": "[NaN", "a b": null});
        assert_eq!(parsed(text).unwrap(), expected);
        assert_eq!(parsed("{\"a\": 1, \"a\": 2}").unwrap(), json!({"a": 2}));
        assert_eq!(parsed(" NaN ").unwrap(), json!("NaN"));
        let words = json!({"NaN": ["NaN", "-Infinity", "\"NaN\"", "[\"NaN\"]"], "b": "Infinity"});
        let text = super::text(&words);
        assert_eq!(text, r#"{"NaN":[NaN,-Infinity,"\"NaN\"","[\"NaN\"]"],"b":Infinity}"#);
        assert_eq!(parsed(&text).unwrap(), words);
    }

    #[test]
    fn what_is_no_json() {
        for text in
            ["", "{", "[1,", "nan", "[1] 2", "{\"a\" 1}", "\"\\u12\"", "\"\u{1}\"", "Nan", "-"]
        {
            let error = parsed(text).unwrap_err();
            assert!(error.starts_with("is no JSON: "), "{text}: {error}");
        }
        assert!(parse(b"\"\xff\"", &Limits::new().budget(3).unwrap()).is_err());
    }

    #[test]
    fn keys_that_are_there_twice() {
        let twice = |text: &str| has_key_twice(text.as_bytes(), &parsed(text).unwrap());
        assert!(!twice("{\"a:\": [1, NaN, \":\", {\"a\": \"\\\":\"}], \"b\": {\"a\": {}}}"));
        assert!(twice("{\"a\": 1, \"b\": 2, \"a\": 1}"));
        assert!(twice("{\"b\": [{\"a\": 1, \"\\u0061\": 2}]}"));
    }

    #[test]
    fn deep_and_large() {
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            let nested = |n: usize| open.repeat(n) + "1" + &close.repeat(n);
            assert!(parsed(&nested(100)).is_ok());
            for deep in [nested(101), nested(50_000), open.repeat(50_000)] {
                assert_eq!(parsed(&deep).unwrap_err(), "is nested more than 100 levels deep");
            }
            let text = nested(200);
            let budget = Limits::new().depth(usize::MAX).budget(text.len() as u64).unwrap();
            assert!(parse(text.as_bytes(), &budget).unwrap_err().contains("recursion limit"));
        }
        // Each would take some 300 bytes for 5.
        let bomb = "[".to_string() + &"{},{},".repeat(200_000) + "1]";
        assert!(parsed(&bomb).unwrap_err().contains("holds JSON, which takes"));
    }
}
