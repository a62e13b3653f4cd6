//! What Envoy does with a configuration before the first request.

use anyhow::{Result, bail, ensure};
use serde_json::{Value, json};
use tenantguard_e2e::envoy::{Config, Envoy, EnvoyError, Options, filter_wasm};

use crate::world::World;

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
