//! The API document: OpenAPI 3.1, made of the handlers and their types. It is served at
//! `/openapi.json`, and stands in the repository as `openapi.json`; a test keeps that one current.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::http::header;
use axum::response::IntoResponse;
use serde_json::{Map, Value, json};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{Components, InfoBuilder, License, OpenApi, OpenApiBuilder};
use utoipa_axum::router::OpenApiRouter;

use crate::http::{App, Code};

/// What a reader must know before the first route.
const ABOUT: &str = include_str!("openapi.md");
const BEARER: &str = "bearer";
const MUTUAL_TLS: &str = "mutual_tls";
const PROBLEM: &str = "#/components/schemas/Problem";
/// What any caller may meet on any route that is not open.
const EVERYWHERE: [(&str, &str); 3] = [
    ("401", "Nobody knows who calls."),
    ("429", "The caller asks too often."),
    ("503", "The service has too much to do, or goes down."),
];
const TAGS: [(&str, &str); 8] = [
    ("revocations", "What is refused, from when on, and until when."),
    (
        "sessions",
        "Sessions of applications. An id never stands in a URL: whoever has it is let in.",
    ),
    ("tenants", "The directory of tenants."),
    ("delegations", "By which a tenant lets another at its data, for named things and a time."),
    ("feed", "The one ordered feed that proxies follow, and how far each one is."),
    ("oauth", "Token revocation (RFC 7009), introspection (RFC 7662) and exchange (RFC 8693)."),
    ("authzen", "OpenID AuthZEN Authorization API 1.0."),
    ("service", "The service itself."),
];

/// An empty router with everything of the document that is in no route.
pub(crate) fn router() -> OpenApiRouter<Arc<App>> {
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("A credential of the configuration (`tgc_...`) or a token"))
        .build();
    let mut components = Components::new();
    components.add_security_scheme(BEARER, SecurityScheme::Http(bearer));
    let mutual = SecurityScheme::MutualTls {
        description: Some("A client certificate whose name the configuration has".to_owned()),
        extensions: None,
        deprecated: None,
    };
    components.add_security_scheme(MUTUAL_TLS, mutual);
    let none: [&str; 0] = [];
    let tags =
        TAGS.map(|(name, about)| TagBuilder::new().name(name).description(Some(about)).build());
    let document = OpenApiBuilder::new()
        .info(
            InfoBuilder::new()
                .title("TenantGuard control service")
                .version(env!("CARGO_PKG_VERSION"))
                .description(Some(about()))
                .license(Some(License::new("Apache-2.0")))
                .build(),
        )
        .components(Some(components))
        .security(Some([
            SecurityRequirement::new(BEARER, none),
            SecurityRequirement::new(MUTUAL_TLS, none),
        ]))
        .tags(Some(tags))
        .build();
    OpenApiRouter::with_openapi(document)
}

fn about() -> String {
    let mut about = ABOUT.to_owned();
    about.push_str("\n| code | status | meaning |\n|:--|:--|:--|\n");
    for code in Code::ALL {
        let (text, status, title) = code.parts();
        // Writing to a string does not fail.
        let _ = writeln!(about, "| `{text}` | {} | {title} |", status.as_u16());
    }
    about
}

/// The document.
#[must_use]
pub fn document() -> OpenApi {
    crate::http::document()
}

/// The document as text.
#[must_use]
pub fn text() -> String {
    let mut document = serde_json::to_value(document()).unwrap_or_default();
    complete(&mut document);
    format!("{document:#}\n")
}

/// Says of every route what is so of all: what problems are sent as, and which ones any caller may
/// meet; and that bytes are bytes.
fn complete(document: &mut Value) {
    let Some(paths) = document.get_mut("paths").and_then(Value::as_object_mut) else { return };
    let operations = paths.values_mut().filter_map(Value::as_object_mut);
    for operation in operations.flat_map(|methods| methods.values_mut()) {
        let is_open = operation.get("security").is_some();
        let Some(responses) = operation.get_mut("responses").and_then(Value::as_object_mut) else {
            continue;
        };
        if !is_open {
            for (status, about) in EVERYWHERE {
                let problem = json!({"application/json": {"schema": {"$ref": PROBLEM}}});
                let response = json!({"description": about, "content": problem});
                responses.entry(status).or_insert(response);
            }
        }
        let contents = responses.values_mut().filter_map(|response| response.get_mut("content"));
        contents.filter_map(Value::as_object_mut).for_each(correct);
    }
}

/// Mends the types of one answer.
fn correct(content: &mut Map<String, Value>) {
    let is_problem = content
        .get("application/json")
        .is_some_and(|json| json.pointer("/schema/$ref").is_some_and(|it| it == PROBLEM));
    if is_problem && let Some(problem) = content.remove("application/json") {
        content.insert("application/problem+json".to_owned(), problem);
    }
    for (kind, media) in content.iter_mut() {
        if kind.starts_with("application/vnd.tenantguard.") {
            *media = json!({});
        }
    }
}

pub(crate) fn answer(text: &Arc<str>) -> impl IntoResponse + use<> {
    ([(header::CONTENT_TYPE, "application/json")], text.to_string())
}
