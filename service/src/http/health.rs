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
///
/// Not if the task that writes has come to an end by a defect: only a restart helps then.
#[utoipa::path(get, path = "/healthz", tag = "service", security(()),
    responses((status = 200, description = "It is.", body = str),
        (status = 500, description = "It takes no changes any more: restart it.",
            body = ProblemBody)))]
pub async fn healthz(State(app): State<Arc<App>>) -> Response {
    match app.control.has_failed() {
        false => (StatusCode::OK, "ok\n").into_response(),
        true => Problem::new(Code::Internal).into_response(),
    }
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
