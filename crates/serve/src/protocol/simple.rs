//! The tutorials' `POST /predict`: a picture, an array, numbers; labels and probabilities.
use crate::failure::{Failure, Outcome};
use crate::picture;
use crate::read::Reader;
use crate::respond;
use crate::rows;
use crate::served::{Meaning, Served, Slot};
use crate::state::State;
use crate::write::{self, NotFinite};
use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, Multipart, Query, Request, State as Shared};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use ferras::Tensor;
use ferras::data::Array;
use ferras::datasets::npy;
use serde_json::{Value as Json, json};
use std::collections::HashMap;
use std::sync::Arc;

const MULTIPART: &str = "multipart/form-data";
const NPY: &str = "application/x-npy";

/// What came, and whether it was a picture alone, as in the tutorials.
struct Came {
    inputs: Vec<Array>,
    picture: bool,
}

/// `POST /predict[?model=NAME][&version=N][&top=K]`
pub(crate) async fn predict(
    Shared(state): Shared<Arc<State>>,
    Query(query): Query<HashMap<String, String>>,
    headers: HeaderMap,
    body: Body,
) -> Outcome<Response> {
    let number = |name: &str| -> Outcome<Option<u64>> {
        let text = query.get(name);
        let wrong = |_| Failure::bad(format!("{name} is a number, not {:?}", query.get(name)));
        text.map(|text| text.parse().map_err(wrong)).transpose()
    };
    let name = query.get("model").map_or_else(|| state.registry.only(), |name| Ok(name))?;
    let served = state.registry.find(name, number("version")?)?;
    let top = usize::try_from(number("top")?.unwrap_or(5)).unwrap_or(usize::MAX);
    let body = state.bodies.read(&headers, body).await?;
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let came = match kind {
        Some(kind) if kind.starts_with(MULTIPART) => {
            parts(&served, files(kind, body.bytes.clone()).await?)?
        }
        _ => understand(&served, &body.bytes)?,
    };
    drop(body);
    let outputs = served.predict(came.inputs).await?;
    if headers.get(header::ACCEPT).is_some_and(|kind| kind == NPY) {
        return array(&served, &outputs);
    }
    Ok(respond::json(StatusCode::OK, answer(&served, &outputs, top, came.picture)))
}

/// The files of a form, in their order.
async fn files(kind: &str, body: Bytes) -> Outcome<Vec<Bytes>> {
    let broken = |e: &dyn std::fmt::Display| Failure::bad(format!("the form cannot be read: {e}"));
    let request = Request::builder().header(header::CONTENT_TYPE, kind).body(Body::from(body));
    let request = request.map_err(|e| broken(&e))?;
    let mut form =
        Multipart::from_request(request, &()).await.map_err(|e| broken(&e.body_text()))?;
    let mut files = Vec::new();
    while let Some(field) = form.next_field().await.map_err(|e| broken(&e.body_text()))? {
        if field.name() == Some("image") || field.file_name().is_some() {
            files.push(field.bytes().await.map_err(|e| broken(&e.body_text()))?);
        }
    }
    match files.is_empty() {
        true => Err(Failure::bad("the form has no field image: send -F image=@picture.png")),
        false => Ok(files),
    }
}

/// The files of a form: one of any kind, or several pictures.
fn parts(served: &Served, files: Vec<Bytes>) -> Outcome<Came> {
    if let [only] = &files[..] {
        return understand(served, only);
    }
    let mut rows: Option<Tensor> = None;
    for file in &files {
        let row = read_picture(served, file)?;
        match &mut rows {
            None => rows = Some(row),
            Some(rows) => rows.append(&row).map_err(|_| {
                Failure::bad(
                    "the pictures are of different sizes, and the model takes any: send one",
                )
            })?,
        }
    }
    Ok(Came { inputs: rows.into_iter().map(Array::from).collect(), picture: false })
}

/// What a body is, its first bytes tell: a picture, an `.npy`, JSON, or a table of numbers.
fn understand(served: &Served, body: &[u8]) -> Outcome<Came> {
    let came = |inputs| Ok(Came { inputs, picture: false });
    if body.starts_with(b"\x93NUMPY") {
        return came(vec![with_rows(served.only_input()?, npy::from_bytes(body)?.into())?]);
    }
    if picture::is_picture(body) {
        return Ok(Came { inputs: vec![read_picture(served, body)?.into()], picture: true });
    }
    match body.iter().find(|byte| !byte.is_ascii_whitespace()) {
        None => Err(Failure::bad("the body is empty: send a picture, an .npy, JSON or numbers")),
        Some(b'{') => came(rows::read(served, &mut Reader::new(body, true))?.inputs),
        Some(b'[') => {
            let (slot, mut reader) = (served.only_input()?, Reader::new(body, true));
            let array = rows::array(slot, &mut reader)?;
            reader.end()?;
            came(vec![with_rows(slot, array)?])
        }
        Some(_) => match served.only_input()? {
            slot if slot.is_text() => came(vec![lines(slot, body)?]),
            slot => came(vec![table(slot, body)?.into()]),
        },
    }
}

fn read_picture(served: &Served, bytes: &[u8]) -> Outcome<Tensor> {
    let (form, preprocess) = served.picture.as_ref().ok_or_else(|| {
        let shapes: Vec<String> = served.inputs.iter().map(|s| s.spec.shape.to_string()).collect();
        Failure::bad(format!("the model takes no pictures; its input is {}", shapes.join(" and ")))
    })?;
    tokio::task::block_in_place(|| form.read(bytes, *preprocess))
}

/// An array with a batch axis: one that is a single row gets it.
fn with_rows(slot: &Slot, array: Array) -> Outcome<Array> {
    match array.shape().len() + 1 == slot.spec.shape.len() {
        true => {
            let shape = [&[1], &array.shape()[..]].concat();
            array.reshape(shape).map_err(|e| Failure::internal(e.to_string()))
        }
        false => Ok(array),
    }
}

/// Lines of text, a row each.
fn lines(slot: &Slot, body: &[u8]) -> Outcome<Array> {
    let text =
        std::str::from_utf8(body).map_err(|_| Failure::bad("the body is no text in UTF-8"))?;
    let lines: Vec<&str> = text.trim_start_matches('\u{feff}').lines().collect();
    let ones = slot.spec.shape.iter().skip(1).map(|_| 1);
    let shape: Vec<usize> = std::iter::once(lines.len()).chain(ones).collect();
    Array::from(lines).reshape(shape).map_err(|e| Failure::internal(e.to_string()))
}

/// Lines of numbers, a row each, with or without a line of names: filled into the model's axes.
fn table(slot: &Slot, body: &[u8]) -> Outcome<Tensor> {
    let text = std::str::from_utf8(body).map_err(|_| {
        Failure::bad("the body is no picture, no .npy, no JSON and no table of numbers")
    })?;
    let apart = |c: char| matches!(c, ',' | ';' | '\t' | ' ');
    let (mut numbers, mut columns, mut rows) = (Vec::new(), None, 0);
    let lines = text.trim_start_matches('\u{feff}').lines().enumerate();
    for (i, line) in lines.filter(|(_, line)| !line.trim().is_empty()) {
        let words = line.split(apart).map(str::trim).filter(|word| !word.is_empty());
        let row: Result<Vec<f32>, &str> =
            words.map(|word| word.parse().map_err(|_| word)).collect();
        let row = match row {
            Ok(row) => row,
            // A line of names.
            Err(_) if i == 0 => continue,
            Err(word) => {
                let line = i + 1;
                let word: String = word.chars().take(40).collect();
                return Err(Failure::bad(format!("line {line}: {word:?} is not a number")));
            }
        };
        let expected = *columns.get_or_insert(row.len());
        if row.len() != expected {
            let (line, n) = (i + 1, row.len());
            return Err(Failure::bad(format!("line {line} has {n} numbers, not {expected}")));
        }
        numbers.extend(row);
        rows += 1;
    }
    let columns = columns.ok_or_else(|| Failure::bad("the body has no line of numbers"))?;
    let shape = match slot.width() {
        Some(width) if width == columns => {
            let rest = slot.spec.shape.iter().skip(1).map(|size| size.unwrap_or(1));
            std::iter::once(rows).chain(rest).collect()
        }
        _ => vec![rows, columns],
    };
    Tensor::new(shape, numbers).map_err(|e| Failure::internal(e.to_string()))
}

/// The only output as an `.npy`.
fn array(served: &Served, outputs: &[Tensor]) -> Outcome<Response> {
    match outputs {
        [only] => Ok(respond::typed(StatusCode::OK, NPY, npy::to_bytes(only))),
        several => Err(Failure::bad(format!(
            "the model has {} outputs ({}), and an .npy holds one array: take JSON",
            several.len(),
            served.outputs.iter().map(|(slot, _)| &slot.name[..]).collect::<Vec<_>>().join(", ")
        ))),
    }
}

/// `{"success": true, "predictions": …}`: what is told of a picture alone, or a list with that of
/// each row.
fn answer(served: &Served, outputs: &[Tensor], top: usize, alone: bool) -> Vec<u8> {
    let rows = outputs.iter().filter_map(|t| t.shape().first().copied()).min().unwrap_or(0);
    let mut told: Vec<Json> = (0..rows).map(|row| predictions(served, outputs, row, top)).collect();
    let told = match alone && told.len() == 1 {
        true => told.swap_remove(0),
        false => Json::Array(told),
    };
    json!({"success": true, "predictions": told}).to_string().into_bytes()
}

/// What the outputs tell of one row.
fn predictions(served: &Served, outputs: &[Tensor], row: usize, top: usize) -> Json {
    let several = outputs.len() > 1;
    let mut all = Vec::new();
    for ((slot, meaning), tensor) in served.outputs.iter().zip(outputs) {
        let mut shape = Vec::new();
        let Ok(view) = tensor.rows(row..row + 1, &mut shape) else { continue };
        let mut told = match (meaning, view.shape()) {
            (_, [_, _]) => {
                let numbers = view.to_tensor().to_f64_vec();
                let narrow = tensor.dtype() != ferras::DType::F64;
                vector(served, (slot, *meaning), &numbers, narrow, top)
            }
            // Pictures, sequences: as they are.
            (_, shape) => {
                let mut text = Vec::new();
                let inner = shape.get(1..).unwrap_or_default();
                write::nested(&mut text, inner, view.elements(), NotFinite::Null);
                let values: Json = serde_json::from_slice(&text).unwrap_or_default();
                vec![json!({"label": slot.name, "values": values})]
            }
        };
        if several {
            told.iter_mut().for_each(|entry| entry["output"] = Json::from(slot.name.as_str()));
        }
        all.append(&mut told);
    }
    Json::Array(all)
}

/// One entry a class, the likeliest first, or one a number.
fn vector(
    served: &Served,
    (slot, meaning): (&Slot, Meaning),
    numbers: &[f64],
    narrow: bool,
    top: usize,
) -> Vec<Json> {
    // float32 is told as such: 0.1 and not 0.10000000149011612.
    let number = |v: f64| match (v as f32).to_string().parse::<f64>() {
        Ok(short) if narrow => json!(short),
        _ => json!(v),
    };
    let label = |i: usize| served.labels.get(i).cloned();
    let entry = |label: String, key: &str, v: f64| json!({"label": label, key: number(v)});
    match (meaning, numbers) {
        (Meaning::Classes, _) => {
            let mut order: Vec<usize> = (0..numbers.len()).collect();
            order.sort_by(|&a, &b| numbers[b].total_cmp(&numbers[a]));
            let class = |i: usize| label(i).unwrap_or_else(|| i.to_string());
            let told = order.into_iter().take(top);
            told.map(|i| entry(class(i), "probability", numbers[i])).collect()
        }
        (Meaning::Binary, &[p]) if served.labels.len() == 2 => {
            let mut both = [(1, p), (0, 1.0 - p)];
            both.sort_by(|a, b| b.1.total_cmp(&a.1));
            both.map(|(i, p)| entry(label(i).unwrap_or_default(), "probability", p)).into()
        }
        (Meaning::Binary, &[p]) => vec![entry(slot.name.clone(), "probability", p)],
        (_, &[v]) => vec![entry(label(0).unwrap_or_else(|| slot.name.clone()), "value", v)],
        (_, several) => {
            let name = |i: usize| label(i).unwrap_or_else(|| format!("{}_{i}", slot.name));
            several.iter().enumerate().map(|(i, v)| entry(name(i), "value", *v)).collect()
        }
    }
}
