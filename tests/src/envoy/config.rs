//! The Envoy configuration of a test: the repository's own `envoy/envoy.yaml`, so that what users
//! deploy is what is tested, with only those places changed that differ from machine to machine:
//! ports, upstream addresses, file names, and the policy.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;

use serde_json::{Map, Value, json};

use super::{EnvoyError, io, repository};
use crate::control::ClientFiles;

const STRING_VALUE: &str = "type.googleapis.com/google.protobuf.StringValue";
/// The cluster of the control service.
const CONTROL: &str = "tenantguard-control";
const FILE_LOG: &str = "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog";

/// An Envoy bootstrap configuration.
#[derive(Debug, Clone)]
pub struct Config {
    bootstrap: Value,
}

impl Config {
    /// The configuration that users deploy, listening on free ports.
    ///
    /// # Errors
    /// [`EnvoyError`] when `envoy/envoy.yaml` is missing or has no admin interface and listener.
    pub fn deployed() -> Result<Self, EnvoyError> {
        Self::of_repository("envoy/envoy.yaml")
    }

    /// The same with a control service: `envoy/control.yaml`.
    ///
    /// # Errors
    /// As [`Self::deployed`].
    pub fn deployed_with_control() -> Result<Self, EnvoyError> {
        Self::of_repository("envoy/control.yaml")
    }

    fn of_repository(path: &str) -> Result<Self, EnvoyError> {
        let path = repository().join(path);
        let text = fs::read_to_string(&path).map_err(io(format!("read {}", path.display())))?;
        let mut config = Self::from_yaml(&text)?;
        config.listen_on_free_ports()?;
        Ok(config)
    }

    /// A configuration as it is written.
    ///
    /// # Errors
    /// [`EnvoyError::Yaml`].
    pub fn from_yaml(text: &str) -> Result<Self, EnvoyError> {
        let bootstrap =
            serde_saphyr::from_str(text).map_err(|cause| EnvoyError::Yaml(cause.to_string()))?;
        Ok(Self { bootstrap })
    }

    /// The configuration as Envoy reads it; its YAML reader reads JSON too.
    #[must_use]
    pub fn to_json(&self) -> String {
        self.bootstrap.to_string()
    }

    /// The whole configuration, for what has no method here.
    pub fn value_mut(&mut self) -> &mut Value {
        &mut self.bootstrap
    }

    fn at(&mut self, pointer: &str) -> Result<&mut Value, EnvoyError> {
        self.bootstrap.pointer_mut(pointer).ok_or_else(|| EnvoyError::Shape(pointer.to_owned()))
    }

    fn list(&mut self, pointer: &str) -> Result<&mut Vec<Value>, EnvoyError> {
        let list = self.at(pointer)?.as_array_mut();
        list.ok_or_else(|| EnvoyError::Shape(format!("list at {pointer}")))
    }

    fn listen_on_free_ports(&mut self) -> Result<(), EnvoyError> {
        let loopback = json!({"socket_address": {"address": "127.0.0.1", "port_value": 0}});
        *self.at("/admin/address")? = loopback.clone();
        for listener in self.list("/static_resources/listeners")? {
            if let Some(address) = listener.get_mut("address") {
                *address = loopback.clone();
            }
        }
        Ok(())
    }

    /// Sends the cluster's requests to `address`.
    ///
    /// # Errors
    /// [`EnvoyError::Shape`] when there is no such cluster with an endpoint.
    pub fn upstream(&mut self, cluster: &str, address: SocketAddr) -> Result<(), EnvoyError> {
        let missing = || EnvoyError::Shape(format!("cluster {cluster} with a socket_address"));
        let clusters = self.list("/static_resources/clusters")?;
        let named = clusters.iter_mut().find(|c| c.get("name") == Some(&json!(cluster)));
        let mut changed = 0;
        visit(named.ok_or_else(missing)?, &mut |object| {
            if let Some(socket) = object.get_mut("socket_address") {
                *socket = json!({
                    "address": address.ip().to_string(), "port_value": address.port(),
                });
                changed += 1;
            }
        });
        if changed == 0 { Err(missing()) } else { Ok(()) }
    }

    /// Sends the control cluster's requests to a service, with these certificates.
    ///
    /// # Errors
    /// [`EnvoyError::Shape`] when there is no such cluster with TLS.
    pub fn control(&mut self, address: SocketAddr, files: &ClientFiles) -> Result<(), EnvoyError> {
        self.upstream(CONTROL, address)?;
        let clusters = self.list("/static_resources/clusters")?;
        let named = clusters.iter_mut().find(|c| c.get("name") == Some(&json!(CONTROL)));
        let tls = named.and_then(|cluster| cluster.pointer_mut("/transport_socket"));
        visit(tls.ok_or_else(|| EnvoyError::Shape(format!("TLS in {CONTROL}")))?, &mut |object| {
            for (field, file) in [
                ("certificate_chain", &files.certificate),
                ("private_key", &files.key),
                ("trusted_ca", &files.authority),
            ] {
                if let Some(place) = object.get_mut(field) {
                    *place = json!({"filename": file});
                }
            }
        });
        Ok(())
    }

    /// Puts the filter's module and its configuration into every Wasm filter.
    ///
    /// # Errors
    /// [`EnvoyError::Shape`] when there is no Wasm filter.
    pub fn filter(&mut self, wasm: &Path, configuration: &str) -> Result<(), EnvoyError> {
        self.each_plugin(|plugin| {
            plugin.insert(
                "configuration".to_owned(),
                json!({"@type": STRING_VALUE, "value": configuration}),
            );
            if let Some(vm) = plugin.get_mut("vm_config").and_then(Value::as_object_mut) {
                vm.insert("code".to_owned(), json!({"local": {"filename": wasm}}));
            }
        })
    }

    /// Changes the `PluginConfig` of every Wasm filter.
    ///
    /// # Errors
    /// [`EnvoyError::Shape`] when there is none.
    pub fn each_plugin(
        &mut self,
        mut change: impl FnMut(&mut Map<String, Value>),
    ) -> Result<(), EnvoyError> {
        let mut changed = 0;
        visit(&mut self.bootstrap, &mut |object| {
            if object.contains_key("vm_config") {
                change(object);
                changed += 1;
            }
        });
        if changed == 0 { Err(EnvoyError::Shape("Wasm filter".to_owned())) } else { Ok(()) }
    }

    /// Sends every access log to one file; the formats and filters stay.
    ///
    /// # Errors
    /// [`EnvoyError::Shape`] when there is no access log.
    pub fn access_log(&mut self, path: &Path) -> Result<(), EnvoyError> {
        let mut changed = 0;
        visit(&mut self.bootstrap, &mut |object| {
            let kind = object.get("@type").and_then(Value::as_str).unwrap_or_default();
            if kind.ends_with("StdoutAccessLog") || kind.ends_with("FileAccessLog") {
                object.insert("@type".to_owned(), json!(FILE_LOG));
                object.insert("path".to_owned(), json!(path));
                changed += 1;
            }
        });
        if changed == 0 { Err(EnvoyError::Shape("access log".to_owned())) } else { Ok(()) }
    }

    /// Whether the configuration itself has listeners.
    #[must_use]
    pub fn has_listeners(&self) -> bool {
        self.bootstrap.pointer("/static_resources/listeners").is_some()
    }

    /// The Envoy routes of the first virtual host, in order of precedence.
    ///
    /// # Errors
    /// [`EnvoyError::Shape`] when the first listener has no inline route configuration.
    pub fn routes(&mut self) -> Result<&mut Vec<Value>, EnvoyError> {
        self.list(
            "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config\
             /route_config/virtual_hosts/0/routes",
        )
    }
}

/// Calls `change` on every object of `value`, the outer ones first.
fn visit(value: &mut Value, change: &mut impl FnMut(&mut Map<String, Value>)) {
    match value {
        Value::Object(object) => {
            change(object);
            object.values_mut().for_each(|inner| visit(inner, change));
        }
        Value::Array(list) => list.iter_mut().for_each(|inner| visit(inner, change)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINIMAL: &str = "
admin: {address: {socket_address: {address: 0.0.0.0, port_value: 9901}}}
static_resources:
  listeners: [{name: a, address: {socket_address: {address: 0.0.0.0, port_value: 10000}}}]
  clusters:
    - name: shared
      load_assignment: {endpoints: [{lb_endpoints: [{endpoint: {address:
        {socket_address: {address: 127.0.0.1, port_value: 8080}}}}]}]}
";

    #[test]
    fn only_the_named_cluster_is_sent_elsewhere() {
        let mut config = Config::from_yaml(MINIMAL).unwrap();
        config.upstream("shared", "127.0.0.1:1234".parse().unwrap()).unwrap();
        assert!(config.to_json().contains("1234") && config.to_json().contains("9901"));
        assert!(config.upstream("other", "127.0.0.1:1234".parse().unwrap()).is_err());
    }

    #[test]
    fn nothing_listens_on_a_fixed_port() {
        let mut config = Config::from_yaml(MINIMAL).unwrap();
        config.listen_on_free_ports().unwrap();
        assert!(!config.to_json().contains("10000") && !config.to_json().contains("9901"));
    }

    #[test]
    fn a_configuration_without_the_filter_is_an_error() {
        let mut config = Config::from_yaml(MINIMAL).unwrap();
        assert!(config.filter(Path::new("x.wasm"), "{}").is_err());
        assert!(config.access_log(Path::new("log")).is_err());
        assert!(config.routes().is_err());
    }
}
