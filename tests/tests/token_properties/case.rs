//! One request with a token: each part as it is to be, right or wrong, and how it is sent.

use serde_json::{Map, Value, json};
use tenantguard::request::HeaderList;
use tenantguard_mint::{Algorithm, DevKey, TokenSpec};

use crate::world::{self, AUDIENCE, NOW, PARTNER, PLATFORM};

/// Who the token says it is from, and whose keys it is signed with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum From {
    Platform,
    Partner,
}

pub(crate) fn issuer_keys(from: From) -> &'static [DevKey] {
    match from {
        From::Platform => world::platform_keys(),
        From::Partner => world::partner_keys(),
    }
}

/// Who signs, whatever key the header names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signer {
    /// The key that the header names.
    Named,
    /// Another key of the same issuer.
    Another,
    OtherIssuer,
    Nobody,
}

/// One request. A `None` member is absent from the token; JSON stands there as it is.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) from: From,
    pub(crate) iss: Option<Value>,
    /// The issuer's key that the header names, by its position.
    pub(crate) named: usize,
    pub(crate) signer: Signer,
    /// Instead of the named key's own.
    pub(crate) alg: Option<&'static str>,
    /// Instead of the named key's own; `Some(None)` leaves it out.
    pub(crate) kid: Option<Option<Value>>,
    pub(crate) typ: Option<Value>,
    pub(crate) extra_header: Option<(&'static str, Value)>,
    pub(crate) exp: Option<Value>,
    pub(crate) iat: Option<Value>,
    pub(crate) nbf: Option<Value>,
    pub(crate) aud: Option<Value>,
    pub(crate) sub: Option<Value>,
    pub(crate) tenant: Option<Value>,
    pub(crate) roles: Option<Value>,
    pub(crate) scope: Option<Value>,
    pub(crate) method: &'static str,
    /// The tenant in the path, or the acting one by a path that names none.
    pub(crate) resource: Option<&'static str>,
}

impl Case {
    fn own(&self, position: usize) -> &'static DevKey {
        let keys = issuer_keys(self.from);
        &keys[position % keys.len()]
    }

    /// The key that signs.
    pub(crate) fn key(&self) -> &'static DevKey {
        match (self.signer, self.from) {
            (Signer::Named, _) => self.own(self.named),
            (Signer::Another, _) => self.own(self.named + 1),
            (Signer::OtherIssuer, From::Platform) => &world::partner_keys()[0],
            (Signer::OtherIssuer, From::Partner) => world::platform_key(Algorithm::Es256),
            (Signer::Nobody, _) => world::untrusted_key(),
        }
    }

    /// The header, exactly as it is signed.
    pub(crate) fn header(&self) -> Map<String, Value> {
        let kid = match &self.kid {
            None => Some(json!(self.own(self.named).kid())),
            Some(kid) => kid.clone(),
        };
        let alg = self.alg.unwrap_or(self.own(self.named).algorithm().as_str());
        let mut header =
            members([("alg", Some(json!(alg))), ("kid", kid), ("typ", self.typ.clone())]);
        header
            .extend(self.extra_header.iter().map(|(name, value)| ((*name).into(), value.clone())));
        header
    }

    pub(crate) fn claims(&self) -> Map<String, Value> {
        members([
            ("iss", self.iss.clone()),
            ("exp", self.exp.clone()),
            ("iat", self.iat.clone()),
            ("nbf", self.nbf.clone()),
            ("aud", self.aud.clone()),
            ("sub", self.sub.clone()),
            ("tenant_id", self.tenant.clone()),
            ("tenant_role", self.roles.clone()),
            ("scope", self.scope.clone()),
        ])
    }

    pub(crate) fn request(&self) -> HeaderList {
        let token = TokenSpec { header: self.header(), claims: self.claims() }.sign(self.key());
        let path = match self.resource {
            None => world::REPORT.to_owned(),
            Some(tenant) => format!("/api/v1/tenants/{tenant}/reports/7"),
        };
        let authorization = format!("Bearer {token}");
        [(":method", self.method), (":path", &path), ("authorization", &authorization)]
            .map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec()))
            .to_vec()
    }
}

fn members<const N: usize>(pairs: [(&str, Option<Value>); N]) -> Map<String, Value> {
    pairs.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

/// A token without a fault.
pub(crate) fn right(from: From) -> Case {
    Case {
        from,
        iss: Some(json!(if from == From::Platform { PLATFORM } else { PARTNER })),
        named: 0,
        signer: Signer::Named,
        alg: None,
        kid: None,
        typ: Some(json!("at+jwt")),
        extra_header: None,
        exp: Some(json!(NOW + 300)),
        iat: Some(json!(NOW)),
        nbf: None,
        aud: Some(json!(AUDIENCE)),
        sub: Some(json!("alice")),
        tenant: Some(json!("partnerco")),
        roles: Some(json!("viewer")),
        scope: Some(json!("reports:read")),
        method: "GET",
        resource: None,
    }
}
