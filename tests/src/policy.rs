//! The policy of the corpus, in the two forms that its users take: a text with the names of key
//! files, and the filter's plugin configuration, in which everything is inline.

use std::collections::BTreeMap;

use tenantguard_policy::{Findings, Format};

use crate::keys;

/// The text of `corpus/policy.yaml`.
pub const YAML: &str = include_str!("../corpus/policy.yaml");

/// The key files that `corpus/policy.yaml` names, by name.
#[must_use]
pub fn key_files() -> BTreeMap<String, String> {
    let issuers = [
        "platform",
        "partnerco",
        "machines",
        "workforce",
        "globex",
        "bound",
        "pinned",
        "exchange",
        "relay",
    ];
    let file = |issuer| {
        let name = format!("{issuer}.jwks.json");
        let set = keys::jwks_file(&name)?.to_string();
        Some((name, set))
    };
    issuers.into_iter().filter_map(file).collect()
}

/// The corpus policy as the filter's configuration.
///
/// # Errors
/// [`Findings`]: a mistake in `corpus/policy.yaml`.
pub fn plugin_configuration() -> Result<String, Findings> {
    plugin_configuration_of(YAML, &key_files())
}

/// A policy in YAML as the filter's configuration.
///
/// # Errors
/// [`Findings`]: everything that is wrong with the policy.
pub fn plugin_configuration_of(
    yaml: &str,
    files: &BTreeMap<String, String>,
) -> Result<String, Findings> {
    configuration(yaml, Format::Yaml, files)
}

/// A policy as the filter's configuration.
///
/// # Errors
/// [`Findings`]: everything that is wrong with the policy.
pub fn configuration(
    text: &str,
    format: Format,
    files: &BTreeMap<String, String>,
) -> Result<String, Findings> {
    let checked = tenantguard_policy::check(text, format, files)?;
    Ok(format!("{{\"policy\":{}}}", checked.canonical_json()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_filters_configuration_names_no_file() {
        let configuration = plugin_configuration().unwrap();
        assert!(!configuration.contains("jwks_file"));
        let value: serde_json::Value = serde_json::from_str(&configuration).unwrap();
        let kty = value.pointer("/policy/issuers/platform/keys/jwks/keys/0/kty");
        assert_eq!(kty.and_then(serde_json::Value::as_str), Some("EC"));
    }

    #[test]
    fn a_missing_key_file_is_a_finding() {
        assert!(plugin_configuration_of(YAML, &BTreeMap::new()).is_err());
    }
}
