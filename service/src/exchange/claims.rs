//! What the new token says: who acts, for whom, under which delegation, and by whose token
//! (RFC 8693, section 4.1; RFC 9068).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};
use tenantguard::gate::Identity;
use tenantguard::trust::Issuer;

use super::grant::Grant;

/// The claims of a token that has been verified, and that may leave the gate.
pub(super) struct SubjectClaims(Map<String, Value>);

impl SubjectClaims {
    /// Of the token that this identity was made out by.
    pub(super) fn of(identity: &Identity, issuer: &Issuer) -> Self {
        let payload = identity.text().split('.').nth(1).unwrap_or_default();
        let bytes = URL_SAFE_NO_PAD.decode(payload).unwrap_or_default();
        let mut claims: Map<String, Value> = serde_json::from_slice(&bytes).unwrap_or_default();
        for dropped in &issuer.claims.drop {
            // Of a pointer, the whole claim: a part of it is not worth the care.
            let text = dropped.as_str();
            let pointer = text.strip_prefix('/').and_then(|steps| steps.split('/').next());
            claims.remove(pointer.unwrap_or(text));
        }
        Self(claims)
    }

    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(Value::as_str)
    }

    /// Whom it is for, as far as its issuer may say so.
    pub(super) fn audiences<'a>(&self, issuer: &'a Issuer) -> Vec<&'a str> {
        let named: Vec<&str> = match self.0.get("aud") {
            Some(Value::String(one)) => vec![one],
            Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        let ours = issuer.audiences.iter().map(|own| &**own);
        ours.filter(|own| named.contains(own)).collect()
    }
}

/// Everything that a new token is made of.
pub(super) struct Parts<'a> {
    pub(super) issuer: &'a str,
    pub(super) identity: &'a Identity,
    pub(super) subject: &'a SubjectClaims,
    pub(super) grant: &'a Grant,
    pub(super) audience: &'a str,
    pub(super) scope: &'a str,
    pub(super) id: String,
    /// In seconds since the epoch.
    pub(super) issued: u64,
    pub(super) expires: u64,
}

impl Parts<'_> {
    pub(super) fn claims(self) -> Map<String, Value> {
        let Self { identity, subject, grant, .. } = &self;
        let roles: Vec<&str> = identity.roles().split(',').filter(|it| !it.is_empty()).collect();
        let mut actor = Map::new();
        actor.insert("iss".to_owned(), json!(identity.issuer));
        actor.insert("sub".to_owned(), json!(identity.principal().subject()));
        actor.extend(subject.0.get("act").map(|before| ("act".to_owned(), before.clone())));
        let said = [
            ("iss", json!(self.issuer)),
            ("sub", json!(identity.principal().subject())),
            ("aud", json!(self.audience)),
            ("iat", json!(self.issued)),
            ("exp", json!(self.expires)),
            ("jti", json!(self.id)),
            ("tenant_id", json!(identity.tenant().as_str())),
            ("tenant_role", json!(roles)),
            ("scope", json!(self.scope)),
            ("delegated_tenant_id", json!(grant.from)),
            ("delegation_id", json!(grant.id)),
            ("act", Value::Object(actor)),
        ];
        let mut claims: Map<String, Value> =
            said.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        for name in ["client_id", "sid", "cnf"] {
            claims.extend(subject.0.get(name).map(|value| (name.to_owned(), value.clone())));
        }
        claims
    }
}
