//! What a request carries, read with our own errors: problem details, with what is wrong.

use axum::extract::rejection::{FormRejection, JsonRejection, QueryRejection};
use axum::extract::{Form, FromRequest, FromRequestParts, Json, Query, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::problem::{Code, Problem};

/// A JSON body.
#[derive(Debug)]
pub struct JsonBody<T>(pub T);

/// A form body (`application/x-www-form-urlencoded`).
#[derive(Debug)]
pub struct FormBody<T>(pub T);

/// The query.
#[derive(Debug)]
pub struct Asked<T>(pub T);

/// A JSON answer that nobody keeps.
#[derive(Debug)]
pub struct Told<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for JsonBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        match Json::from_request(request, state).await {
            Ok(Json(value)) => Ok(Self(value)),
            Err(JsonRejection::MissingJsonContentType(_)) => {
                Err(Problem::with(Code::RequestMediaType, "send application/json"))
            }
            Err(other) => Err(malformed(other.status(), &other.body_text())),
        }
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for FormBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        match Form::from_request(request, state).await {
            Ok(Form(value)) => Ok(Self(value)),
            Err(FormRejection::InvalidFormContentType(_)) => {
                let needed = "send application/x-www-form-urlencoded";
                Err(Problem::with(Code::RequestMediaType, needed))
            }
            Err(other) => Err(malformed(other.status(), &other.body_text())),
        }
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Asked<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let asked: Result<Query<T>, QueryRejection> = Query::from_request_parts(parts, state).await;
        asked
            .map(|Query(value)| Self(value))
            .map_err(|error| malformed(error.status(), &error.body_text()))
    }
}

fn malformed(status: StatusCode, detail: &str) -> Problem {
    match status {
        StatusCode::PAYLOAD_TOO_LARGE => Problem::new(Code::RequestTooLarge),
        _ => Problem::with(Code::RequestMalformed, detail),
    }
}

impl<T: Serialize> IntoResponse for Told<T> {
    fn into_response(self) -> Response {
        let no_store = [(axum::http::header::CACHE_CONTROL, "no-store")];
        (no_store, Json(self.0)).into_response()
    }
}
