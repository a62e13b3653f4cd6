//! The access logs: for everyone else one JSON line with what an audit needs, for
//! TenantGuard the lines that its deployment writes, an audit record and a usage event; and for one
//! native variant two lines with the same members.

use serde_json::{Value, json};

use crate::config::typed;

fn claim(name: &str) -> String {
    format!("%DYNAMIC_METADATA(envoy.filters.http.jwt_authn:payload:{name})%")
}

/// One JSON line per request. Without `jwt_authn` the identity in it is null.
pub(crate) fn plain(path: &str) -> Vec<Value> {
    vec![file(
        path,
        &json!({"json_format": {
            "time": "%START_TIME%",
            "request_id": "%REQ(X-REQUEST-ID)%",
            "tenant": claim("tenant_id"),
            "principal": claim("sub"),
            "issuer": claim("iss"),
            "roles": claim("tenant_role"),
            "token_id": claim("jti"),
            "method": "%REQ(:METHOD)%",
            "path": "%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%",
            "source_ip": "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%",
            "code": "%RESPONSE_CODE%",
            "details": "%RESPONSE_CODE_DETAILS%",
            "duration_ms": "%DURATION%",
            "bytes_sent": "%BYTES_SENT%",
            "bytes_received": "%BYTES_RECEIVED%",
        }}),
    )]
}

/// The three logs of `envoy/envoy.yaml`: audit, usage, and the one for requests that met
/// no gate, which stays silent here.
pub(crate) fn ours(path: &str) -> Vec<Value> {
    let record = |name: &str, more: &str| {
        let line = format!(
            "{{\"{name}\":%FILTER_STATE(wasm.tenantguard.{name}:PLAIN)%,\
             \"code\":%RESPONSE_CODE%,\"received\":%BYTES_RECEIVED%,\
             \"sent\":%BYTES_SENT%{more}}}\n"
        );
        let format = json!({"text_format_source": {"inline_string": line}});
        let present = format!("\"wasm.tenantguard.{name}\" in filter_state");
        filtered(file(path, &format), &present)
    };
    let ungated = json!({
        "method": "%REQ(:METHOD)%",
        "path": "%REQ(:PATH)%",
        "source_ip": "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%",
        "details": "%RESPONSE_CODE_DETAILS%",
    });
    let ungated = json!({"json_format": {"ungated": ungated, "code": "%RESPONSE_CODE%"}});
    vec![
        record("audit", ",\"duration_ms\":%DURATION%"),
        record("usage", ""),
        filtered(file(path, &ungated), "!(\"wasm.tenantguard.audit\" in filter_state)"),
    ]
}

/// Two lines with the members of TenantGuard's: what Envoy knows by its operators, what it does not
/// know as constants of the same length.
pub(crate) fn equal(path: &str) -> Vec<Value> {
    let (id, handle) = ("%REQ(X-REQUEST-ID)%", "84b077c45e94dfa2dd217de21be6f1b7");
    let (tenant, route) = (claim("tenant_id"), "/api/v1/reports/{report}");
    let audit = json!({
        "version": 1, "time": "%START_TIME%", "audit_id": id, "tenant_context_id": id,
        "decision": "permit", "reason": "permit", "mode": "enforce",
        "acting_tenant": tenant, "resource_tenant": tenant, "principal": claim("sub"),
        "delegator": null, "delegation_id": null, "issuer": claim("iss"), "token": handle,
        "method": "%REQ(:METHOD)%", "route": route, "permission": "reports:read",
        "source_ip": "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%", "peer": null,
        "policy": format!("sha256:{handle}{handle}"), "control": "none", "proxy": "bench",
        "instance": "58fb41747e721e7a", "sequence": 1,
    });
    let data = json!({
        "tenant_context_id": id, "audit_id": id, "tenant": tenant, "principal": claim("sub"),
        "kind": "api_call", "quantity": 1, "route": route, "method": "%REQ(:METHOD)%",
    });
    let usage = json!({
        "specversion": "1.0", "id": format!("{id}.api_call"), "source": "/tenantguard/bench",
        "type": "io.tenantguard.usage.api_call", "subject": tenant, "time": "%START_TIME%",
        "datacontenttype": "application/json", "data": data,
    });
    let (code, received, sent) = ("%RESPONSE_CODE%", "%BYTES_RECEIVED%", "%BYTES_SENT%");
    let audit = json!({
        "audit": audit, "code": code, "received": received, "sent": sent,
        "duration_ms": "%DURATION%",
    });
    let usage = json!({"usage": usage, "code": code, "received": received, "sent": sent});
    [audit, usage].map(|line| file(path, &json!({ "json_format": line }))).to_vec()
}

fn file(path: &str, format: &Value) -> Value {
    typed(
        "envoy.access_loggers.file",
        "envoy.extensions.access_loggers.file.v3.FileAccessLog",
        json!({"path": path, "log_format": format}),
    )
}

fn filtered(mut log: Value, expression: &str) -> Value {
    let filter = typed(
        "envoy.access_loggers.extension_filters.cel",
        "envoy.extensions.access_loggers.filters.cel.v3.ExpressionFilter",
        json!({ "expression": expression }),
    );
    if let Some(members) = log.as_object_mut() {
        members.insert("filter".to_owned(), json!({ "extension_filter": filter }));
    }
    log
}
