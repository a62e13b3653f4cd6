//! The plugin configuration: `{"policy": {...}}`, as JSON in a `StringValue` or as a `Struct`.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::value::RawValue;
use tenantguard::artifact::Policy;
use tenantguard_policy::{Findings, Format, NoFiles};

use crate::structure;

/// What the operator gives the filter.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PluginConfiguration {
    policy: Box<RawValue>,
}

/// Why the filter refuses to start.
#[derive(Debug)]
pub(crate) enum ConfigError {
    /// Not the JSON object that it must be.
    Syntax(serde_json::Error),
    /// The policy has findings: all of them.
    Policy(Findings),
}

impl std::fmt::Display for ConfigError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Syntax(error) => write!(
                f,
                "the plugin configuration must be a JSON object {{\"policy\": {{...}}}}: {error}"
            ),
            Self::Policy(findings) => write!(f, "the policy is refused:\n{findings}"),
        }
    }
}

/// Compiles the policy in the plugin configuration.
pub(crate) fn compile(configuration: &[u8]) -> Result<Arc<Policy>, ConfigError> {
    let plugin: PluginConfiguration = match serde_json::from_slice(configuration) {
        Ok(plugin) => plugin,
        // Not JSON: then Envoy was given a Struct, which it hands over in protobuf's encoding.
        Err(error) => {
            let text = structure::to_json(configuration).ok_or(ConfigError::Syntax(error))?;
            serde_json::from_str(&text).map_err(ConfigError::Syntax)?
        }
    };
    tenantguard_policy::compile(plugin.policy.get(), Format::Json, &NoFiles)
        .map(Arc::new)
        .map_err(ConfigError::Policy)
}
