//! What the policy needs of a partner: an issuer that may assert nothing yet.

use serde_json::{Value, json};
use tenantguard::token::Algorithm;

/// The issuer as it goes into the policy.
pub(super) struct Fragment<'a> {
    pub(super) name: &'a str,
    pub(super) issuer: &'a str,
    pub(super) jwks_file: &'a str,
    pub(super) algorithms: &'a [Algorithm],
    /// The tenants that the caller has named; no others are guessed.
    pub(super) tenants: &'a [String],
}

/// A partner's tokens should not live long: this is what can be revoked only by a list.
const MAX_LIFETIME: &str = "10m";

impl Fragment<'_> {
    /// As YAML, with what is to be filled in marked.
    pub(super) fn yaml(&self) -> String {
        let Self { name, jwks_file, .. } = self;
        // A JSON string is a YAML string.
        let issuer = Value::from(self.issuer);
        let algorithms: Vec<&str> = self.algorithms.iter().map(|one| one.name()).collect();
        let algorithms = algorithms.join(", ");
        let tenants = format!("tenants: [{}]", self.tenants.join(", "));
        let width = tenants.len();
        format!(
            "\
# Put this issuer under `issuers:` of the policy, and {jwks_file} beside the policy.
# While a list is empty, every token of this issuer is refused.
issuers:
  {name}:
    issuer: {issuer}
    keys: {{jwks_file: {jwks_file}}}
    algorithms: [{algorithms}]
    asserts:
      {tenants}  # (*) the tenants that it may speak for
      {roles:<width$}  # (*) the roles that it may give there
    max_lifetime: {MAX_LIFETIME}
",
            roles = "roles: []"
        )
    }

    /// As JSON: the same issuer.
    pub(super) fn json(&self) -> Value {
        let algorithms: Vec<&str> = self.algorithms.iter().map(|one| one.name()).collect();
        let mut issuers = serde_json::Map::new();
        let issuer = json!({
            "issuer": self.issuer,
            "keys": {"jwks_file": self.jwks_file},
            "algorithms": algorithms,
            "asserts": {"tenants": self.tenants, "roles": []},
            "max_lifetime": MAX_LIFETIME,
        });
        issuers.insert(self.name.to_owned(), issuer);
        json!({"issuers": issuers})
    }
}
