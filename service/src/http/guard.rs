//! What every request passes: it is counted and timed, and where a caller is needed it must have a
//! place, prove itself, and not ask too often.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::{MatchedPath, Request, State};
use axum::http::header::CONTENT_LENGTH;
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt as _;

use super::App;
use super::problem::{Code, Problem};
use crate::auth::{AuthError, Caller};
use crate::metrics::Answered;
use crate::serve::Peer;

/// Echoed if the client sends it (AuthZEN 1.0, section 10.1.3), and written into the log.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Counts, times and logs.
pub(super) async fn observe(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let began = Instant::now();
    let matched = request.extensions().get::<MatchedPath>();
    let route = matched.map_or_else(|| "none".to_owned(), |path| path.as_str().to_owned());
    let method = name_of(request.method());
    let peer = request.extensions().get::<Peer>().map(|peer| peer.address);
    let id = request.headers().get(REQUEST_ID).filter(|id| id.len() <= 128).cloned();

    let mut response = next.run(request).await;

    let took = began.elapsed();
    let status = response.status().as_u16();
    let code = response.extensions().get::<Code>().map(|code| code.as_str());
    if let Some(code) = code {
        app.metrics.refused(code);
    }
    let caller = response.extensions_mut().remove::<CalledBy>();
    let caller = caller.as_ref().map(|CalledBy(caller)| tracing::field::display(caller));
    tracing::debug!(
        method, route, status, code, caller, peer = peer.map(tracing::field::display),
        request_id = id.as_ref().map(tracing::field::debug), took = ?took,
        "answered"
    );
    let answered = Answered { route, method: method.to_owned(), status };
    app.metrics.answered(answered, took);
    secure(&mut response, id);
    response
}

/// A handler that panics is a defect: its request gets a 500, and nothing else ends with it.
pub(super) async fn catch(request: Request, next: Next) -> Response {
    match AssertUnwindSafe(next.run(request)).catch_unwind().await {
        Ok(response) => response,
        // What and where, the panic hook has logged.
        Err(_) => Problem::new(Code::Internal).into_response(),
    }
}

/// A method as a label: those that nobody knows are one, or a stranger could make any number of
/// labels.
fn name_of(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::PATCH => "PATCH",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

/// The caller, on its way from the guard to the log.
#[derive(Debug, Clone)]
struct CalledBy(Caller);

fn secure(response: &mut Response, id: Option<HeaderValue>) {
    let headers = response.headers_mut();
    let nosniff = HeaderValue::from_static("nosniff");
    headers.insert(axum::http::header::X_CONTENT_TYPE_OPTIONS, nosniff);
    if let Some(id) = id {
        headers.insert(REQUEST_ID, id);
    }
}

/// What one request may take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    /// From its head to its answer.
    pub(super) time: Duration,
    /// Of its body.
    pub(super) bytes: usize,
}

impl Bounds {
    /// Whether a body that is announced as larger need not be waited for.
    fn check(&self, parts: &Parts) -> Result<(), Problem> {
        let announced = parts.headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok());
        let announced = announced.and_then(|length| length.parse::<u64>().ok());
        match announced.is_some_and(|length| length > self.bytes as u64) {
            true => Err(Problem::new(Code::RequestTooLarge)),
            false => Ok(()),
        }
    }
}

/// Lets a known caller in, one place for each request in flight, for so long.
pub(super) async fn guard(
    State((app, bounds)): State<(Arc<App>, Bounds)>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let _place = app.limits.request()?;
    let (mut parts, body) = request.into_parts();
    let caller = admit(&app, &parts).await?;
    app.limits.caller(caller.name())?;
    bounds.check(&parts)?;
    parts.extensions.insert(caller.clone());
    let request = Request::from_parts(parts, body);
    let mut response = match tokio::time::timeout(bounds.time, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Problem::new(Code::RequestTimeout).into_response(),
    };
    response.extensions_mut().insert(CalledBy(caller));
    Ok(response)
}

/// As [`guard`], for polls: they take their places elsewhere, and each proxy has a rate of its own.
pub(super) async fn guard_polls(
    State((app, bounds)): State<(Arc<App>, Bounds)>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let _place = app.limits.poll()?;
    let (mut parts, body) = request.into_parts();
    let caller = admit(&app, &parts).await?;
    parts.extensions.insert(caller.clone());
    let run = next.run(Request::from_parts(parts, body));
    let mut response = match tokio::time::timeout(bounds.time, run).await {
        Ok(response) => response,
        Err(_) => Problem::new(Code::RequestTimeout).into_response(),
    };
    response.extensions_mut().insert(CalledBy(caller));
    Ok(response)
}

/// As [`guard`], for requests that say themselves who asks: the handler finds out.
pub(super) async fn guard_strangers(
    State((app, bounds)): State<(Arc<App>, Bounds)>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let _place = app.limits.request()?;
    let (parts, body) = request.into_parts();
    bounds.check(&parts)?;
    let run = next.run(Request::from_parts(parts, body));
    let late = |_| Problem::new(Code::RequestTimeout).into_response();
    Ok(tokio::time::timeout(bounds.time, run).await.unwrap_or_else(late))
}

async fn admit(app: &App, request: &Parts) -> Result<Caller, Problem> {
    let peer = request.extensions.get::<Peer>();
    let certificate = peer.and_then(|peer| peer.certificate.as_ref());
    let is_revoked = |subject: &_| app.control.refusal(subject).is_some();
    let known = app.authenticator.authenticate(&request.headers, certificate, is_revoked).await;
    known.map_err(|error| {
        if matches!(error, AuthError::Missing) {
            return Problem::new(Code::AuthMissing);
        }
        let address = peer.map(|peer| peer.address);
        tracing::info!(peer = address.map(tracing::field::display), "not let in: {error}");
        match address.map(|address| app.limits.failure(address.ip())) {
            Some(Err(problem)) => problem,
            _ => Problem::new(Code::AuthInvalid),
        }
    })
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::StatusCode;
    use axum::routing::get;
    use axum::{Router, middleware};
    use tower::ServiceExt as _;

    use super::*;

    #[tokio::test]
    async fn a_handler_that_panics_answers_500_and_the_next_request_is_served() {
        let router: Router = Router::new()
            .route("/defect", get(async || -> &'static str { panic!("a defect") }))
            .route("/sound", get(async || "sound"))
            .layer(middleware::from_fn(catch));
        for (path, status) in [
            ("/defect", StatusCode::INTERNAL_SERVER_ERROR),
            ("/sound", StatusCode::OK),
            ("/defect", StatusCode::INTERNAL_SERVER_ERROR),
        ] {
            let request = Request::get(path).body(Body::empty()).unwrap();
            let response = router.clone().oneshot(request).await.unwrap();
            assert_eq!(response.status(), status, "{path}");
            let code = response.extensions().get::<Code>().copied();
            assert_eq!(code == Some(Code::Internal), status != StatusCode::OK, "{path}");
        }
    }
}
