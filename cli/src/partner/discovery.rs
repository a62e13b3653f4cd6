//! What an OpenID provider says of itself (OpenID Connect Discovery 1.0, section 4; RFC 8414).

use serde::Deserialize;

use super::PartnerError;
use super::http::{Client, Endpoint};
use crate::output::bytes_human;

/// The members that are of use here.
#[derive(Debug, Deserialize)]
struct Metadata {
    issuer: String,
    jwks_uri: Option<String>,
    registration_endpoint: Option<String>,
    token_endpoint: Option<String>,
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
    token_endpoint_auth_signing_alg_values_supported: Option<Vec<String>>,
    #[serde(default)]
    id_token_signing_alg_values_supported: Vec<String>,
}

/// A provider whose configuration was read from its issuer URL and names that issuer.
#[derive(Debug)]
pub(super) struct Provider {
    pub(super) issuer: Endpoint,
    pub(super) keys: Endpoint,
    /// What it says that it signs with.
    pub(super) algorithms: Vec<String>,
    configuration: String,
    metadata: Metadata,
}

impl Provider {
    pub(super) fn discover(client: &Client, issuer: Endpoint) -> Result<Self, PartnerError> {
        let configuration =
            format!("{}/.well-known/openid-configuration", issuer.url.trim_end_matches('/'));
        let place = issuer.named_by(&issuer.url, "configuration", &configuration)?;
        let metadata: Metadata =
            serde_json::from_slice(&client.get(&place)?).map_err(|error| PartnerError::Shape {
                url: configuration.clone(),
                what: "an OpenID configuration",
                reason: error.to_string(),
            })?;
        // By the character, or a provider could speak for another one (RFC 8414, section 3.3).
        if metadata.issuer != issuer.url {
            let (asked, said) = (issuer.url, metadata.issuer);
            return Err(PartnerError::OtherIssuer { asked, said });
        }
        let keys = metadata.jwks_uri.as_deref().ok_or(PartnerError::Missing("jwks_uri"))?;
        let keys = issuer.named_by(&configuration, "jwks_uri", keys)?;
        let algorithms = metadata.id_token_signing_alg_values_supported.clone();
        Ok(Self { issuer, keys, algorithms, configuration, metadata })
    }

    /// Where clients are registered, if it takes clients like ours: `private_key_jwt` with ES256.
    pub(super) fn registration(&self) -> Result<Endpoint, PartnerError> {
        let Metadata { registration_endpoint, .. } = &self.metadata;
        let missing = PartnerError::Missing("registration_endpoint");
        let url = registration_endpoint.as_deref().ok_or(missing)?;
        let endpoint = self.issuer.named_by(&self.configuration, "registration_endpoint", url)?;
        // Without the member only client_secret_basic is accepted (RFC 8414, section 2).
        let methods = self.metadata.token_endpoint_auth_methods_supported.as_deref();
        accepts("private_key_jwt", Some(methods.unwrap_or_default()))?;
        let algorithms = self.metadata.token_endpoint_auth_signing_alg_values_supported.as_deref();
        accepts("ES256", algorithms)?;
        Ok(endpoint)
    }

    pub(super) fn token_endpoint(&self) -> Option<&str> {
        self.metadata.token_endpoint.as_deref()
    }
}

/// Whether a list names it; a list that is not there says nothing.
fn accepts(what: &'static str, list: Option<&[String]>) -> Result<(), PartnerError> {
    match list {
        Some(list) if !list.iter().any(|item| item == what) => {
            let accepted = match list {
                [] => "client_secret_basic".to_owned(),
                list => bytes_human(list.join(", ").as_bytes()),
            };
            Err(PartnerError::NotAccepted { what, accepted })
        }
        _ => Ok(()),
    }
}
