//! Whether the service lives, whether it takes requests, and what it has counted.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::App;
use super::access::Overseer;
use super::problem::{Code, Problem, ProblemBody};
use super::status::figures;
use crate::metrics::CONTENT_TYPE;

/// Is the process alive?
#[utoipa::path(get, path = "/healthz", tag = "service", security(()),
    responses((status = 200, description = "It is.", body = str)))]
pub async fn healthz() -> &'static str {
    "ok\n"
}

/// Does the service take requests?
///
/// Not before its state is loaded, and not when it goes down. A Redis that does not answer is no
/// reason: the service then serves what it has.
#[utoipa::path(get, path = "/readyz", tag = "service", security(()),
    responses((status = 200, description = "It does.", body = str),
        (status = 503, description = "It does not.", body = ProblemBody)))]
pub async fn readyz(State(app): State<Arc<App>>) -> Response {
    match app.is_ready() {
        true => (StatusCode::OK, "ready\n").into_response(),
        false => Problem::new(Code::ShuttingDown).into_response(),
    }
}

/// Everything that is counted
#[utoipa::path(get, operation_id = "get_metrics", path = "/metrics", tag = "service",
    responses((status = 200, description = "In the OpenMetrics text format.", body = str,
        content_type = "application/openmetrics-text")))]
pub async fn metrics(_: Overseer, State(app): State<Arc<App>>) -> Response {
    let text = app.metrics.text(figures(&app));
    ([(header::CONTENT_TYPE, CONTENT_TYPE)], text).into_response()
}
