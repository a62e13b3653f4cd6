//! What Envoy does with a configuration before the first request.

use anyhow::{Result, bail, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tenantguard_e2e::envoy::{Config, Envoy, EnvoyError, Options, filter_wasm};
use tenantguard_policy::{Format, NoFiles};
use wasmparser::{Parser, Payload};

use crate::world::World;

/// Envoy makes each callback that is exported, and calls for each one into the VM.
pub(crate) fn exports() -> Result<()> {
    const CALLED: [&str; 12] = [
        "proxy_on_vm_start",
        "proxy_on_configure",
        "proxy_on_tick",
        "proxy_on_context_create",
        "proxy_on_request_headers",
        "proxy_on_request_body",
        "proxy_on_request_trailers",
        "proxy_on_http_call_response",
        "proxy_on_response_headers",
        "proxy_on_done",
        "proxy_on_log",
        "proxy_on_delete",
    ];
    const NOT_CALLED: [&str; 2] = ["proxy_on_response_body", "proxy_on_response_trailers"];
    let module = std::fs::read(filter_wasm()?)?;
    let mut exports = Vec::new();
    for payload in Parser::new(0).parse_all(&module) {
        if let Payload::ExportSection(section) = payload? {
            for export in section {
                exports.push(export?.name);
            }
        }
    }
    let missing: Vec<_> = CALLED.into_iter().filter(|name| !exports.contains(name)).collect();
    ensure!(missing.is_empty(), "the filter does not export {missing:?}");
    let needless: Vec<_> = NOT_CALLED.into_iter().filter(|name| exports.contains(name)).collect();
    ensure!(needless.is_empty(), "the filter exports {needless:?}, which it does nothing in");
    Ok(())
}

/// Only the ports and the place of the wasm file are changed; the policy in the file is a good one.
pub(crate) fn as_deployed() -> Result<()> {
    let wasm = filter_wasm()?;
    let mut config = Config::deployed()?;
    config.each_plugin(|plugin| {
        if let Some(local) =
            plugin.get_mut("vm_config").and_then(|vm| vm.pointer_mut("/code/local"))
        {
            *local = json!({"filename": wasm});
        }
    })?;
    let envoy = Envoy::start(config, Options::default())?;
    let response = tenantguard_e2e::client::get(envoy.address(), "/api/v1/reports/7")?;
    ensure!(response.status == 401, "got {}: {}", response.status, envoy.log_text());
    Ok(())
}

pub(crate) fn fail_reload() -> Result<()> {
    World::with(
        |_| Ok(()),
        |world| {
            let dump = world.envoy.admin("/config_dump")?;
            let mut policies = Vec::new();
            gather(&dump.json()?, "failure_policy", &mut policies);
            ensure!(!policies.is_empty(), "Envoy does not know of a failure policy");
            ensure!(policies.iter().all(|p| p == "FAIL_RELOAD"), "{policies:?}");
            Ok(())
        },
    )
}

fn gather(value: &Value, key: &str, found: &mut Vec<Value>) {
    match value {
        Value::Object(object) => {
            found.extend(object.get(key).cloned());
            object.values().for_each(|inner| gather(inner, key, found));
        }
        Value::Array(list) => list.iter().for_each(|inner| gather(inner, key, found)),
        _ => {}
    }
}

pub(crate) fn bad_policy() -> Result<()> {
    let policy = json!({
        "version": 1,
        "audiences": ["api.example.com"],
        "issuers": {"platform": {
            "issuer": "https://id.example.com",
            "keys": {"jwks": {"keys": []}},
            "algorithms": ["HS256"],
            "asserts": {"tenants": "any", "roles": "any"},
        }},
        "tenants": {"acme": {"isolation": "sometimes"}},
        "roles": {"viewer": {"permissions": ["reports:read"], "extends": ["nobody"]}},
        "routes": [{"path": "/a", "methods": {"GET": "read reports"}, "publick": true}],
    });
    let log = refusal(&json!({"policy": policy}).to_string())?;
    for path in [
        "issuers.platform.algorithms[0]",
        "tenants.acme.isolation",
        "roles.viewer.extends[0]",
        "routes[0].methods.GET",
        "routes[0].publick",
    ] {
        ensure!(log.contains(path), "Envoy's log does not name {path}:\n{log}");
    }
    Ok(())
}

pub(crate) fn no_configuration() -> Result<()> {
    for configuration in
        ["", "not JSON", "[]", "{}", r#"{"policy": null}"#, r#"{"policy": {}, "x": 1}"#]
    {
        let log = refusal(configuration)?;
        ensure!(
            log.contains("tenantguard: "),
            "{configuration:?} is refused without a word:\n{log}"
        );
    }
    Ok(())
}

/// Ten thousand tenants, a hundred roles and a thousand routes, compiled beforehand.
pub(crate) fn large_policy() -> Result<()> {
    let named = |count: usize, entry: &dyn Fn(usize) -> (String, Value)| -> Value {
        (0..count).map(entry).collect::<serde_json::Map<_, _>>().into()
    };
    let permission = |n: usize| format!("resource-{}:read", n % 400);
    let role = |n: usize| {
        let own: Vec<String> = (0..4).map(|nth| permission(n * 4 + nth)).collect();
        (format!("role-{n}"), json!({"permissions": own}))
    };
    let route =
        |n: usize| json!({"path": format!("/api/r{n}/{{id}}"), "methods": {"GET": permission(n)}});
    let policy = json!({
        "version": 1,
        "tenants": named(10_000, &|n| (format!("tenant-{n}"), json!({"isolation": "shared"}))),
        "roles": named(100, &role),
        "routes": (0..1_000).map(route).collect::<Vec<_>>(),
    });
    let checked = tenantguard_policy::check(&policy.to_string(), Format::Json, &NoFiles);
    let artifact = checked.and_then(|checked| checked.artifact());
    let artifact = artifact.map_err(|findings| anyhow::anyhow!("{findings}"))?;
    let mut config = Config::deployed()?;
    let plugin = json!({"artifact": STANDARD.encode(&artifact)});
    config.filter(&filter_wasm()?, &plugin.to_string())?;
    let envoy = Envoy::start(config, Options::default())?;
    let log = envoy.log_text();
    let ready = log.split("ready in ").skip(1).filter_map(|rest| rest.split(' ').next());
    let mut millis = ready.map(str::parse).collect::<Result<Vec<u64>, _>>()?;
    millis.sort_unstable();
    eprintln!("10,000 tenants, {} bytes: a VM is ready in {millis:?} ms", artifact.len());
    // The figure to reach is 100 ms; a busy machine may take longer, but not without end.
    ensure!(millis.last().is_some_and(|slowest| *slowest < 1_000), "{millis:?} ms:\n{log}");
    Ok(())
}

/// What Envoy says when it refuses to start with this plugin configuration.
fn refusal(configuration: &str) -> Result<String> {
    let mut config = Config::deployed()?;
    config.filter(&filter_wasm()?, configuration)?;
    match Envoy::start(config, Options::default()) {
        Err(EnvoyError::Start { log, .. }) => Ok(log),
        Err(other) => Err(other.into()),
        Ok(_) => bail!("Envoy started with the configuration {configuration:?}"),
    }
}
