//! Addresses and what answers at them.
use crate::failure::{Failure, Wording};
use crate::protocol::{open_inference, simple, tensorflow};
use crate::respond;
use crate::state::State;
use crate::{about, openapi, page};
use axum::Router;
use axum::extract::{Request, State as Shared};
use axum::http::{StatusCode, Uri, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use axum::routing::{get, post};
use std::sync::Arc;
use std::time::Instant;

/// Everything that the service answers.
pub(crate) fn router(state: Arc<State>) -> Router {
    Router::new()
        .route("/", get(page::html))
        .route("/page.css", get(page::css))
        .route("/page.js", get(page::js))
        .route("/icon.svg", get(page::icon))
        .route("/models", get(about::models))
        .route("/openapi.json", get(openapi::describe))
        .route("/metrics", get(metrics))
        .route("/predict", post(simple::predict))
        .route("/v1/models/{*path}", get(tensorflow::look).post(tensorflow::act))
        .route("/v2", get(open_inference::server))
        .route("/v2/health/live", get(open_inference::live))
        .route("/v2/health/ready", get(open_inference::ready))
        .route("/v2/models/{*path}", get(open_inference::look).post(open_inference::infer))
        .fallback(nothing)
        .method_not_allowed_fallback(other_method)
        .layer(from_fn_with_state(state.clone(), around))
        .with_state(state)
}

async fn nothing(uri: Uri) -> Failure {
    let path: String = uri.path().chars().take(200).collect();
    Failure::not_found(format!("there is nothing at {path}; /openapi.json tells what there is"))
}

async fn other_method(uri: Uri) -> Failure {
    Failure::method(if uri.path() == "/predict" { "POST" } else { "GET" })
}

async fn metrics(Shared(state): Shared<Arc<State>>) -> Response {
    let text = state.metrics.text(&state.registry.told());
    respond::typed(StatusCode::OK, "text/plain; version=0.0.4; charset=utf-8", text)
}

/// A protocol by its addresses, and how it words errors.
fn protocol(path: &str) -> (&'static str, Wording) {
    match path {
        "/predict" => ("predict", Wording::Success),
        path if path.starts_with("/v1/") => ("tensorflow", Wording::Error),
        path if path.starts_with("/v2") => ("open_inference", Wording::Error),
        _ => ("other", Wording::Error),
    }
}

/// What is done around every request: who asks, in which words, how long, how it went.
async fn around(Shared(state): Shared<Arc<State>>, request: Request, next: Next) -> Response {
    let start = Instant::now();
    let (protocol, wording) = protocol(request.uri().path());
    let mut response = match allowed(&state, &request) {
        true => next.run(request).await,
        false => {
            let message = "this service wants a token: send Authorization: Bearer TOKEN";
            Failure::new(StatusCode::UNAUTHORIZED, message).response(wording)
        }
    };
    if let Some(failure) = response.extensions_mut().remove::<Failure>() {
        response = failure.response(wording);
    }
    state.metrics.answered(protocol, response.status().as_u16(), start.elapsed());
    response
}

/// Whether a request brings the token, or needs none.
fn allowed(state: &State, request: &Request) -> bool {
    let Some(token) = &state.options.token else { return true };
    let open = ["/", "/page.css", "/page.js", "/icon.svg", "/v2/health/live", "/v2/health/ready"];
    if open.contains(&request.uri().path()) {
        return true;
    }
    let given = request.headers().get(header::AUTHORIZATION).map(|value| value.as_bytes());
    let given = given.and_then(|value| value.split_at_checked("Bearer ".len()));
    given.is_some_and(|(kind, given)| {
        kind.eq_ignore_ascii_case(b"Bearer ") && same(given, token.as_bytes())
    })
}

/// Whether both are equal, in a time that does not tell where they differ.
fn same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |all, (a, b)| all | (a ^ b)) == 0
}
