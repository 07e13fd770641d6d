//! The Open Inference Protocol, version 2, over HTTP, with binary tensors as Triton has them.
use super::Named;
use crate::binary::Datatype;
use crate::failure::{Failure, Outcome};
use crate::read::{Filling, Reader};
use crate::respond;
use crate::rows::all;
use crate::served::{Served, Slot};
use crate::state::State;
use crate::write::{self, NotFinite};
use axum::body::Body;
use axum::extract::{Path, State as Shared};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use ferras::Tensor;
use ferras::data::Array;
use serde_json::{Value as Json, json};
use std::sync::Arc;

/// How many bytes of a body are JSON; binary tensors follow.
const JSON_LENGTH: &str = "inference-header-content-length";

/// `GET /v2`
pub(crate) async fn server() -> Response {
    respond::ok(&json!({
        "name": "ferras",
        "version": env!("CARGO_PKG_VERSION"),
        "extensions": ["binary_tensor_data"],
    }))
}

/// `GET /v2/health/live`
pub(crate) async fn live() -> Response {
    respond::ok(&json!({ "live": true }))
}

/// `GET /v2/health/ready`
pub(crate) async fn ready(Shared(state): Shared<Arc<State>>) -> Response {
    readiness(json!({}), state.ready())
}

fn readiness(mut told: Json, ready: bool) -> Response {
    told["ready"] = ready.into();
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    respond::json(status, told.to_string())
}

/// `GET /v2/models/M[/versions/N][/ready]`
pub(crate) async fn look(
    Shared(state): Shared<Arc<State>>,
    Path(path): Path<String>,
) -> Outcome<Response> {
    let named = Named::parse(&path)?;
    let found = state.registry.find(named.model, named.version);
    match named.rest {
        "" => Ok(respond::ok(&metadata(&state, &*found?)?)),
        "ready" => match found {
            Err(e) if e.status != StatusCode::SERVICE_UNAVAILABLE => Err(e),
            found => {
                let ready = found.is_ok() && state.ready();
                Ok(readiness(json!({ "name": named.model }), ready))
            }
        },
        "infer" => Err(Failure::method("POST")),
        _ => Err(Failure::not_found(format!("there is nothing at /v2/models/{path}"))),
    }
}

fn metadata(state: &State, served: &Served) -> Outcome<Json> {
    let told = |slot: &Slot| {
        let size = |size: &Option<usize>| size.map_or(json!(-1), |size| json!(size));
        let shape: Vec<Json> = slot.spec.shape.iter().map(size).collect();
        let datatype = Datatype::of_elements(slot.spec.dtype).name();
        json!({"name": slot.name, "datatype": datatype, "shape": shape})
    };
    let versions = state.registry.versions(&served.name)?;
    let versions: Vec<String> = versions.iter().map(|v| v.version.to_string()).collect();
    Ok(json!({
        "name": served.name,
        "versions": versions,
        "platform": "ferras_keras",
        "inputs": served.inputs.iter().map(told).collect::<Vec<_>>(),
        "outputs": served.outputs.iter().map(|(slot, _)| told(slot)).collect::<Vec<_>>(),
    }))
}

/// An array as the JSON announces it.
#[derive(Default)]
struct Input {
    name: Option<String>,
    shape: Option<Vec<usize>>,
    datatype: Option<String>,
    data: Option<Filling>,
    /// Bytes of it behind the JSON.
    binary: Option<usize>,
}

/// What a request asks for.
#[derive(Default)]
struct Asked {
    id: Option<Json>,
    inputs: Vec<Input>,
    /// The outputs that are wanted, and whether as bytes; all where none is named.
    outputs: Vec<(String, Option<bool>)>,
    /// Whether outputs are bytes where nothing else is said of them.
    binary: bool,
}

/// `POST /v2/models/M[/versions/N]/infer`
pub(crate) async fn infer(
    Shared(state): Shared<Arc<State>>,
    Path(path): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Outcome<Response> {
    let named = Named::parse(&path)?;
    match named.rest {
        "infer" => {}
        "" | "ready" => return Err(Failure::method("GET")),
        _ => return Err(Failure::not_found(format!("there is nothing at /v2/models/{path}"))),
    }
    let served = state.registry.find(named.model, named.version)?;
    let body = state.bodies.read(&headers, body).await?;
    let (asked, inputs) = match split(&headers, &body.bytes)? {
        (None, rest) => {
            let asked = Asked { binary: true, ..Asked::default() };
            (asked, vec![raw(served.only_input()?, rest)?])
        }
        (Some(text), rest) => {
            let mut asked = Asked::read(&served, &mut Reader::new(text, false))?;
            let inputs = std::mem::take(&mut asked.inputs);
            let inputs = arrays(&served, inputs, rest)?;
            (asked, inputs)
        }
    };
    drop(body);
    let wanted = asked.wanted(&served)?;
    let outputs = served.predict(inputs).await?;
    Ok(answer(&served, &asked, &outputs, &wanted))
}

/// The JSON of a body, if it has any, and the bytes behind it.
fn split<'b>(headers: &HeaderMap, body: &'b [u8]) -> Outcome<(Option<&'b [u8]>, &'b [u8])> {
    let Some(length) = headers.get(JSON_LENGTH) else { return Ok((Some(body), b"")) };
    let length = length.to_str().ok().and_then(|text| text.parse().ok());
    let parts = length.and_then(|length| body.split_at_checked(length));
    let (text, rest) = parts.ok_or_else(|| {
        Failure::bad("Inference-Header-Content-Length is not the length of the body's JSON")
    })?;
    Ok((Some(text).filter(|text| !text.is_empty()), rest))
}

/// The only input as bytes without any JSON: as many rows as they fill.
fn raw(slot: &Slot, bytes: &[u8]) -> Outcome<Array> {
    let kind = Datatype::of_elements(slot.spec.dtype);
    if slot.is_text() {
        return Err(Failure::bad(
            "the model's input are texts: tell their shape, in JSON before them",
        ));
    }
    let width = slot.width().ok_or_else(|| {
        Failure::bad("the model's input has open sizes: tell the shape, in JSON before the bytes")
    })?;
    let row = width.saturating_mul(kind.size()).max(1);
    if bytes.is_empty() || !bytes.len().is_multiple_of(row) {
        let (name, n) = (kind.name(), bytes.len());
        return Err(Failure::bad(format!(
            "{n} bytes fill no whole rows: a row is {width} elements of datatype {name}, {row} bytes"
        )));
    }
    let rest = slot.spec.shape.iter().skip(1).map(|size| size.unwrap_or(1));
    kind.array(std::iter::once(bytes.len() / row).chain(rest).collect(), bytes)
}

impl Asked {
    fn read(served: &Served, reader: &mut Reader<'_>) -> Outcome<Asked> {
        let mut asked = Asked::default();
        reader.object(|name, reader| match name {
            "id" => {
                asked.id = Some(reader.text()?.into());
                Ok(())
            }
            "inputs" => reader.list(|_, reader| {
                asked.inputs.push(Input::read(served, reader)?);
                Ok(())
            }),
            "outputs" => reader.list(|_, reader| {
                asked.outputs.push(output(&reader.value()?)?);
                Ok(())
            }),
            "parameters" => {
                asked.binary = reader.value()?["binary_data_output"] == true;
                Ok(())
            }
            _ => reader.skip(),
        })?;
        reader.end()?;
        Ok(asked)
    }

    /// The places of the outputs that are wanted, and whether they are wanted as bytes.
    fn wanted(&self, served: &Served) -> Outcome<Vec<(usize, bool)>> {
        if self.outputs.is_empty() {
            return Ok((0..served.outputs.len()).map(|i| (i, self.binary)).collect());
        }
        let place = |(name, binary): &(String, Option<bool>)| {
            let place = served.outputs.iter().position(|(slot, _)| slot.name == *name);
            let place = place.ok_or_else(|| {
                let names: Vec<&str> =
                    served.outputs.iter().map(|(s, _)| s.name.as_str()).collect();
                let names = names.join(", ");
                Failure::bad(format!("the model has no output {name:?}; its outputs are {names}"))
            })?;
            Ok((place, binary.unwrap_or(self.binary)))
        };
        self.outputs.iter().map(place).collect()
    }
}

/// The name of an output that is wanted, and whether it is wanted as bytes.
fn output(told: &Json) -> Outcome<(String, Option<bool>)> {
    let name = told["name"].as_str().ok_or_else(|| Failure::bad("an output has no name"))?;
    Ok((name.into(), told["parameters"]["binary_data"].as_bool()))
}

impl Input {
    fn read(served: &Served, reader: &mut Reader<'_>) -> Outcome<Input> {
        let mut input = Input::default();
        reader.object(|name, reader| {
            match name {
                "name" => input.name = Some(reader.text()?),
                "datatype" => input.datatype = Some(reader.text()?),
                "shape" => input.shape = Some(sizes(&reader.value()?)?),
                "parameters" => {
                    let size = &reader.value()?["binary_data_size"];
                    let size = size.as_u64().and_then(|size| usize::try_from(size).ok());
                    input.binary = size;
                }
                "data" => {
                    // Members come in any order: the name may be behind the data.
                    let name = input.name.clone().or_else(|| reader.member_ahead("name"));
                    let name = name.ok_or_else(|| Failure::bad("an input has no name"))?;
                    let place = served.input(&name)?;
                    let slot = served.inputs.get(place).ok_or_else(|| Failure::bad(name))?;
                    let mut filling = Filling::for_slot(slot);
                    filling.read(reader, 0)?;
                    input.data = Some(filling);
                }
                _ => reader.skip()?,
            }
            Ok(())
        })?;
        Ok(input)
    }

    /// The array, whose bytes are taken from the front of `rest`, and its place.
    fn finish(self, served: &Served, rest: &mut &[u8]) -> Outcome<(usize, Array)> {
        let lacks = |what: &str| Failure::bad(format!("an input has no {what}"));
        let name = self.name.ok_or_else(|| lacks("name"))?;
        let shape = self.shape.ok_or_else(|| lacks("shape"))?;
        let kind = Datatype::parse(&self.datatype.ok_or_else(|| lacks("datatype"))?)?;
        let place = served.input(&name)?;
        let takes_texts = served.inputs.get(place).is_some_and(Slot::is_text);
        if takes_texts != (kind == Datatype::Bytes) {
            let (takes, kind) = (if takes_texts { "texts" } else { "numbers" }, kind.name());
            return Err(Failure::bad(format!("input {name:?} takes {takes}, not {kind:?}")));
        }
        let tensor = match (self.data, self.binary) {
            (Some(data), None) => data.shaped(shape)?,
            (None, Some(size)) => {
                let (bytes, after) = rest.split_at_checked(size).ok_or_else(|| {
                    Failure::bad(format!(
                        "input {name:?} has fewer bytes than binary_data_size says"
                    ))
                })?;
                *rest = after;
                kind.array(shape, bytes)?
            }
            _ => return Err(lacks("data, or has it twice")),
        };
        Ok((place, tensor))
    }
}

fn sizes(told: &Json) -> Outcome<Vec<usize>> {
    let size = |size: &Json| size.as_u64().and_then(|size| usize::try_from(size).ok());
    let sizes = told.as_array().and_then(|sizes| sizes.iter().map(size).collect());
    sizes.ok_or_else(|| Failure::bad(format!("a shape is a list of sizes, not {told}")))
}

/// The arrays in the model's order.
fn arrays(served: &Served, inputs: Vec<Input>, mut rest: &[u8]) -> Outcome<Vec<Array>> {
    let mut arrays: Vec<Option<Array>> = vec![None; served.inputs.len()];
    for input in inputs {
        let (place, tensor) = input.finish(served, &mut rest)?;
        match arrays.get_mut(place) {
            Some(free @ None) => *free = Some(tensor),
            _ => return Err(Failure::bad("an input comes twice")),
        }
    }
    match rest {
        [] => all(served, arrays, "the body"),
        more => Err(Failure::bad(format!("{} bytes behind the last input", more.len()))),
    }
}

/// The response: JSON, and the outputs that are wanted as bytes behind it.
fn answer(
    served: &Served,
    asked: &Asked,
    outputs: &[Tensor],
    wanted: &[(usize, bool)],
) -> Response {
    let (mut head, mut tail) = (Vec::new(), Vec::new());
    let mut told = json!({
        "model_name": served.name,
        "model_version": served.version.to_string(),
    });
    if let Some(id) = &asked.id {
        told["id"] = id.clone();
    }
    head.extend(open(&told).bytes());
    head.extend(b",\"outputs\":[");
    for (i, &(place, binary)) in wanted.iter().enumerate() {
        let (Some((slot, _)), Some(tensor)) = (served.outputs.get(place), outputs.get(place))
        else {
            continue;
        };
        let told = json!({
            "name": slot.name,
            "shape": &tensor.shape()[..],
            "datatype": Datatype::of(tensor.dtype()).name(),
        });
        head.extend((if i > 0 { "," } else { "" }).bytes());
        head.extend(open(&told).bytes());
        if binary {
            let before = tail.len();
            write::bytes(&mut tail, tensor.elements());
            let size = tail.len() - before;
            head.extend(format!(",\"parameters\":{{\"binary_data_size\":{size}}}}}").bytes());
        } else {
            head.extend(b",\"data\":");
            write::nested(
                &mut head,
                &[tensor.elements().len()],
                tensor.elements(),
                NotFinite::Null,
            );
            head.push(b'}');
        }
    }
    head.extend(b"]}");
    if tail.is_empty() {
        return respond::json(StatusCode::OK, head);
    }
    let length = head.len();
    head.extend(tail);
    let mut response = respond::typed(StatusCode::OK, "application/octet-stream", head);
    response.headers_mut().insert(JSON_LENGTH, HeaderValue::from(length));
    response
}

/// An object of JSON without its end, so that more members can follow.
fn open(object: &Json) -> String {
    let mut text = object.to_string();
    text.pop();
    text
}
