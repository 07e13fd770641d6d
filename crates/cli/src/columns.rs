//! Columns of tables by their names, of numbers or texts, and texts one a line.
use crate::data::Slot;
use crate::failure::{Failure, Outcome};
use ferras::data::{Array, Data, Texts};
use ferras::datasets::Table;
use ferras::utils::listed;
use ferras::{Limits, Tensor};
use std::path::Path;

/// One column of a table whose first line names them: texts for an input that takes them, else
/// numbers, `(rows, 1)`.
pub(crate) fn column(path: &Path, name: &str, slot: Option<&Slot>) -> Outcome<Array> {
    of_table(&Table::read(path)?, name, slot)
}

/// The columns that are named as a model's inputs are; for a single input also the only column.
pub(crate) fn for_inputs(path: &Path, slots: &[Slot]) -> Outcome<Data> {
    let table = Table::read(path)?;
    if let ([slot], [only]) = (slots, table.names()) {
        return Ok(of_table(&table, only, Some(slot))?.into());
    }
    let there = |slot: &&Slot| !table.names().contains(&slot.name);
    if let Some(missing) = slots.iter().find(there) {
        let way_out = match slots {
            [_] => format!("; take one by its name, as {}:NAME", path.display()),
            _ => String::new(),
        };
        return Err(Failure::Work(format!(
            "{}: the first line must name the columns, one of them {:?}, as the model's input is; it \
             names {}{way_out}",
            path.display(),
            missing.name,
            listed(table.names())
        )));
    }
    let named = |slot: &Slot| Ok((slot.name.clone(), of_table(&table, &slot.name, Some(slot))?));
    Ok(slots.iter().map(named).collect::<Outcome<Vec<_>>>()?.into())
}

fn of_table(table: &Table, name: &str, slot: Option<&Slot>) -> Outcome<Array> {
    let array = match slot.is_some_and(|slot| slot.texts) {
        true => Array::from(table.column(name)?),
        false => Array::from(Tensor::from(&table.number(name)?)),
    };
    let one = slot.is_some_and(|slot| slot.sizes.as_ref().is_some_and(Vec::is_empty));
    Ok(if one { array } else { array.reshape([table.len(), 1])? })
}

/// The texts of a file, one a line.
pub(crate) fn lines(path: &Path) -> Outcome<Texts> {
    let wrong = |problem: String| Failure::Work(format!("{}: {problem}", path.display()));
    let bytes = Limits::new().read_bytes(path)?;
    // Editors may put a byte order mark in front; it is no part of the first text.
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    let text = std::str::from_utf8(bytes).map_err(|e| {
        let before = bytes.iter().take(e.valid_up_to());
        let line = before.filter(|byte| **byte == b'\n').count() + 1;
        wrong(format!("line {line} is no UTF-8"))
    })?;
    let lines: Vec<&str> = text.lines().collect();
    match lines.is_empty() {
        true => Err(wrong("has no line of text".into())),
        false => Ok(lines.into()),
    }
}
