//! What the models are, for the page and for programs.
use crate::failure::Outcome;
use crate::respond;
use crate::served::{Served, Slot};
use crate::state::State;
use axum::extract::State as Shared;
use axum::response::Response;
use serde_json::{Value as Json, json};
use std::sync::Arc;

/// `GET /models`: each model in its newest version.
pub(crate) async fn models(Shared(state): Shared<Arc<State>>) -> Outcome<Response> {
    let newest = state.registry.names().filter_map(|name| state.registry.find(name, None).ok());
    let told: Vec<Json> = newest.map(|served| about(&state, &served)).collect();
    Ok(respond::ok(&json!({ "models": told })))
}

fn about(state: &State, served: &Served) -> Json {
    let slot = |slot: &Slot| {
        json!({
            "name": slot.name,
            "dtype": slot.spec.dtype.to_string(),
            "shape": slot.spec.shape.to_vec(),
        })
    };
    let outputs: Json = served
        .outputs
        .iter()
        .map(|(output, meaning)| {
            let mut told = slot(output);
            told["meaning"] = meaning.name().into();
            told
        })
        .collect();
    let picture = served.picture.map(|(form, preprocess)| {
        json!({
            "height": form.height,
            "width": form.width,
            "channels": form.channels,
            "preprocess": preprocess.name(),
        })
    });
    let versions = state.registry.versions(&served.name).unwrap_or_default();
    let model = served.batcher.model();
    json!({
        "name": served.name,
        "version": served.version,
        "versions": versions.iter().map(|v| v.version).collect::<Vec<_>>(),
        "inputs": served.inputs.iter().map(slot).collect::<Json>(),
        "outputs": outputs,
        "labels": served.labels,
        "picture": picture,
        "parameters": model.count_params(),
        "layers": served.layers,
        "seconds_per_row": served.row.as_secs_f64(),
        "max_batch": served.batcher.max_batch,
        "summary": served.summary,
    })
}
