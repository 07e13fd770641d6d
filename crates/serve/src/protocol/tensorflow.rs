//! TensorFlow Serving's REST API.
use super::Named;
use crate::failure::{Failure, Outcome};
use crate::read::Reader;
use crate::respond;
use crate::rows::{self, Given};
use crate::served::{Served, Slot};
use crate::state::State;
use crate::write::{self, NotFinite};
use axum::body::Body;
use axum::extract::{Path, State as Shared};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use ferras::{DType, Tensor};
use serde_json::{Value as Json, json};
use std::sync::Arc;

/// `GET /v1/models/M[/versions/N][/metadata]`
pub(crate) async fn look(
    Shared(state): Shared<Arc<State>>,
    Path(path): Path<String>,
) -> Outcome<Response> {
    let named = Named::parse(&path)?;
    match named.rest {
        "" => status(&state, named),
        "metadata" => {
            let served = state.registry.find(named.model, named.version)?;
            Ok(respond::ok(&metadata(&served)))
        }
        _ if path.contains(':') => Err(Failure::method("POST")),
        _ => Err(Failure::not_found(format!("there is nothing at /v1/models/{path}"))),
    }
}

fn status(state: &State, named: Named<'_>) -> Outcome<Response> {
    if named.model.contains(':') {
        return Err(Failure::method("POST"));
    }
    let mut versions = state.registry.versions(named.model)?;
    if named.version.is_some() {
        versions = vec![state.registry.find(named.model, named.version)?];
    }
    let status = |version: String, state: &str| {
        let fine = json!({"error_code": "OK", "error_message": ""});
        json!({"version": version, "state": state, "status": fine})
    };
    let mut told: Vec<Json> =
        versions.iter().rev().map(|v| status(v.version.to_string(), "AVAILABLE")).collect();
    if told.is_empty() {
        told.push(status("1".into(), "LOADING"));
    }
    Ok(respond::ok(&json!({ "model_version_status": told })))
}

fn metadata(served: &Served) -> Json {
    let info = |slot: &Slot, name: String| {
        let size = |size: &Option<usize>| {
            let size = size.map_or("-1".to_string(), |size| size.to_string());
            json!({"size": size, "name": ""})
        };
        let sizes: Vec<Json> = slot.spec.shape.iter().map(size).collect();
        json!({
            "dtype": slot.spec.dtype.number().map_or("DT_STRING", type_name),
            "tensor_shape": {"dim": sizes, "unknown_rank": false},
            "name": name,
        })
    };
    let inputs: serde_json::Map<String, Json> = served
        .inputs
        .iter()
        .map(|slot| (slot.name.clone(), info(slot, format!("serving_default_{}:0", slot.name))))
        .collect();
    let outputs: serde_json::Map<String, Json> = served
        .outputs
        .iter()
        .enumerate()
        .map(|(i, (slot, _))| {
            (slot.name.clone(), info(slot, format!("StatefulPartitionedCall:{i}")))
        })
        .collect();
    let signature = json!({
        "inputs": inputs,
        "outputs": outputs,
        "method_name": "tensorflow/serving/predict",
        "defaults": {},
    });
    let version = served.version.to_string();
    json!({
        "model_spec": {"name": served.name, "signature_name": "", "version": version},
        "metadata": {"signature_def": {"signature_def": {"serving_default": signature}}},
    })
}

fn type_name(dtype: DType) -> &'static str {
    match dtype {
        DType::Bool => "DT_BOOL",
        DType::U8 => "DT_UINT8",
        DType::I32 => "DT_INT32",
        DType::I64 => "DT_INT64",
        DType::F16 => "DT_HALF",
        DType::BF16 => "DT_BFLOAT16",
        DType::F32 => "DT_FLOAT",
        DType::F64 => "DT_DOUBLE",
    }
}

/// `POST /v1/models/M[/versions/N]:predict`
pub(crate) async fn act(
    Shared(state): Shared<Arc<State>>,
    Path(path): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Outcome<Response> {
    let (named, verb) = path.rsplit_once(':').ok_or_else(|| Failure::method("GET"))?;
    match verb {
        "predict" => {}
        "classify" | "regress" => {
            return Err(Failure::bad(format!(
                "{verb} works on records that a model of TensorFlow parses itself; use predict"
            )));
        }
        _ => return Err(Failure::not_found(format!("there is nothing at /v1/models/{path}"))),
    }
    let named = Named::parse(named)?;
    let served = state.registry.find(named.model, named.version)?;
    let body = state.bodies.read(&headers, body).await?;
    let given = rows::read(&served, &mut Reader::new(&body.bytes, true))?;
    drop(body);
    let Given { inputs, by_row } = given;
    let outputs = served.predict(inputs).await?;
    Ok(respond::json(StatusCode::OK, answer(&served, &outputs, by_row)))
}

/// `{"predictions": …}` row by row, or `{"outputs": …}` array by array. Names are left out where
/// there is one output.
pub(crate) fn answer(served: &Served, outputs: &[Tensor], by_row: bool) -> Vec<u8> {
    let numbers: usize = outputs.iter().map(|t| t.elements().len()).sum();
    let mut out = Vec::with_capacity(32 + 12 * numbers);
    out.extend(if by_row { &b"{\"predictions\":"[..] } else { b"{\"outputs\":" });
    match outputs {
        [only] => write::tensor(&mut out, only, NotFinite::Words),
        several if by_row => each_row(&mut out, served, several),
        several => object(&mut out, served, several, |out, tensor| {
            write::tensor(out, tensor, NotFinite::Words);
        }),
    }
    out.push(b'}');
    out
}

/// A list of objects, each with a row of every output.
fn each_row(out: &mut Vec<u8>, served: &Served, outputs: &[Tensor]) {
    let rows = outputs.iter().filter_map(|t| t.shape().first().copied()).min().unwrap_or(0);
    out.push(b'[');
    for row in 0..rows {
        if row > 0 {
            out.push(b',');
        }
        object(out, served, outputs, |out, tensor| {
            let mut shape = Vec::new();
            if let Ok(view) = tensor.rows(row..row + 1, &mut shape) {
                let inner = view.shape().get(1..).unwrap_or_default();
                write::nested(out, inner, view.elements(), NotFinite::Words);
            }
        });
    }
    out.push(b']');
}

/// An object with a member for each output.
fn object(
    out: &mut Vec<u8>,
    served: &Served,
    outputs: &[Tensor],
    value: impl Fn(&mut Vec<u8>, &Tensor),
) {
    for (i, ((slot, _), tensor)) in served.outputs.iter().zip(outputs).enumerate() {
        out.push(if i == 0 { b'{' } else { b',' });
        out.extend(Json::from(slot.name.as_str()).to_string().bytes());
        out.push(b':');
        value(out, tensor);
    }
    out.push(b'}');
}
