//! Tables of text: read as arrays of numbers, and written.
use crate::failure::{Failure, Outcome};
use ferras::Tensor;
use std::path::Path;

/// Reads a table of numbers, float64 `(rows, columns)`. A first line with a text that is no number
/// names the columns.
pub(crate) fn read(path: &Path) -> Outcome<Tensor> {
    let at = path.display();
    let wrong = |problem: String| Failure::Work(format!("{at}: {problem}"));
    let bytes = std::fs::read(path).map_err(|e| Failure::Work(format!("cannot read {at}: {e}")))?;
    // Spreadsheets put a byte order mark in front; it is no part of the first field.
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    let tabs = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("tsv"));
    let delimiter = if tabs { b'\t' } else { b',' };
    let mut reader =
        csv::ReaderBuilder::new().has_headers(false).delimiter(delimiter).from_reader(bytes);
    let mut records = reader.records().peekable();
    let named = |record: &csv::StringRecord| record.iter().any(|field| number(field).is_none());
    let mut names: Option<Vec<String>> = None;
    let (mut values, mut rows, mut columns) = (Vec::new(), 0, 0);
    while let Some(record) = records.next() {
        let record = record.map_err(|e| wrong(problem(&e)))?;
        if rows == 0 && names.is_none() && named(&record) && records.peek().is_none() {
            // A line of names alone.
            if record.iter().all(|field| number(field).is_none() && !separates(field)) {
                break;
            }
        } else if rows == 0 && names.is_none() && named(&record) {
            names = Some(record.iter().map(String::from).collect());
            continue;
        }
        let line = record.position().map_or(0, csv::Position::line);
        for (place, field) in record.iter().enumerate() {
            let value = number(field).ok_or_else(|| {
                let name = names.as_ref().and_then(|names| names.get(place));
                let column = name.map_or((place + 1).to_string(), |name| format!("{name:?}"));
                let hint = match separates(field) {
                    true => "; columns are separated by commas, in a .tsv by tabs",
                    false => "",
                };
                wrong(format!("line {line}, column {column}: {field:?} is not a number{hint}"))
            })?;
            values.push(value);
        }
        (rows, columns) = (rows + 1, record.len());
    }
    if rows == 0 {
        return Err(wrong("has no row of numbers".into()));
    }
    Ok(Tensor::new([rows, columns], values).map_err(ferras::Error::from)?)
}

/// Whether a field is several that something else separates.
fn separates(field: &str) -> bool {
    field.contains([';', '\t'])
}

/// What is wrong with a line.
fn problem(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::UnequalLengths { pos, expected_len, len } => {
            let line = pos.as_ref().map_or(0, csv::Position::line);
            format!("line {line}: expected {expected_len} columns as before, got {len}")
        }
        _ => error.to_string(),
    }
}

fn number(field: &str) -> Option<f64> {
    field.trim().parse().ok()
}

/// An output as a table with a line of names, the digits those that read back to the same number.
pub(crate) fn text(name: &str, output: &Tensor) -> Outcome<String> {
    let shape = output.shape();
    let columns = match **shape {
        [_] => 1,
        [_, columns] => columns,
        _ => {
            let problem = format!(
                "output {name:?} of shape {shape} is no table: give --output Y.npy or Y.npz"
            );
            return Err(Failure::Usage(problem));
        }
    };
    let names: Vec<String> = match columns {
        1 => vec![name.to_string()],
        _ => (0..columns).map(|i| format!("{name}_{i}")).collect(),
    };
    let fields: Vec<String> = match output.as_slice::<f32>() {
        Some(values) => values.iter().map(|v| format!("{v:?}")).collect(),
        None => output.to_f64_vec().iter().map(|v| format!("{v:?}")).collect(),
    };
    let rows = fields.chunks(columns.max(1)).map(|row| row.join(","));
    Ok(std::iter::once(names.join(",")).chain(rows).collect::<Vec<_>>().join("\n"))
}
