//! The plugin configuration, as JSON in a `StringValue` or as a `Struct`: a policy as its source,
//! `{"policy": {...}}`, or as its compiler made it, `{"artifact": "BASE64"}`, then perhaps with the
//! key that must have signed it, `{"artifact": "BASE64", "signer": {JWK}}`. Beside it, where the
//! control service is: `"control": {"cluster": "NAME"}`.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::value::RawValue;
use tenantguard::artifact::{ArtifactError, Policy, Trusted};
use tenantguard::token::{Key, KeyError};
use tenantguard_policy::{Findings, Format, NoFiles};

use crate::control::{ControlConfig, ControlError, ControlSource};
use crate::structure;

/// What the operator gives the filter.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PluginConfiguration {
    policy: Option<Box<RawValue>>,
    artifact: Option<String>,
    signer: Option<serde_json::Value>,
    control: Option<ControlSource>,
}

/// What the filter is to do.
pub(crate) struct Configuration {
    pub(crate) policy: Arc<Policy>,
    pub(crate) control: Option<ControlConfig>,
}

/// Why the filter refuses to start.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    /// Not the JSON object that it must be.
    #[error(
        "the plugin configuration must be a JSON object {{\"policy\": {{...}}}} or {{\"artifact\": \"BASE64\"}}: {0}"
    )]
    Syntax(serde_json::Error),
    /// No policy, or two.
    #[error("the plugin configuration must have one of `policy` and `artifact`")]
    NotOne,
    /// A source cannot be signed.
    #[error(
        "`signer` asks for a signed policy, which only an `artifact` can be: make it with `tenantguard policy compile --sign KEY --base64`"
    )]
    SignerOfSource,
    /// The policy has findings: all of them.
    #[error("the policy is refused:\n{0}")]
    Policy(Findings),
    /// Not base64.
    #[error("`artifact` is not base64: {0}")]
    Base64(base64::DecodeError),
    /// Not a policy, or not one that is trusted.
    #[error("`artifact` is refused: {0}")]
    Artifact(ArtifactError),
    /// Not a public key.
    #[error("`signer` {0}")]
    Signer(KeyError),
    /// Where the control service is.
    #[error("`control` {0}")]
    Control(#[from] ControlError),
}

/// Reads the plugin configuration, and compiles or loads the policy in it.
pub(crate) fn read(configuration: &[u8]) -> Result<Configuration, ConfigError> {
    let PluginConfiguration { policy, artifact, signer, control } = parse(configuration)?;
    let control = control.map(ControlConfig::try_from).transpose()?;
    let policy = match (policy, artifact) {
        (Some(_), None) if signer.is_some() => return Err(ConfigError::SignerOfSource),
        (Some(source), None) => tenantguard_policy::compile(source.get(), Format::Json, &NoFiles)
            .map_err(ConfigError::Policy)?,
        (None, Some(artifact)) => load(&artifact, signer.as_ref())?,
        (None, None) | (Some(_), Some(_)) => return Err(ConfigError::NotOne),
    };
    Ok(Configuration { policy: Arc::new(policy), control })
}

fn parse(configuration: &[u8]) -> Result<PluginConfiguration, ConfigError> {
    serde_json::from_slice(configuration).or_else(|error| {
        // Not JSON: then Envoy was given a Struct, which it hands over in protobuf's encoding.
        let text = structure::to_json(configuration).ok_or(ConfigError::Syntax(error))?;
        serde_json::from_str(&text).map_err(ConfigError::Syntax)
    })
}

fn load(artifact: &str, signer: Option<&serde_json::Value>) -> Result<Policy, ConfigError> {
    let bytes = STANDARD.decode(artifact.trim_ascii()).map_err(ConfigError::Base64)?;
    let signer = signer.map(Key::from_jwk).transpose().map_err(ConfigError::Signer)?;
    let trusted = signer.as_ref().map_or(Trusted::Anybody, Trusted::Signer);
    Policy::load(bytes.into(), trusted).map_err(ConfigError::Artifact)
}
