//! Configurations as YAML, which Keras 1 and 2 wrote besides JSON.
//!
//! Read are plain values only: of all tags the one that Python wrote for tuples, and aliases within
//! a budget.
use crate::config::Map;
use crate::containers::limits::Budget;
use crate::{Error, Result};
use saphyr_parser::{Event, Parser, ScalarStyle, Tag};
use serde_json::{Value as Json, json};
use std::collections::HashMap;
use std::fmt::Write;

/// What a value, and a list or object besides what is in it, take in memory.
const VALUE: u64 = 80;
const CONTAINER: u64 = 200;

/// The value of a YAML text, within its budget; what has a name counts each time it is named.
pub(crate) fn parse(text: &str, budget: &Budget) -> Result<Json> {
    let mut reader = Reader::new(budget);
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|e| Error::Model(format!("is not YAML: {e}")))?;
        let line = span.start.line();
        reader.event(event).map_err(|problem| {
            Error::Model(format!("the configuration in YAML, line {line}: {problem}"))
        })?;
    }
    reader.done.ok_or_else(|| Error::Model("the configuration in YAML is empty".into()))
}

/// A list or an object that is being read.
struct Open {
    anchor: usize,
    size: u64,
    value: Json,
    /// The key whose value comes next.
    key: Option<String>,
}

struct Reader<'a> {
    budget: &'a Budget,
    open: Vec<Open>,
    /// What has a name, with its size.
    anchors: HashMap<usize, (Json, u64)>,
    done: Option<Json>,
}

impl Reader<'_> {
    fn new(budget: &Budget) -> Reader<'_> {
        Reader { budget, open: Vec::new(), anchors: HashMap::new(), done: None }
    }

    fn event(&mut self, event: Event<'_>) -> Result<(), String> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                check_tag(tag.as_deref())?;
                let size = VALUE + text.len() as u64;
                self.count(size)?;
                let value = match style {
                    ScalarStyle::Plain => plain(&text),
                    _ => json!(text),
                };
                self.keep(anchor, &value, size)?;
                self.add(value, size)
            }
            Event::SequenceStart(anchor, tag) => {
                check_tag(tag.as_deref())?;
                self.begin(anchor, Json::Array(Vec::new()))
            }
            Event::MappingStart(anchor, tag) => {
                check_tag(tag.as_deref())?;
                self.begin(anchor, Json::Object(Map::new()))
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let Some(open) = self.open.pop() else { return Ok(()) };
                self.keep(open.anchor, &open.value, open.size)?;
                self.add(open.value, open.size)
            }
            Event::Alias(anchor) => {
                let size = self.anchors.get(&anchor).map(|(_, size)| *size);
                self.count(size.unwrap_or_default())?;
                match self.anchors.get(&anchor).cloned() {
                    Some((value, size)) => self.add(value, size),
                    None => Err("an alias names nothing that is complete".into()),
                }
            }
            Event::DocumentStart(_) if self.done.is_some() => Err("a second document".into()),
            _ => Ok(()),
        }
    }

    fn begin(&mut self, anchor: usize, value: Json) -> Result<(), String> {
        self.budget.level(self.open.len() + 1)?;
        self.open.push(Open { anchor, size: CONTAINER, value, key: None });
        self.count(CONTAINER)
    }

    fn count(&self, size: u64) -> Result<(), String> {
        self.budget.take(size, || "YAML".into())
    }

    fn keep(&mut self, anchor: usize, value: &Json, size: u64) -> Result<(), String> {
        if anchor > 0 {
            self.count(size)?;
            self.anchors.insert(anchor, (value.clone(), size));
        }
        Ok(())
    }

    /// Puts a value where it belongs.
    fn add(&mut self, value: Json, size: u64) -> Result<(), String> {
        let Some(open) = self.open.last_mut() else {
            self.done = Some(value);
            return Ok(());
        };
        open.size = open.size.saturating_add(size);
        match (&mut open.value, open.key.take()) {
            (Json::Array(list), _) => list.push(value),
            (Json::Object(map), Some(key)) => {
                if map.insert(key.clone(), value).is_some() {
                    return Err(format!("the key {key:?} is there twice"));
                }
            }
            _ => match value {
                Json::String(key) => open.key = Some(key),
                other => return Err(format!("a key must be a text, got {other}")),
            },
        }
        Ok(())
    }
}

/// Only the tag that says nothing new: Python's tuples are lists to Keras.
fn check_tag(tag: Option<&Tag>) -> Result<(), String> {
    match tag {
        None => Ok(()),
        Some(tag) if tag.is_yaml_core_schema() && tag.suffix == "python/tuple" => Ok(()),
        Some(tag) => {
            let name: String = tag.suffix.chars().take(60).collect();
            Err(format!("the tag {name:?} names a type to be made, which Ferras does not do"))
        }
    }
}

/// A scalar without quotes.
fn plain(text: &str) -> Json {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Json::Null,
        "true" | "True" | "TRUE" => return json!(true),
        "false" | "False" | "FALSE" => return json!(false),
        _ => {}
    }
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    // Words such as "inf" are numbers to Rust.
    if !digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return json!(text);
    }
    let whole = text.parse::<i64>().map(|n| json!(n));
    let number = whole.or_else(|_| text.parse::<f64>().map(|x| json!(x)));
    number.ok().filter(|n| !n.is_null()).unwrap_or_else(|| json!(text))
}

/// The text of a value, in blocks; texts are in quotes, as in JSON.
pub(super) fn write(json: &Json) -> String {
    let mut text = String::new();
    block(json, 0, &mut text);
    text
}

fn block(json: &Json, indent: usize, text: &mut String) {
    let space = "  ".repeat(indent);
    let entry = |head: String, value: &Json, text: &mut String| {
        let nested = match value {
            Json::Array(list) => !list.is_empty(),
            Json::Object(map) => !map.is_empty(),
            _ => false,
        };
        let _ = match nested {
            true => writeln!(text, "{space}{head}"),
            false => writeln!(text, "{space}{head} {value}"),
        };
        if nested {
            block(value, indent + 1, text);
        }
    };
    match json {
        Json::Object(map) => {
            map.iter().for_each(|(key, value)| entry(format!("{}:", json!(key)), value, text));
        }
        Json::Array(list) => list.iter().for_each(|value| entry("-".into(), value, text)),
        other => {
            let _ = writeln!(text, "{space}{other}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::containers::Limits;

    fn parse(text: &str) -> Result<Json> {
        super::parse(text, &Limits::new().budget(text.len() as u64).unwrap())
    }

    #[test]
    fn what_is_written_is_read() {
        let value = json!({"a": [1, -2.5, null, true, "null", "1e5", "a: b\n\"c\""], "b": {},
                           "c": [], "d": [[1, [2]], {"e": "é"}], "1": 1e-7});
        assert_eq!(parse(&write(&value)).unwrap(), value);
    }

    #[test]
    fn reads_what_python_wrote() {
        let text = "batch: &id001 !!python/tuple [null, 4]\nagain: *id001\nname: 'x'\n\
                    rate: 1.0e-07\nword: glorot_uniform\n";
        let expected = json!({"batch": [null, 4], "again": [null, 4], "name": "x",
                              "rate": 1e-7, "word": "glorot_uniform"});
        assert_eq!(parse(text).unwrap(), expected);
    }

    #[test]
    fn refuses_types_bombs_and_nonsense() {
        let says = |text: &str| parse(text).unwrap_err().to_string();
        assert!(says("!!python/object/apply:os.system ['id']").contains("names a type"));
        assert!(says("a: !!python/name:os.system ''").contains("names a type"));
        assert!(says("a: 1\na: 2").contains("twice"));
        assert!(parse(&"[".repeat(50_000)).is_err());
        assert!(parse(&"- ".repeat(50_000)).is_err());
        assert!(says("a: &x [*x]").contains("complete"));
        let mut bomb = "a0: &a0 [xxxxxxxxxxxxxxxxxxxx]\n".to_string();
        for i in 1..20 {
            let _ = writeln!(bomb, "a{i}: &a{i} [{}]", vec![format!("*a{}", i - 1); 9].join(", "));
        }
        assert!(says(&bomb).contains("holds YAML, which takes"));
        assert!(says("").contains("empty"));
    }
}
