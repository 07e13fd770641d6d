//! Responses.
use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;

/// A response of this type of content.
pub(crate) fn typed(status: StatusCode, kind: &'static str, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

/// A response of JSON.
pub(crate) fn json(status: StatusCode, text: impl Into<Body>) -> Response {
    typed(status, "application/json", text)
}

/// JSON, and nothing went wrong.
pub(crate) fn ok(value: &serde_json::Value) -> Response {
    json(StatusCode::OK, value.to_string())
}
