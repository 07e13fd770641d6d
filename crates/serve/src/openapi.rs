//! The description of the service in OpenAPI 3.1, with the models that are loaded.
use crate::respond;
use crate::served::{Served, Slot};
use crate::state::State;
use axum::extract::State as Shared;
use axum::response::Response;
use ferras::DType;
use serde_json::{Map, Value as Json, json};
use std::sync::Arc;

/// `GET /openapi.json`
pub(crate) async fn describe(Shared(state): Shared<Arc<State>>) -> Response {
    let newest = state.registry.names().filter_map(|name| state.registry.find(name, None).ok());
    let models: Vec<Arc<Served>> = newest.collect();
    respond::ok(&document(&models, state.options.token.is_some()))
}

fn document(models: &[Arc<Served>], token: bool) -> Json {
    let mut paths = Map::new();
    let mut path = |at: String, method: &str, operation: Json| {
        paths.insert(at, json!({ method: operation }));
    };
    path("/predict".into(), "post", predict(models));
    for model in models {
        let (tensorflow, open) =
            (format!("/v1/models/{}", model.name), format!("/v2/models/{}", model.name));
        let of = |what: &str| format!("{what} of {}", model.name);
        path(tensorflow.clone(), "get", answers(&of("State of the versions"), object()));
        path(format!("{tensorflow}/metadata"), "get", answers(&of("Inputs and outputs"), object()));
        path(format!("{tensorflow}:predict"), "post", rows(model));
        path(open.clone(), "get", answers(&of("Inputs and outputs"), object()));
        path(format!("{open}/ready"), "get", answers(&of("Readiness"), object()));
        path(format!("{open}/infer"), "post", infer(model));
    }
    for (at, what) in [
        ("/models", "What the models are"),
        ("/v2", "What the service is"),
        ("/v2/health/live", "Whether the service runs"),
        ("/v2/health/ready", "Whether all models are warm"),
    ] {
        path(at.into(), "get", answers(what, object()));
    }
    let mut metrics = answers("Counts for Prometheus", object());
    metrics["responses"]["200"]["content"] =
        json!({ "text/plain": {"schema": {"type": "string"}} });
    path("/metrics".into(), "get", metrics);
    let mut document = json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Ferras",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Models of Keras behind HTTP. Models with several versions take them in \
                            their addresses: /v1/models/M/versions/N:predict.",
        },
        "paths": paths,
    });
    if token {
        document["components"] =
            json!({"securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}});
        document["security"] = json!([{ "token": [] }]);
    }
    document
}

fn object() -> Json {
    json!({ "type": "object" })
}

/// An operation with this answer, and errors.
fn answers(summary: &str, schema: Json) -> Json {
    let error = json!({
        "type": "object",
        "properties": {"error": {"type": "string"}},
        "required": ["error"],
    });
    json!({
        "summary": summary,
        "responses": {
            "200": {
                "description": "done",
                "content": {"application/json": {"schema": schema}},
            },
            "default": {
                "description": "why not",
                "content": {"application/json": {"schema": error}},
            },
        },
    })
}

/// An operation that takes JSON.
fn takes(mut operation: Json, schema: Json) -> Json {
    operation["requestBody"] =
        json!({"required": true, "content": {"application/json": {"schema": schema}}});
    operation
}

/// Lists in lists as deep as the shape, batch axis first.
fn array(slot: &Slot) -> Json {
    let number = match slot.spec.dtype.number() {
        None => "string",
        Some(DType::Bool) => "boolean",
        Some(DType::U8 | DType::I32 | DType::I64) => "integer",
        Some(_) => "number",
    };
    slot.spec.shape.iter().rev().fold(json!({ "type": number }), |inner, size| match size {
        Some(n) => json!({"type": "array", "items": inner, "minItems": n, "maxItems": n}),
        None => json!({"type": "array", "items": inner}),
    })
}

/// One row of an array.
fn row(slot: &Slot) -> Json {
    array(slot)["items"].clone()
}

/// The only one as it is, several under their names.
fn named<'s>(slots: impl Iterator<Item = &'s Slot>, schema: fn(&Slot) -> Json) -> Json {
    let all: Vec<&Slot> = slots.collect();
    if let [only] = all[..] {
        return schema(only);
    }
    let names: Vec<&str> = all.iter().map(|slot| slot.name.as_str()).collect();
    let members: Map<String, Json> =
        all.iter().map(|slot| (slot.name.clone(), schema(slot))).collect();
    json!({"type": "object", "properties": members, "required": names})
}

fn rows(model: &Served) -> Json {
    let outputs = || model.outputs.iter().map(|(slot, _)| slot);
    let list = |items: Json| json!({"type": "array", "items": items});
    let answer = json!({
        "type": "object",
        "properties": {
            "predictions": list(named(outputs(), row)),
            "outputs": named(outputs(), array),
        },
    });
    let summary = format!("Outputs of {}, as TensorFlow Serving has it", model.name);
    let body = json!({
        "type": "object",
        "properties": {
            "signature_name": {"type": "string"},
            "instances": list(named(model.inputs.iter(), row)),
            "inputs": named(model.inputs.iter(), array),
        },
    });
    takes(answers(&summary, answer), body)
}

fn infer(model: &Served) -> Json {
    let tensor = |data: bool| {
        json!({
            "type": "object",
            "properties": {
                "name": {"type": "string"},
                "shape": {"type": "array", "items": {"type": "integer"}},
                "datatype": {"type": "string"},
                "parameters": {"type": "object"},
                "data": {"type": "array"},
            },
            "required": if data { json!(["name", "shape", "datatype"]) } else { json!(["name"]) },
        })
    };
    let list = |items: Json| json!({"type": "array", "items": items});
    let answer = json!({
        "type": "object",
        "properties": {
            "model_name": {"type": "string"},
            "model_version": {"type": "string"},
            "id": {"type": "string"},
            "outputs": list(tensor(true)),
        },
    });
    let body = json!({
        "type": "object",
        "properties": {
            "id": {"type": "string"},
            "parameters": {"type": "object"},
            "inputs": list(tensor(true)),
            "outputs": list(tensor(false)),
        },
        "required": ["inputs"],
    });
    let summary = format!("Outputs of {}, as the Open Inference Protocol has it", model.name);
    takes(answers(&summary, answer), body)
}

fn predict(models: &[Arc<Served>]) -> Json {
    let entry = json!({
        "type": "object",
        "properties": {
            "label": {"type": "string"},
            "probability": {"type": "number"},
            "value": {"type": "number"},
        },
    });
    let list = |items: Json| json!({"type": "array", "items": items});
    let told = json!({"anyOf": [list(entry.clone()), list(list(entry))]});
    let answer = json!({
        "type": "object",
        "properties": {"success": {"type": "boolean"}, "predictions": told},
    });
    let mut operation = answers("What a picture, an array or numbers are", answer);
    let names: Vec<&str> = models.iter().map(|model| model.name.as_str()).collect();
    let query = |name: &str, schema: Json| json!({"name": name, "in": "query", "schema": schema});
    operation["parameters"] = json!([
        query("model", json!({"type": "string", "enum": names})),
        query("version", json!({"type": "integer"})),
        query("top", json!({"type": "integer", "default": 5})),
    ]);
    let bytes = json!({"schema": {"type": "string", "format": "binary"}});
    let form = json!({
        "type": "object",
        "properties": {"image": {"type": "string", "format": "binary"}},
        "required": ["image"],
    });
    operation["requestBody"] = json!({
        "required": true,
        "content": {
            "multipart/form-data": {"schema": form},
            "application/json": {"schema": {}},
            "application/x-npy": bytes,
            "image/*": bytes,
            "text/csv": {"schema": {"type": "string"}},
        },
    });
    operation
}
