//! What went wrong with a request: a status, a sentence, and each protocol's shape of both.
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// The result of everything that a request may be to blame for.
pub(crate) type Outcome<T> = Result<T, Failure>;

/// Why a request is not answered as it wished.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Failure {
    pub(crate) status: StatusCode,
    pub(crate) message: String,
    /// For a method that a path does not have: those that it has.
    pub(crate) allow: Option<&'static str>,
}

impl Failure {
    pub(crate) fn new(status: StatusCode, message: impl Into<String>) -> Failure {
        Failure { status, message: message.into(), allow: None }
    }

    pub(crate) fn bad(message: impl Into<String>) -> Failure {
        Failure::new(StatusCode::BAD_REQUEST, message)
    }

    pub(crate) fn not_found(message: impl Into<String>) -> Failure {
        Failure::new(StatusCode::NOT_FOUND, message)
    }

    pub(crate) fn too_large(message: impl Into<String>) -> Failure {
        Failure::new(StatusCode::PAYLOAD_TOO_LARGE, message)
    }

    /// There is too much to do; the same request may succeed later.
    pub(crate) fn busy(message: impl Into<String>) -> Failure {
        Failure::new(StatusCode::TOO_MANY_REQUESTS, message)
    }

    pub(crate) fn unavailable(message: impl Into<String>) -> Failure {
        Failure::new(StatusCode::SERVICE_UNAVAILABLE, message)
    }

    pub(crate) fn internal(message: impl Into<String>) -> Failure {
        Failure::new(StatusCode::INTERNAL_SERVER_ERROR, message)
    }

    pub(crate) fn method(allow: &'static str) -> Failure {
        let message = format!("this address takes {allow} only");
        Failure { allow: Some(allow), ..Failure::new(StatusCode::METHOD_NOT_ALLOWED, message) }
    }
}

impl From<ferras::Error> for Failure {
    /// Data that do not fit the model are the request's fault, all else is not.
    fn from(error: ferras::Error) -> Failure {
        match error {
            ferras::Error::Data(message) => Failure::bad(message),
            other => Failure::internal(other.to_string()),
        }
    }
}

/// How a protocol words its errors.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Wording {
    /// `{"error": …}`: TensorFlow Serving, the Open Inference Protocol, everything else.
    Error,
    /// `{"success": false, "error": …}`: the tutorials' `/predict`.
    Success,
}

impl Failure {
    /// The response in a protocol's shape.
    pub(crate) fn response(&self, wording: Wording) -> Response {
        let body = match wording {
            Wording::Error => json!({ "error": self.message }),
            Wording::Success => json!({ "success": false, "error": self.message }),
        };
        let mut response = super::respond::json(self.status, body.to_string());
        let headers = response.headers_mut();
        match self.status {
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
            }
            StatusCode::UNAUTHORIZED => {
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            _ => {}
        }
        if let Some(allow) = self.allow {
            headers.insert(header::ALLOW, HeaderValue::from_static(allow));
        }
        response
    }
}

impl IntoResponse for Failure {
    /// Carries the failure to where the protocol is known.
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}
