//! Envoy's bootstrap configuration for a run: one listener per variant, all with the same
//! connection manager, routes and upstream, after `envoy/envoy.yaml`. Envoy reads JSON like YAML.

use std::path::Path;

use anyhow::Result;
use serde_json::{Value, json};

use tenantguard_bench::policy;

use crate::{arguments::Arguments, floor, logs, native, targets::Trust, variant::Variant};

/// The whole configuration. Envoy chooses the ports; see `envoy::Envoy::listeners`.
pub(crate) fn bootstrap(
    arguments: &Arguments,
    variants: &[Variant],
    trust: &Trust,
    (upstream_port, control): (u16, Option<&Value>),
) -> Result<Value> {
    let listeners = variants.iter().map(|variant| listener(arguments, *variant, trust));
    let listeners = listeners.collect::<Result<Vec<_>>>()?;
    let upstream = json!({
        "name": "upstream",
        "type": "STATIC",
        "connect_timeout": "2s",
        "load_assignment": {
            "cluster_name": "upstream",
            "endpoints": [{"lb_endpoints": [
                {"endpoint": {"address": loopback(upstream_port)}}
            ]}],
        },
    });
    let clusters: Vec<Value> = std::iter::once(upstream).chain(control.cloned()).collect();
    Ok(json!({
        "node": {"id": "bench", "cluster": "bench"},
        "admin": {"address": loopback(0)},
        "static_resources": {
            "listeners": listeners,
            "clusters": clusters,
        },
    }))
}

fn loopback(port: u16) -> Value {
    json!({"socket_address": {"address": "127.0.0.1", "port_value": port}})
}

fn listener(arguments: &Arguments, variant: Variant, trust: &Trust) -> Result<Value> {
    let log = arguments.access_log.to_string_lossy();
    let logs = match variant {
        _ if !variant.logs() => vec![],
        _ if variant.is_ours() => logs::ours(&log),
        Variant::NativeCachedEqual => logs::equal(&log),
        _ => logs::plain(&log),
    };
    let mut filters = http_filters(arguments, variant, trust)?;
    filters.push(typed(
        "envoy.filters.http.router",
        "envoy.extensions.filters.http.router.v3.Router",
        json!({}),
    ));
    let manager = json!({
        "stat_prefix": variant.id(),
        "normalize_path": true,
        "merge_slashes": true,
        "path_with_escaped_slashes_action": "KEEP_UNCHANGED",
        "use_remote_address": true,
        "access_log": logs,
        "http_filters": filters,
        "route_config": {
            "name": variant.id(),
            "virtual_hosts": [
                {"name": "api", "domains": ["*"], "routes": routes(arguments)}
            ],
        },
    });
    let manager = typed(
        "envoy.filters.network.http_connection_manager",
        "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        manager,
    );
    Ok(json!({
        "name": variant.id(),
        "address": loopback(0),
        "filter_chains": [{"filters": [manager]}],
    }))
}

/// Envoy tries its routes in order, and again after a filter has set a header. So the
/// one that matches is the last: a reader sees how many were tried.
fn routes(arguments: &Arguments) -> Vec<Value> {
    let (key, action) = if arguments.direct {
        ("direct_response", json!({"status": 200, "body": {"inline_string": "ok\n"}}))
    } else {
        ("route", json!({"cluster": "upstream"}))
    };
    let others = (1..arguments.routes).map(|n| format!("/api/v{}/", n + 1));
    others
        .chain(["/api/v1/".to_owned()])
        .map(|prefix| {
            json!({
                "match": {"prefix": prefix},
                "metadata": {"filter_metadata": {"tenantguard": {"mode": "enforce"}}},
                key: action,
            })
        })
        .collect()
}

fn http_filters(arguments: &Arguments, variant: Variant, trust: &Trust) -> Result<Vec<Value>> {
    let floor = |file, work| vec![wasm(variant.id(), file, work)];
    Ok(match variant {
        Variant::NoFilter => vec![],
        Variant::NoopWasm => floor(&arguments.least, "nothing"),
        Variant::LeastWasmNoLog => floor(&arguments.least, "least"),
        Variant::LeastWasmCold => {
            floor(&arguments.least, &floor::verify(variant, trust.of(variant))?)
        }
        Variant::CallsWasmNoLog => floor(&arguments.calls, "calls"),
        Variant::CallsAndBellWasmNoLog => floor(&arguments.calls, "calls and bell"),
        _ if variant.is_ours() => {
            let source = policy::source(trust.of(variant));
            let source = if variant.remembers() { source } else { policy::without_cache(source) };
            let plugin = match variant {
                Variant::OursControlled => json!({
                    "policy": source, "control": {"cluster": "tenantguard-control"},
                }),
                _ => json!({ "policy": source }),
            };
            let plugin = plugin.to_string();
            let filter = arguments.filter.iter();
            filter.map(|path| wasm(variant.id(), path, &plugin)).collect()
        }
        Variant::NativeCachedEqual => native::filters_with_equal_headers(trust.of(variant)),
        _ => native::filters(trust.of(variant), variant.remembers()),
    })
}

fn wasm(name: &str, file: &Path, configuration: &str) -> Value {
    let config = json!({
        "name": name,
        "root_id": "tenantguard",
        "vm_config": {
            "vm_id": name,
            "runtime": "envoy.wasm.runtime.v8",
            "code": {"local": {"filename": file.to_string_lossy()}},
        },
        "configuration": {
            "@type": "type.googleapis.com/google.protobuf.StringValue",
            "value": configuration,
        },
        "failure_policy": "FAIL_RELOAD",
    });
    typed(
        "envoy.filters.http.wasm",
        "envoy.extensions.filters.http.wasm.v3.Wasm",
        json!({ "config": config }),
    )
}

/// An extension of Envoy's: its name, and its configuration with the type it has.
pub(crate) fn typed(name: &str, proto: &str, mut config: Value) -> Value {
    if let Some(members) = config.as_object_mut() {
        let url = format!("type.googleapis.com/{proto}");
        members.insert("@type".to_owned(), Value::String(url));
    }
    json!({"name": name, "typed_config": config})
}
