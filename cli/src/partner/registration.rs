//! Becoming a partner's client (RFC 7591) that proves itself with a key pair of its own
//! (`private_key_jwt`, OpenID Connect Core 1.0, section 9): there is no shared secret.

use serde_json::{Map, Value, json};
use tenantguard_mint::{DevKey, jwks};

use super::PartnerError;
use super::discovery::Provider;
use super::http::{Client, Endpoint};

const METHOD: &str = "private_key_jwt";

/// What the partner gave us.
#[derive(Debug)]
pub(super) struct Registered {
    pub(super) client_id: String,
    /// With what later changes of the registration are made (RFC 7592), if the partner allows any.
    management: Map<String, Value>,
}

pub(super) fn register(
    client: &Client,
    endpoint: &Endpoint,
    initial_access_token: Option<&str>,
    key: &DevKey,
) -> Result<Registered, PartnerError> {
    let request = json!({
        "client_name": "TenantGuard",
        "grant_types": ["client_credentials"],
        "response_types": [],
        "redirect_uris": [],
        "token_endpoint_auth_method": METHOD,
        "token_endpoint_auth_signing_alg": "ES256",
        "jwks": jwks(&[key]),
    });
    let body = client.create(endpoint, initial_access_token, &request)?;
    let shape = |reason: String| PartnerError::Shape {
        url: endpoint.url.clone(),
        what: "a registered client",
        reason,
    };
    let mut answer: Map<String, Value> =
        serde_json::from_slice(&body).map_err(|error| shape(error.to_string()))?;
    let text = |name| answer.get(name).and_then(Value::as_str);
    let client_id = text("client_id").filter(|id| !id.is_empty());
    let client_id = client_id.ok_or_else(|| shape("there is no client_id".to_owned()))?.to_owned();
    // A server may change what was asked for (RFC 7591, section 3.2.1).
    match text("token_endpoint_auth_method") {
        Some(METHOD) => {}
        other => {
            let other = other.unwrap_or("client_secret_basic");
            let message = format!("{client_id:?} authenticates by {other:?}, not by {METHOD}");
            return Err(PartnerError::OtherClient(message));
        }
    }
    let members = ["registration_client_uri", "registration_access_token"];
    let management = members.into_iter().filter_map(|name| answer.remove_entry(name)).collect();
    Ok(Registered { client_id, management })
}

impl Registered {
    /// All that is needed to be this client, but for the private key.
    pub(super) fn to_json(&self, provider: &Provider) -> Value {
        let mut value = json!({
            "issuer": provider.issuer.url,
            "client_id": self.client_id,
            "token_endpoint": provider.token_endpoint(),
            "token_endpoint_auth_method": METHOD,
        });
        if let Some(object) = value.as_object_mut() {
            object.extend(self.management.clone());
        }
        value
    }
}
